"""Polls, their ballots and the ledger of the last presses.

A poll stands in the channel in which it was asked; that of an issue where the issue is announced or, before that,
where the server wants the issues of its source.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Row, Select, and_, bindparam, delete, exists, func, or_, select, update

from bot.model.delivery import Purpose
from bot.model.poll import Ballot, Cast, CastOutcome, Poll, PollOption
from bot.model.worker import WorkerName
from bot.store.group_commit import Transaction
from bot.store.interactions import acted
from bot.store.statements import insert
from bot.store.tables import ballot_ledger, ballots, issues, outbox, poll_options, polls, subscriptions

MOST_PRESSES = 20
"""Of a member in a poll. The last one counts; the others tell what became of a press whose answer was lost."""

_KEPT_PRESSES = MOST_PRESSES // 2  # not one goes with each that comes: that would be paid for by each press

_FORGOTTEN_AT_ONCE = 1_000


class _Present(NamedTuple):
    """What a member's ballot is, which press made it so, and how many of their presses are kept."""

    position: int
    last_id: int
    presses: int


def is_stored(subject: ColumnElement[str]) -> ColumnElement[bool]:
    """Whether the poll is there."""
    return exists().where(polls.c.poll_key == subject)


async def add(
    transaction: Transaction,
    *,
    poll_key: str,
    guild_id: int,
    question: str,
    options: Sequence[str],
    closes_at: datetime,
    opened_by_id: int | None = None,
    channel_id: int | None = None,
    issue_key: str | None = None,
) -> bool:
    """Open a poll; False when the issue has one in this server already."""
    poll_id = (
        await transaction.execute(
            insert(transaction, polls)
            .values(
                poll_key=poll_key,
                guild_id=guild_id,
                question=question,
                issue_key=issue_key,
                channel_id=channel_id,
                opened_at=transaction.now,
                opened_by_id=opened_by_id,
                closes_at=closes_at,
            )
            .on_conflict_do_nothing(index_elements=["guild_id", "issue_key"])
            .returning(polls.c.id)
        )
    ).scalar_one_or_none()
    if poll_id is None:
        return False
    await transaction.execute(
        poll_options.insert(),
        [
            {"poll_id": poll_id, "position": position, "label": label, "tally": 0}
            for position, label in enumerate(options)
        ],
    )
    transaction.wake(WorkerName.POLLS)
    return True


async def get(transaction: Transaction, poll_key: str, *, guild_id: int, hidden: Collection[int] = ()) -> Poll | None:
    """A poll of this server, with its tally; none that stands in the channels `hidden` only."""
    found = select(polls).where(polls.c.poll_key == poll_key, polls.c.guild_id == guild_id)
    return await _one(transaction, found.where(~_is_hidden(hidden)) if hidden else found)


async def change_issue(transaction: Transaction, *, guild_id: int, before: str, after: str) -> None:
    """Let a server's poll of an issue hang on another one, which is the same by another source and has none."""
    other = polls.alias()
    has_one = exists().where(other.c.guild_id == guild_id, other.c.issue_key == after)
    await transaction.execute(
        update(polls).where(polls.c.guild_id == guild_id, polls.c.issue_key == before, ~has_one).values(issue_key=after)
    )


async def of_issue(transaction: Transaction, issue_key: str, *, guild_id: int) -> Poll | None:
    """The poll that hangs on the issue's announcement."""
    return await _one(transaction, select(polls).where(polls.c.issue_key == issue_key, polls.c.guild_id == guild_id))


async def newest(
    transaction: Transaction,
    guild_id: int,
    *,
    query: str = "",
    only_open_at: datetime | None = None,
    hidden: Collection[int] = (),
    limit: int = 25,
) -> list[Poll]:
    """Polls of a server whose question contains `query`, the newest first; with `only_open_at`, those open then.

    None of those that stand in the channels `hidden` only.
    """
    found = select(polls).where(polls.c.guild_id == guild_id)
    if hidden:
        found = found.where(~_is_hidden(hidden))
    if query:
        found = found.where(func.lower(polls.c.question).contains(query.lower(), autoescape=True))
    if only_open_at is not None:
        found = found.where(polls.c.closed_at.is_(None), polls.c.closes_at > only_open_at)
    rows = (await transaction.execute(found.order_by(polls.c.id.desc()).limit(limit))).all()
    return await _whole(transaction, rows)


