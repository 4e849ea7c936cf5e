"""Which servers are trying an address at present: one each."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import delete, select

from bot.store.group_commit import Transaction
from bot.store.statements import insert
from bot.store.tables import source_attempts


async def claim(transaction: Transaction, guild_id: int, *, token: str, incarnation: str, until: datetime) -> bool:
    """Whether `token` now stands for the attempt of this server: until then, until it ends, or this process does."""
    statement = insert(transaction, source_attempts)
    result = await transaction.execute(
        statement.values(guild_id=guild_id, token=token, ends_at=until, lease_incarnation=incarnation)
        .on_conflict_do_update(
            index_elements=["guild_id"],
            set_={name: statement.excluded[name] for name in ("token", "ends_at", "lease_incarnation")},
            where=source_attempts.c.ends_at <= transaction.now,
        )
        .returning(source_attempts.c.guild_id)
    )
    return result.scalar_one_or_none() is not None


async def end(transaction: Transaction, guild_id: int, *, token: str) -> None:
    """The server may try another address, unless another attempt has taken this one's place."""
    await transaction.execute(
        delete(source_attempts).where(source_attempts.c.guild_id == guild_id, source_attempts.c.token == token)
    )


async def end_all(transaction: Transaction) -> int:
    """End every attempt, how many there were; only for a database that one process at a time runs on."""
    return (await transaction.execute(delete(source_attempts))).rowcount


async def end_of(transaction: Transaction, incarnations: Collection[str]) -> int:
    """End what these processes were trying; how many attempts that were."""
    held = (
        select(source_attempts.c.guild_id)
        .where(source_attempts.c.lease_incarnation.in_(list(incarnations)))
        .order_by(source_attempts.c.guild_id)
        .with_for_update(skip_locked=True)
    )
    return (await transaction.execute(delete(source_attempts).where(source_attempts.c.guild_id.in_(held)))).rowcount
