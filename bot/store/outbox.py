"""The outbox: what must happen on Discord, each row once."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, and_, case, delete, exists, false, func, literal, null, or_, select, update

from bot.model.delivery import POSTS, Delivery, DeliveryRecord, DeliveryState, Purpose, Sent
from bot.model.problem import Problem
from bot.store.group_commit import Transaction
from bot.store.statements import insert
from bot.store.tables import issues, outbox, stopped_channels

# A row whose process died keeps its claim until the lease ends, then anybody may take it.
_OPEN_STATES = (DeliveryState.PENDING, DeliveryState.CLAIMED)
_CARDS = (Purpose.ANNOUNCE, Purpose.REVIEW, Purpose.POLL, Purpose.FLOOD)
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
    subject_key: str,
    generation: int = 0,
    wants_ping: bool = False,
    target_id: int | None = None,
    words: Problem | None = None,
    now: datetime,
    due_at: datetime | None = None,
) -> bool:
    """Queue a delivery, due at once or at `due_at`; False when it was queued before, whatever became of it."""
    result = await transaction.execute(
        insert(transaction, outbox)
        .values(
            delivery_key=delivery_key,
            purpose=purpose,
            guild_id=guild_id,
            channel_id=channel_id,
            subject_key=subject_key,
            generation=generation,
            wants_ping=wants_ping,
            target_id=target_id,
            words=_stored(words),
            state=DeliveryState.PENDING,
            due_at=due_at or now,
            attempts=0,
            created_at=now,
        )
        .on_conflict_do_nothing(index_elements=["delivery_key"])
    )
    return bool(result.rowcount)


async def enqueue_refresh(
    transaction: Transaction,
    *,
    delivery_key: str,
    guild_id: int,
    channel_id: int,
    subject_key: str,
    now: datetime,
    due_at: datetime,
    apart: timedelta,
) -> bool:
    """Let a card be drawn anew at `due_at`, and no sooner than `apart` from the last time; False when it is to be.

    There is one row a card. While it waits, it is going to show this change too; while it is being drawn, its revision
    says that it has to be drawn once more.
    """
    # Locked: whoever claims it meanwhile draws what is true after this transaction.
    row = (
        await transaction.execute(
            select(outbox.c.state, outbox.c.sent_at).where(outbox.c.delivery_key == delivery_key).with_for_update()
        )
    ).one_or_none()
    if row is not None and row.state == DeliveryState.PENDING:
        return False
    if row is not None and row.sent_at is not None and row.sent_at <= now:
        due_at = max(due_at, row.sent_at + apart)
    rests = outbox.c.state.in_([DeliveryState.DONE, DeliveryState.FAILED])
    await transaction.execute(
        insert(transaction, outbox)
        .values(
            delivery_key=delivery_key,
            purpose=Purpose.REFRESH,
            guild_id=guild_id,
            channel_id=channel_id,
            subject_key=subject_key,
            generation=0,
            state=DeliveryState.PENDING,
            due_at=due_at,
            attempts=0,
            created_at=now,
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
    return True


async def lock(transaction: Transaction, delivery_keys: Collection[str]) -> None:
    """Hold these deliveries until the transaction ends, locked in the order in which they are claimed."""
    rows = select(outbox.c.id).where(outbox.c.delivery_key.in_(list(delivery_keys)))
    await transaction.execute(rows.order_by(outbox.c.id).with_for_update())


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
    now: datetime,
    lease_until: datetime,
    limit: int = 1,
    busy: Collection[tuple[int, Purpose]] = (),
) -> list[Delivery]:
    """Take the next due deliveries for this process until `lease_until`, oldest first; none of the lanes in `busy`.

    A lane (one purpose in one channel) keeps its order: what stands behind a delivery that waits, or that another
    process holds, waits too. Nothing is taken for a channel that is stopped.
    """
    if transaction.dialect_name == "postgresql":
        # Two claims at once would not see each other's rows, and could part a channel between them.
        await transaction.execute(select(func.pg_advisory_xact_lock(_CLAIM_LOCK)))
    older = outbox.alias("older")
    waits_behind = exists().where(
        older.c.channel_id == outbox.c.channel_id,
        older.c.purpose == outbox.c.purpose,
        older.c.id < outbox.c.id,
        older.c.state.in_(_OPEN_STATES),
        or_(older.c.due_at > now, older.c.lease_until > now),
        older.c.purpose != Purpose.REFRESH,  # each is of a card of its own
    )
    due = (
        select(outbox.c.id)
        .where(
            outbox.c.state.in_(_OPEN_STATES),
            outbox.c.due_at <= now,
            or_(outbox.c.lease_until.is_(None), outbox.c.lease_until <= now),
            ~or_(
                false(),
                *(and_(outbox.c.channel_id == channel, outbox.c.purpose == purpose) for channel, purpose in busy),
            ),
            ~_is_stopped(now),
            ~waits_behind,
        )
        .order_by(outbox.c.id)
        .limit(limit)
        .with_for_update()
        .cte("due")  # PostgreSQL may run a subquery with a limit more than once, and take more rows than that
    )
    rows = await transaction.execute(
        update(outbox)
        .where(
            outbox.c.id.in_(select(due.c.id)),
            # Said again: after waiting for somebody's lock, PostgreSQL looks at the new row with these conditions only.
            outbox.c.state.in_(_OPEN_STATES),
            outbox.c.due_at <= now,
            or_(outbox.c.lease_until.is_(None), outbox.c.lease_until <= now),
        )
        .values(
            state=DeliveryState.CLAIMED,
            lease_incarnation=incarnation,
            lease_until=lease_until,
            attempts=outbox.c.attempts + 1,
        )
        .returning(*outbox.c)
    )
    return sorted((_delivery(row) for row in rows), key=lambda delivery: delivery.outbox_id)


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


async def void_other_leases(transaction: Transaction, *, incarnation: str) -> int:
    """End the claims of earlier processes; only for a database that one process at a time runs on."""
    result = await transaction.execute(
        update(outbox)
        .where(outbox.c.state == DeliveryState.CLAIMED, outbox.c.lease_incarnation != incarnation)
        .values(lease_until=None)
    )
    return result.rowcount


async def mark_sent(
    transaction: Transaction,
    claim: Claim,
    sent: Sent,
    *,
    now: datetime,
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
        sent_at=now,
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
    now: datetime,
    thread_id: int | None = None,
    problem: Problem | None = None,
) -> bool:
    """All that could be done is done; `problem` says what had to be left out."""
    return await _finish(
        transaction,
        claim,
        state=DeliveryState.DONE,
        thread_id=thread_id,
        sent_at=func.coalesce(outbox.c.sent_at, now),
        last_problem=_stored(problem),
    )


async def mark_shown(
    transaction: Transaction, claim: Claim, *, revision: int, now: datetime, again_at: datetime
) -> bool:
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
        sent_at=now,
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


async def make_due(transaction: Transaction, *, now: datetime, problems: Collection[str]) -> None:
    """Let what waits because of one of these problems (ids of texts) be due now."""
    # Stored as a JSON list that begins with the text's id.
    because = or_(false(), *(outbox.c.last_problem.startswith(f'["{problem}"') for problem in problems))
    await transaction.execute(
        update(outbox).where(outbox.c.state == DeliveryState.PENDING, outbox.c.due_at > now, because).values(due_at=now)
    )


async def try_failed_again(
    transaction: Transaction, delivery_key: str, *, subject_key: str | None = None, now: datetime
) -> bool:
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
        .values(state=DeliveryState.PENDING, due_at=now, degraded=False, **changed)
    )
    return bool(result.rowcount)


async def announced_of(transaction: Transaction, *, guild_id: int, source_id: int) -> list[tuple[str, int]]:
    """Keys of a source's issues that were ever queued for a server, each with the channel."""
    rows = await transaction.execute(
        select(outbox.c.subject_key, outbox.c.channel_id)
        .where(
            outbox.c.guild_id == guild_id,
            outbox.c.purpose == Purpose.ANNOUNCE,
            outbox.c.subject_key.in_(select(issues.c.issue_key).where(issues.c.source_id == source_id)),
        )
        .distinct()
    )
    return [(row.subject_key, row.channel_id) for row in rows]


