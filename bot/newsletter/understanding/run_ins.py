"""Newsletters without headings: each story is a paragraph that begins with its name in bold, a run-in heading.

Above them an italic line may list what follows, and below them the letter may point to all its earlier ones. Only a
document that has no headings, and is mostly made of such paragraphs, is read so.
"""

import re

from bot.newsletter.addresses.chrome import Own, host_in
from bot.newsletter.addresses.domains import name_of
from bot.newsletter.markup.blocks import Block
from bot.newsletter.markup.spacing import unescaped
from bot.newsletter.rules import rule
from bot.newsletter.text import folded
from bot.newsletter.understanding.headings import Heading, heading_of, label_of
from bot.newsletter.understanding.letters import letters_of

_FEWEST = 2
_LONGEST = 80
_LONGEST_LIST = 400
_NEAR = 3  # blocks between the title and the line that lists what follows
_BOLD = rule(
    r"\s*<(strong|b)(?: [^>]*)?>(?!</)(.*?)</\1>(.*)",
    "a text that begins with words in bold",
    source="tests/corpus/markdown-run-in.md",
    specimens=("<strong>Mills.</strong> They turn", "<b>Mills</b>", " <b class='x'>Mills</b>: they turn"),
    others=("<strong></strong>", "<em>Mills</em>", "<bold>Mills</bold>", "Our <b>mills</b>", "<b>Mills</strong>"),
    flags=re.DOTALL,
    how="match",
)
_TAG = rule(
    r"<[^>]*>",
    "a tag",
    source="https://html.spec.whatwg.org/multipage/syntax.html#start-tags",
    specimens=("<br/>", "</p>", "<p class='x'>"),
    others=("a < b", "a > b", ""),
)
_ITALIC = rule(
    r"<(em|i)(?: [^>]*)?>.*?(?:</\1>|\Z)",
    "words in italics, up to where these end",
    source="tests/corpus/markdown-run-in.md",
    specimens=("<em>mills, salt</em>", "<i>mills, salt</i>", "<em class='x'>mills</em>", "<em>mills, salt"),
    others=("<email>", "<img>", "<b>mills</b>"),
    flags=re.DOTALL,
)
_ENDS = (".", ":", "?", "!", "—", "–")
_BEHIND = rule(
    r"\s*(?:[.:—–]|-\s)",
    "the stop behind words that begin a paragraph and name it",
    source="tests/corpus/markdown-run-in.md",
    specimens=(". They turn", ": they turn", " — they turn", " - they turn"),
    others=("-proof", " they turn", ", they turn"),
    how="match",
)
_PUNCTUATION = " .:—–-"

_HOME = rule(
    r"[^/?#]+(?:/(?:archives?|issues|editions|letters|newsletters?|all|past-issues))?\Z",
    "the key of a home page, or of the list of all issues",
    source="tests/corpus/markdown-run-in.md",
    specimens=(
        "mill.example",
        *"mill.example/archive mill.example/archives mill.example/issues mill.example/editions".split(),
        *"mill.example/letters mill.example/newsletter mill.example/newsletters".split(),
        *"mill.example/all mill.example/past-issues".split(),
    ),
    others=("mill.example/loaf", "mill.example/?p=1", "mill.example/issues/3", "mill.example/archived"),
    how="match",
)
_POINTER = rule(
    r"\barchives? of (?:all|every|our|my|past|previous|earlier|the)\b[^.!?]{0,40}"
    r"\b(?:issue|edition|letter|newsletter)"
    r"|\b(?:all|past|previous|earlier|older|back) (?:issues|editions|letters|newsletters)\b"
    r"|\b(?:issue|edition|letter|newsletter) archives?\b",
    "words that point to all issues of a newsletter",
    source="tests/corpus/markdown-run-in.md",
    specimens=(
        "An archive of all our editions",
        "archives of every issue",
        "an archive of our letters",
        "the archive of my newsletter",
        "an archive of past years’ letters",
        "an archive of previous years’ letters",
        "an archive of earlier, longer letters",
        "the archive of the issues",
        *"all issues, past editions, previous letters, earlier newsletters, older issues, back issues".split(", "),
        *"issue archive, edition archive, letter archive, newsletter archives".split(", "),
    ),
    others=(
        "The archive of winters",
        "archived issues",
        "The latest issue",
        "We tackle all the issues",
        "the archive of mills",
    ),
    flags=re.IGNORECASE,
)
_NAME_END = rule(
    r"\s*[—–|:·#•]|\s-\s|,?\s*(?:no\.?\s*)?\d|\s+(?:issue|edition|vol(?:ume)?)\b",
    "where the name of a newsletter ends in a title",
    source="tests/corpus/markdown-run-in.md",
    specimens=(
        " — May",
        ": May",
        " - May",
        ", no. 7",
        " 7",
        " issue seven",
        " edition nine",
        " vol ten",
        " volume ten",
    ),
    others=("ing post", " of May", "-May", " volt"),
    flags=re.IGNORECASE,
    how="match",
)
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
