"""However many servers read a newsletter, their staffs are told of what befell it in portions, each once."""

from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from typing import cast

import pytest
from sqlalchemy import insert, select

from bot.errors import FetchError
from bot.model.delivery import Purpose
from bot.ports import Reading, Unchanged
from bot.services.delivery.portions import PORTION
from bot.services.reading.quotas import Quotas
from bot.store import Store
from bot.store import guilds as guild_rows
from bot.store import sources as source_rows
from bot.store import usage as usage_rows
from bot.store.tables import outbox, subscriptions
from tests.doubles import MovedClock, QuietBell, sample_issue
from tests.services.conftest import CHANNEL, FEED, GUILD, Desk
from tests.services.full import CountingStore

ATOM = "https://news.example/atom.xml"
GONE = FetchError("fetch-nothing-there", host="news.example", status=404)
GUILDS = range(GUILD, GUILD + 2 * PORTION + 5)
MOST_ROWS = PORTION + 20
"""A portion, and what is written once at the end of a reading."""


@pytest.fixture
async def store(database_url: str, clock: MovedClock, bell: QuietBell) -> AsyncIterator[Store]:
    async with await CountingStore.open(database_url, clock=clock, bell=bell) as store:
        yield store


async def reads_elsewhere(desk: Desk) -> None:
    desk.shelf.answer, desk.shelf.feeds = GONE, [ATOM]
    desk.shelf.answers[ATOM] = Reading(title=None, issues=(sample_issue(39), sample_issue(38)))
    for _ in range(2):
        await desk.read()


async def fails_for_long(desk: Desk) -> None:
    desk.shelf.answer = GONE
    for _ in range(4):
        desk.clock.move(timedelta(days=1))
        await desk.services.sources.read_due()


async def is_silent(desk: Desk) -> None:
    desk.shelf.answer = Unchanged()
    for _ in range(2):
        desk.clock.move(timedelta(days=2))
        await desk.services.sources.read_due()


async def was_heavy(desk: Desk) -> None:
    async with desk.store.write() as transaction:
        await source_rows.charge(transaction, 1, 10**12, day=desk.clock.now().date())
    for _ in range(2):
        await desk.read()


async def has_used_all_up(desk: Desk) -> None:
    day = desk.clock.now().date()
    for start in range(0, len(GUILDS), PORTION):
        async with desk.store.write() as transaction:
            guild_ids = GUILDS[start : start + PORTION]
            await usage_rows.add(transaction, guild_ids, day=day, received_bytes=Quotas().bytes_a_day)
    for _ in range(2):
        await desk.read()


@pytest.mark.parametrize(
    ("befalls", "words"),
    [
        (reads_elsewhere, "notice-rung"),
        (fails_for_long, "notice-unread"),
        (is_silent, "notice-silence"),
        (was_heavy, "notice-heavy"),
        (has_used_all_up, "notice-used-up"),
    ],
)
async def test_staffs_are_told_in_portions_and_each_once(
    desk: Desk, befalls: Callable[[Desk], Awaitable[None]], words: str
) -> None:
    start = desk.clock.now() - timedelta(days=40)
    desk.shelf.lay_out(*(sample_issue(number, published_at=start + timedelta(days=number)) for number in range(40)))
    await desk.subscribe()
    async with desk.store.write() as transaction:
        for guild_id in GUILDS:
            await guild_rows.remember_guild(transaction, guild_id, name="Here")
            await guild_rows.change_settings(transaction, guild_id, staff_channel_id=1000 + guild_id)
        joined = {"source_id": 1, "channel_id": CHANNEL, "created_at": desk.clock.now()}
        await transaction.execute(
            insert(subscriptions), [{**joined, "guild_id": guild_id} for guild_id in GUILDS if guild_id != GUILD]
        )
    await desk.services.sources.read_due()
    await desk.services.chores.work_off()
    desk.bell.rung.clear()
    written = cast("CountingStore", desk.store).written
    written.clear()
    await befalls(desk)
    assert "chores" in desk.bell.rung
    await desk.services.chores.work_off()
    assert max(written) <= MOST_ROWS
    async with desk.store.read() as transaction:
        told = await transaction.execute(
            select(outbox.c.guild_id).where(
                outbox.c.purpose == Purpose.NOTICE, outbox.c.words.contains(words), outbox.c.channel_id > GUILD
            )
        )
        assert Counter(told.scalars()) == Counter(GUILDS)
    assert (await desk.services.guilds.status(GUILD)).sources[0].url == FEED