async def ballot_of(transaction: Transaction, poll_key: str, *, member_id: int) -> int | None:
    """The position that a member voted for."""
    rows = await transaction.execute(
        select(ballots.c.position)
        .join(polls, polls.c.id == ballots.c.poll_id)
        .where(polls.c.poll_key == poll_key, ballots.c.member_id == member_id)
    )
    position: int | None = rows.scalar_one_or_none()
    return position


async def close(transaction: Transaction, poll_key: str, *, guild_id: int, by: int | None) -> bool:
    """Close a poll; False when it is closed already, when its time is over, or when it is not there."""
    result = await transaction.execute(
        update(polls)
        .where(
            polls.c.poll_key == poll_key,
            polls.c.guild_id == guild_id,
            polls.c.closed_at.is_(None),
            polls.c.closes_at > transaction.now,
        )
        .values(closed_at=transaction.now, closed_by_id=by)
    )
    return bool(result.rowcount)


async def close_due(transaction: Transaction, *, limit: int) -> list[Poll]:
    """Close so many polls whose time is over, with that time as its end; those closed, without tally."""
    # Locked in the order in which votes lock them.
    due = select(polls.c.id).where(polls.c.closed_at.is_(None), polls.c.closes_at <= transaction.now).limit(limit)
    ids = (await transaction.execute(due.order_by(polls.c.id).with_for_update())).scalars().all()
    rows = await transaction.execute(
        update(polls)
        .where(polls.c.id.in_(ids), polls.c.closed_at.is_(None))
        .values(closed_at=polls.c.closes_at)
        .returning(*polls.c)
    )
    return [_poll(row, ()) for row in rows]


async def next_closing(transaction: Transaction) -> datetime | None:
    """When the next open poll's time is over."""
    result = await transaction.execute(select(func.min(polls.c.closes_at)).where(polls.c.closed_at.is_(None)))
    moment: datetime | None = result.scalar_one()
    return moment


async def cast(transaction: Transaction, cast_now: Sequence[Ballot]) -> list[Cast]:
    """Write ballots as a set: the ledger gets each press, a member's last one counts; the outcomes in their order.

    A poll of another server is unknown, and one that stands where the member sees nothing. All polls concerned are
    locked first, so that nobody closes one, or counts in it, at the same time. Of the presses of a member in a poll,
    the last `MOST_PRESSES` stay at the most; one that is heard again after it has left is known by its number: a later
    one is there.
    """
    found = await _locked(transaction, {ballot.poll_key for ballot in cast_now})
    places = await _places(transaction, [row for row, _ in found.values()])
    heard = await acted(transaction, [ballot.interaction_id for ballot in cast_now])
    before = await _present(
        transaction,
        {row.id for row, _ in found.values()},
        {ballot.member_id for ballot in cast_now},
    )
    outcomes: list[Cast] = []
    entries: list[dict[str, Any]] = []
    present = dict(before)
    for ballot in cast_now:
        row, labels = found.get(ballot.poll_key, (None, ()))
        if row is None or row.guild_id != ballot.guild_id or not 0 <= ballot.position < len(labels):
            outcomes.append(Cast(CastOutcome.UNKNOWN))
            continue
        if not any(map(ballot.sees, places.get(row.id, [None]))):
            outcomes.append(Cast(CastOutcome.UNKNOWN))  # nothing is told of what is hidden
            continue
        poll = _poll(row, labels)
        if row.closed_at is not None or row.closes_at <= ballot.cast_at:
            outcomes.append(Cast(CastOutcome.CLOSED, poll))
            continue
        place = (row.id, ballot.member_id)
        earlier = present.get(place)
        is_new = ballot.interaction_id not in heard and (earlier is None or ballot.interaction_id > earlier.last_id)
        if not is_new or (earlier is not None and earlier.position == ballot.position):
            outcomes.append(Cast(CastOutcome.SAME, poll, earlier.position if earlier is not None else None))
        else:
            outcome = CastOutcome.COUNTED if earlier is None else CastOutcome.CHANGED
            outcomes.append(Cast(outcome, poll, ballot.position))
        if is_new:
            heard.add(ballot.interaction_id)
            presses = (earlier.presses if earlier is not None else 0) + 1
            present[place] = _Present(ballot.position, ballot.interaction_id, presses)
            entries.append(
                {
                    "interaction_id": ballot.interaction_id,
                    "poll_id": row.id,
                    "member_id": ballot.member_id,
                    "position": ballot.position,
                    "cast_at": ballot.cast_at,
                }
            )
    if entries:
        await transaction.execute(ballot_ledger.insert(), entries)
        pressed = {(each["poll_id"], each["member_id"]): each for each in entries}
        full = [place for place in pressed if present[place].presses > MOST_PRESSES]
        left = _KEPT_PRESSES if await _forget_presses(transaction, full) else MOST_PRESSES
        present |= {place: present[place]._replace(presses=left) for place in full}
        await _count(transaction, before, present, pressed)
    return outcomes


