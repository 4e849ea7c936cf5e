"""Which servers are trying an address at present: one each."""

from datetime import datetime

from sqlalchemy import delete

from bot.store.group_commit import Transaction
from bot.store.statements import insert
from bot.store.tables import source_attempts


async def claim(transaction: Transaction, guild_id: int, *, token: str, now: datetime, until: datetime) -> bool:
    """Whether `token` now stands for the attempt of this server: until then, or until it ends."""
    statement = insert(transaction, source_attempts)
    result = await transaction.execute(
        statement.values(guild_id=guild_id, token=token, ends_at=until)
        .on_conflict_do_update(
            index_elements=["guild_id"],
            set_={"token": statement.excluded.token, "ends_at": statement.excluded.ends_at},
            where=source_attempts.c.ends_at <= now,
        )
        .returning(source_attempts.c.guild_id)
    )
    return result.scalar_one_or_none() is not None


async def end(transaction: Transaction, guild_id: int, *, token: str) -> None:
    """The server may try another address, unless another attempt has taken this one's place."""
    await transaction.execute(
        delete(source_attempts).where(source_attempts.c.guild_id == guild_id, source_attempts.c.token == token)
    )
