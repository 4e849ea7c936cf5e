"""Blocks -> the parts of an issue: title, subtitle, topics, authors, sections with their links, pictures, paywall.

The rules are about shapes that newsletters share (a heading, a bold line that acts as one, "from our sponsor", a list
under "in today's email"); what belongs to one platform stands in `bot.newsletter.platforms`.
"""

import re
from dataclasses import dataclass, field, replace

from bot.model.issue import Image, IssuePoll, Link, Section
from bot.newsletter import headings
from bot.newsletter.chrome import is_chrome, is_offer, learn_own
from bot.newsletter.links import absolute, clean_url
from bot.newsletter.markup import Anchor, Block
from bot.newsletter.mastheads import AVATAR, Known, Parts, read_head, title_from_text
from bot.newsletter.polls import take_polls
from bot.newsletter.text import MAX_TITLE, bounded, folded
from bot.newsletter.titles import (
    excerpt_of,
    is_address,
    is_generic,
    readable_address,
    tidied,
    title_from_context,
)
from bot.newsletter.topics import listed_topics, topics_from_subtitle

MAX_LINKS = 2_000
MAX_IMAGES = 500
_AD_BLOCKS = 4

_PAYWALL = re.compile(
    r"subscribe to .{1,80}? to (?:read|unlock) the rest|already a pa(?:ying|id) subscriber"
    r"|upgrade to (?:paid|premium) to"
    r"|this (?:post|issue|article|content|newsletter|episode) is for"
    r" (?:(?:paid|paying|premium|pro) )?(?:subscribers|members)"
    r"|the (?:rest|remainder) of this (?:post|issue|article|newsletter) is for"
    r"|to (?:keep|continue) reading, (?:subscribe|upgrade)"
    r"|become a (?:paid|paying) (?:subscriber|member) to (?:read|continue|get|access)"
    r"|keep reading with a \d+-day free trial"
    r"|subscribe to (?:continue|keep) reading|this is a preview of a paid",
    re.IGNORECASE,
)
_PAYWALL_WORDS = ("the rest", "paying", "paid", "upgrade to", "reading", "is for ", "remainder")
_INLINE_SPONSOR = re.compile(
    r"[(\[]\s*(?:sponsor(?:ed)?|ad|advertisement|paid|promoted|affiliate(?: link)?)\s*[)\]]|^sponsored?\s*[:|-]",
    re.IGNORECASE,
)
_STAR_NOTE = re.compile(r"(?:^|\n)\s*\*\s*(?:sponsor|affiliate|ad\b|paid|partner)", re.IGNORECASE)
_PICTURE_FILE = re.compile(r"\.(?:png|jpe?g|gif|webp|svg|avif|bmp)(?:$|[?#])|/image/fetch/", re.IGNORECASE)
_DIVIDER = re.compile(r"/(?:line|divider|separator|spacer|hr)[-_ ]?\d*\.\w{3,4}(?:$|[?#])", re.IGNORECASE)
_PICTURES_SECTION = re.compile(r"\b(?:images?|pictures?|memes?|photos?|art)\b", re.IGNORECASE)


@dataclass(slots=True)
class _Open:
    """The section being read."""

    title: str | None = None
    sponsored: bool = False
    links: list[Link] = field(default_factory=list)


def compose(blocks: list[Block], known: Known, polls: tuple[IssuePoll, ...] = ()) -> Parts:
    """Read the blocks of one issue from top to bottom."""
    blocks, found_polls = take_polls(blocks)
    parts = Parts(
        title=known.title or "",
        subtitle=known.subtitle,
        authors=known.authors,
        published_at=known.published_at,
        polls=polls + found_polls,
    )
    own = known.own
    learn_own(own, [(a.key, a.stamp, b.text[a.start : a.end]) for b in blocks for a in b.anchors if a.key])
    first = read_head(blocks, parts, known)
    _Reader(blocks, parts, known).read(first)
    parts.paywalled = known.paywalled
    if not parts.topics:
        parts.topics = topics_from_subtitle(parts.subtitle)
    if not parts.title:
        parts.title = title_from_text(blocks)
    return parts


