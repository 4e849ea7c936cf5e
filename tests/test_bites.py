"""Long work beside people who wait."""

import time

from bot.bites import Bites


def work(seconds: float) -> None:
    until = time.perf_counter() + seconds
    while time.perf_counter() < until:
        pass


def test_a_rest_is_longer_than_the_bite_before_it() -> None:
    rests: list[float] = []
    bites = Bites()
    work(0.005)
    bites.rest_in_thread(rests.append)
    [rest] = rests
    assert rest >= 2 * 0.005


def test_a_rest_has_a_limit_however_long_the_bite_was() -> None:
    rests: list[float] = []
    bites = Bites()
    work(0.05)
    bites.rest_in_thread(rests.append)
    assert rests == [0.02]


async def test_others_go_on_meanwhile() -> None:
    bites = Bites()
    work(0.005)
    began = time.perf_counter()
    await bites.rest()
    assert time.perf_counter() - began >= 0.009
