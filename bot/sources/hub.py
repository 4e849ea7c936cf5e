"""Asks hubs to tell of what is new."""

from collections.abc import Mapping

from bot.fetch import Fetcher
from bot.sources.turns import Turns


class HttpHubCaller:
    """Fulfils `bot.ports.HubCaller`."""

    def __init__(self, fetcher: Fetcher, *, pause_seconds: float = 1.0) -> None:
        self._fetcher = fetcher
        self._turns = Turns(pause_seconds)

    async def ask(self, hub_url: str, form: Mapping[str, str]) -> None:
        await self._turns.wait(hub_url)
        await self._fetcher.post(hub_url, form)
