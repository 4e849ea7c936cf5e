"""The outbox: what must happen on Discord, each row once."""

from base64 import b32encode
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from hashlib import sha256
from typing import Any

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Exists,
    Integer,
    Row,
    Select,
    and_,
    bindparam,
    case,
    delete,
    exists,
    false,
    func,
    literal,
    null,
    or_,
    select,
    text,
    type_coerce,
    update,
)

from bot.model.delivery import Delivery, DeliveryRecord, DeliveryState, Purpose, Sent
from bot.model.problem import Problem
from bot.model.worker import WorkerName
from bot.store.group_commit import Transaction
from bot.store.installation import installation_id, known_id
from bot.store.statements import greatest, insert, plan_by_index
from bot.store.tables import TROUBLED, UtcDateTime, issues, outbox, stopped_channels

# Pending or claimed; a row whose process died keeps its claim until the lease ends, then anybody may take it. Said
# like this, not by the state, so that databases know that the indices of open rows serve.
_IS_OPEN = outbox.c.due_at.is_not(None)
# What keeps its order; but each refresh is of a card of its own.
_LANE = (outbox.c.channel_id, outbox.c.purpose, case((outbox.c.purpose == Purpose.REFRESH, outbox.c.id), else_=0))
# A message of its own, and no change of one that stands there.
_POSTS = and_(outbox.c.target_id.is_(None), outbox.c.purpose != Purpose.REFRESH)
_CHOSEN_FOR_EACH_TAKEN = 8  # so that processes that claim at the same moment find something each
_MOST_CHOSEN = 10_000  # PostgreSQL takes 32,767 parameters a statement


@dataclass(frozen=True, slots=True)
class Claim:
    """A row, and the process that holds it."""

    outbox_id: int
    incarnation: str


@dataclass(frozen=True, slots=True)
class Refresh:
    """A card to be drawn anew at `due_at`, and no sooner than `apart` from the last time."""

    guild_id: int
    channel_id: int
    subject_key: str
    due_at: datetime
    apart: timedelta


async def enqueue(
    transaction: Transaction,
    *,
    purpose: Purpose,
    guild_id: int,
    channel_id: int,
    subject_key: str,
    identity: str | None = None,
    generation: int = 0,
    wants_ping: bool = False,
    target_id: int | None = None,
    words: Problem | None = None,
    due_at: datetime | None = None,
) -> bool:
    """Queue a delivery, due at once or at `due_at`; False when it was queued before, whatever became of it.

    That is known by its delivery key, the idempotency key by which the outbox deduplicates. identity: what it is about,
    where that is not `subject_key`.
    """
    key = await delivery_key(
        transaction,
        purpose=purpose,
        guild_id=guild_id,
        channel_id=channel_id,
        identity=subject_key if identity is None else identity,
        generation=generation,
    )
    result = await transaction.execute(
        insert(transaction, outbox)
        .values(
            delivery_key=key,
            purpose=purpose,
            guild_id=guild_id,
            channel_id=channel_id,
            subject_key=subject_key,
            generation=generation,
            wants_ping=wants_ping,
            target_id=target_id,
            words=_stored(words),
            state=DeliveryState.PENDING,
            due_at=due_at or transaction.now,
            attempts=0,
            created_at=transaction.now,
        )
        .on_conflict_do_nothing(index_elements=["delivery_key"])
    )
    transaction.wake(WorkerName.OUTBOX)
    return bool(result.rowcount)


async def enqueue_refreshes(transaction: Transaction, refreshes: Collection[Refresh]) -> None:
    """Let cards be drawn anew, unless they are to be; of several changes of one card the last counts.

    All of them are locked first, in the order in which they are claimed: two transactions that wait for each other
    would both be lost.
    """
    wanted: dict[str, Refresh] = {}
    for each in refreshes:
        key = await delivery_key(
            transaction,
            purpose=Purpose.REFRESH,
            guild_id=each.guild_id,
            channel_id=each.channel_id,
            identity=each.subject_key,
        )
        wanted[key] = each
    if len(wanted) > 1:
        rows = select(outbox.c.id).where(outbox.c.delivery_key.in_(list(wanted)))
        await transaction.execute(rows.order_by(outbox.c.id).with_for_update())
    for key, refresh in wanted.items():
        await _enqueue_refresh(transaction, key, refresh)


