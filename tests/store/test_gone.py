"""What a database server may do to us: it goes, is silent, loses an answer, and is back.

PostgreSQL stands behind a proxy (`tests.proxy`); what is really stored is asked of the server directly.
"""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from sqlalchemy import insert, text

from bot.errors import (
    StoreBusyError,
    StoreDamagedError,
    StoreError,
    StoreFullError,
    StoreGoneError,
    StoreReadOnlyError,
    StoreSilentError,
)
from bot.store import Store, Transaction, engine
from bot.store.complaints import explanation
from bot.store.engine import IN_THE_BACKGROUND, WHILE_SOMEBODY_WAITS, hurry
from bot.store.tables import interactions
from bot.store.upgrade import upgrade
from tests.loop_time import LoopTime
from tests.proxy import Proxy
from tests.store.test_trouble import NOW, add, kinds, outcomes_of, stored


@pytest.mark.parametrize(
    ("state", "kind"),
    [
        ("53100", StoreFullError),
        ("25006", StoreReadOnlyError),
        ("XX001", StoreDamagedError),
        ("XX002", StoreDamagedError),
        ("57P03", StoreGoneError),
        ("53300", StoreBusyError),
        ("40P01", StoreBusyError),
        ("55P03", StoreBusyError),
    ],
)
async def test_what_postgresql_complains_of_is_told_by_its_kind(
    postgres_database: str, state: str, kind: type[StoreError]
) -> None:
    await upgrade(postgres_database)
    async with await Store.open(postgres_database) as store:
        with pytest.raises(kind, match="as it was staged") as caught:
            async with store.write() as transaction:
                await transaction.execute(insert(interactions).values(interaction_id=1, acted_at=NOW))
                await transaction.execute(
                    text(f"DO $$ BEGIN RAISE EXCEPTION 'as it was staged' USING ERRCODE = '{state}'; END $$")
                )
        assert "asyncpg" not in str(caught.value)
        assert await stored(store) == set()
        assert (store.damage is not None) == (kind is StoreDamagedError)
        await add(store, 2)
        if store.damage is None:
            await store.probe()


async def test_a_postgresql_that_is_switched_to_reading_only_is_told_and_goes_on_by_itself(
    postgres_database: str, postgres_address: str
) -> None:
    import asyncpg

    await upgrade(postgres_database)
    name = urlsplit(postgres_database).path.strip("/")
    admin = await asyncpg.connect(postgres_address.format(database="postgres"))

    async def switch(*, read_only: bool) -> None:
        await admin.execute(f'ALTER DATABASE "{name}" SET default_transaction_read_only = {read_only}')

    await switch(read_only=True)  # counts for new connections; those that have it keep it
    async with await Store.open(postgres_database) as store:
        assert kinds(await outcomes_of(add(store, number) for number in (1, 2, 3))) == ["StoreReadOnlyError"]
        with pytest.raises(StoreReadOnlyError, match="takes no writes"):
            await store.probe()
        await switch(read_only=False)
        await store.probe()
        await add(store, 4)
        assert await stored(store) == {4}
    await admin.close()


@pytest.fixture
async def proxy(postgres_database: str) -> AsyncIterator[Proxy]:
    await upgrade(postgres_database)
    folder = parse_qs(urlsplit(postgres_database).query)["host"][0]
    proxy = Proxy(f"{folder}/.s.PGSQL.5432")
    await proxy.listen()
    yield proxy
    await proxy.close()


@pytest.fixture
async def loop_time(monkeypatch: pytest.MonkeyPatch) -> LoopTime:
    return LoopTime(monkeypatch)


@pytest.fixture
async def far_store(proxy: Proxy, postgres_database: str) -> AsyncIterator[Store]:
    """A store behind the proxy."""
    async with await Store.open(proxy.address + urlsplit(postgres_database).path) as store:
        yield store


@pytest.fixture
async def near(postgres_database: str) -> AsyncIterator[Callable[[], Awaitable[set[int]]]]:
    """What is stored, asked of the server directly."""
    async with await Store.open(postgres_database) as store:
        yield lambda: stored(store)


