"""The head of an issue: what the source says, title, subtitle, authors and date before the text begins."""

import re
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain

from bot.model.issue import Image, IssuePoll, Section
from bot.newsletter.addresses.chrome import Own, is_chrome
from bot.newsletter.addresses.links import link_key
from bot.newsletter.dates import find_day
from bot.newsletter.markup.blocks import Block
from bot.newsletter.markup.pictures import is_portrait
from bot.newsletter.rules import rule
from bot.newsletter.text import MAX_TITLE, bounded, folded
from bot.newsletter.understanding import headings
from bot.newsletter.understanding.bylines import authors_in
from bot.newsletter.understanding.letters import letters_of
from bot.newsletter.understanding.titles import sentences

_MAX_PREVIEW = 4
_LONGEST_WEEKDAY = 16
_LONGEST_SUBTITLE = 140  # of words that stand in the text, too
_MOST_EXCERPTED = 10
_BYLINE = rule(
    r"^(?:written |posted )?by[: ]+(?P<names>[^\d.!?\n]{3,80})$",
    "a line that says who wrote the issue",
    source="newsletters of the shared corpora",
    specimens=("By Mia Moss", "by: Mia, Bo and Ada", "Written by Mia Moss", "Posted by: Mia Moss"),
    others=("By 2030 all bread is sour", "Bypass roads", "Baked by Mia Moss", "By rain. And by wind"),
    flags=re.IGNORECASE,
    how="match",
)


@dataclass(slots=True)
class Known:
    """What the source says about an issue before its text is read; None or empty where it says nothing.

    `paid` are CSS selectors of what a page says is for those who pay.
    """

    title: str | None = None
    subtitle: str | None = None
    authors: tuple[str, ...] = ()
    published_at: datetime | None = None
    image_url: str | None = None
    paywalled: bool = False
    paid: tuple[str, ...] = ()
    url: str | None = None
    base: str | None = None
    own: Own = field(default_factory=Own)


@dataclass(slots=True)
class Parts:
    """The parts of an issue as they were read. `lead_url` is the first picture that is no icon."""

    title: str = ""
    subtitle: str | None = None
    topics: tuple[str, ...] = ()
    authors: tuple[str, ...] = ()
    published_at: datetime | None = None
    paywalled: bool = False
    sections: list[Section] = field(default_factory=list)
    images: list[Image] = field(default_factory=list)
    lead_url: str | None = None
    polls: tuple[IssuePoll, ...] = ()
    mentions: list[str] = field(default_factory=list)


def read_head(blocks: list[Block], parts: Parts, known: Known) -> int:
    """Title and subtitle; the number of the block where the text begins."""
    position = 0
    if parts.subtitle and _is_cut_from(blocks, parts.subtitle):
        parts.subtitle = None
    if not parts.title:
        for number, block in enumerate(blocks[:12]):
            if block.kind == "h1" and block.text:
                position = number + 1
                break
        else:
            # a body without a title of its own may begin with the first of its sections
            first = next((n for n, block in enumerate(blocks) if not _is_furniture(block, known)), 0)
            if blocks and blocks[first].kind[0] == "h" and blocks[first].text:
                is_only = all(block.kind != blocks[first].kind for block in blocks[first + 1 :])
                position = first + 1 if is_only else 0
        if position:
            parts.title = bounded(folded(blocks[position - 1].text), MAX_TITLE)
    else:
        position = _after_title(blocks, parts.title.casefold(), known)
    for number in range(position, min(position + 2, len(blocks)) if position else 0):
        if _is_date_heading(blocks, number):
            blocks[number].kind = "p"
    may_tell = position and parts.subtitle is None and headings.is_subtitle(blocks, position)
    if may_tell and _date_line(blocks[position].text) is None:
        parts.subtitle = bounded(folded(blocks[position].text), MAX_TITLE)
        position += 1
    elif position and parts.subtitle and position < len(blocks):
        position += folded(blocks[position].text).casefold() == parts.subtitle.casefold()
    _read_byline(blocks, position, parts, known)
    return position


