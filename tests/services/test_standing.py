"""Whether a process may act: until the moment when others may count it as dead, and never with what it held before."""

import asyncio
import time

import pytest

from bot.errors import DeliveryError
from bot.services.delivery.standing import Standing, now_seconds

_SOON = 0.05


def later(seconds: float) -> float:
    return now_seconds() + seconds


async def test_a_process_that_is_alone_may_always_act() -> None:
    standing = Standing()
    assert standing.is_good()
    with standing.hold(standing.lapses):
        standing.check()


async def test_what_reaches_out_ends_when_no_further_beat_was_heard_in_time() -> None:
    standing = Standing()
    standing.extend(later(60))
    with pytest.raises(TimeoutError), standing.hold(standing.lapses):
        async with asyncio.timeout(60) as timeout:
            with standing.reach(timeout):
                standing.extend(later(_SOON))
                await asyncio.Event().wait()
    assert not standing.is_good()
    assert standing.lapses == 1


async def test_what_reaches_out_goes_on_as_long_as_beats_are_heard() -> None:
    standing = Standing()
    standing.extend(later(60))
    first_moment = asyncio.Event()
    asyncio.get_running_loop().call_later(_SOON * 2, first_moment.set)
    with standing.hold(standing.lapses):
        async with asyncio.timeout(60) as timeout:
            with standing.reach(timeout):
                standing.extend(later(_SOON))
                standing.extend(later(60))
                await first_moment.wait()
                standing.check()
    assert standing.lapses == 0


async def test_what_was_claimed_before_a_lapse_is_not_done_when_beats_are_heard_again() -> None:
    standing = Standing()
    standing.extend(later(60))
    before = standing.lapses
    standing.lapse()
    standing.extend(later(60))
    assert standing.is_good()
    with standing.hold(before), pytest.raises(DeliveryError, match="delivery-not-ours") as caught:
        standing.check()
    assert caught.value.is_certain
    with standing.hold(standing.lapses):
        standing.check()


async def test_a_beat_that_is_heard_too_late_joins_nothing() -> None:
    """As after the process was stopped: no timer ran meanwhile, and the answer had waited all the time."""
    standing = Standing()
    standing.extend(later(-1))
    standing.extend(later(60))
    assert standing.is_good()
    assert standing.lapses == 1


async def test_after_a_request_went_out_nobody_is_certain_that_it_did_not_arrive() -> None:
    standing = Standing()
    standing.extend(later(60))
    with standing.hold(standing.lapses):
        with standing.reach(asyncio.timeout(60)):
            standing.check()
            standing.extend(later(-1))
            with pytest.raises(DeliveryError) as caught:
                standing.check()  # discord.py tries again inside one call
        assert not caught.value.is_certain


async def test_nothing_goes_out_in_the_last_moment_of_a_standing() -> None:
    standing = Standing()
    standing.extend(later(0.5))
    with standing.hold(standing.lapses), pytest.raises(DeliveryError, match="delivery-not-ours"):
        standing.check()


@pytest.mark.skipif(not hasattr(time, "CLOCK_BOOTTIME"), reason="This system does not count while it sleeps.")
async def test_a_standing_ends_while_the_machine_sleeps(monkeypatch: pytest.MonkeyPatch) -> None:
    standing = Standing()
    standing.extend(later(60))
    awake, gettime = time.monotonic(), time.clock_gettime
    monkeypatch.setattr(time, "monotonic", lambda: awake)
    monkeypatch.setattr(time, "clock_gettime", lambda clock: gettime(clock) + 3600)
    assert not standing.is_good()


async def test_what_nobody_has_claimed_needs_no_standing() -> None:
    standing = Standing()
    standing.lapse()
    standing.check()  # the answer to somebody's press
