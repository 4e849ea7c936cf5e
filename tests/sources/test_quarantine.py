"""A process of its own for documents that may be made to harm."""

import os
from functools import partial

import pytest

from bot.errors import UnreadableError
from bot.newsletter import Feed, read_feed
from bot.sources.quarantine import apart, is_ordinary, read_apart

RSS = b"<rss version='2.0'><channel><title>Crumbs</title><item><guid>1</guid><title>Loaf</title></item></channel></rss>"
PNG = b"\x89PNG\r\n\x1a\n"
MEMORY = 1_000_000_000


def hoard() -> Feed:
    return Feed(None, None, (), torn=bool([bytes(100_000_000) for _ in range(100)]))


def loop() -> Feed:
    while True:
        pass


def end() -> Feed:
    os.abort()


def test_a_feed_is_the_same_as_read_here() -> None:
    assert read_apart(RSS, partial(read_feed, RSS, content_type="text/xml")) == read_feed(RSS)


def test_a_refusal_arrives_with_its_sentence() -> None:
    with pytest.raises(UnreadableError, match="unreadable-other kind=a PNG picture") as refusal:
        read_apart(PNG, partial(read_feed, PNG))
    assert refusal.value.params == {"kind": "a PNG picture"}


def test_what_never_ends_is_ended() -> None:
    with pytest.raises(UnreadableError, match="unreadable-slow seconds=0.7"):
        apart(loop, seconds=0.7, memory_bytes=MEMORY)


@pytest.mark.parametrize("harm", [hoard, end], ids=["takes all memory", "ends its process"])
def test_what_takes_its_process_down_is_a_sentence(harm: partial[Feed]) -> None:
    with pytest.raises(UnreadableError, match="unreadable-crash"):
        apart(harm, seconds=20, memory_bytes=MEMORY)


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
