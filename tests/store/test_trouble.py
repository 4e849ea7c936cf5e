"""What the disk and the server may do to us: nothing is acknowledged that is not stored, and it mends itself.

Full and read-only disks are small file systems in a mount namespace of their own, where this file runs as a program
(`python -m tests.store.test_trouble STORY FOLDER`) and prints what it met.
"""

import asyncio
import contextlib
import json
import os
import random
import resource
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, select, text

from bot.errors import (
    StoreBusyError,
    StoreDamagedError,
    StoreError,
)
from bot.store import Store, engine
from bot.store.tables import interactions
from bot.store.upgrade import upgrade
from bot.texts import text as sentence

NOW = datetime(2026, 11, 9, 14, 0, tzinfo=UTC)
ROOT = Path(__file__).parents[2]


async def add(store: Store, number: int) -> None:
    async with store.write() as transaction:
        await transaction.execute(insert(interactions).values(interaction_id=number, acted_at=NOW))


async def add_large(store: Store, number: int) -> None:
    """Two rows in one unit: half of it is never there alone."""
    async with store.write() as transaction:
        await transaction.execute(insert(interactions).values(interaction_id=number, acted_at=NOW))
        await transaction.execute(
            text("INSERT INTO filler (number, body) VALUES (:number, zeroblob(20000))"), {"number": number}
        )


async def stored(store: Store) -> set[int]:
    async with store.read() as transaction:
        return set((await transaction.execute(select(interactions.c.interaction_id))).scalars())


async def outcomes_of(units: Iterable[Awaitable[None]]) -> list[BaseException | None]:
    return await asyncio.gather(*units, return_exceptions=True)


async def prepare(path: Path) -> str:
    """Address of a fresh SQLite database with one more table, for rows that need room."""
    url = f"sqlite:///{path}"
    await upgrade(url)
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE filler (number INTEGER PRIMARY KEY, body BLOB NOT NULL)")
        connection.commit()
    return url


async def fill(store: Store, *, first: int) -> tuple[set[int], list[BaseException]]:
    """Batches of fifty units until one is told of trouble: the numbers that were acknowledged, and the errors."""
    acknowledged: set[int] = set()
    for start in range(first, first + 10_000, 50):
        numbers = range(start, start + 50)
        outcomes = await outcomes_of(add_large(store, number) for number in numbers)
        acknowledged |= {number for number, outcome in zip(numbers, outcomes, strict=True) if outcome is None}
        errors = [outcome for outcome in outcomes if outcome is not None]
        if errors:
            return acknowledged, errors
    raise AssertionError("the disk never became full")


async def use_up(store: Store) -> StoreError | None:
    """What the probe says when even the last page of room is gone."""
    for _ in range(5000):
        try:
            await store.probe()
        except StoreError as error:
            return error
    return None


def in_file(path: Path) -> tuple[set[int], set[int], str]:
    """What stands in a SQLite file, seen by a connection of our own: interactions, fillers, and its health."""
    with contextlib.closing(sqlite3.connect(path)) as connection:
        return (
            {number for (number,) in connection.execute("SELECT interaction_id FROM interactions")},
            {number for (number,) in connection.execute("SELECT number FROM filler")},
            connection.execute("PRAGMA integrity_check").fetchone()[0],
        )


