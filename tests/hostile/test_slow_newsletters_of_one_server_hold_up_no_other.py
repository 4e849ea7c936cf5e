"""What one server reads may be large and slow, and much: others' newsletters are read in their turn beside it."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

from bot.model.guild import Source
from bot.ports import Reading, Unchanged
from bot.services.reading import sources as reading
from bot.sources.feed import FeedSource
from bot.store import sources as source_rows
from tests.hostile.oven import Oven, feeds, given_up, oven
from tests.services.conftest import GUILD, Desk, desk

__all__ = ["desk", "feeds", "oven"]

NEIGHBOUR = GUILD + 1
SLOW = 20


class Noted:
    """Reads the site, and says which newsletters are understood."""

    def __init__(self, feeds: FeedSource) -> None:
        self._feeds = feeds
        self.find_feeds, self.addresses_for = feeds.find_feeds, feeds.addresses_for
        self.begun = list[str]()
        self.understood = asyncio.Queue[str]()

    async def read(
        self, source: Source, *, credentials: str | None, asked_by: int | None = None
    ) -> Reading | Unchanged:
        self.begun.append(source.url.rpartition("/")[2])
        answer = await self._feeds.read(source, credentials=credentials, asked_by=asked_by)
        self.understood.put_nowait(source.url.rpartition("/")[2])
        return answer


@asynccontextmanager
async def reading_all(desk: Desk, reader: Noted) -> AsyncIterator[asyncio.Task[object]]:
    task: asyncio.Task[object] = asyncio.create_task(desk.sources(reader).read_due())
    async with asyncio.timeout(60):
        yield task
    await given_up(task)


async def test_while_twenty_slow_ones_of_a_server_are_read_anothers_is_announced(
    desk: Desk, oven: Oven, feeds: FeedSource
) -> None:
    for number in range(SLOW):
        await desk.subscribe(url=f"{oven.address}/large/{number}")
    desk.clock.move(timedelta(seconds=1))  # the neighbour's is due last
    await desk.subscribe(guild_id=NEIGHBOUR, url=f"{oven.address}/feed")
    reader = Noted(feeds)
    async with reading_all(desk, reader):
        assert await reader.understood.get() == "feed"
        assert len(set(reader.begun) - {"feed"}) <= reading._OF_ONE_SERVER


async def test_a_large_one_of_another_server_is_the_next_in_line(oven: Oven, feeds: FeedSource) -> None:
    def read(path: str, guild_id: int) -> asyncio.Task[object]:
        source = Source(source_id=1, url=oven.address + path, url_key="", first_guild_id=guild_id)
        return asyncio.create_task(feeds.read(source, credentials=None))

    crowd = [read("/large/0", GUILD)]
    await oven.wait_for(oven.asked, "/large/0")
    crowd += [read(f"/large/{number}", GUILD) for number in range(1, 7)]
    await oven.wait_for(oven.left, *(f"/large/{number}" for number in range(1, 7)))
    other = read("/large/other", NEIGHBOUR)
    await oven.wait_for(oven.left, *(f"/large/{number}" for number in range(1, 7)), "/large/other")
    oven.asked.clear()
    await given_up(crowd.pop(0))
    await oven.wait_for(oven.asked, "/large/other")
    oven.door.set()
    assert isinstance(await other, Reading)
    await given_up(*crowd)


async def test_a_server_has_some_places_only_whatever_others_read_with_it(desk: Desk) -> None:
    """What several servers read is the first one's, so that a second server makes no more places."""
    for number in range(SLOW):
        await desk.subscribe(url=f"https://{number}.example/feed")
        await desk.subscribe(guild_id=GUILD + 5, url=f"https://{number}.example/feed")
    desk.clock.move(timedelta(seconds=1))
    for number in range(3):
        await desk.subscribe(guild_id=NEIGHBOUR + number, url=f"https://neighbour-{number}.example/feed")
    in_hand: list[Source] = []
    for limit in (8, 1, 1):
        async with desk.store.write() as transaction:
            in_hand += await source_rows.claim_due_sources(
                transaction,
                incarnation="this",
                until=desk.clock.now() + timedelta(minutes=1),
                limit=limit,
                most_of_one=4,
                busy=[source.source_id for source in in_hand],
            )
    assert Counter(source.first_guild_id for source in in_hand) == {
        GUILD: 4,
        NEIGHBOUR: 1,
        NEIGHBOUR + 1: 1,
        NEIGHBOUR + 2: 1,
    }
