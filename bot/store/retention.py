"""What is kept for a time only: rows that nobody needs after that, found by their keys, some at a time."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import ColumnElement, and_, delete, exists, func, or_, select, update

from bot.model.chore import ChoreKind
from bot.model.delivery import Purpose
from bot.model.flood import FloodDecision
from bot.store.group_commit import Transaction
from bot.store.subjects import Needed
from bot.store.tables import (
    chores,
    floods,
    interactions,
    issues,
    left_sources,
    links,
    outbox,
    sources,
    submissions,
    subscriptions,
)


async def outbox_portion(
    transaction: Transaction,
    known: Mapping[Purpose, Needed | None],
    *,
    after: int,
    before: datetime,
    limit: int,
) -> tuple[int | None, list[int]]:
    """Of the next so many deliveries beyond the row `after`: the last row's id, and those that nobody needs any more.

    Needed is what is open, what was queued at `before` or later, and what is needed by the rule of its own kind; also
    what is of no `known` kind, which a newer version has queued. None when there is no row beyond.
    """
    rows = list(
        (
            await transaction.execute(select(outbox.c.id).where(outbox.c.id > after).order_by(outbox.c.id).limit(limit))
        ).scalars()
    )
    if not rows:
        return None, []
    unneeded = await transaction.execute(
        select(outbox.c.id).where(
            outbox.c.id.between(rows[0], rows[-1]),
            outbox.c.due_at.is_(None),
            outbox.c.created_at < before,
            ~_is_needed(known),
        )
    )
    return rows[-1], list(unneeded.scalars())


async def delete_deliveries(transaction: Transaction, outbox_ids: list[int]) -> None:
    """Forget these, as far as nobody opened one of them again meanwhile."""
    await transaction.execute(delete(outbox).where(outbox.c.id.in_(outbox_ids), outbox.c.due_at.is_(None)))


async def delete_interactions(transaction: Transaction, *, before: datetime, limit: int) -> int:
    """Forget the oldest presses, if they acted before that moment; how many there were."""
    # Discord numbers them by time.
    oldest = select(interactions.c.interaction_id).order_by(interactions.c.interaction_id).limit(limit)
    result = await transaction.execute(
        delete(interactions).where(interactions.c.interaction_id.in_(oldest), interactions.c.acted_at < before)
    )
    return result.rowcount


async def delete_floods(transaction: Transaction, *, before: datetime, limit: int) -> int:
    """Forget so many floods that were decided before that moment and that nobody needs any more; how many there were.

    Needed is one of which something is still to be announced or drawn, and one whose decision kept issues from being
    announced to a server that reads the newsletter: `/desk why` tells of it.
    """
    is_read = exists().where(
        subscriptions.c.guild_id == floods.c.guild_id, subscriptions.c.source_id == floods.c.source_id
    )
    is_told = and_(floods.c.decision != FloodDecision.ALL, is_read)
    is_announced = exists().where(
        chores.c.kind == ChoreKind.ANNOUNCE_FLOOD,
        chores.c.guild_id == floods.c.guild_id,
        chores.c.subject == floods.c.flood_key,
    )
    is_drawn = exists().where(
        outbox.c.guild_id == floods.c.guild_id, outbox.c.subject_key == floods.c.flood_key, outbox.c.due_at.is_not(None)
    )
    unneeded = select(floods.c.id).where(floods.c.decided_at < before, ~is_told, ~is_announced, ~is_drawn)
    result = await transaction.execute(
        delete(floods).where(floods.c.id.in_(unneeded.order_by(floods.c.id).limit(limit)))
    )
    return result.rowcount


async def note_unread(transaction: Transaction, *, limit: int) -> int:
    """Keep of so many sources since when no server reads them, where that was not noticed yet; how many those were."""
    fresh = select(sources.c.id).where(sources.c.unread_since.is_(None), ~_is_read()).limit(limit)
    result = await transaction.execute(
        update(sources).where(sources.c.id.in_(fresh), ~_is_read()).values(unread_since=transaction.now)
    )
    return result.rowcount


async def count_unread_anew(transaction: Transaction, source_id: int) -> None:
    """Let the time in which no server reads a source begin anew: somebody has just put something there."""
    await transaction.execute(
        update(sources).where(sources.c.id == source_id, sources.c.unread_since.is_not(None)).values(unread_since=None)
    )


async def long_unread(transaction: Transaction, *, before: datetime) -> list[int]:
    """Sources that no server has read since that moment."""
    rows = await transaction.execute(
        select(sources.c.id).where(sources.c.unread_since < before, ~_is_read()).order_by(sources.c.id)
    )
    return list(rows.scalars())


async def delete_unread(transaction: Transaction, source_id: int, *, limit: int, links_limit: int) -> int:
    """Delete the oldest issues of a source that no server reads, with all of theirs; how many.

    So many at most, and no more than have so many links together, but one in any case. What a member sent in and ran
    stays with its issue. A source without issues goes too, which counts as none. 0 where a server reads it again.
    """
    # Who begins to read it while this waits takes back since when nobody does; the rest of the row is seen as it was.
    is_unread = and_(sources.c.unread_since.is_not(None), ~_is_read())
    unread = select(sources.c.id).where(sources.c.id == source_id, is_unread).with_for_update()
    if (await transaction.execute(unread)).one_or_none() is None:
        return 0
    has_run = exists().where(submissions.c.featured_issue_id == issues.c.id)
    link_count = select(func.count()).where(links.c.issue_id == issues.c.id).scalar_subquery().label("links")
    rows = await transaction.execute(
        select(issues.c.id, link_count)
        .where(issues.c.source_id == source_id, ~has_run)
        .order_by(issues.c.ordered_at, issues.c.id)
        .limit(limit)
    )
    gone: list[int] = []
    gone_links = 0
    for row in rows:
        if gone and gone_links + row.links > links_limit:
            break
        gone.append(row.id)
        gone_links += row.links
    await transaction.execute(delete(issues).where(issues.c.id.in_(gone)))
    await transaction.execute(
        update(sources)
        .where(sources.c.id == source_id)
        .values(issue_count=sources.c.issue_count - len(gone), link_count=sources.c.link_count - gone_links)
    )
    if not gone:
        is_empty = ~exists().where(issues.c.source_id == sources.c.id)
        gone_now = await transaction.execute(delete(sources).where(sources.c.id == source_id, is_empty))
        if gone_now.rowcount:
            await transaction.execute(delete(left_sources).where(left_sources.c.source_id == source_id))
    return len(gone)


def _is_read() -> ColumnElement[bool]:
    return exists().where(subscriptions.c.source_id == sources.c.id)


def _is_needed(known: Mapping[Purpose, Needed | None]) -> ColumnElement[bool]:
    return or_(
        outbox.c.purpose.not_in(known),
        *(
            and_(outbox.c.purpose == purpose, needed(outbox.c.subject_key))
            for purpose, needed in known.items()
            if needed is not None
        ),
    )
