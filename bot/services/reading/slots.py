"""When a source is read next: at its own place in the interval, no sooner than its server asks for."""

from datetime import UTC, datetime, timedelta

from bot.services.reading.quotas import tomorrow

LONGEST_FRESH = timedelta(hours=1)
"""A server may say for how long its answer holds (Cache-Control); beyond this nobody's news waits for it."""

LONGEST_ASKED = timedelta(hours=24)
"""And it may ask for a pause (Retry-After), as long as this."""

_PAUSE_WITHOUT_ROOM = timedelta(hours=6)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def next_reading(now: datetime, *, url_key: str, interval: timedelta, fresh_for: timedelta | None = None) -> datetime:
    """The next moment of the source's slot that is at least half an interval away.

    The slot follows from the source's key, so that many sources are spread over the interval, also after a restart in
    which all of them were due. fresh_for: what the server said; taken up to `LONGEST_FRESH`.
    """
    earliest = now + max(interval / 2, min(fresh_for or timedelta(), LONGEST_FRESH))
    offset = interval * (int(url_key[:8] or "0", 16) / 0x1_0000_0000)
    passed = (earliest - _EPOCH - offset) // interval
    slot = _EPOCH + offset + interval * passed
    return slot if slot >= earliest else slot + interval


def room_again(now: datetime, *, is_full: bool) -> datetime:
    """When to look for room again for what a source brought: in some hours where an archive is full, else tomorrow.

    What waits comes with the whole feed each time, and finds no room sooner.
    """
    return now + _PAUSE_WITHOUT_ROOM if is_full else tomorrow(now)
