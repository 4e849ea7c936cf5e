"""The only place that knows SQL: engine and write path, tables, upgrade, and one module a noun."""

from bot.store.engine import Store, Transaction

__all__ = ["Store", "Transaction"]
