"""Both bots as processes against one sandbox, and the line that a benchmark prints."""

import asyncio
import json
import os
import subprocess
import sys
import tempfile
from asyncio.subprocess import DEVNULL, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from time import perf_counter

ROOT = Path(__file__).parents[1]
sys.path.append(str(ROOT))  # behind PYTHONPATH, which may name an earlier build

from sandbox import Limits, Sandbox  # noqa: E402 - found by the line above

__all__ = ["Limits", "Sandbox", "Stage", "report", "resident_megabytes", "stage"]

OURS = (sys.executable, "-m", "bot", "run")
BARE = (sys.executable, str(ROOT / "benchmarks/_bare.py"))


class Stage:
    """A sandbox with a server in it, and a folder for our bot's database; `root` is where the bot's files are."""

    def __init__(self, sandbox: Sandbox, folder: str, *, root: Path = ROOT, **settings: str) -> None:
        self.sandbox = sandbox
        self._root = root
        self.database = f"{folder}/pressroom.db"
        self._environment = {
            "PATH": os.environ["PATH"],
            "DISCORD_TOKEN": sandbox.token,
            "DISCORD_API_URL": sandbox.api_url,
            "DATABASE_URL": f"sqlite:///{folder}/pressroom.db",
            "SECRET_KEY_FILE": f"{folder}/secret.key",
            "LOG_LEVEL": "ERROR",
            **settings,
        }

    @asynccontextmanager
    async def ours(self) -> AsyncIterator[tuple[Process, float]]:
        """Our bot, and the seconds from the start of its process to IDENTIFY."""
        async with self._run(*OURS) as started:
            yield started

    @asynccontextmanager
    async def bare(self, *arguments: str) -> AsyncIterator[tuple[Process, float]]:
        """The bare client, and the seconds from the start of its process to IDENTIFY."""
        async with self._run(*BARE, self.sandbox.api_url, self.sandbox.token, *arguments) as started:
            yield started

    @asynccontextmanager
    async def _run(self, *command: str) -> AsyncIterator[tuple[Process, float]]:
        await self.sandbox.wait_for(lambda: not self.sandbox.gateway.connected, timeout=10, what="an empty stage")
        begun = perf_counter()
        process = await asyncio.create_subprocess_exec(
            *command, cwd=self._root, env=self._environment, stdin=DEVNULL, stdout=DEVNULL
        )
        try:
            await self.sandbox.wait_for(lambda: self.sandbox.gateway.connected, timeout=30, what="IDENTIFY")
            yield process, perf_counter() - begun
        finally:
            with suppress(ProcessLookupError):  # the benchmark may have killed it
                process.terminate()
            await process.wait()


@asynccontextmanager
async def stage() -> AsyncIterator[Stage]:
    """A sandbox that never limits, with one seeded server."""
    with tempfile.TemporaryDirectory() as folder:
        async with Sandbox(limits=Limits.off()) as sandbox:
            sandbox.world.seed()
            yield Stage(sandbox, folder)


def resident_megabytes(process: Process) -> float:
    """What the process holds in memory now; `ps` counts alike on Linux and macOS."""
    kilobytes = subprocess.run(
        ["ps", "-o", "rss=", "-p", str(process.pid)], capture_output=True, text=True, check=True
    ).stdout
    return int(kilobytes) / 1024


def report(name: str, *, value: float, reference: float, ratio: float) -> None:
    """One JSON line."""
    print(
        json.dumps({"name": name, "value": round(value, 3), "reference": round(reference, 3), "ratio": round(ratio, 3)})
    )
