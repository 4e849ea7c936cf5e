"""The background: workers look when it is time or when rung, outlive failures, and finish what they have in hand."""

import asyncio
import contextlib
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from bot import jobs
from bot.jobs import KNOCKS, Worker, Workers, _scheduler
from bot.model.worker import WorkerName
from tests.doubles import MovedClock


class Work:
    """Counts its calls, and does what the test tells it."""

    def __init__(self) -> None:
        self.calls = 0
        self.due_at: datetime | None = None
        self.error: Exception | None = None
        self.hold: asyncio.Event | None = None
        self._called = asyncio.Event()

    async def __call__(self, goes_on: Callable[[], bool]) -> datetime | None:
        self.calls += 1
        self.goes_on = goes_on
        self._called.set()
        if self.hold is not None:
            await self.hold.wait()
        if self.error is not None:
            raise self.error
        return self.due_at

    async def called(self, times: int) -> None:
        async with asyncio.timeout(60):
            while self.calls < times:
                self._called.clear()
                await self._called.wait()
        await settled(lambda: True)


async def settled(condition: Callable[[], bool]) -> None:
    """Let the loop run until everything that is ready has run."""
    for _ in range(20):
        await asyncio.sleep(0)
    assert condition()


@pytest.fixture
def work() -> Work:
    return Work()


async def test_a_worker_looks_at_once_and_again_when_rung(work: Work) -> None:
    worker = Worker(WorkerName.CHORES, work, MovedClock())
    running = asyncio.create_task(worker.run())
    await work.called(1)
    worker.ring()
    await work.called(2)
    await settled(lambda: work.calls == 2)
    worker.stop()
    await running


async def test_a_worker_looks_again_when_the_next_thing_is_due(work: Work) -> None:
    clock = MovedClock()
    work.due_at = clock.now() + timedelta(minutes=1)
    worker = Worker(WorkerName.CHORES, work, clock)
    running = asyncio.create_task(worker.run())
    await work.called(1)
    work.due_at = None
    clock.move(timedelta(minutes=2))
    await work.called(2)
    worker.stop()
    await running


async def test_a_failure_is_logged_and_the_loop_goes_on(work: Work, caplog: pytest.LogCaptureFixture) -> None:
    clock = MovedClock()
    work.error = ZeroDivisionError("a bug")
    worker = Worker(WorkerName.CHORES, work, clock)
    running = asyncio.create_task(worker.run())
    await work.called(1)
    assert "worker failed worker=chores" in caplog.text
    await settled(lambda: work.calls == 1)
    work.error = None
    clock.move(timedelta(seconds=6))
    await work.called(2)
    worker.stop()
    await running


async def test_a_ring_during_the_work_is_not_lost(work: Work) -> None:
    work.hold = asyncio.Event()
    worker = Worker(WorkerName.CHORES, work, MovedClock())
    running = asyncio.create_task(worker.run())
    await work.called(1)
    worker.ring()
    work.hold.set()
    await work.called(2)
    worker.stop()
    await running


async def test_draining_lets_a_worker_finish_what_it_has_in_hand(work: Work) -> None:
    work.hold = asyncio.Event()
    workers = Workers()
    workers.add(Worker(WorkerName.CHORES, work, MovedClock()))
    workers.start()
    await work.called(1)
    assert work.goes_on()
    draining = asyncio.create_task(workers.drain(deadline_seconds=5, break_off_seconds=5))
    await settled(lambda: not draining.done())
    assert not work.goes_on(), "nothing more is begun"
    work.hold.set()
    await draining
    assert work.calls == 1


async def test_draining_cuts_off_after_the_deadline(work: Work, caplog: pytest.LogCaptureFixture) -> None:
    work.hold = asyncio.Event()
    workers = Workers()
    workers.add(Worker(WorkerName.CHORES, work, MovedClock()))
    workers.start()
    await work.called(1)
    await workers.drain(deadline_seconds=0.01, break_off_seconds=60)
    assert "worker cut off worker=chores" in caplog.text


async def test_what_can_be_begun_anew_is_cut_off_long_before_what_sends(
    work: Work, caplog: pytest.LogCaptureFixture
) -> None:
    sending, workers = Work(), Workers()
    work.hold, sending.hold = asyncio.Event(), asyncio.Event()
    workers.add(Worker(WorkerName.SOURCES, work, MovedClock()))
    workers.add(Worker(WorkerName.OUTBOX, sending, MovedClock(), needs_discord=True))
    workers.start()
    await work.called(1)
    await sending.called(1)
    draining = asyncio.create_task(workers.drain(deadline_seconds=3600, break_off_seconds=0.01))
    [reading, _] = workers._tasks
    await asyncio.wait({reading})
    assert "worker cut off worker=sources" in caplog.text
    sending.hold.set()
    await draining
    assert "worker=outbox" not in caplog.text


async def test_what_does_not_heed_that_it_is_cut_off_is_left_behind(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "CUT_OFF_SECONDS", 0.01)
    is_begun, may_end = asyncio.Event(), asyncio.Event()

    async def stubborn(_goes_on: Callable[[], bool]) -> None:
        is_begun.set()
        while not may_end.is_set():
            with contextlib.suppress(asyncio.CancelledError):
                await may_end.wait()

    workers = Workers()
    workers.add(Worker(WorkerName.SOURCES, stubborn, MovedClock()))
    workers.start()
    await is_begun.wait()
    await workers.drain(deadline_seconds=3600, break_off_seconds=0.01)
    assert "worker cut off worker=sources" in caplog.text
    may_end.set()
    await asyncio.gather(*workers._tasks)


async def test_draining_before_the_start_is_nothing(work: Work) -> None:
    workers = Workers()
    workers.add(Worker(WorkerName.CHORES, work, MovedClock()))
    await workers.drain(deadline_seconds=1, break_off_seconds=1)
    assert work.calls == 0


async def test_without_discord_only_what_needs_it_waits(work: Work) -> None:
    sending, workers = Work(), Workers()
    workers.add(Worker(WorkerName.SOURCES, work, MovedClock()))
    workers.add(Worker(WorkerName.OUTBOX, sending, MovedClock(), needs_discord=True))
    workers.start(is_discord_there=False)
    await work.called(1)
    await settled(lambda: sending.calls == 0)
    assert {pulse.worker: pulse.is_started for pulse in workers.pulses()} == {"sources": True, "outbox": False}
    workers.start()
    await sending.called(1)
    await settled(lambda: work.calls == 1)
    assert all(pulse.is_started for pulse in workers.pulses())
    await workers.drain(deadline_seconds=5, break_off_seconds=5)


async def test_the_scheduler_knocks_at_every_worker_and_makes_up_for_nothing() -> None:
    rung: list[WorkerName] = []
    scheduler = _scheduler(rung.append)
    jobs = scheduler.get_jobs()
    assert {job.id for job in jobs} == {f"knock-{worker}" for worker, _ in KNOCKS}
    for job in jobs:
        job.func(*job.args)
    assert rung == [worker for worker, _ in KNOCKS]


def test_ringing_for_nobody_is_harmless() -> None:
    Workers().ring(WorkerName.HUBS)