async def test_units_in_flight_when_postgresql_goes_are_told_and_the_next_ones_work_when_it_is_back(
    proxy: Proxy, far_store: Store, near: Callable[[], Awaitable[set[int]]]
) -> None:
    await asyncio.gather(*(add(far_store, number) for number in range(1, 11)))  # fills the pool
    inside = [asyncio.Event() for _ in range(5)]
    leave = asyncio.Event()

    async def unit(number: int) -> None:
        async with far_store.write() as transaction:
            await transaction.execute(insert(interactions).values(interaction_id=100 + number, acted_at=NOW))
            inside[number].set()
            await leave.wait()

    units = [asyncio.create_task(unit(number)) for number in range(5)]
    await asyncio.gather(*(event.wait() for event in inside))
    await proxy.cut()
    leave.set()
    assert kinds(await outcomes_of(units)) == ["StoreGoneError"]
    assert kinds(await outcomes_of(add(far_store, number) for number in range(200, 210))) == ["StoreGoneError"]
    with pytest.raises(StoreGoneError, match="Check that its server runs"):
        await far_store.probe()
    with pytest.raises(StoreGoneError):
        await stored(far_store)
    await proxy.listen()
    await far_store.probe()
    await asyncio.gather(*(add(far_store, number) for number in range(300, 310)))
    assert far_store.damage is None
    assert await near() == {*range(1, 11), *range(300, 310)}


async def test_a_server_that_answers_nothing_is_told_in_time_and_the_first_unit_after_it_works(
    proxy: Proxy, far_store: Store, near: Callable[[], Awaitable[set[int]]], loop_time: LoopTime
) -> None:
    await asyncio.gather(*(add(far_store, number) for number in range(1, 11)))
    inside = asyncio.Event()
    leave = asyncio.Event()

    async def in_the_middle() -> None:
        async with far_store.write() as transaction:
            await transaction.execute(insert(interactions).values(interaction_id=100, acted_at=NOW))
            inside.set()
            await leave.wait()
            await transaction.execute(insert(interactions).values(interaction_id=101, acted_at=NOW))

    unit = asyncio.create_task(in_the_middle())
    await inside.wait()
    proxy.swallow()
    leave.set()
    more = [asyncio.create_task(add(far_store, number)) for number in range(200, 230)]
    await loop_time.pass_in_silence(proxy, unit, *more, seconds=IN_THE_BACKGROUND.answer)
    assert kinds(await outcomes_of([unit])) == ["StoreSilentError"]
    assert set(kinds(await outcomes_of(more))) <= {"StoreGoneError", "StoreBusyError"}
    probing = asyncio.create_task(far_store.probe(timeout_seconds=3600))
    await loop_time.pass_in_silence(proxy, probing, seconds=IN_THE_BACKGROUND.connect)
    with pytest.raises(StoreGoneError, match="it does not answer"):
        await probing
    proxy.flow()
    await add(far_store, 300)
    await far_store.probe()
    assert await near() == {*range(1, 11), 300}


async def test_idle_connections_that_died_unnoticed_cost_no_unit(
    proxy: Proxy, far_store: Store, near: Callable[[], Awaitable[set[int]]], loop_time: LoopTime
) -> None:
    await asyncio.gather(*(add(far_store, number) for number in range(1, 11)))
    proxy.swallow()
    proxy.flow()  # for new connections only: those in the pool are dead, and nobody said so
    first = asyncio.create_task(add(far_store, 20))
    await loop_time.pass_in_silence(proxy, first, seconds=IN_THE_BACKGROUND.ping)
    await first
    await asyncio.gather(*(add(far_store, number) for number in range(21, 40)))
    for number in range(40, 50):
        await add(far_store, number)
    assert await near() == {*range(1, 11), *range(20, 50)}


async def test_a_start_against_a_server_that_answers_nothing_ends_with_a_sentence(
    proxy: Proxy, loop_time: LoopTime
) -> None:
    proxy.swallow()
    opening = asyncio.create_task(Store.open(f"{proxy.address}/pressroom"))
    await loop_time.pass_in_silence(proxy, opening, seconds=IN_THE_BACKGROUND.connect)
    with pytest.raises(StoreGoneError, match="cannot be reached: it does not answer"):
        await opening


