"""The processes that run on one PostgreSQL: which of them live, by its own clock, and what the dead ones held.

Two things speak for a process. Its *beats*: it writes the moment again and again, and whoever wrote none for a while
counts as dead. And a *lock* that lasts as long as its session with the server, which drops it as soon as it hears that
the process is gone. Only the beats say that somebody lives: a stopped process keeps its lock, and so may a pooler for
a dead one. That the lock is gone says that its holder is dead, where at its last beat the session was its own; nothing
can be said of the sessions that the server itself ended when it was started anew.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import (
    BigInteger,
    Integer,
    and_,
    case,
    cast,
    column,
    delete,
    exists,
    false,
    func,
    literal,
    or_,
    select,
    table,
)

from bot.store import attempts as attempt_rows
from bot.store import outbox as outbox_rows
from bot.store import sources as source_rows
from bot.store import websub as lease_rows
from bot.store.group_commit import Transaction
from bot.store.statements import insert
from bot.store.tables import hub_leases, outbox, processes, source_attempts, sources

DEAD_AFTER = timedelta(seconds=3)
"""Without a beat, a process counts as dead."""

_FORGOTTEN_AFTER = timedelta(minutes=10)  # longer than anything is leased

_LEFT_IN_THE_MIDDLE_MS = "2000"

_now = func.clock_timestamp()
_up_since = func.pg_postmaster_start_time()
_own_pid = func.pg_backend_pid()
# A key of 64 bits is kept in two halves there: https://www.postgresql.org/docs/current/view-pg-locks.html
_locks = table(
    "pg_locks",
    *(column(name) for name in ("locktype", "database", "classid", "objid", "objsubid", "pid", "granted")),
)
_databases = table("pg_database", column("oid"), column("datname"))


@dataclass(frozen=True, slots=True)
class Neighbour:
    """Another process on the same database.

    `lingers`: it holds a claim, or was silent for so long that it can be forgotten.
    """

    incarnation: str
    is_dead: bool
    lingers: bool


async def take_lock(transaction: Transaction, *, lock_key: int, session_pid: int) -> bool:
    """Lock for as long as this session lasts; False where it is not our own, or still counts as an earlier one's."""
    # Through a pooler it is not even tried: it would be left to whoever gets that session next.
    mine = case((_own_pid == session_pid, func.pg_try_advisory_lock(literal(lock_key, BigInteger))), else_=false())
    return bool((await transaction.execute(select(mine))).scalar_one())


async def beat(transaction: Transaction, incarnation: str, *, lock_key: int, session_pid: int | None) -> bool:
    """Say that this process lives; whether its lock in that session speaks for it, too."""
    await transaction.execute(
        select(
            # The moment of a beat is worth nothing after a crash of the server, so it need not wait for a slow disk.
            func.set_config("synchronous_commit", "off", True),
            # Whoever is stopped in the middle of this must not keep its row locked against those who take over.
            func.set_config("idle_in_transaction_session_timeout", _LEFT_IN_THE_MIDDLE_MS, True),
        )
    )
    is_own = and_(_own_pid == session_pid, _is_locked(_own_pid, literal(lock_key, BigInteger)))
    now = {
        "beat_at": _now,
        "session_pid": case((is_own, _own_pid)) if session_pid is not None else None,
        "server_started_at": _up_since,
    }
    result = await transaction.execute(
        insert(transaction, processes)
        .values(incarnation=incarnation, lock_key=lock_key, **now)
        .on_conflict_do_update(index_elements=["incarnation"], set_=now)
        .returning(processes.c.session_pid)
    )
    return result.scalar_one() is not None


async def neighbours(transaction: Transaction, incarnation: str) -> list[Neighbour]:
    """The other processes, as far as they are remembered."""
    lingers = or_(processes.c.beat_at < _now - _FORGOTTEN_AFTER, _holds_something())
    rows = await transaction.execute(
        select(processes.c.incarnation, _is_dead().label("is_dead"), lingers.label("lingers")).where(
            processes.c.incarnation != incarnation
        )
    )
    return [Neighbour(row.incarnation, row.is_dead, row.lingers) for row in rows]


async def free_claims_of_the_dead(transaction: Transaction, incarnation: str) -> int:
    """End what dead processes had claimed, and forget those that are long dead; how many claims that were.

    What one of them keeps locked, because it was stopped in the middle of a transaction, stays for the next time.
    """
    # Locked: one that is not dead after all beats again when this is done, and then claims anew. One that is locked
    # already was stopped in the middle of a beat, or somebody else sees to it.
    rows = await transaction.execute(
        select(processes.c.incarnation)
        .where(processes.c.incarnation != incarnation, _is_dead())
        .order_by(processes.c.incarnation)
        .with_for_update(skip_locked=True)
    )
    dead = rows.scalars().all()
    freed = await _free(transaction, dead)
    await transaction.execute(
        delete(processes).where(processes.c.incarnation.in_(dead), processes.c.beat_at < _now - _FORGOTTEN_AFTER)
    )
    return freed


async def leave(transaction: Transaction, incarnation: str) -> None:
    """End: what the process could not finish is free.

    While one of its claims is locked by what it left in the middle, it is remembered, and dead for the others.
    """
    await _free(transaction, [incarnation], have_died=False)
    await transaction.execute(delete(processes).where(processes.c.incarnation == incarnation, ~_holds_something()))


async def _free(transaction: Transaction, incarnations: Collection[str], *, have_died: bool = True) -> int:
    freed = await outbox_rows.void_leases_of(transaction, incarnations)
    freed += await source_rows.void_claims_of(transaction, incarnations, have_died=have_died)
    freed += await attempt_rows.end_of(transaction, incarnations)
    return freed + await lease_rows.void_claims_of(transaction, incarnations)


def _holds_something() -> Any:
    return or_(
        exists().where(outbox.c.lease_incarnation == processes.c.incarnation, outbox.c.lease_until.is_not(None)),
        exists().where(sources.c.lease_incarnation == processes.c.incarnation),
        exists().where(hub_leases.c.lease_incarnation == processes.c.incarnation),
        exists().where(source_attempts.c.lease_incarnation == processes.c.incarnation),
    )


def _is_dead() -> Any:
    # While the server was down nobody could beat.
    is_silent = func.greatest(processes.c.beat_at, _up_since) < _now - DEAD_AFTER
    has_lost_its_session = and_(
        processes.c.session_pid.is_not(None),
        processes.c.server_started_at == _up_since,
        ~_is_locked(processes.c.session_pid, processes.c.lock_key),
    )
    return or_(is_silent, has_lost_its_session)


def _is_locked(pid: Any, lock_key: Any) -> Any:
    high, low = (cast(half, BigInteger) for half in (_locks.c.classid, _locks.c.objid))
    return exists().where(
        _locks.c.locktype == "advisory",
        _locks.c.database
        == select(_databases.c.oid).where(_databases.c.datname == func.current_database()).scalar_subquery(),
        _locks.c.objsubid == 1,
        _locks.c.granted,
        _locks.c.pid == pid,
        high.op("<<")(literal(32, Integer)).op("|")(low) == lock_key,
    )
