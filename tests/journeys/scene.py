"""A newsletter site, a Discord and the bot as a process, for stories that kill it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from sandbox import Sandbox, Site
from sandbox.model import Channel, Message
from tests.history.invariants import judge
from tests.history.recording import Recorder
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
    recorder: Recorder

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

    async def judged(self) -> list[str]:
        """What is broken in the whole history so far; no process of the bot runs any more."""
        history = await self.recorder.end(self.environment["DATABASE_URL"])
        return [str(violation) for violation in judge(history)]

    def channel(self, name: str) -> Channel:
        return next(
            channel
            for guild in self.sandbox.world.guilds.values()
            for channel in guild.channels.values()
            if channel.name == name
        )

    async def set_up(self, *, channel: str = "news", publishing: bool = False) -> None:
        """The newsletter is added and its first issue is there, with its thread; the bot is stopped again."""
        self.publish(1)
        async with self.bot() as bot:
            await self.online()
            ada = self.sandbox.member("ada")
            if publishing:
                await ada.slash("/setup publish on:True")
            reply = await ada.slash(f"/setup source address:{self.site.feed_url} channel:#{channel}")
            assert "I now read" in reply.text, bot.log
            await self.complete(1, channel=channel)
            assert await bot.stop() == 0, bot.log

    async def online(self) -> None:
        await self.sandbox.wait_for(
            lambda: self.sandbox.gateway.connected and self.sandbox.member("ada").commands(),
            timeout=60,
            what="the bot's connection",
        )

    async def complete(self, count: int, *, channel: str = "news", timeout: float = 60) -> None:
        """Wait until there are `count` announcements, each with its thread."""
        if channel == "ideas":
            await self.sandbox.wait_for(
                lambda: len(self.channel("ideas").threads) >= count, timeout=timeout, what="the post"
            )
            return
        await self.sandbox.wait_for(
            lambda: len(self.announcements()) >= count and all(message.thread for message in self.announcements()),
            timeout=timeout,
            what=f"{count} announcements with threads",
        )


def environment(sandbox: Sandbox, folder: Path, database_url: str) -> dict[str, str]:
    """The settings of a bot that works between this sandbox and sites on this machine."""
    return {
        "DISCORD_TOKEN": sandbox.token,
        "DISCORD_API_URL": sandbox.api_url,
        "DATABASE_URL": database_url,
        "SECRET_KEY_FILE": str(folder / "secret.key"),
        "ALLOW_PRIVATE_ADDRESSES": "true",
        "POLL_MINUTES": str(timedelta(minutes=10) / timedelta(minutes=1)),
    }
