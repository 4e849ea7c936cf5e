"""The bot when the database, the gateway or the token fail; with real discord.py."""

import asyncio
import contextlib
import os
import resource
import signal
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from sqlalchemy import event, text

from bot.app import Parts, open_app, run
from bot.errors import TokenRefusedError
from bot.fetch import Fetcher
from bot.ports import IssueSource
from bot.settings import Settings
from bot.store import Store
from bot.store import gateway as session_rows
from sandbox import Sandbox
from tests.cogs.conftest import FEED, Press
from tests.doubles import Shelf, sample_issue


@pytest.fixture
def settings(sandbox: Sandbox, tmp_path: Path, free_port: int) -> Settings:
    return Settings.load(
        discord_token=sandbox.token,
        discord_api_url=sandbox.api_url,
        database_url=f"sqlite:///{tmp_path}/pressroom.db",
        secret_key_file=tmp_path / "secret.key",
        health_port=free_port,
    )


@pytest.fixture
async def http(free_port: int) -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(f"http://127.0.0.1:{free_port}") as session:
        yield session


async def ready(http: aiohttp.ClientSession) -> dict[str, str]:
    """The sentences of the checks that are red."""
    async with http.get("/readyz") as response:
        body = await response.json()
        red = {check["name"]: check["says"] for check in body["checks"] if not check["ok"]}
        assert (response.status, body["ready"]) == ((503, False) if red else (200, True))
        return red


async def becomes(http: aiohttp.ClientSession, wanted: set[str]) -> dict[str, str]:
    async with asyncio.timeout(60):
        while (red := await ready(http)).keys() != wanted:
            pass
    return red


