"""`make demo` as a newcomer sees it, without make: page and story come true and leave nothing behind."""

import asyncio
import os
import re
import signal
import sys
from asyncio.subprocess import PIPE, Process
from pathlib import Path

import aiohttp
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
        "That issue is already posted",
        "submitted by @Mia",
        "approved by @Mara",
        "(found by Mia)",
        "With links from Mia",
        "the new one is http://",
        "The bot edits its message in #news and posts no second one",
        "link number 1",
        "Only paper: 2 (100%)",
        "answer is lost",
        "nothing was posted twice",
        "I can no longer send anything to #news",
        "It has been waiting since",
        "the full text is for subscribers",
        "~~What moths write down~~",
        "7 announcements in #news, 9 issues in the archive, nothing posted twice",
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


async def printed(process: Process, words: str) -> str:
    """What is printed until these words."""
    assert process.stdout is not None
    said = ""
    async with asyncio.timeout(60):
        while words not in said:
            line = await process.stdout.readline()
            assert line, said
            said += line.decode()
    return said


async def test_the_page_stays_up_until_interrupted_and_leaves_nothing(tmp_path: Path) -> None:
    process = await demo("--port", "0", folder=tmp_path)
    said = await printed(process, "The server is ready")
    [address] = re.findall(r"http://\S+", said)
    async with aiohttp.ClientSession() as client, client.get(address) as response:
        assert response.status == 200
        assert "Pressroom's demo" in await response.text()
    process.send_signal(signal.SIGINT)
    await told(process)
    assert process.returncode == 0
    assert list(tmp_path.iterdir()) == []


async def test_two_demos_stand_side_by_side_and_one_answers_to_another_name(tmp_path: Path) -> None:
    first = await demo("--port", "0", folder=tmp_path)
    address = re.findall(r"http://\S+", await printed(first, "Ctrl-C ends it"))[0]
    port = address.rstrip("/").rpartition(":")[2]
    second = await demo("--port", port, "--allow-host", "desk.example", folder=tmp_path)
    other = re.findall(r"http://\S+", await printed(second, "Ctrl-C ends it"))[0]
    assert other != address
    async with aiohttp.ClientSession() as client:
        for one, status in ((address, 403), (other, 200)):
            async with client.get(one, headers={"Host": "desk.example"}) as response:
                assert response.status == status
    for process in (first, second):
        process.send_signal(signal.SIGTERM)
        await told(process)
        assert process.returncode == 0


async def test_a_sample_that_is_in_the_archive_can_be_the_news(tmp_path: Path) -> None:
    process = await demo("--once", "--issue", "sandbox/sample/letters-to-a-robot.md", folder=tmp_path)
    assert "publishes “Letters to a robot”" in await told(process)
    assert process.returncode == 0


@pytest.mark.parametrize(
    ("content", "why"),
    [(None, "there is no file"), (b"", "has no text"), (b"\xff\x00", "is not a text"), (b"<html></html>", "is HTML")],
)
async def test_what_is_no_issue_is_told_before_anything_starts(tmp_path: Path, content: bytes | None, why: str) -> None:
    issue = tmp_path / "issue.md"
    if content is not None:
        issue.write_bytes(content)
    process = await demo("--issue", str(issue), folder=tmp_path)
    _, err = await process.communicate()
    assert process.returncode == 2
    assert why in err.decode()
