"""What is left to be done in portions, a row each until it is done."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, delete, exists, func, select, update

from bot.model.chore import Chore, ChoreKind
from bot.model.worker import WorkerName
from bot.store.group_commit import Transaction
from bot.store.statements import insert
from bot.store.tables import chores

_NAMES = ("kind", "guild_id", "subject", "member_id")
# After a downgrade, what a newer version left waits for that one.
_IS_KNOWN = chores.c.kind.in_(list(ChoreKind))


async def leave(transaction: Transaction, chore: Chore) -> None:
    """Keep what is left of it; the same one that was begun before begins anew at this place."""
    left = {"place": chore.place, "details": chore.details, "due_at": transaction.now}
    await transaction.execute(
        insert(transaction, chores)
        .values(
            kind=chore.kind,
            guild_id=chore.guild_id,
            subject=chore.subject,
            member_id=chore.member_id,
            begun_at=transaction.now,
            **left,
        )
        .on_conflict_do_update(index_elements=_NAMES, set_=left)
    )
    transaction.wake(WorkerName.CHORES)


async def take_due(transaction: Transaction) -> Chore | None:
    """The one that waits longest, held until the transaction ends; none that another process is at."""
    waits = (
        select(chores)
        .where(_IS_KNOWN, chores.c.due_at <= transaction.now)
        .order_by(chores.c.due_at, chores.c.id)
        .limit(1)
    )
    row = (await transaction.execute(waits.with_for_update(skip_locked=True))).one_or_none()
    return None if row is None else _chore(row)


async def hold(transaction: Transaction, chore: Chore) -> Chore | None:
    """The same one as it is now, held until the transaction ends; None when it is done."""
    row = (await transaction.execute(select(chores).where(_is(chore)).with_for_update())).one_or_none()
    return None if row is None else _chore(row)


async def is_left(transaction: Transaction, chore: Chore) -> bool:
    """Whether something of it is still to be done."""
    return bool((await transaction.execute(select(exists().where(_is(chore))))).scalar_one())


async def go_on(transaction: Transaction, chore: Chore, *, place: int) -> None:
    """A portion was done; the others have their turn before the next one."""
    await transaction.execute(update(chores).where(_is(chore)).values(place=place, due_at=transaction.now))
    transaction.wake(WorkerName.CHORES)


async def put_off(transaction: Transaction, chore: Chore, *, until: datetime) -> None:
    """Try again then."""
    await transaction.execute(update(chores).where(_is(chore)).values(due_at=until))


async def end(transaction: Transaction, chore: Chore) -> None:
    """Nothing is left of it."""
    await transaction.execute(delete(chores).where(_is(chore)))


async def end_of_guild(transaction: Transaction, guild_id: int, kinds: Collection[ChoreKind], *, limit: int) -> int:
    """Let nothing be done any more of so many of a server's of these kinds; how many there were."""
    of_guild = select(chores.c.id).where(chores.c.guild_id == guild_id, chores.c.kind.in_(kinds)).limit(limit)
    result = await transaction.execute(delete(chores).where(chores.c.id.in_(of_guild)))
    return result.rowcount


async def guilds_of(transaction: Transaction, kinds: Collection[ChoreKind]) -> set[int]:
    """Servers that something of these kinds is left for."""
    rows = await transaction.execute(select(chores.c.guild_id).where(chores.c.kind.in_(kinds)).distinct())
    return set(rows.scalars())


async def next_due(transaction: Transaction) -> datetime | None:
    """When something is to be done; None when nothing is."""
    moment: datetime | None = (
        await transaction.execute(select(func.min(chores.c.due_at)).where(_IS_KNOWN))
    ).scalar_one()
    return moment


def _is(chore: Chore) -> ColumnElement[bool]:
    return and_(*(chores.c[name] == getattr(chore, name) for name in _NAMES))


def _chore(row: Row[Any]) -> Chore:
    return Chore(ChoreKind(row.kind), row.guild_id, row.subject, row.member_id, row.place, row.details)
