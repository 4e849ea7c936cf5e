"""Time and identity: a clock that can be handed in, and Discord's snowflakes made from it."""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache

Clock = Callable[[], float]
"""Gives the seconds since 1970 (UTC)."""

DISCORD_EPOCH_MS = 1_420_070_400_000


class ManualClock:
    """A clock that stands still until it is told to move; hand it to `Sandbox(clock=…)`."""

    def __init__(self, start: float | datetime | None = None) -> None:
        if isinstance(start, datetime):
            start = start.timestamp()
        self.seconds = time.time() if start is None else start

    def __call__(self) -> float:
        return self.seconds

    def advance(self, seconds: float) -> None:
        self.seconds += seconds


_BACKDATED = 1 << 21  # the highest bit of the counter, which no other id comes to within its millisecond


class Snowflakes:
    """Strictly rising ids, as Discord makes them: milliseconds since 2015 shifted by 22 bits, then a counter."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._last = 0
        self._backdated = 0

    def __call__(self, at: float | None = None) -> int:
        """The next id; with `at` one of that moment (these need not rise), which no other id is."""
        if at is not None:
            self._backdated += 1
            return snowflake_at(at) | _BACKDATED | self._backdated % _BACKDATED
        self._last = max(snowflake_at(self._clock()), self._last + 1)
        return self._last


def snowflake_at(seconds: float) -> int:
    """The smallest id of that moment."""
    return max(0, int(seconds * 1000) - DISCORD_EPOCH_MS) << 22


def moment_of(snowflake: int) -> float:
    """Seconds since 1970 at which the id was made."""
    return ((snowflake >> 22) + DISCORD_EPOCH_MS) / 1000


def iso(seconds: float) -> str:
    """The moment in the form that Discord writes: `2026-07-01T12:00:00.000000+00:00`."""
    whole = int(seconds)
    return f"{_to_the_second(whole)}.{int((seconds - whole) * 1_000_000):06d}+00:00"


@lru_cache(maxsize=256)
def _to_the_second(second: int) -> str:
    return datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%dT%H:%M:%S")


def seconds_of(moment: float | datetime) -> float:
    return moment.timestamp() if isinstance(moment, datetime) else float(moment)