class _Reader:
    """Goes through the blocks once and fills sections and pictures."""

    def __init__(self, blocks: list[Block], parts: Parts, known: Known) -> None:
        self._blocks = blocks
        self._parts = parts
        self._own = known.own
        self._base = known.base
        self._self_key = link_key_of(known)
        self._section = _Open()
        self._before_sponsor: str | None = None
        self._closed: list[_Open] = []
        self._latest = self._section
        self._starred: list[tuple[_Open, int]] = []
        self._has_star_note = False
        self._links = 0
        self._ad_until = -1

    def read(self, first: int) -> None:
        """Read everything from block number `first` on."""
        blocks = self._blocks
        level = 0
        for number in range(first, len(blocks)):
            block = blocks[number]
            previous_level, level = level, 0
            listed = () if self._parts.topics or self._links else listed_topics(blocks, number)
            if listed:
                self._parts.topics = listed
                heading = None
            else:
                heading = headings.heading_of(blocks, number, in_sponsor=self._section.sponsored)
            if block.ruled and self._section.sponsored and heading is None:
                self._end_sponsor()
            if heading is not None:
                self._ad_until = -1
                level = heading.level
                if heading.is_marker:
                    self._end_sponsor()
                elif previous_level and level >= previous_level + 2:
                    self._section.sponsored |= heading.sponsored
                else:
                    self._start(heading)
            if block.anchors:
                self._read_links(number)
            elif _is_advertisement(block.text):
                # an advertisement of several paragraphs is marked in its first; its link follows
                self._ad_until = number + _AD_BLOCKS
            if block.pictures:
                self._read_pictures(number)
            if not self._has_star_note and "*" in block.text and _STAR_NOTE.search(block.text):
                self._has_star_note = True
        self._close()
        if self._has_star_note:
            for section, index in self._starred:
                section.links[index] = replace(section.links[index], sponsored=True)
        self._parts.sections = [Section(section.title, tuple(section.links)) for section in self._closed]

    def _start(self, heading: headings.Heading) -> None:
        self._before_sponsor = self._section.title if heading.sponsored else None
        self._close()
        self._section = _Open(heading.title, heading.sponsored)

    def _end_sponsor(self) -> None:
        """After an advertisement the section before it goes on."""
        if self._section.sponsored and self._before_sponsor is not None:
            title = self._before_sponsor
            self._close()
            self._section = _Open(title)
            self._before_sponsor = None

    def _close(self) -> None:
        section = self._section
        if section.title is not None or section.links:
            self._closed.append(section)

    def _read_links(self, number: int) -> None:
        block = self._blocks[number]
        text = block.text
        offers = is_offer(text)
        own, section = self._own, self._section
        sponsored = section.sponsored or number <= self._ad_until or _is_advertisement(text)
        self._ad_until = -1
        after = 0
        last = ""
        for anchor in block.anchors:
            if not anchor.key or self._links >= MAX_LINKS:
                continue
            words = text[anchor.start : anchor.end].strip()
            if not words and block.pictures and _PICTURE_FILE.search(anchor.url):
                continue
            if is_chrome(anchor.key, words, own) or anchor.key == self._self_key:
                continue
            if offers and is_offer(_line_at(text, anchor.start)):
                continue
            if anchor.carried and self._continues(anchor, words):
                continue
            if is_generic(words):
                title = title_from_context(
                    text, anchor.start, anchor.end, after=after, is_item=block.kind == "li", last=last
                )
                title = title or self._title_nearby(number, words) or readable_address(anchor.key)
            else:
                title = words
            last = title = tidied(title) or readable_address(anchor.key)
            after = anchor.end
            if text[anchor.end : anchor.end + 1] == "*" or text[anchor.end : anchor.end + 2] == " *":
                self._starred.append((section, len(section.links)))
            section.links.append(
                Link(
                    anchor.url,
                    anchor.key,
                    title,
                    bounded(folded(words), MAX_TITLE) if len(words) > MAX_TITLE or "\n" in words else words,
                    section.title,
                    excerpt_of(text, anchor.start, anchor.end),
                    sponsored,
                )
            )
            self._links += 1
            self._latest = section

    def _continues(self, anchor: Anchor, words: str) -> bool:
        """A link around several blocks counts once, with the first text it holds."""
        links = self._latest.links
        if not links or links[-1].key != anchor.key:
            return False
        last = links[-1]
        if words and not last.text:
            links[-1] = replace(last, text=words, title=tidied(words) or last.title)
        return True

    def _title_nearby(self, number: int, words: str) -> str:
        """A name for a link that stands alone: its picture, the caption, the line or heading before it."""
        blocks = self._blocks
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
        title = self._section.title
        return f"{title}: {words}" if title and words and not is_address(words) and len(words) > 2 else ""

    def _read_pictures(self, number: int) -> None:
        images = self._parts.images
        for picture in self._blocks[number].pictures:
            if len(images) >= MAX_IMAGES or AVATAR.search(picture.src) or _DIVIDER.search(picture.src):
                continue
            url = absolute(picture.src, self._base)
            if url is not None:
                images.append(Image(url, bounded(picture.alt, MAX_TITLE), self._caption(number)))

    def _caption(self, number: int) -> str:
        """What stands under a picture, or, among pictures of the day, over it; a bare address is no caption."""
        caption = self._caption_text(number)
        return "" if is_address(caption) else caption

    def _caption_text(self, number: int) -> str:
        blocks = self._blocks
        below = blocks[number + 1] if number + 1 < len(blocks) else None
        if below is not None and not below.pictures and (below.kind == "caption" or below.is_small):
            return bounded(folded(below.text), MAX_TITLE)
        own_text = folded(blocks[number].text)
        if blocks[number].kind == "caption" or (own_text and blocks[number].is_small):
            return bounded(own_text, MAX_TITLE)
        if not self._section.title or not _PICTURES_SECTION.search(self._section.title):
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
            if words == below.text.strip() and not is_generic(words) and not is_chrome(anchor.key, words, self._own):
                return bounded(folded(words), MAX_TITLE)
        return ""


def _is_advertisement(text: str) -> bool:
    """The paragraph says of itself that it is paid for."""
    marked = "(" in text or "[" in text or text[:7].lower() == "sponsor"
    return marked and _INLINE_SPONSOR.search(text) is not None


def _line_at(text: str, position: int) -> str:
    end = text.find("\n", position)
    return text[text.rfind("\n", 0, position) + 1 : end if end >= 0 else len(text)]


def link_key_of(known: Known) -> str | None:
    """The key of the issue's own address."""
    from bot.newsletter.links import link_key

    return link_key(known.url) if known.url else None


def is_paywalled(blocks: list[Block], text: str) -> bool:
    """A paragraph says that the rest is for those who pay; `text` is all of it in lower case."""
    if not any(word in text for word in _PAYWALL_WORDS):
        return False
    return any(_PAYWALL.search(block.text) for block in blocks if len(block.text) < 400)


def lead_picture(parts: Parts, known: Known) -> str | None:
    """The picture the source names, else the first of the issue that is no portrait."""
    if known.image_url:
        return clean_url(known.image_url, known.base)
    return parts.images[0].url if parts.images else None
