"""Markdown into an issue, against markdown-it-py's bare parse of the same bytes.

Prints one JSON line; `value` and `reference` are documents per second, medians of interleaved rounds. The documents are
the corpus's where that folder is there, else generated ones of the same shape.
"""

import json
import statistics
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from markdown_it import MarkdownIt

from bot.newsletter import read_newsletter

ROUNDS = 9
CORPUS = Path(__file__).parents[2] / "shared" / "corpus" / "bensbites"


def documents() -> list[bytes]:
    """The documents to read."""
    found = [path.read_bytes() for path in sorted(CORPUS.glob("*.md"))]
    return found or [generated(number) for number in range(60)]


def generated(number: int) -> bytes:
    """An issue of the corpus's shape: a head, numbered stories, lists whose anchors say "link"."""
    lines = [
        f"# Issue {number}: what moved this week",
        "",
        "### PLUS: a robot baker, maps of sand and a quiet printer",
        "",
    ]
    for section in range(1 + number % 6):
        lines += [f"### 🛠️ Section {section}", ""]
        for item in range(12):
            address = f"https://www.site-{item}-{number}.example/story/{section}?utm_source=demo\\&utm_medium=referral"
            lines.append(f"- Thing {item} - a **useful tool** for people who bake. ([link]({address}))")
        lines += ["", "Some words about what it all means, and [a longer story](https://news.example/a/b) to read.", ""]
    return "\n".join(lines).encode()


def main() -> None:
    """Measure and print."""
    contents = documents()
    ours: list[float] = []
    theirs: list[float] = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        for content in contents:
            read_newsletter(content, source="issue.md")
        middle = time.perf_counter()
        for content in contents:
            MarkdownIt().parse(content.decode())
        theirs.append(time.perf_counter() - middle)
        ours.append(middle - start)
    value = len(contents) / statistics.median(ours)
    reference = len(contents) / statistics.median(theirs)
    print(
        json.dumps(
            {
                "name": "Markdown -> issue, documents/s against markdown-it-py's parse",
                "value": round(value, 1),
                "reference": round(reference, 1),
                "ratio": round(value / reference, 3),
            }
        )
    )


if __name__ == "__main__":
    main()