async def hurried(work: Coroutine[Any, Any, None]) -> None:
    hurry()
    await work


async def wait_on_the_server(transaction: Transaction, seconds: float) -> None:
    await transaction.execute(text(f"SELECT pg_sleep({seconds})"))


@pytest.mark.parametrize("is_waited_for", [False, True])
async def test_a_silent_connection_is_told_as_that_and_costs_the_other_units_nothing(
    proxy: Proxy, far_store: Store, near: Callable[[], Awaitable[set[int]]], loop_time: LoopTime, *, is_waited_for: bool
) -> None:
    patience = WHILE_SOMEBODY_WAITS if is_waited_for else IN_THE_BACKGROUND

    async def unit(number: int) -> None:
        await (hurried(add(far_store, number)) if is_waited_for else add(far_store, number))

    await asyncio.gather(*(asyncio.create_task(unit(number)) for number in range(1, 4)))
    proxy.stall_at(b"BEGIN")
    silent = asyncio.create_task(unit(10))
    await proxy.swallowed()
    await asyncio.gather(*(asyncio.create_task(unit(number)) for number in range(20, 30)))
    assert not silent.done()
    loop_time.move(patience.answer)
    with pytest.raises(StoreSilentError, match=f"within {patience.answer:g} seconds: it may be overloaded or out"):
        await silent
    assert await near() == {1, 2, 3, *range(20, 30)}


async def test_a_silent_commit_is_told_as_silence_whether_the_server_heard_it_or_not(
    proxy: Proxy, far_store: Store, near: Callable[[], Awaitable[set[int]]], loop_time: LoopTime
) -> None:
    for number, is_heard in ((1, True), (2, False)):
        proxy.stall_at(b"COMMIT;", is_heard=is_heard)
        unit = asyncio.create_task(add(far_store, number))
        await loop_time.pass_in_silence(proxy, unit, seconds=IN_THE_BACKGROUND.answer)
        with pytest.raises(StoreSilentError):
            await unit
    assert await near() == {1}


