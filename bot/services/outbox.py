"""Brings what is queued to Discord: claim with a lease, act, mark. Once, visibly, whatever stops in between."""

import asyncio
import logging
from collections.abc import Callable, Collection
from datetime import datetime, timedelta
from random import uniform

from bot.clock import Clock
from bot.errors import DeliveryError, DeliveryRefusedError
from bot.model.delivery import Delivery
from bot.model.problem import Problem
from bot.ports import Announcement, Announcer
from bot.services.announcements import announcement_of
from bot.store import Store
from bot.store import outbox as outbox_rows

log = logging.getLogger(__name__)

# One send gives up after 30 s; the lease outlives it, so that nobody else starts while it may still arrive.
LEASE = timedelta(seconds=90)
_ENOUGH_OF_THE_LEASE_SECONDS = 25.0
# Discord returns the earlier message for the same nonce "for a few minutes"; one minute is what is relied on.
_NONCE_WINDOW_SECONDS = 60.0
# Discord's clock, not ours, stamps the messages that a search looks through.
_CLOCK_DOUBT = timedelta(minutes=2)
_CHANNELS_AT_ONCE = 10
_LOOK_AGAIN_SECONDS = 1.0  # for what became due while a channel is slow
_FIRST_RETRY_SECONDS = 2.0
_LONGEST_RETRY_SECONDS = 600.0


