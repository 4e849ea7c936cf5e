"""What a delivery is about, as the rows of its own kind say it: the store's part of a `Kind`."""

from collections.abc import Callable, Mapping

from sqlalchemy import BigInteger, ColumnElement, Select, Table, cast, column, inspect, null
from sqlalchemy.sql.visitors import iterate

from bot.model.delivery import Purpose
from bot.store.group_commit import Transaction

Needed = Callable[[ColumnElement[str]], ColumnElement[bool]]
"""Says of a column of subject keys whether what they name is there still, so that its deliveries are needed."""

Waiting = Callable[[], Select[tuple[int, str, int | None]]]
"""What people have to decide on: guild_id, subject_key, and channel_id, where they are asked (see `WHEREVER`)."""

WHEREVER = cast(null(), BigInteger).label("channel_id")
"""They are asked in whichever channel the card was posted."""


async def missing_tables(transaction: Transaction, needed: Mapping[Purpose, Needed]) -> list[tuple[Purpose, str]]:
    """Tables that a kind's rows should be in and that the database does not have, each with the kind."""
    there = await transaction.run_sync(lambda connection: set(inspect(connection).get_table_names()))
    return [
        (purpose, part.name)
        for purpose, is_needed in needed.items()
        for part in iterate(is_needed(column("subject_key")))
        if isinstance(part, Table) and part.name not in there
    ]
