"""SQLite's driver with one trip to the connection's thread for a statement.

aiosqlite has a thread for each connection. SQLAlchemy makes four trips there for each statement: for a cursor, for the
statement, for its rows, and to close the cursor. Each trip there and back is several turns of the event loop, and
waits for whoever works in between.
"""

import sqlite3
from collections.abc import Sequence
from functools import partial
from typing import Any, Self

import aiosqlite


class OneTripCursor:
    """What SQLAlchemy asks of a cursor; the rows come with the statement."""

    arraysize = 1

    def __init__(self, connection: "OneTripConnection") -> None:
        self._connection = connection
        self._rows: list[Any] = []
        self.description: Any = None
        self.rowcount = -1
        self.lastrowid: int | None = None

    async def __aenter__(self) -> Self:
        return self

    async def execute(self, statement: str, parameters: Any = ()) -> Self:
        return await self._go(sqlite3.Cursor.execute, statement, parameters)

    async def executemany(self, statement: str, parameters: Sequence[Any]) -> Self:
        return await self._go(sqlite3.Cursor.executemany, statement, parameters)

    async def fetchall(self) -> list[Any]:
        rows, self._rows = self._rows, []
        return rows

    async def close(self) -> None:
        """Nothing is open any more when a statement is done."""

    async def _go(self, run: Any, statement: str, parameters: Any) -> Self:
        (self.description, self.rowcount, self.lastrowid, self._rows) = await self._connection.run(
            partial(_work_off, run=run, statement=statement, parameters=parameters)
        )
        return self


def _work_off(
    connection: sqlite3.Connection, *, run: Any, statement: str, parameters: Any
) -> tuple[Any, int, int | None, list[Any]]:
    """In the connection's thread: a statement from its beginning to its end."""
    cursor = connection.cursor()
    try:
        run(cursor, statement, parameters)
        rows = [] if cursor.description is None else cursor.fetchall()
        return cursor.description, cursor.rowcount, cursor.lastrowid, rows
    finally:
        cursor.close()


class OneTripConnection(aiosqlite.Connection):
    """A connection of aiosqlite, with cursors of that kind."""

    def cursor(self) -> OneTripCursor:  # type: ignore[override]
        return OneTripCursor(self)

    async def rollback(self) -> None:
        """No trip where there is nothing to undo, as mostly when a connection is given back."""
        if self.in_transaction:
            await super().rollback()

    async def run(self, work: Any) -> Any:
        """What `work` makes of the connection, in its thread."""
        return await self._execute(work, self._conn)  # type: ignore[no-untyped-call]

    @classmethod
    def opened(cls, database: str, **options: Any) -> Self:
        """As `aiosqlite.connect`; for SQLAlchemy's `async_creator_fn`, which awaits it."""
        connection = cls(partial(sqlite3.connect, database, **options), iter_chunk_size=64)
        connection._thread.daemon = True
        return connection
