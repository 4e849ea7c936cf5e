"""The database: SQLite by default, PostgreSQL by address; one write path and a separate reader.

A rule is one `async with store.write() as transaction:`. On SQLite there is one writing connection; units that come
together share one commit, each in a savepoint of its own, so a unit that fails rolls back alone and none is
acknowledged before the commit. PostgreSQL groups commits itself, there each unit is a transaction of its own.
"""

import contextlib
import errno
import fcntl
from collections.abc import AsyncIterator
from pathlib import Path
from typing import IO, Any, Self

from sqlalchemy import URL, event, make_url
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from bot.errors import StartError, StoreBusyError, StoreError, StoreReadOnlyError
from bot.store.group_commit import GroupCommit, Transaction

_BUSY_TIMEOUT_SECONDS = 5.0


class Store:
    """An open database. Make it with `Store.open`, give it back with `close` (or use it as `async with`)."""

    def __init__(self, writer: AsyncEngine, reader: AsyncEngine, *, lock: IO[str] | None) -> None:
        self._writer = writer
        self._reader = reader
        self._lock = lock
        self._group = GroupCommit(writer, self.commit_hook) if writer.dialect.name == "sqlite" else None

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
