"""When a newsletter is late, learned from when it came out."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.services.reading.cadence import MOST_LEARNED_FROM, keeps_rhythm, missed_at

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
MONDAY = datetime(2026, 3, 2, 14, tzinfo=UTC)


def daily(weeks: int = 6, *, days: tuple[int, ...] = (0, 1, 2, 3, 4)) -> list[datetime]:
    return [MONDAY + week * 7 * DAY + day * DAY for week in range(weeks) for day in days]


def test_a_daily_that_rests_at_weekends_is_missed_on_its_days_only_six_hours_late() -> None:
    published = daily()
    friday = published[-1]
    assert missed_at(published, now=friday + 2 * DAY) is None, "a weekend"
    monday = friday + 3 * DAY
    assert missed_at(published, now=monday + 5 * HOUR) is None
    assert missed_at(published, now=monday + 6 * HOUR) == monday
    assert missed_at([*published, monday - HOUR], now=monday + 9 * HOUR) is None, "it came a little early"
    assert missed_at([*published, monday + 5 * HOUR], now=monday + 9 * HOUR) is None, "it came late"
    assert missed_at([*published, monday - 13 * HOUR], now=monday + 9 * HOUR) is None, "in the first minutes of its day"


@pytest.mark.parametrize("a_day", [1, 5, 12])
def test_however_many_come_a_day_it_is_missed_on_its_days(a_day: int) -> None:
    published = sorted(moment + number * HOUR / 2 for moment in daily(9) for number in range(a_day))
    learned = published[-MOST_LEARNED_FROM:]
    monday = daily(9)[-1] + 3 * DAY
    assert missed_at(learned, now=monday - HOUR) is None
    assert missed_at(learned, now=monday + 6 * HOUR) == monday


def test_a_weekly_is_missed_on_its_own_day() -> None:
    published = daily(days=(3,))
    thursday = published[-1] + 7 * DAY
    assert missed_at(published, now=thursday - HOUR) is None
    assert missed_at(published, now=thursday + 6 * HOUR) == thursday
    assert missed_at(published, now=thursday + 3 * DAY) == thursday, "still the same one"


def test_where_only_days_are_stated_a_day_is_waited_for_to_its_end() -> None:
    published = [moment.replace(hour=0) for moment in daily()]
    monday = published[-1] + 3 * DAY
    assert missed_at(published, now=monday + 20 * HOUR) is None
    assert missed_at(published, now=monday + 30 * HOUR) == monday + DAY


def test_what_comes_in_the_evening_is_not_there_because_yesterdays_is() -> None:
    published = [moment.replace(hour=20) for moment in daily()][:-1]
    friday = published[-1] + DAY
    assert missed_at(published, now=friday + 5 * HOUR) is None
    assert missed_at(published, now=friday + 6 * HOUR) == friday


def test_what_comes_in_the_first_hours_may_come_the_evening_before() -> None:
    published = [moment.replace(hour=1) for moment in daily()]
    monday = published[-1] + 3 * DAY
    assert missed_at([*published, monday - 4 * HOUR], now=monday + 10 * HOUR) is None


def test_what_comes_at_any_hour_of_its_days_is_expected_never() -> None:
    published = [moment + (number * 7 % 20 - 10) * HOUR for number, moment in enumerate(daily())]
    for hours in range(400):
        assert missed_at(published, now=published[-1] + hours * HOUR) is None


def test_of_several_issues_a_day_the_first_is_waited_for() -> None:
    published = [moment + later * HOUR for moment in daily() for later in (0, 9)]
    monday = MONDAY + 42 * DAY
    assert missed_at(published, now=monday + 6 * HOUR) == monday


def test_a_change_of_clocks_is_no_lateness() -> None:
    published = [moment + (HOUR if moment.month < 4 else timedelta()) for moment in daily(6)]
    assert missed_at(published, now=published[-1] + 3 * DAY + 6 * HOUR) is None, "the latest hour counts"


def test_a_monthly_is_expected_after_its_usual_pause() -> None:
    published = [MONDAY + number * 30 * DAY for number in range(6)]
    due = published[-1] + 30 * DAY
    assert missed_at(published, now=due + 5 * DAY) is None
    assert missed_at(published, now=due + 8 * DAY) == due


@pytest.mark.parametrize(
    "published",
    [
        [],
        daily(1),
        daily(2),
        [MONDAY, MONDAY + 3 * DAY, MONDAY + 20 * DAY, MONDAY + 21 * DAY, MONDAY + 60 * DAY],
        [MONDAY] * 30,
    ],
    ids=["nothing", "one week", "two weeks", "no habit", "all at once"],
)
def test_what_has_no_habit_is_expected_never(published: list[datetime]) -> None:
    for days in range(60):
        assert missed_at(published, now=MONDAY + 70 * DAY + days * DAY) is None


def test_a_day_that_was_left_out_once_is_still_one_of_its_days() -> None:
    published = [moment for moment in daily() if moment != MONDAY + 9 * DAY]
    wednesday = MONDAY + 42 * DAY + 2 * DAY
    published += [wednesday - 2 * DAY, wednesday - DAY]
    assert missed_at(published, now=wednesday + 7 * HOUR) == wednesday


@given(st.lists(st.datetimes(timezones=st.just(UTC)), max_size=40), st.datetimes(timezones=st.just(UTC)))
def test_no_history_breaks_it_and_nothing_is_missed_in_the_future(published: list[datetime], now: datetime) -> None:
    missed = missed_at(published, now=now)
    assert missed is None or missed <= now


def days_after(published: list[datetime], count: int, *, step: timedelta = DAY) -> list[datetime]:
    return [published[-1] + number * step for number in range(1, count + 1)]


@pytest.mark.parametrize(
    ("published", "after", "new", "fits"),
    [
        (daily(days=tuple(range(7))), 12, 12, True),
        (daily(days=tuple(range(7))), 12, 18, True),
        (daily(days=tuple(range(7))), 12, 19, False),
        (daily(days=tuple(range(7))), 1, 6, False),
        (daily(), 12, 12, True),
        (daily(2), 12, 12, True),
        (daily(6, days=(3,)), 35, 7, True),
        (daily(6, days=(3,)), 35, 8, False),
        (daily(days=(0,))[:4], 12, 2, False),
        ([MONDAY] * 40, 12, 6, False),
        ([*[MONDAY] * 40, *daily(6, days=(3,))], 14, 6, False),
        (daily(days=tuple(range(7))), 400, 61, False),
        ([], 12, 6, False),
    ],
    ids=[
        "a daily",
        "and the margin",
        "and more",
        "in a day",
        "one that rests at weekends",
        "known for two weeks",
        "a weekly",
        "too many of it",
        "known too little",
        "an archive filled in at once",
        "and a weekly after it",
        "of more than a year",
        "nothing is known",
    ],
)
def test_as_many_are_caught_up_with_as_came_out_by_the_habit(
    published: list[datetime], after: int, new: int, *, fits: bool
) -> None:
    step = after * DAY / new
    came = days_after(published or [MONDAY], new, step=step)
    assert keeps_rhythm(came, published, now=(published or [MONDAY])[-1] + after * DAY) is fits


def test_many_that_are_dated_on_one_day_are_no_rhythm() -> None:
    published = daily(days=tuple(range(7)))
    last = published[-1]
    assert not keeps_rhythm([last + 11 * DAY] * 12, published, now=last + 12 * DAY)
    several = sorted(moment + later * HOUR for moment in published for later in (0, 3, 6))
    came = [last + day * DAY + later * HOUR for day in range(1, 5) for later in (0, 3, 6)]
    assert keeps_rhythm(came, several, now=last + 5 * DAY)
