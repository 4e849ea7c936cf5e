"""Requests to Discord: paced, with room for people, and stopped before they do harm."""

import asyncio
import selectors
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable
from dataclasses import dataclass, field
from random import Random
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from bot.chat import traffic as traffic_module
from bot.chat.traffic import MOST_INVALID_REQUESTS, Pace, Traffic, background
from bot.errors import DeliveryError, DiscordClosedError
from bot.metrics import Metrics
from sandbox import Limits, Sandbox

PER_SECOND = 50


class _Skipping(selectors.DefaultSelector):
    """Where everybody waits, nobody does: the time is skipped."""

    now = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        assert timeout is not None, "everybody waits for what never comes"
        self.now += timeout
        return super().select(0)


class SimulatedLoop(asyncio.SelectorEventLoop):
    """Its clock goes on only while there is nothing to do."""

    def __init__(self) -> None:
        self._skipping = _Skipping()
        super().__init__(self._skipping)

    def time(self) -> float:
        return self._skipping.now


def simulate(story: Coroutine[Any, Any, None]) -> None:
    with asyncio.Runner(loop_factory=SimulatedLoop) as runner:
        runner.run(story)


def now() -> float:
    return asyncio.get_running_loop().time()


async def passed(seconds: float) -> None:
    """Until so much of the simulated time has passed; nobody waits for it."""
    loop = asyncio.get_running_loop()
    then = loop.create_future()
    loop.call_later(seconds, then.set_result, None)
    await then


@dataclass
class Line:
    """Sends through a pace; of each request, when it was sent, and the last moment at which it may have arrived.

    Without a clock of theirs nothing says when it arrived, and so it may have been any moment until the answer.
    """

    pace: Pace
    their_clock: Callable[[], float] | None = None
    answer_takes: Callable[[], float] = lambda: 0.0
    sent: list[tuple[float, float]] = field(default_factory=list)

    async def ask(self, seconds: float, *, in_background: bool = True) -> None:
        begun = await self.pace.take(in_background=in_background)
        await passed(seconds)
        arrived = now()
        counted_at = round(self.their_clock(), 3) if self.their_clock is not None else None
        await passed(self.answer_takes())
        self.pace.answered(begun, counted_at)
        self.sent.append((begun, now() if counted_at is None else arrived))

    async def work_off(self, ways: Iterable[float], *, at_once: int) -> None:
        """So many workers, each of which sends its next request when the one before is answered."""
        waiting = iter(ways)

        async def work() -> None:
            for seconds in waiting:
                await self.ask(seconds)

        await asyncio.gather(*(work() for _ in range(at_once)))

    def most_that_may_arrive_in_a_second(self) -> int:
        """In the worst order of arrival, in the worst second, wherever Discord lets its seconds begin."""
        # A second in which one more may arrive than before ends with the sending of one.
        ends = [begun for begun, _ in self.sent]
        return max(sum(begun <= end and arrived > end - 1 for begun, arrived in self.sent) for end in ends)


