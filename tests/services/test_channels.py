"""Channels that refuse everything: left alone, told once, opened again."""

import asyncio
from datetime import timedelta

import pytest

from bot.errors import ChannelClosedError, DeliveryError, DeliveryRefusedError, DiscordClosedError, NotFoundError
from bot.model.delivery import Delivery, DeliveryRecord, DeliveryState, Purpose, Sent, StoppedChannel
from bot.model.member import Act
from bot.model.problem import Problem
from bot.ports import Announcement, Matter
from bot.store import channels as channel_rows
from bot.store import outbox as outbox_rows
from tests.doubles import sample_issue
from tests.services.conftest import ADMIN, CHANNEL, GUILD, Desk

STAFF = 8900
NOT_ALLOWED = ChannelClosedError("delivery-not-allowed", reason="Missing Permissions")
GONE = ChannelClosedError("delivery-channel-gone", is_gone=True)


async def set_up(desk: Desk, *, staff: bool = True) -> None:
    await desk.subscribe()
    if staff:
        await desk.services.guilds.set_staff_channel(Act(GUILD, ADMIN, next(desk.interactions)), STAFF)
    await desk.services.sources.read_due()


async def stopped(desk: Desk, channel_id: int = CHANNEL) -> StoppedChannel | None:
    async with desk.store.read() as transaction:
        return await channel_rows.get_stopped(transaction, channel_id)


async def records(desk: Desk) -> list[DeliveryRecord]:
    stored = await desk.services.issues.latest(GUILD)
    async with desk.store.read() as transaction:
        return await outbox_rows.announcements_of(transaction, guild_id=GUILD, subject_key=stored.issue_key)


async def test_a_channel_that_refuses_is_stopped_and_its_staff_told_once(desk: Desk) -> None:
    await set_up(desk)
    desk.channel.fail_in[CHANNEL] = NOT_ALLOWED
    attempts = 0

    def count() -> None:
        nonlocal attempts
        attempts += 1

    desk.channel.before_send = count
    for _ in range(5):
        await desk.services.outbox.deliver_due()
        desk.clock.move(timedelta(minutes=1))
    assert attempts == 1
    channel = await stopped(desk)
    assert channel is not None
    assert channel.problem == Problem("delivery-not-allowed", {"reason": "Missing Permissions"})
    notice = Problem("notice-channel-stopped", {"channel": str(CHANNEL), "count": 1}, channel.problem)
    assert [(each.channel_id, each.words) for each in desk.channel.notices] == [(STAFF, notice)]


async def test_nothing_that_waits_for_a_stopped_channel_is_lost(desk: Desk) -> None:
    await set_up(desk)
    desk.channel.fail_in[CHANNEL] = NOT_ALLOWED
    await desk.services.outbox.deliver_due()
    desk.shelf.lay_out(sample_issue(3), sample_issue(2))
    await desk.read()
    assert await desk.titles_sent() == []
    desk.channel.fail_in.clear()
    desk.channel.mended.add(CHANNEL)
    await desk.services.channels.look_again(GUILD)
    assert "outbox" in desk.bell.rung
    assert await desk.titles_sent() == ["Issue number 1", "Issue number 2", "Issue number 3"]
    assert await stopped(desk) is None


async def test_a_change_that_mends_nothing_asks_discord_nothing(desk: Desk) -> None:
    await set_up(desk)
    desk.channel.fail_in[CHANNEL] = NOT_ALLOWED
    await desk.services.outbox.deliver_due()
    desk.channel.fail_in.clear()
    await desk.services.channels.look_again(GUILD)
    assert await desk.titles_sent() == []


async def test_looks_become_rarer_and_cost_a_request_only_where_permissions_seem_right(desk: Desk) -> None:
    await set_up(desk)
    desk.channel.fail_in[CHANNEL] = NOT_ALLOWED
    sends = 0

    def count() -> None:
        nonlocal sends
        sends += 1

    desk.channel.before_send = count
    await desk.services.outbox.deliver_due()
    pauses = []
    for _ in range(10):
        channel = await stopped(desk)
        assert channel is not None
        assert channel.look_again_at is not None
        pauses.append(channel.look_again_at - desk.clock.now())
        desk.clock.move(pauses[-1])
        await desk.services.outbox.deliver_due()
    assert sends == 1
    assert pauses[:3] == [timedelta(minutes=15), timedelta(minutes=30), timedelta(hours=1)]
    assert pauses[-1] == timedelta(days=1)
    desk.channel.mended.add(CHANNEL)
    desk.clock.move(timedelta(days=1))
    await desk.services.outbox.deliver_due()
    assert sends == 2, "the permissions seem right, so it is tried; it is refused for another reason"
    assert len(desk.channel.notices) == 1


