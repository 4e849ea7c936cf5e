"""Which blocks are headings: real ones, bold lines, emoji lines and "from our sponsor" that act as such."""

import re
from dataclasses import dataclass

from bot.newsletter.markup.blocks import Block
from bot.newsletter.rules import rule
from bot.newsletter.text import LEADING_EMOJI, bounded, folded

MAX_HEADING = 200
LABEL = 7
"""The level of a line that is no heading element."""

NEVER = frozenset({"li", "td", "caption"})
"""Kinds of block that are no headings, whatever they hold."""

_MARKER = rule(
    r"\W*(?:no\.? ?)?\d{1,3}\W*$",
    "a line that is nothing but a number of a story",
    source="newsletters of the shared corpora",
    specimens=("1/", "12.", "No. 3", "no3", "· 4 ·"),
    others=("3 ways to bake", "1984", "No. 12 is late", "nos 3"),
    flags=re.IGNORECASE,
    how="match",
)
_SPONSOR_LABEL = rule(
    r"\W*(?:(?:a )?(?:quick )?(?:word|message|note|words)? ?(?:from|by) (?:our|today.?s|this week.?s|the) "
    r"(?:\w+ )?(?:sponsors?|partners?)\b.{0,40}"
    r"|(?:together|in partnership|in collaboration) with\b.{0,60}|presented by\b.{0,60}|brought to you by\b.{0,60}"
    r"|sponsor(?:ed)?(?: by\b.{0,60}| post| content| message| spotlight| links?|s)?"
    r"|(?:today|this week).?s sponsor.{0,40}|our (?:main )?sponsors?|advertisement|ad|promoted"
    r"|partner (?:content|spotlight|message))\W*$",
    "a line that says who pays for what follows",
    source="tests/corpus/beehiiv-clicks.md",
    specimens=(
        "From our sponsor",
        *"A quick word from our sponsors / Message from today’s sponsor".split(" / "),
        *"Note by this week’s partner / Words from the founding partners / Together with Crumb".split(" / "),
        *"In partnership with Crumb / In collaboration with Crumb / Presented by Crumb".split(" / "),
        *"Brought to you by Crumb / Sponsored by Crumb / Sponsored post / Sponsored content".split(" / "),
        *"Sponsored message / Sponsor spotlight / Sponsored link / Sponsored links / Sponsors".split(" / "),
        *"Today’s sponsor / This week’s sponsor: Crumb / Our sponsor / Our main sponsors".split(" / "),
        *"Advertisement / AD / Promoted / Partner content / Partner spotlight".split(" / "),
        "Partner message",
    ),
    others=(
        "State-sponsored hackers",
        "Sponsor a hive of bees",
        "Adverbs",
        "From our readers",
        "Promoted to head baker",
    ),
    flags=re.IGNORECASE | re.DOTALL,
    how="match",
)
_SPONSOR_WORDS = ("ponsor", "lassified", "dvertisement")  # each of the next has one
# a heading with such a word is the advertisement's; "State-sponsored hackers" and "GitHub Sponsors grows" are news
_SPONSORED = rule(
    r"(?<!-)\b(?:sponsored|unclassifieds?|classifieds?|advertisements?)\b"
    r"|\b(?:our|from|by|with|(?:today|week|month).?s) (?:\w+ )?sponsors?\b|^\W*sponsors?\b(?:\W*$|\s*[:|–—-])",
    "a heading that says that what follows is paid for",
    source="tests/corpus/beehiiv-clicks.md",
    specimens=(
        "Sponsored links",
        "Classifieds",
        "Unclassifieds",
        "Advertisements",
        *"Our sponsors / News from sponsors / Picked by sponsors / With sponsors".split(" / "),
        *"Today’s sponsor / This week’s sponsor / This month’s main sponsor / 🍞 Sponsor".split(" / "),
        "Sponsors: Crumb",
    ),
    others=(
        "State-sponsored hackers",
        "How to find a sponsor",
        "Hive Sponsors grows",
        "Declassified papers",
        "Sponsor a hive",
    ),
    flags=re.IGNORECASE,
)
_CLASSIFIEDS = rule(
    r"\W*(?:un)?classifieds\b.{0,60}$",
    "a line that opens small advertisements",
    source="newsletters of the shared corpora",
    specimens=("📰 Unclassifieds - short, paid links", "Classifieds"),
    others=("Declassified papers", "Classified papers", "The classifieds"),
    flags=re.IGNORECASE | re.DOTALL,
    how="match",
)
_PAYWALL = rule(
    r"subscribe to .{1,80} to (?:read|unlock) the rest",
    "a heading that stands where a text is cut off",
    source="tests/corpus/beehiiv-paywalled.md",
    specimens=("Subscribe to Slow Loaf Plus to read the rest.", "Subscribe to Slow Loaf to unlock the rest"),
    others=("Subscribe to read more", "Subscribe to Slow Loaf to read the news", "Read the rest"),
    flags=re.IGNORECASE,
)
_SECTION_WORDS = rule(
    r"(?:the |our |\w+['’]s |top )?(?:picks?|tools?|news|learn(?:ing)?|research|misc(?:ellaneous)?|headlines?"
    r"|links?|intro(?:duction)?|highlights?|tl;?dr|contents?|overview|summary|what.s new|welcome"
    r"|stories|events|jobs|articles|updates?|tutorials|projects|releases|libraries)\b",
    "what newsletters call their sections",
    source="newsletters of the shared corpora",
    specimens=(
        "The news",
        "Our picks",
        "Today’s tools",
        "Top stories",
        "Mia's picks",
        "What’s new",
        *"Learning Research Miscellaneous Headlines Links Introduction Highlights TL;DR Contents".split(),
        *"Overview Summary Welcome Events Jobs Articles Updates Tutorials Projects Releases Libraries".split(),
    ),
    others=("Newsroom", "Good news", "Toolbox", "Linked lists", "Mia’s mill", "Projection"),
    flags=re.IGNORECASE,
    how="match",
)


