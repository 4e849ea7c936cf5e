"""HTML of any kind -> its canonical form, which lexbor writes after mending: quoted attributes, escaped text, every
element closed, without scripts, styles and a platform's furniture. `bot.newsletter.blocks` reads it on.
"""

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from selectolax.lexbor import LexborNode

CUT = "\x06"
"""Stands in canonical markup where the part begins that is for those who pay."""

MAX_DEPTH = 200
"""Elements nested deeper than this are flattened first: lexbor's time grows with the square of the depth."""

_MANY_TAGS = 10_000
_LONG_SOURCE = 20_000
_MANY_ATTRIBUTES = 1_000

# elements whose content is no text for a reader; all but the last two are written back without escaping
_SILENT = "script|style|xmp|iframe|noembed|noframes|noscript|plaintext|template|svg|math|object|textarea|title|head"
# a quick look whether any of them may be there; capital letters are rare enough to count as a sign
_SILENT_OPEN = re.compile("<(?:s(?:[cv]|t(?!r))|xm|if|no|pl|t[ei]|m[ae]|ob|h(?:ea|t)|[a-z]?[A-Z])")
_SILENT_CSS = _SILENT.replace("|", ",").replace("head", "head>title")
# what a mail or a page keeps for another screen, or for the preview in a list of mails
_HIDDEN_CSS = 'body [hidden],body [style*="display:none" i],body [style*="display: none" i]'
_SOURCE_TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]*)[^<>]*>")
_LONG_TAG = re.compile(r"(<[a-zA-Z][a-zA-Z0-9]*)[^<>]{10000,}")
_VOID = frozenset("area base br col embed hr img input link meta source track wbr p li tr td th dd dt option".split())


def is_bare(source: str) -> bool:
    """The source is text for readers only: no head, script, style or other element that is not shown."""
    return _SILENT_OPEN.search(source) is None


def canonical_html(
    source: str, *, bare: bool, unwanted: str = "", wanted: str = "", around: str = "", paid: tuple[str, ...] = ()
) -> str:
    """The document as lexbor writes it, without what is hidden, what `unwanted` names, scripts and styles.

    Of the last two a `bare` document has none.
    `wanted` is a list of selectors, best first: the first that holds real text is taken instead of the whole body.
    Of the body, what `around` names goes, too. Before the first element that one of the selectors `paid` names comes
    `CUT`.
    """
    from selectolax.lexbor import LexborHTMLParser

    tree = LexborHTMLParser(flattened(source.replace(CUT, "") if paid else source))
    if paid:
        _mark_paid(tree.css(",".join(paid)))
    hidden = _HIDDEN_CSS if "isplay:" in source or " hidden" in source else ""
    selector = ",".join(filter(None, ("" if bare else _SILENT_CSS, hidden, unwanted)))
    if selector:
        for node in tree.css(selector):
            node.remove()
    for candidate in wanted.split(",") if wanted else ():
        best = max(tree.css(candidate.strip()), key=lambda node: len(node.text() or ""), default=None)
        if best is not None and len((best.text() or "").strip()) > 200:
            return _with_cut_beside(best) if paid else best.html or ""
    for node in tree.css(around) if around else ():
        node.remove()
    body = tree.body
    if body is None:
        return ""
    return body.html or ""


def _mark_paid(nodes: "list[LexborNode]") -> None:
    for node in nodes[:20]:
        if node.tag not in {"html", "body", "head", "script", "style"}:
            node.insert_before(CUT)
            return


def _with_cut_beside(node: "LexborNode") -> str:
    """The element as lexbor writes it, with a `CUT` that comes after it under the same parent."""
    html = node.html or ""
    before, cut, _ = ((node.parent.html if node.parent else None) or "").partition(CUT)
    return html + cut if html in before else html


def flattened(source: str) -> str:
    """The source with elements beyond `MAX_DEPTH` taken out (their text stays); ordinary documents come back as is."""
    if len(source) <= _LONG_SOURCE:
        return source
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
