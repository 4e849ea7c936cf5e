"""A site whose answers come when the test wants them, and a reader of feeds that asks it."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from aiohttp import web

from bot.fetch import Fetcher
from bot.model.guild import Source
from bot.sources.feed import FeedSource
from bot.sources.places import ORDINARY_BYTES

ITEM = "<item><title>Loaf</title><guid isPermaLink='false'>loaf</guid><description>{}</description></item>"
FEED = "<rss version='2.0'><channel><title>Crumbs</title>" + ITEM + "</channel></rss>"
LARGE = FEED.format("Rye is back. " * (ORDINARY_BYTES // 10)).encode()
LINK = "<head><link rel='alternate' type='application/rss+xml' href='/feed'></head>"
HEAVY = (LINK + "<b>" * (ORDINARY_BYTES // 4)).encode()


class Oven:
    """A site: `/slow/…` comes when the door opens, of `/large/…` the end; `/endless` never ends; `/page/…` is heavy."""

    def __init__(self) -> None:
        self.address = ""
        self.asked: list[str] = []
        self.left: list[str] = []
        self.door = asyncio.Event()
        self._seen = asyncio.Condition()

    async def serve(self, request: web.Request) -> web.StreamResponse:
        path = request.path
        kind, body = "text/xml", LARGE if path.startswith("/large") else FEED.format("Rye").encode()
        if path.startswith("/page/"):
            kind, body = "text/html", HEAVY
        response = web.StreamResponse(headers={"Content-Type": kind})
        await self._note(self.asked, path)
        first, rest = body[: ORDINARY_BYTES + 1], body[ORDINARY_BYTES + 1 :]
        await response.prepare(request)
        try:
            if path.startswith("/slow"):
                await self.door.wait()
            await response.write(first)
            while path == "/endless":
                await response.write(b" " * 65_536)
            if path.startswith("/large/"):
                await self.door.wait()
            await response.write(rest)
        except (ConnectionError, asyncio.CancelledError):
            await self._note(self.left, path)
            raise
        return response

    async def _note(self, where: list[str], path: str) -> None:
        async with self._seen:
            where.append(path)
            self._seen.notify_all()

    async def wait_for(self, where: list[str], *paths: str) -> None:
        async with asyncio.timeout(60), self._seen:
            await self._seen.wait_for(lambda: sorted(where) == sorted(paths))

    async def wait_for_count(self, count: int) -> None:
        async with asyncio.timeout(60), self._seen:
            await self._seen.wait_for(lambda: len(self.asked) >= count)

    def source(self, path: str) -> Source:
        return Source(source_id=0, url=self.address + path, url_key="")


@pytest.fixture
async def oven() -> AsyncIterator[Oven]:
    oven, application = Oven(), web.Application()
    application.router.add_get("/{path:.*}", oven.serve)
    runner = web.AppRunner(application, access_log=None, handler_cancellation=True, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    oven.address = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield oven
    oven.door.set()
    await runner.cleanup()


@pytest.fixture
async def feeds() -> AsyncIterator[FeedSource]:
    async with Fetcher(timeout_seconds=20, max_bytes=10_000_000, allow_private_addresses=True) as fetcher:
        yield FeedSource(fetcher, pause_seconds=0)


async def given_up(*tasks: asyncio.Task[object]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
