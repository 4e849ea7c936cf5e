"""What a demonstration needs: a Discord, a newsletter's site, and the real bot as a process of its own between them."""

import asyncio
import contextlib
import os
import shutil
import sys
import tempfile
from asyncio.subprocess import Process
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from sandbox.ghost import Ghost, serve_ghost
from sandbox.hub import Hub
from sandbox.server import Sandbox
from sandbox.site import SAMPLES, Site

ROOT = Path(__file__).parents[1]
BOT = (sys.executable, "-m", "bot", "run")
NEXT = sorted((SAMPLES / "next").glob("*.md"))
"""Issues to publish after those of the archive, in this order."""
FOLDER = "field-notes"
LOG_BYTES = 4000
_STOP_SECONDS = 20.0


class Bot:
    """The bot as anybody runs it, told by its environment alone which Discord it speaks to.

    `fell` is set when it ends although nobody meant it to; `on_change` is called when it starts or ends.
    """

    def __init__(self, sandbox: Sandbox, folder: Path, *, push_port: int) -> None:
        self.fell = asyncio.Event()
        self.log = folder / "bot.log"
        self.on_change: Callable[[], None] = lambda: None
        self._folder = folder
        self._environment = {
            **{name: value for name, value in os.environ.items() if name in {"PATH", "HOME", "LANG", "TMPDIR"}},
            "PYTHONPATH": str(ROOT),
            "DISCORD_TOKEN": sandbox.token,
            "DISCORD_API_URL": sandbox.api_url,
            "DATABASE_URL": f"sqlite:///{folder}/pressroom.db",
            "SECRET_KEY_FILE": str(folder / "secret.key"),
            "ALLOW_PRIVATE_ADDRESSES": "true",
            "POLL_MINUTES": "0.02",
            "NEWSLETTERS_FOLDER": str(folder / "newsletters"),
            "PUSH_PORT": str(push_port),
            "PUBLIC_URL": f"http://127.0.0.1:{push_port}",
        }
        self._process: Process | None = None
        self._watching: asyncio.Task[None] | None = None
        self._changing = asyncio.Lock()

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.returncode is None

    @property
    def last_words(self) -> str:
        """The end of its log."""
        try:
            with self.log.open("rb") as file:
                file.seek(max(0, self.log.stat().st_size - LOG_BYTES))
                return file.read().decode("utf-8", "replace")
        except FileNotFoundError:
            return ""

    async def start(self) -> None:
        """Let a process begin where the one before it stopped; nothing when one runs."""
        async with self._changing:
            if self.is_running:
                return
            with self.log.open("ab") as file:
                # In a folder of its own: the .env of whoever runs the demo is not meant.
                self._process = await asyncio.create_subprocess_exec(
                    *BOT, cwd=self._folder, env=self._environment, stdout=file, stderr=file
                )
            self._watching = asyncio.create_task(self._watch(self._process))
        self.on_change()

    async def kill(self) -> None:
        """SIGKILL: it can do nothing more, not even notice."""
        await self._end(Process.kill)

    async def stop(self) -> None:
        """SIGTERM: it finishes what is under way."""
        await self._end(Process.terminate)

    async def _end(self, how: Callable[[Process], None]) -> None:
        async with self._changing:
            if self._watching is not None:
                self._watching.cancel()
            if self._process is not None:
                with contextlib.suppress(ProcessLookupError):
                    how(self._process)
                try:
                    async with asyncio.timeout(_STOP_SECONDS):
                        await self._process.wait()
                except TimeoutError:
                    self._process.kill()
                    await self._process.wait()
        self.on_change()

    async def _watch(self, process: Process) -> None:
        await process.wait()
        self.fell.set()
        self.on_change()


@dataclass(frozen=True)
class Stage:
    """All of it; the sandbox and the sites outlive the bot."""

    sandbox: Sandbox
    site: Site
    ghost: Ghost
    bot: Bot


@asynccontextmanager
async def stage(*, openapi: Path | None = None, port: int = 0) -> AsyncIterator[Stage]:
    """Discord and sites are served and seeded, the bot is on its way; in the end nothing is left.

    port: of the Discord; 0 takes any that is free. openapi: Discord's specification, to check everything against.
    """
    folder = Path(tempfile.mkdtemp(prefix="pressroom-demo-"))
    try:
        async with (
            Sandbox(openapi=openapi, name="Pressroom", port=port) as sandbox,
            Site(hub=Hub()) as site,
            serve_ghost(title="The Night Sheet") as ghost,
        ):
            sandbox.world.seed()
            ghost.publish_samples(site.now)
            _lay_files_ready(sandbox, folder / "newsletters")
            bot = Bot(sandbox, folder, push_port=await _free_port())
            await bot.start()
            try:
                yield Stage(sandbox, site, ghost, bot)
            finally:
                await bot.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _lay_files_ready(sandbox: Sandbox, newsletters: Path) -> None:
    """What an operator would give to the server: a newsletter that is a folder of files."""
    for guild_id in sandbox.world.guilds:
        shutil.copytree(SAMPLES / FOLDER, newsletters / str(guild_id) / FOLDER)


async def _free_port() -> int:
    """A port that nobody has, for the bot to listen on."""
    server = await asyncio.get_running_loop().create_server(asyncio.Protocol, "127.0.0.1", 0)
    port: int = server.sockets[0].getsockname()[1]
    server.close()
    await server.wait_closed()
    return port
