"""Servers, their settings and their subscriptions."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, Row, delete, or_, select, update

from bot.model.guild import ArchiveAccess, FirstAnnouncement, Guild, Source, Subscription
from bot.model.worker import WorkerName
from bot.store.group_commit import Transaction
from bot.store.sources import source_of
from bot.store.statements import insert
from bot.store.tables import guilds, left_sources, sources, subscriptions


async def remember_guild(transaction: Transaction, guild_id: int, *, name: str) -> None:
    """Add the server with its default settings, or note its new name."""
    await transaction.execute(
        insert(transaction, guilds)
        .values(
            guild_id=guild_id,
            name=name[:100],
            discussion_threads=True,
            first_announcement=FirstAnnouncement.NEWEST,
            created_at=transaction.now,
        )
        .on_conflict_do_update(index_elements=["guild_id"], set_={"name": name[:100]})
    )


async def get_guild(transaction: Transaction, guild_id: int) -> Guild | None:
    row = (await transaction.execute(select(guilds).where(guilds.c.guild_id == guild_id))).one_or_none()
    return None if row is None else _guild(row)


async def hold_guild(transaction: Transaction, guild_id: int) -> None:
    """Let nobody else who holds the server decide about it before this transaction ends."""
    await transaction.execute(select(guilds.c.guild_id).where(guilds.c.guild_id == guild_id).with_for_update())


async def change_settings(transaction: Transaction, guild_id: int, **settings: Any) -> None:
    """Set columns of the server's row; `bot.services.guilds` decides which."""
    if settings:
        await transaction.execute(update(guilds).where(guilds.c.guild_id == guild_id).values(**settings))


async def take_ping(transaction: Transaction, guild_id: int, *, apart: timedelta) -> int | None:
    """The role to mention now, or None: where none is set, or the last mention is less than `apart` ago."""
    result = await transaction.execute(
        update(guilds)
        .where(
            guilds.c.guild_id == guild_id,
            guilds.c.ping_role_id.is_not(None),
            # A mention in the future was written while the clock was wrong.
            or_(
                guilds.c.last_ping_at.is_(None),
                guilds.c.last_ping_at <= transaction.now - apart,
                guilds.c.last_ping_at > transaction.now,
            ),
        )
        .values(last_ping_at=transaction.now)
        .returning(guilds.c.ping_role_id)
    )
    role_id: int | None = result.scalar_one_or_none()
    return role_id


async def subscribe(transaction: Transaction, *, guild_id: int, source_id: int, channel_id: int) -> None:
    """Let `channel_id` be the server's one channel for the source."""
    await transaction.execute(
        delete(subscriptions).where(
            subscriptions.c.guild_id == guild_id,
            subscriptions.c.source_id == source_id,
            subscriptions.c.channel_id != channel_id,
        )
    )
    await transaction.execute(
        insert(transaction, subscriptions)
        .values(guild_id=guild_id, source_id=source_id, channel_id=channel_id, created_at=transaction.now)
        .on_conflict_do_nothing(index_elements=["guild_id", "source_id", "channel_id"])
    )
    transaction.wake(WorkerName.SOURCES)


async def unsubscribe(transaction: Transaction, *, guild_id: int, source_id: int) -> bool:
    """False when the server had no channel for the source; else it is noted that this server let it go last."""
    result = await transaction.execute(
        delete(subscriptions).where(subscriptions.c.guild_id == guild_id, subscriptions.c.source_id == source_id)
    )
    if not result.rowcount:
        return False
    await transaction.execute(
        insert(transaction, left_sources)
        .values(source_id=source_id, guild_id=guild_id)
        .on_conflict_do_update(index_elements=["source_id"], set_={"guild_id": guild_id})
    )
    return True


async def move_subscription(transaction: Transaction, subscription: Subscription, *, channel_id: int) -> Subscription:
    """Let what it brings go to another channel; the subscription as it is now."""
    await transaction.execute(
        update(subscriptions).where(subscriptions.c.id == subscription.subscription_id).values(channel_id=channel_id)
    )
    return replace(subscription, channel_id=channel_id)


async def names(transaction: Transaction) -> dict[int, str]:
    """All servers that were ever set up, by their ids."""
    rows = await transaction.execute(select(guilds.c.guild_id, guilds.c.name).order_by(guilds.c.guild_id))
    return {row.guild_id: row.name for row in rows}


