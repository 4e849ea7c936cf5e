"""Where the two databases differ in how a statement is written."""

from typing import Any

from sqlalchemy import Table

from bot.store.group_commit import Transaction


def insert(transaction: Transaction, table: Table) -> Any:
    """An INSERT that knows `on_conflict_do_nothing` and `on_conflict_do_update` (both databases spell them alike)."""
    if transaction.dialect_name == "postgresql":
        from sqlalchemy.dialects import postgresql

        return postgresql.insert(table)
    from sqlalchemy.dialects import sqlite

    return sqlite.insert(table)
