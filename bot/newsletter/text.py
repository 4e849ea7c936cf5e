"""Plain text as a reader sees it: no markup, no control or invisible characters, folded spaces, bounded length."""

import hashlib
import html
import re

MAX_TITLE = 300
MAX_EXCERPT = 240

_CONTROL = "\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f"
# zero-width space, soft hyphen, direction marks, word joiner, byte order mark, tag and filler characters, broken pairs
_INVISIBLE_SET = (
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180e\u200b\u200e\u200f\u202a-\u202e"
    "\u2060-\u206f\u3164\ufeff\uffa0\ufff9-\ufffb\ud800-\udfff"
)
_INVISIBLE = re.compile(f"[{_CONTROL}{_INVISIBLE_SET}]")
FILLER = re.compile("[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180d\u3164\uffa0]")
"""Invisible characters that `str.isprintable` takes for printable."""

_HIDDEN = re.compile(f"[\x00\x01\x06-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f{_INVISIBLE_SET}]")
# joiners hold family emoji and some scripts together; between anything else they are mail-preview padding
_LETTERISH = r"\u0600-\u1fff\u20d0-\u20ff\u2190-\u2bff\ufb50-\ufdff\ufe0f\ufe70-\ufeff\U0001f000-\U0001faff"
_JOINER = re.compile(f"(?<![{_LETTERISH}])[\u200c\u200d]+|[\u200c\u200d]+(?![{_LETTERISH}])")
_TAG = re.compile(r"<(?:!--.*?(?:-->|\Z)|[a-zA-Z/!?](?>(?:[^<>\"']++|\"[^\"]*+\"|'[^']*+')*)>)", re.DOTALL)
_EMOJI = (
    "[\U0001f000-\U0001faff\u2600-\u27bf\u2b50\u2b55\u231a\u231b\u23e9-\u23fa\u200d\ufe0f\u20e3\U000e0020-\U000e007f]"
)
EMOJI = re.compile(f"{_EMOJI}+")
LEADING_EMOJI = re.compile(rf"(?:{_EMOJI}|\s)*{_EMOJI}\s*")


def visible(text: str) -> str:
    """The text without control and invisible characters; line breaks stay."""
    if text.isascii() and text.isprintable():
        return text
    text = _INVISIBLE.sub("", text)
    if "\u200c" in text or "\u200d" in text:
        text = _JOINER.sub("", text)
    return text


def shown(text: str) -> str:
    """`visible` for text that holds this package's own marks (U+0002 to U+0005)."""
    text = _HIDDEN.sub("", text)
    if "\u200c" in text or "\u200d" in text:
        text = _JOINER.sub("", text)
    return text


def folded(text: str) -> str:
    """One line: visible characters, single spaces."""
    return " ".join(visible(text).split())


def plain(text: str | None, *, limit: int = MAX_TITLE) -> str:
    """One line of plain text from something that may hold HTML tags and entities (a feed's title, for example)."""
    if not text:
        return ""
    if len(text) > 40 * limit:
        text = text[: 40 * limit]
    if "<" in text:
        text = _TAG.sub(" ", text)
    if "&" in text:
        text = html.unescape(text)
    return bounded(folded(text.replace("**", "")), limit)


def bounded(text: str, limit: int) -> str:
    """At most `limit` characters, cut at a word with an ellipsis."""
    if len(text) <= limit:
        return text
    head = text[: limit - 1]
    space = head.rfind(" ")
    if space > limit * 2 // 3:
        head = head[:space]
    return head.rstrip(" ,;:-–—") + "…"


def storable(text: str) -> str:
    """The text without what no database takes: NUL (PostgreSQL) and halves of surrogate pairs (UTF-8)."""
    if "\0" in text:
        text = text.replace("\0", "")
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "ignore").decode()
    return text


def key_within(text: str, limit: int) -> str:
    """A key of at most `limit` characters: a hash takes the place of a longer one's tail."""
    if len(text) <= limit:
        return text
    return f"{text[: limit - 33]}~{hashlib.sha256(text.encode()).hexdigest()[:32]}"


def without_emoji(text: str) -> str:
    """The text without pictographs, folded again."""
    return " ".join(EMOJI.sub(" ", text).split())
