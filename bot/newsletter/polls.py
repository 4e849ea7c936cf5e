"""Polls inside an issue: the question and its options, where every option is a link to vote by.

Two shapes: lines of a Markdown document in which beehiiv's one-column poll table was torn open by a renderer
(`platforms.beehiiv.take_torn_polls`), and blocks of an HTML document, told by the sentence under them.
"""

import re

from bot.model.issue import IssuePoll
from bot.newsletter.markup import Block
from bot.newsletter.text import MAX_TITLE, bounded, folded

MAX_OPTIONS = 25
_FOOT = re.compile(r"\bto participate in (?:polls|this poll)\b", re.IGNORECASE)


def take_polls(blocks: list[Block]) -> tuple[list[Block], tuple[IssuePoll, ...]]:
    """The blocks without polls, and the polls in order."""
    feet = [number for number, block in enumerate(blocks) if " participate in " in block.text]
    feet = [number for number in feet if len(blocks[number].text) < 200 and _FOOT.search(blocks[number].text)]
    if not feet:
        return blocks, ()
    polls = []
    taken: set[int] = set()
    for foot in feet:
        taken.add(foot)
        options: list[str] = []
        number = foot - 1
        while number >= 0 and len(options) < MAX_OPTIONS and number not in taken and _is_option(blocks[number]):
            options[:0] = _options(blocks[number])
            number -= 1
        if len(options) > 1 and number >= 0 and number not in taken and 0 < len(blocks[number].text) <= MAX_TITLE:
            polls.append(poll(blocks[number].text, options))
            taken.update(range(number, foot))
    return [block for number, block in enumerate(blocks) if number not in taken], tuple(polls)


def poll(question: str, options: list[str]) -> IssuePoll:
    """A poll with its texts made plain."""
    return IssuePoll(
        bounded(folded(question.replace("*", "")), MAX_TITLE),
        tuple(bounded(folded(option.replace("*", "")), MAX_TITLE) for option in options),
    )


def _is_option(block: Block) -> bool:
    """The block holds nothing but links."""
    if not block.anchors or block.kind[0] == "h" or block.pictures:
        return False
    rest = list(block.text)
    for anchor in block.anchors:
        rest[anchor.start : anchor.end] = " " * (anchor.end - anchor.start)
    return not any(map(str.isalnum, rest))


def _options(block: Block) -> list[str]:
    return [text for anchor in block.anchors if (text := block.text[anchor.start : anchor.end].strip())]
