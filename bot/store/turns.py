"""Who asks the database next, of all who wait: nobody's crowd stands before everybody else."""

import asyncio
import contextlib
from collections import Counter, deque
from collections.abc import AsyncIterator
from contextvars import ContextVar
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Asker:
    """The member, and the server in which they act, for whom something is asked."""

    guild_id: int
    member_id: int


_has_turn: ContextVar[bool] = ContextVar("has turn", default=False)


class Turns:
    """So many units at once, so many of them of one server, one of each member; the servers come in turn.

    What is in hand and what waits is all that is kept.
    """

    def __init__(self, *, at_once: int, of_server: int) -> None:
        self._at_once = at_once
        self._of_server = of_server
        self._members: set[Asker] = set()
        self._servers: Counter[int] = Counter()
        # The server whose turn is next stands first.
        self._waiting: dict[int, deque[tuple[Asker, asyncio.Future[None]]]] = {}

    @contextlib.asynccontextmanager
    async def turn(self, asker: Asker | None) -> AsyncIterator[None]:
        """Wait for the turn of whoever asks; of None, what is asked for nobody or within a turn, no more is asked."""
        if asker is None or _has_turn.get():
            yield
            return
        await self._take(asker)
        _has_turn.set(True)
        try:
            yield
        finally:
            _has_turn.set(False)
            self._give(asker)

    async def _take(self, asker: Asker) -> None:
        # What waits is held up by limits of its own, so that nobody is passed by who could go.
        if self._may_begin(asker):
            self._begin(asker)
            return
        place: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(asker.guild_id, deque()).append((asker, place))
        try:
            await place
        except asyncio.CancelledError:
            if not place.cancelled():
                self._give(asker)  # it was its turn in the same moment
            else:
                self._leave(asker, place)
            raise

    def _may_begin(self, asker: Asker) -> bool:
        return (
            len(self._members) < self._at_once
            and self._servers[asker.guild_id] < self._of_server
            and asker not in self._members
        )

    def _begin(self, asker: Asker) -> None:
        self._members.add(asker)
        self._servers[asker.guild_id] += 1

    def _give(self, asker: Asker) -> None:
        self._members.discard(asker)
        self._servers[asker.guild_id] -= 1
        if not self._servers[asker.guild_id]:
            del self._servers[asker.guild_id]
        while self._begin_next():
            pass

    def _begin_next(self) -> bool:
        for guild_id, line in self._waiting.items():
            found = next((each for each in line if not each[1].done() and self._may_begin(each[0])), None)
            if found is None:
                continue
            asker, place = found
            self._leave(asker, place)
            if guild_id in self._waiting:
                self._waiting[guild_id] = self._waiting.pop(guild_id)  # behind the others
            self._begin(asker)
            place.set_result(None)
            return True
        return False

    def _leave(self, asker: Asker, place: "asyncio.Future[None]") -> None:
        line = self._waiting[asker.guild_id]
        line.remove((asker, place))
        if not line:
            del self._waiting[asker.guild_id]
