"""The processes on one PostgreSQL: each says that it lives, and what a dead one held is free at once.

On SQLite a process is alone, which its lock on the file proves; there is nothing to say and nobody to say it to.
"""

import asyncio
import contextlib
import logging
from collections.abc import Sequence
from functools import partial
from hashlib import sha256
from typing import Self

from bot.errors import StoreBusyError, StoreError, StoreGoneError
from bot.model.worker import WorkerName
from bot.ports import Bell
from bot.services.delivery.standing import Standing, now_seconds
from bot.store import Store, Transaction
from bot.store import processes as process_rows
from bot.store.line import Line
from bot.store.processes import DEAD_AFTER, Neighbour

log = logging.getLogger(__name__)

BEAT_SECONDS = 1.0
LOOK_SECONDS = 0.5
"""How often it is looked whether another process is gone."""

# What acts outside is broken off so long before others may take over, and has come to rest by then.
GOOD_FOR_SECONDS = DEAD_AFTER.total_seconds() - 0.5
# A beat that is heard later than this no longer joins the one before it.
_ANSWER_SECONDS = GOOD_FOR_SECONDS - BEAT_SECONDS
_START_SECONDS = 30.0
_RECONNECT_SECONDS = 0.25
_LEAVE_SECONDS = 0.5
_WORKERS = (
    WorkerName.SOURCES,
    WorkerName.OUTBOX,
    WorkerName.POLLS,
    WorkerName.CARDS,
    WorkerName.CHORES,
    WorkerName.HUBS,
)


class Processes:
    """`async with` it: then this process, named by `incarnation`, lives among the others; `standing` says how."""

    def __init__(self, store: Store, *, incarnation: str, bell: Bell) -> None:
        self.standing = Standing()
        self._store = store
        self._incarnation = incarnation
        self._bell = bell
        self._lock_key = int.from_bytes(sha256(incarnation.encode()).digest()[:8], "big", signed=True)
        # Whether a lock may speak for this process, and whether the one of the present line does.
        self._is_lock_wanted = True
        self._is_lock_told = False
        self._living: set[str] = set()
        self._somebody_is_gone = asyncio.Event()
        self._heard = asyncio.Event()
        self._trouble: Exception | None = None
        self._lapses = 0
        self._tasks: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Self:
        """Say for the first time that this process lives. Raises StoreError when that is not heard."""
        if self._store.dialect == "sqlite":
            return self
        self.standing.lapse()
        self._lapses = self.standing.lapses
        self._tasks = [asyncio.create_task(self._live(), name="beats")]
        try:
            async with asyncio.timeout(_START_SECONDS):
                await self._heard.wait()
            with contextlib.suppress(StoreBusyError):  # what lingers is found again at a later look
                await self._free()
        except TimeoutError:
            await self._stop()
            raise StoreGoneError(str(self._trouble)) from self._trouble
        except BaseException:
            await self._stop()
            raise
        self._tasks.append(asyncio.create_task(self._inherit(), name="heir"))
        return self

    async def __aexit__(self, *_: object) -> None:
        """What could not be finished is free for the others at once."""
        if not self._tasks:
            return
        await self._stop()
        with contextlib.suppress(StoreError, TimeoutError):  # if not by this, they hear of it by the silence
            async with asyncio.timeout(_LEAVE_SECONDS), self._store.write() as transaction:
                await process_rows.leave(transaction, self._incarnation)

    async def _stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _live(self) -> None:
        """Beat for ever, on a new line whenever one breaks."""
        while True:
            try:
                async with await self._store.open_line() as line:
                    line.when_lost = self.standing.lapse  # before the lock goes with it: then others may take over
                    while True:
                        await self._beat(line)
                        await self._look_around(line)
            except Exception as error:  # noqa: BLE001 - whatever broke this line, the next one may hold
                self._is_lock_told = False
                if self._trouble is None:
                    log.warning("beats are not heard, so nothing is sent problem=%s", error)
                self._trouble = error
            await asyncio.sleep(_RECONNECT_SECONDS)

    async def _beat(self, line: Line) -> None:
        begun = now_seconds()
        await line.ask(partial(self._speak, session_pid=line.session_pid), timeout_seconds=_ANSWER_SECONDS)
        if line.lost.is_set():
            return  # the answer came before the end, but the lock is gone
        self.standing.extend(begun + GOOD_FOR_SECONDS)
        self._trouble = None
        self._heard.set()
        if self.standing.lapses != self._lapses:
            self._lapses = self.standing.lapses
            log.info("beats are heard again, others may have taken over what was in hand")
            self._bell.ring(WorkerName.OUTBOX)

    async def _speak(self, transaction: Transaction, *, session_pid: int) -> None:
        beat = partial(process_rows.beat, transaction, self._incarnation, lock_key=self._lock_key)
        is_told = await beat(session_pid=session_pid if self._is_lock_wanted else None)
        if self._is_lock_told and not is_told:
            # It went with a session that was not ours alone. Others may have taken that for our death.
            self.standing.lapse()
            self._is_lock_wanted = False
        elif (
            self._is_lock_wanted
            and not is_told
            and await process_rows.take_lock(transaction, lock_key=self._lock_key, session_pid=session_pid)
        ):
            is_told = await beat(session_pid=session_pid)
        self._is_lock_told = is_told

    async def _look_around(self, line: Line) -> None:
        """Until the next beat; raises StoreError as soon as the line is lost."""
        for _ in range(round(BEAT_SECONDS / LOOK_SECONDS)):
            look = partial(process_rows.neighbours, incarnation=self._incarnation)
            self._hear_of(await line.ask(look, timeout_seconds=_ANSWER_SECONDS))
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LOOK_SECONDS):
                    await line.lost.wait()
                    return  # the next beat says what broke it

    def _hear_of(self, neighbours: Sequence[Neighbour]) -> None:
        living = {neighbour.incarnation for neighbour in neighbours if not neighbour.is_dead}
        if self._living - living or any(neighbour.is_dead and neighbour.lingers for neighbour in neighbours):
            self._somebody_is_gone.set()
        self._living = living

    async def _inherit(self) -> None:
        """Whenever somebody is gone: what it had claimed is free, and all that it left undone is looked for."""
        while True:
            await self._somebody_is_gone.wait()
            self._somebody_is_gone.clear()
            try:
                await self._free()
            except Exception:
                log.exception("claims of dead processes could not be ended yet")
            for worker in _WORKERS:
                self._bell.ring(worker)

    async def _free(self) -> None:
        async with self._store.write() as transaction:
            freed = await process_rows.free_claims_of_the_dead(transaction, self._incarnation)
        if freed:
            log.info("claims of dead processes ended count=%d", freed)
