"""The whole bot in this process, with real discord.py over sockets against the sandbox."""

import asyncio
import os
import shutil
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from pathlib import Path

import discord
import pytest
from sqlalchemy import exists, select

from bot.app import Parts, open_app
from bot.chat import replies
from bot.client import Pressroom
from bot.clock import Clock
from bot.fetch import Fetcher
from bot.ports import IssueAsker, IssueSource
from bot.settings import Settings
from bot.store import chores as chore_rows
from bot.store import engine
from bot.store import outbox as outbox_rows
from bot.store import sources as source_rows
from bot.store.tables import sources
from sandbox import Limits, Sandbox
from sandbox.driver import Person
from sandbox.model import Channel, Guild, Message
from tests.conftest import SHARED
from tests.doubles import MovableClock, Shelf, sample_issue

FEED = "https://news.example/feed"


def specification() -> Path | None:
    """Discord's own specification, where it is at hand: with it, every request and answer is checked."""
    path = Path(os.environ.get("DISCORD_OPENAPI") or SHARED / "discord-openapi.json")
    return path if path.is_file() else None


class Press:
    """The running bot, the sandbox around it, and the newsletter it reads."""

    client: Pressroom

    def __init__(self, sandbox: Sandbox, shelf: Shelf, settings: Settings, **parts: object) -> None:
        self.sandbox = sandbox
        self.shelf = shelf
        self.clock = MovableClock()
        self._settings = settings
        self._parts = parts
        self._running = AsyncExitStack()

    async def start(self) -> None:
        running = connected(self._settings, self.shelf, self.clock, **self._parts)
        self.client = await self._running.enter_async_context(running)

    async def stop(self) -> None:
        await self._running.aclose()

    def person(self, name: str) -> Person:
        return self.sandbox.member(name)

    async def set_up(self) -> None:
        """An administrator adds the newsletter; its newest issue is announced."""
        reply = await self.person("ada").slash(f"/setup source address:{FEED} channel:#news")
        assert "I now read" in reply.text, reply.text
        await self.announced(1)

    async def read_again(self) -> None:
        """Let the source be due now, and wait until the bot's own worker has read it.

        A reading of before that is still under way is void by that. Nothing is read here: to two workers of one
        process a claim is the same, so the older reading would count, and the new one be void.
        """
        store = self.client.services.sources._store
        async with store.write() as transaction:
            await source_rows.make_due(transaction, 1)
        async with asyncio.timeout(60):
            while await self._is_at_work(reading=True):
                pass

    async def settled(self) -> None:
        """What is due has been done and what is to be sent has been tried, by the bot's own workers or here."""
        async with asyncio.timeout(60):
            await self.client.services.outbox.deliver_due()
            while await self._is_at_work():
                await self.client.services.outbox.deliver_due()

    async def _is_at_work(self, *, reading: bool = False) -> bool:
        """Whether the bot's workers have something in hand, or to do now: with `reading`, also a source to be read.

        All in one view: what is in hand leaves something that is due in the very moment in which it is done.
        """
        now, outbox = self.clock.now(), self.client.services.outbox
        async with outbox._store.read() as transaction:
            is_read = select(exists().where(sources.c.lease_incarnation.is_not(None)))
            in_hand = (await transaction.execute(is_read)).scalar_one()
            due = [await chore_rows.next_due(transaction)]
            if reading:
                due.append(await source_rows.next_poll(transaction))
            else:
                in_hand = in_hand or (await outbox_rows.count_open(transaction)).get("claimed", 0) > 0
                due.append(None if outbox._sending.closed_for() else await outbox_rows.next_due(transaction))
        return in_hand or any(moment is not None and moment <= now for moment in due)

    async def announced(self, count: int) -> list[Message]:
        """Wait until #news holds this many announcements and the outbox is done with them."""
        mia = self.person("mia")

        def messages() -> list[Message]:
            found = [message for message in mia.see("news") if message.author.bot and not message.ephemeral]
            return found if len(found) >= count and all(message.thread for message in found) else []

        return await self.sandbox.wait_for(messages, what=f"{count} announcements with threads", timeout=60)


@asynccontextmanager
async def connected(settings: Settings, shelf: Shelf, clock: Clock, **replaced: object) -> AsyncIterator[Pressroom]:
    """The bot, logged in and ready; with other parts where these are named."""

    class Played(Parts):
        drain_seconds = 5.0
        guild_ready_seconds = 0.02

        def reader(self, fetcher: Fetcher, settings: Settings) -> IssueSource:
            return shelf

        def asker(self, fetcher: Fetcher) -> IssueAsker | None:
            return None

    Played.clock = clock
    parts = Played()
    for name, part in replaced.items():
        setattr(parts, name, part)
    async with open_app(settings, parts) as client:
        connection = asyncio.create_task(client.connect())
        await asyncio.wait_for(client.wait_until_ready(), 60)
        yield client
    await asyncio.wait_for(connection, 60)


@pytest.fixture(autouse=True)
def _nothing_is_promised(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a busy machine any answer may take long, the database's too; only what is about promises makes one."""
    monkeypatch.setattr(replies, "_PROMISED_AFTER_SECONDS", 3600.0)
    monkeypatch.setattr(replies, "_FORM_AFTER_SECONDS", 3600.0)
    monkeypatch.setattr(engine, "WHILE_SOMEBODY_WAITS", engine.IN_THE_BACKGROUND)


@pytest.fixture
async def sandbox(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Sandbox]:
    # discord.py's addresses are the process's; each test puts them back.
    monkeypatch.setattr(discord.http.Route, "BASE", discord.http.Route.BASE)
    monkeypatch.setattr(discord.Asset, "BASE", discord.Asset.BASE)
    monkeypatch.setattr(
        discord.gateway.DiscordWebSocket, "DEFAULT_GATEWAY", discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY
    )
    limits = replace(Limits.off(), answer_seconds=60.0)  # on a busy machine any answer may take long
    async with Sandbox(limits=limits, openapi=specification()) as sandbox:
        sandbox.world.seed()
        yield sandbox
        assert sandbox.violations == []
        assert sandbox.rejected == []


@pytest.fixture
def guild(sandbox: Sandbox) -> Guild:
    return next(iter(sandbox.world.guilds.values()))


@pytest.fixture
def review(guild: Guild) -> Channel:
    return channel(guild, "review")


@pytest.fixture
def general(guild: Guild) -> Channel:
    return channel(guild, "general")


def channel(guild: Guild, name: str) -> Channel:
    return next(each for each in guild.channels.values() if each.name == name)


@pytest.fixture
def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    return port


@pytest.fixture
def settings(sandbox: Sandbox, tmp_path: Path, sqlite_template: Path) -> Settings:
    shutil.copyfile(sqlite_template, tmp_path / "pressroom.db")
    return Settings.load(
        discord_token=sandbox.token,
        discord_api_url=sandbox.api_url,
        database_url=f"sqlite:///{tmp_path}/pressroom.db",
        secret_key_file=tmp_path / "secret.key",
    )


@pytest.fixture
async def press(sandbox: Sandbox, settings: Settings) -> AsyncIterator[Press]:
    shelf = Shelf(sample_issue(3, links=60), sample_issue(2), sample_issue(1))
    press = Press(sandbox, shelf, settings)
    await press.start()
    yield press
    await press.stop()
