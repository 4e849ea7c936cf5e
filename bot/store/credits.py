"""How members want to be named."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import Row, select

from bot.model.member import Credit
from bot.store.group_commit import Transaction
from bot.store.statements import insert
from bot.store.tables import member_credits


async def ask(transaction: Transaction, *, guild_id: int, member_id: int, now: datetime) -> bool:
    """Note that the member is asked how to be named; False when that was done before."""
    result = await transaction.execute(
        insert(transaction, member_credits)
        .values(guild_id=guild_id, member_id=member_id, asked_at=now)
        .on_conflict_do_nothing(index_elements=["guild_id", "member_id"])
    )
    return bool(result.rowcount)


async def answer(transaction: Transaction, *, guild_id: int, member_id: int, name: str | None, now: datetime) -> None:
    """Note how the member wants to be named; None for not at all."""
    await transaction.execute(
        insert(transaction, member_credits)
        .values(guild_id=guild_id, member_id=member_id, name=name, asked_at=now, answered_at=now)
        .on_conflict_do_update(index_elements=["guild_id", "member_id"], set_={"name": name, "answered_at": now})
    )


async def get(transaction: Transaction, *, guild_id: int, member_id: int) -> Credit | None:
    """None for a member who was never asked."""
    rows = await transaction.execute(
        select(member_credits).where(member_credits.c.guild_id == guild_id, member_credits.c.member_id == member_id)
    )
    row = rows.one_or_none()
    return None if row is None else _credit(row)


async def names(transaction: Transaction, *, guild_id: int, member_ids: Collection[int]) -> dict[int, str]:
    """Of these members, those who want to be named, and how."""
    rows = await transaction.execute(
        select(member_credits).where(
            member_credits.c.guild_id == guild_id,
            member_credits.c.member_id.in_(member_ids),
            member_credits.c.name.is_not(None),
        )
    )
    return {row.member_id: row.name for row in rows}


def _credit(row: Row[Any]) -> Credit:
    return Credit(member_id=row.member_id, name=row.name, asked_at=row.asked_at, answered_at=row.answered_at)
