"""Markdown -> HTML, with the damage mended that a conversion from HTML leaves behind."""

import re

from bot.newsletter.addresses.links import clean_url

MAX_MARKDOWN = 1_500_000
"""Signs; longer documents are no newsletter."""

_GLUED_IMAGE = re.compile(r"(?<=[^\s!\[(|>*-])!\[([^\]\[\n]{1,200})\]\((<?https?://[^\s)>]+)")
# An address that stands in the text by itself: in no link, no tag, no code, and not the name of a link.
# Atomic, so that no piece of an address is taken for the address; parentheses only in pairs (Wikipedia's).
_BARE = re.compile(
    r"(?<!\]\()(?<![\w/\[<\"'=:\\`])https?://"
    r"(?>(?:[^\s<>\[\]()\"'`|\\]|\([^\s<>\[\]()\"'`|\\]*\)){3,2000})(?![^\s<>\[\])\"'|])(?![^\[\]\n]{0,500}\]\()"
)
_PICTURE = re.compile(r"\.(?:png|jpe?g|gif|webp|svg|avif|bmp|ico|tiff?)(?:$|[?#/])|/image(?:s)?/|/img/", re.IGNORECASE)
_ESCAPED_ITEM = re.compile(r"(?<![\\\s])\n(?=\\- )")  # `\- ` begins a line, which was an item before
_FIELD = re.compile(r"\{\{[^{}\n]{1,100}\}\}|<%[^<>%\n]{1,100}%>")  # blanks in it would end the address it stands in
_FOOTNOTE = re.compile(r"\[\^[\w-]{1,40}\](?!\():?")  # the mark of one, in the text and before its own
_FOOTNOTE_ITSELF = re.compile(r"^\[\^[\w-]{1,40}\]:", re.MULTILINE)  # else it is something else, in code for instance
_MAX_CELLS = 50_000


def markdown_html(source: str) -> str:
    """The HTML of a Markdown document (CommonMark with tables and inline HTML)."""
    import pyromark

    source = source[:MAX_MARKDOWN]
    if "{{" in source or "<%" in source:
        source = _FIELD.sub(lambda field: "".join(field[0].split()), source)
    if "\n\\- " in source:
        source = _ESCAPED_ITEM.sub("\\\\\n", source)
    if "[^" in source and _FOOTNOTE_ITSELF.search(source):
        source = _FOOTNOTE.sub("", source)
    if "://" in source:
        source = _BARE.sub(_autolink, source)
    if "![" in source:
        source = _GLUED_IMAGE.sub(_image_or_link, source)
    has_tables = _most_cells(source) <= _MAX_CELLS
    return pyromark.html(source, options=pyromark.Options.ENABLE_TABLES if has_tables else pyromark.Options(0))


def _most_cells(source: str) -> int:
    """How many cells the tables of a document can have; the parser fills short rows up with empty ones."""
    bars, lines = source.count("|"), source.count("\n") + 1
    if bars * lines <= _MAX_CELLS:
        return bars * lines
    cells = columns = 0
    for line in source.split("\n"):
        if not line.strip():
            columns = 0
        elif "-" in line and not line.strip("|:- \t>"):
            columns = max(columns, line.count("|") + 1)
        cells += columns
    return cells


def _autolink(found: re.Match[str]) -> str:
    # What ends a sentence, or ends its emphasis, is no part of the address.
    address = found[0].rstrip(".,;:!?*_")
    return f"<{address}>{found[0][len(address) :]}"


def _image_or_link(found: re.Match[str]) -> str:
    """A sentence ending in `!` right before a link reads as a picture; it is one only if its address says so."""
    address = clean_url(found[2].lstrip("<").replace("\\", "")) or found[2]
    return found[0] if _PICTURE.search(address) else f"! {found[0][1:]}"
