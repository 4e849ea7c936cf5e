"""How many documents are in hand at a time, and whose turn it is.

A document has its place before its body is fetched, and keeps it until it is understood. What is read regularly and
what a server tries (`/setup source`) have places of their own, so that neither waits for the other.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Hashable
from concurrent.futures import Executor
from contextvars import copy_context
from enum import IntEnum
from functools import partial
from typing import TypeVar

from bot.errors import RefusedError
from bot.metrics import note_understood
from bot.sources.turns import Turns

T = TypeVar("T")

ORDINARY_BYTES = 300_000


class Size(IntEnum):
    """What a document needs: a place for a small one, one to be understood apart as well, or the one for large ones."""

    ORDINARY = 0
    APART = 1
    LARGE = 2


class Line:
    """So many places, given to whoever was served longest ago: it helps nobody to ask for many at once."""

    def __init__(self, places: int) -> None:
        self._free = places
        self._places = places
        self._waiting: list[tuple[Hashable, asyncio.Future[None]]] = []  # in the order in which they came
        self._served: dict[Hashable, int] = {}  # when each had its last turn, as long as there is a line
        self._turn = 0

    def take_if_free(self, asker: Hashable) -> bool:
        """Whether a place was free, which is taken then."""
        if not self._free:
            return False
        self._free -= 1
        self._serve(asker)
        return True

    async def take(self, asker: Hashable) -> None:
        """Return with a place, which is to be given back."""
        if self.take_if_free(asker):
            return
        called = asyncio.get_running_loop().create_future()
        self._waiting.append((asker, called))
        try:
            await called
        except asyncio.CancelledError:
            if called.done() and not called.cancelled():
                self.give_back()  # it was called and left at the same moment
            else:
                self._waiting.remove((asker, called))
            raise

    def give_back(self) -> None:
        """Call who is next, or keep the place free."""
        if self._waiting:
            asker, called = min(self._waiting, key=lambda each: self._served.get(each[0], 0))
            self._waiting.remove((asker, called))
            self._serve(asker)
            called.set_result(None)
            return
        self._free += 1
        if self._free == self._places:
            self._served.clear()

    def _serve(self, asker: Hashable) -> None:
        self._turn += 1
        self._served[asker] = self._turn


class Lane:
    """Places of each size, and the pauses between what is asked of one host.

    apart: how many small ones are understood apart beside a large one; without it, they stand in line with those.
    threads: where ordinary ones are read. patience_seconds: how long somebody waits for a turn at the most.
    """

    def __init__(
        self,
        *,
        ordinary: int,
        apart: int | None = None,
        turns: Turns,
        threads: Executor | None = None,
        patience_seconds: float | None = None,
    ) -> None:
        self.turns = turns
        self._threads = threads
        self._patience_seconds = patience_seconds
        # Large documents are understood one after the other: together they would take the machine's memory.
        large = Line(1)
        self._lines = {Size.ORDINARY: Line(ordinary), Size.APART: Line(apart) if apart else large, Size.LARGE: large}

    async def give_place(self, asker: Hashable, work: "Callable[[Place], Awaitable[T]]") -> T:
        """What `work` gives with a place; it may be begun again with a larger one, when the turn for that comes.

        Raises RefusedError when it does not come in time.
        """
        size = Size.ORDINARY
        while True:
            await self._wait(size, asker)
            place = Place(self, asker, size)
            try:
                return await work(place)
            except _TooSmallError as error:
                size = error.size  # nothing of the document is kept meanwhile
            finally:
                place.leave()

    async def run(self, read: Callable[[], T]) -> T:
        """What `read` gives, beside the event loop; how long it takes is noted for whoever measures."""
        noted = partial(copy_context().run, _timed, read)
        return await asyncio.get_running_loop().run_in_executor(self._threads, noted)

    def line(self, size: Size) -> Line:
        return self._lines[size]

    async def _wait(self, size: Size, asker: Hashable) -> None:
        try:
            async with asyncio.timeout(self._patience_seconds):
                await self._lines[size].take(asker)
        except TimeoutError:
            seconds = self._patience_seconds or 0
            raise RefusedError("setup-source-crowded", minutes=f"{seconds / 60:.2g}") from None


def _timed(read: Callable[[], T]) -> T:
    began = time.thread_time()
    try:
        return read()
    finally:
        note_understood(time.thread_time() - began)


class Place:
    """What one document has of a lane."""

    def __init__(self, lane: Lane, asker: Hashable, size: Size) -> None:
        self.lane = lane
        self._asker = asker
        self._sizes = [size]

    def need(self, size: Size) -> None:
        """Go on with a place of this size, if nobody has to be waited for; else the work ends, and begins in turn."""
        if size <= max(self._sizes):
            return
        if not self.lane.line(size).take_if_free(self._asker):
            raise _TooSmallError(size)
        self._sizes.append(size)

    def need_for(self, body_bytes: int) -> None:
        """The same for a body that is at least so large."""
        if body_bytes > ORDINARY_BYTES:
            self.need(Size.LARGE)

    def leave(self) -> None:
        """Give all of it back."""
        for size in self._sizes:
            self.lane.line(size).give_back()
        self._sizes.clear()


class _TooSmallError(Exception):
    """The document needs a place of this size, and there is a line for those."""

    def __init__(self, size: Size) -> None:
        super().__init__(size.name)
        self.size = size
