"""One delivery, done: a message sent or found, a change made, and what became of it. Once, whatever stops in between.

The nonce and a look into the channel make at-least-once into once for whoever sees it. How a kind of message goes out
is its own entry (`bot.services.delivery.kinds`).
"""

import logging
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from random import uniform

from bot.clock import Clock
from bot.errors import ChannelClosedError, DeliveryError, DeliveryRefusedError, DiscordClosedError, StoreError
from bot.metrics import Metrics
from bot.model.delivery import Delivery, DeliveryRecord, Sent
from bot.model.problem import Problem
from bot.ports import Announcer, Matter
from bot.services.delivery.channels import channel_pause, stop_channel
from bot.services.delivery.kinds import FollowUp, Kind
from bot.services.delivery.notices import staff_channel_of, tell_staff
from bot.store import Store, Transaction
from bot.store import channels as channel_rows
from bot.store import outbox as outbox_rows
from bot.store.outbox import Claim

log = logging.getLogger(__name__)

# What a process that lives holds is left to it for so long. One send gives up after 30 s; the lease outlives it, so
# that nobody else starts while it may still arrive. A process that dies leaves what it held before (`processes`).
LEASE = timedelta(seconds=90)
# Discord returns the earlier message for the same nonce "for a few minutes"; one minute is what is relied on.
_NONCE_WINDOW_SECONDS = 60.0
# Discord's clock, not ours, stamps the messages that a search looks through.
CLOCK_DOUBT = timedelta(minutes=2)
_FIRST_RETRY_SECONDS = 2.0
_LONGEST_RETRY_SECONDS = 600.0
_UNPLACED_PAUSE_SECONDS = 30.0
_LONGEST_PAUSE = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class _Begun:
    """A send that may arrive from now on: what is sent, and the doubt that an earlier attempt left."""

    matter: Matter
    doubt_before: datetime | None


