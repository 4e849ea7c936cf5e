"""What one server may have read, and what happens when it is used up."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from functools import partial
from typing import cast

import pytest
from sqlalchemy import text

from bot.errors import RefusedError, StoreFullError, UnreadableError
from bot.metrics import Meter, metered, note_received, note_understood
from bot.model.guild import Source
from bot.model.issue import Issue
from bot.model.member import Act
from bot.ports import Reading, Unchanged
from bot.services import Guilds, Push
from bot.services.reading import quotas
from bot.services.reading.quotas import ATTEMPT_BYTES, MEGABYTE, SECOND_BYTES, Quotas, broken_off_cost, cost_of
from bot.services.reading.subscriptions import Subscribed
from bot.store import Store
from bot.store import sources as source_rows
from bot.store import usage as usage_rows
from bot.store.secret_box import SecretBox
from tests.doubles import MovedClock, QuietBell, Shelf, sample_issue, sent
from tests.services.conftest import ADMIN, CHANNEL, FEED, GUILD, Desk, only_postgresql

OTHER = GUILD + 1
STAFF = 8009


class DiskStore(Store):
    """Takes nothing while its disk is full; stops a reading at one of the commits that follow."""

    is_full = False
    reading: "asyncio.Task[object] | None" = None
    commits_left = 0

    async def commit_hook(self) -> None:
        if self.is_full:
            raise StoreFullError("The disk is full.")
        self.commits_left -= 1
        if self.reading is not None and self.commits_left == 0:
            self.reading.cancel()


@pytest.fixture
async def store(database_url: str, clock: MovedClock, bell: QuietBell) -> AsyncIterator[Store]:
    async with await DiskStore.open(database_url, clock=clock, bell=bell) as store:
        yield store


class HeavyShelf(Shelf):
    """Its feeds take so many bytes to fetch."""

    weight = MEGABYTE
    seconds = 0.0

    def __init__(self, *issues: Issue) -> None:
        super().__init__(*issues)
        self.weights: dict[str, int] = {}

    async def read(
        self, source: Source, *, credentials: str | None, asked_by: int | None = None
    ) -> Reading | Unchanged:
        note_received(self.weights.get(source.url, self.weight))
        note_understood(self.seconds)
        return await super().read(source, credentials=credentials)

    async def find_feeds(self, url: str, *, credentials: str | None, asked_by: int | None = None) -> list[str]:
        note_received(self.weight)
        note_understood(self.seconds)
        return await super().find_feeds(url, credentials=credentials)


class Ration:
    """A desk whose servers may read ten megabytes a day."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.shelf = HeavyShelf(sample_issue(1))
        self.quotas = Quotas(bytes_a_day=10 * MEGABYTE)
        self.sources = desk.sources(self.shelf, quotas=self.quotas)
        self.subscriptions = desk.subscriptions(self.shelf, quotas=self.quotas)
        self.guilds = Guilds(desk.store, quotas=self.quotas)

    async def subscribe(self, guild_id: int = GUILD, url: str = FEED) -> None:
        await self.guilds.remember(guild_id, name="Rationed")
        await self.guilds.set_staff_channel(Act(guild_id, ADMIN, next(self.desk.interactions)), STAFF + guild_id)
        await self.subscriptions.subscribe(
            Act(guild_id, ADMIN, next(self.desk.interactions)), url=url, channel_id=CHANNEL + guild_id
        )

    async def read(self) -> None:
        self.desk.clock.move(timedelta(minutes=16))
        await self.sources.read_due()

    async def told(self, words: str = "notice-used-up") -> list[int]:
        await self.desk.services.outbox.deliver_due()
        return [each.guild_id for each in self.desk.channel.notices if each.words and each.words.message_id == words]

    async def is_used_up(self, guild_id: int = GUILD) -> bool:
        return (await self.guilds.status(guild_id)).is_used_up


