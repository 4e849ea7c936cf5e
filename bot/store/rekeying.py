"""Keys of links, wherever they are stored, and the version of the rules by which each was made.

What is stale is gone through in the order of an index over version and id, each portion from where the one before it
ended: by id alone either database reads the whole table to find that nothing is stale, and PostgreSQL without the place
to go on from reads again, for each portion, what the ones before it left behind.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from sqlalchemy import ColumnElement, Row, Select, Table, bindparam, case, exists, literal, select, text, tuple_, update

from bot.store.group_commit import Transaction
from bot.store.tables import links, submissions


@dataclass(frozen=True, slots=True)
class Place:
    """How far the stale rows were gone through: version and id of the last one."""

    version: int = -1
    row_id: int = 0


START = Place()


@dataclass(frozen=True, slots=True)
class Stale:
    """A row whose key older rules made."""

    row_id: int
    url: str
    key: str
    alias: str | None
    place: Place

    @classmethod
    def of(cls, row: Row[Any]) -> Self:
        return cls(row.id, row.url, row.key, row.alias, Place(row.key_version, row.id))


async def are_links_stale(transaction: Transaction, *, version: int) -> bool:
    """Whether any link's key was made by older rules."""
    return await _is_any(transaction, links, version)


async def are_submissions_stale(transaction: Transaction, *, version: int) -> bool:
    """Whether any submission's key was made by older rules."""
    return await _is_any(transaction, submissions, version)


async def stale_links(transaction: Transaction, *, version: int, after: Place, limit: int) -> list[Stale]:
    """Those that no other process is at."""
    await keep_order_of_index(transaction)
    wanted = select(links.c.id, links.c.url, links.c.key, links.c.alias, links.c.key_version)
    rows = await transaction.execute(
        in_portions(wanted, links.c.key_version, links.c.id, below=version, after=after)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return [Stale.of(row) for row in rows]


async def set_link_keys(transaction: Transaction, keys: Mapping[int, tuple[str, str | None]], *, version: int) -> None:
    """Key and alias by row id."""
    if keys:
        await transaction.execute(
            update(links)
            .where(links.c.id == bindparam("row_id"))
            .values(
                key=bindparam("new_key"),
                alias=bindparam("new_alias"),
                key_version=version,
                search_version=0,  # it is found by its host, too
            ),
            [{"row_id": row_id, "new_key": key, "new_alias": alias} for row_id, (key, alias) in keys.items()],
        )


async def stale_submissions(transaction: Transaction, *, version: int, after: Place, limit: int) -> list[Stale]:
    """Also those that were forgotten and have no address any more: else they would be looked at for ever."""
    await keep_order_of_index(transaction)
    key = submissions.c.link_key.label("key")
    wanted = select(submissions.c.id, submissions.c.url, key, submissions.c.alias, submissions.c.key_version)
    rows = await transaction.execute(
        in_portions(wanted, submissions.c.key_version, submissions.c.id, below=version, after=after)
        .limit(limit)
        .with_for_update()
    )
    return [Stale.of(row) for row in rows]


async def set_submission_key(
    transaction: Transaction, row_id: int, key: str, alias: str | None, *, version: int
) -> None:
    """Key and alias by the present rules; the link's place in its server stays with whoever has it by them already."""
    other = submissions.alias()
    own = select(submissions.c.guild_id).where(submissions.c.id == row_id).scalar_subquery()
    taken = exists().where(other.c.guild_id == own, other.c.open_key == key, other.c.id != row_id)
    await transaction.execute(
        update(submissions)
        .where(submissions.c.id == row_id)
        .values(
            link_key=key,
            alias=alias,
            key_version=version,
            open_key=case((submissions.c.open_key.is_(None) | taken, None), else_=key),
        )
    )


def in_portions(
    wanted: Select[Any], version: ColumnElement[int], row_id: ColumnElement[int], *, below: int, after: Place
) -> Select[Any]:
    """The rows of older versions that stand behind `after`, in the order of the index over version and id."""
    is_behind = tuple_(version, row_id) > tuple_(literal(after.version), literal(after.row_id, row_id.type))
    return wanted.where(version < below, is_behind).order_by(version, row_id)


async def keep_order_of_index(transaction: Transaction) -> None:
    """Let the rest of the transaction read an index from where it is told.

    PostgreSQL would collect and sort all that is stale for each portion, where it believes that there is little.
    """
    if transaction.dialect_name == "postgresql":
        await transaction.execute(text("SET LOCAL enable_bitmapscan = off"))
        await transaction.execute(text("SET LOCAL enable_sort = off"))


async def _is_any(transaction: Transaction, table: Table, version: int) -> bool:
    # The order is what keeps PostgreSQL from reading the table where it takes most of it for stale.
    stale = select(table.c.id).where(table.c.key_version < version).order_by(table.c.key_version, table.c.id).limit(1)
    return (await transaction.execute(stale)).first() is not None
