"""A block's text as it is read: entities decoded, invisible characters out, spaces folded or put back.

Where the links stand must be known afterwards, so marks travel through all of it in their places.
"""

import re
from itertools import pairwise

from bot.newsletter.text import FILLER, shown

MARKS = _LINK, _END, EDGE, BREAK, STAR = "\x02", "\x03", "\x04", "\x05", "\x07"
"""A link's beginning and end, the edge of bold text, a line break, an asterisk that is none of bold text's.

A document's own such characters go first.
"""

_LINK_MARKS = re.compile("[\x02\x03]")
_BREAKS = re.compile(rf" ?{BREAK}[ {BREAK}]*")
_BOLD = re.compile(r"(?<!\*)(?:\*\*|\*{4})(?!\*)")
_ONE_MARK = 2
_LINK_OR_EDGE = _LINK + _END + EDGE
_ENTITIES = (("&nbsp;", "\xa0"), ("&quot;", '"'), ("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&"))
# a link or bold run glued to its neighbours: a space is missing where word meets word, on the outer side of the mark
_GLUED = (
    (
        re.compile(r"(?<=[^\W_]|[,.;:!?)%”’\"…])(?=\x03*+[\x04\x02])([\x03\x04]*+)([\x04\x02]*+)(?=[^\W_]|[(“‘\"$#@])"),
        r"\1 \2",
    ),
    (re.compile(r"(?<=[^\W_]|[,.;:!?)%”’\"…])([\x03\x04]+)(?=[^\W_]|[(“‘$#@])"), r"\1 "),
    (re.compile(r"(?<=[^\W_]|[.!?)”’\"])([\x03\x04]+)(?=[-–—&] )"), r"\1 "),
    (re.compile(r"(?<=[\x03\x04])([-–—])([\x02\x04]+)(?=[^\W_])"), r" \1 \2"),
    (re.compile(r"(?<= )([-–—])([\x02\x04]+)(?=[^\W_])"), r"\1 \2"),
)


def is_settled(text: str) -> bool:
    """Nothing in the text needs settling: no entity, no mark, no double or outer space, nothing invisible."""
    return not text or (
        text.isprintable()
        and "&" not in text
        and "  " not in text
        and text[0] != " "
        and text[-1] != " "
        and (text.isascii() or FILLER.search(text) is None)
    )


def settled(text: str, spans: list[tuple[int, int]], *, mend: bool = False) -> tuple[str, list[tuple[int, int]]]:
    """The text to read, with line breaks as newlines, and where the given spans stand in it."""
    if spans:
        text = _marked(text, spans)
    if "&" in text:
        text = unescaped(text)
    if not text.isascii() or not text.isprintable():
        text = shown(text)
    if mend and "**" in text:
        text = without_torn_bold(text, EDGE)
    if mend and (EDGE in text or _END in text):
        for pattern, spaced in _GLUED:
            text = pattern.sub(spaced, text)
    if EDGE in text:
        text = text.replace(EDGE, "")
    if STAR in text:
        text = text.replace(STAR, "*")
    text = " ".join(text.split())
    if BREAK in text:
        text = _BREAKS.sub("\n", text).strip("\n")
    if not spans:
        return text, spans
    pieces = _LINK_MARKS.split(text)
    places = []
    position = len(pieces[0])
    for inside, outside in zip(pieces[1::2], pieces[2::2], strict=True):
        places.append((position, position + len(inside)))
        position += len(inside) + len(outside)
    return "".join(pieces), places


def without_torn_bold(text: str, edge: str = "") -> str:
    """Text of a Markdown document with `edge` in place of the `**` that are marks of bold text there.

    Marks come in pairs that touch what stands within: `2**10` and `**kwargs` hold none. Where a mark within the block
    has found a wrong partner already, another one is left over, between a word and a sign.
    """
    pieces = _BOLD.split(text)
    lengths = [len(found) for found in _BOLD.findall(text)]
    torn = EDGE in text or "****" in text
    marks: list[bool] = []
    opened: int | None = None
    for number, (before, after) in enumerate(pairwise(pieces)):
        left, right = before[-9:].rstrip(_LINK_OR_EDGE)[-1:], after[:9].lstrip(_LINK_OR_EDGE)[:1]
        touches_left, touches_right = not _is_blank(left), not _is_blank(right)
        is_within_word = left.isalnum() and right.isalnum() and lengths[number] == _ONE_MARK
        is_lone = torn and touches_left and touches_right and not is_within_word
        marks.append(is_lone)
        if opened is not None and touches_left:
            marks[opened] = marks[number] = True
            opened = number if lengths[number] > _ONE_MARK else None
        elif touches_right:
            opened = number
    between = [edge if mark else "*" * length for mark, length in zip(marks, lengths, strict=True)]
    return "".join([piece for pair in zip(pieces, [*between, ""], strict=True) for piece in pair])


def _is_blank(char: str) -> bool:
    return not char or char.isspace() or char == BREAK


def _marked(text: str, spans: list[tuple[int, int]]) -> str:
    pieces: list[str] = []
    last = 0
    for start, end in spans:
        pieces += text[last:start], _LINK, text[start:end], _END
        last = end
    pieces.append(text[last:])
    return "".join(pieces)


def unescaped(text: str) -> str:
    """Text as it was before lexbor escaped it; its canonical form knows these five entities and no others."""
    if text.count("&") == text.count("&amp;"):
        return text.replace("&amp;", "&")
    for entity, char in _ENTITIES:
        if entity in text:
            text = text.replace(entity, char)
    return text
