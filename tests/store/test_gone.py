"""What a database server may do to us: it goes, is silent, loses an answer, and is back.

PostgreSQL stands behind a proxy (`tests.proxy`); what is really stored is asked of the server directly.
"""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable
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
)
from bot.store import Store, engine
from bot.store.tables import interactions
from bot.store.upgrade import upgrade
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
async def far_store(proxy: Proxy, postgres_database: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Store]:
    """A store behind the proxy, with less patience than in earnest."""
    for name in ("_CONNECT_TIMEOUT_SECONDS", "_COMMAND_TIMEOUT_SECONDS", "_PING_TIMEOUT_SECONDS"):
        monkeypatch.setattr(engine, name, 0.5)
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
    proxy: Proxy, far_store: Store, near: Callable[[], Awaitable[set[int]]]
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
    async with asyncio.timeout(20):
        assert kinds(await outcomes_of([unit])) == ["StoreGoneError"]
        assert kinds(await outcomes_of(add(far_store, number) for number in range(200, 230))) == ["StoreGoneError"]
        with pytest.raises(StoreGoneError, match="it does not answer"):
            await far_store.probe(timeout_seconds=10)
    proxy.flow()
    async with asyncio.timeout(20):
        await add(far_store, 300)
        await far_store.probe()
    assert await near() == {*range(1, 11), 300}


async def test_idle_connections_that_died_unnoticed_cost_no_unit(
    proxy: Proxy, far_store: Store, near: Callable[[], Awaitable[set[int]]]
) -> None:
    await asyncio.gather(*(add(far_store, number) for number in range(1, 11)))
    proxy.swallow()
    proxy.flow()  # for new connections only: those in the pool are dead, and nobody said so
    async with asyncio.timeout(20):
        await asyncio.gather(*(add(far_store, number) for number in range(20, 40)))
        for number in range(40, 50):
            await add(far_store, number)
    assert await near() == {*range(1, 11), *range(20, 50)}


async def test_a_start_against_a_server_that_answers_nothing_ends_with_a_sentence(
    proxy: Proxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "_CONNECT_TIMEOUT_SECONDS", 0.2)
    proxy.swallow()
    with pytest.raises(StoreGoneError, match="cannot be reached: it does not answer"):
        await asyncio.wait_for(Store.open(f"{proxy.address}/pressroom"), 10)


async def test_rows_that_a_lost_unit_had_locked_are_free_again_after_a_while(
    proxy: Proxy, postgres_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "_ORPHAN_TIMEOUT_SECONDS", 2)
    async with await Store.open(postgres_database) as near_store:
        monkeypatch.setattr(engine, "_COMMAND_TIMEOUT_SECONDS", 0.5)
        far_store = await Store.open(proxy.address + urlsplit(postgres_database).path)
        async with asyncio.timeout(20):
            with pytest.raises(StoreGoneError):
                async with far_store.write() as transaction:
                    await transaction.execute(text("UPDATE alembic_version SET version_num = version_num"))
                    proxy.swallow()  # the server hears nothing of our end
                    with pytest.raises(StoreBusyError):
                        await near_store.probe(timeout_seconds=0.05)
                    await transaction.execute(text("SELECT 1"))
            await near_store.probe(timeout_seconds=10)
            await far_store.close()


async def test_a_row_that_somebody_else_keeps_locked_is_told_as_busy(
    postgres_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "_LOCK_TIMEOUT_SECONDS", 0.05)
    await upgrade(postgres_database)
    async with await Store.open(postgres_database) as store, store.write() as transaction:
        await transaction.execute(insert(interactions).values(interaction_id=1, acted_at=NOW))
        with pytest.raises(StoreBusyError, match="lock timeout"):
            await add(store, 1)


async def test_a_commit_whose_answer_is_lost_is_told_as_unknown_and_a_unique_key_decides_the_next_try(
    proxy: Proxy, far_store: Store, near: Callable[[], Awaitable[set[int]]]
) -> None:
    await add(far_store, 1)
    proxy.lose_answer_to(b"COMMIT")
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
        outcomes = await asyncio.wait_for(asyncio.gather(*units, return_exceptions=True), 20)
        assert set(kinds(outcomes)) <= {"NoneType", "StoreGoneError", "CancelledError"}
        acknowledged |= {number for number, outcome in zip(numbers, outcomes, strict=True) if outcome is None}
        await proxy.listen()
        await add(far_store, round_ * 100 + 99)
        acknowledged.add(round_ * 100 + 99)
    assert acknowledged <= await near()
