"""Collects ballots and writes them as sets: one commit for all that came while the one before was under way.

A commit costs about the same for one ballot as for a hundred, and whoever votes waits for it: nothing is acknowledged
that is not durable. A set that takes longer than a commit does is overtaken by the next one on another connection, so
that one connection that falls silent holds up those ballots only that went by it.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence

from bot.errors import StoreBusyError, StoreError
from bot.model.poll import Ballot, Cast
from bot.store import hurry

# Far more than come while one commit is under way; keeps a statement's parameters within the databases' limits.
MOST_AT_ONCE = 500
_MOST_SETS = 4
_OVERDUE_SECONDS = 0.25
# The server lets go of what a connection that vanished had locked, while as many sets wait in vain.
_TRIES = 4
Write = Callable[[Sequence[Ballot]], Awaitable[list[Cast]]]
_Put = tuple[Ballot, asyncio.Future[Cast]]


class BallotBox:
    """`write` makes a set of ballots durable and says what became of each."""

    def __init__(self, write: Write, *, overdue_seconds: float = _OVERDUE_SECONDS) -> None:
        self._write = write
        self._overdue_seconds = overdue_seconds
        self._waiting: list[_Put] = []
        # Of whom a ballot is under way; their next one waits, because the last one has to count.
        self._in_hand: set[tuple[str, int]] = set()
        self._emptying: set[asyncio.Task[None]] = set()
        self._overdue: set[asyncio.Task[None]] = set()

    async def put(self, ballot: Ballot) -> Cast:
        """The outcome, once it is durable. Raises StoreError when it cannot be, or nobody knows."""
        answer: asyncio.Future[Cast] = asyncio.get_running_loop().create_future()
        self._waiting.append((ballot, answer))
        self._go_on()
        return await answer

    def _go_on(self) -> None:
        """Begin to empty the box, unless that is being done in time."""
        if self._waiting and self._emptying == self._overdue and len(self._emptying) < _MOST_SETS:
            task = asyncio.create_task(self._empty(), name="ballot box")
            self._emptying.add(task)

    def _overtake(self, task: asyncio.Task[None]) -> None:
        self._overdue.add(task)
        self._go_on()

    async def _empty(self) -> None:
        hurry()
        this = asyncio.current_task()
        assert this is not None  # noqa: S101 - it runs
        try:
            # Where others overtook this one, one is enough afterwards.
            while self._emptying - self._overdue <= {this} and (taken := self._take()):
                await self._settle_in_turn(taken, this)
        finally:
            self._emptying.discard(this)

    async def _settle_in_turn(self, taken: Sequence[_Put], this: asyncio.Task[None]) -> None:
        places = {(ballot.poll_key, ballot.member_id) for ballot, _ in taken}
        self._in_hand |= places
        timer = asyncio.get_running_loop().call_later(self._overdue_seconds, self._overtake, this)
        try:
            await self._settle(taken)
        finally:
            timer.cancel()
            self._overdue.discard(this)
            self._in_hand -= places

    def _take(self) -> list[_Put]:
        """The next set: from each server as many as there is room for, so that a crowd in one is not before all others.

        A server's own come in their order.
        """
        place: Counter[int] = Counter()
        free: list[tuple[int, int]] = []
        for index, (ballot, _) in enumerate(self._waiting):
            if (ballot.poll_key, ballot.member_id) not in self._in_hand:
                free.append((place[ballot.guild_id], index))
                place[ballot.guild_id] += 1
        chosen = {index for _, index in sorted(free)[:MOST_AT_ONCE]}
        taken = [put for index, put in enumerate(self._waiting) if index in chosen]
        self._waiting = [put for index, put in enumerate(self._waiting) if index not in chosen]
        return taken

    async def _settle(self, taken: Sequence[_Put]) -> None:
        for is_last in (*[False] * (_TRIES - 1), True):
            try:
                outcomes = await self._write([ballot for ballot, _ in taken])
            except StoreBusyError as error:
                # Nothing of it is stored, that much is known.
                if is_last:
                    _fail(taken, error)
                continue
            except StoreError as error:
                # What keeps one set from being written keeps each of its ballots from it.
                _fail(taken, error)
            except Exception:  # noqa: BLE001 - told to whoever cast the ballot that breaks
                await self._one_by_one(taken)
            else:
                for (_, answer), outcome in zip(taken, outcomes, strict=True):
                    if not answer.done():
                        answer.set_result(outcome)
            return

    async def _one_by_one(self, taken: Sequence[_Put]) -> None:
        """One ballot that breaks must not cost the others theirs."""
        for ballot, answer in taken:
            try:
                [outcome] = await self._write([ballot])
            except Exception as error:  # noqa: BLE001 - told to whoever cast it
                _fail([(ballot, answer)], error)
            else:
                if not answer.done():
                    answer.set_result(outcome)


def _fail(puts: Sequence[_Put], error: Exception) -> None:
    for _, answer in puts:
        if not answer.done():
            answer.set_exception(error)
