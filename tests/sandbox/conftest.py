"""A real discord.py bot against the sandbox, over sockets."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import aiohttp
import discord
import pytest
import yarl
from discord.ext import commands

from sandbox import Limits, Sandbox
from sandbox.model import Guild

SPECIFICATION = Path(
    os.environ.get("DISCORD_OPENAPI") or Path(__file__).parents[2].parent / "shared/discord-openapi.json"
)
"""Discord's own file; not part of the repository."""

Setup = Callable[["DeskBot"], Any]


class DeskBot(commands.AutoShardedBot):
    """The bot of these tests: no prefix commands, no chunking, no cache of messages."""

    def __init__(self, **options: Any) -> None:
        options.setdefault("intents", discord.Intents(guilds=True, guild_messages=True, dm_messages=True))
        super().__init__(
            command_prefix="\0",
            allowed_mentions=discord.AllowedMentions.none(),
            guild_ready_timeout=0.01,
            chunk_guilds_at_startup=False,
            help_command=None,
            max_messages=None,
            **options,
        )

    async def before_identify_hook(self, shard_id: int | None, *, initial: bool = False) -> None:
        """The sandbox does not need the five seconds."""

    async def on_error(self, event_method: str, /, *args: Any, **kwargs: Any) -> None:
        raise  # noqa: PLE0704  (called from inside an except block)


@asynccontextmanager
async def running(sandbox: Sandbox, setup: Setup | None = None, **options: Any) -> AsyncIterator[DeskBot]:
    """The bot, logged in and ready; its commands are synced."""
    discord.http.Route.BASE = sandbox.api_url
    discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(sandbox.gateway_url)
    discord.Asset.BASE = sandbox.origin
    bot = DeskBot(**options)
    if setup is not None:
        setup(bot)
    async with bot:
        await bot.login(sandbox.token)
        if setup is not None:
            await bot.tree.sync()
        task = asyncio.create_task(bot.connect())
        ready = asyncio.create_task(bot.wait_until_ready())
        await asyncio.wait({task, ready}, return_when=asyncio.FIRST_COMPLETED, timeout=60)
        if task.done():
            ready.cancel()
            task.result()
        yield bot
    await asyncio.wait_for(task, 60)


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    """A seeded sandbox without waiting; the specification checks along where it is there."""
    spec = SPECIFICATION if SPECIFICATION.is_file() else None
    # On a busy machine any answer may take long.
    async with Sandbox(limits=replace(Limits.off(), answer_seconds=60.0), openapi=spec) as one:
        one.world.seed()
        yield one
        assert one.violations == []


class Rest:
    """Bare requests with the bot's token, for what discord.py would not send."""

    def __init__(self, sandbox: Sandbox, session: aiohttp.ClientSession) -> None:
        self.sandbox = sandbox
        self.session = session
        self.headers: dict[str, str] = {}

    async def __call__(self, method: str, path: str, body: Any = None, *, token: str | None = None) -> tuple[int, Any]:
        headers = {"Authorization": f"Bot {token or self.sandbox.token}"}
        async with self.session.request(method, self.sandbox.api_url + path, json=body, headers=headers) as response:
            self.headers = dict(response.headers)
            return response.status, (await response.json() if response.status != 204 else None)

    async def post(self, channel: Any, **body: Any) -> tuple[int, Any]:
        return await self("POST", f"/channels/{channel.id}/messages", body)


@pytest.fixture
async def rest(sandbox: Sandbox) -> AsyncIterator[Rest]:
    async with aiohttp.ClientSession() as session:
        yield Rest(sandbox, session)


@pytest.fixture
def guild(sandbox: Sandbox) -> Guild:
    return next(iter(sandbox.world.guilds.values()))


def text(content: str) -> dict[str, Any]:
    return {"type": 10, "content": content}


def row(*components: dict[str, Any]) -> dict[str, Any]:
    return {"type": 1, "components": list(components)}


def button(custom_id: str = "b", label: str = "Press", **more: Any) -> dict[str, Any]:
    return {"type": 2, "style": 1, "label": label, "custom_id": custom_id, **more}


V2 = 1 << 15
