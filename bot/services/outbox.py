"""Brings what is queued to Discord: claim with a lease, act, mark. Once, visibly, whatever stops in between."""

import asyncio
import logging
from datetime import datetime, timedelta
from random import uniform

from bot.clock import Clock
from bot.errors import DeliveryError, DeliveryRefusedError
from bot.model.delivery import Delivery
from bot.ports import Announcement, Announcer
from bot.services.announcements import announcement_of
from bot.store import Store
from bot.store import outbox as outbox_rows

log = logging.getLogger(__name__)

# One send gives up after 30 s; the lease outlives it, so that nobody else starts while it may still arrive.
LEASE = timedelta(seconds=90)
_ENOUGH_OF_THE_LEASE = timedelta(seconds=25)
# Discord returns the earlier message for the same nonce "for a few minutes"; one minute is what is relied on.
NONCE_WINDOW = timedelta(seconds=60)
# Discord's clock, not ours, stamps the messages that a search looks through.
_CLOCK_DOUBT = timedelta(minutes=2)
_AT_ONCE = 10
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

    async def take_over(self) -> None:
        """At the start: what a process before this one had claimed is free again."""
        if not self._alone:
            return
        async with self._store.write() as transaction:
            freed = await outbox_rows.void_other_leases(transaction, incarnation=self._incarnation)
        if freed:
            log.info("claims of an earlier process ended count=%d", freed)

    async def deliver_due(self) -> datetime | None:
        """Deliver all that is due; the moment when there is more, or None."""
        while True:
            now = self._clock.now()
            async with self._store.write() as transaction:
                claimed = await outbox_rows.claim_due(
                    transaction, incarnation=self._incarnation, now=now, lease_until=now + LEASE, limit=_AT_ONCE
                )
            if not claimed:
                async with self._store.read() as transaction:
                    return await outbox_rows.next_due(transaction)
            # Channels side by side, so that a slow one does not hold up the others; within one, in order.
            channels: dict[int, list[Delivery]] = {}
            for delivery in claimed:
                channels.setdefault(delivery.channel_id, []).append(delivery)
            outcomes = await asyncio.gather(
                *(self._deliver_in_order(deliveries, claimed_at=now) for deliveries in channels.values()),
                return_exceptions=True,
            )
            for outcome in outcomes:
                if isinstance(outcome, BaseException):
                    raise outcome

    async def _deliver_in_order(self, deliveries: list[Delivery], *, claimed_at: datetime) -> None:
        for delivery in deliveries:
            if self._clock.now() - claimed_at > _ENOUGH_OF_THE_LEASE:
                # Too late to begin: it might still be on its way when the lease ends and somebody else starts.
                await self._give_back(delivery)
            else:
                await self._deliver(delivery)

    async def _deliver(self, delivery: Delivery) -> None:
        async with self._store.read() as transaction:
            announcement = await announcement_of(transaction, delivery)
        if announcement is None:
            await self._fail(delivery, "the issue or the server is gone from the database")
            return
        try:
            message_id = delivery.message_id or await self._message(delivery, announcement)
            thread_id = None
            if announcement.guild.discussion_threads:
                thread_id = await self._announcer.start_thread(delivery, announcement, message_id=message_id)
        except DeliveryRefusedError as error:
            await self._fail(delivery, str(error))
        except DeliveryError as error:
            await self._put_off(delivery, error)
        else:
            async with self._store.write() as transaction:
                await outbox_rows.mark_done(transaction, delivery.outbox_id, thread_id=thread_id)
            log.info(
                "announced guild_id=%s channel_id=%s message_id=%s issue=%s attempts=%d",
                delivery.guild_id,
                delivery.channel_id,
                message_id,
                delivery.issue_key,
                delivery.attempts,
            )

    async def _message(self, delivery: Delivery, announcement: Announcement) -> int:
        message_id = None
        if delivery.attempts > 1 and self._clock.now() - delivery.first_attempt_at >= NONCE_WINDOW:
            # An earlier attempt may have arrived although nobody heard of it, and the nonce no longer protects.
            message_id = await self._announcer.find(delivery, since=delivery.first_attempt_at - _CLOCK_DOUBT)
        if message_id is None:
            message_id = await self._announcer.send(delivery, announcement)
        async with self._store.write() as transaction:
            await outbox_rows.mark_sent(transaction, delivery.outbox_id, message_id=message_id, now=self._clock.now())
        return message_id

    async def _put_off(self, delivery: Delivery, error: DeliveryError) -> None:
        backoff = min(_FIRST_RETRY_SECONDS * 2 ** (delivery.attempts - 1), _LONGEST_RETRY_SECONDS)
        seconds = max(uniform(backoff / 2, backoff), error.retry_after_seconds)
        async with self._store.write() as transaction:
            await outbox_rows.put_off(
                transaction,
                delivery.outbox_id,
                problem=str(error),
                due_at=self._clock.now() + timedelta(seconds=seconds),
            )
        log.warning(
            "announcement put off channel_id=%s issue=%s attempts=%d seconds=%.0f problem=%s",
            delivery.channel_id,
            delivery.issue_key,
            delivery.attempts,
            seconds,
            error,
        )

    async def _give_back(self, delivery: Delivery) -> None:
        async with self._store.write() as transaction:
            await outbox_rows.put_off(
                transaction, delivery.outbox_id, problem="waited behind another message", due_at=self._clock.now()
            )

    async def _fail(self, delivery: Delivery, problem: str) -> None:
        async with self._store.write() as transaction:
            await outbox_rows.mark_failed(transaction, delivery.outbox_id, problem=problem)
        log.error(
            "announcement refused channel_id=%s issue=%s problem=%s", delivery.channel_id, delivery.issue_key, problem
        )
