"""Who works in the background, and when they are woken.

The database knows what is due. A worker looks, does it, and sleeps until the next thing is due or somebody rings; the
scheduler only rings. So nothing is lost with a missed knock, and everything is safe to do twice.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from bot.clock import Clock
from bot.errors import PressroomError
from bot.model.worker import WorkerName
from bot.ports import Pulse

if TYPE_CHECKING:
    from apscheduler.schedulers.asyncio import AsyncIOScheduler

log = logging.getLogger(__name__)

# (worker, seconds between knocks): a safety net below the workers' own alarm clocks, and how one process hears of what
# another one on the same database has left.
KNOCKS: tuple[tuple[WorkerName, int], ...] = (
    (WorkerName.SOURCES, 60),
    (WorkerName.OUTBOX, 60),
    (WorkerName.POLLS, 60),
    (WorkerName.CHORES, 60),
    (WorkerName.HUBS, 3600),
    (WorkerName.CARDS, 3600),
    (WorkerName.ARCHIVE, 3600),
)
_PAUSE_AFTER_FAILURE = timedelta(seconds=5)
CUT_OFF_SECONDS = 1.0
"""So long is waited for what was cut off; what does not heed that is left behind."""


# What a worker does: all that is due, as long as it is told to go on; gives the moment when there is more.
Work = Callable[[Callable[[], bool]], Awaitable[datetime | None]]


class Worker:
    """Calls `work` again and again: when rung, and when the moment comes that `work` returned.

    `failure` is what broke it the last time, None when the last time went well; `beat` is the monotonic time of its
    last sign of life, None while it has nothing to do. With `needs_discord`, it begins when the servers are known.
    """

    def __init__(self, name: WorkerName, work: Work, clock: Clock, *, needs_discord: bool = False) -> None:
        self.name = name
        self.needs_discord = needs_discord
        self.failure: str | None = None
        self.beat: float | None = None
        self._work = work
        self._clock = clock
        self._rung = asyncio.Event()
        self._stopping = False

    def ring(self) -> None:
        self._rung.set()

    def stop(self) -> None:
        """Finish what is in hand and end."""
        self._stopping = True
        self._rung.set()

    async def run(self) -> None:
        while not self._stopping:
            self._rung.clear()
            self.beat = self._clock.monotonic()
            try:
                due_at = await self._work(self._goes_on)
                self.failure = None
            except Exception as error:
                # Whatever failed stays due in the database; the loop must stay alive to try it again.
                log.exception("worker failed worker=%s", self.name)
                self.failure = str(error) if isinstance(error, PressroomError) else type(error).__name__
                due_at = self._clock.now() + _PAUSE_AFTER_FAILURE
            self.beat = None
            await self._sleep_until(due_at)

    def _goes_on(self) -> bool:
        self.beat = self._clock.monotonic()
        return not self._stopping

    async def _sleep_until(self, due_at: datetime | None) -> None:
        if self._stopping:
            return
        waits: list[asyncio.Future[Any]] = [asyncio.ensure_future(self._rung.wait())]
        if due_at is not None:
            waits.append(asyncio.ensure_future(self._clock.sleep_until(due_at)))
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
            await asyncio.gather(*waits, return_exceptions=True)


class Workers:
    """All workers of the process; fulfils `bot.ports.Bell`."""

    def __init__(self) -> None:
        self._workers: dict[WorkerName, Worker] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self._scheduler: AsyncIOScheduler | None = None

    @property
    def are_started(self) -> bool:
        return bool(self._tasks)

    def pulses(self) -> list[Pulse]:
        """How each worker is."""
        ended = {task.get_name() for task in self._tasks if task.done()}
        begun = {task.get_name() for task in self._tasks}
        return [
            Pulse(
                worker.name,
                "it ended" if worker.name in ended else worker.failure,
                worker.beat,
                is_started=worker.name in begun,
            )
            for worker in self._workers.values()
        ]

    def add(self, worker: Worker) -> None:
        self._workers[worker.name] = worker

    def ring(self, worker: WorkerName) -> None:
        if worker in self._workers:
            self._workers[worker].ring()

    def start(self, *, is_discord_there: bool = True) -> None:
        """Let those begin that have not yet; without Discord those that need it wait for another call."""
        begun = {task.get_name() for task in self._tasks}
        for worker in self._workers.values():
            if worker.name not in begun and (is_discord_there or not worker.needs_discord):
                self._tasks.append(asyncio.create_task(worker.run(), name=worker.name))
        if self._scheduler is None:
            self._scheduler = _scheduler(self.ring)
            self._scheduler.start()

    async def drain(self, *, deadline_seconds: float, break_off_seconds: float) -> None:
        """Let every worker finish what it has in hand; after the deadline it is cut off, and stays due.

        break_off_seconds: the deadline of those that need no Discord. Whoever comes next begins their work anew, where
        a message that was cut off would have to be looked for.
        """
        if self._scheduler is not None:
            self._scheduler.shutdown(wait=False)
        for worker in self._workers.values():
            worker.stop()
        sending = [task for task in self._tasks if self._workers[WorkerName(task.get_name())].needs_discord]
        others = [task for task in self._tasks if task not in sending]
        await asyncio.gather(_end(sending, deadline_seconds), _end(others, min(break_off_seconds, deadline_seconds)))


async def _end(tasks: Collection[asyncio.Task[None]], deadline_seconds: float) -> None:
    if not tasks:
        return
    _, late = await asyncio.wait(tasks, timeout=deadline_seconds)
    for task in late:
        log.warning("worker cut off worker=%s", task.get_name())
        task.cancel()
    if late:
        await asyncio.wait(late, timeout=CUT_OFF_SECONDS)


def _scheduler(ring: Callable[[WorkerName], None]) -> "AsyncIOScheduler":
    from apscheduler.schedulers.asyncio import AsyncIOScheduler

    scheduler = AsyncIOScheduler(
        timezone=UTC, job_defaults={"coalesce": True, "misfire_grace_time": None, "max_instances": 1}
    )
    for worker, seconds in KNOCKS:
        scheduler.add_job(ring, "interval", seconds=seconds, args=[worker], id=f"knock-{worker}")
    return scheduler
