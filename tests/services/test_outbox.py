"""Deliveries: once, whatever stops in between."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import update

from bot.errors import DeliveryError, DeliveryRefusedError, StoreError
from bot.model.delivery import Delivery, DeliveryRecord, DeliveryState, Purpose, Sent
from bot.model.member import Act
from bot.model.problem import Problem
from bot.ports import Announcement, Matter
from bot.services.delivery.cards import Change, show_changes
from bot.services.delivery.sending import LEASE
from bot.store import outbox as outbox_rows
from bot.store.tables import outbox
from tests.doubles import sample_issue
from tests.services.conftest import ADMIN, CHANNEL, GUILD, Desk
from tests.statements import around


async def queued(desk: Desk) -> None:
    await desk.subscribe()
    await desk.services.sources.read_due()


async def record(desk: Desk) -> DeliveryRecord:
    stored = await desk.services.issues.latest(GUILD)
    async with desk.store.read() as transaction:
        return (await outbox_rows.announcements_of(transaction, guild_id=GUILD, subject_key=stored.issue_key))[0]


async def test_a_message_is_sent_marked_and_gets_its_thread(desk: Desk) -> None:
    await queued(desk)
    assert await desk.titles_sent() == ["Issue number 1"]
    assert desk.channel.threads == [1000]
    done = await record(desk)
    assert (done.state, done.message_id, done.thread_id) == (DeliveryState.DONE, 1000, 1000)
    assert await desk.services.outbox.deliver_due() is None


async def test_no_thread_where_the_server_wants_none(desk: Desk) -> None:
    await desk.services.guilds.remember(GUILD, name="Quiet")
    await desk.services.guilds.set_discussion_threads(Act(GUILD, ADMIN, next(desk.interactions)), wanted=False)
    await queued(desk)
    await desk.titles_sent()
    assert desk.channel.threads == []


async def test_trouble_puts_the_message_off_and_it_arrives_later(desk: Desk) -> None:
    await queued(desk)
    desk.channel.fail_with = DeliveryError("delivery-trouble", status=503)
    due = await desk.services.outbox.deliver_due()
    assert due is not None
    assert due > desk.clock.now()
    assert (await record(desk)).last_problem == Problem("delivery-trouble", {"status": 503})
    desk.channel.fail_with = None
    desk.clock.move(timedelta(minutes=1))
    assert await desk.titles_sent() == ["Issue number 1"]


async def test_pauses_grow_and_nothing_is_dropped_for_age(desk: Desk) -> None:
    await queued(desk)
    desk.channel.fail_with = DeliveryError("delivery-broken")
    pauses = []
    for _ in range(20):
        due = await desk.services.outbox.deliver_due()
        assert due is not None
        pauses.append(due - desk.clock.now())
        desk.clock.move(due - desk.clock.now())
    assert pauses[0] <= timedelta(seconds=2)
    assert timedelta(minutes=5) <= pauses[-1] <= timedelta(minutes=10)
    desk.channel.fail_with = None
    assert await desk.titles_sent() == ["Issue number 1"]


async def test_discords_own_waiting_time_is_kept(desk: Desk) -> None:
    await queued(desk)
    desk.channel.fail_with = DeliveryError("delivery-slow-down", retry_after_seconds=120)
    due = await desk.services.outbox.deliver_due()
    assert due == desk.clock.now() + timedelta(seconds=120)


async def test_what_discord_refuses_is_not_tried_again(desk: Desk) -> None:
    await queued(desk)
    desk.channel.fail_with = DeliveryRefusedError("delivery-refused", reason="Invalid Form Body")
    assert await desk.services.outbox.deliver_due() is None
    failed = await record(desk)
    assert failed.state is DeliveryState.FAILED
    assert failed.last_problem == Problem("delivery-refused", {"reason": "Invalid Form Body"})


async def test_a_message_of_a_newer_version_waits_for_it_and_holds_up_no_other(desk: Desk) -> None:
    await desk.subscribe()
    await desk.services.sources.read_due()
    async with desk.store.write() as transaction:
        await outbox_rows.enqueue(
            transaction, purpose=Purpose("greeting"), guild_id=GUILD, channel_id=CHANNEL, subject_key="hello"
        )
    assert await desk.titles_sent() == ["Issue number 1"]
    async with desk.store.read() as transaction:
        [waits] = await outbox_rows.deliveries_of(transaction, guild_id=GUILD, subject_key="hello")
    assert waits.state is DeliveryState.PENDING
    assert str(waits.last_problem) == "delivery-kind-unknown kind=greeting"


async def test_a_card_of_a_newer_version_is_not_drawn_anew_by_this_one_and_waits(desk: Desk) -> None:
    await desk.services.guilds.remember(GUILD, name="Server")
    async with desk.store.write() as transaction:
        await outbox_rows.enqueue(
            transaction, purpose=Purpose("greeting"), guild_id=GUILD, channel_id=CHANNEL, subject_key="hello"
        )
        await transaction.execute(update(outbox).values(state=DeliveryState.DONE, due_at=None, message_id=1))
        await show_changes(transaction, [Change(GUILD, "hello")])
    assert await desk.services.outbox.deliver_due() is not None
    async with desk.store.read() as transaction:
        records = await outbox_rows.deliveries_of(transaction, guild_id=GUILD, subject_key="hello")
    [refresh] = [record for record in records if record.purpose == Purpose.REFRESH]
    assert refresh.state is DeliveryState.PENDING
    assert str(refresh.last_problem) == "delivery-kind-unknown kind=greeting"


async def test_a_process_that_died_while_sending_leaves_no_second_message(desk: Desk) -> None:
    await queued(desk)
    desk.channel.lose_answer = True
    with pytest.raises(asyncio.CancelledError):
        await desk.services.outbox.deliver_due()
    desk.channel.lose_answer = False
    after = desk.outbox(incarnation="second")
    await after.take_over()
    await after.deliver_due()
    assert len(desk.channel.messages) == 1
    assert (await record(desk)).state is DeliveryState.DONE


async def test_a_process_that_died_before_it_sent_leaves_nothing_to_search_for(desk: Desk) -> None:
    await queued(desk)

    glance = desk.channel.glance

    async def dies_looking(*_: object, **_since: object) -> None:
        raise asyncio.CancelledError

    desk.channel.glance = dies_looking  # type: ignore[method-assign]
    with pytest.raises(asyncio.CancelledError):
        await desk.services.outbox.deliver_due()
    desk.channel.glance = glance  # type: ignore[method-assign]
    after = desk.outbox(incarnation="second")
    await after.take_over()
    await after.deliver_due()
    assert len(desk.channel.messages) == 1
    assert desk.channel.searches == 0


async def test_long_after_a_lost_answer_the_channel_is_searched_before_sending(desk: Desk) -> None:
    await queued(desk)
    desk.channel.lose_answer = True
    with pytest.raises(asyncio.CancelledError):
        await desk.services.outbox.deliver_due()
    desk.channel.lose_answer = False
    desk.channel.nonces_are_remembered = False
    desk.clock.move(timedelta(hours=1))
    after = desk.outbox(incarnation="second")
    await after.take_over()
    await after.deliver_due()
    assert len(desk.channel.messages) == 1


async def test_a_process_that_died_before_the_thread_starts_only_the_thread(desk: Desk) -> None:
    await queued(desk)

    async def dies(*_: object, **__: object) -> int:
        raise asyncio.CancelledError

    starts_threads = desk.channel.start_thread
    desk.channel.start_thread = dies  # type: ignore[method-assign]
    with pytest.raises(asyncio.CancelledError):
        await desk.services.outbox.deliver_due()
    desk.channel.start_thread = starts_threads  # type: ignore[method-assign]
    after = desk.outbox(incarnation="second")
    await after.take_over()
    await after.deliver_due()
    assert len(desk.channel.messages) == 1
    assert desk.channel.threads == [1000]


async def test_beside_other_processes_a_claim_is_free_only_when_its_lease_ends(desk: Desk) -> None:
    await queued(desk)
    desk.channel.lose_answer = True
    with pytest.raises(asyncio.CancelledError):
        await desk.services.outbox.deliver_due()
    desk.channel.lose_answer = False
    neighbour = desk.outbox(incarnation="second", alone=False)
    await neighbour.take_over()
    due = await neighbour.deliver_due()
    assert due is not None
    assert desk.clock.now() < due <= desk.clock.now() + LEASE
    assert (await record(desk)).state is DeliveryState.CLAIMED
    desk.clock.move(LEASE)
    await neighbour.deliver_due()
    assert (await record(desk)).state is DeliveryState.DONE
    assert len(desk.channel.messages) == 1


async def test_a_role_is_mentioned_at_most_once_a_day(desk: Desk) -> None:
    await desk.services.guilds.remember(GUILD, name="Loud")
    await desk.services.guilds.set_ping_role(Act(GUILD, ADMIN, next(desk.interactions)), 55)
    await queued(desk)
    for number in (2, 3):
        desk.shelf.lay_out(sample_issue(number))
        await desk.read()
        await desk.services.outbox.deliver_due()
    desk.clock.move(timedelta(days=1))
    desk.shelf.lay_out(sample_issue(4))
    await desk.read()
    await desk.services.outbox.deliver_due()
    assert [a.ping_role_id for _, a in desk.channel.messages.values()] == [55, None, None, 55]


async def test_of_what_waited_for_days_only_the_first_mentions_the_role(desk: Desk) -> None:
    await desk.services.guilds.remember(GUILD, name="Loud")
    await desk.services.guilds.set_ping_role(Act(GUILD, ADMIN, next(desk.interactions)), 55)
    await queued(desk)
    for number in (2, 3):
        desk.clock.move(timedelta(days=1))
        desk.shelf.lay_out(sample_issue(number))
        await desk.read()
    await desk.services.outbox.deliver_due()
    assert [a.ping_role_id for _, a in desk.channel.messages.values()] == [55, None, None]


async def test_within_a_channel_messages_keep_their_order(desk: Desk) -> None:
    await queued(desk)
    await desk.publish(*(sample_issue(number) for number in (2, 3, 4, 5)))
    assert await desk.titles_sent() == [f"Issue number {number}" for number in range(1, 6)]


async def test_a_slow_channel_gives_back_what_waits_behind_it(desk: Desk) -> None:
    await queued(desk)
    desk.shelf.lay_out(*(sample_issue(number) for number in (3, 2)))
    await desk.read()
    claimed: list[int] = []

    def slow() -> None:
        claimed.append(len(desk.channel.messages))
        desk.clock.move(timedelta(seconds=26))

    desk.channel.before_send = slow
    assert len(await desk.titles_sent()) == 3
    assert (await record(desk)).attempts == 1, "what was not begun is no attempt"
    assert desk.channel.searches == 0


async def test_trouble_in_one_channel_does_not_stop_another(desk: Desk) -> None:
    await desk.subscribe()
    await desk.subscribe(guild_id=GUILD + 1, channel_id=CHANNEL + 1)
    await desk.services.sources.read_due()
    send = desk.channel.send

    async def breaks_in_one(delivery: Delivery, matter: Matter) -> Sent:
        if delivery.channel_id == CHANNEL:
            raise ZeroDivisionError
        return await send(delivery, matter)

    desk.channel.send = breaks_in_one  # type: ignore[method-assign]
    due = await desk.services.outbox.deliver_due()
    assert due is not None
    assert due > desk.clock.now(), "a mistake of ours is not tried again without a pause"
    assert [delivery.channel_id for delivery, _ in desk.channel.messages.values()] == [CHANNEL + 1]


async def test_after_trouble_the_rest_of_the_channel_waits_too_and_keeps_its_order(desk: Desk) -> None:
    await queued(desk)
    desk.shelf.lay_out(*(sample_issue(number) for number in (3, 2)))
    await desk.read()
    desk.channel.fail_with = DeliveryError("delivery-slow-down", retry_after_seconds=30)
    due = await desk.services.outbox.deliver_due()
    assert due == desk.clock.now() + timedelta(seconds=30)
    desk.channel.fail_with = None
    assert await desk.titles_sent() == []
    desk.clock.move(timedelta(seconds=31))
    assert await desk.titles_sent() == [f"Issue number {number}" for number in (1, 2, 3)]


async def test_a_clock_put_back_after_a_lost_answer_leaves_one_message(desk: Desk) -> None:
    await queued(desk)
    desk.channel.lose_answer_as = DeliveryError("delivery-slow")
    await desk.services.outbox.deliver_due()
    desk.channel.lose_answer_as = None
    desk.channel.nonces_are_remembered = False
    desk.clock.move(timedelta(minutes=10))
    desk.clock.set_back(timedelta(minutes=10))
    desk.clock.move(timedelta(seconds=5))
    await desk.services.outbox.deliver_due()
    assert len(desk.channel.messages) == 1
    assert (await record(desk)).state is DeliveryState.DONE


async def test_days_of_trouble_do_not_break_the_outbox(desk: Desk) -> None:
    await queued(desk)
    async with desk.store.write() as transaction:
        await transaction.execute(update(outbox).values(attempts=5000))
    desk.channel.fail_with = DeliveryError("delivery-broken")
    due = await desk.services.outbox.deliver_due()
    assert due is not None
    assert due <= desk.clock.now() + timedelta(minutes=10)


async def test_a_refused_thread_leaves_the_announcement_done(desk: Desk) -> None:
    await queued(desk)

    async def refused(*_: object, **__: object) -> int:
        raise DeliveryRefusedError("delivery-refused", reason="Missing Permissions")

    desk.channel.start_thread = refused  # type: ignore[method-assign]
    await desk.services.outbox.deliver_due()
    done = await record(desk)
    assert (done.state, done.message_id, done.thread_id) == (DeliveryState.DONE, 1000, None)
    assert done.last_problem == Problem("delivery-refused", {"reason": "Missing Permissions"})


async def test_threads_that_cannot_be_made_are_told_once_a_channel_until_one_can(desk: Desk) -> None:
    elsewhere = CHANNEL + 1
    refused_in = {CHANNEL, elsewhere}
    start = desk.channel.start_thread

    async def refuse(delivery: Delivery, announcement: Announcement, *, message_id: int) -> int:
        if delivery.channel_id in refused_in:
            raise DeliveryRefusedError("delivery-thread-not-allowed", reason="Missing Permissions")
        return await start(delivery, announcement, message_id=message_id)

    async def told_and_shown() -> tuple[list[str | int], list[int]]:
        await desk.services.outbox.deliver_due()
        await desk.services.outbox.deliver_due()
        words = [notice.words for notice in desk.channel.notices if notice.words is not None]
        assert {each.message_id for each in words} <= {"notice-no-threads"}
        shown = (await desk.services.guilds.status(GUILD)).threadless
        return [each.params["channel"] for each in words], [each.channel_id for each in shown]

    desk.channel.start_thread = refuse  # type: ignore[method-assign]
    await queued(desk)
    await desk.services.guilds.set_staff_channel(Act(GUILD, ADMIN, next(desk.interactions)), 8900)
    assert await told_and_shown() == ([str(CHANNEL)], [CHANNEL])
    await desk.publish(sample_issue(1), sample_issue(2))
    assert await told_and_shown() == ([str(CHANNEL)], [CHANNEL]), "once"
    await desk.subscribe(GUILD + 1, elsewhere)
    await desk.services.outbox.deliver_due()
    assert await told_and_shown() == ([str(CHANNEL)], [CHANNEL]), "each server hears of its own channels"
    refused_in.clear()
    await desk.publish(sample_issue(1), sample_issue(2), sample_issue(3))
    assert await told_and_shown() == ([str(CHANNEL)], [])
    refused_in.add(CHANNEL)
    desk.clock.move(timedelta(minutes=1))
    await desk.publish(*(sample_issue(number) for number in range(1, 5)))
    assert await told_and_shown() == ([str(CHANNEL)] * 2, [CHANNEL]), "it had worked meanwhile"
    for wanted in (False, True):
        await desk.services.guilds.set_discussion_threads(Act(GUILD, ADMIN, next(desk.interactions)), wanted=wanted)
        assert await told_and_shown() == ([str(CHANNEL)] * 2, [])


async def test_an_announcement_that_is_deleted_before_its_thread_says_nothing_of_threads(desk: Desk) -> None:
    await desk.subscribe()
    await desk.services.guilds.set_staff_channel(Act(GUILD, ADMIN, next(desk.interactions)), 8900)
    await desk.services.sources.read_due()

    async def gone(*_: object, **__: object) -> int:
        raise DeliveryRefusedError("delivery-message-gone")

    desk.channel.start_thread = gone  # type: ignore[method-assign]
    await desk.services.outbox.deliver_due()
    await desk.services.outbox.deliver_due()
    assert desk.channel.notices == []
    assert (await desk.services.guilds.status(GUILD)).threadless == ()


async def test_when_told_to_stop_nothing_more_is_claimed(desk: Desk) -> None:
    await queued(desk)
    due = await desk.services.outbox.deliver_due(lambda: False)
    assert due is not None
    assert desk.channel.messages == {}


async def test_a_process_whose_claim_was_taken_over_changes_nothing(desk: Desk) -> None:
    await queued(desk)
    send = desk.channel.send

    async def slow(delivery: Delivery, matter: Matter) -> Sent:
        message_id = await send(delivery, matter)
        desk.channel.send = send  # type: ignore[method-assign]
        desk.clock.move(LEASE)
        await desk.outbox(incarnation="second", alone=False).deliver_due()
        return message_id

    desk.channel.send = slow  # type: ignore[method-assign]
    await desk.services.outbox.deliver_due()
    assert len(desk.channel.messages) == 1
    assert (await record(desk)).state is DeliveryState.DONE


async def test_a_slow_channel_does_not_hold_up_what_becomes_due_elsewhere(desk: Desk) -> None:
    await desk.subscribe()
    await desk.services.sources.read_due()
    hanging, released = asyncio.Event(), asyncio.Event()
    send = desk.channel.send

    async def hangs_in_one(delivery: Delivery, matter: Matter) -> Sent:
        if delivery.channel_id == CHANNEL:
            hanging.set()
            await released.wait()
        return await send(delivery, matter)

    desk.channel.send = hangs_in_one  # type: ignore[method-assign]
    delivering = asyncio.create_task(desk.services.outbox.deliver_due())
    await asyncio.wait_for(hanging.wait(), 30)
    await desk.subscribe(guild_id=GUILD + 1, channel_id=CHANNEL + 1)
    async with asyncio.timeout(30):
        while not desk.channel.messages:
            await desk.channel.sent.wait()
    released.set()
    await delivering
    assert [delivery.channel_id for delivery, _ in desk.channel.messages.values()] == [CHANNEL + 1, CHANNEL]


async def test_trouble_keeps_the_order_of_more_than_one_batch_and_of_what_comes_later(desk: Desk) -> None:
    await queued(desk)
    await desk.publish(*(sample_issue(number) for number in range(2, 16)))
    desk.channel.fail_with = DeliveryError("delivery-trouble", status=503)
    await desk.services.outbox.deliver_due()
    desk.channel.fail_with = None
    desk.shelf.lay_out(sample_issue(16))
    assert await desk.titles_sent() == []
    await desk.read()
    assert await desk.titles_sent() == [f"Issue number {number}" for number in range(1, 17)]


async def test_a_second_process_does_not_overtake_in_a_channel(desk: Desk) -> None:
    await queued(desk)
    desk.shelf.lay_out(sample_issue(2))
    await desk.read()
    send = desk.channel.send

    async def overtaken(delivery: Delivery, matter: Matter) -> Sent:
        desk.channel.send = send  # type: ignore[method-assign]
        await desk.outbox(incarnation="second", alone=False).deliver_due()
        return await send(delivery, matter)

    desk.channel.send = overtaken  # type: ignore[method-assign]
    assert await desk.titles_sent() == ["Issue number 1", "Issue number 2"]


async def test_refused_after_a_lost_answer_it_is_searched_for_before_it_is_posted_again(desk: Desk) -> None:
    await queued(desk)
    desk.channel.lose_answer_as = DeliveryError("delivery-slow")
    await desk.services.outbox.deliver_due()
    desk.channel.lose_answer_as = None
    desk.channel.fail_with = DeliveryRefusedError("delivery-refused", reason="Invalid Form Body")
    desk.clock.move(timedelta(seconds=10))
    await desk.services.outbox.deliver_due()
    desk.channel.fail_with = None
    desk.channel.nonces_are_remembered = False
    desk.clock.move(timedelta(hours=1))
    stored = await desk.services.issues.latest(GUILD)
    assert (await desk.services.announcements.post(Act(GUILD, ADMIN, 1), stored.issue_key)).queued
    assert len(await desk.titles_sent()) == 1


async def test_a_failing_write_in_one_channel_lets_the_others_finish(desk: Desk) -> None:
    await desk.subscribe()
    await desk.subscribe(guild_id=GUILD + 1, channel_id=CHANNEL + 1)
    await desk.services.sources.read_due()
    failed, send = asyncio.Event(), desk.channel.send

    async def send_late(delivery: Delivery, matter: Matter) -> Sent:
        if delivery.channel_id == CHANNEL:
            failed.set()
            raise DeliveryError("delivery-broken")
        await failed.wait()
        return await send(delivery, matter)

    async def full_disk() -> None:
        raise StoreError("The disk is full.")

    desk.channel.send = send_late  # type: ignore[method-assign]
    putting_off = "UPDATE outbox SET (?!.*sent_at=).*last_problem="
    with around(putting_off, before=full_disk), pytest.raises(StoreError):
        await desk.services.outbox.deliver_due()
    assert [delivery.channel_id for delivery, _ in desk.channel.messages.values()] == [CHANNEL + 1]


async def test_removing_and_adding_a_newsletter_after_a_lost_answer_leaves_one_message(desk: Desk) -> None:
    await queued(desk)
    desk.channel.lose_answer_as = DeliveryError("delivery-slow")
    await desk.services.outbox.deliver_due()
    desk.channel.lose_answer_as = None
    desk.channel.nonces_are_remembered = False
    source = (await desk.services.guilds.status(GUILD)).sources[0]
    await desk.services.subscriptions.unsubscribe(Act(GUILD, ADMIN, next(desk.interactions)), source.source_id)
    desk.clock.move(timedelta(hours=1))
    await queued(desk)
    assert len(await desk.titles_sent()) == 1
    stored = await desk.services.issues.latest(GUILD)
    await desk.services.announcements.post(Act(GUILD, ADMIN, 1), stored.issue_key)
    assert len(await desk.titles_sent()) == 1
    assert (await record(desk)).state is DeliveryState.DONE
