"""HTML -> blocks: the one tree that every format comes through, flattened into what a reader reads from top to bottom.

lexbor mends whatever HTML it is given and writes it back in one canonical form (quoted attributes, escaped text, every
element closed). That form is cut at block elements, then at links, in C-speed regular expressions: walking the tree
node by node in Python costs several times more. Entry point: `read_blocks`.
"""

import re
from dataclasses import dataclass, field

from bot.newsletter.links import read_link
from bot.newsletter.text import shown, visible

MAX_DEPTH = 200
"""Elements nested deeper than this are flattened first: lexbor's time grows with the square of the depth."""

_MANY_TAGS = 10_000
_LONG_SOURCE = 20_000
_MANY_ATTRIBUTES = 1_000

_ATTRS = r"(?:\s[^>\"]*+(?:\"[^\"]*+\"[^>\"]*+)*+)?"
_BLOCK_NAMES = (
    "p|div|h[1-6]|[uo]l|li|table|t(?:head|body|foot|r|d|h)|blockquote|hr|section|article|header|footer|main|figure"
    "|figcaption|pre|form|fieldset|d[ltd]|center|details|summary|address|nav|aside|picture|video|audio|option|select"
)
_BLOCK_TAG = rf"</?(?:{_BLOCK_NAMES}){_ATTRS}>"
_SEPARATOR = re.compile(rf"({_BLOCK_TAG}\s*+(?:{_BLOCK_TAG}\s*+)*+)")
_SEPARATOR_TAG = re.compile(r"<(/?)([a-z0-9]+)(?=[\s>])")
_INLINE = re.compile(rf"<(/?a|img|br)({_ATTRS})>")
_TAG = re.compile(r"</?[a-zA-Z][^>\"]*+(?:\"[^\"]*+\"[^>\"]*+)*+>")
_EMPHASIS = re.compile(rf"</?(?:strong|b|em|i|u|mark|font|span){_ATTRS}>|\*\*")
_COMMENT = re.compile(r"<!--.*?-->|<!DOCTYPE[^>]*>|<\?[^>]*>", re.DOTALL | re.IGNORECASE)
# elements whose content is no text for a reader; all but the last two are written back without escaping
_SILENT = "script|style|xmp|iframe|noembed|noframes|noscript|plaintext|template|svg|math|object|textarea|title|head"
# a quick look whether any of them is there; written without IGNORECASE, which would cost the search its speed
_SILENT_OPEN = re.compile(
    "<(?:[sS](?:[cC][rR]|[tT][yY]|[vV][gG])|[xX][mM]|[iI][fF]|[nN][oO]|[pP][lL]|[tT][eEiI]|[mM][aA]|[oO][bB])"
)
_SILENT_CSS = _SILENT.replace("|", ",").replace("head", "head>title")
_BOLD_PART = re.compile(r"<(strong|b)\b[^>]*>.*?</\1>", re.DOTALL)
_MARKED = re.compile(r"<mark\b[^>]*>(.*?)</mark>", re.DOTALL)
_SOURCE_TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]*)[^<>]*>")
_LONG_TAG = re.compile(r"(<[a-zA-Z][a-zA-Z0-9]*)[^<>]{10000,}")
_VOID = frozenset("area base br col embed hr img input link meta source track wbr p li tr td th dd dt option".split())

_LINK, _END, _EDGE, _BREAK = "\x02", "\x03", "\x04", "\x05"
_MARKS = re.compile("[\x02\x03]")
# a link or bold run glued to its neighbours: a space is missing where word meets word, on the outer side of the mark
_GLUED = (
    (re.compile(r"(?<=[^\W_]|[,.;:!?)%”’\"…])([\x03\x04]*)([\x04\x02]+)(?=[^\W_]|[(“‘\"$#@])"), r"\1 \2"),
    (re.compile(r"(?<=[^\W_]|[,.;:!?)%”’\"…])([\x03\x04]+)(?=[^\W_]|[(“‘$#@])"), r"\1 "),
    (re.compile(r"(?<=[^\W_]|[.!?)”’\"])([\x03\x04]+)(?=[-–—&] )"), r"\1 "),
    (re.compile(r"(?<=[\x03\x04])([-–—])([\x02\x04]+)(?=[^\W_])"), r" \1 \2"),
    (re.compile(r"(?<= )([-–—])([\x02\x04]+)(?=[^\W_])"), r"\1 \2"),
)


@dataclass(slots=True)
class Anchor:
    """A link in a block: shown address and key (empty where it leads nowhere on the web), and where its text stands.

    `stamp` is the `utm_source` it came with; `carried` says that the link began in an earlier block.
    """

    url: str
    key: str
    start: int = 0
    end: int = 0
    carried: bool = False
    stamp: str = ""


@dataclass(slots=True)
class Picture:
    """A picture as written: address, alternative text, and whether it stands inside a link."""

    src: str
    alt: str
    linked: bool = False