async def test_a_slow_statement_is_told_as_slow_and_its_connection_is_used_again(
    postgres_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await upgrade(postgres_database)
    monkeypatch.setattr(engine, "WHILE_SOMEBODY_WAITS", replace(WHILE_SOMEBODY_WAITS, statement=0.25, answer=60))
    async with await Store.open(postgres_database) as store:

        async def slow() -> int:
            hurry()
            async with store.write() as transaction:
                pid: int = (await transaction.execute(text("SELECT pg_backend_pid()"))).scalar_one()
            with pytest.raises(StoreBusyError, match="statement timeout"):
                async with store.write() as transaction:
                    await wait_on_the_server(transaction, 60)
            async with store.write() as transaction:
                assert (await transaction.execute(text("SELECT pg_backend_pid()"))).scalar_one() == pid
            return pid

        await asyncio.create_task(slow())
        async with store.write() as transaction:  # what works in the background has more time
            await wait_on_the_server(transaction, 0.1)


async def test_what_nobody_waits_for_takes_no_connection_from_what_somebody_does(
    postgres_database: str,
) -> None:
    await upgrade(postgres_database)
    async with await Store.open(postgres_database) as store:
        leave = asyncio.Event()
        inside = asyncio.Semaphore(0)

        async def holds_a_connection() -> None:
            async with store.read() as transaction:
                await transaction.execute(text("SELECT 1"))
                inside.release()
                await leave.wait()

        background = [asyncio.create_task(holds_a_connection()) for _ in range(15)]
        for _ in background:
            await inside.acquire()
        await asyncio.create_task(hurried(add(store, 1)))
        leave.set()
        await asyncio.gather(*background)


@asynccontextmanager
async def admin_of(postgres_address: str) -> AsyncIterator[Any]:
    import asyncpg

    admin = await asyncpg.connect(postgres_address.format(database="postgres"))
    try:
        yield admin
    finally:
        await admin.close()


@pytest.mark.parametrize("at", ["before a statement", "before a commit", "before a rollback"])
async def test_a_connection_that_is_out_of_step_is_told_as_lost_and_used_by_nobody_again(
    proxy: Proxy, far_store: Store, near: Callable[[], Awaitable[set[int]]], postgres_address: str, at: str
) -> None:
    """The server's last word arrives, its end does not: asyncpg then "cannot switch to state …"."""
    await add(far_store, 1)
    proxy.lose_ends()
    pids: list[int] = []

    async def terminate(transaction: Transaction) -> None:
        pids.append((await transaction.execute(text("SELECT pg_backend_pid()"))).scalar_one())
        async with admin_of(postgres_address) as admin:
            await admin.execute("SELECT pg_terminate_backend($1)", pids[0])
        await proxy.has_lost_an_end.wait()
        for _ in range(5):  # what was said before the end stands in the driver's socket by now
            await asyncio.sleep(0)

    async def unit() -> None:
        async with far_store.write() as transaction:
            await transaction.execute(insert(interactions).values(interaction_id=2, acted_at=NOW))
            await terminate(transaction)
            if at == "before a statement":
                await transaction.execute(text("SELECT 1"))
            if at == "before a rollback":
                raise ZeroDivisionError

    with pytest.raises(StoreGoneError, match="the connection to it broke") as caught:
        await unit()
    assert "cannot switch to state" in str(caught.value.__cause__)
    async with far_store.write() as transaction:
        assert (await transaction.execute(text("SELECT pg_backend_pid()"))).scalar_one() not in pids
    assert await near() == {1}


async def test_a_connection_that_is_busy_with_something_else_is_told_as_lost_and_used_by_nobody_again(
    postgres_database: str,
) -> None:
    await upgrade(postgres_database)
    async with await Store.open(postgres_database) as store:
        with pytest.raises(StoreGoneError, match="the connection to it broke") as caught:
            async with store.write() as transaction:
                driver: Any = (await transaction._connection.get_raw_connection()).driver_connection
                other = asyncio.create_task(driver.execute("SELECT pg_sleep(60)"))
                await asyncio.sleep(0)
                await transaction.execute(text("SELECT 1"))
        assert "another operation is in progress" in str(caught.value.__cause__)
        assert driver.is_closed()
        await asyncio.gather(other, return_exceptions=True)
        await add(store, 1)


def test_what_the_driver_says_of_itself_is_told_from_what_it_says_of_what_it_was_given() -> None:
    from asyncpg import exceptions

    for error in (
        exceptions.InternalClientError("got result for unknown protocol state 3"),
        exceptions.ProtocolError("unexpected message"),
        exceptions.TargetServerAttributeNotMatched("None of the hosts match the target attribute requirement"),
        exceptions.ConnectionDoesNotExistError("connection was closed in the middle of operation"),
        exceptions.InterfaceError("cannot perform operation: another operation is cancelling"),
        exceptions.InterfaceError("cannot call Transaction.commit(): the underlying connection is closed"),
        exceptions.InterfaceError("cannot commit; the transaction is in error state"),
        exceptions.InterfaceError("cannot use Connection.transaction() in a manually started transaction"),
        exceptions.IdleInTransactionSessionTimeoutError("terminating connection"),
        ConnectionResetError(104, "Connection reset by peer"),
    ):
        assert type(explanation(error)) is StoreGoneError, error
    for error in (
        exceptions.DataError("invalid input for query argument $1: connection is closed"),
        exceptions.InterfaceError("the server expects 1 argument for this query, 2 were passed"),
        exceptions.OutdatedSchemaCacheError("unexpected number of attributes"),
        exceptions.UniqueViolationError("another operation"),
    ):
        assert explanation(error) is None, error


async def test_limits_hold_for_a_transaction_and_stay_in_no_session(postgres_database: str) -> None:
    """A pooler that shares sessions gives each transaction another one, and what was set there to whoever is next."""
    limits = ("lock_timeout", "statement_timeout", "idle_in_transaction_session_timeout")

    async def shown(transaction: Transaction) -> list[str]:
        return [(await transaction.execute(text(f"SHOW {name}"))).scalar_one() for name in limits]

    async def shown_in_a_hurry(store: Store) -> list[list[str]]:
        hurry()
        async with store.write() as writing, store.read() as reading:
            return [await shown(writing), await shown(reading)]

    await upgrade(postgres_database)
    async with await Store.open(postgres_database) as store:
        async with store.write() as writing, store.read() as reading:
            assert [await shown(writing), await shown(reading)] == [["20s", "28s", "15s"]] * 2
        assert await asyncio.create_task(shown_in_a_hurry(store)) == [["1500ms", "1750ms", "3s"]] * 2
        for each in store._engines():
            async with each.connect() as connection:
                session = await connection.get_raw_connection()
                driver = session.driver_connection
                assert driver is not None
                assert [await driver.fetchval(f"SHOW {name}") for name in limits] == ["0", "0", "0"]


async def test_rows_that_a_lost_unit_had_locked_are_free_again_after_a_while(
    proxy: Proxy, postgres_database: str, monkeypatch: pytest.MonkeyPatch, loop_time: LoopTime
) -> None:
    monkeypatch.setattr(engine, "IN_THE_BACKGROUND", replace(IN_THE_BACKGROUND, orphan=2))
    async with await Store.open(postgres_database) as near_store:
        far_store = await Store.open(proxy.address + urlsplit(postgres_database).path)

        async def vanishes() -> None:
            async with far_store.write() as transaction:
                await transaction.execute(text("UPDATE alembic_version SET version_num = version_num"))
                proxy.swallow()  # the server hears nothing of our end
                with pytest.raises(StoreBusyError):
                    await near_store.probe(timeout_seconds=0.05)
                await transaction.execute(text("SELECT 1"))

        unit = asyncio.create_task(vanishes())
        await loop_time.pass_in_silence(proxy, unit, seconds=IN_THE_BACKGROUND.answer)
        with pytest.raises(StoreGoneError):
            await unit
        await near_store.probe(timeout_seconds=3600)
        await far_store.close()


async def test_a_row_that_somebody_else_keeps_locked_is_told_as_busy(
    postgres_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "IN_THE_BACKGROUND", replace(IN_THE_BACKGROUND, lock=0.05))
    await upgrade(postgres_database)
    async with await Store.open(postgres_database) as store, store.write() as transaction:
        await transaction.execute(insert(interactions).values(interaction_id=1, acted_at=NOW))
        with pytest.raises(StoreBusyError, match="lock timeout"):
            await add(store, 1)


async def test_a_commit_whose_answer_is_lost_is_told_as_unknown_and_a_unique_key_decides_the_next_try(
    proxy: Proxy, far_store: Store, near: Callable[[], Awaitable[set[int]]]
) -> None:
    await add(far_store, 1)
    proxy.lose_answer_to(b"COMMIT;")
    with pytest.raises(StoreGoneError):
        await add(far_store, 2)
    assert await near() == {1, 2}  # stored, though the unit was not acknowledged
    with pytest.raises(Exception, match="unique"):
        await add(far_store, 2)
    assert await near() == {1, 2}


async def test_a_postgresql_that_is_cut_again_and_again_acknowledges_only_what_is_stored(
    proxy: Proxy, far_store: Store, near: Callable[[], Awaitable[set[int]]]
) -> None:
    chance = random.Random(3)
    acknowledged: set[int] = set()
    for round_ in range(15):
        numbers = range(round_ * 100, round_ * 100 + 30)
        units = [asyncio.create_task(add(far_store, number)) for number in numbers]
        for _ in range(chance.randrange(60)):
            await asyncio.sleep(0)
        await proxy.cut()
        for unit in chance.sample(units, 5):
            unit.cancel()
        outcomes = await asyncio.gather(*units, return_exceptions=True)
        assert set(kinds(outcomes)) <= {"NoneType", "StoreGoneError", "CancelledError"}
        acknowledged |= {number for number, outcome in zip(numbers, outcomes, strict=True) if outcome is None}
        await proxy.listen()
        await add(far_store, round_ * 100 + 99)
        acknowledged.add(round_ * 100 + 99)
    assert acknowledged <= await near()
