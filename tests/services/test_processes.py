"""Processes on one PostgreSQL: who counts as living, and what becomes of what a dead one held.

`first` stands behind a proxy, where it can be cut off; what it was doing is written in its name.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from typing import Any, cast
from urllib.parse import parse_qs, urlsplit

import pytest
from sqlalchemy import BigInteger, func, literal, select, text, true, update
from sqlalchemy.pool import QueuePool

from bot.errors import StoreError, StoreGoneError
from bot.services.delivery import processes as process_rules
from bot.services.delivery.processes import Processes
from bot.services.delivery.sending import LEASE
from bot.store import Store, line
from bot.store import attempts as attempt_rows
from bot.store import outbox as outbox_rows
from bot.store import sources as source_rows
from bot.store import websub as lease_rows
from bot.store.line import Line
from bot.store.processes import DEAD_AFTER, Neighbour, neighbours
from bot.store.tables import hub_leases, outbox, processes, source_attempts, sources
from tests.doubles import sample_issue
from tests.proxy import Proxy
from tests.services.conftest import GUILD, Desk, only_postgresql
from tests.services.test_websub import with_hub

pytestmark = only_postgresql

_FIRST, _SECOND = "first-incarnation", "second-incarnation"
_PATIENCE_SECONDS = 30.0
_AGES = timedelta(hours=1)


class LoudBell:
    """Remembers who was rung, and lets the test wait for it."""

    def __init__(self) -> None:
        self.rung: set[str] = set()
        self._heard = asyncio.Condition()
        self._tasks: set[asyncio.Task[None]] = set()

    def ring(self, worker: str) -> None:
        self.rung.add(worker)
        self._tasks.add(asyncio.create_task(self._tell()))

    async def wait_for(self, *workers: str) -> None:
        async with asyncio.timeout(_PATIENCE_SECONDS), self._heard:
            await self._heard.wait_for(lambda: self.rung >= set(workers))

    async def _tell(self) -> None:
        async with self._heard:
            self._heard.notify_all()


class WatchedStore(Store):
    """Keeps the lines that were opened, and counts the attempts."""

    lines: list[Line]
    _attempts = 0
    _again: asyncio.Event

    async def open_line(self) -> Line:
        self._attempts += 1
        self._again.set()
        line = await super().open_line()
        self.lines.append(line)
        return line

    async def was_opened(self, times: int) -> None:
        async with asyncio.timeout(_PATIENCE_SECONDS):
            while self._attempts < times:
                self._again.clear()
                await self._again.wait()


class Far:
    """The first process's way to the database."""

    def __init__(self, desk: Desk, proxy: Proxy, store: WatchedStore) -> None:
        self.desk = desk
        self.proxy = proxy
        self.store = store
        self.bell = LoudBell()

    def process(self, incarnation: str = _FIRST) -> Processes:
        return Processes(self.store, incarnation=incarnation, bell=self.bell)

    async def change(self, **values: Any) -> None:
        """Of the first process's row, as if it had written so."""
        async with self.desk.store.write() as transaction:
            await transaction.execute(update(processes).where(processes.c.incarnation == _FIRST).values(**values))

    async def row(self) -> Any:
        async with self.desk.store.read() as transaction:
            found = await transaction.execute(select(processes).where(processes.c.incarnation == _FIRST))
            return found.one_or_none()

    async def locks(self) -> int:
        async with self.desk.store.read() as transaction:
            count: int = (
                await transaction.execute(
                    text(
                        "SELECT count(*) FROM pg_locks JOIN pg_database ON pg_database.oid = database "
                        "WHERE locktype = 'advisory' AND datname = current_database()"
                    )
                )
            ).scalar_one()
            return count

    async def no_lock_is_left(self) -> None:
        async with asyncio.timeout(_PATIENCE_SECONDS):
            while await self.locks():
                pass

    async def as_seen(self) -> Neighbour:
        """The first process, as another one sees it."""
        async with await self.desk.store.open_line() as line:
            return (await line.ask(lambda asked: neighbours(asked, _SECOND), timeout_seconds=10))[0]


_Open = Callable[..., Awaitable[Far]]


