"""Brings what is queued to Discord: claim with a lease, act, mark. Once, visibly, whatever stops in between.

This is the transactional outbox's relay: deliveries are retried with exponential back-off and jitter, at least once;
the nonce and a look into the channel make it once to whoever sees it.
"""

import logging
from collections.abc import Awaitable, Callable, Collection, Coroutine
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from random import uniform
from typing import Any

from bot.clock import Clock
from bot.errors import (
    ChannelClosedError,
    DeliveryError,
    DeliveryRefusedError,
    DiscordClosedError,
    StoreError,
    StoreGoneError,
)
from bot.metrics import Metrics
from bot.model.delivery import POSTS, Delivery, DeliveryRecord, DeliveryState, Purpose, Sent
from bot.model.problem import Problem
from bot.ports import Announcement, Announcer, Matter, Notice, ReviewCard
from bot.services.announcements import (
    announcement_of,
    enqueue_folding,
    enqueue_followers_copy,
    hand_over,
    is_wanted,
    take_ping,
)
from bot.services.cards import APART, post_anew
from bot.services.channels import channel_pause, put_off_look, stop_channel
from bot.services.floods import flood_card_of
from bot.services.notices import staff_channel_of, tell_staff
from bot.services.polls import poll_card_of
from bot.services.portions import PORTION
from bot.services.side_by_side import work_off
from bot.services.standing import Standing
from bot.services.submissions import review_card_of
from bot.store import Store, Transaction
from bot.store import channels as channel_rows
from bot.store import outbox as outbox_rows

_Lane = tuple[int, Purpose]

log = logging.getLogger(__name__)

# What a process that lives holds is left to it for so long. One send gives up after 30 s; the lease outlives it, so
# that nobody else starts while it may still arrive. A process that dies leaves what it held before (`processes`).
LEASE = timedelta(seconds=90)
_ENOUGH_OF_THE_LEASE_SECONDS = 25.0
# Discord returns the earlier message for the same nonce "for a few minutes"; one minute is what is relied on.
_NONCE_WINDOW_SECONDS = 60.0
_NO_STANDING_PAUSE = timedelta(seconds=1)
# Discord's clock, not ours, stamps the messages that a search looks through.
_CLOCK_DOUBT = timedelta(minutes=2)
_FEED_DATE_DOUBT = timedelta(days=1)
_UNDATED_LOOKED_BACK = timedelta(days=30)
# Enough for 50 requests a second at the 150 ms that Discord takes for each, with room to spare.
_LANES_AT_ONCE = 24
_FIRST_RETRY_SECONDS = 2.0
_LONGEST_RETRY_SECONDS = 600.0
_UNPLACED_PAUSE_SECONDS = 30.0
# Nothing is put off this far on purpose, so what is due later was written while the clock was wrong.
_HORIZON = timedelta(hours=2)
_LONGEST_PAUSE = timedelta(hours=1)
# Discord lets about ten messages an hour be published in a channel (unofficial).
_PUBLISHED_AN_HOUR = 10
_LOOK_AGAIN_SECONDS = 0.5

_REFUSED_WORDS = {
    Purpose.ANNOUNCE: "notice-refused",
    Purpose.REVIEW: "notice-review-refused",
    Purpose.POLL: "notice-poll-refused",
    Purpose.FLOOD: "notice-flood-refused",
}


@dataclass(frozen=True, slots=True)
class _Begun:
    """A send that may arrive from now on: what is sent, and the doubt that an earlier attempt left."""

    matter: Matter
    doubt_before: datetime | None


