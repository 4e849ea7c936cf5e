"""Everything that is kept of one member in one server: to hand out, and to forget.

A part for each table with a column of the type `MemberId`; a test finds tables without one.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from secrets import randbits
from typing import Any

from sqlalchemy import Table, and_, delete, exists, literal, or_, select, tuple_, update

from bot.model.chore import ChoreKind
from bot.model.submission import SubmissionState
from bot.store.group_commit import Transaction
from bot.store.statements import insert
from bot.store.tables import (
    MemberId,
    ballot_ledger,
    ballots,
    chores,
    interactions,
    issues,
    member_credits,
    poll_options,
    polls,
    submissions,
)


@dataclass(frozen=True, slots=True)
class Forgotten:
    """How much does not name the member any more, and what shows that: submissions, issues and polls by their keys."""

    count: int = 0
    subjects: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Whom:
    """A member in a server who is forgotten now."""

    guild_id: int
    member_id: int
    now: datetime


Forget = Callable[[Transaction, Whom, int], Awaitable[Forgotten]]
"""Forget the member in so many places at most."""


@dataclass(frozen=True, slots=True)
class Part:
    """What tables keep of members, and how they forget one."""

    tables: tuple[Table, ...]
    forget: Forget


async def kept_of(
    transaction: Transaction,
    table: Table,
    *,
    guild_id: int,
    member_id: int,
    after: tuple[Any, ...] | None,
    limit: int,
) -> tuple[list[dict[str, Any]], tuple[Any, ...] | None]:
    """So many rows of a server that name the member, behind the primary key `after`; and the last one's key.

    Ids of other members are left out.
    """
    theirs = {column.name for column in table.c if isinstance(column.type, MemberId)}
    keys = list(table.primary_key.columns)
    wanted = select(table).where(_in_guild(table, guild_id), or_(*(table.c[name] == member_id for name in theirs)))
    if after is not None:
        values = (literal(value, column.type) for column, value in zip(keys, after, strict=True))
        wanted = wanted.where(tuple_(*keys) > tuple_(*values))
    rows = (await transaction.execute(wanted.order_by(*keys).limit(limit))).all()
    found = [
        {name: None if name in theirs and value != member_id else value for name, value in row._asdict().items()}
        for row in rows
    ]
    return found, tuple(getattr(rows[-1], column.name) for column in keys) if rows else after


async def forget(transaction: Transaction, *, guild_id: int, member_id: int, limit: int) -> Forgotten:
    """Let so much of what is kept for a server not name the member any more; less than `limit` when that was all."""
    whom, done = Whom(guild_id, member_id, transaction.now), Forgotten()
    for part in PARTS:
        some = await part.forget(transaction, whom, limit - done.count)
        done = Forgotten(done.count + some.count, done.subjects + some.subjects)
        if done.count >= limit:
            break
    return done


async def _forget_credit(transaction: Transaction, whom: Whom, _limit: int) -> Forgotten:
    result = await transaction.execute(
        delete(member_credits).where(
            member_credits.c.guild_id == whom.guild_id, member_credits.c.member_id == whom.member_id
        )
    )
    return Forgotten(result.rowcount)


async def _forget_submissions(transaction: Transaction, whom: Whom, limit: int) -> Forgotten:
    columns = (
        submissions.c.finder_id,
        submissions.c.brought_by_id,
        submissions.c.decided_by_id,
        submissions.c.planned_by_id,
    )
    found = (
        await transaction.execute(
            select(submissions.c.id, submissions.c.submission_key, *columns, issues.c.issue_key)
            .outerjoin(issues, issues.c.id == submissions.c.featured_issue_id)
            .where(submissions.c.guild_id == whom.guild_id, or_(*(column == whom.member_id for column in columns)))
            .order_by(submissions.c.id)
            .limit(limit)
        )
    ).all()
    here = submissions.c.id.in_([row.id for row in found])
    theirs = and_(here, submissions.c.finder_id == whom.member_id)
    waits = and_(theirs, submissions.c.state == SubmissionState.PENDING)
    # What nobody decided about, nobody needs; what was decided stays as the newsletter's own, without words and name.
    await transaction.execute(
        update(submissions)
        .where(waits)
        .values(state=SubmissionState.WITHDRAWN, url="", link_key="", alias=None, open_key=None, title=None)
    )
    await transaction.execute(update(submissions).where(theirs).values(finder_id=None, note=""))
    for column in columns[1:]:
        await transaction.execute(update(submissions).where(here, column == whom.member_id).values({column: None}))
    ran = (row.issue_key for row in found if row.finder_id == whom.member_id and row.issue_key is not None)
    return Forgotten(len(found), (*(row.submission_key for row in found), *dict.fromkeys(ran)))


async def _forget_polls(transaction: Transaction, whom: Whom, limit: int) -> Forgotten:
    columns = (polls.c.opened_by_id, polls.c.closed_by_id)
    named = select(polls.c.id).where(
        polls.c.guild_id == whom.guild_id, or_(*(column == whom.member_id for column in columns))
    )
    ids = (await transaction.execute(named.order_by(polls.c.id).limit(limit).with_for_update())).scalars().all()
    for column in columns:
        await transaction.execute(
            update(polls).where(polls.c.id.in_(ids), column == whom.member_id).values({column: None})
        )
    return Forgotten(len(ids))


async def _forget_ballots(transaction: Transaction, whom: Whom, limit: int) -> Forgotten:
    """In a closed poll the vote stays, under a number that is nobody's; in an open one it is taken back.

    Otherwise whoever is forgotten could vote once more. In both the ledger still gives the tally when it is recounted:
    so all presses of the member in one poll are renamed, or leave, at once. Those that leave are kept by their numbers
    alone, for as long as a press may be heard once more.
    """
    # Locked in the order in which votes lock them, and before anything is read of them.
    voted = exists().where(ballots.c.poll_id == polls.c.id, ballots.c.member_id == whom.member_id)
    theirs = select(polls.c.id).where(polls.c.guild_id == whom.guild_id, voted)
    ids = (await transaction.execute(theirs.order_by(polls.c.id).limit(limit).with_for_update())).scalars().all()
    rows = await transaction.execute(
        select(polls.c.id, polls.c.poll_key, polls.c.issue_key, polls.c.closed_at, ballots.c.position)
        .join(ballots, ballots.c.poll_id == polls.c.id)
        .where(polls.c.id.in_(ids), ballots.c.member_id == whom.member_id)
        .order_by(polls.c.id)
    )
    subjects: list[str] = []
    for row in rows.all():
        mine = and_(ballots.c.poll_id == row.id, ballots.c.member_id == whom.member_id)
        if row.closed_at is None:
            # A poll's card names nobody, but the vote that is taken back changes its tally.
            subjects.append(row.issue_key or row.poll_key)
            await transaction.execute(delete(ballots).where(mine))
            await transaction.execute(
                update(poll_options)
                .where(poll_options.c.poll_id == row.id, poll_options.c.position == row.position)
                .values(tally=poll_options.c.tally - 1)
            )
            await _keep_numbers_of(transaction, whom, poll_id=row.id)
        else:
            nobody = -1 - randbits(62)
            await transaction.execute(update(ballots).where(mine).values(member_id=nobody))
            await transaction.execute(
                update(ballot_ledger)
                .where(ballot_ledger.c.poll_id == row.id, ballot_ledger.c.member_id == whom.member_id)
                .values(member_id=nobody)
            )
    return Forgotten(len(ids), tuple(subjects))


async def _keep_numbers_of(transaction: Transaction, whom: Whom, *, poll_id: int) -> None:
    """Let a member's presses in a poll leave its ledger; each had its effect, and has none when it is heard again."""
    theirs = and_(ballot_ledger.c.poll_id == poll_id, ballot_ledger.c.member_id == whom.member_id)
    pressed = await transaction.execute(delete(ballot_ledger).where(theirs).returning(ballot_ledger.c.interaction_id))
    numbers = [number for number in pressed.scalars() if number is not None]
    if numbers:
        kept = [{"interaction_id": number, "guild_id": whom.guild_id, "acted_at": whom.now} for number in numbers]
        await transaction.execute(
            insert(transaction, interactions).values(kept).on_conflict_do_nothing(index_elements=["interaction_id"])
        )


async def _forget_chores(transaction: Transaction, whom: Whom, _limit: int) -> Forgotten:
    """But for the one that forgets the member, which ends by itself."""
    result = await transaction.execute(
        delete(chores).where(
            chores.c.guild_id == whom.guild_id,
            chores.c.member_id == whom.member_id,
            chores.c.kind != ChoreKind.FORGET,
        )
    )
    return Forgotten(result.rowcount)


def _in_guild(table: Table, guild_id: int) -> Any:
    if "guild_id" in table.c:
        return table.c.guild_id == guild_id
    return table.c.poll_id.in_(select(polls.c.id).where(polls.c.guild_id == guild_id))


PARTS = (
    Part((member_credits,), _forget_credit),
    Part((submissions,), _forget_submissions),
    Part((polls,), _forget_polls),
    Part((ballots, ballot_ledger), _forget_ballots),
    Part((chores,), _forget_chores),
)

TABLES = tuple(table for part in PARTS for table in part.tables)
