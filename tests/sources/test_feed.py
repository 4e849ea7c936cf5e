"""Feeds over real sockets: what is taken from one that breaks off, and what hostile ones may cost."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from aiohttp import web

from bot.errors import FetchError, UnreadableError
from bot.fetch import Fetcher
from bot.metrics import metered
from bot.model.guild import Source
from bot.ports import Reading, Unchanged
from bot.sources import quarantine
from bot.sources.feed import FeedSource

HEAD = '<?xml version="1.0"?><rss version="2.0"><channel><title>Crumbs</title><link>https://crumbs.example/</link>'
ITEMS = [
    f"<item><title>Loaf {n}</title><guid isPermaLink='false'>id-{n}</guid><description>Rye {n}</description></item>"
    for n in range(4)
]
WHOLE = (HEAD + "".join(ITEMS) + "</channel></rss>").encode()
TORN = WHOLE[: WHOLE.index(b"id-2")]
NEW = datetime(2026, 1, 1, tzinfo=UTC)


class Press:
    """Serves `body` with the marks of one version."""

    body = WHOLE
    address = ""
    status = 200

    def __init__(self) -> None:
        self.headers: dict[str, str] = {}
        self.asked_at: list[float] = []

    async def serve(self, _request: web.Request) -> web.Response:
        self.asked_at.append(asyncio.get_running_loop().time())
        headers = {"ETag": '"1"', "Last-Modified": "today", **self.headers}
        return web.Response(status=self.status, body=self.body, headers=headers, content_type="text/xml")

    def source(self, *, first_read_at: datetime | None) -> Source:
        return Source(source_id=1, url=self.address, url_key="", first_read_at=first_read_at)


@pytest.fixture
async def press() -> AsyncIterator[Press]:
    press = Press()
    application = web.Application()
    application.router.add_get("/feed", press.serve)
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    press.address = f"http://127.0.0.1:{runner.addresses[0][1]}/feed"
    yield press
    await runner.cleanup()


@pytest.fixture
async def feeds() -> AsyncIterator[FeedSource]:
    async with Fetcher(timeout_seconds=5, max_bytes=10_000_000, allow_private_addresses=True) as fetcher:
        yield FeedSource(fetcher)


async def test_a_whole_feed_comes_with_its_marks(press: Press, feeds: FeedSource) -> None:
    with metered() as meter:
        reading = await feeds.read(press.source(first_read_at=None), credentials=None)
    assert isinstance(reading, Reading)
    assert (reading.etag, reading.last_modified, len(reading.issues)) == ('"1"', "today", 4)
    assert meter.received_bytes == len(WHOLE)
    assert meter.understanding_seconds > 0


async def test_a_torn_feed_gives_its_whole_items_without_marks_so_that_the_rest_is_asked_for(
    press: Press, feeds: FeedSource
) -> None:
    press.body = TORN
    torn = await feeds.read(press.source(first_read_at=NEW), credentials=None)
    press.body = WHOLE
    whole = await feeds.read(press.source(first_read_at=NEW), credentials=None)
    assert isinstance(torn, Reading)
    assert isinstance(whole, Reading)
    assert (torn.etag, torn.last_modified) == (None, None)
    assert [issue.identities for issue in torn.issues] == [issue.identities for issue in whole.issues[:2]]


async def test_a_torn_feed_is_no_first_reading_or_its_old_issues_would_be_news_later(
    press: Press, feeds: FeedSource
) -> None:
    press.body = TORN
    with pytest.raises(UnreadableError, match="unreadable-cut"):
        await feeds.read(press.source(first_read_at=None), credentials=None)


async def test_a_feed_that_only_lacks_its_last_tag_is_whole(press: Press, feeds: FeedSource) -> None:
    press.body = WHOLE.removesuffix(b"</rss>")
    reading = await feeds.read(press.source(first_read_at=None), credentials=None)
    assert isinstance(reading, Reading)
    assert (reading.etag, len(reading.issues)) == ('"1"', 4)


async def test_a_large_feed_is_read_like_a_small_one(press: Press, feeds: FeedSource) -> None:
    filling = "<description>" + "Rye is back. " * 30_000 + "</description>"
    press.body = (
        HEAD + "".join(ITEMS) + f"<item><guid isPermaLink='false'>long</guid>{filling}</item></channel></rss>"
    ).encode()
    assert not quarantine.is_ordinary(press.body)
    reading = await feeds.read(press.source(first_read_at=None), credentials=None)
    assert isinstance(reading, Reading)
    assert [issue.identities[0] for issue in reading.issues] == [*(f"guid:id-{n}" for n in range(4)), "guid:long"]


async def test_a_feed_that_takes_too_long_to_understand_is_ended(
    press: Press, feeds: FeedSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(quarantine, "SECONDS", 0.5)
    monkeypatch.setattr(quarantine, "_BYTES_PER_SECOND", 100_000_000)
    press.body = (HEAD + "<a>" * 3_000_000).encode()
    with pytest.raises(UnreadableError, match="unreadable-slow seconds=0.5"):
        await feeds.read(press.source(first_read_at=NEW), credentials=None)


@pytest.mark.parametrize(
    ("head", "found"),
    [
        (
            (
                '<link rel="alternate" type="application/rss+xml" title="Comments" href="/comments/feed">'
                "<link REL='Alternate Home' TYPE='application/atom+xml; charset=utf-8' href='atom'>"
                '<link rel="alternate" type="application/feed+json" href="https://cdn.example/feed.json">'
                '<link rel="alternate" type="text/html" href="/fr"><link rel="alternate" hreflang="de" href="/de">'
                '<link rel="alternate" type="application/rss+xml" href="javascript:1">'
            ),
            ["{site}/atom", "https://cdn.example/feed.json", "{site}/comments/feed"],
        ),
        (
            "<title>No feed named</title>",
            [
                "{site}/feed",
                "{site}/rss",
                "{site}/feed.xml",
                "{site}/rss.xml",
                "{site}/atom.xml",
                "{site}/index.xml",
                "{site}/feed.json",
                "{site}/feed.rss",
            ],
        ),
    ],
    ids=["named by the page", "where they usually are"],
)
async def test_feeds_are_found_from_a_page(press: Press, feeds: FeedSource, head: str, found: list[str]) -> None:
    press.body = f"<!doctype html><html><head>{head}</head><body>x</body></html>".encode()
    site = press.address.removesuffix("/feed")
    assert await feeds.find_feeds(press.address, credentials=None) == [each.format(site=site) for each in found]


async def test_a_beehiiv_site_without_its_feed_is_told_where_to_switch_it_on(press: Press, feeds: FeedSource) -> None:
    press.body = b"<!doctype html><html><head>%b</head></html>" % (
        b"<script src='https://media.beehiiv.com/x.js'></script>" * 5
    )
    with pytest.raises(UnreadableError, match="unreadable-beehiiv-off"):
        await feeds.find_feeds(press.address, credentials=None)


async def test_one_host_is_asked_one_thing_after_the_other(press: Press) -> None:
    async with Fetcher(timeout_seconds=5, max_bytes=10_000_000, allow_private_addresses=True) as fetcher:
        feeds = FeedSource(fetcher, pause_seconds=0.05)
        sources = [press.source(first_read_at=None) for _ in range(4)]
        begun = asyncio.get_running_loop().time()
        await asyncio.gather(*(feeds.read(source, credentials=None) for source in sources))
        assert asyncio.get_running_loop().time() - begun >= 3 * 0.05
        with suppress(FetchError, UnreadableError):
            await feeds.find_feeds(press.address, credentials=None)
        assert asyncio.get_running_loop().time() - begun >= 4 * 0.05
        assert len(press.asked_at) == 5


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Cache-Control": "public, max-age=1800"}, 1800),
        ({"Cache-Control": "max-age=60, no-cache"}, None),
        ({"Cache-Control": "s-maxage=60"}, None),
        ({"Cache-Control": "max-age=soon"}, None),
        ({}, None),
    ],
)
async def test_how_long_an_answer_holds_is_taken_from_its_server(
    press: Press, feeds: FeedSource, headers: dict[str, str], seconds: int | None
) -> None:
    press.headers = headers
    reading = await feeds.read(press.source(first_read_at=None), credentials=None)
    assert isinstance(reading, Reading)
    assert reading.fresh_for == (None if seconds is None else timedelta(seconds=seconds))


async def test_a_server_says_how_long_nothing_changes_too(press: Press, feeds: FeedSource) -> None:
    press.status, press.headers = 304, {"Cache-Control": "max-age=1800"}
    source = replace(press.source(first_read_at=None), etag='"1"')
    assert await feeds.read(source, credentials=None) == Unchanged(timedelta(minutes=30))


@pytest.mark.parametrize(
    ("asked", "seconds"),
    [("120", 120), ("Fri, 01 Jan 2100 00:00:00 GMT", 1e6), ("Fri, 01 Jan 1999 00:00:00 GMT", 0), ("soon", 0)],
)
async def test_a_pause_that_a_server_asks_for_is_told(
    press: Press, feeds: FeedSource, asked: str, seconds: float
) -> None:
    press.status, press.headers = 429, {"Retry-After": asked}
    with pytest.raises(FetchError) as caught:
        await feeds.read(press.source(first_read_at=None), credentials=None)
    assert min(caught.value.retry_after_seconds, 1e6) == seconds
