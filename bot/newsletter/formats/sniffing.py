"""What bytes are: a feed, a JSON feed, an HTML page or body, Markdown, or nothing that holds an issue."""

import re
from enum import Enum

from bot.errors import UnreadableError
from bot.newsletter.formats.encoding import decoded


class Kind(Enum):
    """The formats that are read."""

    FEED = "feed"
    JSON = "json"
    HTML = "html"
    MARKDOWN = "markdown"


_MAGIC = (
    (b"\x89PNG", "a PNG picture"),
    (b"GIF8", "a GIF picture"),
    (b"\xff\xd8\xff", "a JPEG picture"),
    (b"RIFF", "a media file"),
    (b"%PDF", "a PDF document"),
    (b"PK\x03\x04", "a ZIP archive or office document"),
    (b"\x1f\x8b", "gzip-compressed data"),
    (b"BZh", "bzip2-compressed data"),
    (b"\x28\xb5\x2f\xfd", "zstd-compressed data"),
    (b"\xd0\xcf\x11\xe0", "an old office document"),
    (b"SQLite format 3", "a database"),
    (b"\x7fELF", "a program"),
    (b"ID3", "an MP3 file"),
    (b"\x00\x00\x01\x00", "an icon"),
)
_ODD = bytes(byte for byte in range(32) if byte not in b"\t\n\v\f\r\x1b")
_PROLOG = re.compile(r"(?:\s+|<\?.*?\?>|<!--.*?-->|<!DOCTYPE[^>\[]*(?:\[.*?\])?[^>]*>)*", re.DOTALL | re.IGNORECASE)
_ROOT = re.compile(r"<(?:[\w.-]+:)?(rss|feed|rdf|channel|item|entry|cdf)\b", re.IGNORECASE)
_ELEMENT = re.compile(r"<(/?[a-zA-Z][\w:-]*)")
_HTML_ROOTS = frozenset(
    "html head body article main section div table p h1 h2 h3 ul ol span center header meta title".split()
)
_HEAD = 16_384


def kind_of(content: bytes, *, source: str, content_type: str | None) -> Kind:
    """The format of the bytes; raises UnreadableError with what they seem to be where there is none."""
    refuse_binary(content)
    text = decoded(content[:_HEAD], content_type).lstrip("\ufeff \t\r\n\0")
    if not text:
        raise UnreadableError("unreadable-empty")
    if text[0] in "{[" and _looks_like_json(text):
        return Kind.JSON
    name = source.partition("?")[0].lower()
    declared = (content_type or "").lower()
    if name.endswith((".md", ".markdown", ".mdown")) or "markdown" in declared:
        return Kind.MARKDOWN
    if _is_feed(text):
        return Kind.FEED
    if text[0] == "<":
        if text[:9].lower() == "<!doctype" or text[:5].lower() == "<html":
            return Kind.HTML
        start = _PROLOG.match(text)
        element = _ELEMENT.match(text, start.end() if start else 0)
        if element is not None and (element[1].lower() in _HTML_ROOTS or text.count("</") > 1):
            return Kind.HTML
        if text.startswith("<?xml"):
            raise UnreadableError("unreadable-xml")
    if name.endswith((".html", ".htm", ".xhtml")) or "html" in declared:
        return Kind.HTML
    return Kind.MARKDOWN


def refuse_binary(content: bytes) -> None:
    """Raise UnreadableError for nothing at all and for data that is no text."""
    if not content or not content.strip(b" \t\r\n\0\xef\xbb\xbf"):
        raise UnreadableError("unreadable-empty")
    for magic, name in _MAGIC:
        if content.startswith(magic):
            raise UnreadableError("unreadable-other", kind=name)
    head = content[:4096]
    odd = len(head) - len(head.translate(None, _ODD))
    wide = head[:4].count(0) >= 1 and (
        b"<" in head[:4] or head[:2] in {b"\xff\xfe", b"\xfe\xff"} or head[:4] == b"\0\0\xfe\xff"
    )
    if odd > len(head) // 20 and not wide:
        raise UnreadableError("unreadable-binary")


def _looks_like_json(text: str) -> bool:
    rest = text[1:].lstrip()
    return not rest or rest[0] in ('"}' if text[0] == "{" else '{]"[')


def _is_feed(text: str) -> bool:
    """The first element is a feed's, whatever stands before it (a comment, a blank line, a stray declaration)."""
    start = _PROLOG.match(text)
    element = _ELEMENT.search(text, start.end() if start else 0)
    if element is None:
        return False
    if _ROOT.match(text, element.start()):
        return not text[: element.start()].strip() or (start is not None and element.start() - start.end() < 200)
    return False
