"""Long work beside people who wait: in small bites, with rests between them.

To let others in after every bite is not enough. A press takes some fifty turns of the event loop, for each statement
passes through a thread and back: if each turn has a bite of two milliseconds before it, the press takes a fifth of a
second. So the rests are longer than the bites.
"""

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_BITE_SECONDS = 0.002
_REST = 2.0  # times what was worked
_MOST_REST_SECONDS = 0.02  # where others were let in meanwhile for another reason, that was no bite

_is_undisturbed: ContextVar[bool] = ContextVar("undisturbed", default=False)


@contextmanager
def undisturbed() -> Iterator[None]:
    """For a process that does nothing else: inside, work goes on without rests, as nobody waits beside it."""
    before = _is_undisturbed.set(True)
    try:
        yield
    finally:
        _is_undisturbed.reset(before)


class Bites:
    """One piece of work that calls `rest` again and again, or `rest_in_thread` in a thread of its own."""

    def __init__(self) -> None:
        self._since = time.perf_counter()

    async def rest(self) -> None:
        """Let others go on, for twice as long as was worked since the last rest; not yet for a small bite."""
        if seconds := self._due():
            await asyncio.sleep(seconds)
            self._since = time.perf_counter()

    def rest_in_thread(self, pause: Callable[[float], object] = time.sleep) -> None:
        """The same for work in a thread, which keeps Python's lock from the event loop."""
        if seconds := self._due():
            pause(seconds)
            self._since = time.perf_counter()

    def _due(self) -> float:
        if _is_undisturbed.get():
            return 0.0
        worked = time.perf_counter() - self._since
        return min(worked * _REST, _MOST_REST_SECONDS) if worked > _BITE_SECONDS else 0.0
