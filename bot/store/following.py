"""Where opaque links lead, as far as it was asked."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from sqlalchemy import delete, select

from bot.store.group_commit import Transaction
from bot.store.statements import insert
from bot.store.tables import followed_links

_AT_ONCE = 1_000  # PostgreSQL takes 32,767 parameters a statement


@dataclass(frozen=True, slots=True)
class Followed:
    """What came of asking: the destination, or None where it was not told at `asked_at`, the so-many-th time."""

    destination: str | None
    asked_at: datetime
    tries: int


async def known(transaction: Transaction, addresses: Collection[str]) -> dict[str, Followed]:
    """What is known of these addresses."""
    by_key = {_key(address): address for address in addresses}
    keys = list(by_key)
    found: dict[str, Followed] = {}
    for start in range(0, len(keys), _AT_ONCE):
        chosen = keys[start : start + _AT_ONCE]
        rows = await transaction.execute(select(followed_links).where(followed_links.c.address_key.in_(chosen)))
        found |= {by_key[row.address_key]: Followed(row.destination, row.asked_at, row.tries) for row in rows}
    return found


async def forget_before(transaction: Transaction, moment: datetime, *, limit: int) -> int:
    """Forget so much of what was asked before then, which is asked anew where it still stands in a feed; how much."""
    old = select(followed_links.c.address_key).where(followed_links.c.asked_at < moment).limit(limit)
    result = await transaction.execute(delete(followed_links).where(followed_links.c.address_key.in_(old)))
    return result.rowcount


async def note(transaction: Transaction, address: str, destination: str | None) -> None:
    """Keep what came of asking."""
    given = {"destination": destination, "asked_at": transaction.now}
    await transaction.execute(
        insert(transaction, followed_links)
        .values(address_key=_key(address), tries=1, **given)
        .on_conflict_do_update(index_elements=["address_key"], set_={**given, "tries": followed_links.c.tries + 1})
    )


def _key(address: str) -> str:
    return sha256(address.encode("utf-8", "replace")).hexdigest()
