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
        return Check("database", ok=True, says="It takes writes.")

    def _connection(self) -> Check:
        connected, shards = self._link.shards_connected()
        if shards and connected == shards:
            return Check("gateway", ok=True, says=f"{connected} of {shards} shards are connected.")
        if self._gateway.waits_until is not None:
            moment = self._gateway.waits_until.isoformat(timespec="seconds")
            return Check(
                "gateway",
                ok=False,
                says=f"Too many sessions were begun; the next one begins at {moment}. See in the log why it restarts.",
            )
        if not shards:
            return Check("gateway", ok=False, says="Not connected to Discord yet.")
        return Check("gateway", ok=False, says=f"{connected} of {shards} shards are connected; the others reconnect.")

    def _background(self) -> list[Check]:
        if not self._workers.are_started:
            return [Check("workers", ok=False, says="They start when Discord is connected.")]
        now = self._clock.monotonic()
        found = []
        for pulse in self._workers.pulses():
            silent = pulse.beat is not None and now - pulse.beat > _SILENT_SECONDS
            says = "It works."
            if not pulse.is_started:
                says = "It starts when Discord is connected."
            elif pulse.failure is not None:
                says = f"It failed and tries again: {pulse.failure}"
            elif silent:
                says = "It gave no sign for ten minutes; the log may say why. A restart loses nothing."
            found.append(
                Check(f"worker {pulse.worker}", ok=pulse.is_started and pulse.failure is None and not silent, says=says)
            )
        return found

    async def _outbox(self) -> Check:
        try:
            async with asyncio.timeout(_LONGEST_LOOK_SECONDS), self._store.read() as transaction:
                oldest = await outbox_rows.oldest_waiting(transaction)
        except (StoreError, TimeoutError):
            return Check("outbox", ok=False, says="The database does not answer.")
        if oldest is None:
            return Check("outbox", ok=True, says="Nothing waits.")
        age = self._clock.now() - oldest
        minutes = int(age / timedelta(minutes=1))
        if age > _OLD:
            return Check("outbox", ok=False, says=f"The oldest delivery waits for {minutes} minutes; the log says why.")
        return Check("outbox", ok=True, says=f"The oldest delivery waits for {minutes} minutes.")

    async def _decisions(self) -> Check:
        try:
            async with asyncio.timeout(_LONGEST_LOOK_SECONDS), self._store.read() as transaction:
                return Check("floods", ok=True, says=waiting_said(await flood_rows.count_waiting(transaction)))
        except (StoreError, TimeoutError):
            return Check("floods", ok=True, says="The database does not answer.")


def waiting_said(floods: int) -> str:
    """How many floods wait, in a sentence for the operator."""
    if not floods:
        return "Nothing is held back."
    times = "Once" if floods == 1 else f"{floods} times"
    return (
        f"{times} most of a newsletter looked new; its issues are held back until the staff of the server decides. "
        "Administrators see it below /setup, /desk and /help."
    )
