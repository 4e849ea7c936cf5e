"""Newsletters into issues, against readers that find the text of any page, and against an earlier build.

HTML and Markdown of the corpus (generated ones of the same shape where that folder is not there), the same pages in one
run, in interleaved rounds; each reader is a process of its own, so that none finds what another has loaded. Prints one
JSON line a reference: `value` and `reference` are documents a second, medians of the rounds; `ratio` is the median of
the rounds' ratios and `spread` its least and greatest. What an issue is made of (sections, keys, polls, a paywall) is
found in the same time: the others give text with links.

`trafilatura` and `readability-lxml` are no packages of the project: install them beside it, or they are left out and
that is said.
"""

import json
import statistics
import subprocess
import sys
import time
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

from _processes import ROOT
from _today import EARLIER, earlier_build

ROUNDS = 7
OTHERS = ("trafilatura", "readability")


def reader_process(name: str, folder: Path) -> None:
    """Read the documents whenever a line comes in; answer with the seconds that it took."""
    sys.path.insert(0, str(folder))
    import bot.newsletter  # before the next, which puts this build's folder in front

    sys.path.insert(1, str(Path(__file__).parent))
    from parse_markdown import documents

    def read(content: bytes, kind: str) -> None:
        if name == "ours":
            bot.newsletter.read_newsletter(content, source=f"issue.{kind}")
        elif name == "trafilatura":
            import_module(name).extract(content.decode(), include_links=True)
        else:
            import_module(name).Document(content.decode()).summary()

    markdown = documents()
    contents = {"md": markdown, "html": pages(markdown)}
    print(json.dumps({kind: len(found) for kind, found in contents.items()}), flush=True)
    for line in sys.stdin:
        kind = line.strip()
        begun = time.perf_counter()
        for content in contents[kind]:
            read(content, kind)
        print(json.dumps(time.perf_counter() - begun), flush=True)


def pages(markdown: list[bytes]) -> list[bytes]:
    """The same documents as pages of HTML."""
    from markdown_it import MarkdownIt

    frame = "<!DOCTYPE html><html><head><title>Issue</title></head><body><article>{}</article></body></html>"
    return [frame.format(MarkdownIt().render(each.decode())).encode() for each in markdown]


class Reader:
    """A process that reads all documents of a kind when it is told to."""

    def __init__(self, name: str, folder: Path) -> None:
        self._process = subprocess.Popen(
            [sys.executable, __file__, name, str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self.count = json.loads(self._answer())

    def seconds(self, kind: str) -> float:
        """How long all of them took."""
        assert self._process.stdin is not None
        self._process.stdin.write(kind + "\n")
        self._process.stdin.flush()
        return float(self._answer())

    def close(self) -> None:
        """End it."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()

    def _answer(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline()


def main() -> None:
    """Measure and print."""
    with earlier_build() as earlier:
        readers = {"ours": Reader("ours", ROOT)}
        if earlier is not None:
            readers[f"the build {EARLIER}"] = Reader("ours", earlier)
        for name in OTHERS:
            if find_spec(name) is None:
                print(json.dumps({"name": f"against {name}", "left out": "it is not installed"}))
            else:
                readers[name] = Reader(name, ROOT)
        for kind, label in (("html", "HTML"), ("md", "Markdown")):
            able = [name for name in readers if kind == "html" or name not in OTHERS]
            _measure(label, kind, {name: readers[name] for name in able})
        for reader in readers.values():
            reader.close()


def _measure(label: str, kind: str, readers: dict[str, Reader]) -> None:
    for reader in readers.values():
        reader.seconds(kind)
    rounds = [{name: reader.seconds(kind) for name, reader in readers.items()} for _ in range(ROUNDS)]
    count = readers["ours"].count[kind]
    for name in readers.keys() - {"ours"}:
        ratios = sorted(each[name] / each["ours"] for each in rounds)
        print(
            json.dumps(
                {
                    "name": f"{label} -> issue, documents/s against {name}",
                    "value": round(count / statistics.median(each["ours"] for each in rounds), 1),
                    "reference": round(count / statistics.median(each[name] for each in rounds), 1),
                    "ratio": round(statistics.median(ratios), 2),
                    "spread": [round(ratios[0], 2), round(ratios[-1], 2)],
                }
            )
        )


if __name__ == "__main__":
    if len(sys.argv) == 3:
        reader_process(sys.argv[1], Path(sys.argv[2]))
    else:
        main()