async def _enqueue_refresh(transaction: Transaction, key: str, refresh: Refresh) -> None:
    """There is one row a card.

    While it waits, it is going to show this change too; while it is being drawn, its revision says that it has to be
    drawn once more.
    """
    # Locked: whoever claims it meanwhile draws what is true after this transaction.
    row = (
        await transaction.execute(
            select(outbox.c.state, outbox.c.sent_at).where(outbox.c.delivery_key == key).with_for_update()
        )
    ).one_or_none()
    if row is not None and row.state == DeliveryState.PENDING:
        return
    due_at = refresh.due_at
    if row is not None and row.sent_at is not None and row.sent_at <= transaction.now:
        due_at = max(due_at, row.sent_at + refresh.apart)
    rests = outbox.c.state.in_([DeliveryState.DONE, DeliveryState.FAILED])
    await transaction.execute(
        insert(transaction, outbox)
        .values(
            delivery_key=key,
            purpose=Purpose.REFRESH,
            guild_id=refresh.guild_id,
            channel_id=refresh.channel_id,
            subject_key=refresh.subject_key,
            generation=0,
            state=DeliveryState.PENDING,
            due_at=due_at,
            attempts=0,
            created_at=transaction.now,
        )
        .on_conflict_do_update(
            index_elements=["delivery_key"],
            set_={
                "revision": outbox.c.revision + 1,
                "state": case((rests, literal(DeliveryState.PENDING.value)), else_=outbox.c.state),
                "due_at": case((rests, literal(due_at, outbox.c.due_at.type)), else_=outbox.c.due_at),
                "attempts": case((rests, 0), else_=outbox.c.attempts),
                "last_problem": case((rests, null()), else_=outbox.c.last_problem),
            },
        )
    )
    transaction.wake(WorkerName.OUTBOX)


async def delivery_key(
    transaction: Transaction,
    *,
    purpose: Purpose,
    guild_id: int,
    channel_id: int,
    identity: str,
    generation: int = 0,
) -> str:
    """52 characters that name one effect for ever. The staff is told once, wherever that is.

    They are made of what it *is*, never of a row id, which SQLite and a restored database use again.
    """
    installed = await installation_id(transaction)
    place = 0 if purpose == Purpose.NOTICE else channel_id
    parts = (installed, str(guild_id), str(place), identity, purpose, str(generation))
    return b32encode(sha256("\x1f".join(parts).encode()).digest()).decode().rstrip("=").lower()


async def is_published(transaction: Transaction, *, guild_id: int, subject_key: str) -> bool:
    """Whether an announcement was handed on to the channels that follow, or is going to be."""
    result = await transaction.execute(
        select(
            exists().where(
                outbox.c.guild_id == guild_id,
                outbox.c.subject_key == subject_key,
                outbox.c.purpose == Purpose.PUBLISH,
                outbox.c.state != DeliveryState.FAILED,
            )
        )
    )
    return bool(result.scalar_one())


async def claim_due(
    transaction: Transaction,
    *,
    incarnation: str,
    lease_until: datetime,
    limit: int = 1,
    busy: Collection[tuple[int, Purpose]] = (),
) -> list[Delivery]:
    """Take due deliveries for this process until `lease_until`, the oldest first; none of the lanes in `busy`.

    A lane (one purpose in one channel) keeps its order: what stands behind a delivery that waits, or that another
    process holds, waits too. Nothing is taken for a channel that is stopped. Only open rows are looked at, however
    many finished ones there are, and several processes may claim at once: each chooses heads of lanes, locks what
    nobody else has locked with what follows it, and then looks anew whether all that stands before is its own or done.
    """
    await plan_by_index(transaction)
    for most in (limit * _CHOSEN_FOR_EACH_TAKEN, _MOST_CHOSEN):  # others may lock all of the first at the same moment
        heads = _heads()
        if busy:
            heads = heads.where(~or_(*(_is_in(lane) for lane in busy)))
        rows = await transaction.execute(heads, {"now": transaction.now, "most": most})
        chosen = list(rows.scalars())
        own = await _lock_free(transaction, outbox.c.id.in_(chosen), limit=limit)
        if own or len(chosen) < most:
            break
    if not own:
        return []
    for head in list(own):
        if len(own) == limit:
            break
        # Each refresh is a head of its own.
        follows = and_(
            outbox.c.channel_id == head.channel_id,
            outbox.c.purpose == head.purpose,
            outbox.c.purpose != Purpose.REFRESH,
            outbox.c.id > head.id,
            _IS_OPEN,
        )
        next_ones = select(outbox.c.id).where(follows).order_by(outbox.c.id).limit(limit - len(own))
        ids = list((await transaction.execute(next_ones)).scalars())
        own += await _lock_free(transaction, outbox.c.id.in_(ids), limit=len(ids))
    return await _take(transaction, [row.id for row in own], incarnation=incarnation, lease_until=lease_until)