class Outbox:
    """`incarnation` names this process; with `alone`, claims of earlier processes end at once.

    `standing` says whether it may act; without one it always may.
    """

    def __init__(
        self,
        store: Store,
        *,
        announcer: Announcer,
        clock: Clock,
        incarnation: str,
        alone: bool,
        metrics: Metrics,
        standing: Standing | None = None,
    ) -> None:
        self._store = store
        self._announcer = announcer
        self._clock = clock
        self._incarnation = incarnation
        self._alone = alone
        self._metrics = metrics
        self._standing = standing or Standing()
        self._first_sent: dict[str, tuple[float, datetime]] = {}
        self._closed_until = float("-inf")
        self._broken_off: dict[int, Delivery] = {}
        self._unsure: set[datetime] = set()

    async def take_over(self) -> None:
        """At the start: what a process before this one had claimed is free again."""
        if not self._alone:
            return
        async with self._store.write() as transaction:
            freed = await outbox_rows.void_other_leases(transaction, incarnation=self._incarnation)
        if freed:
            log.info("claims of an earlier process ended count=%d", freed)

    async def deliver_due(self, goes_on: Callable[[], bool] = lambda: True) -> datetime | None:
        """Deliver all that is due; the moment when there is more, or None.

        Lanes are served side by side, each in order, so that a slow one holds up nobody. When `goes_on` says no,
        nothing more is claimed, and what is in hand is finished.
        """
        if not self._standing.is_good():
            return self._clock.now() + _NO_STANDING_PAUSE  # it is rung for before, when that changes
        await self._look_around()
        struck: set[int] = set()

        async def claim(busy: Collection[_Lane]) -> dict[_Lane, Coroutine[Any, Any, None]]:
            await self._give_back()
            if not goes_on() or len(busy) >= _LANES_AT_ONCE or self._closed_for() or not self._standing.is_good():
                return {}
            lapses = self._standing.lapses
            lanes = await self._claim(busy)
            return {
                lane: self._deliver_or_break_off(deliveries, lapses, goes_on, struck)
                for lane, deliveries in lanes.items()
            }

        await work_off(claim)
        async with self._store.read() as transaction:
            due = await outbox_rows.next_due(transaction)
        if due is None:
            return None
        # Nothing was to be had at the last look: what is due all the same, another process is just taking.
        pause = timedelta(seconds=max(self._closed_for(), _LOOK_AGAIN_SECONDS))
        if not self._standing.is_good():
            pause = _NO_STANDING_PAUSE
        return max(due, self._clock.now() + pause)

    def _closed_for(self) -> float:
        """How many seconds Discord takes nothing from this bot."""
        return max(0.0, self._closed_until - self._clock.monotonic())

    async def _look_around(self) -> None:
        """Put off looks at channels that are still closed, and mend what a wrong clock has written."""
        async with self._store.read() as transaction:
            stopped = await channel_rows.due_for_a_look(transaction)
            astray = await outbox_rows.is_due_after(transaction, transaction.now + _HORIZON)
        closed = [channel for channel in stopped if not self._announcer.is_open(channel)]
        for start in range(0, len(closed), PORTION):
            async with self._store.write() as transaction:
                for channel in closed[start : start + PORTION]:
                    await put_off_look(transaction, channel)
        if astray:
            log.warning("deliveries were due in a far future, so the clock was wrong")
        while astray:
            async with self._store.write() as transaction:
                moved = await outbox_rows.bring_nearer(transaction, horizon=transaction.now + _HORIZON, limit=PORTION)
            astray = moved == PORTION

    async def _claim(self, busy: Collection[_Lane]) -> dict[_Lane, list[Delivery]]:
        now = self._clock.now()
        try:
            async with self._store.write() as transaction:
                claimed = await outbox_rows.claim_due(
                    transaction,
                    incarnation=self._incarnation,
                    lease_until=now + LEASE,
                    limit=_LANES_AT_ONCE,
                    busy=busy,
                )
        except StoreGoneError:
            self._unsure.add(now + LEASE)  # where only the answer was lost, they are ours
            raise
        lanes: dict[_Lane, list[Delivery]] = {}
        for delivery in claimed:
            lanes.setdefault(delivery.lane, []).append(delivery)
        return lanes

    async def _deliver_or_break_off(
        self, deliveries: list[Delivery], lapses: int, goes_on: Callable[[], bool], struck: set[int]
    ) -> None:
        """Serve a lane; what the database does meanwhile is no fault of a delivery, whose claim is given back.

        Raises StoreError for what was `struck` before: it is not tried again and again without a pause.
        """
        try:
            await self._deliver_in_order(deliveries, lapses, goes_on)
        except StoreError as error:
            self._broken_off |= {delivery.outbox_id: delivery for delivery in deliveries}
            self._metrics.count("deliveries", "broken off")
            log.warning("delivery broken off by the database channel_id=%s error=%s", deliveries[0].channel_id, error)
            ids = {delivery.outbox_id for delivery in deliveries}
            if not struck.isdisjoint(ids):
                raise
            struck |= ids

    async def _give_back(self) -> None:
        """Let what was broken off be due, as soon as the database takes that. Raises StoreError until then."""
        if self._broken_off:
            async with self._store.write() as transaction:
                for delivery in self._broken_off.values():
                    await outbox_rows.give_back(transaction, self._claim_of(delivery), due_at=transaction.now)
            self._broken_off.clear()
        for lease_until in list(self._unsure):
            async with self._store.write() as transaction:
                await outbox_rows.void_claim(
                    transaction, incarnation=self._incarnation, lease_until=lease_until, due_at=transaction.now
                )
            self._unsure.remove(lease_until)

    async def _deliver_in_order(self, deliveries: list[Delivery], lapses: int, goes_on: Callable[[], bool]) -> None:
        begun = self._clock.monotonic()
        later: datetime | None = None
        for delivery in deliveries:
            too_late = self._clock.monotonic() - begun > _ENOUGH_OF_THE_LEASE_SECONDS
            if later is None and (too_late or lapses != self._standing.lapses or not goes_on()):
                # It might still be on its way when the lease ends and somebody else starts, or be cut off.
                later = self._clock.now()
            if later is None:
                with self._standing.hold(lapses):
                    later = await self._deliver(delivery)
                if delivery.purpose is Purpose.REFRESH:
                    later = None  # the next one is of another card
            else:
                async with self._store.write() as transaction:
                    await outbox_rows.give_back(transaction, self._claim_of(delivery), due_at=later)

    async def _deliver(self, delivery: Delivery) -> datetime | None:
        """Do one thing. The moment to wait for where its lane has to wait, or None."""
        try:
            if not delivery.is_placed:
                await self._place(delivery)
                return None
            match delivery.purpose:
                case Purpose.ANNOUNCE:
                    await self._announce(delivery)
                case Purpose.NOTICE | Purpose.REVIEW | Purpose.POLL | Purpose.FLOOD:
                    await self._post_card(delivery)
                case Purpose.REFRESH:
                    return await self._refresh(delivery)
                case Purpose.PUBLISH:
                    return await self._publish(delivery)
                case Purpose.EDIT:
                    await self._announcer.edit(delivery)
                    await self._finish(delivery)
        except DeliveryRefusedError as error:
            await self._quarantine(delivery, Problem.of(error))
        except ChannelClosedError as error:
            if delivery.purpose in POSTS:
                return await self._stop_channel(delivery, error)
            # What cannot be changed any more keeps nobody from posting something new beside it.
            if error.is_gone:
                await self._quarantine(delivery, Problem.of(error))
                return None
            pause = min(channel_pause(delivery.attempts - 1), _LONGEST_PAUSE)
            return await self._put_off(delivery, Problem.of(error), at_least_seconds=pause.total_seconds())
        except DiscordClosedError as error:
            self._closed_until = self._clock.monotonic() + error.retry_after_seconds
            return await self._put_off(delivery, Problem.of(error), at_least_seconds=error.retry_after_seconds)
        except DeliveryError as error:
            return await self._put_off(delivery, Problem.of(error), at_least_seconds=error.retry_after_seconds)
        except StoreError:
            raise
        except Exception as error:
            # A mistake of ours in one message must not hold up its lane, nor be tried again without a pause.
            log.exception("delivery broke channel_id=%s subject=%s", delivery.channel_id, delivery.subject_key)
            return await self._put_off(delivery, Problem.of(error))
        return None

    async def _place(self, delivery: Delivery) -> None:
        """Find the channel of the staff that was told of something before Discord had shown its server."""
        async with self._store.write() as transaction:
            channel_id = await staff_channel_of(transaction, self._announcer, delivery.guild_id)
            if channel_id == delivery.channel_id:
                raise DeliveryError("delivery-server-unavailable", retry_after_seconds=_UNPLACED_PAUSE_SECONDS)
            if channel_id is not None:
                await outbox_rows.place(
                    transaction, self._claim_of(delivery), channel_id=channel_id, due_at=transaction.now
                )
                return
        await self._give_up(delivery, Problem("delivery-cancelled"))  # there is no such channel

    # what is sent

    async def _announce(self, delivery: Delivery) -> None:
        async with self._store.read() as transaction:
            announcement = await announcement_of(transaction, delivery)
            wanted = delivery.message_id is not None or await is_wanted(transaction, delivery)
        if not wanted:
            # The newsletter was removed, and not all that waited because of it was let go yet.
            if not await self._hand_over(delivery):
                await self._give_up(delivery, Problem("delivery-cancelled"))
            return
        if delivery.message_id is None:
            sent = await self._post(delivery, announcement)
            if sent is None:
                return
            delivery = replace(delivery, message_id=sent.message_id, thread_id=sent.thread_id, is_post=sent.is_post)
        await self._complete(delivery, announcement)

    async def _hand_over(self, delivery: Delivery) -> bool:
        """Let the announcement be that of the same issue by another source, and be due; False without one."""
        async with self._store.write() as transaction:
            if not await hand_over(
                transaction,
                guild_id=delivery.guild_id,
                channel_id=delivery.channel_id,
                issue_key=delivery.subject_key,
            ):
                return False
            await outbox_rows.give_back(transaction, self._claim_of(delivery), due_at=transaction.now)
        return True

    async def _post_card(self, delivery: Delivery) -> None:
        async with self._store.read() as transaction:
            matter = await matter_of(transaction, delivery)
        if matter is None:
            await self._let_go(delivery)
        elif delivery.message_id is not None or await self._post(delivery, matter) is not None:
            await self._finish(delivery)

    async def _let_go(self, delivery: Delivery) -> None:
        """Post no card of what is gone; find one that arrived unheard, for the refresh that waits to remove it."""
        if delivery.message_id is None and delivery.doubt_since is not None:
            sent = await self._announcer.find(delivery, since=delivery.doubt_since - _CLOCK_DOUBT)
            if sent is not None and not await self._note_sent(delivery, sent):
                return
            delivery = replace(delivery, message_id=sent.message_id if sent is not None else None)
        if delivery.message_id is None:
            await self._give_up(delivery, Problem("delivery-cancelled"))
        else:
            await self._finish(delivery)

    async def _refresh(self, delivery: Delivery) -> datetime | None:
        """Let a card show what is true now, and one of what is gone go.

        Read as late as possible, so that one edit shows many changes.
        """
        async with self._store.read() as transaction:
            cards = await outbox_rows.cards_of(
                transaction, guild_id=delivery.guild_id, subject_key=delivery.subject_key
            )
            card = next((each for each in cards if each.channel_id == delivery.channel_id), None)
            matter = await matter_of(transaction, card) if card is not None else None
        if card is not None and card.state is not DeliveryState.FAILED:
            if card.message_id is None:
                # It may be on its way with what was true before.
                return await self._put_off(delivery, Problem("delivery-not-there-yet"))
            try:
                if matter is None:
                    await self._announcer.remove(card)
                else:
                    await self._announcer.refresh(card, matter)
            except DeliveryRefusedError as error:
                if error.message_id != "delivery-message-gone" or not await self._post_anew(card):
                    raise
        async with self._store.write() as transaction:
            await outbox_rows.mark_shown(
                transaction,
                self._claim_of(delivery),
                revision=delivery.revision,
                again_at=transaction.now + APART,
            )
        self._metrics.count("deliveries", "done")
        return None

    async def _post_anew(self, card: DeliveryRecord) -> bool:
        """Somebody deleted the card: post it once more if the staff has to decide on it."""
        async with self._store.write() as transaction:
            return bool(await post_anew(transaction, [card.delivery_key]))

    async def _post(self, delivery: Delivery, matter: Matter) -> Sent | None:
        """The message, sent now or found; None when another process has taken over."""
        sent: Sent | None = None
        protected = delivery.doubt_since is not None and self._nonce_still_protects(delivery)
        if delivery.doubt_since is not None and not protected:
            sent = await self._announcer.find(delivery, since=delivery.doubt_since - _CLOCK_DOUBT)
        elif delivery.doubt_since is None:
            # This database may be an older copy, or another process may run on a copy of it.
            sent = await self._announcer.glance(delivery, since=_earliest(delivery, matter))
        if sent is not None:
            log.info("found what was sent before channel_id=%s message_id=%s", delivery.channel_id, sent.message_id)
            self._metrics.count("deliveries", "found")
        else:
            begun = await self._begin_sending(delivery, matter, protected=protected)
            if begun is None:
                return None
            sent = await self._send(delivery, begun.matter, doubt_before=begun.doubt_before)
            if sent is None:
                return None
        return sent if await self._note_sent(delivery, sent) else None

    async def _note_sent(self, delivery: Delivery, sent: Sent) -> bool:
        """The message stands there; False when another process has taken over."""
        async with self._store.write() as transaction:
            still_ours = await outbox_rows.mark_sent(
                transaction,
                self._claim_of(delivery),
                sent,
                lease_until=transaction.now + LEASE,
            )
            if await channel_rows.open_channel(transaction, delivery.channel_id):
                log.info("channel takes messages again channel_id=%s", delivery.channel_id)
        return still_ours

    async def _send(self, delivery: Delivery, matter: Matter, *, doubt_before: datetime | None) -> Sent | None:
        try:
            if isinstance(matter, Announcement):
                return await self._send_in_some_form(delivery, matter)
            return await self._announcer.send(delivery, matter)
        except DeliveryError as error:
            if error.is_certain:
                # What an earlier attempt may have brought about is as open as before.
                async with self._store.write() as transaction:
                    await outbox_rows.settle_doubt(transaction, self._claim_of(delivery), doubt_since=doubt_before)
            raise

    async def _send_in_some_form(self, delivery: Delivery, announcement: Announcement) -> Sent | None:
        try:
            return await self._announcer.send(delivery, announcement)
        except DeliveryRefusedError as error:
            if delivery.degraded:
                raise
            log.warning(
                "refused, tried in its plain form channel_id=%s subject=%s error=%s",
                delivery.channel_id,
                delivery.subject_key,
                error,
            )
            async with self._store.write() as transaction:
                still_ours = await outbox_rows.degrade(
                    transaction,
                    self._claim_of(delivery),
                    problem=Problem.of(error),
                    lease_until=transaction.now + LEASE,
                )
            if not still_ours:
                return None
            return await self._announcer.send(replace(delivery, degraded=True), announcement)

    async def _begin_sending(self, delivery: Delivery, matter: Matter, *, protected: bool) -> _Begun | None:
        """Note that the message may arrive from now on.

        None when the claim went to another process meanwhile, or when what the card is about is gone by now.
        """
        now = self._clock.now()
        if not protected:
            self._first_sent[delivery.delivery_key] = (self._clock.monotonic(), now)
        doubt_since = delivery.doubt_since if protected and delivery.doubt_since else now
        async with self._store.write() as transaction:
            if isinstance(matter, ReviewCard) and not protected:
                is_gone = await matter_of(transaction, delivery) is None
                if is_gone:  # while it was looked for in the channel
                    await outbox_rows.mark_failed(
                        transaction, self._claim_of(delivery), problem=Problem("delivery-cancelled")
                    )
                    return None
            if not await outbox_rows.begin_sending(
                transaction, self._claim_of(delivery), doubt_since=doubt_since, lease_until=now + LEASE
            ):
                return None
            if isinstance(matter, Announcement) and delivery.wants_ping:
                role_id = await take_ping(transaction, delivery)
                await outbox_rows.settle_ping(transaction, self._claim_of(delivery), role_id=role_id)
                matter = replace(matter, ping_role_id=role_id)
        return _Begun(matter, delivery.doubt_since if protected else None)

    def _nonce_still_protects(self, delivery: Delivery) -> bool:
        """Whether sending again is safe: this process sent it first, less than a minute ago, and nonces count there.

        Measured time and the clock have to agree: one stands still while the machine sleeps, the other may be put back.
        """
        first = self._first_sent.get(delivery.delivery_key)
        if first is None or not self._announcer.takes_nonces(delivery):
            return False
        measured = self._clock.monotonic() - first[0]
        read = (self._clock.now() - first[1]).total_seconds()
        return measured < _NONCE_WINDOW_SECONDS and 0 <= read < _NONCE_WINDOW_SECONDS

    async def _complete(self, delivery: Delivery, announcement: Announcement) -> None:
        assert delivery.message_id is not None  # noqa: S101 - it stands on Discord by now
        thread_id, problem = delivery.thread_id, None
        if announcement.guild.discussion_threads and thread_id is None:
            try:
                thread_id = await self._announcer.start_thread(delivery, announcement, message_id=delivery.message_id)
            except DeliveryRefusedError as error:
                problem = Problem.of(error)  # the announcement stands; it has to do without a thread

        async def follow_up(transaction: Transaction) -> None:
            await self._tell_of_threads(transaction, delivery, has_thread=thread_id is not None, problem=problem)
            # the source it came by may have been removed meanwhile, and the issue belong to another one
            subject_key = await outbox_rows.subject_of(transaction, delivery.outbox_id)
            present = replace(delivery, subject_key=subject_key or delivery.subject_key)
            if self._announcer.is_for_followers(delivery, announcement):
                await enqueue_followers_copy(transaction, present)
            if delivery.generation:
                await enqueue_folding(transaction, present, announcement)

        await self._finish(delivery, thread_id=thread_id, problem=problem, follow_up=follow_up)

    async def _tell_of_threads(
        self, transaction: Transaction, delivery: Delivery, *, has_thread: bool, problem: Problem | None
    ) -> None:
        """Tell the staff that announcements in this channel get no thread, once until one does again."""
        if has_thread and await channel_rows.note_thread(transaction, delivery.channel_id):
            log.info("threads can be started again channel_id=%s", delivery.channel_id)
        # Somebody who deletes an announcement in the same moment says nothing of threads.
        if problem is None or problem.message_id == "delivery-message-gone":
            return
        now = self._clock.now()
        if await channel_rows.note_threadless(
            transaction, delivery.channel_id, guild_id=delivery.guild_id, problem=problem
        ):
            await tell_staff(
                transaction,
                self._announcer,
                guild_id=delivery.guild_id,
                about_channel_id=0,
                occasion=f"threads:{delivery.channel_id}:{now.isoformat()}",
                words=Problem("notice-no-threads", {"channel": str(delivery.channel_id)}, problem),
            )

    async def _publish(self, delivery: Delivery) -> datetime | None:
        now = self._clock.now()
        async with self._store.read() as transaction:
            lately = await outbox_rows.done_between(
                transaction,
                channel_id=delivery.channel_id,
                purpose=Purpose.PUBLISH,
                since=now - timedelta(hours=1),
                until=now,
            )
        if len(lately) >= _PUBLISHED_AN_HOUR:
            wait = lately[-_PUBLISHED_AN_HOUR] + timedelta(hours=1) - now
            return await self._put_off(
                delivery, Problem("delivery-publish-limit"), at_least_seconds=wait.total_seconds()
            )
        await self._announcer.publish(delivery)
        await self._finish(delivery)
        return None

    # what becomes of it

    async def _finish(
        self,
        delivery: Delivery,
        *,
        thread_id: int | None = None,
        problem: Problem | None = None,
        follow_up: Callable[[Transaction], Awaitable[None]] | None = None,
    ) -> None:
        async with self._store.write() as transaction:
            done = await outbox_rows.mark_done(
                transaction, self._claim_of(delivery), thread_id=thread_id, problem=problem
            )
            if done and follow_up is not None:
                await follow_up(transaction)
        self._first_sent.pop(delivery.delivery_key, None)
        self._metrics.count("deliveries", "done")
        log.info(
            "done purpose=%s guild_id=%s channel_id=%s message_id=%s subject=%s attempts=%d",
            delivery.purpose,
            delivery.guild_id,
            delivery.channel_id,
            delivery.message_id or delivery.target_id,
            delivery.subject_key,
            delivery.attempts,
        )

    async def _put_off(self, delivery: Delivery, problem: Problem, *, at_least_seconds: float = 0.0) -> datetime:
        backoff = min(_FIRST_RETRY_SECONDS * 2 ** min(delivery.attempts - 1, 20), _LONGEST_RETRY_SECONDS)
        seconds = max(uniform(backoff / 2, backoff), at_least_seconds)
        due_at = self._clock.now() + timedelta(seconds=seconds)
        async with self._store.write() as transaction:
            await outbox_rows.put_off(transaction, self._claim_of(delivery), problem=problem, due_at=due_at)
        self._metrics.count("deliveries", "put off")
        log.warning(
            "put off purpose=%s channel_id=%s subject=%s attempts=%d seconds=%.0f problem=%s",
            delivery.purpose,
            delivery.channel_id,
            delivery.subject_key,
            delivery.attempts,
            seconds,
            problem,
        )
        return due_at

    async def _stop_channel(self, delivery: Delivery, error: ChannelClosedError) -> datetime:
        """Everything for this channel waits until somebody changes something there; its staff is told once."""
        now, problem = self._clock.now(), Problem.of(error)
        async with self._store.write() as transaction:
            held = await outbox_rows.put_off(transaction, self._claim_of(delivery), problem=problem, due_at=now)
            newly = held and await stop_channel(
                transaction,
                delivery.channel_id,
                guild_id=delivery.guild_id,
                problem=problem,
                is_gone=error.is_gone,
            )
            if newly:
                count = await outbox_rows.waiting_in_channel(transaction, delivery.channel_id)
                await tell_staff(
                    transaction,
                    self._announcer,
                    guild_id=delivery.guild_id,
                    about_channel_id=delivery.channel_id,
                    occasion=f"stopped:{delivery.channel_id}:{now.isoformat()}",
                    words=Problem(
                        "notice-channel-stopped", {"channel": str(delivery.channel_id), "count": count}, problem
                    ),
                )
        self._metrics.count("deliveries", "stopped")
        log.warning("channel stopped guild_id=%s channel_id=%s error=%s", delivery.guild_id, delivery.channel_id, error)
        return now

    async def _quarantine(self, delivery: Delivery, problem: Problem) -> None:
        """The delivery is not tried again by itself; the staff is told, and the next in the lane goes on."""
        await self._give_up(delivery, problem, tell=delivery.purpose in _REFUSED_WORDS)

    async def _give_up(self, delivery: Delivery, problem: Problem, *, tell: bool = False) -> None:
        async with self._store.write() as transaction:
            failed = await outbox_rows.mark_failed(transaction, self._claim_of(delivery), problem=problem)
            if failed and tell:
                await tell_staff(
                    transaction,
                    self._announcer,
                    guild_id=delivery.guild_id,
                    about_channel_id=0,
                    occasion=f"refused:{delivery.delivery_key}:{delivery.attempts}",
                    words=Problem(_REFUSED_WORDS[delivery.purpose], {"channel": str(delivery.channel_id)}, problem),
                )
        self._first_sent.pop(delivery.delivery_key, None)
        self._metrics.count("deliveries", "refused")
        log.warning(
            "refused purpose=%s guild_id=%s channel_id=%s subject=%s problem=%s",
            delivery.purpose,
            delivery.guild_id,
            delivery.channel_id,
            delivery.subject_key,
            problem,
        )

    def _claim_of(self, delivery: Delivery) -> outbox_rows.Claim:
        return outbox_rows.Claim(delivery.outbox_id, self._incarnation)