async def test_a_channel_that_is_gone_is_never_asked_again(desk: Desk) -> None:
    await set_up(desk)
    desk.channel.fail_in[CHANNEL] = GONE
    await desk.services.outbox.deliver_due()
    desk.channel.fail_in.clear()
    desk.clock.move(timedelta(days=30))
    assert await desk.titles_sent() == []
    assert await desk.services.outbox.deliver_due() is None


async def test_another_channel_takes_over_what_waits_for_one_that_is_gone(desk: Desk) -> None:
    await set_up(desk)
    desk.channel.fail_in[CHANNEL] = GONE
    await desk.services.outbox.deliver_due()
    desk.shelf.lay_out(sample_issue(2))
    await desk.read()
    await desk.move(CHANNEL + 1)
    assert await desk.titles_sent() == ["Issue number 1", "Issue number 2"]
    assert {delivery.channel_id for delivery, _ in desk.channel.messages.values()} == {CHANNEL + 1}
    assert [each.last_problem.message_id for each in await records(desk) if each.last_problem] == ["delivery-moved"]


async def test_the_same_channel_chosen_again_is_tried_again(desk: Desk) -> None:
    await set_up(desk)
    desk.channel.fail_in[CHANNEL] = GONE
    await desk.services.outbox.deliver_due()
    desk.channel.fail_in.clear()
    await desk.services.guilds.remember(GUILD + 1, name="Elsewhere")
    with pytest.raises(NotFoundError):
        await desk.move(CHANNEL, guild_id=GUILD + 1)
    assert await desk.titles_sent() == [], "another server has no say"
    chosen = next(desk.interactions)
    await desk.move(CHANNEL, interaction_id=chosen)
    assert await desk.titles_sent() == ["Issue number 1"]
    desk.channel.fail_in[CHANNEL] = GONE
    desk.shelf.lay_out(sample_issue(2))
    await desk.read()
    await desk.services.outbox.deliver_due()
    await desk.move(CHANNEL, interaction_id=chosen)
    assert await stopped(desk) is not None, "the same command, heard once more"


async def test_without_a_channel_of_its_own_the_staff_is_told_where_discord_tells_it_or_nowhere(desk: Desk) -> None:
    await set_up(desk, staff=False)
    await desk.subscribe(guild_id=GUILD + 1, channel_id=CHANNEL + 1)
    desk.channel.fail_in = {CHANNEL: NOT_ALLOWED, CHANNEL + 1: NOT_ALLOWED}
    await desk.services.outbox.deliver_due()
    assert desk.channel.notices == []
    assert (await desk.services.guilds.status(GUILD)).stopped[0].channel_id == CHANNEL
    desk.channel.mended.add(CHANNEL)
    desk.channel.fail_in.clear()
    await desk.services.channels.look_again(GUILD)
    await desk.services.outbox.deliver_due()
    desk.channel.updates_channel = 8901
    desk.channel.fail_in[CHANNEL] = NOT_ALLOWED
    desk.shelf.lay_out(sample_issue(2))
    await desk.read()
    await desk.services.outbox.deliver_due()
    assert [each.channel_id for each in desk.channel.notices] == [8901]


async def test_a_staff_channel_that_refuses_is_told_to_nobody(desk: Desk) -> None:
    await set_up(desk)
    desk.channel.fail_in = {CHANNEL: NOT_ALLOWED, STAFF: NOT_ALLOWED}
    await desk.services.outbox.deliver_due()
    await desk.services.outbox.deliver_due()
    assert await stopped(desk, STAFF) is not None
    assert {each.channel_id for each in (await desk.services.guilds.status(GUILD)).stopped} == {CHANNEL, STAFF}


async def test_what_nobody_can_tell_is_held_until_the_history_can_be_read(desk: Desk) -> None:
    await set_up(desk)
    desk.channel.lose_answer_as = DeliveryError("delivery-slow")
    await desk.services.outbox.deliver_due()
    desk.channel.lose_answer_as = None
    desk.channel.nonces_are_remembered = False
    find = desk.channel.find

    async def cannot_tell(*_: object, **__: object) -> None:
        raise ChannelClosedError("delivery-unknown-outcome")

    desk.channel.find = cannot_tell  # type: ignore[method-assign]
    desk.clock.move(timedelta(hours=1))
    await desk.services.outbox.deliver_due()
    await desk.services.outbox.deliver_due()
    assert [each.words.because.message_id for each in desk.channel.notices if each.words and each.words.because] == [
        "delivery-unknown-outcome"
    ]
    desk.channel.find = find  # type: ignore[method-assign]
    desk.channel.mended.add(CHANNEL)
    await desk.services.channels.look_again(GUILD)
    await desk.services.outbox.deliver_due()
    assert len(desk.channel.messages) == 1
    assert (await records(desk))[0].state is DeliveryState.DONE


