"""The bot on a PostgreSQL that is gone for a while; with real discord.py and a real server behind a proxy."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import aiohttp
import pytest

from bot.chat import outcomes
from bot.jobs import Workers
from bot.settings import Settings
from sandbox import Sandbox
from sandbox.model import Channel
from tests.cogs.conftest import Press
from tests.cogs.test_polls import opened
from tests.doubles import sample_issue
from tests.proxy import Proxy


@pytest.fixture
async def proxy(postgres_database: str) -> AsyncIterator[Proxy]:
    folder = parse_qs(urlsplit(postgres_database).query)["host"][0]
    proxy = Proxy(f"{folder}/.s.PGSQL.5432")
    await proxy.listen()
    yield proxy
    await proxy.close()


@pytest.fixture
def settings(sandbox: Sandbox, proxy: Proxy, postgres_database: str, tmp_path: Path, free_port: int) -> Settings:
    return Settings.load(
        discord_token=sandbox.token,
        discord_api_url=sandbox.api_url,
        database_url=proxy.address + urlsplit(postgres_database).path,
        secret_key_file=tmp_path / "secret.key",
        health_port=free_port,
    )


async def test_postgresql_gone_for_a_minute_is_told_and_mends_itself(
    press: Press, proxy: Proxy, free_port: int, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    await press.set_up()
    await press.settled()
    await proxy.cut()
    async with aiohttp.ClientSession(f"http://127.0.0.1:{free_port}") as http:
        async with http.get("/readyz") as response:
            checks = {check["name"]: check for check in (await response.json())["checks"]}
            assert response.status == 503
            assert "cannot be reached" in checks["database"]["says"]
        async with http.get("/healthz") as response:
            assert response.status == 200
        async with http.get("/metrics") as response:
            assert "pressroom_up 0.0" in await response.text()
        monkeypatch.setattr(outcomes, "_SOON_SECONDS", 0.0)
        told = await press.person("ada").slash("/setup threads on:False")
        assert "do not know yet" in told.text
        assert "</setup status:" in told.text
        assert "does not answer right now" in (await press.person("mia").slash("/issue latest")).text
        press.shelf.lay_out(sample_issue(4))
        await proxy.listen()
        press.clock.move(timedelta(minutes=1))
        await sandbox.wait_for(lambda: "nothing was stored" in told.text, what="what became of it")
        reply = await press.person("ada").slash("/setup status")
        assert "Discussion threads: on" in reply.text
        press.clock.move(timedelta(minutes=10))
        await press.read_again()
        assert len(await press.announced(2)) == 2
        async with asyncio.timeout(60):
            while True:
                async with http.get("/readyz") as response:
                    if response.status == 200:
                        break
                press.clock.move(timedelta(seconds=10))


async def rest(press: Press) -> None:
    """Let everything be done that is due, and nothing be begun in the background any more."""
    await press.settled()
    workers = press.client.services.polls._store._bell
    assert isinstance(workers, Workers)
    await workers.drain(deadline_seconds=10, break_off_seconds=10)
    workers._scheduler = None


async def test_whoever_pressed_is_told_that_it_was_stored_where_only_the_answer_was_lost(
    press: Press, proxy: Proxy, general: Channel, review: Channel, sandbox: Sandbox
) -> None:
    mia, mara = press.person("mia"), press.person("mara")
    card = await opened(press, general)
    await press.person("ada").slash("/setup review channel:#review")
    await mia.slash("/submit link address:https://coffee.example/")
    await press.settled()
    [waiting] = await sandbox.wait_for(
        lambda: [each for each in review.messages.values() if each.labels], what="the review card", timeout=30
    )
    await rest(press)
    proxy.lose_answer_to(b"COMMIT;")
    reply = await mia.click(card, "Tea")
    assert "your change was stored" in reply.text
    assert "</vote:" in reply.text
    assert "your vote" in (await mia.slash("/vote")).text
    proxy.lose_answer_to(b"COMMIT;")
    reply = await mia.slash("/submit link address:https://tea.example/")
    assert "your change was stored" in reply.text
    assert "</submit mine:" in reply.text
    assert "tea.example" in (await mia.slash("/submit mine")).text
    proxy.lose_answer_to(b"COMMIT;")
    reply = await mara.click(waiting, "Approve")
    assert "your change was stored" in reply.text
    assert "the card" in reply.text
    form = await mara.slash("/poll create channel:#general")
    proxy.lose_answer_to(b"COMMIT;", passing=1)  # whether she may is read before
    answered = await mara.submit(form, {"Question": "And when?", "Answers": "At noon\nAt night", "Closes": "1h"})
    assert "your change was stored" in answered.text
    assert "</results:" in answered.text
    assert "At night" in (await mara.slash("/results poll:And when?")).text


async def test_where_nobody_can_know_it_one_is_told_where_to_look(
    press: Press, proxy: Proxy, general: Channel, monkeypatch: pytest.MonkeyPatch
) -> None:
    card = await opened(press, general)
    await press.settled()
    monkeypatch.setattr(outcomes, "_SOON_SECONDS", 0.0)
    monkeypatch.setattr(outcomes, "_LONGEST_SECONDS", 0.0)
    await proxy.cut()
    reply = await press.person("mia").click(card, "Tea")
    [told] = await press.sandbox.wait_for(lambda: reply.followups, what="an answer")
    await press.sandbox.wait_for(lambda: "may be stored" in told.text, what="the sentence")
    assert "</vote:" in told.text
    await proxy.listen()


async def test_a_stop_keeps_nobody_waiting_for_a_database(
    press: Press, proxy: Proxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    await press.settled()
    monkeypatch.setattr(outcomes, "_SOON_SECONDS", 0.0)
    await proxy.cut()
    told = await press.person("ada").slash("/setup threads on:False")
    assert "do not know yet" in told.text
    await press.stop()
    assert "may be stored" in told.text
