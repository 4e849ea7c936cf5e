"""The database: SQLite by default, PostgreSQL by address; one write path and a separate reader.

A rule is one `async with store.write() as transaction:`. On SQLite there is one writing connection; units that come
together share one commit, each after the first in a savepoint, so a unit that fails rolls back alone and none is
acknowledged before the commit. PostgreSQL groups commits itself, there each unit is a transaction of its own.
"""

import asyncio
import contextlib
import errno
import fcntl
import os
import time
from collections.abc import AsyncIterator
from contextvars import ContextVar
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO, Any, Self, cast

from sqlalchemy import URL, Connection, event, make_url, text
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.exc import InvalidatePoolError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import QueuePool

from bot.clock import Clock, SystemClock
from bot.errors import (
    StartError,
    StoreBusyError,
    StoreDamagedError,
    StoreError,
    StoreGoneError,
    StoreReadOnlyError,
)
from bot.model.member import Act
from bot.model.worker import WorkerName
from bot.ports import Bell
from bot.store.complaints import explanation, silence, translated_errors
from bot.store.group_commit import GroupCommit, Transaction, uninterrupted
from bot.store.installation import installation_id
from bot.store.interactions import record_effect
from bot.store.line import Line
from bot.store.one_trip import OneTripConnection
from bot.store.private_files import make_private_folder
from bot.store.turns import Asker, Turns
from bot.texts import text as sentence


@dataclass(frozen=True, slots=True)
class Patience:
    """How many seconds each step with a database server may take: one that drops packets says neither yes nor no.

    lock and statement are the server's own limits, answer is ours for the same statement. The server comes first, so
    that what is slow and what is silent are told apart. orphan: after so long the server lets go of what a unit had
    locked that vanished in the middle, or nobody changes those rows for two hours.
    """

    pool: float
    connect: float
    ping: float
    lock: float
    statement: float
    answer: float
    orphan: float


IN_THE_BACKGROUND = Patience(pool=30, connect=10, ping=5, lock=20, statement=28, answer=30, orphan=15)
# Discord wants to hear of a press within three seconds.
WHILE_SOMEBODY_WAITS = Patience(pool=2, connect=2, ping=1, lock=1.5, statement=1.75, answer=2, orphan=3)

SYNCHRONOUS = "FULL"
"""What SQLite waits for at a commit: an acknowledged press survives a power cut."""

_BUSY_TIMEOUT_SECONDS = 5.0
_POOL_TIMEOUT_SECONDS = 30.0
_CLOSE_SECONDS = 5.0
_GOOD_BYE_SECONDS = 0.5
# Of SQLite's four readers one is left to the background and to what is asked in between.
_READERS = 4
_READING_AT_ONCE, _READING_OF_A_SERVER = 3, 2
# Units that share a commit; on PostgreSQL, out of the fifteen connections for what somebody waits for.
_WRITING_AT_ONCE, _WRITING_OF_A_SERVER = 50, 10
_AT_ONCE, _AT_ONCE_OF_A_SERVER = 10, 5
# By the clock, however busy the processors are: Discord wants to hear of a press within three seconds.
_LONGEST_SEARCH_SECONDS = 2.5
# So many steps of SQLite between two looks at the time: about a millisecond.
_STEPS_BETWEEN_LOOKS = 10_000
# A checkpoint cuts SQLite's log back to this after a time in which a long reading had let it grow.
_LOG_BYTES = 64 * 1024 * 1024


class _Silence:
    """Nobody waits for work here."""

    def ring(self, worker: WorkerName) -> None:
        pass


_SYSTEM_CLOCK, _SILENCE = SystemClock(), _Silence()

_somebody_waits: ContextVar[bool] = ContextVar("somebody waits", default=False)
_asker: ContextVar[Asker | None] = ContextVar("asker", default=None)


def hurry(asker: Asker | None = None) -> None:
    """Say that somebody waits for what this task asks of the database from now on: it ends soon, well or badly.

    What is asked for an `asker` takes its turn among what others ask; what is asked for many needs none.
    """
    _somebody_waits.set(True)
    _asker.set(asker)


