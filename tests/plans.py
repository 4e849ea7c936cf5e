"""How a database is going to find what it is asked for: counts of rows stay true however fast the machine is."""

from datetime import datetime
from typing import Any

from sqlalchemy import ClauseElement, Executable, Select
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.ext.compiler import compiles

from bot.store import Transaction


class _Explained(Executable, ClauseElement):
    inherit_cache = False

    def __init__(self, statement: Any) -> None:
        self.statement = statement


@compiles(_Explained)
def _explain(element: _Explained, compiler: Any, **options: Any) -> str:
    before = "EXPLAIN QUERY PLAN" if compiler.dialect.name == "sqlite" else "EXPLAIN"
    explained = f"{before} {compiler.process(element.statement, **options)}"
    compiler._result_columns = []  # lines of text come back, not what the statement asks for
    return explained


class Explaining(Transaction):
    """Notes the plan of each question that is asked through it."""

    def __init__(self, connection: AsyncConnection, *, now: datetime) -> None:
        super().__init__(connection, now=now)
        self.plans: list[str] = []

    @classmethod
    def of(cls, transaction: Transaction) -> "Explaining":
        return cls(transaction._connection, now=transaction.now)

    async def execute(self, statement: Executable, parameters: Any = None) -> Any:
        if parameters is None and isinstance(statement, Select):
            rows = await super().execute(_Explained(statement))
            self.plans.append("\n".join(" ".join(map(str, row)) for row in rows))
        return await super().execute(statement, parameters)
