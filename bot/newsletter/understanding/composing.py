"""Blocks -> the parts of an issue: title, subtitle, topics, authors, sections with their links, pictures, paywall.

The rules are about shapes that newsletters share (a heading, a bold line that acts as one, "from our sponsor", a list
under "in today's email"); what belongs to one platform stands in `bot.newsletter.platforms`.
"""

import re
from dataclasses import dataclass, field, replace

from bot.model.issue import Image, IssuePoll, Link, Section
from bot.newsletter.addresses.chrome import (
    Own,
    host_in,
    is_chrome,
    is_offer,
    learn_own,
    may_invite,
    odd_keys,
    without_invites,
)
from bot.newsletter.addresses.links import MAX_SHOWN, absolute, clean_url, link_key
from bot.newsletter.addresses.readable import readable_address
from bot.newsletter.addresses.stamps import cut_stamps
from bot.newsletter.markup.blocks import Anchor, Block, naming_nobody
from bot.newsletter.markup.pictures import Picture, is_portrait
from bot.newsletter.rules import rule
from bot.newsletter.text import MAX_TITLE, bounded, folded
from bot.newsletter.understanding import headings
from bot.newsletter.understanding.mastheads import Known, Parts, read_head, title_from_text
from bot.newsletter.understanding.polls import may_hold_polls, take_polls
from bot.newsletter.understanding.run_ins import learn_home, listed_above, run_ins
from bot.newsletter.understanding.surroundings import caption_of, title_nearby
from bot.newsletter.understanding.titles import (
    excerpt_of,
    is_address,
    is_generic,
    tidied,
    title_from_context,
    whole_of_fragment,
    without_edges,
)
from bot.newsletter.understanding.topics import listed_topics, topics_from_subtitle

MAX_LINKS = 2_000
MAX_IMAGES = 500
_MOST_MENTIONS = 200
_AD_BLOCKS = 4

