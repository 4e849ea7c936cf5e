"""What one server may have read, and what happens when it is used up."""

from datetime import timedelta

import pytest

from bot.errors import RefusedError, UnreadableError
from bot.metrics import metered, note_received
from bot.model.guild import Source
from bot.ports import Reading
from bot.services import Guilds, Push, Sources
from bot.services.quotas import MEGABYTE, Quotas
from bot.store import sources as source_rows
from bot.store.secret_box import SecretBox
from tests.doubles import Shelf, sample_issue
from tests.services.conftest import CHANNEL, FEED, GUILD, Desk

OTHER = GUILD + 1
STAFF = 8009


class HeavyShelf(Shelf):
    """Its feeds take so many bytes to fetch."""

    weight = MEGABYTE

    async def read(self, source: Source, *, credentials: str | None) -> Reading | None:
        note_received(self.weight)
        return await super().read(source, credentials=credentials)

    async def find_feeds(self, url: str, *, credentials: str | None) -> list[str]:
        note_received(self.weight)
        return await super().find_feeds(url, credentials=credentials)


class Ration:
    """A desk whose servers may read ten megabytes a day."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.shelf = HeavyShelf(sample_issue(1))
        self.quotas = Quotas(bytes_a_day=10 * MEGABYTE)
        self.sources = Sources(
            desk.store,
            reader=self.shelf,
            secrets=SecretBox(desk.key_file),
            clock=desk.clock,
            bell=desk.bell,
            interval=timedelta(minutes=10),
            metrics=desk.metrics,
            announcer=desk.channel,
            quotas=self.quotas,
        )
        self.guilds = Guilds(desk.store, clock=desk.clock, bell=desk.bell, quotas=self.quotas)

    async def subscribe(self, guild_id: int = GUILD, url: str = FEED) -> None:
        await self.guilds.remember(guild_id, name="Rationed")
        await self.guilds.set_staff_channel(guild_id, STAFF + guild_id, interaction_id=next(self.desk.interactions))
        await self.sources.subscribe(
            guild_id, url=url, channel_id=CHANNEL + guild_id, interaction_id=next(self.desk.interactions)
        )

    async def read(self) -> None:
        self.desk.clock.move(timedelta(minutes=16))
        await self.sources.read_due()

    async def told(self) -> list[int]:
        await self.desk.services.outbox.deliver_due()
        notices = [each for each in self.desk.channel.notices if each.words is not None]
        return [each.guild_id for each in notices if each.words and each.words.message_id == "notice-used-up"]

    async def is_used_up(self, guild_id: int = GUILD) -> bool:
        return (await self.guilds.status(guild_id)).is_used_up


@pytest.fixture
async def ration(desk: Desk) -> Ration:
    return Ration(desk)


async def test_when_enough_was_read_a_source_rests_until_the_next_day_and_the_staff_is_told_once(
    ration: Ration,
) -> None:
    await ration.subscribe()
    for _ in range(20):
        await ration.read()
    assert len(ration.shelf.asked) == 10
    assert await ration.is_used_up()
    assert await ration.told() == [GUILD]
    async with ration.desk.store.read() as transaction:
        [source] = await source_rows.all_sources(transaction)
    assert (source.failures, source.last_problem) == (0, None)
    due_at = await ration.sources.read_due()
    assert due_at is not None
    assert due_at.date() == ration.desk.clock.now().date() + timedelta(days=1)
    ration.desk.clock.move(due_at - ration.desk.clock.now())
    await ration.sources.read_due()
    assert len(ration.shelf.asked) == 11
    assert not await ration.is_used_up()


async def test_what_several_servers_read_is_divided_between_them(ration: Ration) -> None:
    await ration.subscribe()
    await ration.subscribe(OTHER)
    asked = len(ration.shelf.asked)
    for _ in range(16):
        await ration.read()
    assert len(ration.shelf.asked) == asked + 16
    assert not await ration.is_used_up()


async def test_a_server_that_has_used_up_its_own_goes_on_with_what_others_pay_for(ration: Ration) -> None:
    await ration.subscribe()
    await ration.subscribe(OTHER)
    ration.shelf.weight = 20 * MEGABYTE
    with pytest.raises(UnreadableError):
        ration.shelf.pages.add("https://large.example/")
        await ration.subscribe(url="https://large.example/")
    assert await ration.is_used_up()
    assert not await ration.is_used_up(OTHER)
    ration.shelf.weight = MEGABYTE
    asked = len(ration.shelf.asked)
    await ration.read()
    await ration.read()
    assert len(ration.shelf.asked) == asked + 2
    assert await ration.told() == []


async def test_what_is_tried_in_vain_counts_too_and_nothing_more_is_tried_then(ration: Ration) -> None:
    ration.shelf.answer = UnreadableError("unreadable-plain")
    for number in range(10):
        with pytest.raises(UnreadableError):
            await ration.subscribe(url=f"https://nothing.example/{number}")
    asked = len(ration.shelf.asked)
    with pytest.raises(RefusedError) as caught:
        await ration.subscribe()
    assert (caught.value.message_id, caught.value.params) == ("setup-used-up", {"megabytes": "10"})
    assert len(ration.shelf.asked) == asked


async def test_a_server_that_joins_a_resting_source_wakes_it(ration: Ration) -> None:
    await ration.subscribe()
    for _ in range(12):
        await ration.read()
    asked = len(ration.shelf.asked)
    await ration.subscribe(OTHER)
    assert len(ration.shelf.asked) == asked + 1, "the look at it"
    await ration.read()
    assert len(ration.shelf.asked) == asked + 2


async def test_the_operator_says_how_soon_a_call_may_be_followed(desk: Desk) -> None:
    await desk.subscribe()
    await desk.services.sources.read_due()
    push = Push(
        desk.store,
        clock=desk.clock,
        bell=desk.bell,
        secrets=SecretBox(desk.key_file),
        public_url="https://desk.example",
        quotas=Quotas(shortest_pause=timedelta(minutes=5)),
    )
    [source] = (await desk.services.guilds.status(GUILD)).sources
    opened = await push.open(GUILD, source.source_id, secret=None, interaction_id=next(desk.interactions))
    asked = len(desk.shelf.asked)
    for minutes in (1, 4):
        await push.take(opened.address.rpartition("/")[2], {}, b"")
        await desk.services.sources.read_due()
        assert len(desk.shelf.asked) == asked
        desk.clock.move(timedelta(minutes=minutes))
    await desk.services.sources.read_due()
    assert len(desk.shelf.asked) == asked + 1


def test_bytes_are_measured_where_somebody_measures() -> None:
    note_received(5)
    with metered() as outer:
        note_received(7)
        with metered() as inner:
            note_received(11)
    note_received(13)
    assert (outer.received_bytes, inner.received_bytes) == (7, 11)
