"""How much was read for each server, by day."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

from sqlalchemy import delete, exists, func, select, tuple_

from bot.store.group_commit import Transaction
from bot.store.statements import insert
from bot.store.tables import guild_usage, left_sources, sources, subscriptions

_ASKED_AT_ONCE = 1_000  # PostgreSQL takes 32,767 parameters a statement


@dataclass(frozen=True, slots=True)
class Share:
    """How much of the archive a server has."""

    issues: int
    links: int


async def share_of(transaction: Transaction, guild_id: int) -> Share:
    """A server's share: what its sources brought, each divided between the servers that read it.

    What it let go is its own until it is deleted, if no other server reads it.
    """
    others = subscriptions.alias("others")
    readers = (
        select(func.count(others.c.guild_id.distinct())).where(others.c.source_id == sources.c.id).scalar_subquery()
    )
    read = await transaction.execute(
        select(sources.c.issue_count, sources.c.link_count, readers.label("readers")).where(
            sources.c.id.in_(select(subscriptions.c.source_id).where(subscriptions.c.guild_id == guild_id))
        )
    )
    # There may be thousands of those, so the database counts.
    let_go = await transaction.execute(
        select(
            func.coalesce(func.sum(sources.c.issue_count), 0).label("issues"),
            func.coalesce(func.sum(sources.c.link_count), 0).label("links"),
        )
        .join(left_sources, left_sources.c.source_id == sources.c.id)
        .where(left_sources.c.guild_id == guild_id, ~exists().where(subscriptions.c.source_id == sources.c.id))
    )
    total = let_go.one()
    issues, links = int(total.issues), int(total.links)
    for row in read:
        issues += -(-row.issue_count // max(row.readers, 1))
        links += -(-row.link_count // max(row.readers, 1))
    return Share(issues, links)


async def add(transaction: Transaction, guild_ids: Collection[int], *, day: date, received_bytes: int) -> None:
    """Charge each of these servers with so much."""
    statement = insert(transaction, guild_usage)
    await transaction.execute(
        statement.on_conflict_do_update(
            index_elements=["guild_id", "day"],
            set_={"received_bytes": guild_usage.c.received_bytes + statement.excluded.received_bytes},
        ),
        [{"guild_id": guild_id, "day": day, "received_bytes": received_bytes} for guild_id in sorted(guild_ids)],
    )


async def forget_before(transaction: Transaction, day: date, *, limit: int) -> int:
    """Forget so much of what was read before that day; how much that was."""
    key = (guild_usage.c.guild_id, guild_usage.c.day)
    old = select(*key).where(guild_usage.c.day < day).order_by(*key).limit(limit)
    result = await transaction.execute(delete(guild_usage).where(tuple_(*key).in_(old)))
    return result.rowcount


async def add_below(
    transaction: Transaction, guild_id: int, *, day: date, received_bytes: int, limit: int
) -> int | None:
    """What is on the server's account with so much more; None, and nothing added, where it had reached the limit."""
    statement = insert(transaction, guild_usage)
    result = await transaction.execute(
        statement.values(guild_id=guild_id, day=day, received_bytes=received_bytes)
        .on_conflict_do_update(
            index_elements=["guild_id", "day"],
            set_={"received_bytes": guild_usage.c.received_bytes + statement.excluded.received_bytes},
            where=guild_usage.c.received_bytes < limit,
        )
        .returning(guild_usage.c.received_bytes)
    )
    total: int | None = result.scalar_one_or_none()
    return total


async def of_day(transaction: Transaction, guild_ids: Collection[int], *, day: date) -> dict[int, int]:
    """What was read for these servers on that day; those without any are left out."""
    used: dict[int, int] = {}
    asked = sorted(guild_ids)
    for start in range(0, len(asked), _ASKED_AT_ONCE):
        rows = await transaction.execute(
            select(guild_usage.c.guild_id, guild_usage.c.received_bytes).where(
                guild_usage.c.guild_id.in_(asked[start : start + _ASKED_AT_ONCE]), guild_usage.c.day == day
            )
        )
        used |= {row.guild_id: row.received_bytes for row in rows}
    return used
