"""Polls inside an issue: the question and its options, where every option is a link to vote by.

Two shapes: lines of a Markdown document in which beehiiv's one-column poll table was torn open by a renderer
(`platforms.take_torn_polls`), and blocks of an HTML document, told by the sentence under them. The second may
be the first made into HTML: then pieces of the table's frame (`||`, `|:---|`, `###`) stand in the text.
"""

import re

from bot.model.issue import IssuePoll
from bot.newsletter.markup.blocks import Block
from bot.newsletter.rules import rule
from bot.newsletter.text import MAX_TITLE, bounded, folded

MAX_OPTIONS = 25
_MAX_BLOCKS = 60
_MAX_PLAIN_FOOT = 200
_MAX_FRAMED_FOOT = 3_000
_FOOT = rule(
    r"\bto participate in (?:polls|this poll)\b",
    "what stands under a poll",
    source="tests/corpus/beehiiv-clicks.md",
    specimens=("Login or Subscribe to participate in polls.", "Log in to participate in this poll"),
    others=("to participate in the polls of the town", "They participate in polls"),
    flags=re.IGNORECASE,
)
_FRAME = rule(
    r"^(?:[\s|\\]|:?-{2,}:?|#{1,6}\s|[*-]\s)+",
    "pieces of the frame of a poll that stand before its text",
    source="tests/corpus/beehiiv-clicks.md",
    specimens=("|", "\\", "---", "|:---:|", "### ", "* ", "- | "),
    others=("?", "5", "#loaf", "-5", "*"),
    how="fullmatch",
)
_FRAME_BEHIND = " \t\n\v\f\r\xa0|*\\"


def may_hold_polls(text: str) -> bool:
    """The text, in lower case, has the words that stand under every poll."""
    return " participate in " in text


def take_polls(blocks: list[Block]) -> tuple[list[Block], tuple[IssuePoll, ...]]:
    """The blocks without polls, and the polls in order."""
    polls = []
    taken: set[int] = set()
    for foot, block in enumerate(blocks):
        begin = _foot_of(block.text) if " participate in " in block.text else None
        if begin is None:
            continue
        taken.add(foot)
        first, question, options = _read_upwards(blocks, foot, begin, taken)
        if question and len(options) > 1:
            polls.append(poll(question, options))
            taken.update(range(first, foot))
    return [block for number, block in enumerate(blocks) if number not in taken], tuple(polls)


def _foot_of(text: str) -> int | None:
    """Where "Login or Subscribe to participate in polls" begins, if the block is the foot of a poll."""
    sentence = _FOOT.search(text)
    if sentence is None:
        return None
    begin = max(text.rfind(edge, 0, sentence.start()) for edge in "|\n") + 1
    return begin if len(text) < (_MAX_FRAMED_FOOT if "|" in text else _MAX_PLAIN_FOOT) else None


def _read_upwards(blocks: list[Block], foot: int, begin: int, taken: set[int]) -> tuple[int, str, list[str]]:
    """Number of the first block of a poll, its question (empty where there is none) and its options."""
    question, options = _cell(blocks[foot], begin)
    number = foot
    while not question and number and number - 1 not in taken and foot - number < _MAX_BLOCKS:
        number -= 1
        block = blocks[number]
        question, found = _cell(block, len(block.text))
        if not question and not found and "|" not in block.text:
            return number, "", []
        options = found + options
    if len(question) > MAX_TITLE:
        return number, "", []
    while number and number - 1 not in taken and not _unframed(blocks[number - 1].text or "."):
        number -= 1
    return number, question, options


def _cell(block: Block, end: int) -> tuple[str, list[str]]:
    """What a block holds up to `end`: a question, options (links with nothing but the frame around them), or both."""
    anchors = [anchor for anchor in block.anchors if anchor.end <= end]
    text = block.text[:end]
    if not anchors or block.kind[0] == "h" or block.pictures:
        return _unframed(text), []
    edges = [*[edge for anchor in anchors for edge in (anchor.start, anchor.end)], len(text)]
    outside = "".join([text[start:end] for start, end in zip(edges[1::2], edges[2::2], strict=True)])
    question = _unframed(text[: anchors[0].start])
    if any(map(str.isalnum, outside)) or (question and "|" not in text):
        return _unframed(text), []
    return question, [option for a in anchors if (option := text[a.start : a.end].strip())]


def _unframed(text: str) -> str:
    """The text without pieces of the frame before and behind it."""
    return _FRAME.sub("", text).rstrip(_FRAME_BEHIND)


def poll(question: str, options: list[str]) -> IssuePoll:
    """A poll with its texts made plain, and so many options as a poll has."""
    return IssuePoll(
        bounded(folded(question.replace("|", " ")), MAX_TITLE),
        tuple(bounded(folded(option), MAX_TITLE) for option in options[:MAX_OPTIONS]),
    )