@pytest.fixture
async def open_far(desk: Desk, database_url: str) -> AsyncIterator[_Open]:
    folder = parse_qs(urlsplit(database_url).query)["host"][0]
    async with AsyncExitStack() as stack:

        async def open_far(*, is_pooler: bool = False) -> Far:
            proxy = Proxy(f"{folder}/.s.PGSQL.5432", is_pooler=is_pooler)
            await proxy.listen()
            stack.push_async_callback(proxy.close)
            store = await WatchedStore.open(
                proxy.address + urlsplit(database_url).path, clock=desk.clock, bell=LoudBell()
            )
            store.lines, store._again = [], asyncio.Event()
            await stack.enter_async_context(store)
            return Far(desk, proxy, store)

        yield open_far


@pytest.fixture
async def far(open_far: _Open) -> Far:
    return await open_far()


@asynccontextmanager
async def second(far: Far) -> AsyncIterator[LoudBell]:
    """Another process, which nothing keeps from the database; its bell."""
    bell = LoudBell()
    async with Processes(far.desk.store, incarnation=_SECOND, bell=bell):
        yield bell


async def claimed_by_the_first(desk: Desk) -> None:
    """What the first process has in hand.

    An announcement to be sent, its source to be read, its hub to be asked, an address that is tried for its server.
    """
    await with_hub(desk)
    desk.clock.move(timedelta(minutes=16))
    until = desk.clock.now() + LEASE
    async with desk.store.write() as transaction:
        assert await outbox_rows.claim_due(transaction, incarnation=_FIRST, lease_until=until)
        assert await source_rows.claim_due_sources(transaction, incarnation=_FIRST, until=until)
        assert await lease_rows.claim_due(
            transaction, incarnation=_FIRST, until=until, longest=timedelta(days=30), limit=1
        )
        assert await attempt_rows.claim(
            transaction, GUILD, token="t", incarnation=_FIRST, until=until + timedelta(days=1)
        )


async def is_held(desk: Desk) -> tuple[bool, bool, bool, bool]:
    """Whether anybody holds the announcement, the source and the hub, and whether another address may not be tried."""
    now = desk.clock.now()
    async with desk.store.read() as transaction:
        rows = await transaction.execute(
            select(outbox.c.lease_until, sources.c.next_poll_at, hub_leases.c.ask_at).select_from(
                outbox.join(sources, true()).join(hub_leases, true())
            )
        )
        row = rows.one()
        tried = (await transaction.execute(select(source_attempts.c.guild_id))).all()
        return row.lease_until is not None, row.next_poll_at > now, row.ask_at > now, bool(tried)


async def acts(desk: Desk) -> None:
    """Another process does all that is free."""
    desk.shelf.lay_out(sample_issue(1), sample_issue(2))
    await desk.sources().read_due()
    await desk.outbox(incarnation=_SECOND, alone=False).deliver_due()


async def test_what_a_dead_process_held_is_free_for_a_surviving_one_as_soon_as_its_session_ends(far: Far) -> None:
    await claimed_by_the_first(far.desk)
    async with far.process(), second(far) as bell:
        assert await is_held(far.desk) == (True,) * 4
        await far.change(beat_at=func.clock_timestamp() + _AGES)  # so that no silence can be meant
        await far.proxy.cut()
        await bell.wait_for("sources", "outbox", "polls", "hubs")
        assert await is_held(far.desk) == (False,) * 4
        await acts(far.desk)
    assert len(far.desk.channel.messages) == 2


async def test_a_restarted_process_has_at_its_start_what_the_dead_one_held(far: Far) -> None:
    await claimed_by_the_first(far.desk)
    async with far.process():
        await far.change(beat_at=func.clock_timestamp() + _AGES)
        await far.proxy.cut()
        await far.no_lock_is_left()
        async with second(far):
            assert await is_held(far.desk) == (False,) * 4


async def test_a_silent_process_that_keeps_its_session_is_dead_by_its_beats_alone(far: Far) -> None:
    """As when it is stopped: the server hears nothing bad of it."""
    await claimed_by_the_first(far.desk)
    async with far.process(), second(far) as bell:
        far.proxy.swallow()
        assert not (await far.as_seen()).is_dead
        await far.change(beat_at=func.clock_timestamp() - timedelta(seconds=3))
        await bell.wait_for("sources", "outbox", "polls", "hubs")
        assert await far.locks() == 2
        assert await is_held(far.desk) == (False,) * 4