class Store:
    """An open database. Make it with `Store.open`, give it back with `close` (or use it as `async with`)."""

    def __init__(
        self,
        writer: AsyncEngine,
        reader: AsyncEngine,
        *,
        hurried: AsyncEngine | None = None,
        lock: IO[str] | None,
        clock: Clock,
        bell: Bell,
    ) -> None:
        self._clock = clock
        self._bell = bell
        self._writer = writer
        self._reader = reader
        self._hurried = hurried
        self._lock = lock
        self._renewing = asyncio.Lock()
        self._probing: asyncio.Task[None] | None = None
        # What to do about a damaged database; once met, it stays told while the process lives.
        self.damage: str | None = None
        self._installation_id: str | None = None
        for engine in self._engines():
            event.listen(engine.sync_engine, "handle_error", self._note_damage)
        self._group: GroupCommit | None = None
        if writer.dialect.name == "sqlite":
            self._group = GroupCommit(writer, make=self._begun, before_commit=self.commit_hook, after_commit=self._ring)
            self._reading = Turns(at_once=_READING_AT_ONCE, of_server=_READING_OF_A_SERVER)
            self._writing = Turns(at_once=_WRITING_AT_ONCE, of_server=_WRITING_OF_A_SERVER)
        else:
            self._reading = self._writing = Turns(at_once=_AT_ONCE, of_server=_AT_ONCE_OF_A_SERVER)

    @classmethod
    async def open(
        cls,
        database_url: str,
        *,
        exclusive: bool = False,
        clock: Clock = _SYSTEM_CLOCK,
        bell: Bell = _SILENCE,
    ) -> Self:
        """Connect to `database_url`. With `exclusive`, refuse a SQLite database that another process runs on.

        clock: what says which moment it is for a transaction. bell: wakes whom a transaction gave work, after its
        commit.

        Raises StartError for the second process, StoreError when the database cannot be reached or opened.
        """
        url = engine_url(database_url)
        lock = None
        if url.get_backend_name() == "sqlite":
            lock = prepare_file(Path(str(url.database)), exclusive=exclusive)
            writer, reader = _sqlite_engine(url, 1), _sqlite_engine(url, _READERS)
            event.listen(writer.sync_engine, "connect", _configure_sqlite_writer)
            event.listen(writer.sync_engine, "begin", begin_immediate)
            event.listen(reader.sync_engine, "connect", _configure_sqlite_reader)
            event.listen(reader.sync_engine, "begin", begin_deferred)
            hurried = None
        else:
            writer = reader = _postgresql_engine(url, IN_THE_BACKGROUND)
            # Connections of their own, so that what somebody waits for never stands behind what nobody does.
            hurried = _postgresql_engine(url, WHILE_SOMEBODY_WAITS)
        store = cls(writer, reader, hurried=hurried, lock=lock, clock=clock, bell=bell)
        try:
            # The writer connects first: it is the one that may create the file and switch on WAL.
            async with translated_errors(), writer.connect():
                pass
        except TypeError as error:
            await store.close()
            # asyncpg names a parameter of the address that it does not know.
            raise StoreError(sentence("store-odd-parameter", what=str(error))) from None
        except BaseException:
            await store.close()
            raise
        return store

    async def identify(self) -> None:
        """Read once which installation this is, which is part of every delivery key; a new one is given an id."""
        async with self.write() as transaction:
            known = await installation_id(transaction)
        self._installation_id = known  # stored by now

    def _begun(self, connection: AsyncConnection) -> Transaction:
        """A transaction of this moment; on SQLite several share their connection."""
        return Transaction(
            connection,
            now=self._clock.now(),
            is_shared=self.dialect == "sqlite",
            installation_id=self._installation_id,
        )

    @property
    def dialect(self) -> str:
        """`sqlite` or `postgresql`."""
        return self._writer.dialect.name

    @contextlib.asynccontextmanager
    async def write(self) -> AsyncIterator[Transaction]:
        """One rule's transaction; left normally, what it wrote is durable. Raises StoreError when it cannot be.

        An error while it is left mostly means that nothing is stored, but not always: where the connection to
        PostgreSQL breaks between the commit and its answer (StoreGoneError), or the caller is cancelled there, the
        outcome is unknown. So whoever tries again decides by constraint (a unique key, a state that only one may
        leave), never by the error.
        """
        try:
            async with self._writing.turn(_asker.get()), translated_errors():
                if self._group is not None:
                    async with self._group.unit() as transaction:
                        yield transaction
                else:
                    async with self._engine().begin() as connection:
                        transaction = self._begun(connection)
                        yield transaction
                        await self.commit_hook()
                    self._ring(transaction)
        except StoreReadOnlyError:
            await self._renew_connections()
            raise

    @contextlib.asynccontextmanager
    async def effect(self, act: Act) -> AsyncIterator[Transaction]:
        """`write`, for what somebody brings about; `is_repeated` where the same interaction did so before."""
        async with self.write() as transaction:
            transaction.is_repeated = not await record_effect(transaction, act)
            yield transaction

    def _ring(self, transaction: Transaction) -> None:
        for worker in sorted(transaction.woken):
            self._bell.ring(worker)

    def _engine(self) -> AsyncEngine:
        """PostgreSQL's connections for what is done now: for somebody who waits, or in the background."""
        return self._hurried if self._hurried is not None and _somebody_waits.get() else self._writer

    def _engines(self) -> list[AsyncEngine]:
        return list(dict.fromkeys(filter(None, (self._writer, self._reader, self._hurried))))

    async def _renew_connections(self) -> None:
        """Close what is idle: connections opened while nothing could be written stay so for ever after.

        On SQLite one such reader is enough for all: the connections of a process share the index of the log.
        """
        if self._renewing.locked():
            return
        async with self._renewing:
            for engine in self._engines():
                for _ in range(cast(QueuePool, engine.pool).checkedin()):
                    with contextlib.suppress(Exception):
                        async with engine.connect() as connection:
                            await connection.invalidate()

    @contextlib.asynccontextmanager
    async def read(self) -> AsyncIterator[Transaction]:
        """A consistent view for reading; never waits for a writer.

        Raises StoreSlowError where somebody waits and it takes too long.
        """
        async with self._reading.turn(_asker.get()), translated_errors():
            if self.dialect == "postgresql":
                async with self._engine().connect() as connection:
                    await connection.execution_options(isolation_level="REPEATABLE READ")
                    async with connection.begin():
                        yield self._begun(connection)
            else:
                async with self._whole_connection() as connection, connection.begin():
                    yield self._begun(connection)

    @contextlib.asynccontextmanager
    async def _whole_connection(self) -> AsyncIterator[AsyncConnection]:
        """A connection to SQLite that a cancellation neither leaves half open nor half closed.

        It has a thread of its own, which would go on after everybody has left, and keep the process from ending.
        """
        opened: list[AsyncConnection] = []

        async def connect() -> None:
            opened.append(await self._reader.connect())

        try:
            await uninterrupted(connect())
            deadline: _Deadline = opened[0].info[_Deadline]
            deadline.set(WHILE_SOMEBODY_WAITS.statement if _somebody_waits.get() else None)
            yield opened[0]
        finally:
            for connection in opened:
                await uninterrupted(connection.close())

    async def open_line(self) -> Line:
        """A connection of its own beside the pool, which only PostgreSQL has. Raises StoreError."""
        return await Line.open(self._writer.url, clock=self._clock)

    async def probe(self, *, timeout_seconds: float = 5.0) -> None:
        """Prove that the database takes a durable write now; costs one small commit.

        Raises StoreError: the one that a unit would meet, StoreDamagedError for good after any damage was met, and
        StoreBusyError when there is no answer in time. Only one probe is under way at a time; further callers wait
        for the same one, so that none pile up behind a stuck writer or server.
        """
        if self.damage is not None:
            raise StoreDamagedError(self.damage)
        if self._probing is None or self._probing.done():
            self._probing = asyncio.create_task(self._write_probe(), name="store probe")
            self._probing.add_done_callback(lambda done: done.cancelled() or done.exception())
        probing = self._probing
        await asyncio.wait({probing}, timeout=timeout_seconds)
        if not probing.done():
            raise StoreBusyError(sentence("store-not-answered", seconds=f"{timeout_seconds:g}"))
        if probing.cancelled():
            raise StoreError(sentence("store-closing"))
        probing.result()

    async def _write_probe(self) -> None:
        async with self.write() as transaction:
            await transaction.execute(text(_PROBES[self.dialect]))

    def _note_damage(self, context: ExceptionContext) -> None:
        error = explanation(context.original_exception)
        if isinstance(error, StoreDamagedError):
            self.damage = str(error)
            if self._group is not None:
                self._group.is_sharing = False

    async def commit_hook(self) -> None:
        """Called before each commit; tests override it to stop a process at this point."""

    async def close(self) -> None:
        if self._probing is not None:
            self._probing.cancel()
            await asyncio.wait({self._probing}, timeout=_CLOSE_SECONDS)
        for engine in self._engines():
            await engine.dispose()
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
    """Make sure that SQLite's file can be written, and lock it for this process where it must be alone.

    What is made is for its owner alone, also the files that SQLite makes beside it: they take its permissions.
    """
    try:
        make_private_folder(path.parent)
        _require_writable(path)
        if not exclusive:
            return None
        lock = os.fdopen(_opened_for_owner(path.with_name(path.name + ".lock")), "w", encoding="ascii")
    except OSError as error:
        if error.errno in {errno.EACCES, errno.EPERM, errno.EROFS}:
            raise StoreReadOnlyError(sentence("store-read-only", path=str(path))) from error
        raise StoreError(sentence("store-unopened", path=str(path), problem=error.strerror or "")) from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.close()
        raise StartError(sentence("start-second", path=str(path))) from None
    return lock


