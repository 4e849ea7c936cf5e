"""HTML of any kind -> its canonical form, which lexbor writes after mending: quoted attributes, escaped text, every
element closed, without scripts, styles and a platform's furniture. `bot.newsletter.markup.blocks` reads it on.
"""

import re
from typing import TYPE_CHECKING

from bot.newsletter.markup.nesting import tamed
from bot.newsletter.platforms.platform import Cards

if TYPE_CHECKING:
    from collections.abc import Iterator

    from selectolax.lexbor import LexborHTMLParser, LexborNode

CUT = "\x06"
"""Stands in canonical markup where the part begins that is for those who pay."""

OF_CARD = ' data-of-card=""'
"""Ends the tag of a heading that opens no section, since it names the box it stands in."""

_MOST_MARKED = 500
_DEEPEST_LABEL = 8

# elements whose content is no text for a reader; all but the last two are written back without escaping
_SILENT = "script|style|xmp|iframe|noembed|noframes|noscript|plaintext|template|svg|math|object|textarea|title|head"
# a quick look whether any of them may be there; capital letters are rare enough to count as a sign
_SILENT_OPEN = re.compile("<(?:s(?:[cv]|t(?!r))|xm|if|no|pl|t[ei]|m[ae]|ob|h(?:ea|t)|[a-z]?[A-Z])")
_FIRST_NAME = re.compile(r"^\W*([a-z][\w-]*)")  # of a selector: what is nowhere written selects nothing
_SILENT_CSS = _SILENT.replace("|", ",").replace("head", "head>title")
# what a mail or a page keeps for another screen, or for the preview in a list of mails
_HIDDEN_CSS = 'body [hidden],body [style*="display:none" i],body [style*="display: none" i]'


def is_bare(source: str) -> bool:
    """The source is text for readers only: no head, script, style or other element that is not shown."""
    return _SILENT_OPEN.search(source) is None


def parsed(source: str) -> "LexborHTMLParser":
    """The tree of a document."""
    from selectolax.lexbor import LexborHTMLParser

    return LexborHTMLParser(tamed(source))


def canonical_html(
    source: str,
    *,
    bare: bool,
    tree: "LexborHTMLParser | None" = None,
    unwanted: str = "",
    wanted: str = "",
    around: str = "",
    paid: tuple[str, ...] = (),
    cards: Cards | None = None,
) -> str:
    """The document as lexbor writes it, without what is hidden, what `unwanted` names, scripts and styles.

    Of the last two a `bare` document has none.
    `tree` is what `parsed` makes of the source, where that is known already; it is changed.
    `wanted` is a list of selectors, best first: the first that holds real text is taken instead of the whole body.
    Of the body, what `around` names goes, too. Before the first element that one of the selectors `paid` names comes
    `CUT`. Headings of `cards` end in `OF_CARD`, links of those that are paid for have `rel="sponsored"`.
    """
    if tree is None or (paid and CUT in source):
        tree = parsed(source.replace(CUT, "") if paid else source)
    if paid:
        _mark_paid(tree.css(",".join(paid)))
    if cards is not None:
        _mark_cards(tree.css(cards.headings), tree.css(cards.label) if cards.label else [], cards.sponsored)
    hidden = _HIDDEN_CSS if "isplay:" in source or " hidden" in source else ""
    selector = ",".join(filter(None, ("" if bare else _SILENT_CSS, hidden, unwanted)))
    if selector:
        for node in tree.css(selector):
            node.remove()
    written = source.lower() if wanted else ""
    for candidate in wanted.split(",") if wanted else ():
        if not all(word in written for word in _FIRST_NAME.findall(candidate)):
            continue
        best = max(tree.css(candidate.strip()), key=lambda node: len(node.text() or ""), default=None)
        if best is not None and len((best.text() or "").strip()) > 200:
            return _with_cut_beside(best) if paid else best.html or ""
    for node in tree.css(around) if around else ():
        node.remove()
    body = tree.body
    if body is None:
        return ""
    return body.html or ""


def _mark_cards(headings: "list[LexborNode]", labels: "list[LexborNode]", sponsored: str) -> None:
    for heading in headings[:_MOST_MARKED]:
        heading.attrs["data-of-card"] = ""
    seen: set[int] = set()
    for label in labels[:_MOST_MARKED]:
        card: LexborNode | None = label
        for _ in range(_DEEPEST_LABEL):
            if card is None or sponsored in (card.attributes.get("class") or "").split():
                break
            card = card.parent
        else:
            card = None
        if card is not None and not any(each.mem_id in seen for each in _upwards(card)):
            seen.add(card.mem_id)
            for link in card.css("a"):
                link.attrs["rel"] = "sponsored"


def _upwards(node: "LexborNode | None") -> "Iterator[LexborNode]":
    """The element and what it stands in."""
    while node is not None:
        yield node
        node = node.parent


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
