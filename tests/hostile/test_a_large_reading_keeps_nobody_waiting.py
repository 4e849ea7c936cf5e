"""The largest reading that a newsletter can bring is stored in small transactions, between which others have theirs."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Any, cast

import pytest
from sqlalchemy import func, insert, select

from bot.metrics import note_received
from bot.model.delivery import Purpose
from bot.model.issue import Issue, Section
from bot.model.problem import Problem
from bot.ports import Reading, Unchanged
from bot.services.reading.quotas import MEGABYTE
from bot.services.reading.storing import MOST_LINKS
from bot.store import Store
from bot.store import sources as source_rows
from bot.store.tables import guild_usage, guilds, issues, outbox, subscriptions
from tests.doubles import MovedClock, QuietBell, Shelf, sample_issue, sample_link
from tests.services.conftest import GUILD, Desk, desk
from tests.services.full import CountingStore
from tests.services.test_polls import ask, vote
from tests.statements import around

__all__ = ["desk"]

MOST_ROWS = 3_000
"""A piece: each link has its place in the index of words, too, and replaces another one where it was edited."""

ISSUES, LINKS, SERVERS = 8, 100, 21


class WatchedStore(CountingStore):
    """Says when something is about to be made durable."""

    commits: asyncio.Event

    async def commit_hook(self) -> None:
        self.commits.set()


@pytest.fixture
async def store(database_url: str, clock: MovedClock, bell: QuietBell) -> AsyncIterator[Store]:
    async with await WatchedStore.open(database_url, clock=clock, bell=bell) as store:
        store.commits, store.written = asyncio.Event(), []
        yield store


def _large(number: int, *, words: str = "A", links: int = LINKS) -> Issue:
    found = tuple(replace(sample_link(place), title=f"{words} link {place}") for place in range(links))
    return sample_issue(number, title=f"{words} {number}", sections=(Section("Tools", found),))


async def _read_by_many(desk: Desk, servers: int = SERVERS) -> None:
    """A newsletter that many servers read, and that was read before."""
    desk.shelf.lay_out(*(sample_issue(-number) for number in range(ISSUES + 1)))
    await desk.subscribe()
    now = desk.clock.now()
    others = range(GUILD + 1, GUILD + servers)
    named = {"name": "Other", "discussion_threads": True, "first_announcement": "newest", "created_at": now}
    async with desk.store.write() as transaction:
        await transaction.execute(insert(guilds), [{"guild_id": each, **named} for each in others])
        await transaction.execute(
            insert(subscriptions),
            [{"guild_id": each, "source_id": 1, "channel_id": each, "created_at": now} for each in others],
        )
    await desk.services.sources.read_due()
    await desk.services.chores.work_off()


async def test_readings_side_by_side_are_looked_through_one_by_one(desk: Desk) -> None:
    inside = most = 0

    async def begun() -> None:
        nonlocal inside, most
        inside += 1
        most = max(most, inside)
        for _ in range(20):  # so that all others could begin, too
            await asyncio.sleep(0)

    async def ended() -> None:
        nonlocal inside
        inside -= 1

    for number in range(4):
        await desk.subscribe(url=f"https://news.example/{number}")
    with around("SELECT issues.* JOIN issue_identities", before=begun, after=ended):
        await desk.services.sources.read_due()
    assert (len({source.source_id for source in desk.shelf.asked if source.source_id}), most) == (4, 1)


async def test_what_a_transaction_writes_grows_neither_with_a_reading_nor_with_its_servers(desk: Desk) -> None:
    await _read_by_many(desk)
    old = [sample_issue(-number) for number in range(ISSUES + 1)]
    written = cast("WatchedStore", desk.store).written
    most = {}
    for words in ("A", "Another"):
        desk.shelf.lay_out(*(_large(number, words=words) for number in range(ISSUES, 0, -1)), *old)
        written.clear()
        await desk.read()
        await desk.services.chores.work_off()
        most[words] = max(written)
        assert sum(written) > ISSUES * LINKS
    assert {words: rows for words, rows in most.items() if rows > MOST_ROWS} == {}, most
    async with desk.store.read() as transaction:
        told = select(func.count()).select_from(outbox).where(outbox.c.purpose == Purpose.ANNOUNCE)
        assert (await transaction.execute(told)).scalar_one() == SERVERS * (ISSUES + 1)


class HeavyShelf(Shelf):
    async def read(self, *args: Any, **options: Any) -> Reading | Unchanged:
        note_received(MEGABYTE)
        return await super().read(*args, **options)


async def test_a_reading_is_charged_to_many_servers_in_portions_and_to_each_once(desk: Desk) -> None:
    servers = 250
    await _read_by_many(desk, servers)
    reading = desk.sources(HeavyShelf(sample_issue(0)))
    desk.clock.move(timedelta(minutes=16))
    written = cast("WatchedStore", desk.store).written
    written.clear()
    await reading.read_due()
    await desk.services.chores.work_off()
    assert max(written) <= 102
    async with desk.store.read() as transaction:
        others = select(guild_usage.c.received_bytes).where(guild_usage.c.guild_id != GUILD)  # it tried it, too
        used = (await transaction.execute(others)).scalars().all()
        [source] = await source_rows.all_sources(transaction)
    assert used == [MEGABYTE // servers] * (servers - 1)
    assert source.received_bytes == MEGABYTE


async def test_who_votes_while_a_large_reading_is_stored_is_answered_before_its_end(desk: Desk) -> None:
    await desk.subscribe()
    desk.shelf.lay_out(*(_large(number) for number in range(ISSUES)))
    poll = await ask(desk)
    commits = cast("WatchedStore", desk.store).commits
    commits.clear()
    reading = asyncio.create_task(desk.services.sources.read_due())
    for member in range(3):
        await commits.wait()
        commits.clear()
        await vote(desk, poll, member, 0)
        assert not reading.done()
    await reading


async def test_of_an_issue_that_is_all_links_the_first_are_kept_and_that_is_said(desk: Desk) -> None:
    desk.shelf.lay_out(_large(1, links=MOST_LINKS + 1))
    await desk.subscribe()
    await desk.services.sources.read_due()
    assert len((await desk.services.issues.latest(GUILD)).issue.links) == MOST_LINKS
    [source] = (await desk.services.guilds.status(GUILD)).sources
    assert source.last_problem == Problem("reading-links-cut", {"count": 1, "most": MOST_LINKS})
    asked = source.last_read_at
    await desk.read()
    [source] = (await desk.services.guilds.status(GUILD)).sources
    assert source.last_read_at != asked
    async with desk.store.read() as transaction:
        assert (await transaction.execute(select(issues.c.edited_at))).scalars().all() == [None]