def _is_cut_from(blocks: list[Block], subtitle: str) -> bool:
    """The subtitle is an excerpt that a machine cut from the beginning of the text: long, or it ends inside a word."""
    said = letters_of(subtitle)
    for first in range(min(_MAX_PREVIEW, len(blocks))):
        text = " ".join(block.text for block in blocks[first : first + _MOST_EXCERPTED])
        if not said or not letters_of(text[: 3 * len(subtitle) + 200]).startswith(said):
            continue
        if letters_of(blocks[first].text) == said:
            return False  # a line of its own
        places = [place for place, char in enumerate(text[: 3 * len(subtitle) + 200]) if char.casefold().isalnum()]
        end = places[len(said) - 1] + 1 if len(places) >= len(said) else 0
        return len(subtitle) > _LONGEST_SUBTITLE or text[end : end + 1].isalnum()
    return False


def _after_title(blocks: list[Block], title: str, known: Known) -> int:
    """The number of the block after the heading that repeats the title; a mail's preview may stand before it."""
    previews = 0
    for number, block in enumerate(blocks[: 2 * _MAX_PREVIEW]):
        if block.kind[0] == "h":
            return number + 1 if folded(block.text).casefold() == title else 0
        is_furniture = _is_furniture(block, known)
        previews += not is_furniture
        if previews == _MAX_PREVIEW or (not is_furniture and any(anchor.key for anchor in block.anchors)):
            break
    return 0


def _is_furniture(block: Block, known: Known) -> bool:
    """The block has links, and all belong to the newsletter: "View in browser", its logo."""
    links = [(anchor.key, block.text[anchor.start : anchor.end]) for anchor in block.anchors if anchor.key]
    own_key = link_key(known.url) if links and known.url else None
    return bool(links) and all(key == own_key or is_chrome(key, words, known.own) for key, words in links)


def _is_date_heading(blocks: list[Block], number: int) -> bool:
    """The heading dates the issue: no other of its level is a date, as where each day has its section."""
    block = blocks[number]
    if block.kind[0] != "h" or _date_line(block.text) is None:
        return False
    return not any(other.kind == block.kind and _date_line(other.text) for other in blocks[number + 1 :])


def _read_byline(blocks: list[Block], position: int, parts: Parts, known: Known) -> None:
    """Authors and date from the lines between title and text; their links and portraits are no content."""
    for block in blocks[position : position + 6]:
        if block.kind[0] == "h":
            return
        block.pictures = [p for p in block.pictures if not is_portrait(p.src) and p.alt != "Author"]
        if len(block.text) > 160:
            continue
        date = _date_line(block.text)
        byline = _BYLINE.match(block.text)
        if date is None and byline is None:
            continue
        names = [block.text[a.start : a.end] for a in block.anchors]
        if byline is not None and not names:
            names = re.split(r",| and | & ", byline["names"])
        elif date is not None and not names:
            names = [
                line for line in block.text.split("\n") if not any(map(str.isdigit, line)) and len(line.split()) < 6
            ]
        if not parts.authors:
            cleaned = (folded(name).strip(" ,|•·-–—") for name in names)
            parts.authors = tuple(name for name in authors_in(cleaned) if 1 < len(name) <= 80)
        if date is not None and parts.published_at is None:
            parts.published_at = date
        known.own.keys.update(a.key for a in block.anchors if a.key)
        return


def _date_line(text: str) -> datetime | None:
    """A date that stands on a line of its own, perhaps with a weekday; dates within sentences are news."""
    if "20" not in text:
        return None
    for line in text.split("\n"):
        found = find_day(line)
        if found is not None and len(line) - found[1] <= _LONGEST_WEEKDAY:
            return found[0]
    return None


def title_from_text(blocks: list[Block], known: Known) -> str:
    """The first words of an untitled text, its furniture last."""
    for block in chain((block for block in blocks if not _is_furniture(block, known)), blocks):
        text = folded(block.text.split("\n")[0])
        if any(map(str.isalnum, text)):
            begin, end = sentences(text)[0]
            return bounded(text[begin:end], 100)
    alts = (picture.alt for block in blocks for picture in block.pictures if picture.alt)
    return bounded(folded(next(alts, "")), 100)