WAYS: dict[str, Callable[[Random], float]] = {
    "at once": lambda _: 0.0,
    "up to 200 ms": lambda dice: dice.uniform(0.0, 0.2),
    "all of them 200 ms": lambda _: 0.2,
    "most at once, some late": lambda dice: 0.2 if dice.random() < 0.1 else 0.0,
    "some lost for long": lambda dice: 7.5 if dice.random() < 0.02 else dice.uniform(0.0, 0.2),
    "longer than a second": lambda dice: dice.uniform(0.5, 2.5),
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("at_once", [1, 24, 500])
@pytest.mark.parametrize("seed", range(2))
def test_in_no_order_of_arrival_a_second_holds_more_than_the_limit(way: str, at_once: int, seed: int) -> None:
    dice = Random(seed)

    async def story() -> None:
        line = Line(Pace(PER_SECOND))
        await line.work_off([WAYS[way](dice) for _ in range(500)], at_once=at_once)
        assert len(line.sent) == 500
        assert line.most_that_may_arrive_in_a_second() <= PER_SECOND

    simulate(story())


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("at_once", [24, 500])
@pytest.mark.parametrize("seed", range(2))
def test_nor_where_discord_says_when_it_counted_what_it_answers_later(way: str, at_once: int, seed: int) -> None:
    dice = Random(seed)

    async def story() -> None:
        line = Line(Pace(PER_SECOND), lambda: now() + 1_800_000_000.5, lambda: dice.uniform(0.05, 0.4))
        await line.work_off([WAYS[way](dice) for _ in range(500)], at_once=at_once)
        assert line.most_that_may_arrive_in_a_second() <= PER_SECOND

    simulate(story())


@pytest.mark.parametrize("their_clock", [lambda: now() % 30, lambda: -now(), lambda: float("nan")])
def test_whatever_discords_clock_does_no_second_holds_more_sendings_than_the_limit(
    their_clock: Callable[[], float],
) -> None:
    dice = Random(1)

    async def story() -> None:
        line = Line(Pace(PER_SECOND), their_clock, lambda: dice.uniform(0.05, 0.4))
        await line.work_off([dice.uniform(0.0, 0.2) for _ in range(500)], at_once=500)
        line.sent = [(begun, begun) for begun, _ in line.sent]
        assert line.most_that_may_arrive_in_a_second() <= PER_SECOND

    simulate(story())


@pytest.mark.parametrize("answer_seconds", [0.0, 0.4])
def test_with_200_ms_of_jitter_it_does_not_dawdle(answer_seconds: float) -> None:
    dice = Random(1)

    async def story() -> None:
        line = Line(Pace(PER_SECOND), lambda: now() + 1_800_000_000.5, lambda: dice.uniform(0.0, answer_seconds))
        await line.work_off([dice.uniform(0.0, 0.2) for _ in range(1500)], at_once=24)
        assert 1500 / now() > 0.87 * PER_SECOND

    simulate(story())


def test_the_background_leaves_room_for_people() -> None:
    async def story() -> None:
        line = Line(Pace(PER_SECOND))
        background = asyncio.create_task(line.work_off([0.1] * 200, at_once=200))
        await passed(0.05)
        await line.ask(0.0, in_background=False)
        assert now() == 0.05, "a person does not wait"
        await background

    simulate(story())


def test_people_who_wait_come_before_the_background() -> None:
    async def story() -> None:
        line, order = Line(Pace(4)), list[str]()

        async def ask(name: str, *, in_background: bool) -> None:
            await line.ask(0.0, in_background=in_background)
            order.append(name)

        await asyncio.gather(*(ask("first", in_background=False) for _ in range(4)))
        await asyncio.gather(
            *(ask("background", in_background=True) for _ in range(3)),
            *(ask("person", in_background=False) for _ in range(4)),
        )
        assert order == ["first"] * 4 + ["person"] * 4 + ["background"] * 3

    simulate(story())


def test_whoever_stops_waiting_keeps_no_place() -> None:
    async def story() -> None:
        pace = Pace(2)
        sent = [await pace.take(in_background=False) for _ in range(2)]
        gone = [asyncio.create_task(pace.take(in_background=False)) for _ in range(3)]
        last = asyncio.create_task(pace.take(in_background=False))
        await asyncio.sleep(0)
        gone[0].cancel()
        pace.answered(sent[0])
        await passed(1.1)
        assert gone[1].done()
        assert not gone[2].done()
        pace.answered(sent[1])
        asyncio.get_running_loop().call_later(1.005, gone[2].cancel)  # in the moment in which it is given a place
        await last
        assert gone[2].cancelled()
        assert now() < 2.2

    simulate(story())


@pytest.fixture
async def api() -> AsyncIterator[str]:
    """Answers every request with the status in its path."""

    async def answer(request: web.Request) -> web.Response:
        shared = {"X-RateLimit-Scope": "shared"} if "shared" in request.path else {}
        return web.Response(status=int(request.match_info["status"]), headers=shared)

    application = web.Application()
    application.router.add_route("*", "/api/v10/{rest:.*}/{status}", answer)
    runner = web.AppRunner(application)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}/api/v10"
    await runner.cleanup()


async def ask(session: aiohttp.ClientSession, url: str) -> None:
    async with session.get(url) as response:
        await response.read()


async def test_requests_are_counted_by_status_and_answers_to_interactions_apart(api: str) -> None:
    metrics = Metrics()
    traffic = Traffic(api_url=api, requests_per_second=50, metrics=metrics)
    async with aiohttp.ClientSession(trace_configs=[traffic.trace()]) as session:
        for path in ("/channels/200", "/channels/503", "/interactions/1/200", "/webhooks/1/2/200", "/channels/403"):
            await ask(session, api + path)
    assert [metrics.value("discord_requests", status) for status in ("200", "503", "403")] == [1, 1, 1]
    assert metrics.value("discord_invalid_requests") == 1


