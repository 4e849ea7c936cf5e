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

_HIDDEN = re.compile(f"[\x00\x01\x06\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f{_INVISIBLE_SET}]")
# joiners hold family emoji and some scripts together; between anything else they are mail-preview padding
_LETTERISH = r"\u0600-\u1fff\u20d0-\u20ff\u2190-\u2bff\ufb50-\ufdff\ufe0f\ufe70-\ufeff\U0001f000-\U0001faff"
_JOINER = re.compile(f"(?<![{_LETTERISH}])[\u200c\u200d]+|[\u200c\u200d]+(?![{_LETTERISH}])")
_TAG = re.compile(r"<(?:!--.*?(?:-->|\Z)|[a-zA-Z/!?](?>(?:[^<>\"']++|\"[^\"]*+\"|'[^']*+')*)>)", re.DOTALL)
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_NAMED_TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9-]*)(?:\s(?>(?:[^<>\"']++|\"[^\"]*+\"|'[^']*+')*))?/?>", re.DOTALL)
_INLINE = frozenset(
    """a abbr acronym b bdi bdo big cite code del dfn em font i ins kbd mark q rp rt ruby s samp small span strike
    strong sub sup tt u var""".split()
)
_VOID = frozenset({"br", "wbr"})
_AROUND = frozenset({"p", "div", "h1", "h2", "h3", "h4", "h5", "h6"})
_SHOWS_PICTURE = re.compile(r"<img\s(?:[^>]*\s)?(?:data-)?src(?:set)?\s*=\s*[\"']?[^\"'\s>]*?\w[./:]+\w", re.IGNORECASE)
_ALT = re.compile(r"\salt\s*=\s*(?:\"([^\"]*)\"|'([^']*)')", re.IGNORECASE)
_MOST_ESCAPES = 3
_Tag = tuple[tuple[int, int], str, str, str]
"""Where a tag stands, its slash if it ends an element, its name, and all of it."""

_EMOJI = (
    "[\U0001f000-\U0001faff\u2600-\u27bf\u2b50\u2b55\u231a\u231b\u23e9-\u23fa\u200d\ufe0f\u20e3\U000e0020-\U000e007f]"
)
EMOJI = re.compile(f"{_EMOJI}+")
LEADING_EMOJI = re.compile(rf"(?<!\s)\s*+(?>(?:{_EMOJI}\s*+)+)")


def visible(text: str) -> str:
    """The text without control and invisible characters; line breaks stay."""
    if text.isascii() and text.isprintable():
        return text
    text = _INVISIBLE.sub("", text)
    if "\u200c" in text or "\u200d" in text:
        text = _JOINER.sub("", text)
    return text


def shown(text: str) -> str:
    """`visible` for text that holds this package's own marks (U+0002 to U+0005, U+0007)."""
    text = _HIDDEN.sub("", text)
    if "\u200c" in text or "\u200d" in text:
        text = _JOINER.sub("", text)
    return text


def folded(text: str) -> str:
    """One line: visible characters, single spaces."""
    return " ".join(visible(text).split())


def literal(text: str | None, *, limit: int = MAX_TITLE) -> str:
    """One line of text in which every letter stands for itself; entities are undone, since many generators escape it.

    So are the titles of Atom (RFC 4287 3.1.1.1) and of JSON Feed.
    """
    return bounded(folded(_unescaped((text or "")[: 40 * limit])), limit)


def titled(text: str | None, *, limit: int = MAX_TITLE, is_html: bool = False) -> str:
    """One line of text from a title that may hold HTML, as RSS does not say: nothing visible is lost.

    Elements go where they are closed and known to stand within a line, and pictures that have an address, whose
    words count where there are no others. Of a title that `is_html`, or stands in paragraphs and the like altogether,
    all that are closed go. What else looks like a tag, `<dialog>` or `Vec<T>`, is text.
    """
    text = (text or "")[: 40 * limit]
    if "<" in text:
        end = text.rfind("-->") + 1  # what is never closed is no comment, and is not looked at
        text = _without_elements((_COMMENT.sub("", text[: end + 2]) + text[end + 2 :]).strip(), is_html=is_html)
    return literal(text, limit=limit)


def _without_elements(text: str, *, is_html: bool) -> str:
    tags = [(found.span(), found[1], found[2].lower(), found[0]) for found in _NAMED_TAG.finditer(text)]
    stands_in_blocks = bool(tags) and _is_around(text, tags[0], tags[-1])
    gone: dict[tuple[int, int], str] = {}
    opened: dict[str, list[tuple[int, int]]] = {}
    alts: list[str] = []
    for span, slash, name, tag in tags:
        if name in _VOID:
            gone[span] = "" if name == "wbr" else " "
        elif name == "img" and _SHOWS_PICTURE.match(tag):
            gone[span] = " "
            alts += ["".join(words) for words in _ALT.findall(tag)[:1]]
        elif stands_in_blocks and name in _AROUND:
            gone[span] = " "
        elif not slash:
            opened.setdefault(name, []).append(span)
        elif opened.get(name):
            first = opened[name].pop()
            is_inline = name in _INLINE
            if is_inline or is_html or stands_in_blocks:
                gone[first] = gone[span] = "" if is_inline else " "
        if tag.endswith("/>") and is_html:
            gone[span] = " "
    pieces: list[str] = []
    last = 0
    for (start, end), instead in sorted(gone.items()):
        pieces += text[last:start], instead
        last = end
    shown = "".join([*pieces, text[last:]])
    return shown if shown.strip() else " ".join(alts)


def _is_around(text: str, first: _Tag, last: _Tag) -> bool:
    """The text begins with the one and ends with the other, and they are of elements around words."""
    return (
        first[0][0] == 0
        and not first[1]
        and last[0][1] == len(text)
        and bool(last[1])
        and {first[2], last[2]} <= _AROUND
    )


def _unescaped(text: str) -> str:
    """Entities undone, also those that were escaped once or twice more on the way."""
    for _ in range(_MOST_ESCAPES):
        if "&" not in text:
            break
        text, before = html.unescape(text), text
        if text == before:
            break
    return text


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
    return bounded(folded(text), limit)


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