_PAID_MARK = rule(
    r"[(\[]\s*(?:sponsor(?:ed)?|ad|advertisement|paid|promoted|affiliate(?: link)?)\s*[)\]]",
    "a mark in brackets that says that a link is paid for",
    source="newsletters of the shared corpora",
    specimens=(
        "Salt (sponsor)",
        "Salt (Sponsored)",
        *"[ad] (advertisement) (paid) (promoted) (affiliate)".split(),
        "( affiliate link )",
    ),
    others=("(ads are back)", "sponsor", "(unpaid)", "(paid for)"),
    flags=re.IGNORECASE,
)
_PAID_LABEL = rule(
    r"\W*+(?:(?:(?:our|(?:today|this week).?s) )?sponsor(?:ed)?(?: by [^:|\n]{1,60})?(?:\s*[:|–—]|\s+-)"
    r"|our sponsor,? (?-i:(?=[A-Z0-9]))|paid (?:promotion|partnership|placement)(?:\s*[:|–—]|\s+-)"
    r"|(?:\w+ )?(?:thanks|thank you) to [^.!?\n]{1,80} for sponsoring\b"
    r"|(?:(?:this|today.?s) \w+ (?:is|was) )?(?:brought to you|sponsored) by\b)",
    "what a paragraph begins with that is paid for",
    source="newsletters of the shared corpora",
    specimens=(
        "Sponsor: Crumb",
        "Our sponsor - Crumb",
        "Today’s sponsor | Crumb",
        "This week’s sponsor: Crumb",
        "Sponsored – salt",
        "Sponsored by Crumb: salt",
        "Sponsor by Crumb: salt",
        "Our sponsor, Crumb, mills",
        "Paid promotion: salt",
        "Paid partnership - salt",
        "Paid placement | salt",
        "Many thanks to Crumb for sponsoring",
        "Thank you to Crumb for sponsoring",
        "This loaf is brought to you by Crumb",
        "Today’s loaf was sponsored by Crumb",
        "Sponsored by Crumb",
    ),
    others=(
        "Sponsor a hive",
        "Our sponsor is late",
        "Thanks to rain for growing",
        "The mill was sponsored by Crumb",
        "Paid promotions",
    ),
    flags=re.IGNORECASE,
    how="match",
)
_PAID_TAG = rule(
    r"\s#(?:ad|sponsored)\W*\Z|\A#(?:ad|sponsored)\b",
    "a tag at an edge of a text that says that it is paid for",
    source="https://www.ftc.gov/business-guidance/resources/ftcs-endorsement-guides-what-people-are-asking",
    specimens=("Salt #ad", "#ad", "Salt #sponsored!", "#ad Salt", "#sponsored Salt"),
    others=("#adventure", "C#ad", "Salt #ad campaigns", "Salt #sponsored by nobody"),
    flags=re.IGNORECASE,
)
_STAR_NOTE = rule(
    r"(?:^|\n)\s*\*\s*(?:sponsor|affiliate|ad\b|paid|partner)",
    "a note that explains a star behind links: they are paid for",
    source="newsletters of the shared corpora",
    specimens=("* sponsored", "More →\n*affiliate link", "*ad", "* paid link", "* partner"),
    others=("* advice", "Salt * sponsor", "*salt", "sponsored"),
    flags=re.IGNORECASE,
)
# under a post that is shown with its words: "— Name (@name), Oct 12, 2022"
_SIGNATURE = rule(
    r"(?:(?:^|\n)[—–-]|(?<= )[—–]) ?[^\n—–]{1,100}\(@\w{1,30}\)",
    "who wrote a post that is shown with its words",
    source="newsletters of the shared corpora",
    specimens=("— Mia Moss (@mia)", "Rain again.\n- Mia (@mia)", "Rain again. — Mia (@mia) May 1"),
    others=("Rain - Mia (@mia)", "Mia (@mia)", "— Mia Moss", "rain—Mia (@mia)", "— (@)"),
)
_LONGEST_SIGNATURE = 200
_NEARBY = 2_000
_DAY = rule(
    r"[A-Z][a-z]{2,8}\.? \d{1,2}, 20\d\d\Z",
    "the day of a post as its link says it",
    source="newsletters of the shared corpora",
    specimens=("October 12, 2022", "Oct. 5, 2023"),
    others=("12 October 2022", "Oct 5, 1999", "Oct 5, 2023 at noon", "oct 5, 2023"),
    how="match",
)
_FOOTNOTE = rule(
    r"/(?:rss|feed|atom)(?:\.xml)?/?#fn(?:ref)?:",
    "the address of a footnote within a feed",
    source="tests/corpus/buttondown-feed.xml",
    specimens=("https://mill.example/rss#fn:1", "/feed.xml#fnref:2", "/atom/#fn:salt"),
    others=("https://mill.example/loaf#fn:1", "/feed.xml#top", "/rss#fnord"),
)
_MORE = frozenset({"view more", "see more", "show more", "more", "view all", "see all", "show all"})
_LINE_ITEM = ("- ", "* ", "• ")  # a list whose marks a conversion escaped
_PICTURE_FILE = rule(
    r"\.(?:png|jpe?g|gif|webp|svg|avif|bmp)(?:$|[?#])|/image/fetch/",
    "the address of a picture, by how it ends or by who serves it",
    source="newsletters of the shared corpora",
    specimens=(
        *".png .jpg .jpeg .gif .webp .svg .avif .bmp".split(),
        "https://mill.example/loaf.JPG?w=6",
        "https://cdn.example/image/fetch/w_600/loaf",
    ),
    others=("https://mill.example/loaf", "loaf.pngs", "loaf.png.html", "https://mill.example/image/loaf"),
    flags=re.IGNORECASE,
)
# stored files that are shown only with their token (Firebase, Supabase) or to the account of a machine (Google)
_PERMIT = rule(
    r"https://(?:(?:firebase)?storage\.googleapis\.com/|[^/?#]+/storage/v1/object/sign/)[^?#]*\?(?:[^#]*?&)?"
    r"(token=[\w.-]+|GoogleAccessId=[\w.-]+(?:@|%40)[\w.-]+\.gserviceaccount\.com)",
    "the address of a stored file, with what it is shown for",
    source="https://cloud.google.com/storage/docs/access-control/signed-urls-v2",
    specimens=(
        "https://storage.googleapis.com/b/loaf.png?GoogleAccessId=bot%40mill.iam.gserviceaccount.com&Expires=1",
        "https://storage.googleapis.com/b/loaf.png?Expires=1&GoogleAccessId=bot@mill.iam.gserviceaccount.com",
        "https://firebasestorage.googleapis.com/v0/b/mill/o/loaf.png?alt=media&token=0f-1e",
        "https://mill.supabase.example/storage/v1/object/sign/b/loaf.png?token=eyJh.eyJ1.c2",
    ),
    others=(
        "https://mill.example/loaf.png?token=0f-1e",
        "https://storage.googleapis.com/b/loaf.png?reader=0f",
        "https://mill.supabase.example/storage/v1/object/public/loaf.png?token=0f",
    ),
    how="match",
)
_MAY_NAME = rule(
    "[?@;%]",
    "an address with a part that may say who reads",
    source="https://www.rfc-editor.org/rfc/rfc3986#section-3",
    specimens=("/loaf?for=mia", "//mia@mill.example", "/loaf;for=mia", "/loaf%3Fmia"),
    others=("https://mill.example/loaf.png", "/loaf#crust"),
)
_DIVIDER = rule(
    r"/(?:line|divider|separator|spacer|hr)[-_ ]?\d*\.\w{3,4}(?:$|[?#])",
    "a picture that is only a line between others",
    source="newsletters of the shared corpora",
    specimens=("https://mill.example/line.png", "/divider-2.svg", "/separator_1.png?w=600", "/Spacer.gif", "/hr.webp"),
    others=("/headline.png", "/lines.png", "/line-up.png", "/hrx.png", "/line"),
    flags=re.IGNORECASE,
)