async def test_sending_stops_far_below_discords_limit_of_invalid_requests(
    api: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    traffic = Traffic(api_url=api, requests_per_second=5000, metrics=Metrics())
    async with aiohttp.ClientSession(trace_configs=[traffic.trace()]) as session:
        for path in ("/shared/429", "/channels/404", "/channels/500"):
            for _ in range(5):
                await ask(session, api + path)
        for number in range(MOST_INVALID_REQUESTS):
            traffic.refuse_when_closed()
            await ask(session, f"{api}/channels/{(401, 403, 429)[number % 3]}")
        with pytest.raises(DiscordClosedError, match="delivery-too-many-refused") as closed:
            traffic.refuse_when_closed()
        assert 0 < closed.value.retry_after_seconds <= 600
        # It opens again when the window has moved on: after no time where it is none.
        monkeypatch.setattr(traffic_module, "_INVALID_WINDOW_SECONDS", 0.0)
        await ask(session, f"{api}/channels/200")
        traffic.refuse_when_closed()


async def test_what_aiohttp_repeats_by_itself_is_paced_too(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = 0

    async def cut_the_second(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal asked
        while await reader.readuntil(b"\r\n\r\n"):
            asked += 1
            if asked == 2:
                writer.transport.abort()
                return
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
            if asked == 3:
                writer.close()
                return

    server = await asyncio.start_server(cut_the_second, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/api/v10"
    taken = returned = 0
    take, answered = Pace.take, Pace.answered

    async def counted(pace: Pace, *, in_background: bool) -> float:
        nonlocal taken
        taken += 1
        return await take(pace, in_background=in_background)

    def counted_back(pace: Pace, sent_at: float, counted_at: float | None = None) -> None:
        nonlocal returned
        returned += 1
        answered(pace, sent_at, counted_at)

    monkeypatch.setattr(Pace, "take", counted)
    monkeypatch.setattr(Pace, "answered", counted_back)
    traffic = Traffic(api_url=url, requests_per_second=50, metrics=Metrics())
    async with aiohttp.ClientSession(trace_configs=[traffic.trace()]) as session:
        await ask(session, f"{url}/gateway/bot")
        await ask(session, f"{url}/gateway/bot")
        assert (asked, taken, returned) == (3, 3, 3)
        server.close()
        with pytest.raises(aiohttp.ClientError):
            await ask(session, f"{url}/gateway/bot")
    assert taken == returned == 4, "what nobody answers keeps no place"


async def test_the_sandbox_refuses_nothing_that_arrives_late_and_out_of_order() -> None:
    async with Sandbox(limits=Limits(default=(1000, 1.0))) as sandbox:
        traffic = Traffic(api_url=sandbox.api_url, requests_per_second=PER_SECOND, metrics=Metrics())
        headers = {"Authorization": f"Bot {sandbox.token}"}
        sandbox.faults.jitter(0.2, seed=1)
        async with aiohttp.ClientSession(trace_configs=[traffic.trace()], headers=headers) as session:
            await asyncio.gather(*(ask(session, f"{sandbox.api_url}/users/@me") for _ in range(110)))
        assert {seen.status for seen in sandbox.requests} == {200}


async def test_what_is_asked_inside_is_of_the_background() -> None:
    with background():
        assert traffic_module._in_background.get()
    assert not traffic_module._in_background.get()


async def test_what_stands_before_discord_and_refuses_shuts_everything_and_discord_itself_only_one_message() -> None:
    async def answer(request: web.Request) -> web.Response:
        headers = {"Retry-After": "90000"} if "banned" in request.path else {"Retry-After": "2", "Via": "1.1 google"}
        return web.Response(status=429, headers=headers)

    application = web.Application()
    application.router.add_get("/api/v10/{rest:.*}", answer)
    runner = web.AppRunner(application)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    api = f"http://127.0.0.1:{runner.addresses[0][1]}/api/v10"
    traffic = Traffic(api_url=api, requests_per_second=50, metrics=Metrics())
    async with aiohttp.ClientSession(trace_configs=[traffic.trace()]) as session:
        with background():
            with pytest.raises(DiscordClosedError) as closed:
                await ask(session, f"{api}/banned")
            assert closed.value.retry_after_seconds == 3600, "no longer than an hour, whatever is asked"
            with pytest.raises(DeliveryError) as slow:
                await ask(session, f"{api}/channels/1/messages")
            assert (type(slow.value), slow.value.retry_after_seconds) == (DeliveryError, 2)
    await runner.cleanup()