@contextmanager
def full_disk(folder: Path) -> Iterator[None]:
    """No file of this process grows beyond what it is: what a full disk does to SQLite's log."""
    log = folder / "pressroom.db-wal"
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (log.stat().st_size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


async def test_health_readiness_and_metrics_are_told_on_their_own_listener(
    press: Press, http: aiohttp.ClientSession
) -> None:
    await press.set_up()
    assert await becomes(http, set()) == {}
    async with http.get("/healthz") as response:
        assert (response.status, await response.text()) == (200, "ok\n")
    async with http.get("/metrics") as response:
        page = await response.text()
    assert response.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    lines = dict(line.rsplit(" ", 1) for line in page.splitlines() if not line.startswith("#"))
    assert lines['pressroom_deliveries_total{outcome="done"}'] == "1.0"
    assert lines['pressroom_interactions_total{outcome="done"}'] == "1.0"
    assert not any(name.startswith("pressroom_outbox_rows") for name in lines), "what is done is no row that waits"
    assert lines["pressroom_issues_stored_total"] == "3.0"
    assert lines["pressroom_gateway_shards_connected"] == "1.0"
    assert float(lines['pressroom_discord_requests_total{status="200"}']) > 3


async def test_a_full_disk_is_said_nothing_is_acknowledged_and_it_mends_itself(
    press: Press, http: aiohttp.ClientSession, tmp_path: Path
) -> None:
    await press.set_up()
    await press.settled()
    ada = press.person("ada")
    press.shelf.lay_out(sample_issue(4))
    with full_disk(tmp_path):
        reply = await ada.slash("/setup threads on:False")
        assert "nothing was stored" in reply.text
        assert "disk" in (await ready(http))["database"]
        assert "Issue number 3" in (await press.person("mia").slash("/issue latest")).text, "reading goes on"
    press.clock.move(timedelta(seconds=10))
    reply = await ada.slash("/setup status")
    assert "Discussion threads: on" in reply.text, "what was not acknowledged is not stored"
    assert await becomes(http, set()) == {}
    await press.read_again()
    assert len(await press.announced(2)) == 2


async def test_a_disk_that_takes_no_writes_is_said_and_mends_itself(
    press: Press, http: aiohttp.ClientSession, caplog: pytest.LogCaptureFixture
) -> None:
    await press.set_up()
    store = press.client.services.outbox._store

    reads_only = 1

    def configure(connection: Any, _record: object) -> None:
        connection.execute(f"PRAGMA query_only = {reads_only}")

    event.listen(store._writer.sync_engine, "connect", configure)  # a connection that cannot write is replaced

    async def only_read(value: int) -> None:
        async with store._writer.connect() as connection:
            driver = (await connection.get_raw_connection()).driver_connection
            assert driver is not None
            await driver.execute(f"PRAGMA query_only = {value}")

    await only_read(1)
    press.clock.move(timedelta(seconds=10))
    assert "cannot be written" in (await ready(http))["database"]
    reply = await press.person("ada").slash("/setup threads on:False")
    assert "accepts no changes right now, so **nothing was stored**" in reply.text
    incident = reply.text.split("**")[-2]
    assert incident in caplog.text
    reads_only = 0
    await only_read(0)
    press.clock.move(timedelta(seconds=10))
    reply = await press.person("ada").slash("/setup threads on:True")
    assert "gets a discussion thread" in reply.text
    assert await becomes(http, set()) == {}


async def test_a_gateway_that_drops_resumes_and_declares_invalid_loses_no_issue(
    press: Press, sandbox: Sandbox, http: aiohttp.ClientSession
) -> None:
    await press.set_up()
    troubles: list[Callable[[], None]] = [
        sandbox.faults.drop_gateway,
        sandbox.faults.reconnect,
        partial(sandbox.faults.invalidate, resumable=True),
        partial(sandbox.faults.invalidate, resumable=False),
    ]
    for number, trouble in enumerate(troubles, 4):
        trouble()
        press.shelf.lay_out(sample_issue(number))
        await press.read_again()
        assert len(await press.announced(number - 2)) == number - 2
        await sandbox.wait_for(lambda: sandbox.gateway.connected, what="the connection", timeout=60)
    reply = await press.person("mia").slash("/issue latest")
    assert "Issue number 7" in reply.text
    assert await becomes(http, set()) == {}


async def test_a_server_that_discord_does_not_show_is_waited_for(press: Press, sandbox: Sandbox) -> None:
    """While it is hidden nobody knows whether the channel is a forum: to ask would be to be refused."""
    await press.person("ada").slash(f"/setup source address:{FEED} channel:#ideas")
    [guild] = sandbox.world.guilds.values()
    forum = next(channel for channel in guild.channels.values() if channel.name == "ideas")
    await sandbox.wait_for(lambda: len(forum.threads) == 1, what="the first post")
    await press.settled()
    sandbox.gateway.hide_guild(guild)
    async with asyncio.timeout(60):
        while not press.client.get_guild(guild.id).unavailable:  # type: ignore[union-attr]
            await asyncio.wait({asyncio.create_task(press.client.services.outbox.take_over())})
    press.shelf.lay_out(sample_issue(4))
    seen = len(sandbox.requests)
    await press.read_again()
    await press.settled()
    assert len(sandbox.requests) == seen, "nothing was asked"
    sandbox.gateway.show_guild(guild)
    await sandbox.wait_for(lambda: len(forum.threads) == 2, what="the post when the server is back")


@pytest.mark.journey
async def test_an_outage_of_an_hour_is_waited_out(press: Press, sandbox: Sandbox, http: aiohttp.ClientSession) -> None:
    await press.set_up()
    sandbox.outage()
    press.shelf.lay_out(sample_issue(4))
    await press.read_again()
    red = await becomes(http, {"gateway"})
    assert "reconnect" in red["gateway"]
    for _ in range(12):
        press.clock.move(timedelta(minutes=5))
        await press.client.services.outbox.deliver_due()
    assert (await ready(http)).keys() >= {"gateway", "outbox"}
    sandbox.recover()
    press.clock.move(timedelta(minutes=10))
    assert len(await press.announced(2)) == 2
    # discord.py's own pauses between attempts to connect grow, and are real.
    await sandbox.wait_for(lambda: sandbox.gateway.connected, timeout=60, what="the connection")
    assert await becomes(http, set()) == {}


async def test_a_replayed_interaction_acts_once(press: Press, sandbox: Sandbox) -> None:
    """Each command that changes something, the opposite of it, and the first one once more as after a resume."""
    await press.set_up()
    ada, mara = press.person("ada"), press.person("mara")
    next(iter(sandbox.world.guilds.values())).add_role("loud", mentionable=True)

    async def state() -> list[tuple[object, ...]]:
        tables = ("guilds", "subscriptions", "outbox", "stopped_channels")
        async with press.client.services.outbox._store.read() as transaction:
            return [
                tuple(row)
                for table in tables
                for row in await transaction.execute(text(f"SELECT * FROM {table} ORDER BY 1"))
            ]

    await press.client.services.outbox.deliver_due()
    for person, first, then in (
        (ada, "/setup threads on:False", "/setup threads on:True"),
        (ada, "/setup ping role:@loud", "/setup ping remove:The mention"),
        (ada, f"/setup source address:{FEED} channel:#general", f"/setup source address:{FEED} channel:#news"),
        (ada, "/setup publish on:True", "/setup publish on:False"),
        (
            ada,
            "/setup staff channel:#review",
            "/setup staff remove:The staff channel; I use Discord's community updates channel instead",
        ),
        (ada, "/setup channel channel:#general", "/setup channel channel:#news"),
        (mara, "/desk repost issue:Issue number 3", None),
        (mara, "/desk post issue:Issue number 1", None),
        (ada, "/setup remove source:1", None),
    ):
        await person.slash(first)
        repeatable = 1
        if then is not None:
            await person.slash(then)
            repeatable = 2
        await press.settled()
        before = await state()
        seen = len(sandbox.requests)
        sandbox.gateway.repeat("INTERACTION_CREATE", count=repeatable)
        await sandbox.wait_for(
            lambda: [each for each in list(sandbox.requests)[seen:] if "/interactions/" in each.path],  # noqa: B023
            what="the answer to the replay",
        )
        await press.settled()
        assert await state() == before, first


async def test_a_storm_of_reconnects_resumes_and_costs_no_session(press: Press, sandbox: Sandbox) -> None:
    await press.set_up()
    begun = len(sandbox.gateway.identifies)
    for _ in range(8):
        await sandbox.wait_for(lambda: sandbox.gateway.connected, what="the connection", timeout=60)
        sandbox.faults.reconnect()
    press.shelf.lay_out(sample_issue(4))
    await press.read_again()
    assert len(await press.announced(2)) == 2
    await sandbox.wait_for(lambda: sandbox.gateway.connected, what="the connection", timeout=60)
    assert len(sandbox.gateway.identifies) == begun


async def test_too_many_sessions_are_waited_out_before_the_next_one(
    press: Press, sandbox: Sandbox, http: aiohttp.ClientSession, settings: Settings
) -> None:
    """As after a night of crashes: the next process keeps its distance, says so, and goes on by itself."""
    await press.settled()
    async with press.client.services.outbox._store.write() as transaction:
        for _ in range(14):
            await session_rows.record_session(transaction, 0)
    await press.stop()
    begun = len(sandbox.gateway.identifies)

    class Played(Parts):
        clock = press.clock
        guild_ready_seconds = 0.02

        def reader(self, fetcher: Fetcher, settings: Settings) -> IssueSource:
            return press.shelf

    running = asyncio.create_task(run(settings, Played()))
    async with asyncio.timeout(60):
        while True:
            try:
                red = await ready(http)
            except aiohttp.ClientConnectorError:
                continue  # not listening yet
            if "Too many sessions" in red["gateway"]:
                break
    assert len(sandbox.gateway.identifies) == begun
    press.clock.move(timedelta(minutes=10))
    await becomes(http, set())
    assert len(sandbox.gateway.identifies) == begun + 1
    os.kill(os.getpid(), signal.SIGTERM)
    await asyncio.wait_for(running, 20)


async def test_a_damaged_database_says_what_to_do_and_stays_red(
    press: Press, http: aiohttp.ClientSession, tmp_path: Path
) -> None:
    await press.set_up()
    await press.settled()
    await press.stop()
    with contextlib.closing(sqlite3.connect(tmp_path / "pressroom.db")) as connection:
        [root] = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'links'").fetchone()
        [size] = connection.execute("PRAGMA page_size").fetchone()
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    with (tmp_path / "pressroom.db").open("r+b") as file:
        file.seek((root - 1) * size)
        file.write(b"\xff" * size)
    await press.start()
    reply = await press.person("mia").slash("/issue latest")
    assert "operator" in reply.text, "a sentence, not a traceback"
    assert "restore the last backup" in (await ready(http))["database"]
    reply = await press.person("ada").slash("/setup status")
    assert "The Sample" in reply.text, "what is not damaged goes on"


async def test_a_token_that_is_revoked_while_running_ends_the_bot_with_a_sentence(
    sandbox: Sandbox, settings: Settings
) -> None:
    class Played(Parts):
        guild_ready_seconds = 0.02
        drain_seconds = 2.0

        def reader(self, fetcher: Fetcher, settings: Settings) -> IssueSource:
            return Shelf()

    running = asyncio.create_task(run(settings, Played()))
    await sandbox.wait_for(lambda: sandbox.gateway.connected, what="the connection", timeout=60)
    sandbox.revoke_token()
    with pytest.raises(TokenRefusedError, match="DISCORD_TOKEN"):
        await asyncio.wait_for(running, 20)


async def test_a_running_bot_waits_for_its_turn_when_its_session_is_declared_invalid(
    press: Press, sandbox: Sandbox, http: aiohttp.ClientSession
) -> None:
    await press.settled()
    async with press.client.services.outbox._store.write() as transaction:
        for _ in range(16):
            await session_rows.record_session(transaction, 0)
    begun = len(sandbox.gateway.identifies)
    sandbox.faults.invalidate(resumable=False)
    async with asyncio.timeout(60):
        while "Too many sessions" not in (await ready(http)).get("gateway", ""):
            pass
    assert len(sandbox.gateway.identifies) == begun
    press.clock.move(timedelta(minutes=10))
    await sandbox.wait_for(lambda: len(sandbox.gateway.identifies) > begun, what="the session", timeout=20)
    await becomes(http, set())


async def test_a_database_that_is_down_when_a_session_begins_does_not_end_the_bot(
    press: Press, sandbox: Sandbox, http: aiohttp.ClientSession, tmp_path: Path
) -> None:
    await press.set_up()
    await press.settled()
    begun = len(sandbox.gateway.identifies)
    with full_disk(tmp_path):
        sandbox.faults.invalidate(resumable=False)
        await sandbox.wait_for(lambda: len(sandbox.gateway.identifies) > begun, what="the session", timeout=20)
    press.clock.move(timedelta(seconds=10))
    await becomes(http, set())
    press.shelf.lay_out(sample_issue(4))
    await press.read_again()
    assert len(await press.announced(2)) == 2


async def test_what_everything_else_uses_is_closed_last(sandbox: Sandbox, settings: Settings) -> None:
    seen: dict[str, Any] = {}

    class Watched(Store):
        async def close(self) -> None:
            if "client" in seen:
                client, fetcher = seen["client"], seen["fetcher"]
                closed.append((client.is_closed(), fetcher._session is None or fetcher._session.closed))
            await super().close()

    class Played(Parts):
        store = Watched
        guild_ready_seconds = 0.02

        def reader(self, fetcher: Fetcher, settings: Settings) -> IssueSource:
            seen["fetcher"] = fetcher
            return Shelf()

    closed: list[tuple[bool, bool]] = []
    async with open_app(settings, Played()) as client:
        seen["client"] = client
        connection = asyncio.create_task(client.connect())
        await asyncio.wait_for(client.wait_until_ready(), 10)
    await asyncio.wait_for(connection, 10)
    assert closed == [(True, True)]


async def test_what_discord_py_tells_when_it_is_closed_already_reaches_nobody(press: Press) -> None:
    """It may wait for further servers for seconds; whatever answered that would open the database again."""
    heard: list[str] = []

    async def on_ready() -> None:
        heard.append("ready")

    client = press.client
    client.add_listener(on_ready)
    client.dispatch("ready")
    await asyncio.sleep(0)
    assert heard == ["ready"]
    await press.stop()
    client.dispatch("ready")
    await asyncio.sleep(0)
    assert heard == ["ready"]