@dataclass(slots=True)
class _Open:
    """The section being read, by a heading of which level."""

    title: str | None = None
    level: int = 0
    sponsored: bool = False
    links: list[Link] = field(default_factory=list)


def compose(blocks: list[Block], known: Known, text: str, polls: tuple[IssuePoll, ...] = ()) -> Parts:
    """Read the blocks of one issue from top to bottom; `text` is all of it in lower case.

    What that text does not hold anywhere is not looked for in every block.
    """
    found_polls: tuple[IssuePoll, ...] = ()
    if may_hold_polls(text):
        blocks, found_polls = take_polls(blocks)
    parts = Parts(
        title=naming_nobody(known.title or ""),
        subtitle=naming_nobody(known.subtitle) if known.subtitle else None,
        authors=known.authors,
        published_at=known.published_at,
        polls=polls + found_polls,
    )
    own = known.own
    links = [(a.key, a.stamp, b.text[a.start : a.end]) for b in blocks for a in b.anchors if a.key]
    learn_own(own, links)
    if _cut_stamps(blocks, own):
        links = [(a.key, a.stamp, "") for b in blocks for a in b.anchors if a.key]
    first = read_head(blocks, parts, known)
    _forget_repeated_alts(blocks, parts.title or known.title or "")
    stories = run_ins(blocks, first)
    if stories and parts.subtitle is None:
        parts.subtitle = listed_above(blocks, first, stories)
    if known.url is None and not own.hosts:
        learn_home(blocks, parts.title, own)
    _Reader(blocks, parts, known, stories, odd=odd_keys([key for key, _, _ in links])).read(first)
    parts.paywalled = known.paywalled
    if not parts.topics:
        parts.topics = topics_from_subtitle(parts.subtitle)
    if not parts.title:
        parts.title = title_from_text(blocks, known)
    if may_invite(text):
        _take_invites(parts)
    return parts


def _forget_repeated_alts(blocks: list[Block], title: str) -> None:
    """An alternative text that repeats the title says nothing of its picture: Ghost writes it over every other."""
    title = folded(title).casefold()
    for block in blocks:
        if block.pictures:
            named: list[Picture | Anchor] = [*block.pictures, *block.anchors]
            for each in named:
                if each.alt and each.alt.casefold() == title:
                    each.alt = ""


def _cut_stamps(blocks: list[Block], own: Own) -> bool:
    """Take what shows to be the newsletter's stamp out of its links, which keep their old keys as others; if any is."""
    anchors = [anchor for block in blocks for anchor in block.anchors if anchor.key]
    if not any("?" in anchor.key for anchor in anchors):
        return False
    cut = cut_stamps([(anchor.url, anchor.key) for anchor in anchors], own)
    for anchor in anchors if cut else ():
        if anchor.url in cut:
            anchor.alias = anchor.key
            anchor.url, anchor.key = cut[anchor.url]
    return bool(cut)


def _take_invites(parts: Parts) -> None:
    """Take invitations to Discord servers out of every text that is shown."""
    parts.title = without_invites(parts.title)
    parts.subtitle = without_invites(parts.subtitle) if parts.subtitle else None
    parts.topics = tuple(topic for each in parts.topics if (topic := without_invites(each)))
    parts.images = [
        replace(image, alt=without_invites(image.alt), caption=without_invites(image.caption)) for image in parts.images
    ]
    parts.sections = [
        Section(title, tuple(_without_invites(link, title) for link in section.links))
        for section in parts.sections
        for title in (without_invites(section.title) if section.title else None,)
    ]


