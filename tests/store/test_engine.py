"""The write path: one rule one transaction, on both databases."""

import asyncio
import os
import sqlite3
import stat
import sys
import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, insert, select, text

from bot.errors import (
    StartError,
    StoreBusyError,
    StoreDamagedError,
    StoreError,
    StoreFullError,
    StoreGoneError,
    StoreReadOnlyError,
)
from bot.model.delivery import Purpose
from bot.model.worker import WorkerName
from bot.store import Store, engine
from bot.store import outbox as outbox_rows
from bot.store.installation import installation_id, known_id
from bot.store.tables import installation, interactions
from bot.store.upgrade import upgrade
from tests.doubles import NOON, MovedClock, QuietBell

NOW = NOON


async def add(store: Store, number: int, *, then_fail: bool = False) -> None:
    async with store.write() as transaction:
        await transaction.execute(insert(interactions).values(interaction_id=number, acted_at=NOW))
        if then_fail:
            raise ValueError(number)


async def stored(store: Store) -> set[int]:
    async with store.read() as transaction:
        return set((await transaction.execute(select(interactions.c.interaction_id))).scalars())


async def test_a_failing_unit_among_concurrent_ones_rolls_back_alone(store: Store) -> None:
    outcomes = await asyncio.gather(
        *(add(store, number, then_fail=number % 5 == 0) for number in range(1, 41)), return_exceptions=True
    )
    assert [isinstance(outcome, ValueError) for outcome in outcomes] == [number % 5 == 0 for number in range(1, 41)]
    assert await stored(store) == {number for number in range(1, 41) if number % 5}


async def test_a_broken_constraint_fails_its_own_unit_only(store: Store) -> None:
    outcomes = await asyncio.gather(*(add(store, number) for number in (1, 2, 2, 3)), return_exceptions=True)
    assert sum(isinstance(outcome, Exception) for outcome in outcomes) == 1
    assert await stored(store) == {1, 2, 3}


@pytest.mark.parametrize("failing", [0, 1, 2])
async def test_a_unit_that_fails_is_undone_and_all_around_it_are_kept(store: Store, failing: int) -> None:
    begun, all_wait = asyncio.Event(), asyncio.Event()

    async def unit(number: int) -> None:
        async with store.write() as transaction:
            await transaction.execute(insert(interactions).values(interaction_id=number, acted_at=NOW))
            begun.set()
            await all_wait.wait()
            if number == failing:
                raise RuntimeError("on purpose")

    units = [asyncio.create_task(unit(0))]
    await begun.wait()
    units += [asyncio.create_task(unit(number)) for number in (1, 2)]
    await asyncio.wait(units[1:], timeout=0)
    all_wait.set()
    outcomes = await asyncio.gather(*units, return_exceptions=True)
    assert [isinstance(outcome, RuntimeError) for outcome in outcomes] == [number == failing for number in range(3)]
    assert await stored(store) == {0, 1, 2} - {failing}


async def test_a_cancelled_unit_takes_no_other_with_it(store: Store) -> None:
    inside = asyncio.Event()

    async def waits_for_ever() -> None:
        async with store.write() as transaction:
            await transaction.execute(insert(interactions).values(interaction_id=99, acted_at=NOW))
            inside.set()
            await asyncio.Event().wait()

    stuck = asyncio.create_task(waits_for_ever())
    await inside.wait()
    others = [asyncio.create_task(add(store, number)) for number in (1, 2, 3)]
    queued = asyncio.create_task(add(store, 50))
    await asyncio.wait({stuck}, timeout=0)
    queued.cancel()
    stuck.cancel()
    await asyncio.gather(*others)
    assert {1, 2, 3} <= await stored(store)
    assert 99 not in await stored(store)


async def test_the_last_in_the_queue_going_away_still_commits_the_others(store: Store) -> None:
    inside, leave = asyncio.Event(), asyncio.Event()

    async def holds_the_turn() -> None:
        async with store.write() as transaction:
            await transaction.execute(insert(interactions).values(interaction_id=1, acted_at=NOW))
            inside.set()
            await leave.wait()

    first = asyncio.create_task(holds_the_turn())
    await inside.wait()
    second = asyncio.create_task(add(store, 2))
    await asyncio.wait({second}, timeout=0.01)
    leave.set()
    second.cancel()
    await asyncio.wait_for(first, timeout=60)
    assert 1 in await stored(store)


