"""Interactions that had an effect."""

from datetime import datetime

from bot.store.group_commit import Transaction
from bot.store.statements import insert
from bot.store.tables import interactions


async def record_effect(transaction: Transaction, interaction_id: int, *, guild_id: int | None, now: datetime) -> bool:
    """True the first time; False when this interaction has acted already and must not act again."""
    result = await transaction.execute(
        insert(transaction, interactions)
        .values(interaction_id=interaction_id, guild_id=guild_id, acted_at=now)
        .on_conflict_do_nothing(index_elements=["interaction_id"])
    )
    return bool(result.rowcount)