def _without_invites(link: Link, section: str | None) -> Link:
    return replace(
        link,
        title=without_invites(link.title) or readable_address(link.key),
        text=without_invites(link.text),
        section=section,
        excerpt=without_invites(link.excerpt),
    )


class _Reader:
    """Goes through the blocks once and fills sections and pictures."""

    def __init__(
        self,
        blocks: list[Block],
        parts: Parts,
        known: Known,
        stories: dict[int, headings.Heading],
        *,
        odd: frozenset[str],
    ) -> None:
        self._blocks = blocks
        self._odd = odd
        self._stories = stories
        self._parts = parts
        self._own = known.own
        self._base = known.base
        self._self_key = link_key(known.url) if known.url else None
        self._section = _Open()
        self._before_sponsor: _Open | None = None
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
            heading = None
            if listed:
                self._parts.topics = listed
            elif number in self._stories:
                heading = self._stories[number]
            elif block.kind not in headings.NEVER:
                heading = headings.heading_of(
                    blocks, number, in_sponsor=self._section.sponsored and self._is_headline_due()
                )
            if block.ruled and self._section.sponsored and heading is None:
                self._end_sponsor()
            if heading is not None:
                self._ad_until = -1
                level = heading.level
                if heading.is_marker:
                    self._end_sponsor()
                elif previous_level and level >= previous_level + 2:
                    self._section.sponsored |= heading.sponsored
                elif self._is_headline(heading):
                    pass
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

    def _is_headline(self, heading: headings.Heading) -> bool:
        """The heading is that of the advertisement, below its label and before its link."""
        section = self._section
        is_below = section.sponsored and section.level < heading.level < headings.LABEL
        return is_below and not section.links and not headings.names_a_section(heading.title)

    def _is_headline_due(self) -> bool:
        """A bold line belongs to the advertisement here: one that a label begins has its headline before its link."""
        return self._section.level < headings.LABEL or not self._section.links

    def _start(self, heading: headings.Heading) -> None:
        self._before_sponsor = self._section if heading.sponsored else None
        self._close()
        self._section = _Open(heading.title, heading.level, heading.sponsored)

    def _end_sponsor(self) -> None:
        """After an advertisement the section before it goes on."""
        if self._section.sponsored and self._before_sponsor is not None:
            before = self._before_sponsor
            self._close()
            self._section = _Open(before.title, before.level)
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
        has_lines, may_be_signed = "\n" in text, "(@" in text
        after = 0
        last = ""
        for anchor in block.anchors:
            if not anchor.key or self._links >= MAX_LINKS:
                continue
            words = text[anchor.start : anchor.end].strip()
            if not words and block.pictures and _PICTURE_FILE.search(anchor.url):
                continue
            if anchor.key == self._self_key or anchor.acts:
                continue
            if is_chrome(anchor.key, words, own, is_odd=anchor.key in self._odd):
                if own.owns(host_in(anchor.key)) and len(self._parts.mentions) < _MOST_MENTIONS:
                    self._parts.mentions.append(anchor.key)
                continue
            if offers and is_offer(_line_at(text, anchor.start)):
                continue
            if "#fn" in anchor.url and _FOOTNOTE.search(anchor.url):
                continue
            if anchor.carried and self._continues(anchor, words):
                continue
            is_item = block.kind == "li"
            if has_lines:
                line = text.rfind("\n", 0, anchor.start) + 1
                if text.startswith(_LINE_ITEM, line):
                    is_item = True
                    if line >= after:
                        after, last = line + 1, ""
            if may_be_signed and (quoted := self._words_of_post(number, anchor)):
                title = quoted
            elif is_generic(words):
                title = self._title_around(number, anchor, words, after=after, is_item=is_item, last=last)
            else:
                title = whole_of_fragment(text, anchor.start, anchor.end, after=after)
                title = title or without_edges(text, anchor.start, anchor.end)
            last = title = tidied(title) or readable_address(anchor.key)
            after = anchor.end
            if text.startswith(("*", " *"), anchor.end):
                self._starred.append((section, len(section.links)))
            excerpt = excerpt_of(text, anchor.start, anchor.end)
            section.links.append(
                Link(
                    anchor.url,
                    anchor.key,
                    title,
                    _anchor_text(words),
                    section.title,
                    excerpt.removeprefix("- ") if has_lines else excerpt,
                    sponsored or anchor.is_paid,
                    anchor.alias,
                )
            )
            self._links += 1
            self._latest = section

    def _title_around(self, number: int, anchor: Anchor, words: str, *, after: int, is_item: bool, last: str) -> str:
        """A title for an anchor that says nothing, from what stands around it."""
        links, section = self._section.links, self._section.title
        if last and links and words.strip(" .→»›").lower() in _MORE and host_in(links[-1].key) != host_in(anchor.key):
            return f"{section}: {words}" if section else ""
        text = self._blocks[number].text
        if anchor.alt and not words and not text[after : anchor.start].strip():
            return anchor.alt
        title = title_from_context(text, anchor.start, anchor.end, after=after, is_item=is_item, last=last)
        if title.count("://") > 1:
            return ""  # a row of addresses: each is its own name
        return title or self._headline_above(number) or title_nearby(self._blocks, number, words, section)

    def _headline_above(self, number: int) -> str:
        """The headline of a story that a button ends: no link stands between; a section's name ("News") is none."""
        if self._section.links or self._blocks[number].pictures or is_address(self._blocks[number].text):
            return ""
        for block in reversed(self._blocks[max(number - 3, 0) : number]):
            if block.kind[0] == "h":
                return block.text if len(block.text.split()) > 2 and folded(block.text) == self._section.title else ""
            if block.anchors or block.pictures:
                break
        return ""

    def _words_of_post(self, number: int, anchor: Anchor) -> str:
        """The words of a post whose signature holds the link; empty for any other link."""
        text = self._blocks[number].text
        begin = max(0, anchor.end - _LONGEST_SIGNATURE)
        signature = _SIGNATURE.search(text, begin, anchor.end)
        if signature is None or text.find("(@", 0, begin) >= 0:
            return ""
        if anchor.end < signature.end() or not (
            anchor.start < signature.end() or _DAY.match(text[anchor.start : anchor.end])
        ):
            return ""
        words = text[: signature.start()].strip()
        before = self._blocks[number - 1] if number and not words else None
        if before is not None and before.kind == "p" and not before.anchors:
            words = before.text
        return bounded(folded(words), 160)

    def _continues(self, anchor: Anchor, words: str) -> bool:
        """A link around several blocks counts once, with the first text it holds."""
        links = self._latest.links
        if not links or links[-1].key != anchor.key:
            return False
        last = links[-1]
        if words and not last.text:
            links[-1] = replace(last, text=_anchor_text(words), title=tidied(words) or last.title)
        return True

    def _read_pictures(self, number: int) -> None:
        images = self._parts.images
        for picture in self._blocks[number].pictures:
            if len(images) >= MAX_IMAGES or is_portrait(picture.src) or _DIVIDER.search(picture.src):
                continue
            url = _picture_url(picture.src, self._base)
            if url is not None:
                if not picture.is_icon:
                    self._parts.lead_url = self._parts.lead_url or url
                images.append(
                    Image(
                        url,
                        bounded(picture.alt, MAX_TITLE),
                        caption_of(self._blocks, number, self._section.title, self._own),
                    )
                )