async def test_what_discord_certainly_refused_is_not_held_for_want_of_a_history(desk: Desk) -> None:
    await set_up(desk)
    desk.channel.fail_in[CHANNEL] = NOT_ALLOWED
    await desk.services.outbox.deliver_due()

    async def cannot_tell(*_: object, **__: object) -> None:
        raise ChannelClosedError("delivery-unknown-outcome")

    desk.channel.find = cannot_tell  # type: ignore[method-assign]
    desk.channel.fail_in.clear()
    desk.channel.mended.add(CHANNEL)
    await desk.services.channels.look_again(GUILD)
    assert await desk.titles_sent() == ["Issue number 1"]


async def test_what_may_have_arrived_in_a_channel_that_still_is_there_is_not_moved_out_of_it(desk: Desk) -> None:
    await set_up(desk)
    desk.channel.lose_answer_as = DeliveryError("delivery-slow")
    await desk.services.outbox.deliver_due()
    desk.channel.lose_answer_as = None
    desk.shelf.lay_out(sample_issue(2))
    await desk.read()
    desk.channel.fail_in[CHANNEL] = NOT_ALLOWED
    find = desk.channel.find

    async def may_not(*_: object, **__: object) -> None:
        raise NOT_ALLOWED

    desk.channel.find = may_not  # type: ignore[method-assign]
    desk.clock.move(timedelta(minutes=5))
    await desk.services.outbox.deliver_due()
    desk.channel.fail_in.clear()
    await desk.move(CHANNEL + 1)
    await desk.services.outbox.deliver_due()
    desk.channel.find = find  # type: ignore[method-assign]
    desk.channel.mended.add(CHANNEL)
    await desk.services.channels.look_again(GUILD)
    await desk.services.outbox.deliver_due()
    sent = [(d.channel_id, a.issue.title) for d, a in desk.channel.messages.values()]
    assert sent == [(CHANNEL, "Issue number 1"), (CHANNEL + 1, "Issue number 2")]


async def test_a_refused_card_is_sent_once_more_as_plain_text(desk: Desk) -> None:
    await set_up(desk)
    desk.channel.fail_in[CHANNEL] = DeliveryRefusedError("delivery-refused", reason="Invalid Form Body")
    desk.channel.plain_is_fine = True
    assert await desk.titles_sent() == ["Issue number 1"]
    [record] = await records(desk)
    assert record.degraded
    assert record.state is DeliveryState.DONE
    assert desk.channel.notices == []


async def test_what_is_refused_in_both_forms_is_quarantined_and_nothing_else(desk: Desk) -> None:
    await set_up(desk)
    desk.channel.fail_in[CHANNEL] = DeliveryRefusedError("delivery-refused", reason="Invalid Form Body")
    forms: list[bool] = []
    send = desk.channel.send

    async def seen(delivery: Delivery, matter: Matter) -> Sent:
        if isinstance(matter, Announcement):
            forms.append(delivery.degraded)
        return await send(delivery, matter)

    desk.channel.send = seen  # type: ignore[method-assign]
    for _ in range(3):
        await desk.services.outbox.deliver_due()
        desk.clock.move(timedelta(hours=1))
    assert forms == [False, True]
    assert (await records(desk))[0].state is DeliveryState.FAILED
    assert [each.words.message_id for each in desk.channel.notices if each.words] == ["notice-refused"]
    assert await stopped(desk) is None
    desk.channel.fail_in.clear()
    desk.shelf.lay_out(sample_issue(2))
    await desk.read()
    assert await desk.titles_sent() == ["Issue number 2"]


async def test_a_process_killed_between_the_two_forms_goes_on_with_the_plain_one(desk: Desk) -> None:
    await set_up(desk)
    desk.channel.fail_in[CHANNEL] = DeliveryRefusedError("delivery-refused", reason="Invalid Form Body")
    desk.channel.plain_is_fine = True
    send = desk.channel.send

    async def dies_plainly(delivery: Delivery, matter: Matter) -> Sent:
        if delivery.degraded:
            raise asyncio.CancelledError
        return await send(delivery, matter)

    desk.channel.send = dies_plainly  # type: ignore[method-assign]
    with pytest.raises(asyncio.CancelledError):
        await desk.services.outbox.deliver_due()
    desk.channel.send = send  # type: ignore[method-assign]
    second = desk.outbox(incarnation="second")
    await second.take_over()
    await second.deliver_due()
    assert [delivery.degraded for delivery, _ in desk.channel.messages.values()] == [True]