async def guilds_with_subscriptions(transaction: Transaction) -> set[int]:
    """Ids of the servers that read anything."""
    rows = await transaction.execute(select(subscriptions.c.guild_id).distinct())
    return set(rows.scalars())


async def subscriptions_of_guild(transaction: Transaction, guild_id: int) -> list[Subscription]:
    return await _subscriptions(transaction, subscriptions.c.guild_id == guild_id)


async def subscriptions_of_source(transaction: Transaction, source_id: int) -> list[Subscription]:
    """In the order of the servers, so that two transactions lock their rows in the same order."""
    return await _subscriptions(transaction, subscriptions.c.source_id == source_id)


async def readers_after(transaction: Transaction, source_id: int, *, after: int, limit: int) -> list[int]:
    """So many of the servers that read a source, in their order, beyond that one."""
    rows = await transaction.execute(
        select(subscriptions.c.guild_id)
        .where(subscriptions.c.source_id == source_id, subscriptions.c.guild_id > after)
        .distinct()
        .order_by(subscriptions.c.guild_id)
        .limit(limit)
    )
    return list(rows.scalars())


async def hold_subscriptions_of_guild(transaction: Transaction, guild_id: int) -> None:
    """Let nobody else who holds one of them decide by it before this transaction ends."""
    await _hold_subscriptions(transaction, subscriptions.c.guild_id == guild_id)


async def hold_subscriptions_after(
    transaction: Transaction, source_id: int, *, after: int, limit: int
) -> tuple[list[Subscription], int]:
    """So many of a source's subscriptions after that one, in the order in which they were made, and the last one's id.

    Held with all others of their servers: another of a server's sources may bring the same issues. To be asked for
    before the source's own row, which a subscription locks after them, and once in a transaction.
    """
    chosen = (
        await transaction.execute(
            select(subscriptions.c.id, subscriptions.c.guild_id)
            .where(subscriptions.c.source_id == source_id, subscriptions.c.id > after)
            .order_by(subscriptions.c.id)
            .limit(limit)
        )
    ).all()
    await _hold_subscriptions(transaction, subscriptions.c.guild_id.in_({row.guild_id for row in chosen}))
    ids = [row.id for row in chosen]
    return await _subscriptions(transaction, subscriptions.c.id.in_(ids)), max(ids, default=after)


async def _hold_subscriptions(transaction: Transaction, condition: ColumnElement[bool]) -> None:
    # In this order everywhere, so that two who want some of the same rows do not wait for each other in a circle.
    await transaction.execute(
        select(subscriptions.c.id).where(condition).order_by(subscriptions.c.id).with_for_update()
    )


async def sources_of_guild(transaction: Transaction, guild_id: int) -> list[Source]:
    """The sources a server reads, in the order of their subscription."""
    rows = await transaction.execute(
        select(sources)
        .join(subscriptions, subscriptions.c.source_id == sources.c.id)
        .where(subscriptions.c.guild_id == guild_id)
        .order_by(subscriptions.c.id)
    )
    return [source_of(row) for row in rows]


async def _subscriptions(transaction: Transaction, condition: Any) -> list[Subscription]:
    rows: Sequence[Row[Any]] = (
        await transaction.execute(
            select(subscriptions).where(condition).order_by(subscriptions.c.guild_id, subscriptions.c.id)
        )
    ).all()
    return [
        Subscription(
            subscription_id=row.id,
            guild_id=row.guild_id,
            source_id=row.source_id,
            channel_id=row.channel_id,
            created_at=row.created_at,
        )
        for row in rows
    ]


def _guild(row: Row[Any]) -> Guild:
    return Guild(
        guild_id=row.guild_id,
        name=row.name,
        ping_role_id=row.ping_role_id,
        discussion_threads=row.discussion_threads,
        first_announcement=FirstAnnouncement(row.first_announcement),
        staff_channel_id=row.staff_channel_id,
        publish=row.publish,
        review_channel_id=row.review_channel_id,
        moderator_role_id=row.moderator_role_id,
        editor_role_id=row.editor_role_id,
        archive_access=ArchiveAccess(row.archive_access),
        archive_role_id=row.archive_role_id,
        announce_repeats=row.announce_repeats,
    )