@dataclass(slots=True)
class Block:
    """One block of text. `kind` is h1…h6, p, li, td or caption; `ruled` says that a horizontal rule stands before it.

    `text` keeps line breaks (`<br>`) as newlines; `raw` is the block's own markup.
    """

    kind: str
    text: str
    raw: str
    anchors: list[Anchor] = field(default_factory=list)
    pictures: list[Picture] = field(default_factory=list)
    ruled: bool = False

    @property
    def is_bold(self) -> bool:
        """Every letter stands in bold."""
        rest = _TAG.sub("", _BOLD_PART.sub("", self.raw))
        return ("<strong" in self.raw or "<b>" in self.raw or "<b " in self.raw) and not any(map(str.isalnum, rest))

    @property
    def is_small(self) -> bool:
        """The block is small print, which beehiiv uses for captions."""
        return self.raw.lstrip().startswith("<small")

    @property
    def marked(self) -> str | None:
        """The highlighted part of the block, if there is one."""
        found = _MARKED.search(self.raw) if "<mark" in self.raw else None
        return " ".join(visible(_unescaped(_TAG.sub("", found[1]))).replace("**", "").split()) if found else None


def canonical_html(source: str, *, unwanted: str = "", wanted: str = "") -> str:
    """The document as lexbor writes it, without scripts, styles and what the selector `unwanted` names.

    `wanted` is a list of selectors, best first: the first that holds real text is taken instead of the whole body.
    """
    from selectolax.lexbor import LexborHTMLParser

    tree = LexborHTMLParser(flattened(source))
    selector = ",".join(filter(None, (_SILENT_CSS if _SILENT_OPEN.search(source) else "", unwanted)))
    if selector:
        for node in tree.css(selector):
            node.remove()
    for candidate in wanted.split(",") if wanted else ():
        best = max(tree.css(candidate.strip()), key=lambda node: len(node.text() or ""), default=None)
        if best is not None and len((best.text() or "").strip()) > 200:
            return best.html or ""
    body = tree.body
    if body is None:
        return ""
    return body.html or ""


def flattened(source: str) -> str:
    """The source with elements beyond `MAX_DEPTH` taken out (their text stays); ordinary documents come back as is."""
    if len(source) > _LONG_SOURCE:
        # lexbor compares each attribute of a tag with all others; a picture in a data: address is one attribute
        source = _LONG_TAG.sub(lambda tag: tag[0] if len(tag[0].split()) < _MANY_ATTRIBUTES else tag[1], source)
    if source.count("<") < _MANY_TAGS:
        return source
    open_tags: list[str] = []
    pieces: list[str] = []
    taken: dict[str, int] = {}
    last = 0
    for tag in _SOURCE_TAG.finditer(source):
        name = tag[2].lower()
        if name in _VOID:
            continue
        if not tag[1]:
            if len(open_tags) < MAX_DEPTH:
                open_tags.append(name)
                continue
            taken[name] = taken.get(name, 0) + 1
        elif taken.get(name):
            taken[name] -= 1
        else:
            if name in open_tags[-8:]:
                while open_tags.pop() != name:
                    pass
            continue
        pieces.append(source[last : tag.start()])
        last = tag.end()
    pieces.append(source[last:])
    return "".join(pieces)


def read_blocks(canonical: str, *, base: str | None = None, mend: bool = False) -> list[Block]:
    """The blocks of a canonical document, in order; blocks without text and picture are left out.

    `base` resolves relative addresses. `mend` puts back the spaces that a conversion to Markdown lost around bold
    text and links.
    """
    if "<!" in canonical or "<?" in canonical:
        canonical = _COMMENT.sub("", canonical)
    for mark in (_LINK, _END, _EDGE, _BREAK):
        if mark in canonical:
            canonical = canonical.replace(mark, "")
    pieces = _SEPARATOR.split(canonical)
    blocks: list[Block] = []
    kind, ruled = "p", False
    carried: Anchor | None = None
    for index in range(0, len(pieces), 2):
        raw = pieces[index]
        if raw and (raw.strip() or carried):
            block, carried = _read_block(kind, raw, carried, base, mend=mend)
            if block.text or block.pictures:
                block.ruled = ruled
                blocks.append(block)
                ruled = False
        if index + 1 < len(pieces):
            separator = pieces[index + 1]
            kind, has_rule = _KINDS.get(separator) or _kind_after(separator)
            ruled = ruled or has_rule
    return blocks


_KINDS: dict[str, tuple[str, bool]] = {}
_MAX_KINDS = 2_000


def _kind_after(separator: str) -> tuple[str, bool]:
    """What the text after a run of block tags is, and whether a rule is among them. Short runs are remembered."""
    kind, has_rule = "p", False
    for closing, name in _SEPARATOR_TAG.findall(separator):
        if closing:
            kind = "p"
        elif name == "hr":
            has_rule = True
        elif name == "figcaption":
            kind = "caption"
        elif name in {"td", "th"}:
            kind = "td"
        elif name == "li" or (name[0] == "h" and name[1:].isdigit()):
            kind = name
    if len(separator) < 100 and len(_KINDS) < _MAX_KINDS:
        _KINDS[separator] = (kind, has_rule)
    return kind, has_rule


