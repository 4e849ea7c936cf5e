"""What stands around a link or a picture and names it: a caption, the line before, the heading above."""

import re

from bot.newsletter.addresses.chrome import Own, is_chrome
from bot.newsletter.markup.blocks import Block
from bot.newsletter.rules import rule
from bot.newsletter.text import MAX_TITLE, bounded, folded
from bot.newsletter.understanding import headings
from bot.newsletter.understanding.titles import is_address, is_generic

_BEGINNING = 4 * MAX_TITLE  # of a text, where that is all that is shown
_PICTURES_SECTION = rule(
    r"\b(?:images?|pictures?|memes?|photos?|art)\b",
    "the name of a section that shows pictures",
    source="newsletters of the shared corpora",
    specimens=("AI Images of the day", "Pictures of the week", "Memes", "Your photos", "Art"),
    others=("Imagery", "How to start", "Photography", "Artful loaves"),
    flags=re.IGNORECASE,
)


def title_nearby(blocks: list[Block], number: int, words: str, section: str | None) -> str:
    """A name for a link that stands alone: its picture, the caption, the line or heading before it."""
    for picture in blocks[number].pictures:
        if picture.alt:
            return picture.alt
    if number + 1 < len(blocks) and (blocks[number + 1].kind == "caption" or blocks[number + 1].is_small):
        return bounded(blocks[number + 1].text, 160)
    for back in range(number - 1, max(number - 4, -1), -1):
        before = blocks[back]
        if before.pictures and before.pictures[-1].alt:
            return before.pictures[-1].alt
        if before.text:
            if not before.anchors and len(before.text) <= 160 and before.kind[0] != "h":
                label = headings.heading_of(blocks, back, in_sponsor=False)
                if label is None or not label.sponsored:
                    return before.text
            break
    below = blocks[number + 1] if number + 1 < len(blocks) else None
    if not words and below is not None and not below.anchors and len(below.text) <= 160 and below.is_bold:
        return below.text
    return f"{section}: {words}" if section and words and not is_address(words) and len(words) > 2 else ""


def caption_of(blocks: list[Block], number: int, section: str | None, own: Own) -> str:
    """What stands under a picture, or, among pictures of the day, over it; a bare address is no caption."""
    caption = _caption_text(blocks, number, section, own)
    return "" if is_address(caption) else caption


def _caption_text(blocks: list[Block], number: int, section: str | None, own: Own) -> str:
    below = blocks[number + 1] if number + 1 < len(blocks) else None
    if below is not None and not below.pictures and (below.kind == "caption" or below.is_small):
        return bounded(folded(below.text[:_BEGINNING]), MAX_TITLE)
    own_text = folded(blocks[number].text[:_BEGINNING])
    if blocks[number].kind == "caption" or (own_text and blocks[number].is_small):
        return bounded(own_text, MAX_TITLE)
    if not section or not _PICTURES_SECTION.search(section):
        return ""
    above = blocks[number - 1] if number else None
    if (
        above is not None
        and above.kind in {"p", "li"}
        and above.text
        and not above.anchors
        and not above.pictures
        and not above.is_small
        and len(above.text) <= 200
        and headings.heading_of(blocks, number - 1, in_sponsor=False) is None
    ):
        return bounded(folded(above.text), MAX_TITLE)
    if below is not None and len(below.anchors) == 1 and not below.pictures and below.kind in {"p", "li"}:
        anchor = below.anchors[0]
        words = below.text[anchor.start : anchor.end].strip()
        if words == below.text.strip() and not is_generic(words) and not is_chrome(anchor.key, words, own):
            return bounded(folded(words), MAX_TITLE)
    return ""