async def change_subject(transaction: Transaction, *, guild_id: int, before: str, after: str) -> None:
    """Let all that a server was ever told of an issue be about another one, which is the same by another source."""
    await transaction.execute(
        update(outbox).where(outbox.c.guild_id == guild_id, outbox.c.subject_key == before).values(subject_key=after)
    )


async def cancel_pending(transaction: Transaction, *, guild_id: int, source_id: int, problem: Problem) -> None:
    """Give up what is queued for a server from a source.

    What certainly did not arrive is forgotten. Of the rest an attempt may have arrived unheard: its row stays, so that
    adding the source again does not post it twice.
    """
    queued = and_(
        outbox.c.guild_id == guild_id,
        outbox.c.state == DeliveryState.PENDING,
        outbox.c.message_id.is_(None),
        outbox.c.subject_key.in_(select(issues.c.issue_key).where(issues.c.source_id == source_id)),
    )
    await transaction.execute(delete(outbox).where(queued, outbox.c.doubt_since.is_(None)))
    await transaction.execute(
        update(outbox).where(queued).values(state=DeliveryState.FAILED, due_at=None, last_problem=problem.as_json())
    )


async def cancel_guild(transaction: Transaction, guild_id: int, *, problem: Problem) -> None:
    """Give up everything that is queued for a server that the bot is no longer in."""
    await transaction.execute(
        update(outbox)
        .where(outbox.c.guild_id == guild_id, outbox.c.state == DeliveryState.PENDING)
        .values(state=DeliveryState.FAILED, due_at=None, last_problem=problem.as_json())
    )