async def test_fifty_concurrent_claims_of_the_next_row_take_fifty_rows(store: Store) -> None:
    async with store.write() as transaction:
        for number in range(50):
            await outbox_rows.enqueue(
                transaction,
                purpose=Purpose.ANNOUNCE,
                guild_id=1,
                channel_id=number + 1,
                subject_key="issue",
                generation=0,
            )

    async def claim() -> list[int]:
        async with store.write() as transaction:
            claimed = await outbox_rows.claim_due(
                transaction, incarnation="this", lease_until=NOW + timedelta(minutes=1)
            )
        return [delivery.outbox_id for delivery in claimed]

    taken = [outbox_id for claimed in await asyncio.gather(*(claim() for _ in range(50))) for outbox_id in claimed]
    assert len(taken) == len(set(taken)) == 50


async def test_a_reader_sees_nothing_of_an_unfinished_unit_and_does_not_wait_for_it(store: Store) -> None:
    async with store.write() as transaction:
        await transaction.execute(insert(interactions).values(interaction_id=7, acted_at=NOW))
        assert await asyncio.wait_for(stored(store), timeout=5) == set()
    assert await stored(store) == {7}


async def test_two_readings_in_one_transaction_see_the_same(store: Store) -> None:
    await add(store, 1)
    async with store.read() as transaction:
        before = (await transaction.execute(select(func.count()).select_from(interactions))).scalar_one()
        await add(store, 2)
        after = (await transaction.execute(select(func.count()).select_from(interactions))).scalar_one()
    assert (before, after) == (1, 1)


async def test_units_cancelled_at_any_moment_take_no_other_with_them(store: Store) -> None:
    for round_ in range(40):
        first = 1000 * (round_ + 1)
        units = [asyncio.create_task(add(store, first + number)) for number in range(20)]
        for _ in range(round_):
            await asyncio.sleep(0)
        doomed = units[::3]
        for unit in doomed:
            unit.cancel()
        await asyncio.sleep(0)
        for unit in doomed[::2]:
            unit.cancel()  # and once more, while it is already going
        outcomes = await asyncio.wait_for(asyncio.gather(*units, return_exceptions=True), 20)
        for unit, outcome in zip(units, outcomes, strict=True):
            assert outcome is None or (isinstance(outcome, asyncio.CancelledError) and unit in doomed)
        kept = {number for number, outcome in enumerate(outcomes, first) if outcome is None}
        assert kept <= await stored(store)
    await asyncio.wait_for(add(store, 1), 5)


