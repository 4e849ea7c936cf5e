"""Whether others still count this process among the living: only then may it act on what it has claimed.

Whoever beats is not taken for dead before a known moment, measured here from before the beat was sent. What acts
outside ends at that moment, unless the next beat was heard by then, so that whoever takes over finds all at rest: a
process that was stopped in the middle and goes on later does nothing more with what it held.

Nothing goes out in the last half second before it, either. With the half second that lies between that moment and the
one when others may take over, a request that was let through has a second to be written or to be broken off.
"""

import asyncio
import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from bot.errors import DeliveryError

_TOO_LATE_SECONDS = 0.5


def now_seconds() -> float:
    """Seconds that go on while the machine sleeps, where its system counts these."""
    boot_time: int | None = getattr(time, "CLOCK_BOOTTIME", None)  # Linux alone has it, and its monotonic one rests
    return time.monotonic() if boot_time is None else time.clock_gettime(boot_time)


@dataclass(slots=True)
class _Hold:
    """What is done with a claim; `has_asked`: Discord was asked for something since it was begun."""

    lapses: int
    has_asked: bool = False


_hold: ContextVar[_Hold | None] = ContextVar("hold", default=None)


class Standing:
    """Good for ever as it is made: of a process that is alone. `lapse` ends it, `extend` makes it last for a while."""

    def __init__(self) -> None:
        self.lapses = 0
        """How often it has ended; what was claimed before the last time is not this process's any more."""
        self._until = math.inf
        self._alarm: asyncio.TimerHandle | None = None
        self._reaching: set[asyncio.Timeout] = set()

    def is_good(self) -> bool:
        # Not the loop's time: uvloop reads the clock once a round, and a stopped process goes on in the middle of one.
        return now_seconds() < self._until

    def extend(self, until: float) -> None:
        """Nobody takes this process for dead before `until` (`now_seconds`)."""
        if self._until != -math.inf and not self.is_good():
            self.lapse()  # somebody may have in the meantime
        self._until = until
        self._set_alarm(until)

    def lapse(self) -> None:
        """Somebody may take this process for dead from now on: whatever reaches out ends."""
        loop = asyncio.get_running_loop()
        self.lapses += 1
        self._until = -math.inf
        self._set_alarm(None)
        for timeout in self._reaching:
            timeout.reschedule(loop.time())

    @contextmanager
    def hold(self, lapses: int) -> Iterator[None]:
        """What is done inside acts on something that was claimed when `lapses` was the number."""
        before = _hold.set(_Hold(lapses))
        try:
            yield
        finally:
            _hold.reset(before)

    @contextmanager
    def reach(self, timeout: asyncio.Timeout) -> Iterator[None]:
        """`timeout` ends what is asked of Discord inside, and does so at once when the standing lapses."""
        hold = _hold.get()
        if hold is None:
            yield
            return
        hold.has_asked = False
        self._reaching.add(timeout)
        try:
            self.check()
            yield
        finally:
            self._reaching.discard(timeout)

    def check(self) -> None:
        """To be asked last, before the first byte of a request. Raises DeliveryError when it must not go out."""
        hold = _hold.get()
        if hold is None:
            return  # nobody else does what somebody pressed here
        if hold.lapses != self.lapses or now_seconds() >= self._until - _TOO_LATE_SECONDS:
            raise DeliveryError("delivery-not-ours", is_certain=not hold.has_asked)
        hold.has_asked = True

    def _set_alarm(self, when: float | None) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
        wait = None if when is None else max(0.0, when - now_seconds())
        self._alarm = None if wait is None else asyncio.get_running_loop().call_later(wait, self.lapse)
