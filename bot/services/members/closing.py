"""When a poll closes, as people write it down."""

import re
from datetime import UTC, datetime, timedelta

from bot.errors import RefusedError

SOONEST = timedelta(minutes=5)
LATEST = timedelta(days=92)
_UNITS = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}
_SPAN = re.compile(r"(?:in\s+)?(\d{1,4})\s*(m|min|mins|minutes?|h|hours?|d|days?|w|weeks?)", re.IGNORECASE)
_MOMENT = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})(?:[ T]+(\d{1,2}):(\d{2}))?(?:\s*(?:UTC|Z))?", re.IGNORECASE)


def closing_time(written: str, *, now: datetime) -> datetime:
    """The moment that `3 days`, `12 hours` or `2026-12-01 18:00` (UTC) means; a day alone ends at its midnight.

    Raises RefusedError for what is neither, for the past and for what is too near or too far.
    """
    written = written.strip()
    if span := _SPAN.fullmatch(written):
        moment = now + int(span[1]) * _UNITS[span[2][0].lower()]
    elif day := _MOMENT.fullmatch(written):
        year, month, date, hour, minute = (int(part) if part else 0 for part in day.groups())
        try:
            moment = datetime(year, month, date, hour, minute, tzinfo=UTC)
        except ValueError:
            raise RefusedError("poll-closes-unclear") from None
        if day[4] is None:
            moment += timedelta(days=1)
    else:
        raise RefusedError("poll-closes-unclear")
    if moment <= now:
        raise RefusedError("poll-closes-past")
    if moment < now + SOONEST:
        raise RefusedError("poll-closes-soon", minutes=int(SOONEST / timedelta(minutes=1)))
    if moment > now + LATEST:
        raise RefusedError("poll-closes-late", days=LATEST.days)
    return moment