async def matter_of(transaction: Transaction, delivery: Delivery | DeliveryRecord) -> Matter | None:
    """What a message is about, as it is now; None where that is gone. Raises DeliveryRefusedError for an issue gone."""
    guild_id, subject_key = delivery.guild_id, delivery.subject_key
    match delivery.purpose:
        case Purpose.ANNOUNCE:
            return await announcement_of(transaction, delivery)
        case Purpose.REVIEW:
            return await review_card_of(transaction, guild_id=guild_id, submission_key=subject_key)
        case Purpose.POLL:
            return await poll_card_of(transaction, guild_id=guild_id, poll_key=subject_key)
        case Purpose.FLOOD:
            return await flood_card_of(transaction, guild_id=guild_id, flood_key=subject_key)
        case Purpose.NOTICE if isinstance(delivery, Delivery) and delivery.words is not None:
            return Notice(delivery.words)
    return None


def _earliest(delivery: Delivery, matter: Matter) -> datetime:
    """Since when a message of an earlier copy of this database may stand there."""
    if not isinstance(matter, Announcement):
        return delivery.created_at - _CLOCK_DOUBT
    # What was announced before cannot be older than the issue, except for what feeds say of dates.
    published_at = matter.issue.published_at
    return published_at - _FEED_DATE_DOUBT if published_at else delivery.created_at - _UNDATED_LOOKED_BACK
