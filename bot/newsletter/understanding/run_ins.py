"""Newsletters without headings: each story is a paragraph that begins with its name in bold, a run-in heading.

Above them an italic line may list what follows, and below them the letter may point to all its earlier ones. Only a
document that has no headings, and is mostly made of such paragraphs, is read so.
"""

import re

from bot.newsletter.addresses.chrome import Own, host_in
from bot.newsletter.addresses.domains import name_of
from bot.newsletter.markup.blocks import Block
from bot.newsletter.markup.spacing import unescaped
from bot.newsletter.text import folded
from bot.newsletter.understanding.headings import Heading, heading_of, label_of
from bot.newsletter.understanding.letters import letters_of

_FEWEST = 2
_LONGEST = 80
_LONGEST_LIST = 400
_NEAR = 3  # blocks between the title and the line that lists what follows
_BOLD = re.compile(r"\s*<(strong|b)(?: [^>]*)?>(?!</)(.*?)</\1>(.*)", re.DOTALL)
_TAG = re.compile(r"<[^>]*>")
_ITALIC = re.compile(r"<(em|i)(?: [^>]*)?>.*?(?:</\1>|\Z)", re.DOTALL)
_ENDS = (".", ":", "?", "!", "—", "–")
_BEHIND = re.compile(r"\s*(?:[.:—–]|-\s)")
_PUNCTUATION = " .:—–-"

_HOME = re.compile(r"[^/?#]+(?:/(?:archives?|issues|editions|letters|newsletters?|all|past-issues))?\Z")
_POINTER = re.compile(
    r"\barchives? of (?:all|every|our|my|past|previous|earlier|the)\b[^.!?]{0,40}"
    r"\b(?:issues?|editions?|letters?|newsletters?)"
    r"|\b(?:all|past|previous|earlier|older|back) (?:past |previous )?(?:issues|editions|letters|newsletters)\b"
    r"|\b(?:issue|edition|letter|newsletter) archives?\b",
    re.IGNORECASE,
)
_NAME_END = re.compile(r"\s*[—–|:·#•]|\s-\s|,?\s*(?:no\.?\s*)?\d|\s+(?:issue|edition|vol(?:ume)?)\b", re.IGNORECASE)
_SHORTEST_NAME = 4
_LAST = 3
_LONGEST_POINTER = 600


def run_ins(blocks: list[Block], first: int) -> dict[int, Heading]:
    """The headings of the stories by the numbers of their paragraphs, from block `first` on; none elsewhere."""
    found: dict[int, Heading] = {}
    linked = 0
    for number in range(first, len(blocks)):
        block = blocks[number]
        if block.kind[0] == "h":
            return {}
        heading = _run_in(block) if block.kind == "p" else None
        if heading is not None:
            found[number] = heading
        linked += any(anchor.key for anchor in block.anchors)
    stories = sum(any(anchor.key for anchor in blocks[number].anchors) for number in found)
    if len(found) < _FEWEST or 2 * stories < linked:
        return {}
    has_others = any(heading_of(blocks, number, in_sponsor=False) for number in range(first, len(blocks)))
    return {} if has_others else found


def _run_in(block: Block) -> Heading | None:
    """The heading that a paragraph begins with: some words in bold, a stop, and more words."""
    if len(block.pieces) < 3 or block.pieces[0].partition(">")[2].strip():
        return None
    if not block.pieces[1].startswith(("strong", "b>", "b ")):
        return None
    found = _BOLD.match(block.raw)
    if found is None or "<a" in found[2]:
        return None
    name = folded(unescaped(_TAG.sub("", found[2])))
    length = len(name)
    if not name or length > _LONGEST or not (name.endswith(_ENDS) or _BEHIND.match(_TAG.sub("", found[3]))):
        return None
    said = block.text[: length + 1].strip()
    if not any(map(str.isalnum, block.text[length + 1 :])) or len(said) < length - 1:
        return None
    heading = label_of(said[:length].strip(_PUNCTUATION))
    return heading if any(map(str.isalpha, heading.title)) and not heading.is_marker else None


def listed_above(blocks: list[Block], first: int, stories: dict[int, Heading]) -> str | None:
    """The italic line between the title and the first story that lists what follows; None where there is none."""
    for block in blocks[first : min([first + _NEAR, *stories])]:
        is_line = block.kind == "p" and not block.anchors and len(block.text) <= _LONGEST_LIST
        if is_line and ", " in block.text and _is_italic(block):
            return folded(block.text)
    return None


def _is_italic(block: Block) -> bool:
    raw = block.raw
    return ("<em" in raw or "<i" in raw) and not any(map(str.isalnum, _TAG.sub("", _ITALIC.sub("", raw))))


def learn_home(blocks: list[Block], title: str, own: Own) -> None:
    """Know the newsletter's own site by the letter's pointer to its archive, where nothing else says which it is.

    Two signs are wanted of a link to a home page: such a pointer, the newsletter's name, its place at the end.
    """
    name = letters_of(_NAME_END.split(title, maxsplit=1)[0])
    for number, block in enumerate(blocks):
        homes = [] if len(block.text) > _LONGEST_POINTER else [a.key for a in block.anchors if _HOME.match(a.key)]
        if not homes:
            continue
        signs = (number >= len(blocks) - _LAST) + (_POINTER.search(block.text) is not None)
        for host in dict.fromkeys(map(host_in, homes)):
            is_named = len(name) >= _SHORTEST_NAME and letters_of(name_of(host)) == name
            if signs + is_named > 1:
                own.add_site(f"https://{host}/")