async def recount(transaction: Transaction, poll_key: str) -> dict[int, int]:
    """The tally that the ledger gives: of each member the last press."""
    last = (
        select(func.max(ballot_ledger.c.id))
        .join(polls, polls.c.id == ballot_ledger.c.poll_id)
        .where(polls.c.poll_key == poll_key)
        .group_by(ballot_ledger.c.member_id)
    )
    rows = await transaction.execute(
        select(ballot_ledger.c.position, func.count().label("tally"))
        .where(ballot_ledger.c.id.in_(last), ballot_ledger.c.position.is_not(None))
        .group_by(ballot_ledger.c.position)
    )
    return {row.position: row.tally for row in rows}


async def _count(
    transaction: Transaction,
    before: dict[tuple[int, int], _Present],
    present: dict[tuple[int, int], _Present],
    entries: dict[tuple[int, int], dict[str, Any]],
) -> None:
    """Make the present ballots and the tallies say what the new entries of the ledger say."""
    change: Counter[tuple[int, int]] = Counter()
    rows = []
    for (poll_id, member_id), entry in entries.items():
        earlier, now = before.get((poll_id, member_id)), present[poll_id, member_id]
        change[poll_id, now.position] += 1
        if earlier is not None:
            change[poll_id, earlier.position] -= 1
        rows.append(
            {
                "poll_id": poll_id,
                "member_id": member_id,
                "position": now.position,
                "cast_at": entry["cast_at"],
                "interaction_id": now.last_id,
                "presses": now.presses,
            }
        )
    upsert = insert(transaction, ballots)
    await transaction.execute(
        upsert.on_conflict_do_update(
            index_elements=["poll_id", "member_id"],
            set_={name: upsert.excluded[name] for name in ("position", "cast_at", "interaction_id", "presses")},
        ),
        rows,
    )
    moved = [
        {"of_poll": poll, "at": position, "more": more} for (poll, position), more in sorted(change.items()) if more
    ]
    if moved:
        await transaction.execute(
            update(poll_options)
            .where(poll_options.c.poll_id == bindparam("of_poll"), poll_options.c.position == bindparam("at"))
            .values(tally=poll_options.c.tally + bindparam("more")),
            moved,
        )


async def _places(transaction: Transaction, rows: Sequence[Row[Any]]) -> dict[int, list[int]]:
    """The channels in which each of these polls stands; one that stands nowhere is left out."""
    places = defaultdict(list, {row.id: [row.channel_id] for row in rows if row.channel_id is not None})
    ids = [row.id for row in rows if row.issue_key is not None]
    if ids:
        announced = select(polls.c.id, outbox.c.channel_id).where(_is_announced(), polls.c.id.in_(ids))
        read = select(polls.c.id, subscriptions.c.channel_id).where(_is_read(), polls.c.id.in_(ids))
        for found in (announced, read.where(~exists().where(_is_announced()))):
            for row in await transaction.execute(found.distinct()):
                places[row.id].append(row.channel_id)
    return places


def _is_hidden(hidden: Collection[int]) -> ColumnElement[bool]:
    """Whether a poll stands in these channels only."""

    def stands(outside: Collection[int]) -> ColumnElement[bool]:
        return or_(
            and_(polls.c.channel_id.is_not(None), polls.c.channel_id.not_in(outside)),
            exists().where(_is_announced(), outbox.c.channel_id.not_in(outside)),
            and_(
                ~exists().where(_is_announced()), exists().where(_is_read(), subscriptions.c.channel_id.not_in(outside))
            ),
        )

    return and_(stands(()), ~stands(hidden))


