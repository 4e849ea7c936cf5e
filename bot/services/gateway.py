"""How often a session may be begun at Discord's gateway.

Discord allows about 1,000 a day for a token and takes the token away beyond that; a process that crashes at its start,
or a gateway that declares every session invalid, would reach them within hours. So the pauses between sessions grow,
and they are counted in the database, over restarts.
"""

import logging
from datetime import datetime, timedelta

from bot.clock import Clock
from bot.errors import StoreError
from bot.metrics import Metrics
from bot.store import Store
from bot.store import gateway as session_rows

log = logging.getLogger(__name__)

_LOOKED_BACK = timedelta(hours=1)
_WITHOUT_A_PAUSE = 10  # in an hour: somebody who tries things out is not held up
_FIRST_PAUSE = timedelta(seconds=5)
# 1,000 in a day would be one every 86 seconds.
_LONGEST_PAUSE = timedelta(minutes=10)


class Gateway:
    def __init__(self, store: Store, *, clock: Clock, metrics: Metrics) -> None:
        self._store = store
        self._clock = clock
        self._metrics = metrics
        self._waits: dict[int, datetime] = {}
        # What the database could not take: it may be down just when Discord asks for a new session.
        self._unrecorded: list[tuple[int, datetime]] = []

    @property
    def waits_until(self) -> datetime | None:
        """When the next session may be begun, while somebody waits for it."""
        return min(self._waits.values(), default=None)

    async def wait_for_turn(self, shard_id: int) -> None:
        """Return when this shard may begin a session."""
        turn = await self._turn(shard_id)
        if turn <= self._clock.now():
            return
        log.warning("too many gateway sessions shard_id=%d next=%s", shard_id, turn.isoformat(timespec="seconds"))
        self._waits[shard_id] = turn
        try:
            await self._clock.sleep_until(turn)
        finally:
            self._waits.pop(shard_id, None)

    async def begin_session(self, shard_id: int) -> None:
        """Wait for this shard's turn, and count the session that begins now."""
        await self.wait_for_turn(shard_id)
        now = self._clock.now()
        try:
            async with self._store.write() as transaction:
                await session_rows.record_session(transaction, shard_id)
                await session_rows.forget_sessions(transaction, before=now - timedelta(days=1))
        except StoreError as error:
            log.warning("session not recorded shard_id=%d error=%s", shard_id, error)
            self._unrecorded.append((shard_id, now))
        self._metrics.count("gateway_identifies")

    async def _turn(self, shard_id: int) -> datetime:
        now = self._clock.now()
        since = now - _LOOKED_BACK
        begun = [moment for shard, moment in self._unrecorded if shard == shard_id and moment >= since]
        try:
            async with self._store.read() as transaction:
                begun += await session_rows.sessions_since(transaction, shard_id, since=since)
        except StoreError as error:
            log.warning("earlier sessions cannot be read shard_id=%d error=%s", shard_id, error)
        # A clock that was put back leaves sessions in the future: they say nothing about when to go on.
        begun = sorted(moment for moment in begun if moment <= now)
        beyond = len(begun) - _WITHOUT_A_PAUSE
        if beyond < 0:
            return now
        pause = min(_FIRST_PAUSE * float(2 ** min(beyond, 10)), _LONGEST_PAUSE)
        return begun[-1] + pause
