"""What databases complain of, as sentences for the operator: what it is, and what to do."""

import contextlib
import re
import sqlite3
from collections.abc import AsyncIterator

from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from bot.errors import (
    PressroomError,
    StoreBusyError,
    StoreDamagedError,
    StoreError,
    StoreFullError,
    StoreGoneError,
    StoreReadOnlyError,
    StoreSilentError,
    StoreSlowError,
)

READ_ONLY = (
    "The database {path} cannot be written. Check the owner and permissions of the file and of its folder, and that "
    "the disk is not mounted read-only."
)
_FULL = "The disk is full: nothing can be stored until there is room again. Delete what is not needed, or enlarge it."
DAMAGED = (
    "The database is damaged: {what}. Stop Pressroom, keep a copy of the database as it is, and restore the last "
    "backup."
)
_GONE = (
    "The database cannot be reached: {what}. Check that its server runs, that it can be reached from here, and that "
    "DATABASE_URL names it."
)

_SLOW = (
    "The database took too long for what it was asked ({what}). Try again; if that lasts, see what slows its server "
    "or disk."
)
_SILENT = (
    "The database did not answer within {seconds:g} seconds: it may be overloaded or out of reach. If that lasts, see "
    "what slows its server, and whether it can be reached from here."
)

# What asyncpg says in plain words when its connection is of no use any more: it broke, or does something else.
_BROKEN = re.compile(
    r"connection is closed|not connected|another operation|the transaction is |manually started transaction"
    r"|released back to the pool"
)
# Of asyncpg's own errors, by their names, since SQLAlchemy names its own alike: its protocol came out of step …
_OUT_OF_STEP = "InternalClientError"
# … but for one that only says that the tables were changed meanwhile.
_TABLES_CHANGED = "OutdatedSchemaCacheError"

_SQLITE_READ_ONLY = {sqlite3.SQLITE_PERM, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN}


def explanation(cause: BaseException | None) -> StoreError | None:
    """The sentence for a driver's error; None for what is no trouble of the database, as a broken constraint."""
    code: int | None = getattr(cause, "sqlite_errorcode", None)
    if code is not None:
        return _sqlite_explanation(code, str(cause))
    state: str | None = getattr(cause, "sqlstate", None)
    if state is not None:
        return _postgresql_explanation(state, str(cause))
    if isinstance(cause, PoolTimeoutError):
        return StoreBusyError("The database has more to do than it can. Try again; if that lasts, see what slows it.")
    if isinstance(cause, TimeoutError):
        return StoreGoneError(_GONE.format(what="it does not answer"))
    if isinstance(cause, OSError):
        return StoreGoneError(_GONE.format(what=cause.strerror or cause))
    if cause is not None and _is_of_a_broken_connection(cause):
        return StoreGoneError(_GONE.format(what="the connection to it broke"))
    return None


def silence(seconds: float) -> StoreSilentError:
    """The sentence for a statement that got no answer; one that the server itself ended has another."""
    return StoreSilentError(_SILENT.format(seconds=seconds))


def _is_of_a_broken_connection(cause: BaseException) -> bool:
    kinds = {kind.__name__ for kind in (*type(cause).__mro__, *type(cause.__cause__).__mro__)}
    if _OUT_OF_STEP in kinds:
        return _TABLES_CHANGED not in kinds
    return "InterfaceError" in kinds and "DataError" not in kinds and _BROKEN.search(str(cause)) is not None


def _sqlite_explanation(code: int, what: str) -> StoreError | None:
    kind = code & 0xFF  # the rest says more precisely where: https://www.sqlite.org/rescode.html
    if kind in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}:
        return StoreBusyError("The database is locked by another program. Close whatever has it open and try again.")
    if kind == sqlite3.SQLITE_INTERRUPT:
        return StoreSlowError(_SLOW.format(what=what))
    if kind in _SQLITE_READ_ONLY:
        return StoreReadOnlyError(READ_ONLY.format(path="file"))
    # The second is what a full disk says when the index of the log has to grow.
    if kind == sqlite3.SQLITE_FULL or code == sqlite3.SQLITE_IOERR_SHMSIZE:
        return StoreFullError(_FULL)
    if kind in {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}:
        return StoreDamagedError(DAMAGED.format(what=what))
    if kind == sqlite3.SQLITE_IOERR:
        return StoreError(
            "The disk refuses to read or write the database. See whether it is full, over its quota or mounted "
            "read-only; if not, it is failing: look into the system's log, and have a backup elsewhere."
        )
    return None


def _postgresql_explanation(state: str, what: str) -> StoreError | None:
    """By SQLSTATE: https://www.postgresql.org/docs/current/errcodes-appendix.html."""
    if state == "53100":
        return StoreFullError(
            f"The disk of the database server is full ({what}): nothing can be stored until it has room."
        )
    if state == "25006":
        return StoreReadOnlyError(
            f"The database server takes no writes ({what}). It is a standby, or was set read-only, often because its "
            "disk is full: name the primary in DATABASE_URL, or let the server be written again."
        )
    if state in {"XX001", "XX002"}:
        return StoreDamagedError(DAMAGED.format(what=what))
    if state.startswith(("08", "57P")) or state in {"25P03", "25P04"}:  # the latter end the connection, too
        return StoreGoneError(_GONE.format(what=what))
    if state == "57014":
        return StoreSlowError(_SLOW.format(what=what))
    if state.startswith(("40", "53")) or state == "55P03":
        return StoreBusyError(f"The database server is too busy ({what}). Try again; if that lasts, see what slows it.")
    return None


@contextlib.asynccontextmanager
async def translated_errors() -> AsyncIterator[None]:
    """Turn the drivers' errors into sentences for the operator; constraint violations pass as they are."""
    try:
        yield
    except PressroomError:
        raise
    except Exception as error:
        told = explanation(error.orig if isinstance(error, DBAPIError) else error)
        if told is not None:
            raise told from error
        if type(error) is DBAPIError or isinstance(error, OperationalError | InterfaceError):
            raise StoreError(f"The database refuses: {error.orig}. Check DATABASE_URL and the server.") from error
        raise
