"""Canonical HTML -> blocks: what a reader reads from top to bottom, each with its links and pictures.

The text is cut at every `<`, and each piece is looked at once. Canonical markup (`bot.newsletter.markup.canonical`)
allows that: names are in small letters, attributes stand in double quotes, text holds no bare `<` or `>`. Walking
lexbor's tree node by node from Python costs several times more. Entry point: `read_blocks`.
"""

import re
from dataclasses import dataclass
from itertools import accumulate, pairwise

from bot.newsletter.addresses.chrome import acts_as_written
from bot.newsletter.addresses.links import clean_url, link_key, read_link
from bot.newsletter.addresses.wrappers import unwrap
from bot.newsletter.markup.attributes import attribute
from bot.newsletter.markup.canonical import OF_CARD
from bot.newsletter.markup.pictures import Picture, read_picture, sources_of
from bot.newsletter.markup.spacing import BREAK, EDGE, MARKS, STAR, is_settled, settled, unescaped
from bot.newsletter.text import visible

_BLOCK_NAMES = """p div h1 h2 h3 h4 h5 h6 ul ol li table thead tbody tfoot tr td th blockquote hr section article header
    footer main figure figcaption pre form fieldset dl dt dd center details summary address nav aside picture video
    audio option select""".split()
_KINDS = {"li": "li", "td": "td", "th": "td", "figcaption": "caption", **{f"h{n}": f"h{n}" for n in range(1, 7)}}
# what a block tag makes of the text after it; an empty word leaves the kind as it is (`<li><p>` is still an item)
_BLOCK_TAGS = {f"/{name}": "p" for name in _BLOCK_NAMES} | {name: _KINDS.get(name, "") for name in _BLOCK_NAMES}
_EMPHASIS = frozenset(
    mark + name for name in ("strong", "b", "em", "i", "u", "mark", "font", "span") for mark in ("", "/")
)

_VERBATIM = frozenset({"code", "kbd", "samp", "tt"})

_BETWEEN = f"* {EDGE}"  # what may stand between the fragments of one link

_TAG = re.compile(r"</?[a-zA-Z][^>\"]*+(?>(?:\"[^\"]*+\"[^>\"]*+)*)>")
# in one pass: what looks like a comment may stand in an attribute
_TAG_OR_COMMENT = re.compile(
    rf"{_TAG.pattern}|<!--.*?(?:-->|\Z)|<!DOCTYPE[^>]*+>|<\?[^>]*+>", re.DOTALL | re.IGNORECASE
)
_ADDRESS = re.compile(r"https?://[^\s<>\"“”„«»、。，！？；：（）「」『』…]+", re.IGNORECASE)
_BOLD_PART = re.compile(r"<(strong|b)(?: [^>]*)?>.*?(?:</\1>|\Z)", re.DOTALL)
_MARKED = re.compile(r"<mark(?: [^>]*)?>(.*?)(?:</mark>|\Z)", re.DOTALL)


# what site generators put into headings: Sphinx and MkDocs, VuePress, GitHub, Docusaurus, rustdoc, Jekyll
_MOST_IN_HEADING = 20
_LONGEST_HEADING = 2_000
_PERMALINKS = frozenset(
    "headerlink header-anchor anchor anchor-link anchorlink hash-link heading-anchor headinglink permalink "
    "heading-link anchorjs-link header-link section-link td-heading-self-link".split()
)


@dataclass(slots=True)
class Anchor:
    """A link in a block: shown address and key (empty where it leads nowhere on the web), and where its text stands.

    `stamp` is the `utm_source` it came with, `alt` what its picture says; `carried` says that the link began in an
    earlier block, `acts` that what was cleaned off would have signed the reader up. `is_place` says that it leads to a
    place of this page, `is_permalink` that it leads to a place and is marked as what a heading is linked to by. `alias`
    is the key of the address as it was written, where a stamp of the newsletter's was cut from it.
    """

    url: str
    key: str
    start: int = 0
    end: int = 0
    carried: bool = False
    stamp: str = ""
    alt: str = ""
    acts: bool = False
    is_paid: bool = False
    is_place: bool = False
    is_permalink: bool = False
    alias: str | None = None