@pytest.fixture
async def ration(desk: Desk) -> Ration:
    return Ration(desk)


def urls(count: int) -> list[str]:
    return [f"https://news.example/{number}" for number in range(count)]


async def test_when_enough_was_read_sources_rest_until_the_next_day_and_the_staff_is_told_once(ration: Ration) -> None:
    for url in urls(3):
        await ration.subscribe(url=url)  # half a megabyte for the try, and one for the look
    for _ in range(6):
        await ration.read()
    assert len(ration.shelf.asked) == 3 + 6
    assert await ration.is_used_up()
    assert await ration.told() == [GUILD]
    async with ration.desk.store.read() as transaction:
        found = await source_rows.all_sources(transaction)
    assert {(source.failures, source.last_problem) for source in found} == {(0, None)}
    due_at = await ration.sources.read_due()
    assert due_at is not None
    assert due_at.date() == ration.desk.clock.now().date() + timedelta(days=1)
    ration.desk.clock.move(timedelta(days=1))
    await ration.read()
    assert len(ration.shelf.asked) == 3 + 6 + 3
    assert not await ration.is_used_up()


async def test_one_heavy_newsletter_takes_a_part_only_and_the_others_go_on(ration: Ration) -> None:
    heavy, light = urls(2)
    ration.shelf.weights = {heavy: 2 * MEGABYTE, light: 1}
    await ration.subscribe(url=heavy)
    await ration.subscribe(url=light)
    for _ in range(6):
        await ration.read()
    asked = [source.url for source in ration.shelf.asked]
    assert (asked.count(heavy), asked.count(light)) == (1 + 2, 1 + 6)
    assert not await ration.is_used_up()
    assert await ration.told("notice-heavy") == [GUILD]


async def test_time_counts_like_bytes_also_where_nothing_comes_of_it(ration: Ration) -> None:
    ration.shelf.weight, ration.shelf.seconds = 0, 1.5
    await ration.subscribe()
    await ration.read()
    ration.shelf.answer = UnreadableError("unreadable-slow", seconds="1.5")
    with pytest.raises(UnreadableError):
        await ration.subscribe(url="https://slow.example/")
    async with ration.desk.store.read() as transaction:
        used = await usage_rows.of_day(transaction, [GUILD], day=ration.desk.clock.now().date())
        [source] = await source_rows.all_sources(transaction)
    assert used == {GUILD: 3 * round(1.5 * SECOND_BYTES) + 2 * ATTEMPT_BYTES}
    assert source.received_bytes == round(1.5 * SECOND_BYTES)


async def used_by(ration: Ration) -> tuple[int, int]:
    """How much was received for the server today, and of its only newsletter by readings."""
    async with ration.desk.store.read() as transaction:
        used = await usage_rows.of_day(transaction, [GUILD], day=ration.desk.clock.now().date())
        [source] = await source_rows.all_sources(transaction)
    return used[GUILD], source.received_bytes


async def test_what_a_reading_received_counts_although_the_database_did_not_take_it(
    ration: Ration,
) -> None:
    await ration.subscribe()
    before, _ = await used_by(ration)
    asked, store = len(ration.shelf.asked), cast("DiskStore", ration.desk.store)

    async def fill() -> None:
        store.is_full = True

    ration.shelf.meanwhile = fill
    for _ in range(2):
        with pytest.raises(StoreFullError):
            await ration.read()
    store.is_full = False
    await ration.sources.read_due()
    assert len(ration.shelf.asked) == asked + 1
    assert await used_by(ration) == (before + MEGABYTE, MEGABYTE)


async def test_what_a_reading_received_counts_although_it_is_broken_off_at_a_stop(ration: Ration) -> None:
    await ration.subscribe()
    before, _ = await used_by(ration)
    is_asked, goes_on = asyncio.Event(), True

    async def never() -> None:
        is_asked.set()
        await asyncio.Event().wait()

    ration.shelf.meanwhile = never
    reading = asyncio.create_task(ration.sources.read_due(lambda: goes_on))
    await is_asked.wait()
    goes_on = False
    await reading
    assert await used_by(ration) == (before + MEGABYTE, MEGABYTE)