class Outbox:
    """`incarnation` names this process; with `alone`, claims of earlier processes end at once."""

    def __init__(self, store: Store, *, announcer: Announcer, clock: Clock, incarnation: str, alone: bool) -> None:
        self._store = store
        self._announcer = announcer
        self._clock = clock
        self._incarnation = incarnation
        self._alone = alone
        self._first_tried: dict[str, float] = {}

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

        Channels are served side by side, each in order, so that a slow one holds up nobody. When `goes_on` says no,
        nothing more is claimed, and what is in hand is finished.
        """
        busy: dict[int, asyncio.Task[None]] = {}
        error: BaseException | None = None
        try:
            while True:
                if goes_on() and error is None and len(busy) < _CHANNELS_AT_ONCE:
                    for channel_id, deliveries in (await self._claim(busy)).items():
                        busy[channel_id] = asyncio.create_task(self._deliver_in_order(deliveries))
                if not busy:
                    break
                done, _ = await asyncio.wait(
                    busy.values(), timeout=_LOOK_AGAIN_SECONDS, return_when=asyncio.FIRST_COMPLETED
                )
                busy = {channel_id: task for channel_id, task in busy.items() if task not in done}
                for task in done:
                    # What is under way in other channels is finished before the error is told.
                    error = error or task.exception()
        finally:
            for task in busy.values():
                task.cancel()
            await asyncio.gather(*busy.values(), return_exceptions=True)
        if error is not None:
            raise error
        async with self._store.read() as transaction:
            return await outbox_rows.next_due(transaction)

    async def _claim(self, busy: Collection[int]) -> dict[int, list[Delivery]]:
        now = self._clock.now()
        async with self._store.write() as transaction:
            claimed = await outbox_rows.claim_due(
                transaction,
                incarnation=self._incarnation,
                now=now,
                lease_until=now + LEASE,
                limit=_CHANNELS_AT_ONCE,
                busy_channels=busy,
            )
        channels: dict[int, list[Delivery]] = {}
        for delivery in claimed:
            channels.setdefault(delivery.channel_id, []).append(delivery)
        return channels

    async def _deliver_in_order(self, deliveries: list[Delivery]) -> None:
        begun = self._clock.monotonic()
        later: datetime | None = None
        for delivery in deliveries:
            if later is None and self._clock.monotonic() - begun > _ENOUGH_OF_THE_LEASE_SECONDS:
                # Too late to begin: it might still be on its way when the lease ends and somebody else starts.
                later = self._clock.now()
            if later is None:
                later = await self._deliver(delivery)
            else:
                async with self._store.write() as transaction:
                    await outbox_rows.give_back(transaction, self._claim_of(delivery), due_at=later)

    async def _deliver(self, delivery: Delivery) -> datetime | None:
        """Bring one message out. The moment to wait for where its channel has to wait, or None."""
        try:
            async with self._store.read() as transaction:
                announcement = await announcement_of(transaction, delivery)
            message_id = delivery.message_id or await self._message(delivery, announcement)
            if message_id is not None:
                await self._complete(delivery, announcement, message_id=message_id)
        except DeliveryRefusedError as error:
            await self._fail(delivery, Problem.of(error))
        except DeliveryError as error:
            return await self._put_off(delivery, Problem.of(error), at_least_seconds=error.retry_after_seconds)
        except Exception as error:
            # A mistake of ours in one message must not hold up its channel, nor be tried again without a pause.
            log.exception("announcement broke channel_id=%s issue=%s", delivery.channel_id, delivery.issue_key)
            return await self._put_off(delivery, Problem.of(error))
        return None

    async def _message(self, delivery: Delivery, announcement: Announcement) -> int | None:
        """The id of the message, sent now or found; None when another process has taken over."""
        message_id = None
        if not self._nonce_still_protects(delivery):
            # An earlier attempt may have arrived although nobody heard of it.
            message_id = await self._announcer.find(delivery, since=delivery.first_attempt_at - _CLOCK_DOUBT)
            async with self._store.write() as transaction:
                if not await outbox_rows.renew_lease(
                    transaction, self._claim_of(delivery), lease_until=self._clock.now() + LEASE
                ):
                    return None
        if message_id is None:
            message_id = await self._announcer.send(delivery, announcement)
        now = self._clock.now()
        async with self._store.write() as transaction:
            still_ours = await outbox_rows.mark_sent(
                transaction, self._claim_of(delivery), message_id=message_id, now=now, lease_until=now + LEASE
            )
        return message_id if still_ours else None

    def _nonce_still_protects(self, delivery: Delivery) -> bool:
        """Whether sending again is safe: nothing was sent yet, or by this process less than a minute ago.

        Time is measured, not read from the clock, which may have been put back in between.
        """
        now = self._clock.monotonic()
        if delivery.attempts == 1:
            self._first_tried[delivery.delivery_key] = now
            return True
        first = self._first_tried.get(delivery.delivery_key)
        return first is not None and now - first < _NONCE_WINDOW_SECONDS

    async def _complete(self, delivery: Delivery, announcement: Announcement, *, message_id: int) -> None:
        thread_id: int | None = None
        problem: Problem | None = None
        if announcement.guild.discussion_threads:
            try:
                thread_id = await self._announcer.start_thread(delivery, announcement, message_id=message_id)
            except DeliveryRefusedError as error:
                problem = Problem.of(error)  # the announcement stands; it has to do without a thread
        async with self._store.write() as transaction:
            await outbox_rows.mark_done(transaction, self._claim_of(delivery), thread_id=thread_id, problem=problem)
        self._first_tried.pop(delivery.delivery_key, None)
        log.info(
            "announced guild_id=%s channel_id=%s message_id=%s issue=%s attempts=%d",
            delivery.guild_id,
            delivery.channel_id,
            message_id,
            delivery.issue_key,
            delivery.attempts,
        )

    async def _put_off(self, delivery: Delivery, problem: Problem, *, at_least_seconds: float = 0.0) -> datetime:
        backoff = min(_FIRST_RETRY_SECONDS * 2 ** min(delivery.attempts - 1, 20), _LONGEST_RETRY_SECONDS)
        seconds = max(uniform(backoff / 2, backoff), at_least_seconds)
        due_at = self._clock.now() + timedelta(seconds=seconds)
        async with self._store.write() as transaction:
            await outbox_rows.put_off(transaction, self._claim_of(delivery), problem=problem, due_at=due_at)
        log.warning(
            "announcement put off channel_id=%s issue=%s attempts=%d seconds=%.0f problem=%s",
            delivery.channel_id,
            delivery.issue_key,
            delivery.attempts,
            seconds,
            problem,
        )
        return due_at

    async def _fail(self, delivery: Delivery, problem: Problem) -> None:
        async with self._store.write() as transaction:
            await outbox_rows.mark_failed(transaction, self._claim_of(delivery), problem=problem)
        self._first_tried.pop(delivery.delivery_key, None)
        log.error(
            "announcement refused channel_id=%s issue=%s problem=%s", delivery.channel_id, delivery.issue_key, problem
        )

    def _claim_of(self, delivery: Delivery) -> outbox_rows.Claim:
        return outbox_rows.Claim(delivery.outbox_id, self._incarnation)
