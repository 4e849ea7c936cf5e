"""The bot as a process of its own that a test can pause, move in time and kill between any two steps.

The same `bot.app` runs in a process of its own (`python -m tests.launch PORT`) with three parts replaced: its
clock, its store (which pauses before each commit) and what reaches outside (which pauses around each call). They
report to the test over a socket, a JSON object a line: `{"reached": "send"}` waits for `{"go": "send"}`; `{"watch":
[...]}` says which points to stop at, `{"move": seconds}` lets time pass, `{"jump": seconds}` the clock alone be wrong.
"""

import asyncio
import contextlib
import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from tests.doubles import MovableClock
from tests.forked import Forked, start

if TYPE_CHECKING:
    import discord

    from bot.chat.traffic import Traffic
    from bot.fetch import Fetcher
    from bot.model.delivery import Delivery, DeliveryRecord, Sent
    from bot.model.guild import Source
    from bot.ports import Announcement, Announcer, IssueSource, Matter, Reading, Unchanged
    from bot.settings import Settings

ROOT = Path(__file__).parents[1]
# In the order in which an issue passes them; `commit` lies between any two.
POINTS = (
    "fetch",
    "fetched",
    "commit",
    "glance",
    "find",
    "send",
    "sent",
    "notify",
    "notified",
    "show",
    "shown",
    "thread",
    "threaded",
    "publish",
    "published",
    "edit",
    "edited",
    "refresh",
    "refreshed",
)
# Around the sending of what is no announcement.
_SENDING = {"Notice": ("notify", "notified"), "ReviewCard": ("show", "shown"), "PollCard": ("show", "shown")}
_DEADLINE_SECONDS = 60.0


class Launched:
    """The test's end: the process, and the points at which it stands."""

    def __init__(self, process: Forked, log: Path) -> None:
        self._process = process
        self._log = log
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None
        self._connected = asyncio.Event()

    def connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer
        self._connected.set()

    async def watch(self, *points: str) -> None:
        """Stop at these points from now on, and at no others."""
        assert set(points) <= set(POINTS)
        await self._tell(watch=list(points))

    async def reached(self, point: str) -> None:
        """Wait until the process stands at `point`; let it pass other watched points meanwhile."""
        while (found := await self._next_point()) != point:
            await self.go(found)

    async def next_point(self, *, patience_seconds: float) -> str | None:
        """The next watched point that the process stands at; None when it stands at none for so long."""
        try:
            async with asyncio.timeout(patience_seconds):
                return await self._next_point()
        except TimeoutError:
            return None

    async def go(self, point: str) -> None:
        await self._tell(go=point)

    async def move_clock(self, by: timedelta) -> None:
        await self._tell(move=by.total_seconds())

    async def jump_clock(self, by: timedelta) -> None:
        await self._tell(jump=by.total_seconds())

    def freeze(self) -> None:
        """SIGSTOP: nothing of it runs, and all its connections stay."""
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._process.send_signal(signal.SIGCONT)

    async def kill(self) -> None:
        """SIGKILL: no handler runs, nothing is written any more."""
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()
        await self._process.wait()

    async def stop(self) -> int:
        """SIGTERM, and the exit code."""
        with contextlib.suppress(ProcessLookupError):
            self._process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(_DEADLINE_SECONDS):
            return await self._process.wait()

    async def exit_code(self) -> int:
        async with asyncio.timeout(_DEADLINE_SECONDS):
            return await self._process.wait()

    async def logged(self, words: str, *, patience_seconds: float = _DEADLINE_SECONDS) -> None:
        """Wait until these words stand in the log."""
        async with asyncio.timeout(patience_seconds):
            while words not in self.log:
                await asyncio.wait({asyncio.create_task(self._process.wait())}, timeout=0.05)

    @property
    def log(self) -> str:
        """What the process has written to standard error."""
        return self._log.read_text(encoding="utf-8")

    async def _next_point(self) -> str:
        try:
            async with asyncio.timeout(_DEADLINE_SECONDS):
                await self._connected.wait()
                assert self._reader is not None
                line = await self._reader.readline()
        except TimeoutError:
            raise AssertionError(f"no pause point was reached; the process wrote:\n{self.log}") from None
        assert line, f"the process ended; it wrote:\n{self.log}"
        return str(json.loads(line)["reached"])

    async def _tell(self, **order: object) -> None:
        async with asyncio.timeout(_DEADLINE_SECONDS):
            await self._connected.wait()
        assert self._writer is not None
        self._writer.write(json.dumps(order).encode() + b"\n")
        await self._writer.drain()