def _read_block(
    kind: str, raw: str, carried: Anchor | None, base: str | None, *, mend: bool
) -> tuple[Block, Anchor | None]:
    if "<" not in raw and carried is None:
        return Block(kind, _text(raw), raw), None
    block = Block(kind, "", raw)
    pieces = _INLINE.split(raw)
    if len(pieces) == 1 and carried is None:
        block.text = _text(_TAG.sub("", _EMPHASIS.sub(_EDGE, raw) if mend else raw), mend=mend)
        return block, None
    anchors = block.anchors
    out: list[str] = []
    current: Anchor | None = None
    if carried is not None:
        current = Anchor(carried.url, carried.key, carried=True)
        anchors.append(current)
        out.append(_LINK)
    out.append(pieces[0])
    for index in range(1, len(pieces), 3):
        name = pieces[index]
        if name == "a":
            if current is not None:
                out.append(_END)
            current = _open_anchor(pieces[index + 1], base, anchors, out)
        elif name == "/a":
            if current is not None:
                out.append(_END)
                current = None
        elif name == "br":
            out.append(_BREAK)
        elif name == "img":
            attrs = pieces[index + 1]
            src = _attribute(attrs, 'src="') or _attribute(attrs, 'data-src="')
            if src and not _is_pixel(attrs):
                alt = " ".join(visible(_attribute(attrs, 'alt="')).split())
                block.pictures.append(Picture(src, alt, linked=current is not None))
        out.append(pieces[index + 2])
    if current is not None:
        out.append(_END)
    joined = "".join(out)
    if mend:
        joined = _EMPHASIS.sub(_EDGE, joined)
    if "<" in joined:
        joined = _TAG.sub("", joined)
    _place(block, _text(joined, mend=mend))
    return block, current


def _open_anchor(attrs: str, base: str | None, anchors: list[Anchor], out: list[str]) -> Anchor | None:
    """Start a link; fragments of one link next to each other are continued instead (`[S](u)**[ubscribe](u)**`)."""
    href = _attribute(attrs, 'href="')
    if not href and 'href="' not in attrs:
        return None
    link = read_link(href, base)
    url, key = link if link is not None else ("", "")
    if anchors and anchors[-1].key == key and key:
        tail = len(out) - 1
        while tail >= 0 and out[tail] != _END and not _EMPHASIS.sub("", _TAG.sub("", out[tail])).strip("* "):
            tail -= 1
        if tail >= 0 and out[tail] == _END:
            out[tail] = ""
            return anchors[-1]
    anchor = Anchor(url, key)
    if "utm_source=" in href:
        anchor.stamp = href.partition("utm_source=")[2].partition("&")[0].lower()
    anchors.append(anchor)
    out.append(_LINK)
    return anchor


def _place(block: Block, marked: str) -> None:
    """Take the link marks out of the text and note where they stood."""
    pieces = _MARKS.split(marked)
    position = len(pieces[0])
    for number, anchor in enumerate(block.anchors):
        inside = pieces[2 * number + 1] if 2 * number + 1 < len(pieces) else ""
        anchor.start = position
        anchor.end = position = position + len(inside)
        if 2 * number + 2 < len(pieces):
            position += len(pieces[2 * number + 2])
    block.text = "".join(pieces)


def _text(joined: str, *, mend: bool = False) -> str:
    """Entities decoded, invisible characters out, spaces folded, line breaks kept; link marks stay where they are."""
    if "&" in joined:
        joined = _unescaped(joined)
    if not joined.isascii():
        joined = shown(joined)
    if "**" in joined:
        joined = joined.replace("**", _EDGE if mend else "")
    if mend and (_EDGE in joined or _END in joined):
        for pattern, spaced in _GLUED:
            joined = pattern.sub(spaced, joined)
        joined = joined.replace(_EDGE, "")
    text = " ".join(joined.split())
    if _BREAK in text:
        text = re.sub(r" ?\x05[ \x05]*", "\n", text).strip("\n")
    return text


def _unescaped(text: str) -> str:
    """Text as it was before lexbor escaped it; its canonical form knows these five entities and no others."""
    for entity, char in _ENTITIES:
        if entity in text:
            text = text.replace(entity, char)
    return text


_ENTITIES = (("&nbsp;", "\xa0"), ("&quot;", '"'), ("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&"))


def _attribute(attrs: str, opening: str) -> str:
    """The value of an attribute in canonical markup; `opening` is its name with `="`."""
    start = attrs.find(" " + opening)
    if start < 0:
        return ""
    start += len(opening) + 1
    value = attrs[start : attrs.find('"', start)]
    return _unescaped(value) if "&" in value else value


def _is_pixel(attrs: str) -> bool:
    """Pictures of one pixel count readers."""
    return _attribute(attrs, 'width="') in {"0", "1"} or _attribute(attrs, 'height="') in {"0", "1"}
