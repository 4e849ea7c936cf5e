"""Asks trackers and shorteners where their links lead, without going there."""

from urllib.parse import urlsplit

from bot.errors import FetchError
from bot.fetch import Fetcher
from bot.sources.turns import Turns

MOST_HOPS = 6


class HttpLinkFollower:
    """Fulfils `bot.ports.LinkFollower`. Asked is only what `to_ask` names: the page behind is never touched."""

    def __init__(self, fetcher: Fetcher, *, pause_seconds: float = 0.5) -> None:
        self._fetcher = fetcher
        self._turns = Turns(pause_seconds)

    async def follow(self, address: str) -> str | None:
        # With the patterns behind them: not before something is read.
        from bot.newsletter.addresses.links import clean_url
        from bot.newsletter.addresses.opaque import to_ask

        asked: str | None = address
        led = None
        for _ in range(MOST_HOPS):
            if asked is None:
                break
            await self._turns.wait(asked)
            target = await self._fetcher.hop(asked)
            # What is wrapped once more is unwrapped, and who reads is taken off, before anything else is asked.
            led = clean_url(target) if target is not None else None
            if led is None:
                return None
            asked = to_ask(led)
        if asked is not None:
            raise FetchError("fetch-circles", host=urlsplit(address).hostname or "")
        return led