async def guilds_waited_for(transaction: Transaction) -> set[int]:
    """Servers that something is queued for."""
    rows = await transaction.execute(select(outbox.c.guild_id).where(outbox.c.state.in_(_OPEN_STATES)).distinct())
    return set(rows.scalars())


async def troubled(transaction: Transaction, guild_id: int, *, limit: int) -> list[DeliveryRecord]:
    """A server's deliveries that wait because something went wrong, or were refused; newest first."""
    rows = await transaction.execute(
        select(outbox)
        .where(
            outbox.c.guild_id == guild_id,
            outbox.c.purpose.in_([Purpose.ANNOUNCE, Purpose.PUBLISH, Purpose.EDIT]),
            outbox.c.last_problem.is_not(None),
            outbox.c.state.in_([DeliveryState.PENDING, DeliveryState.FAILED]),
        )
        .order_by(outbox.c.id.desc())
        .limit(limit)
    )
    return [_record(row) for row in rows]


async def next_due(transaction: Transaction) -> datetime | None:
    """When the outbox has work again; None when it has none to wait for. Only the first open row of a lane counts."""
    first = (
        select(func.min(outbox.c.id))
        .where(outbox.c.state.in_(_OPEN_STATES))
        .group_by(outbox.c.channel_id, outbox.c.purpose)
    )
    rows = await transaction.execute(
        select(outbox.c.due_at, outbox.c.lease_until, stopped_channels.c.channel_id, stopped_channels.c.look_again_at)
        .outerjoin(stopped_channels, stopped_channels.c.channel_id == outbox.c.channel_id)
        .where(outbox.c.id.in_(first))
    )
    return min(
        (
            max(filter(None, (row.due_at, row.lease_until, row.look_again_at)))
            for row in rows
            if row.channel_id is None or row.look_again_at is not None
        ),
        default=None,
    )


async def is_due_after(transaction: Transaction, horizon: datetime) -> bool:
    """Whether anything is due, or leased, beyond `horizon`."""
    result = await transaction.execute(select(exists().where(_is_beyond(horizon))))
    return bool(result.scalar_one())


async def bring_nearer(transaction: Transaction, *, now: datetime, horizon: datetime) -> int:
    """Let what is due, or leased, beyond `horizon` be due now: only a clock that was wrong puts anything that far."""
    result = await transaction.execute(update(outbox).where(_is_beyond(horizon)).values(due_at=now, lease_until=None))
    return result.rowcount


async def oldest_waiting(transaction: Transaction) -> datetime | None:
    """When the oldest delivery was queued that is not done yet, stopped channels apart."""
    result = await transaction.execute(
        select(func.min(outbox.c.created_at)).where(
            outbox.c.state.in_(_OPEN_STATES),
            # The others wait on purpose: to settle, or for Discord's limits of an hour.
            outbox.c.purpose.in_(POSTS),
            ~exists().where(stopped_channels.c.channel_id == outbox.c.channel_id),
        )
    )
    moment: datetime | None = result.scalar_one()
    return moment