@contextlib.contextmanager
def files_no_larger_than(size: int) -> Any:
    """Let the kernel refuse every write beyond `size` bytes of a file, for this process."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


async def test_a_disk_that_fails_in_the_middle_of_a_batch_is_told_to_all_of_it_and_mends_itself(tmp_path: Path) -> None:
    path = tmp_path / "pressroom.db"
    async with await Store.open(await prepare(path)) as store:
        with files_no_larger_than(3_000_000):
            acknowledged: set[int] = set()
            for first in range(1, 1_000_000, 10_000):
                more, errors = await fill(store, first=first)
                assert kinds(errors) == ["StoreError"]
                acknowledged |= more
                assert await stored(store) == acknowledged
                if not more:  # neither the file nor its log takes any more
                    break
            assert len(errors) == 50
            assert kinds([await use_up(store)]) == ["StoreError"]
            numbers = range(100_000, 100_050)
            assert kinds(await outcomes_of(add(store, number) for number in numbers)) == ["StoreError"]
        await store.probe()
        await add(store, 200_000)
        assert await stored(store) == acknowledged | {200_000}
    assert in_file(path) == (acknowledged | {200_000}, acknowledged, "ok")


async def test_a_unit_that_makes_sqlite_undo_all_is_told_to_those_before_it_and_not_to_those_after(
    tmp_path: Path,
) -> None:
    async def add_huge(store: Store, number: int) -> None:
        async with store.write() as transaction:
            await transaction.execute(insert(interactions).values(interaction_id=number, acted_at=NOW))
            # More than the cache holds: it is written, and fails, in the middle of the transaction.
            await transaction.execute(text("INSERT INTO filler (number, body) VALUES (5, randomblob(9000000))"))

    async with await Store.open(await prepare(tmp_path / "pressroom.db")) as store:
        with files_no_larger_than(3_000_000):
            outcomes = await outcomes_of((add_huge if number == 5 else add)(store, number) for number in range(1, 11))
        assert [str(outcome)[:27] for outcome in outcomes] == [*["The disk refuses to read or"] * 5, *["None"] * 5]
        assert await stored(store) == {6, 7, 8, 9, 10}


async def test_units_cancelled_while_the_disk_fails_leave_the_store_usable(tmp_path: Path) -> None:
    path = tmp_path / "pressroom.db"
    chance = random.Random(5)
    acknowledged: set[int] = set()
    async with await Store.open(await prepare(path)) as store:
        for round_ in range(20):
            numbers = range(round_ * 1000 + 1, round_ * 1000 + 51)
            with files_no_larger_than(500_000):
                units = [asyncio.create_task(add_large(store, number)) for number in numbers]
                for _ in range(chance.randrange(200)):
                    await asyncio.sleep(0)
                for unit in chance.sample(units, 15):
                    unit.cancel()
                outcomes = await asyncio.wait_for(asyncio.gather(*units, return_exceptions=True), 20)
            assert set(kinds(outcomes)) <= {"NoneType", "StoreError", "CancelledError"}
            acknowledged |= {number for number, outcome in zip(numbers, outcomes, strict=True) if outcome is None}
            await asyncio.wait_for(add_large(store, round_ * 1000 + 999), 20)
            acknowledged.add(round_ * 1000 + 999)
            assert acknowledged <= await stored(store)
    rows, fillers, health = in_file(path)
    assert (rows, health) == (fillers, "ok")
    assert acknowledged <= rows


async def test_the_log_shrinks_again_after_a_long_reading_let_it_grow(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "_LOG_BYTES", 1_000_000)
    path = tmp_path / "pressroom.db"
    log = path.with_name("pressroom.db-wal")
    async with await Store.open(await prepare(path)) as store:
        async with store.read() as transaction:
            await transaction.execute(select(interactions))  # from here on, no checkpoint may pass this view
            for start in range(1, 501, 50):
                await asyncio.gather(*(add_large(store, number) for number in range(start, start + 50)))
            assert log.stat().st_size > 8_000_000
        for number in range(1000, 1004):
            await add(store, number)
        assert log.stat().st_size <= 1_000_000
        assert len(await stored(store)) == 504


async def test_the_probe_writes_to_the_disk_each_time(store: Store, tmp_path: Path) -> None:
    async def written() -> Any:
        if store.dialect == "sqlite":
            log = tmp_path / "pressroom.db-wal"
            return log.stat().st_size if log.exists() else 0
        async with store.read() as transaction:
            return (await transaction.execute(text("SELECT pg_current_wal_flush_lsn()::text"))).scalar_one()

    seen = [await written()]
    for _ in range(3):
        await store.probe()
        seen.append(await written())
    assert len(set(seen)) == 4


async def test_probes_do_not_pile_up_behind_a_unit_that_does_not_end(store: Store) -> None:
    async with store.write() as transaction:
        await transaction.execute(text("UPDATE alembic_version SET version_num = version_num"))
        for _ in range(3):
            with pytest.raises(StoreBusyError, match="has not answered for 0.05 seconds"):
                await store.probe(timeout_seconds=0.05)
        assert [task.get_name() for task in asyncio.all_tasks()].count("store probe") == 1
    await store.probe()


async def test_a_store_with_a_stuck_probe_closes(tmp_path: Path) -> None:
    url = await prepare(tmp_path / "pressroom.db")
    store = await Store.open(url)
    inside, leave = asyncio.Event(), asyncio.Event()

    async def holds_the_turn() -> None:
        async with store.write():
            inside.set()
            await leave.wait()

    holder = asyncio.create_task(holds_the_turn())
    await inside.wait()
    with pytest.raises(StoreBusyError):
        await store.probe(timeout_seconds=0.01)
    leave.set()
    await holder
    await asyncio.wait_for(store.close(), 60)


async def test_more_readers_than_connections_are_told_that_the_database_is_busy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "_POOL_TIMEOUT_SECONDS", 0.05)
    async with (
        await Store.open(await prepare(tmp_path / "pressroom.db")) as store,
        contextlib.AsyncExitStack() as stack,
    ):
        for _ in range(4):
            await stack.enter_async_context(store.read())
        with pytest.raises(StoreBusyError, match="more to do than it can"):
            await stored(store)


def on_own_disk(story: str, folder: Path) -> dict[str, Any]:
    """Play a story of `STORIES` in a process that sees a disk of its own, of sixteen megabytes, at `folder`."""
    folder.mkdir()
    namespace = ["unshare", "--user", "--map-root-user", "--mount"]
    mount = ["mount", "-t", "tmpfs", "-o", "size=16m", "none", str(folder)]
    try:
        allowed = subprocess.run([*namespace, *mount], check=False, capture_output=True).returncode == 0
    except FileNotFoundError:
        allowed = False
    if not allowed:
        pytest.skip("this system lets nobody mount a disk of his own")
    played = subprocess.run(
        [*namespace, "sh", "-c", '"$@" && exec "$PYTHON" -m tests.store.test_trouble "$STORY" "$FOLDER"', "-", *mount],
        env={**os.environ, "PYTHON": sys.executable, "STORY": story, "FOLDER": str(folder)},
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert played.returncode == 0, played.stderr
    found: dict[str, Any] = json.loads(played.stdout)
    return found


def kinds(outcomes: Iterable[BaseException | None]) -> list[str]:
    return sorted({type(outcome).__name__ for outcome in outcomes})


async def story_of_a_full_disk(folder: Path) -> dict[str, Any]:
    path, ballast = folder / "pressroom.db", folder / "ballast"
    url = await prepare(path)
    ballast.write_bytes(bytes(6_000_000))
    async with await Store.open(url) as store:
        acknowledged, errors = await fill(store, first=1)
        probed = [await use_up(store)]
        more = await outcomes_of(add(store, number) for number in range(100_000, 100_050))
        seen_while_full = await stored(store)
        ballast.unlink()
        await store.probe()
        await add(store, 200_000)
        seen_after = await stored(store)
    rows, fillers, health = in_file(path)
    return {
        "acknowledged": len(acknowledged),
        "errors": kinds([*errors, *more]),
        "sentences": sorted({str(error) for error in [*errors, *more]}),
        "told": len([error for error in more if error is not None]),
        "probed": kinds(probed),
        "seen while full": seen_while_full == acknowledged,
        "seen after": seen_after == acknowledged | {200_000},
        "in the file": rows == acknowledged | {200_000} and fillers == acknowledged,
        "health": health,
    }


def test_a_full_disk_acknowledges_nothing_that_is_gone_and_goes_on_when_there_is_room(tmp_path: Path) -> None:
    found = on_own_disk("full", tmp_path / "disk")
    assert found.pop("acknowledged") > 100
    assert found.pop("sentences") == [sentence("store-full")]
    assert found == {
        "errors": ["StoreFullError"],
        "told": 50,
        "probed": ["StoreFullError"],
        "seen while full": True,
        "seen after": True,
        "in the file": True,
        "health": "ok",
    }


async def story_of_a_start_on_a_full_disk(folder: Path) -> dict[str, Any]:
    path, ballast = folder / "pressroom.db", folder / "ballast"
    url = await prepare(path)
    ballast.write_bytes(bytes(6_000_000))
    first = subprocess.run(  # noqa: ASYNC221 - nothing else runs here; it dies without closing: the log stays, and cannot be checkpointed
        [sys.executable, "-m", "tests.store.test_trouble", "die-when-full", str(folder)],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    acknowledged = set(json.loads(first.stdout)["acknowledged"])
    with contextlib.suppress(OSError), (folder / "rest").open("wb") as rest:
        while True:
            rest.write(bytes(4096))
            rest.flush()
    seen: set[int] | None = None
    try:
        async with await Store.open(url) as store:
            seen = await stored(store)
            await add_large(store, 300_000)
        start = "took a write"
    except StoreError as error:
        start = type(error).__name__
    ballast.unlink()
    (folder / "rest").unlink(missing_ok=True)
    async with await Store.open(url) as store:
        await add(store, 200_000)
    rows, _, health = in_file(path)
    return {
        "start": start,
        "seen": seen in (None, acknowledged),
        "rows": rows == acknowledged | {200_000},
        "health": health,
    }


async def story_of_dying_when_full(folder: Path) -> dict[str, Any]:
    store = await Store.open(f"sqlite:///{folder}/pressroom.db")
    acknowledged, _ = await fill(store, first=1)
    print(json.dumps({"acknowledged": sorted(acknowledged)}), flush=True)  # noqa: T201
    os._exit(0)


def test_what_was_acknowledged_before_a_disk_became_full_survives_a_crash_there(tmp_path: Path) -> None:
    found = on_own_disk("start-when-full", tmp_path / "disk")
    assert found == {"start": "StoreFullError", "seen": True, "rows": True, "health": "ok"}


async def story_of_a_read_only_disk(folder: Path) -> dict[str, Any]:
    path, aside = folder / "pressroom.db", folder / "aside"
    url = await prepare(path)
    async with await Store.open(url) as store:
        await outcomes_of(add(store, number) for number in (1, 2, 3))
        # No kernel makes a disk read-only under files that are open for writing, except when the disk fails. So the
        # connections are closed here, as after an error; the log is kept, as if they were still there.
        aside.mkdir()
        for name in ("pressroom.db-wal", "pressroom.db-shm"):
            shutil.copy(folder / name, aside)
        await store._writer.dispose()
        await store._reader.dispose()
        for copy in aside.iterdir():
            shutil.copy(copy, folder)
        subprocess.run(["mount", "-o", "remount,ro", str(folder)], check=True)  # noqa: ASYNC221 - nothing else runs
        refused = await outcomes_of(add(store, number) for number in range(10, 60))
        seen_meanwhile = await stored(store)
        probed = await outcomes_of([store.probe()])
        opened = await outcomes_of([_open_and_close(url)])
        subprocess.run(["mount", "-o", "remount,rw", str(folder)], check=True)  # noqa: ASYNC221 - nothing else runs
        await store.probe()
        await add(store, 4)
        seen = await stored(store)
    return {
        "refused": kinds(refused),
        "probed": kinds(probed),
        "opened": kinds(opened),
        "seen meanwhile": sorted(seen_meanwhile),
        "seen": sorted(seen),
        "rows": sorted(in_file(path)[0]),
    }


async def _open_and_close(url: str) -> None:
    async with await Store.open(url):
        pass


def test_a_read_only_disk_refuses_every_unit_until_it_can_be_written_again(tmp_path: Path) -> None:
    assert on_own_disk("read-only", tmp_path / "disk") == {
        "refused": ["StoreReadOnlyError"],
        "probed": ["StoreReadOnlyError"],
        "opened": ["StoreReadOnlyError"],
        "seen meanwhile": [1, 2, 3],
        "seen": [1, 2, 3, 4],
        "rows": [1, 2, 3, 4],
    }


async def damage(path: Path, table: str) -> None:
    """Write rubbish over the first page of a table in the file of a closed database."""
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        (page_size,) = connection.execute("PRAGMA page_size").fetchone()
        (page,) = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = ?", (table,)).fetchone()
    with path.open("r+b") as file:
        file.seek((page - 1) * page_size)
        file.write(random.Random(1).randbytes(page_size))


async def test_a_damaged_table_is_told_for_good_while_the_others_work(tmp_path: Path) -> None:
    path = tmp_path / "pressroom.db"
    url = await prepare(path)
    async with await Store.open(url) as store:
        await asyncio.gather(*(add(store, number) for number in (1, 2, 3)))
    await damage(path, "filler")

    async with await Store.open(url) as store:
        await store.probe()
        with pytest.raises(StoreDamagedError, match="restore the last backup"):
            async with store.read() as transaction:
                await transaction.execute(text("SELECT * FROM filler"))
        assert "malformed" in str(store.damage)
        assert kinds(await outcomes_of(add(store, number) for number in (1, 2))) == ["IntegrityError"]
        outcomes = await outcomes_of([add(store, 4), add_large(store, 9), add(store, 5), add_large(store, 9)])
        assert [type(outcome) for outcome in outcomes] == [
            type(None),
            StoreDamagedError,
            type(None),
            StoreDamagedError,
        ]
        with pytest.raises(StoreDamagedError, match="restore the last backup"):
            await store.probe()
        assert await stored(store) == {1, 2, 3, 4, 5}
        assert store.damage is not None


async def test_damage_is_noticed_when_its_unit_is_cancelled_or_keeps_quiet(tmp_path: Path) -> None:
    path = tmp_path / "pressroom.db"
    url = await prepare(path)
    await damage(path, "filler")
    async with await Store.open(url) as store:
        with contextlib.suppress(Exception):
            async with store.read() as transaction:
                with contextlib.suppress(Exception):
                    await transaction.execute(text("SELECT * FROM filler"))
        assert store.damage is not None


async def acknowledge_for_ever(url: str, start: int) -> None:
    """Twenty at a time from `start` on, each number written to the standard output once its unit is acknowledged."""
    store = await Store.open(url)

    async def one_after_the_other(first: int) -> None:
        for number in range(first, start + 1_000_000, 20):
            await add(store, number)
            os.write(sys.stdout.fileno(), f"{number}\n".encode())

    await asyncio.gather(*(one_after_the_other(first) for first in range(start, start + 20)))


async def killed_after(url: str, enough: int, *, start: int) -> set[int]:
    """The numbers that a process acknowledged before it was killed, at the earliest after `enough` of them."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.store.test_trouble",
        "acknowledge",
        url,
        str(start),
        cwd=ROOT,
        stdout=subprocess.PIPE,
    )
    assert process.stdout is not None
    lines = [await process.stdout.readline() for _ in range(enough)]
    process.send_signal(signal.SIGKILL)
    rest = await process.stdout.read()
    assert await process.wait() == -signal.SIGKILL
    return {int(line) for line in [*lines, *rest.splitlines(keepends=True)] if line.endswith(b"\n")}