class Sending:
    """Does what was claimed by the process `incarnation`, each kind of message in its own way."""

    def __init__(
        self,
        store: Store,
        *,
        announcer: Announcer,
        clock: Clock,
        incarnation: str,
        metrics: Metrics,
        kinds: Collection[Kind],
    ) -> None:
        self.store = store
        self.announcer = announcer
        self._clock = clock
        self._incarnation = incarnation
        self._metrics = metrics
        self.kinds = kinds
        self._kinds = {kind.purpose: kind for kind in kinds}
        self._first_sent: dict[str, tuple[float, datetime]] = {}
        self._closed_until = float("-inf")

    def closed_for(self) -> float:
        """How many seconds Discord takes nothing from this bot."""
        return max(0.0, self._closed_until - self._clock.monotonic())

    def claim_of(self, delivery: Delivery) -> Claim:
        return Claim(delivery.outbox_id, self._incarnation)

    async def about(self, transaction: Transaction, delivery: Delivery | DeliveryRecord) -> Matter | None:
        kind = self._kinds.get(delivery.purpose)
        if kind is None:  # a card that a newer version has posted
            raise DeliveryError("delivery-kind-unknown", kind=str(delivery.purpose))
        return await kind.matter(transaction, delivery) if kind.matter is not None else None

    async def deliver(self, delivery: Delivery) -> datetime | None:
        """Do one thing. The moment to wait for where its lane has to wait, or None."""
        kind = self._kinds.get(delivery.purpose)
        if kind is None:  # queued by a newer version
            return await self.put_off(delivery, Problem("delivery-kind-unknown", {"kind": str(delivery.purpose)}))
        try:
            if not delivery.is_placed:
                await self._place(delivery)
                return None
            if kind.deliver is not None:
                return await kind.deliver(self, delivery)
            await self._post_card(delivery)
        except DeliveryRefusedError as error:
            await self._refuse(delivery, Problem.of(error))
        except ChannelClosedError as error:
            if kind.posts:
                return await self._stop_channel(delivery, error)
            # What cannot be changed any more keeps nobody from posting something new beside it.
            if error.is_gone:
                await self._refuse(delivery, Problem.of(error))
                return None
            pause = min(channel_pause(delivery.attempts - 1), _LONGEST_PAUSE)
            return await self.put_off(delivery, Problem.of(error), at_least_seconds=pause.total_seconds())
        except DiscordClosedError as error:
            self._closed_until = self._clock.monotonic() + error.retry_after_seconds
            return await self.put_off(delivery, Problem.of(error), at_least_seconds=error.retry_after_seconds)
        except DeliveryError as error:
            return await self.put_off(delivery, Problem.of(error), at_least_seconds=error.retry_after_seconds)
        except StoreError:
            raise
        except Exception as error:
            # A mistake of ours in one message must not hold up its lane, nor be tried again without a pause.
            log.exception("delivery broke channel_id=%s subject=%s", delivery.channel_id, delivery.subject_key)
            return await self.put_off(delivery, Problem.of(error))
        return None

    async def _place(self, delivery: Delivery) -> None:
        """Find the channel of the staff that was told of something before Discord had shown its server."""
        async with self.store.write() as transaction:
            channel_id = await staff_channel_of(transaction, self.announcer, delivery.guild_id)
            if channel_id == delivery.channel_id:
                raise DeliveryError("delivery-server-unavailable", retry_after_seconds=_UNPLACED_PAUSE_SECONDS)
            if channel_id is not None:
                await outbox_rows.place(
                    transaction, self.claim_of(delivery), channel_id=channel_id, due_at=transaction.now
                )
                return
        await self.give_up(delivery, Problem("delivery-cancelled"))  # there is no such channel

    # what is sent

    async def _post_card(self, delivery: Delivery) -> None:
        async with self.store.read() as transaction:
            matter = await self.about(transaction, delivery)
        if matter is None:
            await self._let_go(delivery)
        elif delivery.message_id is not None or await self.post(delivery, matter) is not None:
            await self.finish(delivery)

    async def _let_go(self, delivery: Delivery) -> None:
        """Post no card of what is gone; find one that arrived unheard, for the refresh that waits to remove it."""
        if delivery.message_id is None and delivery.doubt_since is not None:
            sent = await self.announcer.find(delivery, since=delivery.doubt_since - CLOCK_DOUBT)
            if sent is not None and not await self._note_sent(delivery, sent):
                return
            delivery = replace(delivery, message_id=sent.message_id if sent is not None else None)
        if delivery.message_id is None:
            await self.give_up(delivery, Problem("delivery-cancelled"))
        else:
            await self.finish(delivery)

    async def post(self, delivery: Delivery, matter: Matter) -> Sent | None:
        """The message, sent now or found; None when another process has taken over."""
        sent: Sent | None = None
        protected = delivery.doubt_since is not None and self._nonce_still_protects(delivery)
        if delivery.doubt_since is not None and not protected:
            sent = await self.announcer.find(delivery, since=delivery.doubt_since - CLOCK_DOUBT)
        elif delivery.doubt_since is None:
            # This database may be an older copy, or another process may run on a copy of it.
            sent = await self.announcer.glance(delivery, since=self._earliest(delivery, matter))
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
        async with self.store.write() as transaction:
            still_ours = await outbox_rows.mark_sent(
                transaction,
                self.claim_of(delivery),
                sent,
                lease_until=transaction.now + LEASE,
            )
            if await channel_rows.open_channel(transaction, delivery.channel_id):
                log.info("channel takes messages again channel_id=%s", delivery.channel_id)
        return still_ours

    async def _send(self, delivery: Delivery, matter: Matter, *, doubt_before: datetime | None) -> Sent | None:
        try:
            if self._kinds[delivery.purpose].has_plain_form:
                return await self._send_in_some_form(delivery, matter)
            return await self.announcer.send(delivery, matter)
        except DeliveryError as error:
            if error.is_certain:
                # What an earlier attempt may have brought about is as open as before.
                async with self.store.write() as transaction:
                    await outbox_rows.settle_doubt(transaction, self.claim_of(delivery), doubt_since=doubt_before)
            raise

    async def _send_in_some_form(self, delivery: Delivery, matter: Matter) -> Sent | None:
        try:
            return await self.announcer.send(delivery, matter)
        except DeliveryRefusedError as error:
            if delivery.degraded:
                raise
            log.warning(
                "refused, tried in its plain form channel_id=%s subject=%s error=%s",
                delivery.channel_id,
                delivery.subject_key,
                error,
            )
            async with self.store.write() as transaction:
                still_ours = await outbox_rows.degrade(
                    transaction,
                    self.claim_of(delivery),
                    problem=Problem.of(error),
                    lease_until=transaction.now + LEASE,
                )
            if not still_ours:
                return None
            return await self.announcer.send(replace(delivery, degraded=True), matter)

    async def _begin_sending(self, delivery: Delivery, matter: Matter, *, protected: bool) -> _Begun | None:
        """Note that the message may arrive from now on.

        None when the claim went to another process meanwhile, or when what the message is about is gone by now.
        """
        now = self._clock.now()
        if not protected:
            self._first_sent[delivery.delivery_key] = (self._clock.monotonic(), now)
        doubt_since = delivery.doubt_since if protected and delivery.doubt_since else now
        settle, claim = self._kinds[delivery.purpose].settle, self.claim_of(delivery)
        async with self.store.write() as transaction:
            if not await outbox_rows.begin_sending(
                transaction, claim, doubt_since=doubt_since, lease_until=now + LEASE
            ):
                return None
            if settle is not None and not protected:
                settled = await settle(transaction, delivery, claim, matter)
                if settled is None:  # gone while it was looked for in the channel
                    await outbox_rows.settle_doubt(transaction, claim, doubt_since=delivery.doubt_since)
                    await outbox_rows.mark_failed(transaction, claim, problem=Problem("delivery-cancelled"))
                    return None
                matter = settled
        return _Begun(matter, delivery.doubt_since if protected else None)

    def _earliest(self, delivery: Delivery, matter: Matter) -> datetime:
        """Since when a message of an earlier copy of this database may stand there."""
        since = self._kinds[delivery.purpose].since
        earliest = since(delivery, matter) if since is not None else None
        return earliest or delivery.created_at - CLOCK_DOUBT

    def _nonce_still_protects(self, delivery: Delivery) -> bool:
        """Whether sending again is safe: this process sent it first, less than a minute ago, and nonces count there.

        Measured time and the clock have to agree: one stands still while the machine sleeps, the other may be put back.
        """
        first = self._first_sent.get(delivery.delivery_key)
        if first is None or not self.announcer.takes_nonces(delivery):
            return False
        measured = self._clock.monotonic() - first[0]
        read = (self._clock.now() - first[1]).total_seconds()
        return measured < _NONCE_WINDOW_SECONDS and 0 <= read < _NONCE_WINDOW_SECONDS

    # what becomes of it

    async def finish(
        self,
        delivery: Delivery,
        *,
        thread_id: int | None = None,
        problem: Problem | None = None,
        follow_up: FollowUp | None = None,
    ) -> None:
        async with self.store.write() as transaction:
            done = await outbox_rows.mark_done(
                transaction, self.claim_of(delivery), thread_id=thread_id, problem=problem
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

    async def shown(self, delivery: Delivery, *, apart: timedelta) -> None:
        async with self.store.write() as transaction:
            await outbox_rows.mark_shown(
                transaction,
                self.claim_of(delivery),
                revision=delivery.revision,
                again_at=transaction.now + apart,
            )
        self._metrics.count("deliveries", "done")

    async def put_off(self, delivery: Delivery, problem: Problem, *, at_least_seconds: float = 0.0) -> datetime:
        backoff = min(_FIRST_RETRY_SECONDS * 2 ** min(delivery.attempts - 1, 20), _LONGEST_RETRY_SECONDS)
        seconds = max(uniform(backoff / 2, backoff), at_least_seconds)
        due_at = self._clock.now() + timedelta(seconds=seconds)
        async with self.store.write() as transaction:
            await outbox_rows.put_off(transaction, self.claim_of(delivery), problem=problem, due_at=due_at)
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
        async with self.store.write() as transaction:
            held = await outbox_rows.put_off(transaction, self.claim_of(delivery), problem=problem, due_at=now)
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
                    self.announcer,
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

    async def give_up(self, delivery: Delivery, problem: Problem) -> None:
        await self._give_up(delivery, problem, refused_words=None)

    async def _refuse(self, delivery: Delivery, problem: Problem) -> None:
        """Not again by itself (quarantine); the staff is told, and the next in the lane goes on."""
        await self._give_up(delivery, problem, refused_words=self._kinds[delivery.purpose].refused_words)

    async def _give_up(self, delivery: Delivery, problem: Problem, *, refused_words: str | None) -> None:
        async with self.store.write() as transaction:
            failed = await outbox_rows.mark_failed(transaction, self.claim_of(delivery), problem=problem)
            if failed and refused_words is not None:
                await tell_staff(
                    transaction,
                    self.announcer,
                    guild_id=delivery.guild_id,
                    about_channel_id=0,
                    occasion=f"refused:{delivery.delivery_key}:{delivery.attempts}",
                    words=Problem(refused_words, {"channel": str(delivery.channel_id)}, problem),
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
