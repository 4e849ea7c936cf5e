"""How units of SQLite's one writer share a commit, and what a unit writes through."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import datetime
from functools import partial
from typing import Any, Self, TypeVar

from sqlalchemy import Connection, CursorResult, Executable
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncTransaction

from bot.errors import StoreError
from bot.model.worker import WorkerName
from bot.texts import text

T = TypeVar("T")

# More would make the first unit of a batch wait for the last; fifty rows a commit already reach 38,000 rows/s.
_MOST_UNITS_PER_COMMIT = 50


class Transaction:
    """What a rule writes and reads through; all of it happens at one moment, `now` (aware UTC).

    installation_id: of whom the database is, where the store has read that (`Store.identify`).
    is_repeated: the interaction whose effect this is has had one before (`Store.effect`), so it must have none.

    On SQLite a statement that has begun is let finish before a cancellation goes on: breaking it off would cost the
    connection, and with it the work of all the others that share its commit.
    """

    def __init__(
        self,
        connection: AsyncConnection,
        *,
        now: datetime,
        is_shared: bool = False,
        installation_id: str | None = None,
    ) -> None:
        self.now = now
        self.installation_id = installation_id
        self.woken: set[WorkerName] = set()
        self.is_repeated = False
        self._connection = connection
        self._is_shared = is_shared

    def wake(self, worker: WorkerName) -> None:
        """Let this worker look for what is due as soon as the transaction is committed, and only then."""
        self.woken.add(worker)

    @property
    def dialect_name(self) -> str:
        """`sqlite` or `postgresql`."""
        return self._connection.dialect.name

    async def execute(self, statement: Executable, parameters: Any = None) -> CursorResult[Any]:
        work = self._connection.execute(statement, parameters)
        return await (uninterrupted(work) if self._is_shared else work)

    async def run_sync(self, function: Callable[[Connection], T]) -> T:
        """Call `function` with a synchronous connection of the same transaction (migrations, inspection)."""
        work = self._connection.run_sync(function)
        return await (uninterrupted(work) if self._is_shared else work)


class GroupCommit:
    """Units of SQLite's one writer, taken in turn; the last one in sight commits for all before it."""

    def __init__(
        self,
        engine: AsyncEngine,
        *,
        make: Callable[[AsyncConnection], Transaction],
        before_commit: Callable[[], Awaitable[None]],
        after_commit: Callable[[Transaction], None],
    ) -> None:
        self._engine = engine
        self._make = make
        self._before_commit = before_commit
        self._after_commit = after_commit
        self._turn = asyncio.Lock()
        self._waiting = 0
        self._batch: _Batch | None = None
        # SQLite refuses the whole commit when one of its units met a damaged page: then each has its own.
        self.is_sharing = True

    @contextlib.asynccontextmanager
    async def unit(self) -> AsyncIterator[Transaction]:
        await self._take_turn()
        batch = None
        try:
            batch = await uninterrupted(self._open_batch())
            try:
                await uninterrupted(batch.begin_unit())
                transaction = self._make(batch.connection)
                yield transaction
            except BaseException as error:
                await uninterrupted(batch.undo_unit(error))
                raise
            await uninterrupted(batch.keep_unit())
            # Not by whoever waits for it below, who may be cancelled before.
            batch.on_commit(partial(self._after_commit, transaction))
        finally:
            # Without a batch of our own there may still be one that was kept open for this unit.
            try:
                if batch is None or batch.is_due or not self._waiting or not self.is_sharing:
                    await uninterrupted(self._finish())
            finally:
                self._turn.release()
        await asyncio.shield(batch.committed)

    async def _take_turn(self) -> None:
        self._waiting += 1
        try:
            await self._turn.acquire()
        except asyncio.CancelledError:
            self._waiting -= 1
            if not self._waiting and not self._turn.locked():
                # The unit that a batch was kept open for goes away.
                await uninterrupted(self._finish_in_turn())
            raise
        self._waiting -= 1

    async def _open_batch(self) -> "_Batch":
        if self._batch is None:
            self._batch = await _Batch.begin(self._engine)
        return self._batch

    async def _finish_in_turn(self) -> None:
        async with self._turn:
            if not self._waiting:
                await self._finish()

    async def _finish(self) -> None:
        batch, self._batch = self._batch, None
        if batch is not None:
            await batch.commit(self._before_commit)


