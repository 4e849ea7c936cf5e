"""Asks trackers and shorteners where their links lead, without going there."""

import asyncio
from urllib.parse import urlsplit

from bot.errors import FetchError
from bot.fetch import Fetcher

MOST_HOPS = 6


class HttpLinkFollower:
    """Fulfils `bot.ports.LinkFollower`. Asked is only what `to_ask` names: the page behind is never touched."""

    def __init__(self, fetcher: Fetcher, *, pause_seconds: float = 0.5) -> None:
        self._fetcher = fetcher
        self._pause_seconds = pause_seconds
        self._next_starts: dict[str, float] = {}  # by host, on the loop's clock

    async def follow(self, address: str) -> str | None:
        from bot.newsletter.links import clean_url  # with the patterns behind them: not before something is read
        from bot.newsletter.opaque import to_ask

        asked: str | None = address
        led = None
        for _ in range(MOST_HOPS):
            if asked is None:
                break
            await self._wait_for_turn(asked)
            target = await self._fetcher.hop(asked)
            # What is wrapped once more is unwrapped, and who reads is taken off, before anything else is asked.
            led = clean_url(target) if target is not None else None
            if led is None:
                return None
            asked = to_ask(led)
        if asked is not None:
            raise FetchError("fetch-circles", host=urlsplit(address).hostname or "")
        return led

    async def _wait_for_turn(self, url: str) -> None:
        now = asyncio.get_running_loop().time()
        self._next_starts = {host: start for host, start in self._next_starts.items() if start > now}
        host = urlsplit(url).netloc.lower()
        start = self._next_starts.get(host, now)
        self._next_starts[host] = start + self._pause_seconds
        await asyncio.sleep(start - now)
