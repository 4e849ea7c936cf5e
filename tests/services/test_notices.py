"""The staff is told once and in its own channel, also of what is found before Discord has shown the server."""

from datetime import timedelta

from bot.errors import FetchError
from bot.model.delivery import Purpose
from bot.model.member import Act
from bot.model.problem import Problem
from bot.services.delivery.notices import tell_staff
from tests.doubles import sample_issue
from tests.services.conftest import ADMIN, GUILD, Desk

OTHER_GUILD, UPDATES = 7002, 8901
WORDS = Problem("notice-used-up", {"title": "The Sample", "when": "soon"})


async def tell(desk: Desk, guild_id: int = GUILD, *, occasion: str = "something") -> bool:
    async with desk.store.write() as transaction:
        return await tell_staff(
            transaction,
            desk.channel,
            guild_id=guild_id,
            about_channel_id=0,
            occasion=occasion,
            words=WORDS,
        )


def told(desk: Desk) -> list[tuple[int, int]]:
    return [(notice.guild_id, notice.channel_id) for notice in desk.channel.notices]


async def test_what_is_found_before_the_server_is_shown_is_told_when_it_is(desk: Desk) -> None:
    desk.channel.knows_servers = False
    assert await tell(desk)
    await desk.services.outbox.deliver_due()
    assert told(desk) == []
    desk.channel.knows_servers, desk.channel.updates_channel = True, UPDATES
    desk.clock.move(timedelta(minutes=1))
    await desk.services.outbox.deliver_due()
    assert told(desk) == [(GUILD, UPDATES)]


async def test_it_is_told_once_whether_the_server_was_shown_or_not(desk: Desk) -> None:
    desk.channel.updates_channel = UPDATES
    assert await tell(desk)
    await desk.services.outbox.deliver_due()
    desk.channel.knows_servers = False  # after a restart
    assert not await tell(desk)
    desk.channel.knows_servers = True
    assert not await tell(desk)
    await desk.services.outbox.deliver_due()
    assert told(desk) == [(GUILD, UPDATES)]


async def test_a_channel_that_is_chosen_meanwhile_is_where_it_is_told(desk: Desk) -> None:
    desk.channel.knows_servers = False
    await desk.services.guilds.remember(GUILD, name="Here")
    await tell(desk)
    await desk.services.guilds.set_staff_channel(Act(GUILD, ADMIN, next(desk.interactions)), 8902)
    desk.channel.knows_servers = True
    await desk.services.outbox.deliver_due()
    assert told(desk) == [(GUILD, 8902)]


async def test_a_server_without_such_a_channel_is_told_nothing_and_nothing_waits(desk: Desk) -> None:
    desk.channel.knows_servers = False
    await tell(desk)
    desk.channel.knows_servers = True
    assert await desk.services.outbox.deliver_due() is None
    assert told(desk) == []


async def test_a_server_that_stays_hidden_holds_up_no_other(desk: Desk) -> None:
    desk.channel.knows_servers = False
    await tell(desk)
    await desk.services.outbox.deliver_due()
    await desk.services.guilds.remember(OTHER_GUILD, name="There")
    await desk.services.guilds.set_staff_channel(Act(OTHER_GUILD, ADMIN, next(desk.interactions)), 8902)
    await tell(desk, OTHER_GUILD)
    await desk.services.outbox.deliver_due()
    assert told(desk) == [(OTHER_GUILD, 8902)]


async def test_a_flood_that_is_found_before_the_server_is_shown_asks_its_staff_when_it_is(desk: Desk) -> None:
    await desk.subscribe()
    await desk.services.sources.read_due()
    desk.channel.knows_servers = False
    desk.shelf.lay_out(*(sample_issue(number) for number in range(2, 12)))
    await desk.read()
    desk.channel.knows_servers, desk.channel.updates_channel = True, UPDATES
    await desk.services.outbox.deliver_due()
    [(delivery, _)] = desk.channel.cards.values()
    assert (delivery.purpose, delivery.channel_id) == (Purpose.FLOOD, UPDATES)


async def test_a_source_that_fails_while_the_servers_are_hidden_is_told_of(desk: Desk) -> None:
    await desk.subscribe()
    await desk.services.sources.read_due()
    desk.channel.knows_servers = False
    desk.shelf.answer = FetchError("fetch-status", status=500)
    for _ in range(8):
        desk.clock.move(timedelta(hours=8))
        await desk.services.sources.read_due()
    desk.channel.knows_servers, desk.channel.updates_channel = True, UPDATES
    await desk.services.outbox.deliver_due()
    assert (GUILD, UPDATES) in told(desk)