@dataclass(slots=True)
class Block:
    """One block of text. `kind` is h1…h6, p, li, td or caption; `ruled` says that a horizontal rule stands before it.

    `text` keeps line breaks (`<br>`) as newlines; `pieces` are the block's own markup, cut at `<`, with the block tag
    that opens it first.
    """

    kind: str
    text: str
    pieces: list[str]
    anchors: list[Anchor]
    pictures: list[Picture]
    ruled: bool = False

    @property
    def raw(self) -> str:
        """The block's own markup."""
        return "<".join(self.pieces).partition(">")[2]

    @property
    def is_bold(self) -> bool:
        """Every letter stands in bold."""
        if len(self.pieces) < 2:
            return False
        raw = self.raw
        if not ("<strong" in raw or "<b>" in raw or "<b " in raw):
            return False
        return not any(map(str.isalnum, _TAG.sub("", _BOLD_PART.sub("", raw))))

    @property
    def is_small(self) -> bool:
        """The block is small print, which beehiiv uses for captions."""
        if len(self.pieces) < 2:
            return False
        return self.pieces[1].startswith("small") and not self.pieces[0].partition(">")[2].strip()

    @property
    def marked(self) -> str | None:
        """The highlighted part of the block, if there is one."""
        if not any(piece.startswith("mark") for piece in self.pieces):
            return None
        found = _MARKED.search(self.raw)
        if found is None:
            return None
        return naming_nobody(" ".join(visible(unescaped(_TAG.sub("", found[1]))).split()))


def read_blocks(canonical: str, *, base: str | None = None, mend: bool = False) -> list[Block]:
    """The blocks of a canonical document, in order; blocks without text and picture are left out.

    `base` resolves relative addresses. `mend` puts back the spaces that a conversion to Markdown lost around bold
    text and links.
    """
    blocks = _cut(canonical, base, mend=mend)
    if blocks is None:
        blocks = _cut(_TAG_OR_COMMENT.sub(_without_angles, canonical), base, mend=mend)
    return blocks or []


def _without_angles(tag: re.Match[str]) -> str:
    """A tag whose attributes hold `<` or `>` only as entities; nothing for a comment."""
    if tag[0][1] in "!?":
        return ""
    return "<" + tag[0][1:-1].replace("<", "&lt;").replace(">", "&gt;") + ">"


def _cut(canonical: str, base: str | None, *, mend: bool) -> list[Block] | None:  # noqa: PLR0915 - one loop, see below
    """The blocks; None where a comment or an angle bracket within an attribute would make the cuts wrong.

    A page has some 240 pieces: a call for each would cost more than all that is done with them.
    """
    for mark in MARKS:
        if mark in canonical:
            canonical = canonical.replace(mark, "")
    pieces = f"<p>{canonical}</p>".split("<")
    blocks: list[Block] = []
    anchors: list[Anchor] = []
    pictures: list[Picture] = []
    current: Anchor | None = None
    kind, text, sources = "p", "", ""
    begin = 0
    ruled = tagged = False  # tagged: an inline tag stands in the block
    verbatim = 0  # elements open in which an asterisk is one
    for number, piece in enumerate(pieces):
        tag, _, after = piece.partition(">")
        name = tag
        turn = _BLOCK_TAGS.get(tag)
        if turn is None and " " in tag:
            if tag.count('"') & 1:
                return None
            name = tag.partition(" ")[0]
            turn = _BLOCK_TAGS.get(name)
            if turn and turn[0] == "h" and tag.endswith(OF_CARD):
                turn = ""
        if turn is None:
            tagged = True
            if name in {"a", "/a"}:
                if current is not None:
                    current.end = len(text)
                current = _opened(tag, base, anchors, text) if name == "a" else None
            elif name in _EMPHASIS:
                if mend:
                    text += EDGE
            elif mend and name.removeprefix("/") in _VERBATIM:
                verbatim = max(verbatim + (1 if name[0] != "/" else -1), 0)
            elif name == "br":
                text += BREAK
            elif name == "img":
                picture = read_picture(tag, sources)
                sources = ""
                if picture is not None:
                    if "://" in picture.alt:
                        picture.alt = naming_nobody(picture.alt)
                    pictures.append(picture)
                    if current is not None:
                        current.alt = current.alt or picture.alt
            elif name == "source":
                sources = sources_of(tag) or sources
            elif name[:1] == "!":
                return None
            if after:
                text += after.replace("*", STAR) if verbatim else after
            continue
        if text or tagged:
            if current is not None:
                current.end = len(text)
            if pictures or (text and not text.isspace()):
                if anchors and kind[0] == "h" and len(anchors) <= _MOST_IN_HEADING and len(text) <= _LONGEST_HEADING:
                    text, anchors = _without_permalinks(text, anchors)
                block = Block(kind, text, pieces[begin:number], anchors, pictures, ruled)
                glued = mend and (tagged or current is not None)  # plain text lost no spaces
                if glued or not is_settled(text) or "://" in text:
                    _settle(block, mend=glued)
                if pictures or block.text.strip():
                    blocks.append(block)
                    ruled = False
            kind, tagged = "p", False
            anchors = []
            pictures = []
            if current is not None:
                # a link around several blocks goes on in each of them
                current = Anchor(current.url, current.key, carried=True, acts=current.acts, is_paid=current.is_paid)
                anchors.append(current)
        if turn:
            kind = turn
        elif name == "hr":
            ruled = True
        begin = number
        sources = ""
        text = after.lstrip().replace("*", STAR) if verbatim else after.lstrip()
    return blocks


