"""Which addresses invite to a Discord server, whatever their spelling: pressing one joins, so each is advertising."""

import re
import unicodedata
from urllib.parse import parse_qsl, unquote

INVITING_HOSTS = ("discord.gg", "discord.me", "discord.io", "discord.link", "dsc.gg", "invite.gg")
"""Everything there, and below, invites."""

_PATHS_OF_DISCORD = re.compile(r"(?:/[a-z]{2}(?:-[a-z0-9]{2,4})?)?/invite\b")
INVITING_PATHS = {
    "discord.com": _PATHS_OF_DISCORD,
    "discordapp.com": _PATHS_OF_DISCORD,
    "disboard.org": re.compile(r"/(?:\w\w/)?server/join\b"),
}
"""Of these sites, and those below them (`ptb.discord.com`), the paths that invite."""

# Each inviting host holds one of them once it is read as browsers do.
_STEM = re.compile(r"discord|dsc\.gg|invite\.gg|disboard", re.IGNORECASE)
_ADDRESS = re.compile(
    r"(?:https?:)?/*(?P<place>[^/?#]*)(?P<path>[^?#]*)(?:\?(?P<query>[^#]*))?", re.IGNORECASE | re.DOTALL
)
_MOST_DECODINGS = 8
# What browsers leave out of an address, and what the rules for names of hosts leave out (UTS 46).
_LEFT_OUT = re.compile(
    r"[\x00-\x20\x7f-\x9f\xad\u034f\u061c\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff]"
)


def invites(address: str) -> bool:
    """Whether the address, with or without its scheme, is an invitation as browsers and Discord read it."""
    if address.isascii() and address.isprintable() and "%" not in address and _STEM.search(address) is None:
        return False  # nearly all
    # Programs differ in whether they tell the parts apart first or decode first.
    return _leads_in(address) or _leads_in(_decoded(address))


def _leads_in(address: str) -> bool:
    found = _ADDRESS.match(_LEFT_OUT.sub("", address).replace("\\", "/"))
    if found is None:
        return False
    host = _decoded(found["place"].rpartition("@")[2]).partition(":")[0].strip(".")
    if any(_is_below(host, site) for site in INVITING_HOSTS):
        return True
    # Discord's own pages lead on to where that parameter says.
    onward = [value for name, value in parse_qsl(found["query"] or "") if name.casefold() == "redirect_to"]
    paths = [_straightened(_decoded(path)) for path in (found["path"], *onward)]
    return any(
        _is_below(host, site) and any(wanted.match(path) for path in paths) for site, wanted in INVITING_PATHS.items()
    )


def _decoded(part: str) -> str:
    """In lower case, of one width, without signs that nobody sees, and with nothing encoded."""
    for _ in range(_MOST_DECODINGS):
        folded = _LEFT_OUT.sub("", unicodedata.normalize("NFKC", _LEFT_OUT.sub("", part)).casefold())
        folded = unquote(folded.replace("\\", "/").replace("\u3002", "."))
        if folded == part:
            break
        part = folded
    return part


def _straightened(path: str) -> str:
    """The path without empty and dotted steps."""
    steps: list[str] = []
    for step in path.split("/"):
        if step == "..":
            del steps[-1:]
        elif step not in {"", "."}:
            steps.append(step)
    return "/" + "/".join(steps)


def _is_below(host: str, site: str) -> bool:
    return host == site or host.endswith(f".{site}")
