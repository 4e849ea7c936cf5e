"""The ladder of a source: where else its newsletter is read when its address fails.

The rungs are what the newsletter itself says: the source's address, then the feeds that its site names. Nobody else can
put one there, because a source is shared by all servers that read the same address. A rung is taken only when it lists
an issue that is known of the source: a feed of comments, or of whoever owns the address now, does not.
"""

import asyncio
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from urllib.parse import urljoin, urlsplit

from bot.clock import Clock
from bot.errors import DomainError, FetchError, UnreadableError
from bot.model.guild import Source, readable
from bot.model.problem import Problem
from bot.ports import IssueSource, Reading, Unchanged
from bot.store import Store
from bot.store import recognition as recognition_rows

FAILURES_ON_A_RUNG = 2
"""In a row, before the next rung is tried: a server that is built anew is back a little later."""

LOOK_UP_AFTER = timedelta(hours=24)
"""As often it is tried whether the source's own address is back."""

_SEARCH_SECONDS = 90.0


@dataclass(frozen=True, slots=True)
class Climbed:
    """What was read and on which rung: its address, None for the source's own.

    because: why it is another rung than before. look_up_at: when the source's own address is tried again.
    """

    reading: Reading | Unchanged
    rung_url: str | None = None
    because: Problem | None = None
    look_up_at: datetime | None = None


class Ladder:
    def __init__(self, store: Store, *, reader: IssueSource, clock: Clock) -> None:
        self._store = store
        self._reader = reader
        self._clock = clock

    async def read(self, source: Source, *, credentials: str | None) -> Climbed:
        """Read the source on the rung that it stands on, or on another one where that fails for the second time.

        Raises FetchError or UnreadableError, that of the present rung, when no other one gives anything.
        """
        now = self._clock.now()
        look_up_at = next_look_up(source, now=now)
        here = source.rung_url or source.url
        tried = {here}
        if source.rung_url is not None and look_up_at != source.look_up_at:
            again = await self._read_elsewhere(source, source.url, credentials)
            if again is not None:
                return Climbed(again)
            tried.add(source.url)
        try:
            reading = await self._reader.read(
                replace(source, url=here), credentials=_credentials_for(here, source, credentials)
            )
        except (FetchError, UnreadableError) as error:
            if source.failures + 1 < FAILURES_ON_A_RUNG or source.first_read_at is None or _asks_to_wait(error):
                raise
            found = await self._climb(source, credentials, tried=tried)
            if found is None:
                raise
            rung, reading = found
            if rung == source.url:
                return Climbed(reading)
            return Climbed(reading, rung_url=rung, because=Problem.of(error), look_up_at=now + LOOK_UP_AFTER)
        return Climbed(reading, rung_url=source.rung_url, look_up_at=look_up_at)

    async def _climb(self, source: Source, credentials: str | None, *, tried: set[str]) -> tuple[str, Reading] | None:
        """The first other rung that can be read, and what stands there; None when there is none in good time."""
        with suppress(TimeoutError):
            async with asyncio.timeout(_SEARCH_SECONDS):
                for rung in await self._others(source, credentials):
                    if rung not in tried and (found := await self._read_elsewhere(source, rung, credentials)):
                        return rung, found
        return None

    async def _others(self, source: Source, credentials: str | None) -> list[str]:
        home = source.home_url or urljoin(source.url, "/")
        try:
            named = await self._reader.find_feeds(home, credentials=_credentials_for(home, source, credentials))
        except (FetchError, UnreadableError):
            named = []
        # An address with a user in it is somebody's own, and would be shown to the staff of every server.
        return list(dict.fromkeys([source.url, *(rung for rung in named if "@" not in urlsplit(rung).netloc)]))

    async def _read_elsewhere(self, source: Source, url: str, credentials: str | None) -> Reading | None:
        """What stands at another rung, if it is of the same newsletter. Without marks: those are of the present one."""
        try:
            reading = await self._reader.read(
                replace(source, url=url, etag=None, last_modified=None),
                credentials=_credentials_for(url, source, credentials),
            )
        except (FetchError, UnreadableError):
            return None
        return reading if isinstance(reading, Reading) and await self._is_known(source, reading) else None

    async def _is_known(self, source: Source, reading: Reading) -> bool:
        names = [name for issue in reading.issues for name in issue.identities]
        async with self._store.read() as transaction:
            return bool(await recognition_rows.ids_of(transaction, source.source_id, names))


def next_look_up(source: Source, *, now: datetime) -> datetime | None:
    """When the source's own address is tried the next time; None while it is the one that is read."""
    if source.rung_url is None:
        return None
    at = source.look_up_at
    # One that lies too far away was written while the clock was wrong.
    return at if at is not None and now < at <= now + 2 * LOOK_UP_AFTER else now + LOOK_UP_AFTER


def words_about(source: Source, climbed: Climbed) -> Problem:
    """What the staff is told of another rung."""
    title = source.name
    if climbed.rung_url is None:
        return Problem("notice-rung-back", {"title": title, "address": readable(source.url)})
    return Problem(
        "notice-rung",
        {"title": title, "address": readable(climbed.rung_url), "before": readable(source.rung_url or source.url)},
        because=climbed.because,
    )


def _asks_to_wait(error: DomainError) -> bool:
    return error.message_id == "fetch-too-often" or (isinstance(error, FetchError) and error.retry_after_seconds > 0)


def _credentials_for(url: str, source: Source, credentials: str | None) -> str | None:
    """Credentials are for the site that they were given for."""
    return credentials if urlsplit(url)[:2] == urlsplit(source.url)[:2] else None
