"""Whose turn it is, and what becomes of a document that turns out to be larger than its place."""

import asyncio

import pytest

from bot.errors import RefusedError
from bot.sources.places import ORDINARY_BYTES, Lane, Line, Place, Size
from bot.sources.turns import Turns


def lane(patience_seconds: float | None = None) -> Lane:
    return Lane(ordinary=2, apart=1, turns=Turns(0), patience_seconds=patience_seconds)


async def begun(*tasks: asyncio.Task[None]) -> None:
    """Until each of them waits for something."""
    for _ in tasks:
        await asyncio.sleep(0)


async def test_who_was_served_longest_ago_is_next_however_often_others_ask() -> None:
    line, called = Line(1), asyncio.Queue[str]()

    async def wait(asker: str) -> None:
        await line.take(asker)
        called.put_nowait(asker)

    await line.take("many")
    waiting = [asyncio.create_task(wait(asker)) for asker in ("many", "many", "one", "many", "other", "one")]
    await begun(*waiting)
    order = []
    for _ in waiting:
        line.give_back()
        order.append(await called.get())
    assert order == ["one", "other", "many", "one", "many", "many"]
    line.give_back()
    assert line.take_if_free("anybody")


@pytest.mark.parametrize("is_called", [False, True], ids=["in line", "at the moment of its turn"])
async def test_who_leaves_the_line_takes_no_place(*, is_called: bool) -> None:
    line = Line(1)
    await line.take("first")
    leaving = asyncio.create_task(line.take("leaving"))
    await begun(leaving)
    if is_called:
        line.give_back()
    leaving.cancel()
    await asyncio.gather(leaving, return_exceptions=True)
    if not is_called:
        line.give_back()
    assert line.take_if_free("next")


async def test_a_document_that_turns_out_large_is_begun_again_when_it_is_its_turn() -> None:
    places, busy = lane(), asyncio.Event()
    begun_for: list[str] = []

    async def keep(place: Place) -> None:
        place.need(Size.LARGE)
        await busy.wait()

    async def grow(place: Place) -> None:
        begun_for.append("second")
        place.need_for(ORDINARY_BYTES)
        place.need_for(ORDINARY_BYTES + 1)

    keeping = asyncio.create_task(places.give_place("first", keep))
    growing = asyncio.create_task(places.give_place("second", grow))
    await begun(keeping, growing)
    assert begun_for == ["second"]
    for _ in range(3):  # what waits for a larger place keeps no other
        await places.give_place("third", _nothing)
    busy.set()
    await asyncio.gather(keeping, growing)
    assert begun_for == ["second"] * 2


async def test_whose_turn_does_not_come_is_told_to_try_again() -> None:
    places = lane(patience_seconds=0.01)
    await places.line(Size.ORDINARY).take("a")
    await places.line(Size.ORDINARY).take("b")
    with pytest.raises(RefusedError, match="setup-source-crowded"):
        await places.give_place("c", _nothing)


async def _nothing(_place: Place) -> None: ...