async def survive_kills(database_url: str, rounds: int) -> None:
    chance = random.Random(rounds)
    await upgrade(database_url)
    acknowledged: set[int] = set()
    for round_ in range(rounds):
        acknowledged |= await killed_after(database_url, chance.randrange(1, 400), start=round_ * 1_000_000)
        async with await Store.open(database_url) as store:
            assert acknowledged <= await stored(store)
            await store.probe()


async def test_what_a_killed_process_had_acknowledged_is_stored(database_url: str) -> None:
    await survive_kills(database_url, rounds=2)


@pytest.mark.journey
async def test_what_a_process_had_acknowledged_is_stored_however_often_it_is_killed(database_url: str) -> None:
    await survive_kills(database_url, rounds=12)


STORIES: dict[str, Callable[[Path], Coroutine[Any, Any, dict[str, Any]]]] = {
    "full": story_of_a_full_disk,
    "start-when-full": story_of_a_start_on_a_full_disk,
    "die-when-full": story_of_dying_when_full,
    "read-only": story_of_a_read_only_disk,
}


if __name__ == "__main__":
    if sys.argv[1] == "acknowledge":
        asyncio.run(acknowledge_for_ever(sys.argv[2], int(sys.argv[3])))
    else:
        print(json.dumps(asyncio.run(STORIES[sys.argv[1]](Path(sys.argv[2])))))  # noqa: T201
