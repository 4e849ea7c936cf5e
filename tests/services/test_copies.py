"""Once, although the database is a copy, was restored, gives row ids twice, or the clock jumps."""

import asyncio
from datetime import timedelta

from sqlalchemy import delete, select, update

from bot.errors import DeliveryError
from bot.model.delivery import DeliveryState, Purpose
from bot.model.member import Act
from bot.store.tables import issues, outbox, sources
from tests.doubles import sample_issue
from tests.services.conftest import ADMIN, CHANNEL, GUILD, Desk


async def announced_once(desk: Desk) -> None:
    await desk.subscribe()
    await desk.services.sources.read_due()
    await desk.services.outbox.deliver_due()


async def test_a_backup_from_before_the_sending_sends_nothing_twice(desk: Desk) -> None:
    await announced_once(desk)
    async with desk.store.write() as transaction:  # as the row stood when the backup was made
        await transaction.execute(
            update(outbox).values(
                state=DeliveryState.PENDING,
                due_at=desk.clock.now(),
                attempts=0,
                message_id=None,
                thread_id=None,
                sent_at=None,
                doubt_since=None,
            )
        )
    desk.channel.nonces_are_remembered = False
    desk.clock.move(timedelta(days=3))
    await desk.outbox(incarnation="restored").deliver_due()
    assert len(desk.channel.messages) == 1
    assert desk.channel.threads == [1000]


async def test_a_backup_from_before_the_issue_announces_it_no_second_time(desk: Desk) -> None:
    await announced_once(desk)
    desk.shelf.lay_out(sample_issue(2), sample_issue(1))
    await desk.read()
    await desk.services.outbox.deliver_due()
    async with desk.store.write() as transaction:  # the backup knows nothing of the second issue
        second = select(issues.c.issue_key).where(issues.c.title == "Issue number 2")
        await transaction.execute(delete(outbox).where(outbox.c.subject_key.in_(second)))
        await transaction.execute(delete(issues).where(issues.c.title == "Issue number 2"))
    desk.channel.nonces_are_remembered = False
    await desk.read()
    await desk.outbox(incarnation="restored").deliver_due()
    assert [announcement.issue.title for _, announcement in desk.channel.messages.values()] == [
        "Issue number 1",
        "Issue number 2",
    ]


async def test_two_installations_on_copies_of_one_database_announce_once(desk: Desk) -> None:
    """Both know the same installation id, neither knows of the other's rows."""
    await announced_once(desk)
    desk.shelf.lay_out(sample_issue(2), sample_issue(1))
    await desk.read()
    async with desk.store.read() as transaction:
        before = [dict(row._mapping) for row in await transaction.execute(select(outbox))]
    await desk.services.outbox.deliver_due()
    async with desk.store.write() as transaction:
        await transaction.execute(delete(outbox))
        for row in before:
            await transaction.execute(outbox.insert().values(**row))
    desk.channel.nonces_are_remembered = False
    desk.clock.move(timedelta(minutes=9))  # the other one reads the feed at another minute
    await desk.outbox(incarnation="the copy").deliver_due()
    assert len(desk.channel.messages) == 2


async def test_a_row_id_that_is_given_again_names_another_delivery(desk: Desk) -> None:
    await announced_once(desk)
    async with desk.store.write() as transaction:
        await transaction.execute(delete(outbox))
    desk.shelf.lay_out(sample_issue(2))
    await desk.read()
    async with desk.store.write() as transaction:
        await transaction.execute(update(outbox).values(id=1))
    assert await desk.titles_sent() == ["Issue number 1", "Issue number 2"]


async def test_a_clock_that_jumped_ahead_does_not_put_off_for_ever(desk: Desk) -> None:
    desk.clock.move(timedelta(days=365))
    await desk.subscribe()
    await desk.services.sources.read_due()
    desk.clock.set_back(timedelta(days=365))
    assert await desk.titles_sent() == ["Issue number 1"]
    desk.shelf.lay_out(sample_issue(2), sample_issue(1))
    await desk.read()
    assert await desk.titles_sent() == ["Issue number 1", "Issue number 2"]


async def test_a_source_that_was_claimed_in_the_future_is_read_again(desk: Desk) -> None:
    await announced_once(desk)
    async with desk.store.write() as transaction:
        await transaction.execute(update(sources).values(next_poll_at=desk.clock.now() + timedelta(days=365)))
    asked = len(desk.shelf.asked)
    await desk.services.sources.read_due()
    assert len(desk.shelf.asked) == asked + 1


