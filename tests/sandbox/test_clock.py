"""Ids made from time."""

from sandbox import ManualClock
from sandbox.clock import Snowflakes, moment_of


def test_ids_of_one_past_moment_differ_whatever_ticks_between_them() -> None:
    clock = ManualClock(1_800_000_000.0)
    new_id = Snowflakes(clock)
    before = clock() - 1000
    made = set()
    for _ in range(5_000):
        made |= {new_id(before), new_id(), new_id(clock())}
        clock.advance(0.001)
    assert len(made) == 15_000
    assert moment_of(new_id(before)) == before
