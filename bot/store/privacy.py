"""Everything that is kept of one member in one server: to hand out, and to forget.

A part for each table with a column of the type `MemberId`; a test finds tables without one.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from secrets import randbits
from typing import Any

from sqlalchemy import Table, and_, delete, exists, insert, or_, select, update

from bot.model.submission import SubmissionState
from bot.store.group_commit import Transaction
from bot.store.tables import MemberId, ballot_ledger, ballots, member_credits, poll_options, polls, submissions

Forget = Callable[[Transaction, int, int, datetime], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Part:
    """What tables keep of members, and how they forget one."""

    tables: tuple[Table, ...]
    forget: Forget


@dataclass(frozen=True, slots=True)
class Traces:
    """What has to be drawn anew when the member is forgotten: keys of submissions and polls."""

    submission_keys: tuple[str, ...]
    poll_keys: tuple[str, ...]


async def kept_of(transaction: Transaction, *, guild_id: int, member_id: int) -> dict[str, list[dict[str, Any]]]:
    """All rows of a server that name the member, by table; ids of other members left out."""
    found: dict[str, list[dict[str, Any]]] = {}
    for table in (table for part in PARTS for table in part.tables):
        theirs = {column.name for column in table.c if isinstance(column.type, MemberId)}
        named = or_(*(table.c[name] == member_id for name in theirs))
        rows = await transaction.execute(
            select(table).where(_in_guild(table, guild_id), named).order_by(*table.primary_key.columns)
        )
        found[table.name] = [
            {name: None if name in theirs and value != member_id else value for name, value in row._asdict().items()}
            for row in rows
        ]
    return found


async def traces_of(transaction: Transaction, *, guild_id: int, member_id: int) -> Traces:
    """What stands on Discord and names the member."""
    named = or_(
        submissions.c.finder_id == member_id,
        submissions.c.brought_by_id == member_id,
        submissions.c.decided_by_id == member_id,
    )
    sent = await transaction.execute(
        select(submissions.c.submission_key).where(submissions.c.guild_id == guild_id, named)
    )
    # A poll's card names nobody, but the vote that is taken back changes its tally.
    voted = exists().where(ballots.c.poll_id == polls.c.id, ballots.c.member_id == member_id)
    asked = await transaction.execute(
        select(polls.c.poll_key).where(polls.c.guild_id == guild_id, polls.c.closed_at.is_(None), voted)
    )
    return Traces(tuple(sent.scalars()), tuple(asked.scalars()))


async def forget(transaction: Transaction, *, guild_id: int, member_id: int, now: datetime) -> None:
    """Let nothing that is kept for a server name the member any more."""
    # In the order in which votes lock them, and before anything is read of them.
    voted = exists().where(ballots.c.poll_id == polls.c.id, ballots.c.member_id == member_id)
    concerned = or_(voted, polls.c.opened_by_id == member_id, polls.c.closed_by_id == member_id)
    rows = select(polls.c.id).where(polls.c.guild_id == guild_id, concerned)
    await transaction.execute(rows.order_by(polls.c.id).with_for_update())
    for part in PARTS:
        await part.forget(transaction, guild_id, member_id, now)


async def _forget_credit(transaction: Transaction, guild_id: int, member_id: int, _now: datetime) -> None:
    await transaction.execute(
        delete(member_credits).where(member_credits.c.guild_id == guild_id, member_credits.c.member_id == member_id)
    )


async def _forget_submissions(transaction: Transaction, guild_id: int, member_id: int, _now: datetime) -> None:
    here = submissions.c.guild_id == guild_id
    theirs = and_(here, submissions.c.finder_id == member_id)
    waits = and_(theirs, submissions.c.state == SubmissionState.PENDING)
    # What nobody decided about, nobody needs; what was decided stays as the newsletter's own, without words and name.
    await transaction.execute(
        update(submissions)
        .where(waits)
        .values(state=SubmissionState.WITHDRAWN, url="", link_key="", open_key=None, title=None)
    )
    await transaction.execute(update(submissions).where(theirs).values(finder_id=None, note=""))
    for column in (submissions.c.brought_by_id, submissions.c.decided_by_id, submissions.c.planned_by_id):
        await transaction.execute(update(submissions).where(here, column == member_id).values({column: None}))


async def _forget_polls(transaction: Transaction, guild_id: int, member_id: int, _now: datetime) -> None:
    for column in (polls.c.opened_by_id, polls.c.closed_by_id):
        await transaction.execute(
            update(polls).where(polls.c.guild_id == guild_id, column == member_id).values({column: None})
        )


async def _forget_ballots(transaction: Transaction, guild_id: int, member_id: int, now: datetime) -> None:
    """In a closed poll the vote stays, under a number that is nobody's; in an open one it is taken back.

    Otherwise whoever is forgotten could vote once more. In both the ledger still gives the tally when it is recounted.
    """
    rows = await transaction.execute(
        select(polls.c.id, polls.c.closed_at, ballots.c.position)
        .join(ballots, ballots.c.poll_id == polls.c.id)
        .where(polls.c.guild_id == guild_id, ballots.c.member_id == member_id)
        .order_by(polls.c.id)
    )
    for row in rows.all():
        nobody = -1 - randbits(62)
        mine = and_(ballots.c.poll_id == row.id, ballots.c.member_id == member_id)
        if row.closed_at is None:
            await transaction.execute(delete(ballots).where(mine))
            await transaction.execute(
                update(poll_options)
                .where(poll_options.c.poll_id == row.id, poll_options.c.position == row.position)
                .values(tally=poll_options.c.tally - 1)
            )
            await transaction.execute(
                insert(ballot_ledger).values(poll_id=row.id, member_id=nobody, position=None, cast_at=now)
            )
        else:
            await transaction.execute(update(ballots).where(mine).values(member_id=nobody))
        await transaction.execute(
            update(ballot_ledger)
            .where(ballot_ledger.c.poll_id == row.id, ballot_ledger.c.member_id == member_id)
            .values(member_id=nobody)
        )


def _in_guild(table: Table, guild_id: int) -> Any:
    if "guild_id" in table.c:
        return table.c.guild_id == guild_id
    return table.c.poll_id.in_(select(polls.c.id).where(polls.c.guild_id == guild_id))


PARTS = (
    Part((member_credits,), _forget_credit),
    Part((submissions,), _forget_submissions),
    Part((polls,), _forget_polls),
    Part((ballots, ballot_ledger), _forget_ballots),
)
