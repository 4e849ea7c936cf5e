"""What is kept of a member, for that member: to take along, and to let go of."""

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any

from bot.model.chore import Chore, ChoreKind
from bot.model.member import Act
from bot.services.delivery.cards import Change, show_changes
from bot.services.delivery.portions import PORTION, begin, go_on
from bot.store import Store, Transaction
from bot.store import chores as chore_rows
from bot.store import privacy as privacy_rows

_READ_AT_ONCE = 500


class Privacy:
    def __init__(self, store: Store) -> None:
        self._store = store

    async def export(self, guild_id: int, member_id: int) -> AsyncIterator[tuple[str, list[dict[str, Any]]]]:
        """All that is kept of a member in a server, a few rows of a table at a time; of each table at least none.

        Snowflakes as text, moments as ISO 8601.
        """
        for table in privacy_rows.TABLES:
            last: tuple[Any, ...] | None = None
            while True:
                async with self._store.read() as transaction:
                    rows, last = await privacy_rows.kept_of(
                        transaction, table, guild_id=guild_id, member_id=member_id, after=last, limit=_READ_AT_ONCE
                    )
                yield table.name, [{name: _readable(name, value) for name, value in row.items()} for row in rows]
                if len(rows) < _READ_AT_ONCE:
                    break

    async def forget(self, act: Act) -> None:
        """Let nothing that is kept for a server name who acts, nor any message that stands there.

        A portion a transaction; broken off, the worker `chores` goes on.
        """
        chore = Chore(ChoreKind.FORGET, act.guild_id, member_id=act.actor.member_id)
        async with self._store.effect(act) as transaction:
            if transaction.is_repeated:
                return
            await begin(transaction, chore, forget_portion)
        while await self._forget_more(chore):
            pass

    async def _forget_more(self, chore: Chore) -> bool:
        async with self._store.write() as transaction:
            left = await chore_rows.hold(transaction, chore)
            return left is not None and await go_on(transaction, left, forget_portion)


async def forget_portion(transaction: Transaction, chore: Chore) -> int | None:
    """Let a portion of what names a member name nobody, and let the cards that show it be drawn anew."""
    done = await privacy_rows.forget(transaction, guild_id=chore.guild_id, member_id=chore.member_id, limit=PORTION)
    await show_changes(transaction, [Change(chore.guild_id, subject) for subject in done.subjects])
    return chore.place + done.count if done.count >= PORTION else None


def _readable(name: str, value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat(timespec="seconds")
    # JSON's readers take numbers of this size for others.
    return str(value) if isinstance(value, int) and name.endswith("_id") else value