@pytest.mark.parametrize("ended_by", ["the next start", "others", "its time"])
async def test_a_reading_that_the_process_did_not_survive_counts_when_it_is_begun_anew(
    desk: Desk, ended_by: str
) -> None:
    quotas = Quotas(bytes_a_day=20 * MEGABYTE)  # of which one newsletter may take eight, and a death counts for 0.8
    await desk.subscribe()
    await desk.services.sources.read_due()
    asked = len(desk.shelf.asked)
    for _ in range(11):
        desk.clock.move(timedelta(minutes=16))
        async with desk.store.write() as transaction:
            until = transaction.now + timedelta(seconds=50)
            assert await source_rows.claim_due_sources(transaction, incarnation="fallen", until=until)
        after = desk.sources(alone=ended_by == "the next start", quotas=quotas)
        if ended_by == "its time":
            desk.clock.move(timedelta(seconds=50))
        elif ended_by == "others":
            async with desk.store.write() as transaction:
                await source_rows.void_claims_of(transaction, ["fallen"])
        await after.take_over()
        await after.read_due()
    assert len(desk.shelf.asked) == asked + 10, "then enough was read of it that day"
    async with desk.store.read() as transaction:
        [source] = await source_rows.all_sources(transaction)
        used = await usage_rows.of_day(transaction, [GUILD], day=desk.clock.now().date())
    assert source.received_bytes == 10 * broken_off_cost(quotas)
    assert used[GUILD] == 10 * broken_off_cost(quotas) + ATTEMPT_BYTES


async def test_what_was_in_hand_beside_the_one_that_ends_the_process_is_not_charged_with_it(desk: Desk) -> None:
    for number in range(3):
        await desk.subscribe(url=f"https://{number}.example/feed")
    await desk.services.sources.read_due()
    desk.clock.move(timedelta(minutes=16))
    async with desk.store.write() as transaction:
        until = transaction.now + timedelta(seconds=50)
        assert len(await source_rows.claim_due_sources(transaction, incarnation="fallen", until=until)) == 3
    after, is_begun = desk.sources(alone=True), asyncio.Event()

    async def until_it_falls() -> None:
        is_begun.set()
        await asyncio.Event().wait()

    desk.shelf.meanwhile = until_it_falls
    await after.take_over()
    goes_on = True
    reading = asyncio.create_task(after.read_due(lambda: goes_on))
    await is_begun.wait()
    async with desk.store.read() as transaction:
        charged = [source.received_bytes for source in await source_rows.all_sources(transaction)]
    assert sorted(charged) == [0, 0, broken_off_cost(Quotas())]
    goes_on = False
    await reading


@pytest.mark.parametrize("megabytes", [1, 12, 500])
def test_one_death_of_the_process_puts_no_newsletter_off(megabytes: int) -> None:
    quotas = Quotas(bytes_a_day=megabytes * MEGABYTE)
    assert 0 < broken_off_cost(quotas) <= quotas.bytes_of_a_source / 10


async def test_what_several_servers_read_is_divided_between_them(ration: Ration) -> None:
    await ration.subscribe()
    await ration.subscribe(OTHER)
    ration.shelf.weight = 4 * MEGABYTE
    await ration.read()
    async with ration.desk.store.read() as transaction:
        used = await usage_rows.of_day(transaction, [GUILD, OTHER], day=ration.desk.clock.now().date())
    assert used == {GUILD: 3_500_000, OTHER: 3_500_000}


