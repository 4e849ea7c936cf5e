"""Sessions begun at Discord's gateway, counted over restarts."""

from datetime import datetime

from sqlalchemy import delete, select

from bot.store.group_commit import Transaction
from bot.store.statements import insert
from bot.store.tables import gateway_sessions


async def record_session(transaction: Transaction, shard_id: int) -> None:
    await transaction.execute(insert(transaction, gateway_sessions).values(shard_id=shard_id, begun_at=transaction.now))


async def sessions_since(transaction: Transaction, shard_id: int, *, since: datetime) -> list[datetime]:
    """When this shard began its sessions, oldest first."""
    rows = await transaction.execute(
        select(gateway_sessions.c.begun_at)
        .where(gateway_sessions.c.shard_id == shard_id, gateway_sessions.c.begun_at > since)
        .order_by(gateway_sessions.c.begun_at)
    )
    return [row.begun_at for row in rows]


async def forget_sessions(transaction: Transaction, *, before: datetime) -> None:
    await transaction.execute(delete(gateway_sessions).where(gateway_sessions.c.begun_at <= before))