async def test_a_full_disk_acknowledges_nothing_that_is_gone(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/pressroom.db"
    await upgrade(url)
    async with await Store.open(url) as store:
        async with store.write() as transaction:
            pages = (await transaction.execute(text("PRAGMA page_count"))).scalar_one()
        # A pool of one connection: the limit of this connection is the limit of the writer.
        async with store._writer.connect() as connection:
            await connection.execute(text(f"PRAGMA max_page_count = {pages + 2}"))
            await connection.rollback()

        async def fill(number: int) -> None:
            async with store.write() as transaction:
                await transaction.execute(insert(interactions).values(interaction_id=number, acted_at=NOW))
                if number == 3:
                    await transaction.execute(text("CREATE TABLE big AS SELECT zeroblob(1000000) AS hole"))

        outcomes = await asyncio.gather(*(fill(number) for number in range(1, 7)), return_exceptions=True)
        kept = {number for number, outcome in enumerate(outcomes, 1) if outcome is None}
        assert isinstance(outcomes[2], StoreFullError)
        assert all(outcome is None or isinstance(outcome, StoreFullError) for outcome in outcomes)
        assert await stored(store) == kept


async def test_after_sqlite_undid_a_unit_by_itself_the_file_is_opened_anew(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/pressroom.db"
    await upgrade(url)
    async with await Store.open(url) as store:

        async def driver() -> object:
            async with store.write() as transaction:
                return (await transaction._connection.get_raw_connection()).driver_connection

        before = await driver()
        with pytest.raises(StoreError):
            async with store.write() as transaction:
                await transaction.execute(text("ROLLBACK"))  # as on an error of the disk
                await transaction.execute(text("SELECT 1 FROM nowhere"))
        assert await driver() is not before
        await add(store, 1)
        assert await stored(store) == {1}


async def test_concurrent_units_share_commits_on_sqlite(tmp_path: Path) -> None:
    class CountingStore(Store):
        commits = 0

        async def commit_hook(self) -> None:
            CountingStore.commits += 1

    url = f"sqlite:///{tmp_path}/pressroom.db"
    await upgrade(url)
    async with await CountingStore.open(url) as store:
        await asyncio.gather(*(add(store, number) for number in range(1, 101)))
        assert len(await stored(store)) == 100
    assert CountingStore.commits <= 10


async def test_a_commit_that_fails_is_told_to_every_unit_of_the_batch(tmp_path: Path) -> None:
    class FailingStore(Store):
        async def commit_hook(self) -> None:
            raise StoreError("no commit today")

    url = f"sqlite:///{tmp_path}/pressroom.db"
    await upgrade(url)
    async with await FailingStore.open(url) as store:
        outcomes = await asyncio.gather(*(add(store, number) for number in (1, 2, 3)), return_exceptions=True)
        assert all(isinstance(outcome, StoreError) for outcome in outcomes)
        assert await stored(store) == set()


async def test_the_reader_of_sqlite_cannot_write(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/pressroom.db"
    await upgrade(url)
    async with await Store.open(url) as store:
        with pytest.raises(StoreReadOnlyError):
            async with store.read() as transaction:
                await transaction.execute(insert(interactions).values(interaction_id=1, acted_at=NOW))


def test_what_others_compute_meanwhile_does_not_end_a_search() -> None:
    ours, theirs = engine._Deadline(), engine._Deadline()

    def compute(deadline: engine._Deadline) -> None:
        while not deadline.is_over():
            pass

    ours.set(0.02, at_most=3600)
    assert not ours.is_over()
    theirs.set(0.05, at_most=3600)
    neighbour = threading.Thread(target=compute, args=[theirs])
    neighbour.start()
    neighbour.join()
    assert not ours.is_over()
    compute(ours)
    ours.set(3600, at_most=0.01)
    compute(ours)


async def test_a_second_process_on_the_same_sqlite_database_is_refused(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/pressroom.db"
    async with await Store.open(url, exclusive=True):
        with pytest.raises(StartError, match="Another Pressroom is running"):
            await Store.open(url, exclusive=True)
    async with await Store.open(url, exclusive=True):
        pass  # free again


async def test_who_looks_into_the_file_after_a_restart_takes_nothing_away(tmp_path: Path) -> None:
    """Whoever closes SQLite's file last takes its log with them, so the process may never lose its lock on it."""
    url, path = f"sqlite:///{tmp_path}/pressroom.db", f"{tmp_path}/pressroom.db"
    row = "INSERT INTO interactions (interaction_id, acted_at) VALUES (1, '2026-11-09')"
    await upgrade(url)
    await _ask_from_outside(path, f"PRAGMA journal_mode = WAL; {row}", then="os._exit(0)")
    async with await Store.open(url, exclusive=True) as store:
        await upgrade(url)  # as each start does
        for number in (2, 3):
            await add(store, number)
            await _ask_from_outside(path, "SELECT 1 FROM interactions", then="c.close()")
        # What another process finds when this one is killed now.
        await _ask_from_outside(path, "", then="assert len(list(c.execute('SELECT 1 FROM interactions'))) == 3")


async def _ask_from_outside(path: str, statements: str, *, then: str) -> None:
    code = f"import os, sqlite3, sys; c = sqlite3.connect(sys.argv[1]); c.executescript(sys.argv[2]); {then}"
    asking = await asyncio.create_subprocess_exec(sys.executable, "-c", code, path, statements)
    assert await asking.wait() == 0


async def test_a_locked_database_is_named_as_such(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "_BUSY_TIMEOUT_SECONDS", 0.05)
    url = f"sqlite:///{tmp_path}/pressroom.db"
    await upgrade(url)
    async with await Store.open(url) as store:
        other = sqlite3.connect(tmp_path / "pressroom.db", isolation_level=None)
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(StoreBusyError, match="locked by another program"):
            await add(store, 1)
        other.execute("ROLLBACK")
        other.close()
        await add(store, 1)  # and it works again by itself
        assert await stored(store) == {1}


async def test_a_damaged_file_is_named_as_such(tmp_path: Path) -> None:
    (tmp_path / "pressroom.db").write_bytes(b"this is no database, whatever its name says" * 100)
    with pytest.raises(StoreDamagedError, match="restore the last backup"):
        await Store.open(f"sqlite:///{tmp_path}/pressroom.db")


async def test_an_unreachable_postgresql_is_named_as_such() -> None:
    with pytest.raises(StoreGoneError, match="cannot be reached"):
        await Store.open("postgresql://nobody@127.0.0.1:9/pressroom")


async def test_a_postgresql_database_that_is_not_there_is_named_as_such(postgres_address: str) -> None:
    with pytest.raises(StoreError, match="does not exist"):
        await Store.open(postgres_address.format(database="nowhere"))


async def test_parameters_of_hosted_databases_are_understood_or_named(postgres_database: str) -> None:
    async with await Store.open(f"{postgres_database}&sslmode=disable") as store, store.read() as transaction:
        assert (await transaction.execute(text("SELECT 1"))).scalar_one() == 1
    with pytest.raises(StoreError, match="a parameter that is not understood.*channel_colour"):
        await Store.open(f"{postgres_database}&channel_colour=red")


async def test_a_naive_moment_is_refused(store: Store) -> None:
    with pytest.raises(Exception, match="naive"):
        async with store.write() as transaction:
            await transaction.execute(
                insert(interactions).values(interaction_id=1, acted_at=datetime(2026, 1, 1))  # noqa: DTZ001
            )


async def test_moments_come_back_aware_and_equal(store: Store) -> None:
    await add(store, 1)
    async with store.read() as transaction:
        moment = (await transaction.execute(select(func.max(interactions.c.acted_at)))).scalar_one()
    assert moment == NOW
    assert moment.tzinfo is not None


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
async def test_a_folder_without_write_permission_is_named_as_such(tmp_path: Path) -> None:
    tmp_path.chmod(stat.S_IRUSR | stat.S_IXUSR)
    with pytest.raises(StoreReadOnlyError, match="cannot be written"):
        await Store.open(f"sqlite:///{tmp_path}/pressroom.db", exclusive=True)


async def test_a_read_only_database_is_named_as_such(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/pressroom.db"
    await upgrade(url)
    async with await Store.open(url) as store:
        # As root, permissions do not stop anybody; SQLite's own switch gives the same error as a read-only file.
        async with store._writer.connect() as connection:
            await connection.execute(text("PRAGMA query_only = ON"))
            await connection.rollback()
        with pytest.raises(StoreReadOnlyError, match="cannot be written"):
            await add(store, 1)


class HookedStore(Store):
    """Calls `before` where a commit is to come."""

    before: Callable[[], None] = staticmethod(lambda: None)

    async def commit_hook(self) -> None:
        self.before()


async def test_who_is_woken_hears_of_it_after_the_commit_and_never_before(database_url: str, bell: QuietBell) -> None:
    async with await HookedStore.open(database_url, bell=bell) as store:
        heard_before: list[WorkerName] = []
        store.before = lambda: heard_before.extend(bell.rung)
        async with store.write() as transaction:
            for worker in (WorkerName.POLLS, WorkerName.OUTBOX, WorkerName.OUTBOX):
                transaction.wake(worker)
            assert bell.rung == []
        assert heard_before == []
        assert bell.rung == [WorkerName.OUTBOX, WorkerName.POLLS], "once each"


async def test_nobody_is_woken_for_what_is_not_stored(database_url: str, bell: QuietBell) -> None:
    async with await HookedStore.open(database_url, bell=bell) as store:
        with pytest.raises(ZeroDivisionError):
            async with store.write() as transaction:
                transaction.wake(WorkerName.OUTBOX)
                _ = 1 // 0

        def refuse() -> None:
            raise StoreError("no commit today")

        store.before = refuse
        with pytest.raises(StoreError, match="no commit today"):
            async with store.write() as transaction:
                transaction.wake(WorkerName.OUTBOX)
    assert bell.rung == []


async def test_units_that_share_a_commit_wake_whom_each_of_them_woke(store: Store, bell: QuietBell) -> None:
    async def wake(worker: WorkerName, *, then_fail: bool = False) -> None:
        async with store.write() as transaction:
            transaction.wake(worker)
            if then_fail:
                raise ValueError(worker)

    await asyncio.gather(
        wake(WorkerName.OUTBOX),
        wake(WorkerName.HUBS, then_fail=True),
        wake(WorkerName.POLLS),
        return_exceptions=True,
    )
    assert set(bell.rung) == {WorkerName.OUTBOX, WorkerName.POLLS}


async def test_who_was_cancelled_while_it_was_committed_has_woken_all_the_same(tmp_path: Path, bell: QuietBell) -> None:
    url = f"sqlite:///{tmp_path}/pressroom.db"
    await upgrade(url)
    async with await HookedStore.open(url, bell=bell) as store:

        async def wake() -> None:
            async with store.write() as transaction:
                transaction.wake(WorkerName.OUTBOX)

        def interrupt() -> None:
            task.cancel()

        task = asyncio.create_task(wake())
        store.before = interrupt
        with pytest.raises(asyncio.CancelledError):
            await task
        assert bell.rung == [WorkerName.OUTBOX]


async def test_which_installation_it_is_is_known_to_each_transaction_once_it_was_read(store: Store) -> None:
    async with store.read() as transaction:
        assert (transaction.installation_id, await known_id(transaction)) == (None, None)
    await store.identify()
    async with store.read() as transaction:
        stored = (await transaction.execute(select(installation.c.installation_id))).scalar_one()
        assert transaction.installation_id == stored
    await store.identify()
    async with store.write() as transaction:
        assert transaction.installation_id == await installation_id(transaction) == stored


async def test_all_of_a_transaction_happens_at_one_moment(store: Store, clock: MovedClock) -> None:
    begun = clock.now()
    for open_transaction in (store.write, store.read):
        async with open_transaction() as transaction:
            clock.move(timedelta(minutes=5))
            assert transaction.now == begun
        begun = clock.now()