async def _lock_free(
    transaction: Transaction, chosen: ColumnElement[bool], *, limit: int
) -> list[Row[tuple[int, int, Purpose]]]:
    """Lock so many of these rows as are free still and locked by nobody else: id, channel and purpose of each."""
    if not limit:
        return []
    rows = await transaction.execute(
        select(outbox.c.id, outbox.c.channel_id, outbox.c.purpose)
        .where(chosen, _is_free(transaction.now))
        .order_by(outbox.c.due_at, outbox.c.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return list(rows)


async def _take(
    transaction: Transaction, own: Sequence[int], *, incarnation: str, lease_until: datetime
) -> list[Delivery]:
    """Claim these rows, which are locked, but for those that stand behind another open one."""
    older = outbox.alias("older")
    waits_behind = _stands_before(older).where(older.c.id.not_in(own))
    # A statement of its own, which sees what others have done by now.
    rows = await transaction.execute(
        update(outbox)
        .where(outbox.c.id.in_(own), ~waits_behind)
        .values(
            state=DeliveryState.CLAIMED,
            lease_incarnation=incarnation,
            lease_until=lease_until,
            attempts=outbox.c.attempts + 1,
        )
        .returning(*outbox.c)
    )
    return sorted((_delivery(row) for row in rows), key=lambda delivery: delivery.outbox_id)


@cache  # putting it together takes longer than asking it
def _heads() -> Select[tuple[int]]:
    """Ids of the first `most` open rows of lanes that may be taken `now`, due for the longest first."""
    now: BindParameter[datetime] = bindparam("now", type_=outbox.c.due_at.type)
    lane = outbox.alias("lane")
    # Asked of the index, row by row: as a join, a long lane would be compared with itself.
    first = select(func.min(lane.c.id)).where(
        lane.c.channel_id == outbox.c.channel_id, lane.c.purpose == outbox.c.purpose, lane.c.due_at.is_not(None)
    )
    is_head = or_(outbox.c.purpose == Purpose.REFRESH, outbox.c.id == first.scalar_subquery())
    return (
        select(outbox.c.id)
        .where(_is_free(now), ~_is_stopped(now), is_head)
        .order_by(outbox.c.due_at, outbox.c.id)  # not by the id alone: its index holds what is finished, too
        .limit(bindparam("most", type_=Integer()))
    )


def _is_in(lane: tuple[int, Purpose]) -> ColumnElement[bool]:
    channel_id, purpose = lane
    return and_(outbox.c.channel_id == channel_id, outbox.c.purpose == purpose)


def _is_free(now: Any) -> ColumnElement[bool]:
    """It is due, and nobody holds it."""
    return and_(outbox.c.due_at <= now, or_(outbox.c.lease_until.is_(None), outbox.c.lease_until <= now))


def _stands_before(older: Any) -> Exists:
    """Whether there is an open row before one in its lane; each refresh is of a card of its own."""
    return exists().where(
        older.c.channel_id == outbox.c.channel_id,
        older.c.purpose == outbox.c.purpose,
        older.c.due_at.is_not(None),
        older.c.id < outbox.c.id,
        older.c.purpose != Purpose.REFRESH,
    )


async def begin_sending(
    transaction: Transaction, claim: Claim, *, doubt_since: datetime, lease_until: datetime
) -> bool:
    """From now on the message may arrive; False when the claim has gone to another process, which acts in our place."""
    return await _change(transaction, claim, doubt_since=doubt_since, lease_until=lease_until)


async def settle_doubt(transaction: Transaction, claim: Claim, *, doubt_since: datetime | None) -> bool:
    """Discord said that it did not take the message; `doubt_since` is what remains of an earlier attempt."""
    return await _change(transaction, claim, doubt_since=doubt_since)


async def settle_ping(transaction: Transaction, claim: Claim, *, role_id: int | None) -> bool:
    """It is decided whom this message mentions."""
    return await _change(transaction, claim, ping_role_id=role_id, wants_ping=False)


async def give_back(transaction: Transaction, claim: Claim, *, due_at: datetime) -> bool:
    """Undo the claim of a delivery that was not begun."""
    return await _change(
        transaction,
        claim,
        state=DeliveryState.PENDING,
        due_at=due_at,
        attempts=outbox.c.attempts - 1,
        lease_incarnation=None,
        lease_until=None,
    )


async def place(transaction: Transaction, claim: Claim, *, channel_id: int, due_at: datetime) -> bool:
    """Undo the claim of a delivery of which only now is known to which channel it goes."""
    return await _change(
        transaction,
        claim,
        state=DeliveryState.PENDING,
        channel_id=channel_id,
        due_at=due_at,
        attempts=outbox.c.attempts - 1,
        lease_incarnation=None,
        lease_until=None,
    )


async def void_claim(transaction: Transaction, *, incarnation: str, lease_until: datetime, due_at: datetime) -> None:
    """Undo what a process claimed until that moment, where it does not know what it got."""
    await transaction.execute(
        update(outbox)
        .where(
            outbox.c.state == DeliveryState.CLAIMED,
            outbox.c.lease_incarnation == incarnation,
            outbox.c.lease_until == lease_until,
        )
        .values(
            state=DeliveryState.PENDING,
            due_at=due_at,
            attempts=outbox.c.attempts - 1,
            lease_incarnation=None,
            lease_until=None,
        )
    )


async def void_other_leases(transaction: Transaction, *, incarnation: str) -> int:
    """End the claims of earlier processes; only for a database that one process at a time runs on."""
    await plan_by_index(transaction)
    result = await transaction.execute(
        update(outbox)
        .where(_IS_OPEN, outbox.c.state == DeliveryState.CLAIMED, outbox.c.lease_incarnation != incarnation)
        .values(lease_until=None)
    )
    return result.rowcount


async def void_leases_of(transaction: Transaction, incarnations: Collection[str]) -> int:
    """End the claims of these processes. What they were sending stays in doubt."""
    held = (
        select(outbox.c.id)
        .where(
            outbox.c.lease_incarnation.in_(list(incarnations)),
            outbox.c.lease_incarnation.is_not(None),  # said for the index of what is claimed
            outbox.c.lease_until.is_not(None),
        )
        .order_by(outbox.c.id)
        .with_for_update(skip_locked=True)
    )
    result = await transaction.execute(update(outbox).where(outbox.c.id.in_(held)).values(lease_until=None))
    return result.rowcount


async def mark_sent(
    transaction: Transaction,
    claim: Claim,
    sent: Sent,
    *,
    lease_until: datetime,
) -> bool:
    """The message is there; what belongs to it (its thread) may still be missing."""
    return await _change(
        transaction,
        claim,
        message_id=sent.message_id,
        thread_id=sent.thread_id,
        is_post=sent.is_post,
        doubt_since=None,
        sent_at=transaction.now,
        last_problem=None,
        lease_until=lease_until,
    )


async def degrade(transaction: Transaction, claim: Claim, *, problem: Problem, lease_until: datetime) -> bool:
    """Discord refused the full form: the plain one is sent from now on."""
    return await _change(transaction, claim, degraded=True, last_problem=_stored(problem), lease_until=lease_until)


async def mark_done(
    transaction: Transaction,
    claim: Claim,
    *,
    thread_id: int | None = None,
    problem: Problem | None = None,
) -> bool:
    """All that could be done is done; `problem` says what had to be left out."""
    return await _finish(
        transaction,
        claim,
        state=DeliveryState.DONE,
        thread_id=thread_id,
        sent_at=func.coalesce(outbox.c.sent_at, transaction.now),
        last_problem=_stored(problem),
    )


async def mark_shown(transaction: Transaction, claim: Claim, *, revision: int, again_at: datetime) -> bool:
    """The card shows `revision`; where there is a newer one by now, it is drawn again at `again_at`."""
    is_newest = outbox.c.revision == revision
    return await _change(
        transaction,
        claim,
        state=case((is_newest, literal(DeliveryState.DONE.value)), else_=literal(DeliveryState.PENDING.value)),
        due_at=case((is_newest, null()), else_=literal(again_at, outbox.c.due_at.type)),
        attempts=case((is_newest, outbox.c.attempts), else_=0),
        lease_incarnation=None,
        lease_until=None,
        sent_at=transaction.now,
        last_problem=None,
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


async def make_due(transaction: Transaction, *, problems: Collection[str], limit: int) -> int:
    """Let so much of what waits because of one of these problems (ids of texts) be due now; how much that was."""
    # Stored as a JSON list that begins with the text's id.
    because = or_(false(), *(outbox.c.last_problem.startswith(f'["{problem}"') for problem in problems))
    waits = and_(outbox.c.state == DeliveryState.PENDING, outbox.c.due_at > transaction.now, because)
    ids = await _first(transaction, waits, limit=limit)
    result = await transaction.execute(update(outbox).where(outbox.c.id.in_(ids), waits).values(due_at=transaction.now))
    transaction.wake(WorkerName.OUTBOX)
    return result.rowcount


async def try_failed_again(transaction: Transaction, delivery_key: str, *, subject_key: str | None = None) -> bool:
    """Let a delivery that was given up be tried again; False unless it is one.

    If one of its attempts may have arrived unheard, the channel is searched first. subject_key: what it is about from
    now on, where the same came from another source.
    """
    changed = {} if subject_key is None else {"subject_key": subject_key}
    result = await transaction.execute(
        update(outbox)
        .where(
            outbox.c.delivery_key == delivery_key,
            outbox.c.state == DeliveryState.FAILED,
            outbox.c.message_id.is_(None),
        )
        .values(state=DeliveryState.PENDING, due_at=transaction.now, degraded=False, **changed)
    )
    transaction.wake(WorkerName.OUTBOX)
    return bool(result.rowcount)


async def told_of(transaction: Transaction, *, guild_id: int, source_id: int, after: int, limit: int) -> list[Delivery]:
    """What was ever queued for a server about a source's issues, behind the row `after`, the oldest first."""
    rows = await transaction.execute(
        select(outbox)
        .where(outbox.c.guild_id == guild_id, outbox.c.id > after, _is_about_issue_of(source_id))
        .order_by(outbox.c.id)
        .limit(limit)
    )
    return [_delivery(row) for row in rows]


async def change_subject(transaction: Transaction, *, guild_id: int, before: str, after: str) -> None:
    """Let all that a server was ever told of an issue be about another one, which is the same by another source."""
    await transaction.execute(
        update(outbox).where(outbox.c.guild_id == guild_id, outbox.c.subject_key == before).values(subject_key=after)
    )


async def cancel_pending(
    transaction: Transaction, outbox_ids: Collection[int], *, source_id: int, problem: Problem
) -> None:
    """Give up those of these that wait and are (still) about issues of a source.

    What certainly did not arrive is forgotten. Of the rest an attempt may have arrived unheard: its row stays, so that
    adding the source again does not post it twice.
    """
    queued = and_(
        outbox.c.id.in_(list(outbox_ids)),
        outbox.c.state == DeliveryState.PENDING,
        outbox.c.message_id.is_(None),
        _is_about_issue_of(source_id),
    )
    await transaction.execute(delete(outbox).where(queued, outbox.c.doubt_since.is_(None)))
    await transaction.execute(
        update(outbox).where(queued).values(state=DeliveryState.FAILED, due_at=None, last_problem=problem.as_json())
    )
    transaction.wake(WorkerName.OUTBOX)  # what stood behind it in its lane may go


async def cancel_guild(transaction: Transaction, guild_id: int, *, problem: Problem, limit: int) -> int:
    """Give up so much of what is queued for a server that the bot is no longer in; how much that was."""
    queued = and_(_is_of(guild_id), outbox.c.state == DeliveryState.PENDING)
    ids = await _first(transaction, queued, limit=limit)
    result = await transaction.execute(
        update(outbox)
        .where(outbox.c.id.in_(ids), queued)
        .values(state=DeliveryState.FAILED, due_at=None, last_problem=problem.as_json())
    )
    return result.rowcount


async def guilds_waited_for(transaction: Transaction) -> set[int]:
    """Servers that something is queued for."""
    await plan_by_index(transaction)
    rows = await transaction.execute(select(outbox.c.guild_id).where(_IS_OPEN).distinct())
    return set(rows.scalars())


async def troubled(transaction: Transaction, guild_id: int, *, limit: int) -> list[DeliveryRecord]:
    """A server's deliveries that wait because something went wrong, or were refused; newest first.

    Not what waits for a stopped channel: that is told with the channel.
    """
    await plan_by_index(transaction)
    is_told = and_(outbox.c.due_at.is_not(None), exists().where(stopped_channels.c.channel_id == outbox.c.channel_id))
    wanted = select(outbox).where(outbox.c.guild_id == guild_id, text(TROUBLED), ~is_told)
    wanted = wanted.order_by(outbox.c.id.desc())
    rows = await transaction.execute(wanted.limit(limit))
    return [record_of(row) for row in rows]


async def next_due(transaction: Transaction) -> datetime | None:
    """When the outbox has work again; None when it has none to wait for. Only the first open row of a lane counts."""
    await plan_by_index(transaction)
    result = await transaction.execute(_next_due(transaction.dialect_name))
    due: datetime | None = result.scalar_one()
    return due


@cache
def _next_due(dialect_name: str) -> Select[Any]:
    number = func.row_number().over(partition_by=_LANE, order_by=outbox.c.id)
    lanes = (
        select(outbox.c.channel_id, outbox.c.due_at, outbox.c.lease_until, number.label("number"))
        .where(_IS_OPEN)
        .subquery("lanes")
    )
    moment = greatest(
        dialect_name,
        lanes.c.due_at,
        func.coalesce(lanes.c.lease_until, lanes.c.due_at),
        func.coalesce(stopped_channels.c.look_again_at, lanes.c.due_at),
    )
    return (
        select(type_coerce(func.min(moment), UtcDateTime))
        .select_from(lanes.outerjoin(stopped_channels, stopped_channels.c.channel_id == lanes.c.channel_id))
        .where(
            lanes.c.number == 1,
            or_(stopped_channels.c.channel_id.is_(None), stopped_channels.c.look_again_at.is_not(None)),
        )
    )


async def is_due_after(transaction: Transaction, horizon: datetime) -> bool:
    """Whether anything is due, or leased, beyond `horizon`."""
    await plan_by_index(transaction)
    result = await transaction.execute(select(exists().where(_is_beyond(horizon))))
    return bool(result.scalar_one())


async def bring_nearer(transaction: Transaction, *, horizon: datetime, limit: int) -> int:
    """Let so much of what is due, or leased, beyond `horizon` be due now; how much that was.

    Only a clock that was wrong puts anything that far.
    """
    ids = await _first(transaction, _is_beyond(horizon), limit=limit)
    result = await transaction.execute(
        update(outbox).where(outbox.c.id.in_(ids), _is_beyond(horizon)).values(due_at=transaction.now, lease_until=None)
    )
    return result.rowcount


async def oldest_waiting(transaction: Transaction) -> datetime | None:
    """When the oldest delivery was queued that is not done yet, stopped channels apart."""
    await plan_by_index(transaction)
    result = await transaction.execute(
        select(func.min(outbox.c.created_at)).where(
            _IS_OPEN,
            # The others wait on purpose: to settle, or for Discord's limits of an hour.
            _POSTS,
            ~exists().where(stopped_channels.c.channel_id == outbox.c.channel_id),
        )
    )
    moment: datetime | None = result.scalar_one()
    return moment


async def count_open(transaction: Transaction) -> dict[str, int]:
    """How many deliveries wait, and how many are in hand."""
    await plan_by_index(transaction)
    rows = await transaction.execute(
        select(outbox.c.state, func.count().label("waiting")).where(_IS_OPEN).group_by(outbox.c.state)
    )
    return {row.state: row.waiting for row in rows}


async def done_between(
    transaction: Transaction, *, channel_id: int, purpose: Purpose, since: datetime, until: datetime
) -> list[datetime]:
    """When deliveries of this kind were done in the channel in that time, oldest first."""
    rows = await transaction.execute(
        select(outbox.c.sent_at)
        .where(
            outbox.c.channel_id == channel_id,
            outbox.c.purpose == purpose,
            outbox.c.state == DeliveryState.DONE,
            outbox.c.sent_at > since,
            outbox.c.sent_at <= until,
        )
        .order_by(outbox.c.sent_at)
    )
    return [row.sent_at for row in rows]


async def waiting_in_channel(transaction: Transaction, channel_id: int) -> int:
    """How many messages wait for this channel."""
    await plan_by_index(transaction)
    result = await transaction.execute(
        select(func.count())
        .select_from(outbox)
        .where(
            outbox.c.channel_id == channel_id,
            _IS_OPEN,
            _POSTS,
            outbox.c.message_id.is_(None),
        )
    )
    count: int = result.scalar_one()
    return count


async def move_to(transaction: Transaction, *, guild_id: int, purpose: Purpose, channel_id: int, limit: int) -> int:
    """Let so much of what a server's staff was not shown yet go to this channel; how much that was."""
    elsewhere = and_(
        _is_of(guild_id),
        outbox.c.purpose == purpose,
        outbox.c.state == DeliveryState.PENDING,
        outbox.c.message_id.is_(None),
        outbox.c.doubt_since.is_(None),  # the others may stand in the old channel
        outbox.c.channel_id != channel_id,
    )
    ids = await _first(transaction, elsewhere, limit=limit)
    result = await transaction.execute(
        update(outbox).where(outbox.c.id.in_(ids), elsewhere).values(channel_id=channel_id)
    )
    transaction.wake(WorkerName.OUTBOX)
    return result.rowcount


async def take_back_waiting(
    transaction: Transaction,
    *,
    guild_id: int,
    source_id: int,
    not_in: Collection[int],
    problem: Problem,
    gone: Collection[int],
    limit: int,
) -> list[DeliveryRecord]:
    """Give up so many announcements of a source that wait for other channels of a server than these; oldest first.

    They can be queued for it then. Those that may have arrived unheard stay, except in channels that are `gone`:
    nobody sees these any more.
    """
    waits = and_(
        _is_of(guild_id),
        outbox.c.channel_id.not_in(list(not_in)),
        outbox.c.purpose == Purpose.ANNOUNCE,
        outbox.c.state == DeliveryState.PENDING,
        outbox.c.message_id.is_(None),
        or_(outbox.c.doubt_since.is_(None), outbox.c.channel_id.in_(list(gone))),
        _is_about_issue_of(source_id),
    )
    ids = await _first(transaction, waits, limit=limit)
    rows = await transaction.execute(
        update(outbox)
        .where(outbox.c.id.in_(ids), waits)
        .values(state=DeliveryState.FAILED, due_at=None, last_problem=problem.as_json())
        .returning(*outbox.c)
    )
    return [record_of(row) for row in sorted(rows, key=lambda row: row.id)]


async def find_delivery(
    transaction: Transaction,
    *,
    purpose: Purpose,
    guild_id: int,
    channel_id: int,
    identities: Sequence[str],
    generation: int = 0,
) -> DeliveryRecord | None:
    """What was queued about the first of these that anything was queued about."""
    if await known_id(transaction) is None:  # nothing was ever queued, and who only reads makes no id
        return None
    for identity in identities:
        key = await delivery_key(
            transaction,
            purpose=purpose,
            guild_id=guild_id,
            channel_id=channel_id,
            identity=identity,
            generation=generation,
        )
        row = (await transaction.execute(select(outbox).where(outbox.c.delivery_key == key))).one_or_none()
        if row is not None:
            return record_of(row)
    return None


async def deliveries_of(transaction: Transaction, *, guild_id: int, subject_key: str) -> list[DeliveryRecord]:
    """All that was ever queued for an issue in a server, the newest generation first."""
    rows = await transaction.execute(
        select(outbox)
        .where(outbox.c.guild_id == guild_id, outbox.c.subject_key == subject_key)
        .order_by(outbox.c.generation.desc(), outbox.c.id.desc())
    )
    return [record_of(row) for row in rows]


async def subject_of(transaction: Transaction, outbox_id: int) -> str | None:
    """What a row is about by now: an issue may have become another source's since it was claimed."""
    result = await transaction.execute(select(outbox.c.subject_key).where(outbox.c.id == outbox_id))
    return result.scalar_one_or_none()


async def announcements_of(transaction: Transaction, *, guild_id: int, subject_key: str) -> list[DeliveryRecord]:
    """All announcements of an issue that were ever queued in a server, the newest generation first."""
    records = await deliveries_of(transaction, guild_id=guild_id, subject_key=subject_key)
    return [record for record in records if record.purpose == Purpose.ANNOUNCE]


async def cards_of(transaction: Transaction, *, guild_id: int, subject_key: str) -> list[DeliveryRecord]:
    """The cards that show an issue, a submission or a poll.

    Of an issue that was announced anew only the newest; of others the newest in each channel, where one was deleted.
    """
    records = await deliveries_of(transaction, guild_id=guild_id, subject_key=subject_key)
    newest: dict[int | None, int] = {}
    cards = []
    for record in records:
        if record.target_id is None and record.purpose != Purpose.REFRESH:
            place = None if record.purpose == Purpose.ANNOUNCE else record.channel_id
            if newest.setdefault(place, record.generation) == record.generation:
                cards.append(record)
    return cards


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


async def _first(transaction: Transaction, condition: ColumnElement[bool], *, limit: int) -> list[int]:
    """Ids of some of these open rows, due for the longest first: an UPDATE knows no limit.

    Not in the order of the ids: their index holds what is finished, too.
    """
    await plan_by_index(transaction)
    wanted = select(outbox.c.id).where(_IS_OPEN, condition).order_by(outbox.c.due_at, outbox.c.id)
    rows = await transaction.execute(wanted.limit(limit))
    return list(rows.scalars())


def _is_of(guild_id: int) -> ColumnElement[bool]:
    """Said so that no index of servers serves: most of a server's rows are finished, and few rows are open at all."""
    return outbox.c.guild_id + 0 == guild_id


def _is_about_issue_of(source_id: int) -> ColumnElement[bool]:
    return outbox.c.subject_key.in_(select(issues.c.issue_key).where(issues.c.source_id == source_id))


def _is_beyond(horizon: datetime) -> Any:
    return or_(outbox.c.due_at > horizon, outbox.c.lease_until > horizon)


def _is_stopped(now: Any) -> Any:
    return exists().where(
        stopped_channels.c.channel_id == outbox.c.channel_id,
        or_(stopped_channels.c.look_again_at.is_(None), stopped_channels.c.look_again_at > now),
    )


def _stored(problem: Problem | None) -> str | None:
    return problem.as_json() if problem else None


def _delivery(row: Row[Any]) -> Delivery:
    return Delivery(
        outbox_id=row.id,
        delivery_key=row.delivery_key,
        purpose=Purpose(row.purpose),
        guild_id=row.guild_id,
        channel_id=row.channel_id,
        subject_key=row.subject_key,
        generation=row.generation,
        ping_role_id=row.ping_role_id,
        attempts=row.attempts,
        message_id=row.message_id,
        thread_id=row.thread_id,
        created_at=row.created_at,
        doubt_since=row.doubt_since,
        wants_ping=row.wants_ping,
        is_post=row.is_post,
        degraded=row.degraded,
        target_id=row.target_id,
        words=Problem.from_json(row.words),
        revision=row.revision,
    )


def record_of(row: Row[Any]) -> DeliveryRecord:
    """What a row of the outbox says."""
    return DeliveryRecord(
        delivery_key=row.delivery_key,
        purpose=Purpose(row.purpose),
        state=DeliveryState(row.state),
        guild_id=row.guild_id,
        channel_id=row.channel_id,
        subject_key=row.subject_key,
        generation=row.generation,
        attempts=row.attempts,
        due_at=row.due_at,
        message_id=row.message_id,
        thread_id=row.thread_id,
        last_problem=Problem.from_json(row.last_problem),
        created_at=row.created_at,
        sent_at=row.sent_at,
        is_post=row.is_post,
        degraded=row.degraded,
        target_id=row.target_id,
        ping_role_id=row.ping_role_id,
        wants_ping=row.wants_ping,
    )
