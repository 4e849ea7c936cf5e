"""What lives while a large reading is taken in, and the collector of garbage."""

import asyncio
import gc
import threading
import weakref
from collections.abc import Iterator
from typing import Any

import pytest

from bot.garbage import keeps_what_arrives, living_kept


class Circle:
    def __init__(self) -> None:
        self.itself = self


class Collections:
    """Counts the full ones."""

    full = 0

    def __call__(self, phase: str, info: dict[str, Any]) -> None:
        self.full += phase == "start" and info["generation"] == 2


@pytest.fixture
def collections() -> Iterator[Collections]:
    counting = Collections()
    gc.callbacks.append(counting)
    yield counting
    gc.callbacks.remove(counting)


@pytest.fixture(autouse=True)
def _usual() -> Iterator[None]:
    """Afterwards everything is as it was."""
    before = gc.get_threshold()
    gc.unfreeze()  # full collections are dear enough to be missed
    yield
    assert gc.get_threshold() == before
    gc.freeze()


def work() -> list[list[object]]:
    return [[object()] for _ in range(300_000)]


def test_what_lives_is_looked_through_again_only_when_the_last_one_has_left(collections: Collections) -> None:
    with living_kept():
        with living_kept():
            kept = work()
        kept += work()
        assert collections.full == 0
    kept += work()
    assert collections.full > 0


def test_what_comes_into_being_meanwhile_is_collected_as_ever() -> None:
    with living_kept():
        seen = weakref.ref(Circle())
        kept = work()
        assert seen() is None
    del kept


def test_a_failure_puts_everything_back() -> None:
    with pytest.raises(ZeroDivisionError), living_kept():
        _ = 1 // 0


async def test_what_arrives_is_left_out_until_the_work_with_it_is_done(collections: Collections) -> None:
    def arrive() -> None:
        with living_kept():
            pass

    @keeps_what_arrives
    async def take_in() -> None:
        for _ in range(2):
            await asyncio.to_thread(arrive)
        kept = work()
        assert collections.full == 0
        del kept

    await take_in()


async def test_what_arrives_when_nobody_waits_any_more_is_let_go_of() -> None:
    begun, over = threading.Event(), threading.Event()

    def arrive() -> None:
        with living_kept():
            begun.set()
            assert over.wait(60)
        with living_kept():
            pass

    @keeps_what_arrives
    async def leave() -> "asyncio.Task[None]":
        arriving = asyncio.create_task(asyncio.to_thread(arrive))
        await asyncio.to_thread(begun.wait, 60)
        return arriving

    arriving = await leave()
    over.set()
    await arriving
