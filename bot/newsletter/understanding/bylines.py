"""Names of those who wrote an issue, from what a source says of them."""

import re
from collections.abc import Iterable

from bot.newsletter.rules import rule
from bot.newsletter.text import titled

_MOST = 20
_LONGEST = 120
_BETWEEN = r"\s()<>\[\],;:|/\"'"
# with its brackets; `@ada@lamp.example` is no mail address, but a name at a place like `@ada`
_MAIL = rule(
    rf"(?:[<(\[]\s*)?(?:mailto:)?(?<![^{_BETWEEN}])"
    rf"[^@{_BETWEEN}]+@(?:\[[^@{_BETWEEN}]*\]|[^@{_BETWEEN}]+)(?:\s*[>)\]])?",
    "a mail address, with its scheme and the brackets around it",
    source="https://www.rfc-editor.org/rfc/rfc5322#section-3.4.1",
    specimens=(
        "mia@moss.example",
        "mailto:mia@moss.example",
        "<mia@moss.example>",
        "( mia@moss.example )",
        "mia@[192.0.2.1]",
    ),
    others=("@mia", "@mia@moss.example", "mia at moss.example", "mia moss@moss.example", "mia@"),
    flags=re.IGNORECASE,
    how="fullmatch",
)
_IN_BRACKETS = rule(
    r"\s*\(((?>(?:(?>[^()]+)|\((?>[^()]*)\))*))\)?(.*)",
    "the name in brackets behind a mail address",
    source="https://www.rssboard.org/rss-profile#element-channel-item-author",
    specimens=(" (Mia Moss)", "(Mia (the miller) Moss)", "(Mia Moss"),
    others=("Mia Moss", "[Mia Moss]", ""),
    flags=re.DOTALL,
    how="match",
)
_EDGES = " ,;:|/·•-–—&<>[]\"'"
_JOINING = rule(
    r"\A(?:and|und|et|by|von|par)\s+",
    "a word that joins names, or that stands before one",
    source="English, German and French usage",
    specimens=("and Mia", "und Mia", "et Mia", "By Mia", "von Mia", "par Mia"),
    others=("Andrea Moss", "Etta", "Byrd", "Parker", "Mia and Bo"),
    flags=re.IGNORECASE,
    how="match",
)
_NO_NAMES = frozenset({"", "and", "und", "et", "by", "mail", "email", "e-mail", "contact", "()"})


def authors_in(said: Iterable[str]) -> tuple[str, ...]:
    """Each name once, in order, without mail addresses: those are nobody's byline."""
    names = (titled(name, limit=_LONGEST) for each in said for name in _names(titled(each, limit=20 * _LONGEST)))
    return tuple(dict.fromkeys(name for name in names if name and not name.startswith(("http://", "https://"))))[:_MOST]


def _names(said: str) -> list[str]:
    """What stands between the addresses; in RSS `ada@lamp.example (Ada Lampe)`."""
    pieces = _MAIL.split(said)
    if len(pieces) == 1:
        return [said]
    names: list[str] = []
    for piece in pieces:
        in_brackets = _IN_BRACKETS.match(piece)
        names += in_brackets.groups() if in_brackets else [piece]
    return [name for each in names if (name := _bare(each)).casefold() not in _NO_NAMES]


def _bare(name: str) -> str:
    name = _JOINING.sub("", name.strip(_EDGES))
    if "(" not in name:
        return name.strip(f"){_EDGES}")
    return name + ")" * (name.count("(") - name.count(")"))