def _anchor_text(words: str) -> str:
    return bounded(folded(words), MAX_TITLE) if len(words) > MAX_TITLE or "\n" in words else words


def _is_advertisement(text: str) -> bool:
    """The paragraph says of itself that it is paid for."""
    if ("(" in text or "[" in text) and _PAID_MARK.search(text):
        return True
    return _PAID_LABEL.match(text) is not None or ("#" in text and _PAID_TAG.search(text) is not None)


def _line_at(text: str, position: int) -> str:
    """The line there, or as much of it as stands nearby."""
    low, high = max(0, position - _NEARBY), position + _NEARBY
    begin, end = text.rfind("\n", low, position), text.find("\n", position, high)
    return text[begin + 1 if begin >= 0 else low : end if end >= 0 else high]


def lead_picture(parts: Parts, known: Known) -> str | None:
    """The picture the source names, else the first of the issue that is neither portrait nor icon."""
    if known.image_url:
        return _picture_url(known.image_url, known.base)
    return parts.lead_url


def _picture_url(src: str, base: str | None) -> str | None:
    """The address of a picture without what says who reads, but with what its host asks for before it shows it."""
    url = absolute(src, base)
    if url is None or (len(url) <= MAX_SHOWN and _MAY_NAME.search(url) is None):
        return url
    url = clean_url(url)
    if url is None or (permit := _PERMIT.match(src)) is None or permit[1] in url:
        return url
    signed = f"{url}{'&' if '?' in url else '?'}{permit[1]}"
    return signed if len(signed) <= MAX_SHOWN else None
