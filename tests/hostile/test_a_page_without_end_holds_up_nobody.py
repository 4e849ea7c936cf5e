"""Looking for a feed on a page: of its head alone, in the process that can be ended."""

from collections.abc import AsyncIterator

import pytest
from aiohttp import web

from bot.errors import UnreadableError
from bot.fetch import Fetcher
from bot.newsletter.discovery import HEAD_BYTES, feeds_named
from bot.sources import quarantine
from bot.sources.feed import FeedSource

LINK = b'<link rel="alternate" type="application/rss+xml" href="/feed">'


@pytest.fixture
async def address() -> AsyncIterator[str]:
    async def serve(_request: web.Request) -> web.Response:
        return web.Response(body=b"<html><head>" + LINK + b"</head>" + b"<b>" * 200_000, content_type="text/html")

    application = web.Application()
    application.router.add_get("/", serve)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}/"
    await runner.cleanup()


@pytest.fixture
async def feeds() -> AsyncIterator[FeedSource]:
    async with Fetcher(timeout_seconds=5, max_bytes=10_000_000, allow_private_addresses=True) as fetcher:
        yield FeedSource(fetcher)


async def test_a_page_is_looked_at_in_a_process_that_is_ended_with_its_time(
    address: str, feeds: FeedSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(quarantine, "SECONDS", 0.001)
    monkeypatch.setattr(quarantine, "_BYTES_PER_SECOND", 1e9)
    with pytest.raises(UnreadableError, match=r"unreadable-slow seconds=0\.001"):
        await feeds.find_feeds(address, credentials=None)


async def test_what_stands_behind_the_head_is_not_looked_at(address: str, feeds: FeedSource) -> None:
    assert await feeds.find_feeds(address, credentials=None) == [f"{address}feed"]
    assert feeds_named(b" " * (HEAD_BYTES - len(LINK)) + LINK, base=address) == [f"{address}feed"]
    assert feeds_named(b" " * HEAD_BYTES + LINK, base=address) == []


@pytest.mark.parametrize(
    "around",
    [b"<!-- %b -->", b"<script>'%b'</script>", b"<style>/* %b */</style>", b"<title>%b</title>", b"<!--%b"],
)
def test_what_only_looks_like_a_link_names_no_feed(around: bytes) -> None:
    page = b"<head>" + around.replace(b"%b", LINK) + b"</head>"
    assert feeds_named(page, base="https://a.example/") == []
    assert feeds_named(LINK + page, base="https://a.example/") == ["https://a.example/feed"]
