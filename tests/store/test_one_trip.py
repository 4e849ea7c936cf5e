"""SQLite's driver with one trip to the connection's thread for a statement."""

import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from bot.store.one_trip import OneTripConnection


class Counted(OneTripConnection):
    """Counts the trips to its thread."""

    trips = 0

    async def _execute(self, fn: Any, *args: Any, **kwargs: Any) -> Any:
        Counted.trips += 1
        return await super()._execute(fn, *args, **kwargs)  # type: ignore[no-untyped-call]


@pytest.fixture
async def engine(tmp_path: Path) -> AsyncIterator[AsyncEngine]:
    made = create_async_engine(
        f"sqlite+aiosqlite:///{tmp_path}/x.db", connect_args={"async_creator_fn": Counted.opened}
    )
    event.listen(made.sync_engine, "connect", lambda connection, _: setattr(connection, "isolation_level", None))
    yield made
    await made.dispose()


async def test_a_statement_with_its_rows_is_one_trip(engine: AsyncEngine) -> None:
    async with engine.connect() as connection:
        before = Counted.trips
        rows = (await connection.execute(text("SELECT 1 AS a UNION ALL SELECT 2"))).all()
        assert [row.a for row in rows] == [1, 2]
        assert Counted.trips == before + 1


async def test_giving_back_a_connection_with_nothing_to_undo_is_no_trip(engine: AsyncEngine) -> None:
    async with engine.connect() as connection:
        await connection.execute(text("SELECT 1"))
        before = Counted.trips
    assert Counted.trips == before


async def test_what_was_begun_is_undone_when_a_connection_is_given_back(engine: AsyncEngine) -> None:
    async with engine.connect() as connection:
        await connection.execute(text("CREATE TABLE t (a INTEGER PRIMARY KEY)"))
        await connection.execute(text("BEGIN"))
        await connection.execute(text("INSERT INTO t VALUES (1)"))
    async with engine.connect() as connection:
        assert (await connection.execute(text("SELECT count(*) FROM t"))).scalar_one() == 0


async def test_what_a_statement_tells_besides_its_rows_is_told(engine: AsyncEngine) -> None:
    async with engine.connect() as connection:
        await connection.execute(text("CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT UNIQUE)"))
        result = await connection.execute(text("INSERT INTO t (b) VALUES ('x')"))
        assert (result.rowcount, result.lastrowid) == (1, 1)
        result = await connection.execute(text("INSERT INTO t (b) VALUES (:b)"), [{"b": "y"}, {"b": "z"}])
        assert result.rowcount == 2
        with pytest.raises(IntegrityError) as error:
            await connection.execute(text("INSERT INTO t (b) VALUES ('x')"))
        assert isinstance(error.value.orig, sqlite3.IntegrityError)
        returned = await connection.execute(text("INSERT INTO t (b) VALUES ('v') RETURNING a, b"))
        assert returned.keys() == ["a", "b"]
        assert returned.all() == [(4, "v")]