@dataclass(frozen=True, slots=True)
class Heading:
    """`level` 1-6 as written, or `LABEL`; a marker (`1/`) numbers a story and names no section."""

    title: str
    level: int
    sponsored: bool = False
    is_marker: bool = False


def names_a_section(title: str | None) -> bool:
    """What newsletters call their sections: "News", "Today's tools"."""
    return title is not None and len(title.split()) < 3 and _SECTION_WORDS.match(title) is not None


def heading_of(blocks: list[Block], number: int, *, in_sponsor: bool) -> Heading | None:
    """The heading that a block is, or None. Bold lines inside an advertisement are its own headlines."""
    block = blocks[number]
    text = block.text
    if not text or len(text) > MAX_HEADING:
        return None
    kind = block.kind
    if kind[0] == "h":
        if _PAYWALL.search(text):
            return None
        title = block.marked or text
        return _heading(title, int(kind[1]), whole=text)
    if kind != "p" or len(text) > 90 or len(text) < 2:
        return None
    if not block.anchors and "\n" not in text:
        if len(text) <= 60 and _SPONSOR_LABEL.match(text):
            return Heading(_named(text), LABEL, sponsored=True)
        if _CLASSIFIEDS.match(text):
            return Heading(_named(re.split(r"\s*[-–—:]\s", text)[0]), LABEL, sponsored=True)
        bold = "<strong" in block.raw or "<b" in block.raw
        if bold and text[-1] not in ".,;!" and block.is_bold:
            if in_sponsor and not _MARKER.match(text):
                return None
            return _heading(text, LABEL, whole=text)
        if LEADING_EMOJI.match(text) and len(text) <= 40 and text[-1] not in ".,;!?:" and _opens(blocks, number):
            return Heading(_named(text), 3, sponsored=_says_sponsored(text))
    elif block.anchors and len(text) <= 60 and _TOGETHER.match(text):
        return Heading(_named(text), LABEL, sponsored=True)
    return None


_TOGETHER = rule(
    r"\W*(?:together with|presented by|brought to you by|sponsored by|in partnership with)\b",
    "a line with a link that names who pays for the issue",
    source="tests/corpus/beehiiv-feed.xml",
    specimens=(
        "Together with Rye & Co",
        "Presented by Crumb",
        "🤝 Brought to you by Crumb",
        "SPONSORED BY",
        "In partnership with Crumb",
    ),
    others=("We bake together with friends", "Presented bylines"),
    flags=re.IGNORECASE,
    how="match",
)


def is_subtitle(blocks: list[Block], position: int) -> bool:
    """The heading right after the title says more about the issue; it does not open its first section."""
    if position >= len(blocks):
        return False
    block = blocks[position]
    text = block.text
    if block.kind[0] != "h" or block.kind == "h1" or not text or len(text) > 400 or _MARKER.match(text):
        return False
    following = blocks[position + 1] if position + 1 < len(blocks) else None
    is_section = names_a_section(LEADING_EMOJI.sub("", text))
    if block.kind == "h2":
        if following is None:
            return False
        return following.kind[0] == "h" or (following.pictures != [] and not following.text and not is_section)
    if is_section or _says_sponsored(text) or (following is not None and following.kind == "li"):
        return False
    # smaller ones are taken for sections, too: those come in numbers
    return block.kind == "h3" or all(other.kind != block.kind for other in blocks[position + 1 :])


def _heading(title: str, level: int, *, whole: str) -> Heading:
    if _MARKER.match(title):
        return Heading(title, level, is_marker=True)
    return Heading(_named(title), level, sponsored=_says_sponsored(whole) or _SPONSOR_LABEL.match(whole) is not None)


def label_of(text: str) -> Heading:
    """The heading that these words are where they name what follows them on their line."""
    return _heading(text, LABEL, whole=text)


def _says_sponsored(text: str) -> bool:
    lowered = text.lower()
    return any(word in lowered for word in _SPONSOR_WORDS) and _SPONSORED.search(text) is not None


def _named(title: str) -> str:
    return bounded(folded(title).rstrip(": "), MAX_HEADING)


def _opens(blocks: list[Block], number: int) -> bool:
    """A list or a small heading follows."""
    following = blocks[number + 1] if number + 1 < len(blocks) else None
    return following is not None and (following.kind == "li" or following.kind in {"h4", "h5", "h6"})
