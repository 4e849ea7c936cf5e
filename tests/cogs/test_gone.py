"""The bot on a PostgreSQL that is gone for a while; with real discord.py and a real server behind a proxy."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import aiohttp
import pytest

from bot.settings import Settings
from sandbox import Sandbox
from tests.cogs.conftest import Press
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
    press: Press, proxy: Proxy, free_port: int, sandbox: Sandbox
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
        reply = await press.person("ada").slash("/setup threads on:False")
        assert "nothing of this was stored" in reply.text
        press.shelf.lay_out(sample_issue(4))
        press.clock.move(timedelta(minutes=1))
        await proxy.listen()
        reply = await press.person("ada").slash("/setup status")
        assert "Discussion threads: on" in reply.text
        press.clock.move(timedelta(minutes=10))
        await press.read_again()
        assert len(await press.announced(2)) == 2
        async with asyncio.timeout(10):
            while True:
                async with http.get("/readyz") as response:
                    if response.status == 200:
                        break
                press.clock.move(timedelta(seconds=10))
