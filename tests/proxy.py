"""A proxy before a real PostgreSQL, that is slow or cut, swallows what it is sent, or loses an answer or an end."""

import asyncio
import contextlib
from collections.abc import Coroutine
from typing import Any

_BEATS = b" processes"
_SESSION_KEY = b"K\x00\x00\x00\x0c"  # BackendKeyData: four bytes of the session's number and four of a secret follow
_READY = b"Z\x00\x00\x00\x05"  # ReadyForQuery: a byte follows that says whether a transaction is open


class Proxy:
    """A network in front of a PostgreSQL that listens on a socket file.

    With `is_pooler` it is one of those that share the server's sessions: it gives each client a number of its own, and
    the session that a client had goes on when that one is gone, unless it was in the middle of a transaction.
    """

    def __init__(self, socket: str, *, is_pooler: bool = False) -> None:
        self._socket = socket
        self._is_pooler = is_pooler
        self._sessions: list[asyncio.StreamWriter] = []
        self._server: asyncio.Server | None = None
        self._port = 0
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._flowing = asyncio.Event()
        self._flowing.set()
        self._swallowed = asyncio.Event()
        self._lose_answer_to: bytes | None = None
        self._passing = 0
        self._stall: tuple[bytes, bool] | None = None
        self._loses_ends = False
        self.has_lost_an_end = asyncio.Event()
        self.delay_seconds = 0.0
        """So long is each piece on its way, in either direction."""

    @property
    def address(self) -> str:
        return f"postgresql://postgres:@127.0.0.1:{self._port}"

    async def listen(self) -> None:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", self._port)
        self._port = self._server.sockets[0].getsockname()[1]

    async def listen_again(self) -> None:
        """Take new connections after a cut; nothing where there was none."""
        if self._server is None or not self._server.is_serving():
            await self.listen()

    async def cut(self) -> None:
        """Reset every connection and refuse new ones."""
        if self._server is not None:
            self._server.close()
        await self._reset()

    def swallow(self) -> None:
        """Keep all connections and take new ones, but forward nothing, for good: also what was accepted here."""
        self._flowing.clear()

    def flow(self) -> None:
        """Forward for new connections; those of the time before stay as dead as they are."""
        self._flowing = asyncio.Event()
        self._flowing.set()

    def lose_answer_to(self, message: bytes, *, passing: int = 0) -> None:
        """Reset every connection when the answer to this comes back, once; not for a line that ever spoke of beats.

        passing: so many of them are answered before.
        """
        self._lose_answer_to, self._passing = message, passing

    def stall_at(self, message: bytes, *, is_heard: bool = False) -> None:
        """Swallow all that one connection sends and gets, for good: the first that sends this, which may be heard."""
        self._stall = (message, is_heard)

    def lose_ends(self) -> None:
        """Tell nobody that the server has closed a connection, whatever it said before."""
        self._loses_ends = True

    async def swallowed(self) -> None:
        """Return when the next question, or a connection that is new, is swallowed."""
        self._swallowed.clear()
        await self._swallowed.wait()

    async def close(self) -> None:
        await self.cut()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for session in self._sessions:
            session.transport.abort()

    async def _reset(self) -> None:
        for writer in self._writers:
            writer.transport.abort()
        self._writers.clear()

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._keep(self._connected(reader, writer))

    def _keep(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        line = _Line(self._flowing)
        self._writers.add(writer)
        await self._let_flow(line)
        try:
            server_reader, server_writer = await asyncio.open_unix_connection(self._socket)
        except OSError:
            writer.transport.abort()
            return
        if self._is_pooler:
            self._sessions.append(server_writer)
        else:
            self._writers.add(server_writer)
        for source, target, is_question in ((reader, server_writer, True), (server_reader, writer, False)):
            self._keep(self._pipe(source, target, line, is_question=is_question))

    async def _let_flow(self, line: "_Line") -> None:
        if not line.flowing.is_set():
            self._swallowed.set()
        await line.flowing.wait()

    async def _pipe(
        self, source: asyncio.StreamReader, target: asyncio.StreamWriter, line: "_Line", *, is_question: bool
    ) -> None:
        with contextlib.suppress(OSError):
            while data := await source.read(65536):
                if is_question and self._stall is not None and self._stall[0] in data:
                    (_, is_heard), self._stall = self._stall, None
                    line.flowing = asyncio.Event()
                    if is_heard:
                        target.write(data)
                await (self._let_flow(line) if is_question else line.flowing.wait())
                if self.delay_seconds:
                    await asyncio.sleep(self.delay_seconds)
                if not is_question and line.loses_answer:
                    await self._reset()
                    return
                if not is_question and (at := data.rfind(_READY)) >= 0:
                    line.is_idle = data[at + len(_READY) :][:1] == b"I"
                if self._is_pooler and not is_question and (at := data.find(_SESSION_KEY)) >= 0:
                    number = at + len(_SESSION_KEY)
                    data = data[:number] + bytes(4) + data[number + 4 :]
                line.is_of_beats |= is_question and _BEATS in data
                if is_question and self._lose_answer_to and self._lose_answer_to in data and not line.is_of_beats:
                    self._passing -= 1
                    if self._passing < 0:
                        self._lose_answer_to, line.loses_answer = None, True
                target.write(data)
                await target.drain()
        if self._loses_ends and not is_question:
            self.has_lost_an_end.set()
            await asyncio.Event().wait()
        await line.flowing.wait()
        if not (self._is_pooler and is_question and line.is_idle):
            target.close()


class _Line:
    """One connection, which flows while its event is set.

    is_idle: it is in no transaction. loses_answer: to what it said last. is_of_beats: it said that its process lives,
    as it does again and again, whatever else happens.
    """

    def __init__(self, flowing: asyncio.Event) -> None:
        self.flowing = flowing
        self.is_idle = False
        self.loses_answer = False
        self.is_of_beats = False
