"""The only place that knows SQL: engine and write path, tables, upgrade, and one module a noun."""

from bot.store.engine import Store, hurry
from bot.store.group_commit import Transaction
from bot.store.turns import Asker

__all__ = ["Asker", "Store", "Transaction", "hurry"]
