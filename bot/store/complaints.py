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
from bot.texts import text

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
        return StoreBusyError(text("store-busy"))
    if isinstance(cause, TimeoutError):
        return StoreGoneError(text("store-gone", what=text("store-gone-no-answer")))
    if isinstance(cause, OSError):
        return StoreGoneError(text("store-gone", what=cause.strerror or str(cause)))
    if cause is not None and _is_of_a_broken_connection(cause):
        return StoreGoneError(text("store-gone", what=text("store-gone-broke")))
    return None


def silence(seconds: float) -> StoreSilentError:
    """The sentence for a statement that got no answer; one that the server itself ended has another."""
    return StoreSilentError(text("store-silent", seconds=f"{seconds:g}"))


def _is_of_a_broken_connection(cause: BaseException) -> bool:
    kinds = {kind.__name__ for kind in (*type(cause).__mro__, *type(cause.__cause__).__mro__)}
    if _OUT_OF_STEP in kinds:
        return _TABLES_CHANGED not in kinds
    return "InterfaceError" in kinds and "DataError" not in kinds and _BROKEN.search(str(cause)) is not None


def _sqlite_explanation(code: int, what: str) -> StoreError | None:
    kind = code & 0xFF  # the rest says more precisely where: https://www.sqlite.org/rescode.html
    if kind in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}:
        return StoreBusyError(text("store-locked"))
    if kind == sqlite3.SQLITE_INTERRUPT:
        return StoreSlowError(text("store-slow", what=what))
    if kind in _SQLITE_READ_ONLY:
        return StoreReadOnlyError(text("store-read-only", path="file"))
    # The second is what a full disk says when the index of the log has to grow.
    if kind == sqlite3.SQLITE_FULL or code == sqlite3.SQLITE_IOERR_SHMSIZE:
        return StoreFullError(text("store-full"))
    if kind in {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}:
        return StoreDamagedError(text("store-damaged", what=what))
    if kind == sqlite3.SQLITE_IOERR:
        return StoreError(text("store-disk"))
    return None


def _postgresql_explanation(state: str, what: str) -> StoreError | None:
    """By SQLSTATE: https://www.postgresql.org/docs/current/errcodes-appendix.html."""
    if state == "53100":
        return StoreFullError(text("store-server-full", what=what))
    if state == "25006":
        return StoreReadOnlyError(text("store-server-read-only", what=what))
    if state in {"XX001", "XX002"}:
        return StoreDamagedError(text("store-damaged", what=what))
    if state.startswith(("08", "57P")) or state in {"25P03", "25P04"}:  # the latter end the connection, too
        return StoreGoneError(text("store-gone", what=what))
    if state == "57014":
        return StoreSlowError(text("store-slow", what=what))
    if state.startswith(("40", "53")) or state == "55P03":
        return StoreBusyError(text("store-server-busy", what=what))
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
            raise StoreError(text("store-refuses", what=str(error.orig))) from error
        raise
