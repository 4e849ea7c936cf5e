"""Collects ballots and writes them as sets: one commit for all that came while the one before was under way.

A commit costs about the same for one ballot as for a hundred, and whoever votes waits for it: nothing is acknowledged
that is not durable.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from bot.errors import StoreError
from bot.model.poll import Ballot, Cast

# Far more than come while one commit is under way; keeps a statement's parameters within the databases' limits.
MOST_AT_ONCE = 500
Write = Callable[[Sequence[Ballot]], Awaitable[list[Cast]]]


class BallotBox:
    """`write` makes a set of ballots durable and says what became of each."""

    def __init__(self, write: Write) -> None:
        self._write = write
        self._waiting: list[tuple[Ballot, asyncio.Future[Cast]]] = []
        self._emptying: asyncio.Task[None] | None = None

    async def put(self, ballot: Ballot) -> Cast:
        """The outcome, once it is durable. Raises StoreError when it cannot be."""
        answer: asyncio.Future[Cast] = asyncio.get_running_loop().create_future()
        self._waiting.append((ballot, answer))
        if self._emptying is None or self._emptying.done():
            self._emptying = asyncio.create_task(self._empty(), name="ballot box")
        return await answer

    async def _empty(self) -> None:
        while self._waiting:
            taken, self._waiting = self._waiting[:MOST_AT_ONCE], self._waiting[MOST_AT_ONCE:]
            try:
                outcomes = await self._write([ballot for ballot, _ in taken])
            except StoreError as error:
                # What keeps one set from being written keeps each of its ballots from it.
                for _, answer in taken:
                    if not answer.done():
                        answer.set_exception(error)
            except Exception:  # noqa: BLE001 - told to whoever cast the ballot that breaks
                await self._one_by_one(taken)
            else:
                for (_, answer), outcome in zip(taken, outcomes, strict=True):
                    if not answer.done():
                        answer.set_result(outcome)

    async def _one_by_one(self, taken: Sequence[tuple[Ballot, asyncio.Future[Cast]]]) -> None:
        """One ballot that breaks must not cost the others theirs."""
        for ballot, answer in taken:
            try:
                [outcome] = await self._write([ballot])
            except Exception as error:  # noqa: BLE001 - told to whoever cast it
                if not answer.done():
                    answer.set_exception(error)
            else:
                if not answer.done():
                    answer.set_result(outcome)