def _require_writable(path: Path) -> None:
    """Make the file where it is not there; says more clearly than the driver what is wrong with it.

    A file that is there is never opened: closing it would end all locks that SQLite holds on it in this process, and
    whoever looked into it from outside would then take its log away, with all that was stored since.
    """
    try:
        os.close(_opened_for_owner(path, os.O_EXCL))
    except FileExistsError:
        if path.is_dir() or not os.access(path, os.W_OK):
            number = errno.EISDIR if path.is_dir() else errno.EACCES
            raise OSError(number, os.strerror(number)) from None


def _opened_for_owner(path: Path, flags: int = 0) -> int:
    return os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | flags, 0o600)


def _sqlite_engine(url: URL, connections: int) -> AsyncEngine:
    return create_async_engine(
        url,
        pool_size=connections,
        max_overflow=0,
        pool_timeout=_POOL_TIMEOUT_SECONDS,
        connect_args={"async_creator_fn": OneTripConnection.opened},
    )


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
    cursor.execute(f"PRAGMA synchronous = {SYNCHRONOUS}")
    cursor.execute(f"PRAGMA journal_size_limit = {_LOG_BYTES}")
    cursor.close()


class _Deadline:
    """Ends what a connection of SQLite is asked, as PostgreSQL's server does by itself; asked from its own thread.

    What counts is the time that the thread had of a processor, so that one search is not ended because others run.
    """

    def __init__(self) -> None:
        self._seconds: float | None = None
        self._begun: float | None = None
        self._at = 0.0

    def set(self, seconds: float | None, *, at_most: float = _LONGEST_SEARCH_SECONDS) -> None:
        """Let it be over after so many seconds of a processor, and `at_most` of the clock; None for never."""
        self._seconds, self._begun, self._at = seconds, None, time.monotonic() + at_most

    def is_over(self) -> bool:
        if self._seconds is None:
            return False
        if self._begun is None:
            self._begun = time.thread_time()
        return time.thread_time() - self._begun > self._seconds or time.monotonic() > self._at


