"""Rules that concern any number of rows: the first portion is done at once, the rest is left as a chore.

No transaction grows with what a server has stored: on SQLite all others wait for it, and on PostgreSQL those who want
one of its rows. What a chore has left survives a kill, and is done by whichever process comes to it.
"""

from collections.abc import Awaitable, Callable

from bot.model.chore import Chore
from bot.store import Transaction
from bot.store import chores as chore_rows

PORTION = 50
"""So many things a transaction, each with what hangs on it."""

Portion = Callable[[Transaction, Chore], Awaitable[int | None]]
"""Do a portion of the chore from its place on; the place where it ended, None when nothing is left."""


async def begin(transaction: Transaction, chore: Chore, portion: Portion) -> bool:
    """Do the first portion in this transaction; the worker `chores` does the rest.

    False when nothing is left. The same one that was begun before begins anew.
    """
    # Locked before what it is about, as the worker does: else both could wait for each other.
    await chore_rows.leave(transaction, chore)
    return await go_on(transaction, chore, portion)


async def go_on(transaction: Transaction, chore: Chore, portion: Portion) -> bool:
    """Do the next portion of a chore that is held; False when it was the last one."""
    place = await portion(transaction, chore)
    if place is None:
        await chore_rows.end(transaction, chore)
        return False
    await chore_rows.go_on(transaction, chore, place=place)
    return True
