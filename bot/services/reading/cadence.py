"""How often a newsletter comes out, learned from when it did; and by when the next issue should be here.

A weekday on which it came out in most of the last weeks, at much the same hour, is one of its days, by the latest of
those hours: so a daily that rests at weekends is not missed on Saturday, and a weekly is missed on its own day. What
comes less often than that is expected after its usual pause. What has no habit is expected never.
"""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from statistics import median

LATE = timedelta(hours=6)
"""How late a weekly or daily issue may be before somebody is told."""

MOST_LEARNED_FROM = 500
"""Issues: a dozen for each working day of the weeks from which the habits are learned, and more."""

MOST_CAUGHT_UP = 60
"""However often a newsletter comes out: nobody wants to be told of more at once than of two months of a daily."""

_WEEKS = 6
_DAYS_LEARNED_FROM = 30
_FEWEST_DAYS = 5
_MARGIN = 1.5
_FEWEST_WEEKS = 3
_MOSTLY = 0.75
_FEWEST_PAUSES = 4
_LONG_PAUSE = timedelta(days=9)
_STEADY = 0.25
_MOST_SPREAD = timedelta(hours=6)
_WEEK = timedelta(days=7)
_DAY = timedelta(days=1)


def missed_at(published: Sequence[datetime], *, now: datetime) -> datetime | None:
    """The moment of the last issue that should be here and is not; None when nothing is missing.

    published: when the last issues came out, in any order, each aware.
    """
    moments = sorted(moment for moment in published if moment <= now)
    if not moments:
        return None
    expected = _by_weekday(moments, now=now) or _by_pause(moments)
    if expected is None:
        return None
    due, slack = expected
    return due if due > moments[-1] and now >= due + slack else None


def keeps_rhythm(new: Sequence[datetime], published: Sequence[datetime], *, now: datetime) -> bool:
    """Whether so many may have come out since the last one, by the newsletter's habit and with a margin.

    new: when these came out. published: as in `missed_at`. What came out on one day counts as that day's, so that an
    archive which was filled in at once is no rhythm, nor is one that is dated anew.
    """
    moments = [moment for moment in published if moment <= now]
    by_day = Counter(moment.date() for moment in moments)
    days = sorted(by_day)[-_DAYS_LEARNED_FROM:]
    if len(days) < _FEWEST_DAYS:
        return False
    pause = (days[-1] - days[0]) / (len(days) - 1)
    likely = _MARGIN * median(by_day[day] for day in days) * ((now - max(moments)) / pause)
    busiest = Counter(moment.date() for moment in new).most_common(1)
    return len(new) <= min(likely, MOST_CAUGHT_UP) and all(
        count <= _MARGIN * max(by_day[day] for day in days) + 1 for _, count in busiest
    )


def _by_weekday(moments: list[datetime], *, now: datetime) -> tuple[datetime, timedelta] | None:
    """The last of its own days before now, after which so late an issue is missed."""
    last = moments[-1]
    recent = [moment for moment in moments if moment > last - _WEEKS * _WEEK]
    weeks = min(_WEEKS, round((last - recent[0]) / _WEEK) + 1)
    if weeks < _FEWEST_WEEKS:
        return None
    by_day: dict[int, list[datetime]] = {}
    for moment in recent:
        by_day.setdefault(moment.weekday(), []).append(moment)
    habits = {
        day: hour
        for day, found in by_day.items()
        if len({moment.date() for moment in found}) >= _MOSTLY * weeks and (hour := _usual_hour(found)) is not None
    }
    for back in range(8):
        day = _midnight(now) - back * _DAY
        if day.weekday() in habits and now >= day + habits[day.weekday()] + LATE:
            due = day + habits[day.weekday()]
            # An issue of that day is the one that was expected; where it comes early, one of the evening before, too.
            return (due, LATE) if last < max(day - LATE, min(day, due - _DAY * 3 / 4)) else None
    return None


def _usual_hour(found: list[datetime]) -> timedelta | None:
    """By when the first issue of such a day is there; None when that is any time of the day."""
    first = {moment.date(): moment - _midnight(moment) for moment in reversed(found)}.values()
    if not any(first):
        return _DAY  # only days are stated, so it may come until the day is over
    return max(first) if max(first) - min(first) <= _MOST_SPREAD else None


def _by_pause(moments: list[datetime]) -> tuple[datetime, timedelta] | None:
    pauses = [later - earlier for earlier, later in pairwise(moments)][-12:]
    if len(pauses) < _FEWEST_PAUSES:
        return None
    usual = timedelta(seconds=median(pause.total_seconds() for pause in pauses))
    if usual < _LONG_PAUSE or any(abs(pause - usual) > usual * _STEADY for pause in pauses):
        return None
    return moments[-1] + usual, usual * _STEADY


def _midnight(moment: datetime) -> datetime:
    return moment.replace(hour=0, minute=0, second=0, microsecond=0)