def _without_permalinks(text: str, anchors: list[Anchor]) -> tuple[str, list[Anchor]]:
    """A heading without the mark by which it is linked to: without a letter, or of that class beside its words.

    A mark with words leads to a place of this page for certain: elsewhere it is a link like any other.
    """
    kept: list[Anchor] = []
    for anchor in reversed(anchors):
        words = text[anchor.start : anchor.end]
        rest = text[: anchor.start] + text[anchor.end :]
        is_sign = (anchor.is_place or anchor.is_permalink) and not _says(words)
        if is_sign or (anchor.is_place and anchor.is_permalink and _says(rest)):
            cut = anchor.end - anchor.start
            text = rest
            for later in kept:
                later.start, later.end = later.start - cut, later.end - cut
        else:
            kept.append(anchor)
    return text, kept[::-1]


def _says(text: str) -> bool:
    return any(map(str.isalnum, unescaped(text)))


def _settle(block: Block, *, mend: bool) -> None:
    """Give the block the text that is read, and its links their places in it."""
    anchors = block.anchors
    text, spans = settled(block.text, [(anchor.start, anchor.end) for anchor in anchors], mend=mend)
    if "://" in text:
        edges = [0, *[edge for span in spans for edge in span], len(text)]
        pieces = [naming_nobody(text[start:end]) for start, end in pairwise(edges)]
        text = "".join(pieces)
        places = list(accumulate(map(len, pieces)))
        spans = list(zip(places[::2], places[1::2], strict=False))
    block.text = text
    for anchor, (start, end) in zip(anchors, spans, strict=True):
        anchor.start = start
        anchor.end = end


def naming_nobody(text: str) -> str:
    """The text with clean addresses for those that name their reader."""
    return _ADDRESS.sub(_clean_address, text) if "://" in text else text


def _clean_address(found: re.Match[str]) -> str:
    address = found[0].rstrip(".,;:!?*_)]")
    return (clean_url(address) or address) + found[0][len(address) :]


def _opened(tag: str, base: str | None, anchors: list[Anchor], text: str) -> Anchor | None:
    """The link that a tag opens; fragments of one link next to each other are one (`[S](u)**[ubscribe](u)**`)."""
    if tag.startswith('a href="'):
        href = tag[8 : tag.index('"', 8)]
        if "&" in href:
            href = unescaped(href)
    else:
        href = attribute(tag, ' href="')
        if not href and ' href="' not in tag:
            return None
    link = read_link(href, base)
    if link is None:
        anchor = Anchor("", "", len(text))
    else:
        url, key = link
        if anchors and anchors[-1].key == key and not text[anchors[-1].end :].strip(_BETWEEN):
            return anchors[-1]
        anchor = Anchor(url, key, len(text))
        if url is not href and ("ail=" in href or not href.startswith(url[:16])):
            anchor.acts = acts_as_written(unwrap(href))
        if "utm_source=" in href:
            anchor.stamp = href.partition("utm_source=")[2].partition("&")[0].lower()
    is_marked = ("anchor" in tag or "link" in tag) and "class=" in tag and _is_marked(attribute(tag, ' class="'))
    if is_marked or "#" in href:
        anchor.is_place = href.startswith("#") or (base is not None and anchor.key == link_key(base))
        anchor.is_permalink = is_marked and (anchor.is_place or "#" in href)
    if "sponsored" in tag:
        anchor.is_paid = "sponsored" in attribute(tag, ' rel="').split()
    anchors.append(anchor)
    return anchor


def _is_marked(classes: str) -> bool:
    return not _PERMALINKS.isdisjoint(classes.lower().split())