async def test_behind_a_pooler_no_lock_is_taken_and_only_beats_tell(open_far: _Open) -> None:
    far = await open_far(is_pooler=True)
    await claimed_by_the_first(far.desk)
    async with far.process():
        assert (await far.row()).session_pid is None
        assert await far.locks() == 0
        await far.proxy.cut()
        await far.change(beat_at=func.clock_timestamp() + _AGES)
        async with second(far) as bell:
            assert not (await far.as_seen()).is_dead
            assert await is_held(far.desk) == (True,) * 4
            await far.change(beat_at=func.clock_timestamp() - timedelta(seconds=3))
            await bell.wait_for("polls")
            assert await is_held(far.desk) == (False,) * 4


async def test_a_session_that_the_server_ended_when_it_was_started_anew_tells_nothing(far: Far) -> None:
    async with far.process():
        await far.proxy.cut()
        await far.no_lock_is_left()
        earlier = func.pg_postmaster_start_time() - _AGES
        await far.change(beat_at=func.clock_timestamp() + _AGES, server_started_at=earlier)
        assert not (await far.as_seen()).is_dead
        await far.change(server_started_at=func.pg_postmaster_start_time())
        assert (await far.as_seen()).is_dead


async def test_a_lock_of_somebody_else_under_the_same_number_keeps_no_dead_process_alive(far: Far) -> None:
    """As of a pooler's session that was handed on."""
    async with far.process(), await far.desk.store.open_line() as somebody:
        await far.proxy.cut()
        await far.no_lock_is_left()
        lock = select(func.pg_advisory_lock(literal((await far.row()).lock_key, BigInteger)))
        await somebody.ask(lambda asked: asked.execute(lock), timeout_seconds=10)
        assert await far.locks() == 1
        await far.change(beat_at=func.clock_timestamp() + _AGES)
        assert (await far.as_seen()).is_dead


async def test_a_process_whose_session_is_another_one_all_at_once_trusts_locks_no_more(far: Far) -> None:
    """As behind a pooler that passed the numbers of its sessions on."""
    first = far.process()
    async with first:
        lapses = first.standing.lapses
        far.store.lines[-1].session_pid = 0
        async with asyncio.timeout(_PATIENCE_SECONDS):
            while (await far.row()).session_pid is not None:
                pass
            while not first.standing.is_good():
                await far.as_seen()
        assert first.standing.lapses == lapses + 1
        await far.change(beat_at=func.clock_timestamp() + _AGES)
        assert not (await far.as_seen()).is_dead
        assert len(far.store.lines) == 1


