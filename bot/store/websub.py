"""What hubs were asked to tell, one lease a source."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, delete, exists, func, or_, select, update

from bot.model.hub import Hub
from bot.model.problem import Problem
from bot.model.worker import WorkerName
from bot.store.group_commit import Transaction
from bot.store.statements import insert
from bot.store.tables import hub_leases, sources, subscriptions


@dataclass(frozen=True, slots=True)
class Lease:
    """What one hub tells of one source; `secret` is sealed. leased_until: None while the hub has not confirmed it.

    is_read: a server still reads the source. last_read_at: when the source was read. wanted_at: when it is to be read
    for a call. is_failing: it could not be read lately.
    """

    source_id: int
    hub: Hub
    token: str
    secret: bytes | None
    leased_until: datetime | None
    ask_at: datetime
    failures: int
    is_read: bool
    last_read_at: datetime | None
    wanted_at: datetime | None
    is_failing: bool


async def set_hub(transaction: Transaction, source_id: int, hub: Hub, *, token: str, secret: bytes | None) -> None:
    """Let this be the source's hub, to be asked now; what another one was asked before is void."""
    given = {
        "hub_url": hub.url,
        "topic_url": hub.topic,
        "token": token,
        "secret": secret,
        "leased_until": None,
        "ask_at": transaction.now,
        "failures": 0,
        "last_problem": None,
        "lease_incarnation": None,
    }
    await transaction.execute(
        insert(transaction, hub_leases)
        .values(source_id=source_id, **given)
        .on_conflict_do_update(index_elements=["source_id"], set_=given)
    )
    transaction.wake(WorkerName.HUBS)


async def hub_of(transaction: Transaction, source_id: int) -> Hub | None:
    row = (
        await transaction.execute(
            select(hub_leases.c.hub_url, hub_leases.c.topic_url).where(hub_leases.c.source_id == source_id)
        )
    ).one_or_none()
    return None if row is None else Hub(row.hub_url, row.topic_url)


async def remove_hub(transaction: Transaction, source_id: int) -> None:
    await transaction.execute(delete(hub_leases).where(hub_leases.c.source_id == source_id))


async def remove_unread(transaction: Transaction, token: str) -> None:
    """Forget a lease, unless somebody reads its source (again)."""
    is_read = exists().where(subscriptions.c.source_id == hub_leases.c.source_id)
    await transaction.execute(delete(hub_leases).where(hub_leases.c.token == token, ~is_read))