@contextlib.asynccontextmanager
async def launched(
    folder: Path, environment: dict[str, str], *, watch: tuple[str, ...] = ()
) -> AsyncIterator[Launched]:
    """Run the bot with these settings; it stops at the points of `watch` from its first step. Killed at the end."""
    meeting: asyncio.Future[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = asyncio.Future()
    server = await asyncio.start_server(lambda *pair: meeting.set_result(pair), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    log = folder / f"bot-{port}.log"
    process = start(
        "tests.launch",
        str(port),
        *watch,
        cwd=ROOT,
        environment={"PATH": os.environ["PATH"], "LOG_LEVEL": "INFO", **environment},
        out=log,
        err=log,
    )
    bot = Launched(process, log)
    meeting.add_done_callback(lambda done: None if done.cancelled() else bot.connected(*done.result()))
    try:
        yield bot
    finally:
        await bot.kill()
        server.close()
        if meeting.done():
            meeting.result()[1].close()
        else:
            meeting.cancel()


class _Control:
    """The process's end of the socket."""

    def __init__(self, watch: set[str]) -> None:
        self._watch = watch
        self._writer: asyncio.StreamWriter | None = None
        self._passes: dict[str, asyncio.Event] = {point: asyncio.Event() for point in POINTS}
        self._stubborn_at = os.environ.get("TEST_STUBBORN_AT")
        self.clock = MovableClock(timedelta(seconds=float(os.environ.get("TEST_AHEAD_SECONDS", "0"))))

    async def listen(self, port: int) -> None:
        reader, self._writer = await asyncio.open_connection("127.0.0.1", port)
        self._task = asyncio.create_task(self._obey(reader))

    async def point(self, name: str) -> None:
        if name not in self._watch or self._writer is None:
            return
        self._passes[name].clear()
        self._writer.write(json.dumps({"reached": name}).encode() + b"\n")
        while not self._passes[name].is_set():
            try:
                await self._passes[name].wait()
            except asyncio.CancelledError:
                if name != self._stubborn_at:
                    raise

    async def _obey(self, reader: asyncio.StreamReader) -> None:
        while line := await reader.readline():
            order: dict[str, Any] = json.loads(line)
            if "watch" in order:
                self._watch = set(order["watch"])
            if "go" in order:
                self._passes[order["go"]].set()
            if "move" in order:
                self.clock.move(timedelta(seconds=order["move"]))
            if "jump" in order:
                self.clock.jump(timedelta(seconds=order["jump"]))


def main() -> None:
    """Run the bot under the control of the test that listens at the port in the first argument."""
    from bot import app, jobs
    from bot.errors import PressroomError
    from bot.log import set_up_logging
    from bot.settings import Settings
    from bot.store import Store

    settings = Settings.load()
    set_up_logging(level=settings.log_level, log_format=settings.log_format, secrets=settings.secrets)

    if seconds := os.environ.get("TEST_KNOCK_SECONDS"):
        # The scheduler's time is real: minutes that a test lets pass hold no knocks.
        jobs.KNOCKS = tuple((worker, int(seconds)) for worker, _ in jobs.KNOCKS)

    async def work() -> None:
        control = _Control(watch=set(sys.argv[2:]))
        await control.listen(int(sys.argv[1]))

        class PausingStore(Store):
            async def commit_hook(self) -> None:
                await control.point("commit")

        class PausingParts(app.Parts):
            clock = control.clock
            store = PausingStore
            guild_ready_seconds = 0.05
            # Long, as a busy machine may need it; what a test says wins.
            drain_seconds = float(os.environ.get("TEST_DRAIN_SECONDS", "10"))
            break_off_seconds = float(os.environ.get("TEST_BREAK_OFF_SECONDS", "10"))
            closing_seconds = float(os.environ.get("TEST_CLOSING_SECONDS", "30"))

            def announcer(self, client: "discord.Client", traffic: "Traffic") -> "Announcer":
                return cast("Announcer", _PausingAnnouncer(super().announcer(client, traffic), control))

            def reader(self, fetcher: "Fetcher", settings: "Settings") -> "IssueSource":
                return _PausingReader(super().reader(fetcher, settings), control)

        await app.run(settings, PausingParts(), last_resort=app.end_within)

    try:
        asyncio.run(work())
    except PressroomError as error:
        sys.exit(str(error))


class _PausingReader:
    def __init__(self, inner: "IssueSource", control: _Control) -> None:
        self._inner = inner
        self._control = control

    async def find_feeds(self, url: str, *, credentials: str | None, asked_by: int | None = None) -> list[str]:
        return await self._inner.find_feeds(url, credentials=credentials, asked_by=asked_by)

    async def addresses_for(self, guild_id: int) -> list[str]:
        return await self._inner.addresses_for(guild_id)

    async def read(
        self, source: "Source", *, credentials: str | None, asked_by: int | None = None
    ) -> "Reading | Unchanged":
        await self._control.point("fetch")
        try:
            return await self._inner.read(source, credentials=credentials, asked_by=asked_by)
        finally:
            await self._control.point("fetched")


class _PausingAnnouncer:
    """The real announcer, with a pause before and after each thing that it does on Discord."""

    def __init__(self, inner: "Announcer", control: _Control) -> None:
        self._inner = inner
        self._control = control

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)  # what asks nothing of Discord

    async def glance(self, delivery: "Delivery", *, since: datetime) -> "Sent | None":
        await self._control.point("glance")
        return await self._inner.glance(delivery, since=since)

    async def find(self, delivery: "Delivery", *, since: datetime) -> "Sent | None":
        await self._control.point("find")
        return await self._inner.find(delivery, since=since)

    async def send(self, delivery: "Delivery", matter: "Matter") -> "Sent":
        before, after = _SENDING.get(type(matter).__name__, ("send", "sent"))
        await self._control.point(before)
        sent = await self._inner.send(delivery, matter)
        await self._control.point(after)
        return sent

    async def refresh(self, card: "DeliveryRecord", matter: "Matter") -> None:
        await self._control.point("refresh")
        await self._inner.refresh(card, matter)
        await self._control.point("refreshed")

    async def start_thread(self, delivery: "Delivery", announcement: "Announcement", *, message_id: int) -> int:
        await self._control.point("thread")
        thread_id = await self._inner.start_thread(delivery, announcement, message_id=message_id)
        await self._control.point("threaded")
        return thread_id

    async def publish(self, delivery: "Delivery") -> None:
        await self._control.point("publish")
        await self._inner.publish(delivery)
        await self._control.point("published")

    async def edit(self, delivery: "Delivery") -> None:
        await self._control.point("edit")
        await self._inner.edit(delivery)
        await self._control.point("edited")


if __name__ == "__main__":
    main()
