"""The three seconds that a bot has for its first answer: one timer for all interactions under way."""

import asyncio
from collections import deque
from collections.abc import Callable

from sandbox.events import Event
from sandbox.model import Interaction


class Deadlines:
    """A queue in the order of the deadlines; what was answered leaves it without having had a timer of its own."""

    def __init__(self, emit: Callable[[Event], None]) -> None:
        self._emit = emit
        self._waiting: deque[tuple[float, Interaction]] = deque()
        self._alarm: asyncio.TimerHandle | None = None

    def start(self, one: Interaction, seconds: float) -> None:
        """Let the interaction expire after so many seconds, unless it is answered."""
        loop, waiting = asyncio.get_running_loop(), self._waiting
        due = loop.time() + seconds
        while waiting and waiting[0][1].is_answered:
            waiting.popleft()
        if waiting and due < waiting[-1][0]:  # the limit was shortened meanwhile
            self._waiting = waiting = deque(sorted([*waiting, (due, one)], key=lambda entry: entry[0]))
        else:
            waiting.append((due, one))
        if self._alarm is None or due < self._alarm.when():
            self._set_alarm(loop)

    def expire(self, one: Interaction) -> None:
        """After this no first answer is taken; the member reads "The application did not respond"."""
        if not one.is_answered:
            one.failed = True
            one.settle()
            self._emit(Event("INTERACTION_FAILED", {}, -1, one.channel.guild, one.channel))

    def close(self) -> None:
        self._waiting.clear()
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None

    def _set_alarm(self, loop: asyncio.AbstractEventLoop) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
        self._alarm = loop.call_at(self._waiting[0][0], self._sweep, loop)

    def _sweep(self, loop: asyncio.AbstractEventLoop) -> None:
        self._alarm, now = None, loop.time()
        while self._waiting and (self._waiting[0][1].is_answered or self._waiting[0][0] <= now):
            self.expire(self._waiting.popleft()[1])
        if self._waiting:
            self._set_alarm(loop)