async def test_a_server_that_has_used_up_its_own_goes_on_with_what_others_pay_for(ration: Ration) -> None:
    await ration.subscribe()
    await ration.subscribe(OTHER)
    ration.shelf.pages.add("https://large.example/")
    ration.shelf.weights = {"https://large.example/": 20 * MEGABYTE}
    with pytest.raises(UnreadableError):
        await ration.subscribe(url="https://large.example/")
    assert await ration.is_used_up()
    assert not await ration.is_used_up(OTHER)
    asked = len(ration.shelf.asked)
    await ration.read()
    await ration.read()
    assert len(ration.shelf.asked) == asked + 2
    assert await ration.told() == []


async def test_what_a_servers_hook_brings_about_is_on_its_account_alone(ration: Ration) -> None:
    await ration.subscribe()
    await ration.subscribe(OTHER)
    await ration.read()
    day = ration.desk.clock.now().date()
    async with ration.desk.store.read() as transaction:
        before = await usage_rows.of_day(transaction, [GUILD, OTHER], day=day)
    push = ration.desk.services.push
    [source] = (await ration.guilds.status(OTHER)).sources
    opened = await push.open(Act(OTHER, ADMIN, next(ration.desk.interactions)), source.source_id, secret=None)
    ration.desk.clock.move(timedelta(minutes=2))
    await push.take(opened.address.rpartition("/")[2], {}, sent(b""))
    await ration.sources.read_due()
    async with ration.desk.store.read() as transaction:
        after = await usage_rows.of_day(transaction, [GUILD, OTHER], day=day)
    assert after == {GUILD: before[GUILD], OTHER: before[OTHER] + MEGABYTE}


async def test_what_is_tried_in_vain_counts_too_and_nothing_more_is_tried_then(ration: Ration) -> None:
    ration.shelf.answer = UnreadableError("unreadable-plain")
    ration.shelf.weight = 0
    for url in urls(20):
        with pytest.raises(UnreadableError):
            await ration.subscribe(url=url)
    asked = len(ration.shelf.asked)
    with pytest.raises(RefusedError) as caught:
        await ration.subscribe()
    assert (caught.value.message_id, caught.value.params) == ("setup-used-up", {"megabytes": "10"})
    assert len(ration.shelf.asked) == asked


async def test_a_server_with_its_number_of_sources_asks_for_nothing_more(ration: Ration) -> None:
    ration.subscriptions._quotas = Quotas(sources=1)
    await ration.subscribe()
    asked = len(ration.shelf.asked)
    with pytest.raises(RefusedError, match="setup-too-many-sources"):
        await ration.subscribe(url="https://other.example/feed")
    assert len(ration.shelf.asked) == asked


@only_postgresql
async def test_who_add_at_once_stay_within_the_number_of_sources(ration: Ration) -> None:
    ration.subscriptions._quotas = Quotas(sources=2)
    await ration.subscribe(url="https://first.example/feed")
    add = partial(ration.subscriptions.subscribe, channel_id=CHANNEL)
    async with asyncio.timeout(60), ration.desk.store.write() as brake:
        await brake.execute(text("LOCK TABLE subscriptions IN SHARE MODE"))
        adding: list[asyncio.Task[Subscribed]] = []
        for url in urls(2):  # one looks after the other, and both have looked
            adding.append(asyncio.create_task(add(Act(GUILD, ADMIN, next(ration.desk.interactions)), url=url)))
            await ration.desk.held_up(len(adding), *adding)
    outcomes = await asyncio.gather(*adding, return_exceptions=True)
    refused = [str(outcome) for outcome in outcomes if isinstance(outcome, BaseException)]
    assert refused == ["setup-too-many-sources count=2"]
    assert len((await ration.guilds.status(GUILD)).sources) == 2


async def test_a_server_that_joins_a_resting_source_wakes_it(ration: Ration) -> None:
    for url in urls(3):
        await ration.subscribe(url=url)
    for _ in range(6):
        await ration.read()
    await ration.subscribe(OTHER, url=urls(3)[2])
    asked = len(ration.shelf.asked)
    await ration.read()
    assert len(ration.shelf.asked) == asked + 1