class _Batch:
    """One transaction that several units share, a savepoint each but for the first, which nothing stands before."""

    def __init__(self, connection: AsyncConnection, driver: Any) -> None:
        self.connection = connection
        self.committed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        # Units that failed do not wait for this; nobody may be left to hear of an error.
        self.committed.add_done_callback(lambda done: done.cancelled() or done.exception())
        self._driver = driver
        self._savepoint: AsyncTransaction | None = None
        self._units = 0
        self._is_undone = False
        self._error: Exception | None = None

    @classmethod
    async def begin(cls, engine: AsyncEngine) -> Self:
        connection = await engine.connect()
        try:
            await connection.begin()
            return cls(connection, (await connection.get_raw_connection()).driver_connection)
        except BaseException:
            await connection.close()
            raise

    @property
    def is_due(self) -> bool:
        return self._is_undone or self._error is not None or self._units >= _MOST_UNITS_PER_COMMIT

    def on_commit(self, call: Callable[[], None]) -> None:
        self.committed.add_done_callback(
            lambda done: None if done.cancelled() or done.exception() is not None else call()
        )

    async def begin_unit(self) -> None:
        self._units += 1
        self._savepoint = None
        if self._units > 1:
            self._savepoint = await self.connection.begin_nested()

    async def keep_unit(self) -> None:
        if self._savepoint is not None:
            try:
                await self._savepoint.commit()
            except DBAPIError as error:
                self._error = error
        self._check_transaction()

    async def undo_unit(self, cause: BaseException) -> None:
        if self._units > 1 and self._savepoint is None:
            return
        try:
            if self._savepoint is not None:
                await self._savepoint.rollback()
            elif not self._driver.in_transaction:
                # Undone by SQLite itself, as on an error of the disk: the file is opened anew for whoever comes next.
                self._error = cause if isinstance(cause, DBAPIError) else _undone()
            else:
                self._is_undone = True
                await self.connection.rollback()
        except DBAPIError as error:
            # With the whole transaction undone there is no savepoint any more; that says nothing to anybody.
            self._error = cause if isinstance(cause, DBAPIError) else error
        self._check_transaction()

    def _check_transaction(self) -> None:
        """Notice that SQLite undid the whole transaction by itself, as it may when the disk is full.

        A further savepoint would open a new one without a word, and its commit would acknowledge what is gone.
        """
        if self._error is None and not self._is_undone and not self._driver.in_transaction:
            self._error = _undone()

    async def commit(self, before: Callable[[], Awaitable[None]]) -> None:
        try:
            if self._error is None and not self._is_undone:
                await before()
                await self.connection.commit()
        except Exception as error:  # noqa: BLE001 - every unit of the batch has to learn of it
            self._error = error
        if self._error is not None:
            with contextlib.suppress(Exception):
                await self._driver.rollback()  # gives the write lock back even where SQLAlchemy gave up
            with contextlib.suppress(Exception):
                await self.connection.invalidate()
        with contextlib.suppress(Exception):
            await self.connection.close()
        if self._error is None:
            self.committed.set_result(None)
        else:
            self.committed.set_exception(self._error)


def _undone() -> StoreError:
    return StoreError(text("store-undone"))


async def uninterrupted(work: Awaitable[T]) -> T:
    """The outcome of `work`, which runs to its end whatever cancels the caller; then the cancellation goes on."""
    task = asyncio.ensure_future(work)
    cancelled: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.wait({task})
        except asyncio.CancelledError as error:
            cancelled = error
    if cancelled is not None:
        if not task.cancelled():
            task.exception()  # seen: the cancellation is what goes on
        raise cancelled
    return task.result()
