"""What rules ask of the database, from outside: a test lets something happen around a statement, whoever writes it."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import CursorResult, Executable

from bot.store import Transaction

READ = "UPDATE sources SET .*last_read_at="
"""The last thing that a reading stores, in the transaction at its end."""

Happening = Callable[[], Awaitable[object]]


@contextmanager
def around(beginning: str, *, before: Happening | None = None, after: Happening | None = None) -> Iterator[None]:
    """Let this happen within the transaction, before and after each statement whose SQL begins like that (a pattern).

    What `before` raises comes of the statement, which is not carried out then.
    """
    execute = Transaction.execute

    async def watched(self: Transaction, statement: Executable, parameters: Any = None) -> CursorResult[Any]:
        is_meant = re.match(beginning, " ".join(str(statement).split())) is not None
        if is_meant and before is not None:
            await before()
        result = await execute(self, statement, parameters)
        if is_meant and after is not None:
            await after()
        return result

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Transaction, "execute", watched)
        yield


class Gate:
    """Holds up who comes by, until it is opened."""

    def __init__(self) -> None:
        self.reached, self._opened = asyncio.Event(), asyncio.Event()

    async def __call__(self) -> None:
        self.reached.set()
        await self._opened.wait()

    def open(self) -> None:
        self._opened.set()
