"""The outbox: what must happen on Discord, each row once."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, and_, case, delete, exists, func, or_, select, update

from bot.model.delivery import Delivery, DeliveryRecord, DeliveryState, Purpose
from bot.model.problem import Problem
from bot.store.group_commit import Transaction
from bot.store.statements import insert
from bot.store.tables import issues, outbox

# A row whose process died keeps its claim until the lease ends, then anybody may take it.
_OPEN_STATES = (DeliveryState.PENDING, DeliveryState.CLAIMED)
_CLAIM_LOCK = 0x434C41494D  # "CLAIM"; any number that is not the migrations'


@dataclass(frozen=True, slots=True)
class Claim:
    """A row, and the process that holds it."""

    outbox_id: int
    incarnation: str


async def enqueue(
    transaction: Transaction,
    *,
    delivery_key: str,
    purpose: Purpose,
    guild_id: int,
    channel_id: int,
    issue_key: str,
    generation: int,
    ping_role_id: int | None,
    now: datetime,
) -> bool:
    """Queue a delivery, due at once; False when it was queued before, whatever became of it."""
    result = await transaction.execute(
        insert(transaction, outbox)
        .values(
            delivery_key=delivery_key,
            purpose=purpose,
            guild_id=guild_id,
            channel_id=channel_id,
            issue_key=issue_key,
            generation=generation,
            ping_role_id=ping_role_id,
            state=DeliveryState.PENDING,
            due_at=now,
            attempts=0,
            created_at=now,
        )
        .on_conflict_do_nothing(index_elements=["delivery_key"])
    )
    return bool(result.rowcount)


async def claim_due(
    transaction: Transaction,
    *,
    incarnation: str,
    now: datetime,
    lease_until: datetime,
    limit: int = 1,
    busy_channels: Collection[int] = (),
) -> list[Delivery]:
    """Take the next due deliveries for this process until `lease_until`, oldest first; none of `busy_channels`.

    A channel keeps its order: what stands behind a delivery that waits, or that another process holds, waits too.
    """
    if transaction.dialect_name == "postgresql":
        # Two claims at once would not see each other's rows, and could part a channel between them.
        await transaction.execute(select(func.pg_advisory_xact_lock(_CLAIM_LOCK)))
    older = outbox.alias("older")
    waits_behind = exists().where(
        older.c.channel_id == outbox.c.channel_id,
        older.c.id < outbox.c.id,
        older.c.state.in_(_OPEN_STATES),
        or_(older.c.due_at > now, older.c.lease_until > now),
    )
    due = (
        select(outbox.c.id)
        .where(
            outbox.c.state.in_(_OPEN_STATES),
            outbox.c.due_at <= now,
            or_(outbox.c.lease_until.is_(None), outbox.c.lease_until <= now),
            outbox.c.channel_id.not_in(list(busy_channels)),
            ~waits_behind,
        )
        .order_by(outbox.c.id)
        .limit(limit)
    )
    rows = await transaction.execute(
        update(outbox)
        .where(outbox.c.id.in_(due))
        .values(
            state=DeliveryState.CLAIMED,
            lease_incarnation=incarnation,
            lease_until=lease_until,
            attempts=outbox.c.attempts + 1,
            first_attempt_at=func.coalesce(outbox.c.first_attempt_at, now),
        )
        .returning(*outbox.c)
    )
    return sorted((_delivery(row) for row in rows), key=lambda delivery: delivery.outbox_id)


async def renew_lease(transaction: Transaction, claim: Claim, *, lease_until: datetime) -> bool:
    """Keep the claim longer; False when it has gone to another process, which acts now in our place."""
    return await _change(transaction, claim, lease_until=lease_until)


async def give_back(transaction: Transaction, claim: Claim, *, due_at: datetime) -> bool:
    """Undo the claim of a delivery that was not begun."""
    return await _change(
        transaction,
        claim,
        state=DeliveryState.PENDING,
        due_at=due_at,
        attempts=outbox.c.attempts - 1,
        first_attempt_at=case((outbox.c.attempts > 1, outbox.c.first_attempt_at)),
        lease_incarnation=None,
        lease_until=None,
    )


async def void_other_leases(transaction: Transaction, *, incarnation: str) -> int:
    """End the claims of earlier processes; only for a database that one process at a time runs on."""
    result = await transaction.execute(
        update(outbox)
        .where(outbox.c.state == DeliveryState.CLAIMED, outbox.c.lease_incarnation != incarnation)
        .values(lease_until=None)
    )
    return result.rowcount


async def mark_sent(
    transaction: Transaction, claim: Claim, *, message_id: int, now: datetime, lease_until: datetime
) -> bool:
    """The message is there; what belongs to it (its thread) may still be missing."""
    return await _change(
        transaction, claim, message_id=message_id, sent_at=now, last_problem=None, lease_until=lease_until
    )


async def mark_done(
    transaction: Transaction, claim: Claim, *, thread_id: int | None, problem: Problem | None = None
) -> bool:
    """All that could be done is done; `problem` says what had to be left out."""
    return await _finish(
        transaction, claim, state=DeliveryState.DONE, thread_id=thread_id, last_problem=_stored(problem)
    )


async def mark_failed(transaction: Transaction, claim: Claim, *, problem: Problem) -> bool:
    """Not again by itself: Discord refuses this message as it is."""
    return await _finish(transaction, claim, state=DeliveryState.FAILED, last_problem=_stored(problem))


async def put_off(transaction: Transaction, claim: Claim, *, problem: Problem, due_at: datetime) -> bool:
    """Try again at `due_at`."""
    return await _change(
        transaction,
        claim,
        state=DeliveryState.PENDING,
        due_at=due_at,
        lease_incarnation=None,
        lease_until=None,
        last_problem=_stored(problem),
    )


async def try_failed_again(transaction: Transaction, delivery_key: str, *, now: datetime) -> bool:
    """Let a delivery that was given up be tried again; False unless it is one.

    Its attempts stay counted: one of them may have arrived unheard, so the channel is searched first.
    """
    result = await transaction.execute(
        update(outbox)
        .where(
            outbox.c.delivery_key == delivery_key,
            outbox.c.state == DeliveryState.FAILED,
            outbox.c.message_id.is_(None),
        )
        .values(state=DeliveryState.PENDING, due_at=now)
    )
    return bool(result.rowcount)


async def cancel_pending(transaction: Transaction, *, guild_id: int, source_id: int, problem: Problem) -> None:
    """Give up what is queued for a server from a source.

    What was never begun is forgotten. Of the rest an attempt may have arrived unheard: its row stays, so that adding
    the source again does not post it twice.
    """
    queued = and_(
        outbox.c.guild_id == guild_id,
        outbox.c.state == DeliveryState.PENDING,
        outbox.c.message_id.is_(None),
        outbox.c.issue_key.in_(select(issues.c.issue_key).where(issues.c.source_id == source_id)),
    )
    await transaction.execute(delete(outbox).where(queued, outbox.c.attempts == 0))
    await transaction.execute(
        update(outbox).where(queued).values(state=DeliveryState.FAILED, due_at=None, last_problem=problem.as_json())
    )


async def troubled(transaction: Transaction, guild_id: int, *, limit: int) -> list[DeliveryRecord]:
    """A server's deliveries that wait because something went wrong, or were refused; newest first."""
    rows = await transaction.execute(
        select(outbox)
        .where(
            outbox.c.guild_id == guild_id,
            outbox.c.last_problem.is_not(None),
            outbox.c.state.in_([DeliveryState.PENDING, DeliveryState.FAILED]),
        )
        .order_by(outbox.c.id.desc())
        .limit(limit)
    )
    return [_record(row) for row in rows]


