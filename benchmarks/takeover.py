"""Seconds from SIGKILL to the first resumed send: on PostgreSQL, against a restart on SQLite.

A process is killed in the middle of announcing one issue to 60 channels. What comes
next is a new process, or a second one that was there all the time; what tells them is the lock of the dead one's
session, or, behind a pooler, its silence alone. Last the same restart by an earlier build, where this is a clone that
holds it.
"""

import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from urllib.parse import parse_qs, urlsplit

from _fanout import servers
from _processes import ROOT, Limits, Sandbox
from _today import EARLIER, asked_for, earlier_build
from claiming import postgresql

from sandbox import Site
from tests.proxy import Proxy

ROUNDS = 3
CHANNELS = 60
_KILLED_AFTER = 5
_PATIENCE_SECONDS = 150.0
_ISSUE = "# One for all\n\n### In every server\n\n## Tools\n\n- A thing - for all. ([link](https://thing.example/))\n"


async def child(url: str, feed_url: str) -> None:
    """Let every server's channel of standard input read the feed, by the code in the path."""
    from bot.store import Store
    from bot.store import guilds as guild_rows
    from bot.store import sources as source_rows
    from bot.store.upgrade import upgrade

    await upgrade(url)
    async with await Store.open(url) as store, store.write() as transaction:
        moment = asked_for(source_rows.add_source, now=datetime.now(UTC))
        source = await source_rows.add_source(transaction, url=feed_url, url_key="feed", secret=None, **moment)
        for guild_id, channel_id in json.load(sys.stdin):
            await guild_rows.remember_guild(transaction, guild_id, name=f"Server {guild_id}", **moment)
            await guild_rows.subscribe(
                transaction, guild_id=guild_id, source_id=source.source_id, channel_id=channel_id, **moment
            )


class Round:
    """One story: everybody's surroundings, and when they were killed."""

    def __init__(self, sandbox: Sandbox, folder: str, *, url: str, root: Path) -> None:
        self._sandbox = sandbox
        self._root = root
        self._environment = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(root),
            "DISCORD_TOKEN": sandbox.token,
            "DISCORD_API_URL": sandbox.api_url,
            "DATABASE_URL": url,
            "SECRET_KEY_FILE": f"{folder}/secret.key",
            "ALLOW_PRIVATE_ADDRESSES": "true",
            "LOG_LEVEL": "ERROR",
        }

    @asynccontextmanager
    async def process(self) -> AsyncIterator[asyncio.subprocess.Process]:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "bot", "run", cwd=self._root, env=self._environment
        )
        try:
            yield process
        finally:
            if process.returncode is None:
                process.kill()
            await process.wait()

    def subscribe(self, url: str, feed_url: str) -> list[int]:
        """Ids of the channels in which the feed is announced from now on."""
        channels = servers(self._sandbox, CHANNELS)
        ids = [(channel.guild.id, channel.id) for channel in channels if channel.guild is not None]
        command = [sys.executable, str(Path(__file__).resolve()), "child", url, feed_url]
        environment = {**os.environ, "PYTHONPATH": str(self._root)}
        subprocess.run(command, check=True, env=environment, cwd=self._root, input=json.dumps(ids), text=True)
        return [channel.id for channel in channels]

    def sent(self, *, since: float = 0.0) -> list[float]:
        """When messages were posted."""
        return [
            each.at
            for each in list(self._sandbox.requests)
            if each.at > since and each.method == "POST" and each.path.endswith("/messages")
        ]


async def seconds(url: str, *, survivor: bool = False, is_pooled: bool = False, root: Path = ROOT) -> float:
    """From the kill to the first message after it, by a process that survives or by one that is started then."""
    async with AsyncExitStack() as stack:
        folder = stack.enter_context(TemporaryDirectory())
        sandbox = await stack.enter_async_context(Sandbox(limits=Limits(identify_seconds=0.0)))
        site = await stack.enter_async_context(Site())
        site.publish_markdown(_ISSUE)
        seen = url
        if is_pooled:
            proxy = Proxy(parse_qs(urlsplit(url).query)["host"][0] + "/.s.PGSQL.5432", is_pooler=True)
            await proxy.listen()
            stack.push_async_callback(proxy.close)
            seen = proxy.address + urlsplit(url).path
        story = Round(sandbox, folder, url=seen, root=root)
        if survivor:
            await stack.enter_async_context(story.process())
            await sandbox.wait_for(lambda: sandbox.gateway.connected, timeout=60, what="the survivor")
        channels = await asyncio.to_thread(story.subscribe, url, site.feed_url)
        first = await stack.enter_async_context(story.process())
        await sandbox.wait_for(lambda: len(story.sent()) >= _KILLED_AFTER, timeout=90, what="the first messages")
        first.kill()
        await first.wait()
        killed_at = time.time()
        if not survivor:
            await stack.enter_async_context(story.process())
        await sandbox.wait_for(lambda: story.sent(since=killed_at), timeout=_PATIENCE_SECONDS, what="a resumed send")
        found = [channel for guild in sandbox.world.guilds.values() for channel in guild.channels.values()]
        ours = [channel for channel in found if channel.id in channels]
        await sandbox.wait_for(
            lambda: all(channel.messages for channel in ours), timeout=_PATIENCE_SECONDS, what="all messages"
        )
        assert all(sum(message.author.bot for message in channel.messages.values()) == 1 for channel in ours), (
            "a message was doubled"
        )
        return story.sent(since=killed_at)[0] - killed_at


async def main() -> None:
    """Measure and print."""
    with postgresql() as database, earlier_build() as earlier:
        numbers = count()

        def fresh() -> str:
            return database(f"round_{next(numbers)}")

        figures: dict[str, list[float]] = {}
        for _ in range(ROUNDS):
            with TemporaryDirectory() as folder:
                figures.setdefault("sqlite", []).append(await seconds(f"sqlite:///{folder}/pressroom.db"))
            for name, is_pooled in (("lock", False), ("beats", True)):
                for who, survivor in (("restarted", False), ("survivor", True)):
                    took = await seconds(fresh(), survivor=survivor, is_pooled=is_pooled)
                    figures.setdefault(f"{name}_{who}", []).append(took)
        seen = {name: median(each) for name, each in figures.items()}
        if earlier is not None:
            seen[f"restarted_{EARLIER}"] = await seconds(fresh(), root=earlier)
    value, reference = seen["lock_restarted"], seen["sqlite"]
    line: dict[str, str | float] = {
        "name": "SIGKILL to the first resumed send on PostgreSQL, s",
        "value": value,
        "reference": reference,
        "ratio": value / reference,
        "survivor_ratio": seen["lock_survivor"] / reference,
        **{name: took for name, took in seen.items() if name not in {"lock_restarted", "sqlite"}},
    }
    print(json.dumps({name: each if isinstance(each, str) else round(each, 3) for name, each in line.items()}))


if __name__ == "__main__":
    asyncio.run(child(*sys.argv[2:]) if sys.argv[1:2] == ["child"] else main())
