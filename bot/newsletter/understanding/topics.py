"""What an issue is about: the list under "in today's email", or the subtitle taken apart."""

import re
from collections.abc import Iterable

from bot.newsletter.markup.blocks import Block
from bot.newsletter.rules import rule
from bot.newsletter.text import EMOJI, bounded, folded, without_emoji

MAX_TOPICS = 25
_MAX_TOPIC = 150

_LABEL = rule(
    r"list the topics|(?:in|inside) (?:this|today.?s) (?:issue|edition|email|newsletter)\b|today we.ve got"
    r"|what.s (?:inside|in (?:this|today.s))|topics (?:in|of) (?:this|today)",
    "words over the list of what an issue is about, in small letters",
    source="newsletters of the shared corpora",
    specimens=(
        "prompt: list the topics",
        "in this issue",
        "inside today’s edition",
        "in this email",
        "in todays newsletter",
        "today we’ve got:",
        "what’s inside:",
        "what’s in this loaf",
        "what’s in today’s loaf",
        "topics in today",
        "topics of this week",
    ),
    others=("in the issue of milk", "inside today", "today we bake", "topics we like", "what is in it"),
    flags=re.IGNORECASE,
)
_LABEL_WORDS = ("topics", "in this", "in today", "inside", "today we")  # each label above holds one of these
_PLUS = rule(
    r"^\W*plus\b\s*[:,-]?\s*",
    "what a subtitle begins with that adds topics to the title",
    source="newsletters of the shared corpora",
    specimens=("PLUS: ", "Plus, ", "Plus ", "➕ plus - "),
    others=("Plush", "Surplus ", "Pluses: "),
    flags=re.IGNORECASE,
    how="fullmatch",
)
_LAST_OF_LIST = rule(
    r",\s+(?:and|und|et|&)\s+[^,]*\Z",
    "the last of several in a row, behind a comma and a joining word",
    source="tests/corpus/beehiiv-feed.xml",
    specimens=("flour, water, and salt", "Mehl, Wasser, und Salz", "farine, eau, et sel", "flour, water, & salt"),
    others=("flour and salt", "flour, salt", "flour, and water, we hope", "flour, andirons"),
)
_PICTOGRAPH = rule(
    r"(?=[\U0001f000-\U0001faff\u2600-\u27bf\u2b50\u2b55])",
    "where a pictograph begins, as those between topics do",
    source="https://www.unicode.org/reports/tr51/",
    specimens=("📃 flour", "☕ coffee", "✂ shears", "⭐ stars", "⭕ rings"),
    others=("flour", "→ flour", "№ 1", "© Mia"),
)


def listed_topics(blocks: list[Block], number: int) -> tuple[str, ...]:
    """The topics announced by block `number` ("List the topics in today's email:"), from the lines after it."""
    text = blocks[number].text
    if len(text) > 600:
        return ()
    head = text[:120].lower()
    if not any(words in head for words in _LABEL_WORDS) or not _LABEL.search(head):
        return ()
    lines = text.split("\n")[1:]
    if not lines and not text.rstrip().endswith((":", "…", ";", "?")) and len(text) > 80:
        return ()
    for block in blocks[number + 1 : number + 1 + MAX_TOPICS]:
        if block.kind == "li":
            lines.append(block.text)
        elif not lines and block.kind == "p":
            found = block.text.split("\n")
            if len(found) < 2 and len(EMOJI.findall(block.text)) < 2:
                break
            lines = found
            break
        else:
            break
    return _topics(piece for line in lines for piece in _by_emoji(line))


def topics_from_subtitle(subtitle: str | None) -> tuple[str, ...]:
    """The topics a subtitle lists: behind "PLUS:", between emoji, or between commas."""
    if not subtitle:
        return ()
    rest = _PLUS.sub("", subtitle)
    if len(rest) != len(subtitle):
        return _topics(_by_comma(rest) or [rest])
    pieces = _by_emoji(subtitle)
    if len(pieces) > 1:
        return _topics(pieces)
    return _topics(_by_comma(subtitle)) if subtitle.count(", ") > 1 else ()


def _by_emoji(line: str) -> list[str]:
    """Pieces that each begin with a pictograph, `📃 one 🐦 two`; a single piece where there are none."""
    pieces = [piece for piece in _PICTOGRAPH.split(line) if any(map(str.isalnum, piece))]
    return pieces or [line]


def _by_comma(text: str) -> list[str]:
    """`a, b and c` taken apart; nothing without a comma, since "and" joins more than topics."""
    pieces = re.split(r",\s+(?:(?:and|und|et|&)\s+)?", text)
    if len(pieces) > 1 and not _LAST_OF_LIST.search(text):
        pieces[-1:] = re.split(r"\s+(?:and|&)\s+", pieces[-1], maxsplit=1)
    return pieces if len(pieces) > 1 else []


def _topics(pieces: Iterable[str]) -> tuple[str, ...]:
    topics: dict[str, None] = {}
    for piece in pieces:
        topic = without_emoji(folded(piece)).strip(" .,;:•·|-–—")
        if (
            len(topic) > 1
            and any(map(str.isalnum, topic))
            and topic.lower() not in {"more", "more!", "much more", "others"}
        ):
            topics[bounded(topic, _MAX_TOPIC)] = None
    return tuple(topics)[:MAX_TOPICS]
