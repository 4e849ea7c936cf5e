"""The database: SQLite by default, PostgreSQL by address; one write path and a separate reader.

A rule is one `async with store.write() as transaction:`. On SQLite there is one writing connection; units that come
together share one commit, each in a savepoint of its own, so a unit that fails rolls back alone and none is
acknowledged before the commit. PostgreSQL groups commits itself, there each unit is a transaction of its own.
"""

import asyncio
import contextlib
import errno
import fcntl
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import IO, Any, Self, TypeVar

from sqlalchemy import URL, Connection, CursorResult, Executable, event, make_url
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncTransaction, create_async_engine

from bot.errors import StartError, StoreBusyError, StoreError, StoreReadOnlyError

T = TypeVar("T")

_BUSY_TIMEOUT_SECONDS = 5.0
# More would make the first unit of a batch wait for the last; fifty rows a commit already reach 38,000 rows/s.
_MOST_UNITS_PER_COMMIT = 50


class Transaction:
    """What a rule writes and reads through.

    A statement that has begun is let finish before a cancellation goes on: breaking it off would cost the connection,
    and with it the work of every other unit in the same commit.
    """

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    @property
    def dialect_name(self) -> str:
        """`sqlite` or `postgresql`."""
        return self._connection.dialect.name

    async def execute(self, statement: Executable, parameters: Any = None) -> CursorResult[Any]:
        return await uninterrupted(self._connection.execute(statement, parameters))

    async def run_sync(self, function: Callable[[Connection], T]) -> T:
        """Call `function` with a synchronous connection of the same transaction (migrations, inspection)."""
        return await uninterrupted(self._connection.run_sync(function))


class Store:
    """An open database. Make it with `Store.open`, give it back with `close` (or use it as `async with`)."""

    def __init__(self, writer: AsyncEngine, reader: AsyncEngine, *, lock: IO[str] | None) -> None:
        self._writer = writer
        self._reader = reader
        self._lock = lock
        self._group = _GroupCommit(writer, self.commit_hook) if writer.dialect.name == "sqlite" else None

    @classmethod
    async def open(cls, database_url: str, *, exclusive: bool = False) -> Self:
        """Connect to `database_url`. With `exclusive`, refuse a SQLite database that another process runs on.

        Raises StartError for the second process, StoreError when the database cannot be reached or opened.
        """
        url = engine_url(database_url)
        lock = None
        if url.get_backend_name() == "sqlite":
            lock = prepare_file(Path(str(url.database)), exclusive=exclusive)
            writer = create_async_engine(url, pool_size=1, max_overflow=0)
            reader = create_async_engine(url, pool_size=4, max_overflow=0)
            event.listen(writer.sync_engine, "connect", _configure_sqlite_writer)
            event.listen(writer.sync_engine, "begin", begin_immediate)
            event.listen(reader.sync_engine, "connect", _configure_sqlite_reader)
            event.listen(reader.sync_engine, "begin", begin_deferred)
        else:
            writer = reader = create_async_engine(url, pool_size=10, max_overflow=10, pool_pre_ping=True)
        store = cls(writer, reader, lock=lock)
        try:
            # The writer connects first: it is the one that may create the file and switch on WAL.
            async with translated_errors(), writer.connect():
                pass
        except TypeError as error:
            await store.close()
            # asyncpg names a parameter of the address that it does not know.
            raise StoreError(f"DATABASE_URL has a parameter that is not understood: {error}.") from None
        except BaseException:
            await store.close()
            raise
        return store

    @property
    def dialect(self) -> str:
        """`sqlite` or `postgresql`."""
        return self._writer.dialect.name

    @contextlib.asynccontextmanager
    async def write(self) -> AsyncIterator[Transaction]:
        """One rule's transaction; left normally, what it wrote is durable. Raises StoreError when it cannot be."""
        async with translated_errors():
            if self._group is not None:
                async with self._group.unit() as transaction:
                    yield transaction
            else:
                async with self._writer.begin() as connection:
                    yield Transaction(connection)
                    await self.commit_hook()

    @contextlib.asynccontextmanager
    async def read(self) -> AsyncIterator[Transaction]:
        """A consistent view for reading; never waits for a writer."""
        async with translated_errors(), self._reader.connect() as connection:
            if self.dialect == "postgresql":
                await connection.execution_options(isolation_level="REPEATABLE READ")
            async with connection.begin():
                yield Transaction(connection)

    async def commit_hook(self) -> None:
        """Called before each commit; tests override it to stop a process at this point."""

    async def close(self) -> None:
        await self._writer.dispose()
        await self._reader.dispose()
        if self._lock is not None:
            self._lock.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()