async def test_while_discord_is_closed_to_the_bot_nothing_is_asked_in_any_channel(desk: Desk) -> None:
    await desk.subscribe()
    for number in range(1, 40):
        await desk.subscribe(guild_id=GUILD + number, channel_id=CHANNEL + number)
    await desk.services.sources.read_due()
    await desk.services.chores.work_off()
    desk.channel.fail_with = DiscordClosedError("delivery-token", retry_after_seconds=300)
    asked = 0

    def count() -> None:
        nonlocal asked
        asked += 1

    desk.channel.before_send = count
    due = await desk.services.outbox.deliver_due()
    assert due is not None
    assert due >= desk.clock.now() + timedelta(seconds=300)
    assert asked < 40
    before = asked
    await desk.services.outbox.deliver_due()
    assert asked == before
    desk.channel.fail_with = None
    desk.clock.move(timedelta(seconds=301))
    await desk.services.outbox.deliver_due()
    assert len(desk.channel.messages) == 40


async def test_what_only_waited_for_discord_is_due_when_it_is_back(desk: Desk) -> None:
    await set_up(desk)
    desk.channel.fail_with = DeliveryError("delivery-trouble", status=503)
    for _ in range(8):
        due = await desk.services.outbox.deliver_due()
        assert due is not None
        desk.clock.move(due - desk.clock.now())
    await desk.services.outbox.deliver_due()
    desk.channel.fail_with = None
    assert await desk.titles_sent() == []
    await desk.services.channels.hurry()
    assert await desk.titles_sent() == ["Issue number 1"]


async def test_an_hour_of_outage_loses_and_doubles_nothing(desk: Desk) -> None:
    await desk.subscribe()
    for number in range(1, 5):
        await desk.subscribe(guild_id=GUILD + number, channel_id=CHANNEL + number)
    await desk.services.sources.read_due()
    desk.channel.fail_with = DeliveryError("delivery-trouble", status=503)
    begun = desk.clock.now()
    while desk.clock.now() - begun < timedelta(hours=1):
        due = await desk.services.outbox.deliver_due()
        assert due is not None
        desk.clock.move(max(due - desk.clock.now(), timedelta(seconds=1)))
    desk.channel.fail_with = None
    desk.clock.move(timedelta(minutes=11))
    await desk.services.outbox.deliver_due()
    assert sorted(d.channel_id for d, _ in desk.channel.messages.values()) == [CHANNEL + n for n in range(5)]


async def test_a_server_that_was_left_keeps_no_stopped_channel(desk: Desk) -> None:
    await set_up(desk)
    desk.channel.fail_in[CHANNEL] = NOT_ALLOWED
    await desk.services.outbox.deliver_due()
    await desk.services.guilds.leave(GUILD)
    assert await stopped(desk) is None


async def test_publishing_waits_for_its_own_hour_and_holds_up_no_announcement(desk: Desk) -> None:
    desk.channel.for_followers = True
    await desk.subscribe()
    await desk.services.sources.read_due()
    await desk.publish(*(sample_issue(number) for number in range(2, 13)))
    assert len(await desk.titles_sent()) == 12
    assert desk.channel.published == []
    desk.clock.move(timedelta(minutes=2))
    await desk.services.outbox.deliver_due()
    assert len(desk.channel.published) == 10
    desk.shelf.lay_out(sample_issue(13))
    await desk.read()
    assert len(await desk.titles_sent()) == 13
    desk.clock.move(timedelta(hours=1))
    await desk.services.outbox.deliver_due()
    desk.clock.move(timedelta(hours=1))
    await desk.services.outbox.deliver_due()
    assert desk.channel.published == [1000 + number for number in range(13)]


async def test_a_publication_that_is_refused_stops_neither_the_channel_nor_the_rest(desk: Desk) -> None:
    desk.channel.for_followers = True
    await set_up(desk)

    async def refuses(delivery: Delivery) -> None:
        raise DeliveryRefusedError("delivery-refused", reason="Missing Permissions")

    desk.channel.publish = refuses  # type: ignore[method-assign]
    await desk.services.outbox.deliver_due()
    desk.clock.move(timedelta(minutes=3))
    await desk.services.outbox.deliver_due()
    assert await stopped(desk) is None
    [trouble] = (await desk.services.guilds.status(GUILD)).troubled
    assert (trouble.purpose, trouble.state) == (Purpose.PUBLISH, DeliveryState.FAILED)
