"""When a poll closes, as people write it down."""

import re
from datetime import UTC, datetime, timedelta, timezone

from bot.errors import RefusedError

SOONEST = timedelta(minutes=5)
LATEST = timedelta(days=92)
_UNITS = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}
_SPAN = re.compile(r"(?:in\s+)?(\d{1,4})\s*(m|min|mins|minutes?|h|hours?|d|days?|w|weeks?)", re.IGNORECASE)
_MOMENT = re.compile(
    r"(\d{4})-(\d{1,2})-(\d{1,2})(?:[ T]+(\d{1,2}):(\d{2})(?::\d{2}(?:[.,]\d{1,9})?)?)?"
    r"\s*(?:UTC|GMT|Z)?\s*(?:([+\N{MINUS SIGN}-])(\d{1,2}):?(\d{2})?)?",
    re.IGNORECASE,
)


def closing_time(written: str, *, now: datetime) -> datetime:
    """The moment that `3 days`, `12 hours` or `2026-12-01 18:00` means; a day alone ends at its midnight.

    A time is UTC, or that of the zone behind it: `2026-12-01T18:00+01:00`, `2026-12-01 18:00 UTC-5`.

    Raises RefusedError for what is neither, for the past and for what is too near or too far.
    """
    written = written.strip()
    if span := _SPAN.fullmatch(written):
        moment = now + int(span[1]) * _UNITS[span[2][0].lower()]
    elif day := _MOMENT.fullmatch(written):
        year, month, date, hour, minute = (int(part) if part else 0 for part in day.groups()[:5])
        offset = timedelta(hours=int(day[7] or 0), minutes=int(day[8] or 0))
        try:
            zone = timezone(offset if day[6] == "+" else -offset)
            moment = datetime(year, month, date, hour, minute, tzinfo=zone).astimezone(UTC)
        except (ValueError, OverflowError):
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