def _configure_sqlite_reader(connection: Any, record: Any) -> None:
    _configure_sqlite(connection, record)
    deadline = record.info[_Deadline] = _Deadline()
    connection.run_async(lambda driver: driver.set_progress_handler(deadline.is_over, _STEPS_BETWEEN_LOOKS))
    cursor = connection.cursor()
    cursor.execute("PRAGMA query_only = ON")
    cursor.close()


def _postgresql_engine(url: URL, patience: Patience) -> AsyncEngine:
    engine = create_async_engine(
        url,
        pool_size=10,
        max_overflow=5,
        pool_timeout=patience.pool,
        connect_args={"timeout": patience.connect, "command_timeout": patience.answer},
    )
    event.listen(engine.sync_engine, "begin", partial(_limit_transaction, patience))
    event.listen(engine.sync_engine, "checkout", partial(_ping_postgresql, patience))
    event.listen(engine.sync_engine, "handle_error", partial(_give_up_postgresql, patience))
    event.listen(engine.sync_engine, "close", _leave_postgresql)
    return engine


def _limit_transaction(patience: Patience, connection: Connection) -> None:
    # Said in each transaction: a pooler may give every one another session, and leave what was set there to others.
    limits = {
        "lock_timeout": patience.lock,
        "statement_timeout": patience.statement,
        "idle_in_transaction_session_timeout": patience.orphan,
    }
    said = ", ".join(f"set_config('{name}', '{int(seconds * 1000)}', true)" for name, seconds in limits.items())
    connection.exec_driver_sql(f"SELECT {said}")


