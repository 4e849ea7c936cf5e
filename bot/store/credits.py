"""How members want to be named."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import Row, select, update

from bot.model.member import Credit
from bot.store.group_commit import Transaction
from bot.store.statements import insert
from bot.store.tables import member_credits


async def ask(transaction: Transaction, *, guild_id: int, member_id: int) -> bool:
    """Note that the member is asked how to be named; False when that was done before."""
    result = await transaction.execute(
        insert(transaction, member_credits)
        .values(guild_id=guild_id, member_id=member_id, is_reviewed=True, asked_at=transaction.now)
        .on_conflict_do_nothing(index_elements=["guild_id", "member_id"])
    )
    return bool(result.rowcount)


async def answer(
    transaction: Transaction, *, guild_id: int, member_id: int, name: str | None, is_reviewed: bool
) -> None:
    """Note how the member wants to be named; None for not at all."""
    wish = {"name": name, "is_reviewed": is_reviewed, "answered_at": transaction.now}
    await transaction.execute(
        insert(transaction, member_credits)
        .values(guild_id=guild_id, member_id=member_id, asked_at=transaction.now, **wish)
        .on_conflict_do_update(index_elements=["guild_id", "member_id"], set_=wish)
    )


async def approve_name(transaction: Transaction, *, guild_id: int, member_id: int, answered_before: datetime) -> bool:
    """A moderator saw the name that was chosen before then; False when there was none to approve."""
    result = await transaction.execute(
        update(member_credits)
        .where(
            member_credits.c.guild_id == guild_id,
            member_credits.c.member_id == member_id,
            member_credits.c.answered_at <= answered_before,
            ~member_credits.c.is_reviewed,
        )
        .values(is_reviewed=True)
    )
    return bool(result.rowcount)


async def get(transaction: Transaction, *, guild_id: int, member_id: int) -> Credit | None:
    """None for a member who was never asked."""
    rows = await transaction.execute(
        select(member_credits).where(member_credits.c.guild_id == guild_id, member_credits.c.member_id == member_id)
    )
    row = rows.one_or_none()
    return None if row is None else _credit(row)


async def names(transaction: Transaction, *, guild_id: int, member_ids: Collection[int]) -> dict[int, str]:
    """Of these members, those who want to be named, and how: only what may be public."""
    rows = await transaction.execute(
        select(member_credits).where(
            member_credits.c.guild_id == guild_id,
            member_credits.c.member_id.in_(member_ids),
            member_credits.c.name.is_not(None),
            member_credits.c.is_reviewed,
        )
    )
    return {row.member_id: row.name for row in rows}


def _credit(row: Row[Any]) -> Credit:
    return Credit(
        member_id=row.member_id,
        name=row.name,
        is_reviewed=row.is_reviewed,
        asked_at=row.asked_at,
        answered_at=row.answered_at,
    )
