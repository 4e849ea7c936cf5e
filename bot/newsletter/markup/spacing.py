"""A block's text as it is read: entities decoded, invisible characters out, spaces folded or put back.

Where the links stand must be known afterwards, so marks travel through all of it in their places.
"""

import re

from bot.newsletter.text import FILLER, shown

MARKS = _LINK, _END, EDGE, BREAK = "\x02", "\x03", "\x04", "\x05"
"""A link's beginning and end, the edge of bold text, a line break; a document's own such characters go first."""

_LINK_MARKS = re.compile("[\x02\x03]")
_BREAKS = re.compile(rf" ?{BREAK}[ {BREAK}]*")
_ENTITIES = (("&nbsp;", "\xa0"), ("&quot;", '"'), ("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&"))
# a link or bold run glued to its neighbours: a space is missing where word meets word, on the outer side of the mark
_GLUED = (
    (re.compile(r"(?<=[^\W_]|[,.;:!?)%”’\"…])([\x03\x04]*)([\x04\x02]+)(?=[^\W_]|[(“‘\"$#@])"), r"\1 \2"),
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
        and "**" not in text
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
    if "**" in text:
        text = text.replace("**", EDGE if mend else "")
    if mend and (EDGE in text or _END in text):
        for pattern, spaced in _GLUED:
            text = pattern.sub(spaced, text)
    if EDGE in text:
        text = text.replace(EDGE, "")
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
