"""A newsletter site, a Discord and the bot as a process, for stories that kill it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from sandbox import Limits, Sandbox, Site
from sandbox.model import Message
from tests.cogs.conftest import specification
from tests.launch import Launched, launched

ISSUE = """# Issue {number}

### A subtitle for issue {number}

## Tools

- A tool - does number {number}. ([link](https://tool-{number}.example/))
"""


@dataclass
class Scene:
    """Everything that outlives the bot."""

    sandbox: Sandbox
    site: Site
    environment: dict[str, str]
    folder: Path

    def publish(self, number: int, *, text: str = ISSUE) -> None:
        self.site.publish_markdown(text.format(number=number))

    def announcements(self) -> list[Message]:
        """What a member sees in #news, without the system's own messages."""
        seen = self.sandbox.member("mia").see("news")
        return [message for message in seen if message.author.bot and not message.ephemeral]

    @asynccontextmanager
    async def bot(self, *watch: str) -> AsyncIterator[Launched]:
        async with launched(self.folder, self.environment, watch=watch) as bot:
            yield bot

    async def set_up(self) -> None:
        """The newsletter is added and its first issue is there, with its thread; the bot is stopped again."""
        self.publish(1)
        async with self.bot() as bot:
            await self.online()
            ada = self.sandbox.member("ada")
            reply = await ada.slash(f"/setup source address:{self.site.feed_url} channel:#news")
            assert "is read from now on" in reply.text, bot.log
            await self.complete(1)
            assert await bot.stop() == 0, bot.log

    async def online(self) -> None:
        await self.sandbox.wait_for(
            lambda: self.sandbox.gateway.connected and self.sandbox.member("ada").commands(),
            timeout=15,
            what="the bot's connection",
        )

    async def complete(self, count: int) -> None:
        """Wait until there are `count` announcements, each with its thread."""
        await self.sandbox.wait_for(
            lambda: len(self.announcements()) >= count and all(message.thread for message in self.announcements()),
            timeout=20,
            what=f"{count} announcements with threads",
        )


@pytest.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Scene]:
    async with Sandbox(limits=Limits.off(), openapi=specification()) as sandbox, Site() as site:
        sandbox.world.seed()
        environment = {
            "DISCORD_TOKEN": sandbox.token,
            "DISCORD_API_URL": sandbox.api_url,
            "DATABASE_URL": f"sqlite:///{tmp_path}/pressroom.db",
            "SECRET_KEY_FILE": str(tmp_path / "secret.key"),
            "ALLOW_PRIVATE_ADDRESSES": "true",
            "POLL_MINUTES": str(timedelta(minutes=10) / timedelta(minutes=1)),
        }
        yield Scene(sandbox, site, environment, tmp_path)
        assert sandbox.violations == []
