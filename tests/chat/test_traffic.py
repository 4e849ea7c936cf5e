"""Requests to Discord: paced, with room for people, and stopped before they do harm."""

import asyncio
from collections.abc import AsyncIterator
from time import monotonic

import aiohttp
import pytest
from aiohttp import web

from bot.chat import traffic as traffic_module
from bot.chat.traffic import MOST_INVALID_REQUESTS, Pace, Traffic, background
from bot.errors import DeliveryError, DiscordClosedError
from bot.metrics import Metrics

SECOND = 0.2  # of these tests


def most_in_a_second(moments: list[float]) -> int:
    return max(sum(begin <= moment < begin + SECOND for moment in moments) for begin in moments)


async def run(pace: Pace, count: int, *, in_background: bool, moments: list[float]) -> None:
    async def one() -> None:
        await pace.take(in_background=in_background)
        moments.append(monotonic())

    await asyncio.gather(*(one() for _ in range(count)))


async def test_no_sliding_second_holds_more_than_the_limit() -> None:
    moments: list[float] = []
    await run(Pace(10, second=SECOND), 45, in_background=False, moments=moments)
    assert most_in_a_second(moments) <= 10
    assert max(moments) - min(moments) < 8 * SECOND, "and it does not dawdle"


async def test_the_background_leaves_room_for_people() -> None:
    pace, moments = Pace(50, second=SECOND), list[float]()
    await run(pace, 48, in_background=True, moments=moments)
    waiting = asyncio.create_task(run(pace, 1, in_background=True, moments=moments))
    begun = monotonic()
    await asyncio.wait_for(pace.take(in_background=False), 5)
    assert not waiting.done()
    assert monotonic() - begun < SECOND / 2
    await waiting


async def test_people_who_wait_come_before_the_background() -> None:
    pace, order = Pace(4, second=SECOND), list[str]()

    async def take(name: str, *, in_background: bool) -> None:
        await pace.take(in_background=in_background)
        order.append(name)

    await asyncio.gather(*(take("first", in_background=False) for _ in range(4)))
    await asyncio.gather(
        *(take("background", in_background=True) for _ in range(3)),
        *(take("person", in_background=False) for _ in range(4)),
    )
    assert order[4:8] == ["person"] * 4, order


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
    monkeypatch.setattr(traffic_module, "_INVALID_WINDOW_SECONDS", 2.0)
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
        assert 0 < closed.value.retry_after_seconds <= 2
        async with asyncio.timeout(5):
            while True:  # it opens again when the window has moved on
                try:
                    traffic.refuse_when_closed()
                    break
                except DiscordClosedError:
                    await asyncio.wait({asyncio.create_task(ask(session, f"{api}/channels/200"))})


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
    taken = 0
    take = Pace.take

    async def counted(pace: Pace, *, in_background: bool) -> None:
        nonlocal taken
        taken += 1
        await take(pace, in_background=in_background)

    monkeypatch.setattr(Pace, "take", counted)
    traffic = Traffic(api_url=url, requests_per_second=50, metrics=Metrics())
    async with aiohttp.ClientSession(trace_configs=[traffic.trace()]) as session:
        await ask(session, f"{url}/gateway/bot")
        await ask(session, f"{url}/gateway/bot")
    server.close()
    assert (asked, taken) == (3, 3)


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