async def test_the_operator_says_how_soon_a_call_may_be_followed(desk: Desk) -> None:
    await desk.subscribe()
    await desk.services.sources.read_due()
    push = Push(
        desk.store,
        clock=desk.clock,
        secrets=SecretBox(desk.key_file),
        public_url="https://desk.example",
        quotas=Quotas(shortest_pause=timedelta(minutes=5)),
    )
    [source] = (await desk.services.guilds.status(GUILD)).sources
    opened = await push.open(Act(GUILD, ADMIN, next(desk.interactions)), source.source_id, secret=None)
    asked = len(desk.shelf.asked)
    for minutes in (1, 4):
        await push.take(opened.address.rpartition("/")[2], {}, sent(b""))
        await desk.services.sources.read_due()
        assert len(desk.shelf.asked) == asked
        desk.clock.move(timedelta(minutes=minutes))
    await desk.services.sources.read_due()
    assert len(desk.shelf.asked) == asked + 1


@pytest.mark.parametrize(("megabytes", "seconds", "cost"), [(9, 9.0, 9), (4, 2.5, 4), (0, 1.5, 3), (1, 3.0, 5)])
def test_a_second_for_each_megabyte_is_ordinary_and_what_takes_longer_counts(
    megabytes: int, seconds: float, cost: int
) -> None:
    assert cost_of(Meter(megabytes * MEGABYTE, seconds)) == cost * MEGABYTE


def test_bytes_are_measured_where_somebody_measures() -> None:
    note_received(5)
    with metered() as outer:
        note_received(7)
        with metered() as inner:
            note_received(11)
    note_received(13)
    assert (outer.received_bytes, inner.received_bytes) == (7, 11)


async def test_wherever_a_reading_is_stopped_everybody_pays_for_it_once(
    ration: Ration, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(quotas, "CHARGED_AT_ONCE", 1)
    for guild_id in (GUILD, OTHER):
        await ration.subscribe(guild_id)
    day = ration.desk.clock.now().date()

    async def used() -> dict[int, int]:
        async with ration.desk.store.read() as transaction:
            return await usage_rows.of_day(transaction, [GUILD, OTHER], day=day)

    before, asked = await used(), len(ration.shelf.asked)
    store = cast("DiskStore", ration.desk.store)
    stopped = 0
    for commits in range(1, 8):
        ration.desk.clock.move(timedelta(minutes=16))
        store.reading, store.commits_left = asyncio.create_task(ration.sources.read_due()), commits
        await asyncio.wait({store.reading})
        stopped += store.reading.cancelled()
    store.reading = None
    await ration.read()
    await ration.desk.services.chores.work_off()
    readings = len(ration.shelf.asked) - asked
    assert stopped > 3
    assert await used() == {guild_id: was + readings * MEGABYTE // 2 for guild_id, was in before.items()}
    async with ration.desk.store.read() as transaction:
        [source] = await source_rows.all_sources(transaction)
    assert source.received_bytes == readings * MEGABYTE


async def test_what_a_process_that_fell_had_begun_to_charge_is_charged_to_everybody_once(
    ration: Ration, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(quotas, "CHARGED_AT_ONCE", 1)
    others = range(OTHER, OTHER + 3)
    for guild_id in (GUILD, *others):
        await ration.subscribe(guild_id)
    day = ration.desk.clock.now().date()

    async def used() -> dict[int, int]:
        async with ration.desk.store.read() as transaction:
            return await usage_rows.of_day(transaction, [GUILD, *others], day=day)

    before = await used()
    await ration.read()
    share = MEGABYTE // 4
    assert await used() == {**before, GUILD: before[GUILD] + share}, "the first one, with which the others are noted"
    await ration.desk.services.chores.work_off()
    assert await used() == {guild_id: was + share for guild_id, was in before.items()}
