"""Interactions that had an effect."""

from collections.abc import Collection, Mapping

from sqlalchemy import delete, select, union_all

from bot.model.member import Act
from bot.store.group_commit import Transaction
from bot.store.statements import insert
from bot.store.tables import ballot_ledger, interactions, polls


async def record_effect(transaction: Transaction, act: Act) -> bool:
    """True the first time; False when this interaction has acted already and must not act again.

    So a press that Discord delivers twice, or that we retry, is idempotent: the id of the interaction is the key.
    """
    result = await transaction.execute(
        insert(transaction, interactions)
        .values(interaction_id=act.interaction_id, guild_id=act.guild_id, acted_at=transaction.now)
        .on_conflict_do_nothing(index_elements=["interaction_id"])
    )
    return bool(result.rowcount)


async def acted(transaction: Transaction, interaction_ids: Collection[int]) -> set[int]:
    """Which of these interactions had an effect; votes stand in a ledger of their own."""
    found = await transaction.execute(
        union_all(
            *(
                select(table.c.interaction_id).where(table.c.interaction_id.in_(interaction_ids))
                for table in (interactions, ballot_ledger)
            )
        )
    )
    return set(found.scalars())


async def wait_for_effects(transaction: Transaction, asked: Mapping[int, int | None]) -> None:
    """Return when none of these interactions (with their servers) can have an effect any more that is not seen yet.

    A server that got a commit, but could not tell, may still be at it. It holds what it writes, so we try to hold it.
    """
    if transaction.dialect_name != "postgresql":
        return  # there is one writer, and it is we
    guild_ids = {guild_id for guild_id in asked.values() if guild_id is not None}
    voted_in = select(polls.c.id).where(polls.c.guild_id.in_(guild_ids), polls.c.closed_at.is_(None))
    await transaction.execute(voted_in.order_by(polls.c.id).with_for_update(read=True))
    rows = [
        {"interaction_id": interaction_id, "guild_id": asked[interaction_id], "acted_at": transaction.now}
        for interaction_id in sorted(asked)
    ]
    ours = await transaction.execute(
        insert(transaction, interactions)
        .values(rows)
        .on_conflict_do_nothing(index_elements=["interaction_id"])
        .returning(interactions.c.interaction_id)
    )
    await transaction.execute(delete(interactions).where(interactions.c.interaction_id.in_(list(ours.scalars()))))
