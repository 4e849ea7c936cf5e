"""Names of those who wrote an issue, from what a source says of them."""

import re
from collections.abc import Iterable

from bot.newsletter.text import plain

_MOST = 20
_LONGEST = 120
_MAIL = r"(?:mailto:)?[^\s@()<>,;:\"]+@[^\s@()<>,;:\"]+"
_NAMED_MAIL = re.compile(rf"{_MAIL}\s*\(([^()]*)\)")  # RSS: "ada@lamp.example (Ada Lampe)"
_BARE_MAIL = re.compile(_MAIL)


def authors_in(said: Iterable[str]) -> tuple[str, ...]:
    """Each name once, in order, without mail addresses: those are nobody's byline."""
    names = (plain(name, limit=_LONGEST) for each in said for name in _names(each[: 20 * _LONGEST]))
    return tuple(dict.fromkeys(name for name in names if name and not name.startswith(("http://", "https://"))))[:_MOST]


def _names(said: str) -> list[str]:
    if "@" not in said:
        return [said]
    if names := _NAMED_MAIL.findall(said):
        return names
    left = _BARE_MAIL.sub("", said)
    return [said] if left == said else [left.strip(" ,;<>()[]\"'") if any(map(str.isalnum, left)) else ""]
