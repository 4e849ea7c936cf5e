"""Asks hubs to tell of what is new."""

from collections.abc import Mapping

from bot.fetch import Fetcher


class HttpHubCaller:
    """Fulfils `bot.ports.HubCaller`."""

    def __init__(self, fetcher: Fetcher) -> None:
        self._fetcher = fetcher

    async def ask(self, hub_url: str, form: Mapping[str, str]) -> None:
        await self._fetcher.post(hub_url, form)
