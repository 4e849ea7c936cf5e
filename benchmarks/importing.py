"""Importing an archive: seconds for 616 issues, and whether memory depends on how many there are (aim: it does not).

The issues are like those of `parse_markdown.py`. Memory is the peak of the whole process, against an import of an
eighth as many.
"""

import os
import sys
import tempfile
from pathlib import Path
from time import perf_counter

from _processes import ROOT, report

MANY, FEW = 616, 77
LINES = 30


def issue(number: int) -> str:
    """About 8 kB with 30 links."""
    items = "\n".join(
        f"- Thing {number}-{line} - **does what it says** and a little more, which takes some words to tell."
        f" ([link](https://site-{line}.example/{number}/{line}?utm_source=letter&utm_medium=referral))"
        for line in range(LINES)
    )
    return f"# Issue {number}\n\n### About many things\n\n## Tools\n\n{items}\n"


def imported(count: int) -> tuple[float, float]:
    """Seconds, and megabytes at the peak."""
    with tempfile.TemporaryDirectory() as folder:
        archive = Path(folder) / "archive"
        archive.mkdir()
        for number in range(count):
            (archive / f"{number}.md").write_text(issue(number), encoding="utf-8")
        environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "DATABASE_URL": f"sqlite:///{folder}/x.db"}
        run(["migrate"], folder, environment)
        begun = perf_counter()
        megabytes = run(["import", "archive", "--source", "https://news.example/feed"], folder, environment)
        return perf_counter() - begun, megabytes


def run(arguments: list[str], folder: str, environment: dict[str, str]) -> float:
    """Run one command of the bot; its peak memory in megabytes."""
    child = os.fork()
    if child == 0:
        os.chdir(folder)
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, 1)
        os.dup2(null, 2)
        os.execve(sys.executable, [sys.executable, "-m", "bot", *arguments], environment)
    _, status, usage = os.wait4(child, 0)
    assert status == 0, f"{arguments[0]} failed"
    return usage.ru_maxrss / (1024 * 1024 if sys.platform == "darwin" else 1024)


def main() -> None:
    """Measure and print."""
    few_seconds, few = imported(FEW)
    many_seconds, many = imported(MANY)
    report("import, peak megabytes", value=many, reference=few, ratio=many / few)
    report(
        f"import of {MANY} issues, seconds", value=many_seconds, reference=few_seconds, ratio=many_seconds / few_seconds
    )


if __name__ == "__main__":
    main()
