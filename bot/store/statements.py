"""Where the two databases differ in how a statement is written."""

from typing import Any

from sqlalchemy import ColumnElement, Table, func, text

from bot.store.group_commit import Transaction


def insert(transaction: Transaction, table: Table) -> Any:
    """An INSERT that knows `on_conflict_do_nothing` and `on_conflict_do_update` (both databases spell them alike)."""
    if transaction.dialect_name == "postgresql":
        from sqlalchemy.dialects import postgresql

        return postgresql.insert(table)
    from sqlalchemy.dialects import sqlite

    return sqlite.insert(table)


def greatest(dialect_name: str, *columns: ColumnElement[Any]) -> Any:
    """The greatest of these, none of which may be null: there SQLite says null, and PostgreSQL leaves it out."""
    return func.greatest(*columns) if dialect_name == "postgresql" else func.max(*columns)


async def plan_by_index(transaction: Transaction) -> None:
    """From here on, let PostgreSQL read no table from end to end because its statistics are of another time.

    For what asks for the few rows of a large table that have something to do, of which there is an index.
    """
    if transaction.dialect_name == "postgresql":
        await transaction.execute(text("SET LOCAL enable_seqscan = off"))
