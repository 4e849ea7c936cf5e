"""Any administrator may name any address: a server tries one at a time, on its account, and takes no other's place."""

import asyncio
import socket
import threading
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta
from multiprocessing.context import SpawnProcess
from typing import Any

import pytest

from bot.errors import RefusedError
from bot.model.guild import Source
from bot.model.member import Act
from bot.ports import Reading
from bot.services import Subscriptions
from bot.services.reading.quotas import ATTEMPT_BYTES, MEGABYTE, Quotas
from bot.services.reading.subscriptions import Subscribed
from bot.sources.feed import FeedSource
from bot.store import attempts as attempt_rows
from bot.store import usage as usage_rows
from tests.hostile.oven import Oven, feeds, given_up, oven
from tests.services.conftest import ADMIN, CHANNEL, GUILD, Desk, desk

__all__ = ["desk", "feeds", "oven"]  # the fixtures


class Parsers:
    """Whatever is understood in a process of its own takes until the door opens."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        loop, start = asyncio.get_running_loop(), SpawnProcess.start
        self.begun, self.door = asyncio.Queue[None](), threading.Event()

        def late(process: SpawnProcess) -> None:
            loop.call_soon_threadsafe(self.begun.put_nowait, None)
            self.door.wait(60)
            start(process)

        monkeypatch.setattr(SpawnProcess, "start", late)


async def used(desk: Desk) -> int:
    async with desk.store.read() as transaction:
        return (await usage_rows.of_day(transaction, [GUILD], day=desk.clock.now().date())).get(GUILD, 0)


async def test_a_second_address_is_answered_at_once_while_the_first_is_looked_at_in_whichever_process(
    desk: Desk, oven: Oven, feeds: FeedSource
) -> None:
    await desk.services.guilds.remember(GUILD, name="Server")
    await desk.services.guilds.remember(GUILD + 1, name="Neighbour")
    here, there = desk.subscriptions(feeds), desk.subscriptions(feeds)

    def add(process: Subscriptions, path: str, *, guild_id: int = GUILD) -> Coroutine[Any, Any, Subscribed]:
        return process.subscribe(
            Act(guild_id, ADMIN, next(desk.interactions)), url=oven.address + path, channel_id=CHANNEL
        )

    first = asyncio.create_task(add(here, "/slow/1"))
    await oven.wait_for(oven.asked, "/slow/1")
    for process in (here, there):
        for _ in range(4):
            with pytest.raises(RefusedError, match="setup-source-busy"):
                await add(process, "/feed")
    assert oven.asked == ["/slow/1"]
    assert await used(desk) == ATTEMPT_BYTES  # reserved before anything is asked
    assert (await add(there, "/feed", guild_id=GUILD + 1)).title == "Crumbs"
    oven.door.set()
    assert (await first).title == "Crumbs"
    await add(here, "/feed")


async def test_however_many_try_at_once_a_server_gets_no_more_than_its_quota(
    desk: Desk, oven: Oven, feeds: FeedSource
) -> None:
    quotas = Quotas(bytes_a_day=2 * MEGABYTE)
    await desk.services.guilds.remember(GUILD, name="Server")
    processes = [desk.subscriptions(feeds, quotas=quotas) for _ in range(2)]
    refusals: set[str] = set()

    async def try_again_and_again(number: int) -> None:
        with suppress(RefusedError):
            while True:
                try:
                    await processes[number % 2].subscribe(
                        Act(GUILD, ADMIN, next(desk.interactions)), url=oven.address + "/endless", channel_id=CHANNEL
                    )
                except RefusedError as error:
                    refusals.add(error.message_id)
                    if error.message_id == "setup-used-up":
                        raise

    async with asyncio.timeout(60):
        await asyncio.gather(*(try_again_and_again(number) for number in range(8)))
    assert refusals == {"setup-source-busy", "setup-source-allowance", "setup-used-up"}
    assert quotas.bytes_a_day <= await used(desk) <= quotas.bytes_a_day + ATTEMPT_BYTES + 65_536


@pytest.mark.parametrize("alone", [False, True])
async def test_what_a_killed_process_was_trying_ends_by_itself_and_at_the_next_start_of_the_only_one(
    desk: Desk, *, alone: bool
) -> None:
    await desk.services.guilds.remember(GUILD, name="Server")
    now = desk.clock.now()
    async with desk.store.write() as transaction:
        assert await attempt_rows.claim(
            transaction,
            GUILD,
            token="killed",
            incarnation="killed",
            until=now + timedelta(minutes=4),
        )
    await desk.subscriptions().take_over()  # beside others
    with pytest.raises(RefusedError, match="setup-source-busy"):
        await desk.subscribe()
    if alone:
        await desk.subscriptions(alone=True).take_over()
    else:
        desk.clock.move(timedelta(minutes=4))
    await desk.subscribe()
    assert len((await desk.services.guilds.status(GUILD)).sources) == 1


async def test_a_large_body_is_fetched_in_its_turn_and_in_nobodys_way(oven: Oven, feeds: FeedSource) -> None:
    def read(path: str, asked_by: int | None) -> asyncio.Task[object]:
        return asyncio.create_task(feeds.read(oven.source(path), credentials=None, asked_by=asked_by))

    first = read("/large/1", 1)
    await oven.wait_for(oven.asked, "/large/1")
    waiting = [read(f"/large/{server}", server) for server in range(2, 9)]
    # Seven in line, and nothing of theirs is kept: no body, no connection.
    await oven.wait_for(oven.left, *(f"/large/{server}" for server in range(2, 9)))
    assert isinstance(await read("/feed", 9), Reading)
    assert isinstance(await read("/large", None), Reading)
    oven.asked.clear()
    await given_up(first)
    await oven.wait_for(oven.asked, "/large/2")
    await given_up(*waiting)


@pytest.mark.parametrize("servers", [1, 6])
async def test_while_six_heavy_pages_are_looked_at_for_a_feed_a_neighbours_newsletter_is_added(
    desk: Desk, oven: Oven, feeds: FeedSource, monkeypatch: pytest.MonkeyPatch, servers: int
) -> None:
    neighbour, parsers, subscriptions = GUILD + servers, Parsers(monkeypatch), desk.subscriptions(feeds)
    for guild_id in range(GUILD, neighbour + 1):
        await desk.services.guilds.remember(guild_id, name="Server")

    def add(guild_id: int, path: str) -> asyncio.Task[Subscribed]:
        adding = subscriptions.subscribe(
            Act(guild_id, ADMIN, next(desk.interactions)), url=oven.address + path, channel_id=CHANNEL
        )
        return asyncio.create_task(adding)

    pages = [add(GUILD + number % servers, f"/page/{number}") for number in range(6)]
    looked_at = min(servers, 2)
    async with asyncio.timeout(60):
        for _ in range(looked_at):
            await parsers.begun.get()
        await oven.wait_for_count(2 * servers)  # as a feed, and as a page that may name one
        assert (await add(neighbour, "/feed")).title == "Crumbs"
        assert sum(not page.done() for page in pages) >= servers
        assert parsers.begun.empty(), "the others wait until those are understood"
        parsers.door.set()
        outcomes = await asyncio.gather(*pages, return_exceptions=True)
    assert [each.title for each in outcomes if isinstance(each, Subscribed)] == ["Crumbs"] * servers
    refused = [each.message_id for each in outcomes if isinstance(each, RefusedError)]
    assert refused == ["setup-source-busy"] * (6 - servers)


async def test_slow_sites_of_those_who_try_keep_no_connection_from_what_is_read_regularly(
    oven: Oven, feeds: FeedSource
) -> None:
    trying: list[asyncio.Task[object]] = [
        asyncio.create_task(feeds.read(oven.source(f"/slow/{server}"), credentials=None, asked_by=server))
        for server in range(30)
    ]
    await oven.wait_for_count(6)
    assert isinstance(await feeds.read(oven.source("/feed"), credentials=None), Reading)
    assert len(oven.asked) == 6 + 1  # so many at a time, all of one site
    await given_up(*trying)


async def test_names_that_nobody_answers_for_keep_no_thread_from_what_is_read_regularly(
    oven: Oven, feeds: FeedSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    look_up, silence, asked = socket.getaddrinfo, threading.Event(), asyncio.Queue[str]()
    loop = asyncio.get_running_loop()

    def silent(host: str, *others: Any, **named: Any) -> Any:
        if host.endswith(".example"):
            loop.call_soon_threadsafe(asked.put_nowait, host)
            silence.wait(20)
            raise socket.gaierror(socket.EAI_AGAIN, "nobody answers")
        return look_up(host, *others, **named)

    monkeypatch.setattr(socket, "getaddrinfo", silent)
    loop.set_default_executor(ThreadPoolExecutor(2))
    trying: list[asyncio.Task[object]] = [
        asyncio.create_task(feeds.read(Source(0, f"http://{server}.example/", ""), credentials=None, asked_by=server))
        for server in range(2)
    ]
    for _ in trying:
        await asked.get()
    oven.address = oven.address.replace("127.0.0.1", "localhost")
    assert isinstance(await feeds.read(oven.source("/feed"), credentials=None), Reading)
    silence.set()
    await given_up(*trying)
