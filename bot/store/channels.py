"""Channels that refuse everything, so that nothing is sent there; and those that only refuse threads."""

from datetime import datetime
from typing import Any

from sqlalchemy import Row, delete, func, select, update

from bot.model.delivery import StoppedChannel, ThreadlessChannel
from bot.model.problem import Problem
from bot.model.worker import WorkerName
from bot.store.group_commit import Transaction
from bot.store.statements import insert
from bot.store.tables import stopped_channels, threadless_channels


async def stop_channel(
    transaction: Transaction,
    channel_id: int,
    *,
    guild_id: int,
    problem: Problem,
    look_again_at: datetime | None,
) -> bool:
    """True when the channel was open so far, or stopped for another reason; else it goes on waiting."""
    result = await transaction.execute(
        insert(transaction, stopped_channels)
        .values(
            channel_id=channel_id,
            guild_id=guild_id,
            problem=problem.as_json(),
            stopped_at=transaction.now,
            looked_at=transaction.now,
            look_again_at=look_again_at,
            looks=0,
        )
        .on_conflict_do_nothing(index_elements=["channel_id"])
    )
    if result.rowcount:
        return True
    earlier = await get_stopped(transaction, channel_id)
    await transaction.execute(
        update(stopped_channels)
        .where(stopped_channels.c.channel_id == channel_id)
        .values(
            problem=problem.as_json(),
            looked_at=transaction.now,
            look_again_at=look_again_at,
            looks=stopped_channels.c.looks + 1,
        )
    )
    return earlier is not None and earlier.problem.message_id != problem.message_id


async def put_off_look(transaction: Transaction, stopped: StoppedChannel, *, look_again_at: datetime) -> None:
    """Look later, unless somebody changed that meanwhile."""
    await transaction.execute(
        update(stopped_channels)
        .where(
            stopped_channels.c.channel_id == stopped.channel_id,
            stopped_channels.c.look_again_at == stopped.look_again_at,
        )
        .values(look_again_at=look_again_at, looks=stopped_channels.c.looks + 1)
    )


async def open_channel(transaction: Transaction, channel_id: int) -> bool:
    """Let deliveries go there again; False when it was open."""
    result = await transaction.execute(delete(stopped_channels).where(stopped_channels.c.channel_id == channel_id))
    if not result.rowcount:
        return False
    transaction.wake(WorkerName.OUTBOX)
    return True


async def look_again(transaction: Transaction, channel_id: int, *, at: datetime) -> None:
    """Let the channel be tried at `at`."""
    await transaction.execute(
        update(stopped_channels).where(stopped_channels.c.channel_id == channel_id).values(look_again_at=at)
    )
    transaction.wake(WorkerName.OUTBOX)


async def forget_guild(transaction: Transaction, guild_id: int) -> None:
    await transaction.execute(delete(stopped_channels).where(stopped_channels.c.guild_id == guild_id))
    await forget_threadless(transaction, guild_id)


async def get_stopped(transaction: Transaction, channel_id: int) -> StoppedChannel | None:
    rows = await transaction.execute(select(stopped_channels).where(stopped_channels.c.channel_id == channel_id))
    row = rows.one_or_none()
    return None if row is None else _stopped(row)


async def stopped_in_guild(transaction: Transaction, guild_id: int | None) -> list[StoppedChannel]:
    """The stopped channels of a server, or of all servers."""
    query = select(stopped_channels).order_by(stopped_channels.c.channel_id)
    if guild_id is not None:
        query = query.where(stopped_channels.c.guild_id == guild_id)
    rows = await transaction.execute(query)
    return [_stopped(row) for row in rows]


async def due_for_a_look(transaction: Transaction) -> list[StoppedChannel]:
    """Stopped channels whose time to be tried again has come."""
    rows = await transaction.execute(
        select(stopped_channels).where(stopped_channels.c.look_again_at <= transaction.now)
    )
    return [_stopped(row) for row in rows]


async def count_stopped(transaction: Transaction) -> int:
    result = await transaction.execute(select(func.count()).select_from(stopped_channels))
    count: int = result.scalar_one()
    return count


async def note_threadless(transaction: Transaction, channel_id: int, *, guild_id: int, problem: Problem) -> bool:
    """No thread could be started in the channel; False when that is known already."""
    result = await transaction.execute(
        insert(transaction, threadless_channels)
        .values(channel_id=channel_id, guild_id=guild_id, problem=problem.as_json(), since_at=transaction.now)
        .on_conflict_do_nothing(index_elements=["channel_id"])
    )
    return bool(result.rowcount)


async def note_thread(transaction: Transaction, channel_id: int) -> bool:
    """A thread could be started in the channel; False when none had failed before."""
    result = await transaction.execute(
        delete(threadless_channels).where(threadless_channels.c.channel_id == channel_id)
    )
    return bool(result.rowcount)


async def threadless_in_guild(transaction: Transaction, guild_id: int) -> list[ThreadlessChannel]:
    """A server's channels in which the last announcement got no thread."""
    rows = await transaction.execute(
        select(threadless_channels)
        .where(threadless_channels.c.guild_id == guild_id)
        .order_by(threadless_channels.c.channel_id)
    )
    return [ThreadlessChannel(row.channel_id, row.guild_id, _problem(row.problem), row.since_at) for row in rows]


async def forget_threadless(transaction: Transaction, guild_id: int) -> None:
    """The server wants no threads any more."""
    await transaction.execute(delete(threadless_channels).where(threadless_channels.c.guild_id == guild_id))


def _problem(stored: str) -> Problem:
    problem = Problem.from_json(stored)
    assert problem is not None  # noqa: S101 - the column is not nullable
    return problem


def _stopped(row: Row[Any]) -> StoppedChannel:
    return StoppedChannel(
        channel_id=row.channel_id,
        guild_id=row.guild_id,
        problem=_problem(row.problem),
        stopped_at=row.stopped_at,
        looked_at=row.looked_at,
        look_again_at=row.look_again_at,
        looks=row.looks,
    )
