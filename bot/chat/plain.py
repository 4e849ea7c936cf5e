"""Foreign text in a Discord message: it may be read, and do nothing else.

Text of a newsletter or a member can neither mention anybody, format or break the message, nor pretend to be a link to
somewhere else. `allowed_mentions` guards the ping itself; this guards what people see.
"""

import re
from urllib.parse import quote, urlsplit

# Control characters, and those that turn or hide text: zero-width, bidirectional overrides, tag characters.
_INVISIBLE = re.compile(
    "[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\U000e0000-\U000e007f]+"
)
_MARKUP = re.compile(r"([\\`*_~|<>\[\]()#])")
# Discord makes links of these by itself, and of an invitation even without the scheme.
_SCHEME = re.compile(r"\b[a-z][a-z0-9+.-]*://", re.IGNORECASE)
_INVITE = re.compile(r"\b(discord(?:app)?\.(?:gg|com))/", re.IGNORECASE)
_LIST_START = re.compile(r"^([-+•]|\d{1,9}[.)])(?=\s)")
_ELLIPSIS = "…"
# Discord refuses link buttons above this length.
LONGEST_BUTTON_URL = 512


def plain(text: str, *, longest: int) -> str:
    """`text` on one line, cut to `longest` characters of what is seen, and without any effect on Discord."""
    text = shorten(_SCHEME.sub("", fold(text)), longest)
    text = _MARKUP.sub(r"\\\1", text)
    text = _INVITE.sub("\\1\u200b/", text).replace("@", "@\u200b")
    return _LIST_START.sub(lambda start: start[0][:-1] + "\\" + start[0][-1], text)


def fold(text: str) -> str:
    """`text` on one line without invisible characters."""
    return " ".join(_INVISIBLE.sub(" ", text).split())


def shorten(text: str, longest: int) -> str:
    """`text`, or as much of it as `longest` characters hold with an ellipsis."""
    return text if len(text) <= longest else text[: longest - 1].rstrip() + _ELLIPSIS


def masked_link(title: str, url: str, *, longest: int) -> str:
    """`[title](<url>)`, which shows no preview; only the title where the address is none for the web."""
    label = plain(title, longest=longest)
    target = safe_url(url)
    return f"[{label}](<{target}>)" if target else label


def safe_url(url: str) -> str | None:
    """An http(s) address in a form that cannot end a masked link early; None for any other."""
    try:
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.hostname or parts.username is not None:
            return None
    except ValueError:
        return None
    return quote(url, safe="%/:=&?~#+!$,;'@*[]-._")


def button_url(url: str | None) -> str | None:
    """An address that a link button takes, or None."""
    target = safe_url(url) if url else None
    return target if target is not None and len(target) <= LONGEST_BUTTON_URL else None


def host_of(url: str) -> str:
    """The host a link leads to, as it is shown beside its title."""
    try:
        return (urlsplit(url).hostname or "").removeprefix("www.")
    except ValueError:
        return ""
