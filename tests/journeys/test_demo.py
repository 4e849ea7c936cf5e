"""`make demo` as a newcomer sees it, without make: the story comes true and leaves nothing behind."""

import asyncio
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from pathlib import Path

import pytest

from tests.cogs.conftest import specification

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.journey

OWN_ISSUE = """# My own paper

### About three things

- [First thing](https://first.example/)
- [Second thing](https://second.example/)
"""


async def demo(*arguments: str, folder: Path) -> Process:
    given = specification()
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "sandbox",
        "demo",
        *arguments,
        *(("--openapi", str(given)) if given else ()),
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "TMPDIR": str(folder)},
        stdout=PIPE,
        stderr=PIPE,
    )


async def told(process: Process) -> str:
    async with asyncio.timeout(60):
        out, err = await process.communicate()
    assert err.decode() == ""
    return out.decode()


async def test_the_story_comes_true_and_ends(tmp_path: Path) -> None:
    process = await demo("--once", folder=tmp_path)
    story = await told(process)
    assert process.returncode == 0, story
    for part in (
        "Can a spreadsheet dream?",
        "14 links",
        "↳ thread: Can a spreadsheet dream?",
        "cells.example",
        "That issue is already announced",
        "sent by @Mia",
        "approved by @Mara",
        "(found by Mia)",
        "With links from Mia",
        "ran as number 1 in",
        "Only paper: 2 (100%)",
        "its answer is lost",
        "it was not said twice",
        "Nothing is sent to #news any more",
        "It has been waiting since",
        "6 announcements in #news, 6 issues in the archive, nothing posted twice",
    ):
        assert part in story
    assert list(tmp_path.iterdir()) == []


async def test_an_issue_of_ones_own_takes_part(tmp_path: Path) -> None:
    issue = tmp_path / "my own issue.md"
    issue.write_text(OWN_ISSUE, encoding="utf-8")
    process = await demo("--once", "--issue", str(issue), folder=tmp_path)
    story = await told(process)
    assert process.returncode == 0, story
    assert "publishes “My own paper”" in story
    assert "2 links" in story


async def test_it_stays_up_until_interrupted_and_leaves_nothing(tmp_path: Path) -> None:
    process = await demo(folder=tmp_path)
    assert process.stdout is not None
    async with asyncio.timeout(60):
        while b"keeps running until Ctrl-C" not in await process.stdout.readline():
            pass
    process.send_signal(signal.SIGINT)
    await told(process)
    assert process.returncode == 0
    assert list(tmp_path.iterdir()) == []


async def test_a_sample_that_is_in_the_archive_can_be_the_news(tmp_path: Path) -> None:
    process = await demo("--once", "--issue", "sandbox/sample/letters-to-a-robot.md", folder=tmp_path)
    assert "publishes “Letters to a robot”" in await told(process)
    assert process.returncode == 0


@pytest.mark.parametrize(
    ("content", "why"),
    [(None, "there is no file"), (b"", "holds no text"), (b"\xff\x00", "is no text"), (b"<html></html>", "is HTML")],
)
async def test_what_is_no_issue_is_told_before_anything_starts(tmp_path: Path, content: bytes | None, why: str) -> None:
    issue = tmp_path / "issue.md"
    if content is not None:
        issue.write_bytes(content)
    process = await demo("--issue", str(issue), folder=tmp_path)
    _, err = await process.communicate()
    assert process.returncode == 2
    assert why in err.decode()
