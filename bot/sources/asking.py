"""Asks for an issue that its source does not list any more: the platform's API where it has one, else its own page."""

from collections.abc import Collection
from typing import Protocol
from urllib.parse import urlsplit

from bot.fetch import Fetcher
from bot.model.guild import Source
from bot.ports import Standing
from bot.sources.turns import Turns

_NOTHING_THERE = frozenset({404, 410})


class Platforms(Protocol):
    """Who knows the platforms' APIs."""

    async def standing(self, source: Source, *, names: Collection[str], credentials: str | None) -> Standing | None:
        """How a platform says that an issue stands; None where none is asked. Raises FetchError, UnreadableError."""
        ...


class HttpIssueAsker:
    """Fulfils `bot.ports.IssueAsker`."""

    def __init__(self, fetcher: Fetcher, platforms: Platforms, *, pause_seconds: float = 1.0) -> None:
        self._fetcher = fetcher
        self._platforms = platforms
        self._turns = Turns(pause_seconds)

    async def ask(
        self, source: Source, *, url: str | None, names: Collection[str], credentials: str | None
    ) -> Standing:
        standing = await self._platforms.standing(source, names=names, credentials=credentials)
        if standing is not None:
            return standing
        if url is None or urlsplit(url).scheme not in {"http", "https"}:
            return Standing.UNKNOWN
        await self._turns.wait(url)
        status = await self._fetcher.status(url)
        # Refusals, troubles and redirects prove nothing, nor does a page that says in words that it is none.
        return Standing.NOTHING_THERE if status in _NOTHING_THERE else Standing.UNKNOWN
