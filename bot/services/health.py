"""Whether the bot can do its work now, and if not, why: for whoever runs it."""

import asyncio
from dataclasses import dataclass
from datetime import timedelta

from bot.clock import Clock
from bot.errors import StoreError
from bot.ports import GatewayLink, WorkersWatch
from bot.services.gateway import Gateway
from bot.store import Store
from bot.store import channels as channel_rows
from bot.store import floods as flood_rows
from bot.store import outbox as outbox_rows
from bot.texts import text

# A delivery that fails is tried again after ten minutes at the latest.
_OLD = timedelta(minutes=15)
_SILENT_SECONDS = 600.0
_LONGEST_LOOK_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that has to be right; `says` is a sentence for the operator."""

    name: str
    ok: bool
    says: str


@dataclass(frozen=True, slots=True)
class Gauges:
    """What stands where at this moment. floods_waiting: how many floods nobody decided about yet."""

    deliveries: dict[str, int]
    oldest_seconds: float
    stopped_channels: int
    shards_connected: int
    shards: int
    floods_waiting: int


class Health:
    def __init__(
        self, store: Store, *, clock: Clock, gateway: Gateway, link: GatewayLink, workers: WorkersWatch
    ) -> None:
        self._store = store
        self._clock = clock
        self._gateway = gateway
        self._link = link
        self._workers = workers

    async def checks(self) -> list[Check]:
        """All that has to be right: database, gateway, workers, outbox; and what waits for people, no fault."""
        return [
            await self._database(),
            self._connection(),
            *self._background(),
            await self._outbox(),
            await self._decisions(),
        ]

    async def gauges(self) -> Gauges:
        """For the metrics. Raises StoreError."""
        async with self._store.read() as transaction:
            deliveries = await outbox_rows.count_open(transaction)
            oldest = await outbox_rows.oldest_waiting(transaction)
            stopped = await channel_rows.count_stopped(transaction)
            floods = await flood_rows.count_waiting(transaction)
        connected, shards = self._link.shards_connected()
        age = (self._clock.now() - oldest).total_seconds() if oldest else 0.0
        return Gauges(deliveries, max(age, 0.0), stopped, connected, shards, floods)

    async def _database(self) -> Check:
        try:
            await self._store.probe()
        except StoreError as error:
            return Check("database", ok=False, says=str(error))
        return Check("database", ok=True, says=text("health-database"))

    def _connection(self) -> Check:
        connected, shards = self._link.shards_connected()
        if shards and connected == shards:
            return Check("gateway", ok=True, says=text("health-shards", connected=str(connected), shards=str(shards)))
        if self._gateway.waits_until is not None:
            moment = self._gateway.waits_until.isoformat(timespec="seconds")
            return Check("gateway", ok=False, says=text("health-too-many-sessions", moment=moment))
        if not shards:
            return Check("gateway", ok=False, says=text("health-no-shards"))
        says = text("health-shards-missing", connected=str(connected), shards=str(shards))
        return Check("gateway", ok=False, says=says)

    def _background(self) -> list[Check]:
        if not self._workers.are_started:
            return [Check("workers", ok=False, says=text("health-workers-wait"))]
        now = self._clock.monotonic()
        found = []
        for pulse in self._workers.pulses():
            silent = pulse.beat is not None and now - pulse.beat > _SILENT_SECONDS
            says = text("health-worker")
            if not pulse.is_started:
                says = text("health-worker-waits")
            elif pulse.failure is not None:
                says = text("health-worker-failed", problem=pulse.failure)
            elif silent:
                says = text("health-worker-silent")
            found.append(
                Check(f"worker {pulse.worker}", ok=pulse.is_started and pulse.failure is None and not silent, says=says)
            )
        return found

    async def _outbox(self) -> Check:
        try:
            async with asyncio.timeout(_LONGEST_LOOK_SECONDS), self._store.read() as transaction:
                oldest = await outbox_rows.oldest_waiting(transaction)
        except (StoreError, TimeoutError):
            return Check("outbox", ok=False, says=text("health-no-answer"))
        if oldest is None:
            return Check("outbox", ok=True, says=text("health-outbox-empty"))
        age = self._clock.now() - oldest
        minutes = str(int(age / timedelta(minutes=1)))
        if age > _OLD:
            return Check("outbox", ok=False, says=text("health-outbox-stuck", minutes=minutes))
        return Check("outbox", ok=True, says=text("health-outbox-waits", minutes=minutes))

    async def _decisions(self) -> Check:
        try:
            async with asyncio.timeout(_LONGEST_LOOK_SECONDS), self._store.read() as transaction:
                return Check("floods", ok=True, says=waiting_said(await flood_rows.count_waiting(transaction)))
        except (StoreError, TimeoutError):
            return Check("floods", ok=True, says=text("health-no-answer"))


def waiting_said(floods: int) -> str:
    """How many floods wait, in a sentence for the operator."""
    return text("health-floods", count=floods) if floods else text("health-floods-none")
