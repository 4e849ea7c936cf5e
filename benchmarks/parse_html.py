"""HTML into an issue, against selectolax alone: parsing the same text and one walk that lists its anchors.

Prints one JSON line; `value` and `reference` are documents per second, medians of interleaved rounds.
"""

import json
import statistics
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from parse_markdown import documents
from selectolax.lexbor import LexborHTMLParser

from bot.newsletter import read_newsletter
from bot.newsletter.markdown import markdown_html

ROUNDS = 15


def anchors(page: str) -> list[tuple[str | None, str]]:
    """Address and text of every anchor, by one traversal of the parsed tree."""
    tree = LexborHTMLParser(page)
    root = tree.root
    if root is None:
        return []
    return [(node.attributes.get("href"), node.text()) for node in root.traverse() if node.tag == "a"]


def main() -> None:
    """Measure and print."""
    pages = [f"<article>{markdown_html(document.decode())}</article>" for document in documents()]
    contents = [page.encode() for page in pages]
    ours: list[float] = []
    theirs: list[float] = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        for content in contents:
            read_newsletter(content, source="issue.html")
        middle = time.perf_counter()
        for page in pages:
            anchors(page)
        theirs.append(time.perf_counter() - middle)
        ours.append(middle - start)
    value = len(pages) / statistics.median(ours)
    reference = len(pages) / statistics.median(theirs)
    print(
        json.dumps(
            {
                "name": "HTML -> issue, documents/s against selectolax parse and anchor walk",
                "value": round(value, 1),
                "reference": round(reference, 1),
                "ratio": round(value / reference, 3),
            }
        )
    )


if __name__ == "__main__":
    main()
