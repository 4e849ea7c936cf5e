"""What lives while a large reading is taken in, and the collector of garbage."""

import gc
import weakref
from collections.abc import Iterator

import pytest

from bot.garbage import living_kept


class Circle:
    def __init__(self) -> None:
        self.itself = self


@pytest.fixture(autouse=True)
def _as_it_was() -> Iterator[None]:
    """The collector as a fresh process has it, and afterwards as the tests have it."""
    gc.unfreeze()
    yield
    gc.freeze()


def test_what_lives_is_left_out_until_the_last_one_leaves() -> None:
    circle = Circle()
    seen = weakref.ref(circle)
    with living_kept():
        with living_kept():
            del circle
        gc.collect()
        assert seen() is not None
        assert gc.get_freeze_count() > 0
    assert gc.get_freeze_count() == 0
    gc.collect()
    assert seen() is None


def test_what_comes_into_being_meanwhile_is_collected_as_ever() -> None:
    with living_kept():
        circle = Circle()
        seen = weakref.ref(circle)
        del circle
        gc.collect()
        assert seen() is None


def test_a_failure_puts_everything_back() -> None:
    with pytest.raises(ZeroDivisionError), living_kept():
        _ = 1 // 0
    assert gc.get_freeze_count() == 0