async def test_a_clock_that_jumps_while_a_message_is_on_its_way_leaves_one_message(desk: Desk) -> None:
    await desk.subscribe()
    await desk.services.sources.read_due()

    def jump() -> None:
        desk.channel.before_send = lambda: None
        desk.clock.set_back(timedelta(hours=-5))

    desk.channel.before_send = jump
    neighbour = desk.outbox(incarnation="second", alone=False)
    await asyncio.gather(desk.services.outbox.deliver_due(), neighbour.deliver_due())
    await neighbour.deliver_due()
    await desk.services.outbox.deliver_due()
    assert len(desk.channel.messages) == 1


async def test_two_processes_share_a_heap_of_work_without_sending_anything_twice(desk: Desk) -> None:
    for number in range(25):
        await desk.subscribe(guild_id=GUILD + number, channel_id=CHANNEL + number)
    await desk.services.sources.read_due()
    await desk.services.chores.work_off()
    desk.shelf.lay_out(sample_issue(3), sample_issue(2))
    await desk.read()
    await desk.services.chores.work_off()
    desk.channel.nonces_are_remembered = False
    neighbours = [desk.outbox(incarnation=f"process {number}", alone=False) for number in range(3)]
    await asyncio.gather(*(each.deliver_due() for each in neighbours))
    sent = [
        (delivery.channel_id, announcement.issue.title) for delivery, announcement in desk.channel.messages.values()
    ]
    assert len(sent) == len(set(sent)) == 75


async def test_a_forum_post_of_unknown_outcome_is_looked_for_before_it_is_made_again(desk: Desk) -> None:
    desk.channel.is_forum = True
    await desk.subscribe()
    await desk.services.sources.read_due()
    desk.channel.lose_answer_as = DeliveryError("delivery-slow")
    await desk.services.outbox.deliver_due()
    desk.channel.lose_answer_as = None
    desk.clock.move(timedelta(seconds=5))
    await desk.services.outbox.deliver_due()
    assert desk.channel.searches == 1
    assert len(desk.channel.messages) == 1
    assert desk.channel.threads == [], "a forum post is its own thread"


async def test_a_repost_by_the_staff_is_one_more_message_and_the_earlier_one_folds(desk: Desk) -> None:
    await announced_once(desk)
    stored = await desk.services.issues.latest(GUILD)
    posting = await desk.services.announcements.repost(Act(GUILD, ADMIN, 77), stored.issue_key)
    again = await desk.services.announcements.repost(Act(GUILD, ADMIN, 77), stored.issue_key)
    hasty = await desk.services.announcements.repost(Act(GUILD, ADMIN, 78), stored.issue_key)
    assert (posting.queued, again.queued, hasty.queued) == (True, False, False)
    await desk.services.outbox.deliver_due()
    await desk.services.outbox.deliver_due()
    assert [delivery.generation for delivery, _ in desk.channel.messages.values()] == [0, 1]
    assert desk.channel.edited == {1000: "announcement-anew"}


async def test_a_repost_in_a_restored_database_finds_itself(desk: Desk) -> None:
    await announced_once(desk)
    stored = await desk.services.issues.latest(GUILD)
    await desk.services.announcements.repost(Act(GUILD, ADMIN, 77), stored.issue_key)
    await desk.services.outbox.deliver_due()
    async with desk.store.write() as transaction:
        await transaction.execute(delete(outbox).where(outbox.c.generation == 1))
    desk.channel.nonces_are_remembered = False
    desk.clock.move(timedelta(hours=2))
    assert (await desk.services.announcements.repost(Act(GUILD, ADMIN, 79), stored.issue_key)).queued
    await desk.services.outbox.deliver_due()
    assert len(desk.channel.messages) == 2


async def test_an_edit_and_a_publication_are_each_queued_once(desk: Desk) -> None:
    desk.channel.for_followers = True
    await announced_once(desk)
    async with desk.store.write() as transaction:  # the mark was lost: the message is found, and all that follows again
        await transaction.execute(
            update(outbox)
            .where(outbox.c.purpose == Purpose.ANNOUNCE)
            .values(state=DeliveryState.PENDING, due_at=desk.clock.now(), message_id=None)
        )
    await desk.services.outbox.deliver_due()
    async with desk.store.read() as transaction:
        states = (await transaction.execute(select(outbox.c.purpose, outbox.c.state))).all()
    assert len(states) == 2
    assert sorted(row.state for row in states) == ["done", "pending"]


async def test_a_machine_that_slept_after_a_lost_answer_sends_nothing_twice(desk: Desk) -> None:
    """What measures time stands still while a machine sleeps; its clock does not."""
    await desk.subscribe()
    await desk.services.sources.read_due()
    desk.channel.lose_answer_as = DeliveryError("delivery-slow")
    await desk.services.outbox.deliver_due()
    desk.channel.lose_answer_as = None
    desk.channel.nonces_are_remembered = False
    desk.clock.set_back(-timedelta(hours=1))
    await desk.services.outbox.deliver_due()
    assert len(desk.channel.messages) == 1
    assert desk.channel.searches == 1