async def next_due(transaction: Transaction) -> datetime | None:
    """When the outbox has work again; None when it is empty. Only the first open row of a channel counts."""
    first = select(func.min(outbox.c.id)).where(outbox.c.state.in_(_OPEN_STATES)).group_by(outbox.c.channel_id)
    rows = await transaction.execute(select(outbox.c.due_at, outbox.c.lease_until).where(outbox.c.id.in_(first)))
    return min((max(filter(None, (row.due_at, row.lease_until))) for row in rows), default=None)


async def find_delivery(transaction: Transaction, delivery_key: str) -> DeliveryRecord | None:
    row = (await transaction.execute(select(outbox).where(outbox.c.delivery_key == delivery_key))).one_or_none()
    return None if row is None else _record(row)


async def deliveries_of_issue(transaction: Transaction, *, guild_id: int, issue_key: str) -> list[DeliveryRecord]:
    """All that was ever queued for an issue in a server, newest first."""
    rows = await transaction.execute(
        select(outbox)
        .where(outbox.c.guild_id == guild_id, outbox.c.issue_key == issue_key)
        .order_by(outbox.c.id.desc())
    )
    return [_record(row) for row in rows]


async def _finish(transaction: Transaction, claim: Claim, *, state: DeliveryState, **values: Any) -> bool:
    return await _change(
        transaction, claim, state=state, due_at=None, lease_incarnation=None, lease_until=None, **values
    )


async def _change(transaction: Transaction, claim: Claim, **values: Any) -> bool:
    # Only who holds the claim may say what became of it.
    result = await transaction.execute(
        update(outbox)
        .where(
            outbox.c.id == claim.outbox_id,
            outbox.c.state == DeliveryState.CLAIMED,
            outbox.c.lease_incarnation == claim.incarnation,
        )
        .values(**values)
    )
    return bool(result.rowcount)


def _stored(problem: Problem | None) -> str | None:
    return problem.as_json() if problem else None


def _delivery(row: Row[Any]) -> Delivery:
    return Delivery(
        outbox_id=row.id,
        delivery_key=row.delivery_key,
        purpose=Purpose(row.purpose),
        guild_id=row.guild_id,
        channel_id=row.channel_id,
        issue_key=row.issue_key,
        ping_role_id=row.ping_role_id,
        attempts=row.attempts,
        message_id=row.message_id,
        first_attempt_at=row.first_attempt_at,
    )


def _record(row: Row[Any]) -> DeliveryRecord:
    return DeliveryRecord(
        delivery_key=row.delivery_key,
        state=DeliveryState(row.state),
        guild_id=row.guild_id,
        channel_id=row.channel_id,
        issue_key=row.issue_key,
        attempts=row.attempts,
        due_at=row.due_at,
        message_id=row.message_id,
        thread_id=row.thread_id,
        last_problem=Problem.from_json(row.last_problem),
        created_at=row.created_at,
        sent_at=row.sent_at,
    )
