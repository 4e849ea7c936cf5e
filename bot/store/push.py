"""Addresses at which platforms may call, and the calls that were signed and must not be played again."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, delete, select, update

from bot.store.group_commit import Transaction
from bot.store.statements import insert
from bot.store.tables import push_calls, push_hooks, sources

_FORGOTTEN_AT_ONCE = 100  # far more than the one that comes


@dataclass(frozen=True, slots=True)
class Hook:
    """An address of a server for a source; `secret` is sealed. wanted_at: when the source is to be read for a call."""

    token: str
    guild_id: int
    source_id: int
    secret: bytes | None
    last_read_at: datetime | None
    wanted_at: datetime | None
    called_at: datetime | None
    is_failing: bool


async def set_hook(
    transaction: Transaction, *, guild_id: int, source_id: int, token: str, secret: bytes | None
) -> None:
    """Let `token` be the server's one address for the source; an earlier one is void."""
    given = {"token": token, "secret": secret, "created_at": transaction.now, "called_at": None}
    await transaction.execute(
        insert(transaction, push_hooks)
        .values(guild_id=guild_id, source_id=source_id, **given)
        .on_conflict_do_update(index_elements=["guild_id", "source_id"], set_=given)
    )


async def find_hook(transaction: Transaction, token: str) -> Hook | None:
    return next(iter(await _hooks(transaction, push_hooks.c.token == token)), None)


async def hook_of(transaction: Transaction, *, guild_id: int, source_id: int) -> Hook | None:
    """A server's address for a source."""
    of_source = push_hooks.c.source_id == source_id
    return next(iter(await _hooks(transaction, push_hooks.c.guild_id == guild_id, of_source)), None)


async def hooks_of_guild(transaction: Transaction, guild_id: int) -> list[Hook]:
    """All addresses of a server."""
    return await _hooks(transaction, push_hooks.c.guild_id == guild_id)


async def _hooks(transaction: Transaction, *conditions: ColumnElement[bool]) -> list[Hook]:
    rows = await transaction.execute(
        select(push_hooks, sources.c.last_read_at, sources.c.wanted_at, (sources.c.failures > 0).label("is_failing"))
        .join(sources, sources.c.id == push_hooks.c.source_id)
        .where(*conditions)
        .order_by(push_hooks.c.source_id)
    )
    return [
        Hook(
            token=row.token,
            guild_id=row.guild_id,
            source_id=row.source_id,
            secret=row.secret,
            last_read_at=row.last_read_at,
            wanted_at=row.wanted_at,
            called_at=row.called_at,
            is_failing=row.is_failing,
        )
        for row in rows
    ]


async def remove_hooks(transaction: Transaction, *, guild_id: int, source_id: int) -> None:
    """The server does not read the source any more."""
    await transaction.execute(
        delete(push_hooks).where(push_hooks.c.guild_id == guild_id, push_hooks.c.source_id == source_id)
    )


async def record_call(transaction: Transaction, call_key: str, *, forget_before: datetime) -> bool:
    """Note a signed call; False when it came before. Some of what is older than a signature may be is forgotten."""
    old = select(push_calls.c.call_key).where(push_calls.c.called_at < forget_before)
    oldest = old.order_by(push_calls.c.called_at).limit(_FORGOTTEN_AT_ONCE)
    await transaction.execute(delete(push_calls).where(push_calls.c.call_key.in_(oldest)))
    result = await transaction.execute(
        insert(transaction, push_calls)
        .values(call_key=call_key, called_at=transaction.now)
        .on_conflict_do_nothing(index_elements=["call_key"])
    )
    return bool(result.rowcount)


async def is_recorded(transaction: Transaction, call_key: str) -> bool:
    """A signed call came before."""
    found = await transaction.execute(select(push_calls.c.call_key).where(push_calls.c.call_key == call_key))
    return found.scalar_one_or_none() is not None


async def note_call(transaction: Transaction, token: str) -> None:
    await transaction.execute(update(push_hooks).where(push_hooks.c.token == token).values(called_at=transaction.now))
