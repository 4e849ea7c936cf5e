"""A process of its own for documents that may be made to harm."""

import asyncio
import os
from collections.abc import Callable
from functools import partial
from multiprocessing import active_children
from pathlib import Path
from typing import Any

import pytest

from bot.errors import UnreadableError
from bot.metrics import metered
from bot.model.issue import Issue
from bot.newsletter import Feed, read_feed
from bot.sources.quarantine import apart, is_ordinary, read_apart
from tests.doubles import sample_issue

RSS = b"<rss version='2.0'><channel><title>Crumbs</title><item><guid>1</guid><title>Loaf</title></item></channel></rss>"
PNG = b"\x89PNG\r\n\x1a\n"
MEMORY = 1_000_000_000


def hoard() -> Feed:
    return Feed(None, None, (), torn=bool([bytes(100_000_000) for _ in range(100)]))


def loop() -> Feed:
    while True:
        pass


def say_and_loop(pipe: Path) -> Feed:
    pipe.write_text("begun")
    return loop()


class Stuck(Issue):
    """An issue that never arrives; its title is the pipe that says that it is on its way."""

    def __reduce__(self) -> Any:
        return say_and_loop(Path(self.title))


def send_one_and_stick(pipe: Path) -> Feed:
    return Feed(None, None, (sample_issue(1), Stuck(title=str(pipe), identities=("guid:2",))))


def end() -> Feed:
    os.abort()


async def test_a_feed_is_the_same_as_read_here_and_its_time_is_noted() -> None:
    with metered() as meter:
        assert await read_apart(RSS, partial(read_feed, RSS, content_type="text/xml")) == read_feed(RSS)
    assert meter.understanding_seconds > 0


async def test_a_refusal_arrives_with_its_sentence() -> None:
    with pytest.raises(UnreadableError, match="unreadable-other kind=a PNG picture") as refusal:
        await read_apart(PNG, partial(read_feed, PNG))
    assert refusal.value.params == {"kind": "a PNG picture"}


async def test_what_never_ends_is_ended_and_counts_for_all_its_time() -> None:
    with metered() as meter, pytest.raises(UnreadableError, match="unreadable-slow seconds=0.7"):
        await apart(loop, seconds=0.7, memory_bytes=MEMORY)
    assert meter.understanding_seconds >= 0.7


@pytest.mark.parametrize("read", [say_and_loop, send_one_and_stick], ids=["it is understood", "it arrives"])
async def test_who_waits_no_longer_ends_the_process_and_leaves_no_thread_behind(
    tmp_path: Path, read: Callable[[Path], Feed]
) -> None:
    """When the bot is told to stop, it must not wait for a document that takes an hour."""
    os.mkfifo(pipe := tmp_path / "pipe")
    with metered() as meter:
        reading = asyncio.create_task(apart(partial(read, pipe), seconds=3_600, memory_bytes=MEMORY))
        assert await asyncio.to_thread(pipe.read_text) == "begun"
        [process] = active_children()
        reading.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reading
    assert meter.understanding_seconds > 0
    await asyncio.get_running_loop().shutdown_default_executor()  # waits for the thread, for an hour if need be
    assert process not in active_children()


@pytest.mark.parametrize("harm", [hoard, end], ids=["takes all memory", "ends its process"])
async def test_what_takes_its_process_down_is_a_sentence(harm: partial[Feed]) -> None:
    with pytest.raises(UnreadableError, match="unreadable-crash"):
        await apart(harm, seconds=20, memory_bytes=MEMORY)


@pytest.mark.parametrize(
    "content",
    [
        RSS + b" " * 300_000,
        b'<!DOCTYPE rss [<!ENTITY a "ha">]>' + RSS,
        b"<!DOCTYPE rss [<!ELEMENT a ((((b))))>]>" + RSS,
        RSS.decode().encode("utf-16-le"),
        b"<?xml version='1.0' encoding='iso-2022-jp'?><!EN\x1b(BTITY>" + RSS,
    ],
    ids=["large", "entities", "declarations", "wide characters", "escapes"],
)
def test_what_may_do_harm_is_not_ordinary(content: bytes) -> None:
    assert is_ordinary(RSS)
    assert not is_ordinary(content)