def _is_announced() -> ColumnElement[bool]:
    """Of a delivery and a poll: it announced the poll's issue, or is going to."""
    return and_(
        outbox.c.guild_id == polls.c.guild_id,
        outbox.c.subject_key == polls.c.issue_key,
        outbox.c.purpose == Purpose.ANNOUNCE,
        or_(outbox.c.message_id.is_not(None), outbox.c.due_at.is_not(None)),
    )


def _is_read() -> ColumnElement[bool]:
    """Of a subscription, an issue and a poll: the server has that issue of the poll from there."""
    return and_(
        subscriptions.c.guild_id == polls.c.guild_id,
        subscriptions.c.source_id == issues.c.source_id,
        issues.c.issue_key == polls.c.issue_key,
    )


async def _forget_presses(transaction: Transaction, places: Collection[tuple[int, int]]) -> bool:
    """Let go of all but the last presses of these members in these polls; False where an older version left more."""
    if not places:
        return True
    number = func.row_number().over(
        partition_by=(ballot_ledger.c.poll_id, ballot_ledger.c.member_id), order_by=ballot_ledger.c.id.desc()
    )
    numbered = select(ballot_ledger.c.id, number.label("number")).where(_is_at(places)).subquery("numbered")
    unneeded = select(numbered.c.id).where(numbered.c.number > _KEPT_PRESSES).limit(_FORGOTTEN_AT_ONCE)
    result = await transaction.execute(delete(ballot_ledger).where(ballot_ledger.c.id.in_(unneeded)))
    return result.rowcount < _FORGOTTEN_AT_ONCE


def _is_at(places: Collection[tuple[int, int]]) -> ColumnElement[bool]:
    # As pairs, these would be more than PostgreSQL's parameters and SQLite's planner are good for.
    return and_(
        ballot_ledger.c.poll_id.in_({poll_id for poll_id, _ in places}),
        ballot_ledger.c.member_id.in_({member_id for _, member_id in places}),
    )


async def _locked(
    transaction: Transaction, poll_keys: Collection[str]
) -> dict[str, tuple[Row[Any], tuple[PollOption, ...]]]:
    rows = (
        await transaction.execute(
            select(polls).where(polls.c.poll_key.in_(poll_keys)).order_by(polls.c.id).with_for_update()
        )
    ).all()
    options = await _options(transaction, [row.id for row in rows])
    return {row.poll_key: (row, options[row.id]) for row in rows}


async def _present(
    transaction: Transaction, poll_ids: Collection[int], member_ids: Collection[int]
) -> dict[tuple[int, int], _Present]:
    rows = await transaction.execute(
        select(ballots).where(ballots.c.poll_id.in_(poll_ids), ballots.c.member_id.in_(member_ids))
    )
    # Of a ballot from before they were counted, there may be any number.
    return {
        (row.poll_id, row.member_id): _Present(
            row.position, row.interaction_id or 0, MOST_PRESSES if row.interaction_id is None else row.presses
        )
        for row in rows
    }


async def _options(transaction: Transaction, poll_ids: Sequence[int]) -> dict[int, tuple[PollOption, ...]]:
    rows = await transaction.execute(
        select(poll_options)
        .where(poll_options.c.poll_id.in_(poll_ids))
        .order_by(poll_options.c.poll_id, poll_options.c.position)
    )
    found: defaultdict[int, tuple[PollOption, ...]] = defaultdict(tuple)
    for row in rows:
        found[row.poll_id] += (PollOption(row.position, row.label, row.tally),)
    return found


async def _one(transaction: Transaction, query: Select[Any]) -> Poll | None:
    rows = (await transaction.execute(query)).all()
    return next(iter(await _whole(transaction, rows)), None)


async def _whole(transaction: Transaction, rows: Sequence[Row[Any]]) -> list[Poll]:
    options = await _options(transaction, [row.id for row in rows])
    return [_poll(row, options[row.id]) for row in rows]


def _poll(row: Row[Any], options: tuple[PollOption, ...]) -> Poll:
    return Poll(
        poll_key=row.poll_key,
        guild_id=row.guild_id,
        question=row.question,
        options=options,
        opened_at=row.opened_at,
        closes_at=row.closes_at,
        closed_at=row.closed_at,
        closed_by_id=row.closed_by_id,
        opened_by_id=row.opened_by_id,
        issue_key=row.issue_key,
        channel_id=row.channel_id,
    )