class _GroupCommit:
    """Units of SQLite's one writer, taken in turn; the last one in sight commits for all before it."""

    def __init__(self, engine: AsyncEngine, before_commit: Callable[[], Awaitable[None]]) -> None:
        self._engine = engine
        self._before_commit = before_commit
        self._turn = asyncio.Lock()
        self._waiting = 0
        self._batch: _Batch | None = None

    @contextlib.asynccontextmanager
    async def unit(self) -> AsyncIterator[Transaction]:
        await self._take_turn()
        batch = None
        try:
            batch = await uninterrupted(self._open_batch())
            try:
                await uninterrupted(batch.begin_unit())
                yield Transaction(batch.connection)
            except BaseException:
                await uninterrupted(batch.undo_unit())
                raise
            await uninterrupted(batch.keep_unit())
        finally:
            # Without a batch of our own there may still be one that was kept open for this unit.
            try:
                if batch is None or batch.is_due or not self._waiting:
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
    """One transaction that several units share, a savepoint each."""

    def __init__(self, connection: AsyncConnection, driver: Any) -> None:
        self.connection = connection
        self.committed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        # Units that failed do not wait for this; nobody may be left to hear of an error.
        self.committed.add_done_callback(lambda done: done.cancelled() or done.exception())
        self._driver = driver
        self._savepoint: AsyncTransaction | None = None
        self._units = 0
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
        return self._error is not None or self._units >= _MOST_UNITS_PER_COMMIT

    async def begin_unit(self) -> None:
        self._units += 1
        self._savepoint = None
        self._savepoint = await self.connection.begin_nested()

    async def keep_unit(self) -> None:
        assert self._savepoint is not None  # noqa: S101 - begin_unit made it
        try:
            await self._savepoint.commit()
        except DBAPIError as error:
            self._error = error
        self._check_transaction()

    async def undo_unit(self) -> None:
        if self._savepoint is None:
            return
        try:
            await self._savepoint.rollback()
        except DBAPIError as error:
            self._error = error
        self._check_transaction()

    def _check_transaction(self) -> None:
        """Notice that SQLite undid the whole transaction by itself, as it may when the disk is full.

        A further savepoint would open a new one without a word, and its commit would acknowledge what is gone.
        """
        if self._error is None and not self._driver.in_transaction:
            self._error = StoreError("The database undid what was being written: the disk is full or failing.")

    async def commit(self, before: Callable[[], Awaitable[None]]) -> None:
        try:
            if self._error is None:
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


def engine_url(database_url: str) -> URL:
    """SQLAlchemy's form of a plain `sqlite:///…` or `postgresql://…` address."""
    url = make_url(database_url)
    if url.get_backend_name() == "sqlite":
        return url.set(drivername="sqlite+aiosqlite")
    query = dict(url.query)
    if "sslmode" in query:  # as hosted databases spell it; asyncpg calls it ssl
        query["ssl"] = query.pop("sslmode")
    return url.set(drivername="postgresql+asyncpg", query=query)  # also for the older spelling, postgres://


def prepare_file(path: Path, *, exclusive: bool = False) -> IO[str] | None:
    """Make sure that SQLite's file can be written, and lock it for this process where it must be alone."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.open("ab").close()  # says more clearly than the driver what is wrong with the file
        if not exclusive:
            return None
        lock = path.with_name(path.name + ".lock").open("w", encoding="ascii")
    except OSError as error:
        if error.errno in {errno.EACCES, errno.EPERM, errno.EROFS}:
            raise StoreReadOnlyError(_READ_ONLY.format(path=path)) from error
        raise StoreError(f"The database {path} cannot be opened: {error.strerror}.") from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.close()
        raise StartError(
            f"Another Pressroom is running on the database {path}. Stop it first, or give this one a database of "
            "its own (DATABASE_URL); several processes together need PostgreSQL."
        ) from None
    return lock


def _configure_sqlite(connection: Any, _record: object) -> None:
    # The driver's own transaction handling is switched off: `begin` below starts every transaction explicitly.
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout = {int(_BUSY_TIMEOUT_SECONDS * 1000)}")
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.close()


def _configure_sqlite_writer(connection: Any, record: object) -> None:
    _configure_sqlite(connection, record)
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode = WAL")
    cursor.execute("PRAGMA synchronous = FULL")  # an acknowledged press survives a power cut
    cursor.close()


def _configure_sqlite_reader(connection: Any, record: object) -> None:
    _configure_sqlite(connection, record)
    cursor = connection.cursor()
    cursor.execute("PRAGMA query_only = ON")
    cursor.close()


def begin_immediate(connection: Any) -> None:
    """Take SQLite's write lock at the start: an upgrade in mid-transaction would fail instead of waiting."""
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def begin_deferred(connection: Any) -> None:
    """One view for all that is read together."""
    connection.exec_driver_sql("BEGIN")


_READ_ONLY = (
    "The database {path} cannot be written. Check the owner and permissions of the file and of its folder, and that "
    "the disk is not mounted read-only."
)


@contextlib.asynccontextmanager
async def translated_errors() -> AsyncIterator[None]:
    """Turn the drivers' errors into sentences for the operator; constraint violations pass as they are."""
    try:
        yield
    except DBAPIError as error:
        what = str(error.orig).lower()
        if "locked" in what or "busy" in what:
            raise StoreBusyError(
                "The database is locked by another program. Close whatever has it open and try again."
            ) from error
        if "readonly" in what or "read-only" in what or "unable to open" in what:
            raise StoreReadOnlyError(_READ_ONLY.format(path="file")) from error
        if "is full" in what:
            raise StoreError("The disk is full: nothing can be stored until there is room again.") from error
        if "not a database" in what or "malformed" in what:
            raise StoreError("The database file is damaged. Restore it from the last backup.") from error
        if type(error) is DBAPIError or isinstance(error, OperationalError | InterfaceError):
            raise StoreError(f"The database refuses: {error.orig}. Check DATABASE_URL and the server.") from error
        raise
    except OSError as error:
        raise StoreError(f"The database cannot be reached: {error.strerror or error}.") from error
