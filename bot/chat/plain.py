"""Foreign text in a Discord message: it may be read, and do nothing else.

Text of a newsletter or a member can neither mention anybody, format or break the message, nor pretend to be a link to
somewhere else. `allowed_mentions` guards the ping itself; this guards what people see.
"""

import re
from collections.abc import Sequence
from urllib.parse import quote, urlsplit, urlunsplit

from bot.model.invitation import INVITING_HOSTS, INVITING_PATHS, invites
from bot.newsletter.addresses.wrappers import unwrap

# Control characters, and those that turn or hide text: zero-width, bidirectional overrides, tag characters.
_INVISIBLE = re.compile(
    "[\u0000-\u001f\u007f-\u009f\u00ad\u034f\u061c\u115f\u1160\u180e\u200b\u200e\u200f\u2028-\u202e"
    "\u2060-\u206f\u2800\u3164\ufeff\uffa0\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e007f]+"
)
_MARKUP = re.compile(r"([\\`*_~|<>\[\]()#])")
# Discord makes links of these by itself, and of an invitation even without the scheme.
_SCHEME = re.compile(r"\b[a-z][a-z0-9+.-]*://", re.IGNORECASE)
_INVITE = re.compile(rf"\b({'|'.join(map(re.escape, (*INVITING_HOSTS, *INVITING_PATHS)))})(?=[/\\:])", re.IGNORECASE)
_LOOK_ALIKE = str.maketrans(
    {"[": "(", "]": ")", "*": "∗", "`": "ˋ", "<": "‹", ">": "›", "\\": "∖"}  # each is read as what it stands for
)
_EDGE_UNDERSCORE = re.compile(r"(?<!\w)_+|_+(?!\w)|__+")
_EMOJI = re.compile(
    "(?:[0-9#*]\ufe0f?\u20e3|[\U0001f1e6-\U0001f1ff]{2}|[\U0001f000-\U0001faff\u2600-\u27bf\u23cf\u23e9-\u23fa\u231a\u231b\u2328"
    "\u25aa\u25ab\u25b6\u25c0\u25fb-\u25fe\u2b05-\u2b07\u2b1b\u2b1c\u2b50\u2b55\u3030\u303d\u3297\u3299]|[^\\W_]\ufe0f|[^\\w\\s]\ufe0f)"
    "[\ufe0f\U0001f3fb-\U0001f3ff]*(?:\u200d[\U0001f300-\U0001faff\u2600-\u27bf]\ufe0f?)*"
)
_LIST_START = re.compile(r"^([-+•]|\d{1,9}[.)])(?=\s)")
_ELLIPSIS = "…"
# Discord refuses link buttons above this length.
LONGEST_BUTTON_URL = 512
_LONGEST_LINK_URL = 1500  # of the 4,000 characters that a message holds
_LONGEST_MEDIA_URL = 2048


def plain(text: str, *, longest: int) -> str:
    """`text` on one line, cut to `longest` characters of what is seen, and without any effect on Discord."""
    text = shorten(_without_addresses(fold(text)), longest)
    text = _MARKUP.sub(r"\\\1", text)
    text = _INVITE.sub("\\1\u200b", text).replace("@", "@\u200b")
    return _LIST_START.sub(lambda start: start[0][:-1] + "\\" + start[0][-1], text)


def label(text: str, *, longest: int) -> str:
    """`text` for the inside of a masked link, where Discord shows backslashes instead of obeying them.

    What would format or end the label is replaced by a character that looks alike.
    """
    text = shorten(_without_addresses(fold(text)), longest).translate(_LOOK_ALIKE)
    text = _EDGE_UNDERSCORE.sub("＿", text.replace("~~", "∼∼").replace("||", "∣∣"))
    return _INVITE.sub("\\1\u200b", text).replace("@", "@\u200b")


def fold(text: str) -> str:
    """`text` on one line without invisible characters."""
    return " ".join(_INVISIBLE.sub(" ", text).split())


def _without_addresses(text: str) -> str:
    # Taking one scheme away may join the parts of another one: whatever "://" is left is broken up.
    return _SCHEME.sub("", text).replace("://", ":\u200b//")


def room_of(text: str) -> int:
    """How many of the characters that a message holds a text takes: by its bytes where emoji or Chinese fill it.

    Discord answers 500 above some 10,170 bytes of text in Components V2 (discord-api-docs #8554).
    """
    return len(text) if text.isascii() else max(len(text), -(-len(text.encode("utf-8", "replace")) * 2 // 5))


def told_apart(texts: Sequence[str], *, longest: int) -> list[str]:
    """Each of these on one line of at most `longest` characters; all with their numbers where one does not fit whole,
    or two look alike: then a number says which one is meant.
    """
    whole = [fold(each) for each in texts]
    are_plain = all(0 < len(each) <= longest for each in whole) and len({each.casefold() for each in whole}) == len(
        whole
    )
    return whole if are_plain else [shorten(f"{place}. {each}", longest) for place, each in enumerate(whole, 1)]


def shorten(text: str, longest: int) -> str:
    """`text`, or as much of it as `longest` characters hold with an ellipsis."""
    return text if len(text) <= longest else text[: longest - 1].rstrip() + _ELLIPSIS


def masked_link(title: str, url: str, *, longest: int) -> str:
    """`[title](<url>)`, which shows no preview; only the title where the address is none for the web, or too long.

    Emoji stand before the link: inside, Components V2 showed the whole link as it is typed (discord-api-docs #7673).
    """
    target = safe_url(url)
    if target is None or len(target) > _LONGEST_LINK_URL:
        return plain(title, longest=longest)
    emoji = _within(_EMOJI.findall(title), longest)
    words = label(_EMOJI.sub(" ", title), longest=longest)
    if not any(letter.isalnum() for letter in words):
        words = label(host_of(url), longest=longest)  # a title without a word would be a link nobody sees
    return f"{emoji} [{words}](<{target}>)" if emoji else f"[{words}](<{target}>)"


def _within(emoji: list[str], longest: int) -> str:
    """As many of them as `longest` bytes hold; none is cut in two."""
    kept, left = "", longest
    for each in emoji:
        left -= len(each.encode())
        if left < 0:
            break
        kept += each
    return kept


def safe_url(url: str) -> str | None:
    """An http(s) address in a form that cannot end a masked link early; None for any other, and for invitations."""
    try:
        parts = urlsplit(url.encode("utf-8", "replace").decode())
        host = _ascii_host(parts.hostname or "")
        if parts.scheme not in {"http", "https"} or not host or parts.username is not None:
            return None
        if invites(url) or invites(unwrap(url)):
            return None
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return None
    host = f"[{host}]" if ":" in host else host
    return quote(urlunsplit(parts._replace(netloc=host + port)), safe="%/:=&?~#+!$,;'@*[]-._")


def media_url(url: str | None) -> str | None:
    """An address that a picture takes, or None."""
    target = safe_url(url) if url else None
    return target if target is not None and len(target) <= _LONGEST_MEDIA_URL else None


def button_url(url: str | None) -> str | None:
    """An address that a link button takes, or None."""
    target = safe_url(url) if url else None
    return target if target is not None and len(target) <= LONGEST_BUTTON_URL else None


def host_of(url: str) -> str:
    """The host a link leads to, as it is shown beside its title."""
    try:
        return _ascii_host(urlsplit(url).hostname or "").removeprefix("www.")
    except ValueError:
        return ""


def _ascii_host(host: str) -> str:
    # In Punycode no letter can pass for another one. Raises ValueError for what is no host.
    return host if host.isascii() else host.encode("idna").decode("ascii")
