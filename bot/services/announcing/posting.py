"""How announcements go out: the message with its thread and its mention, its publishing, words in its place."""

import logging
from dataclasses import replace
from datetime import datetime, timedelta

from bot.errors import DeliveryRefusedError
from bot.model.delivery import Delivery, Purpose
from bot.model.problem import Problem
from bot.ports import Announcement, Matter
from bot.services.announcing.announcements import (
    announcement_of,
    enqueue_folding,
    enqueue_followers_copy,
    hand_over,
    is_wanted,
    take_ping,
)
from bot.services.delivery.kinds import Hands, Kind
from bot.services.delivery.notices import tell_staff
from bot.store import Transaction
from bot.store import channels as channel_rows
from bot.store import issues as issue_rows
from bot.store import outbox as outbox_rows
from bot.store.outbox import Claim

log = logging.getLogger(__name__)

# Discord lets about ten messages an hour be published in a channel (unofficial).
_PUBLISHED_AN_HOUR = 10
_FEED_DATE_DOUBT = timedelta(days=1)
_UNDATED_LOOKED_BACK = timedelta(days=30)


async def _announce(hands: Hands, delivery: Delivery) -> None:
    async with hands.store.read() as transaction:
        announcement = await announcement_of(transaction, delivery)
        wanted = delivery.message_id is not None or await is_wanted(transaction, delivery)
    if not wanted:
        # The newsletter was removed, and not all that waited because of it was let go yet.
        if not await _hand_over(hands, delivery):
            await hands.give_up(delivery, Problem("delivery-cancelled"))
        return
    if delivery.message_id is None:
        sent = await hands.post(delivery, announcement)
        if sent is None:
            return
        delivery = replace(delivery, message_id=sent.message_id, thread_id=sent.thread_id, is_post=sent.is_post)
    await _complete(hands, delivery, announcement)


async def _hand_over(hands: Hands, delivery: Delivery) -> bool:
    """Let the announcement be that of the same issue by another source, and be due; False without one."""
    async with hands.store.write() as transaction:
        if not await hand_over(
            transaction,
            guild_id=delivery.guild_id,
            channel_id=delivery.channel_id,
            issue_key=delivery.subject_key,
        ):
            return False
        await outbox_rows.give_back(transaction, hands.claim_of(delivery), due_at=transaction.now)
    return True


async def _complete(hands: Hands, delivery: Delivery, announcement: Announcement) -> None:
    assert delivery.message_id is not None  # noqa: S101 - it stands on Discord by now
    thread_id, problem = delivery.thread_id, None
    if announcement.guild.discussion_threads and thread_id is None:
        try:
            thread_id = await hands.announcer.start_thread(delivery, announcement, message_id=delivery.message_id)
        except DeliveryRefusedError as error:
            problem = Problem.of(error)  # the announcement stands; it has to do without a thread

    async def follow_up(transaction: Transaction) -> None:
        await _tell_of_threads(hands, transaction, delivery, has_thread=thread_id is not None, problem=problem)
        # the source it came by may have been removed meanwhile, and the issue belong to another one
        subject_key = await outbox_rows.subject_of(transaction, delivery.outbox_id)
        present = replace(delivery, subject_key=subject_key or delivery.subject_key)
        if hands.announcer.is_for_followers(delivery, announcement):
            await enqueue_followers_copy(transaction, present)
        if delivery.generation:
            await enqueue_folding(transaction, present, announcement)

    await hands.finish(delivery, thread_id=thread_id, problem=problem, follow_up=follow_up)


async def _tell_of_threads(
    hands: Hands, transaction: Transaction, delivery: Delivery, *, has_thread: bool, problem: Problem | None
) -> None:
    """Tell the staff that announcements in this channel get no thread, once until one does again."""
    if has_thread and await channel_rows.note_thread(transaction, delivery.channel_id):
        log.info("threads can be started again channel_id=%s", delivery.channel_id)
    # Somebody who deletes an announcement in the same moment says nothing of threads.
    if problem is None or problem.message_id == "delivery-message-gone":
        return
    if await channel_rows.note_threadless(
        transaction, delivery.channel_id, guild_id=delivery.guild_id, problem=problem
    ):
        await tell_staff(
            transaction,
            hands.announcer,
            guild_id=delivery.guild_id,
            about_channel_id=0,
            occasion=f"threads:{delivery.channel_id}:{transaction.now.isoformat()}",
            words=Problem("notice-no-threads", {"channel": str(delivery.channel_id)}, problem),
        )


async def _publish(hands: Hands, delivery: Delivery) -> datetime | None:
    async with hands.store.read() as transaction:
        now = transaction.now
        lately = await outbox_rows.done_between(
            transaction,
            channel_id=delivery.channel_id,
            purpose=Purpose.PUBLISH,
            since=now - timedelta(hours=1),
            until=now,
        )
    if len(lately) >= _PUBLISHED_AN_HOUR:
        wait = lately[-_PUBLISHED_AN_HOUR] + timedelta(hours=1) - now
        return await hands.put_off(delivery, Problem("delivery-publish-limit"), at_least_seconds=wait.total_seconds())
    await hands.announcer.publish(delivery)
    await hands.finish(delivery)
    return None


async def _edit(hands: Hands, delivery: Delivery) -> datetime | None:
    await hands.announcer.edit(delivery)
    await hands.finish(delivery)
    return None


async def _mention(transaction: Transaction, delivery: Delivery, claim: Claim, matter: Matter) -> Matter:
    """The announcement with the role that it mentions, which is decided once, and with the message's first attempt."""
    if not delivery.wants_ping or not isinstance(matter, Announcement):
        return matter
    role_id = await take_ping(transaction, delivery)
    await outbox_rows.settle_ping(transaction, claim, role_id=role_id)
    return replace(matter, ping_role_id=role_id)


def _since(delivery: Delivery, matter: Matter) -> datetime:
    # What was announced before cannot be older than the issue, except for what feeds say of dates.
    published_at = matter.issue.published_at if isinstance(matter, Announcement) else None
    return published_at - _FEED_DATE_DOUBT if published_at else delivery.created_at - _UNDATED_LOOKED_BACK


ANNOUNCING = (
    Kind(
        Purpose.ANNOUNCE,
        needed_while=issue_rows.is_stored,
        matter=announcement_of,
        deliver=_announce,
        refused_words="notice-refused",
        settle=_mention,
        since=_since,
        has_plain_form=True,
    ),
    Kind(Purpose.PUBLISH, needed_while=issue_rows.is_stored, deliver=_publish, posts=False),
    Kind(Purpose.EDIT, needed_while=issue_rows.is_stored, deliver=_edit, posts=False),
)
