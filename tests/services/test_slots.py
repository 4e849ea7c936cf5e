"""When a source is read next."""

from datetime import UTC, datetime, timedelta
from hashlib import sha256

from hypothesis import given
from hypothesis import strategies as st

from bot.services.reading.slots import LONGEST_FRESH, next_reading

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
TEN = timedelta(minutes=10)


@given(st.text(max_size=20), st.integers(0, 10_000), st.integers(1, 1440))
def test_the_next_reading_keeps_the_slot_and_is_neither_near_nor_far(name: str, seconds: int, minutes: int) -> None:
    key, interval = sha256(name.encode()).hexdigest(), timedelta(minutes=minutes)
    now = NOW + timedelta(seconds=seconds)
    first = next_reading(now, url_key=key, interval=interval)
    assert interval / 2 <= first - now <= interval * 1.5
    assert abs(next_reading(first, url_key=key, interval=interval) - first - interval) < timedelta(milliseconds=1)


def test_many_sources_that_were_due_together_are_spread_over_the_interval() -> None:
    moments = sorted(
        next_reading(NOW, url_key=sha256(str(number).encode()).hexdigest(), interval=TEN) for number in range(1000)
    )
    most = max(sum(start <= moment < start + timedelta(minutes=1) for moment in moments) for start in moments)
    assert most < 150, "a tenth of them a minute, about"


def test_a_server_that_says_how_long_its_answer_holds_is_believed_within_bounds() -> None:
    for said, least in ((timedelta(minutes=30), timedelta(minutes=30)), (timedelta(days=365), LONGEST_FRESH)):
        moment = next_reading(NOW, url_key="ff" * 32, interval=TEN, fresh_for=said)
        assert least <= moment - NOW <= least + TEN
