"""HTML into an issue, against selectolax alone: parsing the same text and one walk that lists its anchors.

Prints one JSON line; `value` and `reference` are documents per second, medians of interleaved rounds. `floor_ratio` is
what remains of the reference's speed when every page is parsed, written back, cut at its tags, its links keyed and its
text hashed in the most direct Python, before anything is understood of it: no reader in Python comes near to that.
"""

import hashlib
import json
import statistics
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from parse_markdown import documents
from selectolax.lexbor import LexborHTMLParser

from bot.newsletter import read_newsletter
from bot.newsletter.addresses.links import read_link
from bot.newsletter.markup.markdown import markdown_html

ROUNDS = 15


def anchors(page: str) -> list[tuple[str | None, str]]:
    """Address and text of every anchor, by one traversal of the parsed tree."""
    tree = LexborHTMLParser(page)
    root = tree.root
    if root is None:
        return []
    return [(node.attributes.get("href"), node.text()) for node in root.traverse() if node.tag == "a"]


def bare_minimum(content: bytes) -> tuple[list[str], list[tuple[str, str] | None], str]:
    """Block texts, link keys and a hash of the text of an attribute-poor page, by the shortest way there is."""
    body = LexborHTMLParser(content.decode()).body
    texts: list[str] = []
    links: list[tuple[str, str] | None] = []
    text = ""
    for piece in (body.html or "" if body else "").split("<"):
        tag, _, after = piece.partition(">")
        if tag in BLOCK_ENDS:
            texts.append(text)
            text = ""
        elif tag.startswith('a href="'):
            links.append(read_link(tag[8 : tag.find('"', 8)].replace("&amp;", "&")))
        text += after
    return texts, links, hashlib.sha256(" ".join(texts).casefold().encode()).hexdigest()


BLOCK_ENDS = frozenset(("/p", "/li", "/td", "/h1", "/h2", "/h3", "/h4", "/h5", "/h6"))


def main() -> None:
    """Measure and print."""
    pages = [f"<article>{markdown_html(document.decode())}</article>" for document in documents()]
    contents = [page.encode() for page in pages]
    ours: list[float] = []
    theirs: list[float] = []
    floors: list[float] = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        for content in contents:
            read_newsletter(content, source="issue.html")
        ours.append(time.perf_counter() - start)
        start = time.perf_counter()
        for page in pages:
            anchors(page)
        theirs.append(time.perf_counter() - start)
        start = time.perf_counter()
        for content in contents:
            bare_minimum(content)
        floors.append(time.perf_counter() - start)
    value = len(pages) / statistics.median(ours)
    reference = len(pages) / statistics.median(theirs)
    print(
        json.dumps(
            {
                "name": "HTML -> issue, documents/s against selectolax parse and anchor walk",
                "value": round(value, 1),
                "reference": round(reference, 1),
                "ratio": round(value / reference, 3),
                "floor_ratio": round(statistics.median(theirs) / statistics.median(floors), 3),
            }
        )
    )


if __name__ == "__main__":
    main()
