"""Time as the bot sees it, handed in by `bot.app` so that tests can move it."""

import asyncio
import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """What the bot asks of time."""

    def now(self) -> datetime:
        """The present moment, aware UTC."""
        ...

    def monotonic(self) -> float:
        """Seconds since any moment in the past; it never goes back, whatever is done to the clock."""
        ...

    async def sleep_until(self, moment: datetime) -> None:
        """Return when `moment` (aware UTC) has come; at once when it has passed."""
        ...


class SystemClock:
    """The machine's own clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()

    async def sleep_until(self, moment: datetime) -> None:
        # A long sleep is taken in slices, so that a wall clock which was put forward is noticed within a minute.
        while (remaining := (moment - self.now()).total_seconds()) > 0:  # noqa: ASYNC110 - time itself is awaited
            await asyncio.sleep(min(remaining, 60.0))