def _ping_postgresql(patience: Patience, connection: Any, _record: object, _fairy: object) -> None:
    """Replace a connection that broke while nobody used it.

    The pool's own ping counts a missing answer as an error of the unit, and says so for each old connection anew.
    """
    try:
        connection.run_async(lambda driver: driver.execute("SELECT 1", timeout=patience.ping))
    except Exception as error:
        connection.driver_connection.terminate()  # or the pool would wait for its good-bye, too
        raise InvalidatePoolError from error


def _leave_postgresql(connection: Any, _record: object) -> None:
    """Close a connection; one that is silent is left without the good-bye that the driver would wait for."""
    try:
        connection.run_async(lambda driver: driver.close(timeout=_GOOD_BYE_SECONDS))
    except Exception:  # noqa: BLE001 - however it ends, it ends
        connection.driver_connection.terminate()


def _give_up_postgresql(patience: Patience, context: ExceptionContext) -> None:
    """Drop a connection that broke or is silent: given back to the pool, it would break the next unit as well.

    The driver would first wait for the end of what it was asked, as long again. Raises StoreSilentError.
    """
    cause, connection = context.original_exception, context.connection
    is_silent = isinstance(cause, TimeoutError)
    if connection is None or not (is_silent or isinstance(explanation(cause), StoreGoneError)):
        return
    if not connection.invalidated and (driver := connection.connection.driver_connection) is not None:
        driver.terminate()
    context.is_disconnect = True
    if is_silent:
        # One that is silent says nothing of the others; each is asked for a sign of life before it is used.
        context.invalidate_pool_on_disconnect = False
        raise silence(patience.answer) from cause


def begin_immediate(connection: Any) -> None:
    """Take SQLite's write lock at the start: an upgrade in mid-transaction would fail instead of waiting."""
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def begin_deferred(connection: Any) -> None:
    """One view for all that is read together."""
    connection.exec_driver_sql("BEGIN")


# A row set to itself may not be written at all by SQLite; the number in the file's header always is.
_PROBES = {
    "sqlite": "PRAGMA user_version = 0",
    "postgresql": "UPDATE alembic_version SET version_num = version_num",
}
