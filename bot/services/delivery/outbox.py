"""Brings what is queued to Discord: claims what is due with a lease, in its order, and lets `Sending` do it.

This is the transactional outbox's relay: deliveries are retried with exponential back-off and jitter, at least once.
"""

import logging
from collections.abc import Callable, Collection, Coroutine
from datetime import datetime, timedelta
from typing import Any

from bot.clock import Clock
from bot.errors import StoreError, StoreGoneError
from bot.metrics import Metrics
from bot.model.delivery import Delivery, Purpose
from bot.ports import Announcer
from bot.services.delivery.channels import put_off_look
from bot.services.delivery.kinds import Kind
from bot.services.delivery.portions import PORTION
from bot.services.delivery.sending import LEASE, Sending
from bot.services.delivery.side_by_side import work_off
from bot.services.delivery.standing import Standing
from bot.store import Store
from bot.store import channels as channel_rows
from bot.store import outbox as outbox_rows

_Lane = tuple[int, Purpose]

log = logging.getLogger(__name__)

_ENOUGH_OF_THE_LEASE_SECONDS = 25.0
_NO_STANDING_PAUSE = timedelta(seconds=1)
# Enough for 50 requests a second at the 150 ms that Discord takes for each, with room to spare.
_LANES_AT_ONCE = 24
# Nothing is put off this far on purpose, so what is due later was written while the clock was wrong.
_HORIZON = timedelta(hours=2)
_LOOK_AGAIN_SECONDS = 0.5


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
        kinds: Collection[Kind],
        standing: Standing | None = None,
    ) -> None:
        self._store = store
        self._announcer = announcer
        self._clock = clock
        self._incarnation = incarnation
        self._alone = alone
        self._metrics = metrics
        self._standing = standing or Standing()
        self._sending = Sending(
            store, announcer=announcer, clock=clock, incarnation=incarnation, metrics=metrics, kinds=kinds
        )
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
            if (
                not goes_on()
                or len(busy) >= _LANES_AT_ONCE
                or self._sending.closed_for()
                or not self._standing.is_good()
            ):
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
        pause = timedelta(seconds=max(self._sending.closed_for(), _LOOK_AGAIN_SECONDS))
        if not self._standing.is_good():
            pause = _NO_STANDING_PAUSE
        return max(due, self._clock.now() + pause)

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
                    await outbox_rows.give_back(transaction, self._sending.claim_of(delivery), due_at=transaction.now)
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
                    later = await self._sending.deliver(delivery)
                if delivery.purpose == Purpose.REFRESH:
                    later = None  # the next one is of another card
            else:
                async with self._store.write() as transaction:
                    await outbox_rows.give_back(transaction, self._sending.claim_of(delivery), due_at=later)