async def test_a_process_that_is_not_heard_lapses_and_goes_on_when_it_is_heard_again(
    far: Far, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level(logging.INFO)
    monkeypatch.setattr(process_rules, "_RECONNECT_SECONDS", 0.01)
    first = far.process()
    async with first:
        lapses = first.standing.lapses
        await far.proxy.cut()
        await far.store.was_opened(5)
        assert not first.standing.is_good()
        assert first.standing.lapses > lapses
        far.bell.rung.clear()
        await far.proxy.listen()
        await far.bell.wait_for("outbox")
        assert first.standing.is_good()
        assert not (await far.as_seen()).is_dead
        assert (await far.row()).session_pid == far.store.lines[-1].session_pid
    assert caplog.text.count("beats are not heard") == caplog.text.count("beats are heard again") == 1


async def test_a_beat_that_is_not_answered_is_given_up_and_the_process_lapses_before_others_take_over(
    far: Far, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert DEAD_AFTER.total_seconds() > process_rules.GOOD_FOR_SECONDS
    monkeypatch.setattr(line, "_CONNECT_TIMEOUT_SECONDS", 0.1)
    first = far.process()
    async with first:
        far.proxy.swallow()
        await far.store.was_opened(2)
        assert not first.standing.is_good()
        far.bell.rung.clear()
        far.proxy.flow()
        await far.bell.wait_for("outbox")
        assert first.standing.is_good()


@pytest.mark.parametrize("is_silent", [True, False])
async def test_who_speaks_on_a_line_hears_of_its_end_before_the_server_does(far: Far, *, is_silent: bool) -> None:
    heard: list[bool] = []

    async with await far.store.open_line() as line:
        line.when_lost = lambda: heard.append(line._driver.is_closed())
        if is_silent:
            with pytest.raises(StoreError):
                await line.ask(lambda asked: asked.execute(text("SELECT pg_sleep(60)")), timeout_seconds=0)
            assert heard == [False]
    assert heard == [False]


async def test_a_busy_pool_is_not_taken_for_death(far: Far) -> None:
    first = far.process()
    async with first, AsyncExitStack() as busy:
        pool = cast(QueuePool, far.store._writer.pool)
        for _ in range(pool.size() + pool._max_overflow):
            await busy.enter_async_context(far.store.read())
        await far.change(beat_at=func.clock_timestamp() - _AGES)
        async with asyncio.timeout(_PATIENCE_SECONDS):
            while (await far.as_seen()).is_dead:
                pass
        assert first.standing.is_good()


async def test_a_process_that_ends_leaves_what_it_held_and_its_row(far: Far) -> None:
    await claimed_by_the_first(far.desk)
    bell = LoudBell()
    async with Processes(far.desk.store, incarnation=_SECOND, bell=bell) as other:
        first = far.process()
        async with first, asyncio.timeout(_PATIENCE_SECONDS):
            while _FIRST not in other._living:
                await far.as_seen()
        assert not first.standing.is_good()
        assert await far.row() is None
        assert await is_held(far.desk) == (False,) * 4
        await bell.wait_for("sources", "outbox", "polls", "hubs")


async def test_what_a_process_left_in_the_middle_when_it_ended_is_free_for_the_others_afterwards(far: Far) -> None:
    await claimed_by_the_first(far.desk)
    async with second(far):
        async with far.desk.store.write() as left:
            await left.execute(select(outbox.c.id).with_for_update())
            async with far.process():
                pass
            assert await far.row() is not None
        async with asyncio.timeout(_PATIENCE_SECONDS):
            while any(await is_held(far.desk)):
                pass


async def test_a_process_that_was_stopped_in_a_beat_keeps_no_other_one_from_starting(far: Far) -> None:
    await claimed_by_the_first(far.desk)
    async with far.process():
        await far.proxy.cut()
        await far.no_lock_is_left()
        async with AsyncExitStack() as started:
            async with far.desk.store.write() as stopped:
                await stopped.execute(select(processes.c.incarnation).with_for_update())
                async with asyncio.timeout(_PATIENCE_SECONDS / 2):  # a lock is waited for longer
                    await started.enter_async_context(second(far))
                assert await is_held(far.desk) == (True,) * 4
            async with asyncio.timeout(_PATIENCE_SECONDS):
                while any(await is_held(far.desk)):
                    pass


async def test_what_a_living_process_holds_stays_with_it(far: Far) -> None:
    await claimed_by_the_first(far.desk)
    async with far.process(), second(far):
        assert await is_held(far.desk) == (True,) * 4
        await acts(far.desk)
        assert len(far.desk.channel.messages) == 0


async def test_what_a_process_of_an_older_version_holds_is_free_when_its_lease_ends(far: Far) -> None:
    """It says nothing of itself."""
    await claimed_by_the_first(far.desk)
    async with second(far):
        assert await is_held(far.desk) == (True,) * 4
    far.desk.clock.move(LEASE)
    await acts(far.desk)
    assert len(far.desk.channel.messages) == 2


async def test_dead_processes_are_forgotten_when_they_can_hold_nothing_any_more(far: Far) -> None:
    async with second(far):
        async with far.process():
            await far.proxy.cut()
        assert (await far.as_seen()).is_dead
        await far.change(beat_at=func.clock_timestamp() - _AGES)
        async with asyncio.timeout(_PATIENCE_SECONDS):
            while await far.row() is not None:
                pass


async def test_a_process_does_not_start_while_its_first_beat_is_not_heard(
    far: Far, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process_rules, "_START_SECONDS", 0.5)
    await far.proxy.cut()
    with pytest.raises(StoreGoneError, match="cannot be reached"):
        await far.process().__aenter__()


async def test_a_claim_that_was_made_in_the_moment_of_death_is_found_later(far: Far) -> None:
    async with far.process(), second(far) as bell:
        await far.proxy.cut()
        await bell.wait_for("polls")
        bell.rung.clear()
        await claimed_by_the_first(far.desk)
        await bell.wait_for("polls")
        assert await is_held(far.desk) == (False,) * 4