async def claim_due(
    transaction: Transaction,
    *,
    incarnation: str,
    until: datetime,
    longest: timedelta,
    limit: int,
    busy: Collection[int] = (),
) -> list[Lease]:
    """Those that have to be asked for (again), but for the sources in `busy`.

    While this process lives, nobody else gets them before `until`.
    """
    due = (
        select(hub_leases.c.source_id)
        # What lies farther away than any lease was written while the clock was wrong.
        .where(
            or_(hub_leases.c.ask_at <= transaction.now, hub_leases.c.ask_at > transaction.now + longest),
            hub_leases.c.source_id.not_in(busy),
        )
        .order_by(hub_leases.c.ask_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    rows = await transaction.execute(
        update(hub_leases)
        .where(hub_leases.c.source_id.in_(due))
        .values(ask_at=until, lease_incarnation=incarnation)
        .returning(hub_leases.c.source_id)
    )
    return await _leases(transaction, hub_leases.c.source_id.in_(list(rows.scalars())))


async def void_claims_of(transaction: Transaction, incarnations: Collection[str]) -> int:
    """Let what these processes were asking for be asked for now."""
    held = (
        select(hub_leases.c.source_id)
        .where(hub_leases.c.lease_incarnation.in_(list(incarnations)), hub_leases.c.lease_incarnation.is_not(None))
        .order_by(hub_leases.c.source_id)
        .with_for_update(skip_locked=True)
    )
    result = await transaction.execute(
        update(hub_leases)
        .where(hub_leases.c.source_id.in_(held))
        .values(ask_at=transaction.now, lease_incarnation=None)
    )
    return result.rowcount


async def void_other_claims(transaction: Transaction, *, incarnation: str) -> int:
    """Let what others were asking for be asked for now; only for a database that one process at a time runs on."""
    result = await transaction.execute(
        update(hub_leases)
        .where(hub_leases.c.lease_incarnation != incarnation)
        .values(ask_at=transaction.now, lease_incarnation=None)
    )
    return result.rowcount


async def next_asking(transaction: Transaction) -> datetime | None:
    """When the next one has to be asked for; None when there is none."""
    moment: datetime | None = (await transaction.execute(select(func.min(hub_leases.c.ask_at)))).scalar_one()
    return moment


async def find(transaction: Transaction, token: str) -> Lease | None:
    found = await _leases(transaction, hub_leases.c.token == token)
    return found[0] if found else None


async def confirm(transaction: Transaction, token: str, *, until: datetime, ask_at: datetime) -> None:
    """The hub tells until then; it is asked again at `ask_at`."""
    await transaction.execute(
        update(hub_leases)
        .where(hub_leases.c.token == token)
        .values(leased_until=until, ask_at=ask_at, failures=0, last_problem=None, lease_incarnation=None)
    )
    transaction.wake(WorkerName.HUBS)


async def put_off(transaction: Transaction, lease: Lease, *, ask_at: datetime, problem: Problem | None) -> None:
    """It was asked for, and is asked for again at that moment, if nothing else comes; with a problem, in vain.

    lease: as it was claimed. A hub that called back before it answered has said more than its answer.
    """
    failed = problem is not None
    await transaction.execute(
        update(hub_leases)
        .where(hub_leases.c.token == lease.token, hub_leases.c.ask_at == lease.ask_at)
        .values(
            ask_at=ask_at,
            lease_incarnation=None,
            failures=hub_leases.c.failures + int(failed),
            last_problem=problem.as_json() if problem is not None else None,
        )
    )


async def give_back(transaction: Transaction, lease: Lease, *, ask_at: datetime) -> None:
    """Undo the claim: it is asked for at that moment, as if nobody had tried."""
    await transaction.execute(
        update(hub_leases)
        .where(hub_leases.c.token == lease.token, hub_leases.c.ask_at == lease.ask_at)
        .values(ask_at=ask_at)
    )


async def void_claim(transaction: Transaction, *, until: datetime, ask_at: datetime) -> None:
    """Undo what was claimed until that moment, where nobody knows what that was."""
    await transaction.execute(update(hub_leases).where(hub_leases.c.ask_at == until).values(ask_at=ask_at))


async def deny(transaction: Transaction, token: str, *, ask_at: datetime, problem: Problem) -> None:
    """The hub does not tell any more."""
    await transaction.execute(
        update(hub_leases)
        .where(hub_leases.c.token == token)
        .values(leased_until=None, ask_at=ask_at, last_problem=problem.as_json(), lease_incarnation=None)
    )
    transaction.wake(WorkerName.HUBS)


async def ask_soon(transaction: Transaction, source_ids: Sequence[int]) -> None:
    """Something changed about these sources: look at their leases now."""
    await transaction.execute(
        update(hub_leases)
        .where(hub_leases.c.source_id.in_(source_ids))
        .values(ask_at=transaction.now, lease_incarnation=None)
    )
    transaction.wake(WorkerName.HUBS)


async def told_until(transaction: Transaction, source_ids: Sequence[int]) -> dict[int, Hub]:
    """Which of these sources a hub tells about at present."""
    rows = await transaction.execute(
        select(hub_leases).where(hub_leases.c.source_id.in_(source_ids), hub_leases.c.leased_until > transaction.now)
    )
    return {row.source_id: Hub(row.hub_url, row.topic_url) for row in rows}


async def _leases(transaction: Transaction, condition: Any) -> list[Lease]:
    is_read = exists().where(subscriptions.c.source_id == hub_leases.c.source_id)
    rows = await transaction.execute(
        select(
            hub_leases,
            sources.c.last_read_at,
            sources.c.wanted_at,
            (sources.c.failures > 0).label("is_failing"),
            is_read.label("is_read"),
        )
        .join(sources, sources.c.id == hub_leases.c.source_id)
        .where(condition)
        .order_by(hub_leases.c.source_id)
    )
    return [_lease(row) for row in rows]


def _lease(row: Row[Any]) -> Lease:
    return Lease(
        source_id=row.source_id,
        hub=Hub(row.hub_url, row.topic_url),
        token=row.token,
        secret=row.secret,
        leased_until=row.leased_until,
        ask_at=row.ask_at,
        failures=row.failures,
        is_read=bool(row.is_read),
        last_read_at=row.last_read_at,
        wanted_at=row.wanted_at,
        is_failing=row.is_failing,
    )