async def count_by_state(transaction: Transaction) -> dict[str, int]:
    """How many deliveries stand where."""
    rows = await transaction.execute(select(outbox.c.state, func.count().label("waiting")).group_by(outbox.c.state))
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
    result = await transaction.execute(
        select(func.count())
        .select_from(outbox)
        .where(
            outbox.c.channel_id == channel_id,
            outbox.c.state.in_(_OPEN_STATES),
            outbox.c.purpose.in_(POSTS),
            outbox.c.message_id.is_(None),
        )
    )
    count: int = result.scalar_one()
    return count


async def move_to(transaction: Transaction, *, guild_id: int, purpose: Purpose, channel_id: int) -> None:
    """Let what a server's staff was not shown yet go to this channel."""
    await transaction.execute(
        update(outbox)
        .where(
            outbox.c.guild_id == guild_id,
            outbox.c.purpose == purpose,
            outbox.c.state == DeliveryState.PENDING,
            outbox.c.message_id.is_(None),
            outbox.c.doubt_since.is_(None),  # the others may stand in the old channel
        )
        .values(channel_id=channel_id)
    )


async def take_back_waiting(
    transaction: Transaction, *, channel_id: int, problem: Problem, also_in_doubt: bool
) -> list[DeliveryRecord]:
    """Give up the announcements that wait for a channel, so that they can be queued for another one; oldest first.

    `also_in_doubt`: those too that may have arrived unheard, because nobody sees the channel any more.
    """
    rows = await transaction.execute(
        update(outbox)
        .where(
            outbox.c.channel_id == channel_id,
            outbox.c.purpose == Purpose.ANNOUNCE,
            outbox.c.state == DeliveryState.PENDING,
            outbox.c.message_id.is_(None),
            or_(outbox.c.doubt_since.is_(None), literal(also_in_doubt)),
        )
        .values(state=DeliveryState.FAILED, due_at=None, last_problem=problem.as_json())
        .returning(*outbox.c)
    )
    return [_record(row) for row in sorted(rows, key=lambda row: row.id)]


async def find_delivery(transaction: Transaction, delivery_key: str) -> DeliveryRecord | None:
    row = (await transaction.execute(select(outbox).where(outbox.c.delivery_key == delivery_key))).one_or_none()
    return None if row is None else _record(row)


async def deliveries_of(transaction: Transaction, *, guild_id: int, subject_key: str) -> list[DeliveryRecord]:
    """All that was ever queued for an issue in a server, the newest generation first."""
    rows = await transaction.execute(
        select(outbox)
        .where(outbox.c.guild_id == guild_id, outbox.c.subject_key == subject_key)
        .order_by(outbox.c.generation.desc(), outbox.c.id.desc())
    )
    return [_record(row) for row in rows]


async def subject_of(transaction: Transaction, outbox_id: int) -> str | None:
    """What a row is about by now: an issue may have become another source's since it was claimed."""
    result = await transaction.execute(select(outbox.c.subject_key).where(outbox.c.id == outbox_id))
    return result.scalar_one_or_none()


async def announcements_of(transaction: Transaction, *, guild_id: int, subject_key: str) -> list[DeliveryRecord]:
    """All announcements of an issue that were ever queued in a server, the newest generation first."""
    records = await deliveries_of(transaction, guild_id=guild_id, subject_key=subject_key)
    return [record for record in records if record.purpose is Purpose.ANNOUNCE]


async def cards_of(transaction: Transaction, *, guild_id: int, subject_key: str) -> list[DeliveryRecord]:
    """The cards that show an issue, a submission or a poll; of an issue that was announced anew only the newest."""
    records = await deliveries_of(transaction, guild_id=guild_id, subject_key=subject_key)
    cards = [record for record in records if record.purpose in _CARDS]
    return [card for card in cards if card.generation == cards[0].generation]


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


def _is_beyond(horizon: datetime) -> Any:
    return and_(outbox.c.state.in_(_OPEN_STATES), or_(outbox.c.due_at > horizon, outbox.c.lease_until > horizon))


def _is_stopped(now: datetime) -> Any:
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


def _record(row: Row[Any]) -> DeliveryRecord:
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
    )
