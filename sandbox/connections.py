"""The gateway's lines (compression, frames, the look-out for dead clients) and the sessions that outlive them.

Frames from a server carry no mask, so writing one is two lines; aiohttp reads, answers pings and closes.
"""

import asyncio
import secrets
import zlib
from collections import deque
from collections.abc import Callable
from struct import pack
from typing import Any, NamedTuple, Protocol

import orjson
from aiohttp import web

from sandbox.model import Guild

Codec = Callable[[bytes], bytes]

_TEXT, _BINARY = 0x81, 0x82
PATIENCE = 1.5
"""After so many heartbeat intervals without a heartbeat a connection counts as dead."""


class _Stream(Protocol):
    def compress(self, data: bytes, /) -> bytes: ...
    def flush(self, mode: int = ..., /) -> bytes: ...


def _codec(stream: _Stream, mode: int) -> Codec:
    compress, flush = stream.compress, stream.flush
    return lambda data: compress(data) + flush(mode)


def zlib_stream() -> Codec:
    return _codec(zlib.compressobj(1), zlib.Z_SYNC_FLUSH)


def zstd_stream() -> Codec:
    import zstandard

    return _codec(zstandard.ZstdCompressor(level=1).compressobj(), zstandard.COMPRESSOBJ_FLUSH_BLOCK)


CODECS: dict[str, Callable[[], Codec]] = {"zlib-stream": zlib_stream, "zstd-stream": zstd_stream}


PACKED_BYTES = 1024
"""From which size on single packets are compressed for clients that said in their IDENTIFY that they can take it."""


class Connection:
    """One WebSocket. What is pushed within one turn of the event loop leaves with one write.

    codec: compresses the whole stream. packs: without a codec, large packets may be compressed one by one.
    """

    def __init__(self, socket: web.WebSocketResponse, transport: asyncio.Transport, heartbeat_seconds: float) -> None:
        self.socket = socket
        self.codec: Codec | None = None
        self.packs = False
        self.version = 0
        self.is_open = True
        self.closed_with: int | None = None
        """Our own closing code, which counts, whatever the client replies to it."""
        self._transport = transport
        self._waiting: list[bytes] = []
        self._loop = asyncio.get_running_loop()
        self._patience = heartbeat_seconds * PATIENCE
        self._heard_at = self._loop.time()
        self._alarm = self._loop.call_later(self._patience, self._look)
        self._closing: asyncio.Task[bool] | None = None

    def push(self, data: bytes) -> None:
        kind = _BINARY
        if self.codec is not None:
            data = self.codec(data)
        elif self.packs and len(data) >= PACKED_BYTES:
            data = zlib.compress(data, 1)
        else:
            kind = _TEXT
        size = len(data)
        if size < 126:
            head = pack("!BB", kind, size)
        elif size < 1 << 16:
            head = pack("!BBH", kind, 126, size)
        else:
            head = pack("!BBQ", kind, 127, size)
        if not self._waiting:
            self._loop.call_soon(self.flush)
        self._waiting += (head, data)

    def flush(self) -> None:
        """Write what waits."""
        if self._waiting and self.is_open and not self._transport.is_closing():
            self._transport.write(b"".join(self._waiting))
        self._waiting.clear()

    def heartbeat(self) -> None:
        self._heard_at = self._loop.time()

    def _look(self) -> None:
        silent = self._loop.time() - self._heard_at
        if silent < self._patience:
            self._alarm = self._loop.call_later(self._patience - silent, self._look)
        else:
            self.hang_up(4009, "Session timed out.")

    async def close(self, code: int, reason: str) -> bool:
        """Say goodbye with this code, after everything that was pushed."""
        self.flush()
        self.left()
        self.closed_with = code
        return await self.socket.close(code=code, message=reason.encode())

    def hang_up(self, code: int, reason: str) -> None:
        """Close it from outside of whoever serves it."""
        self._closing = self._loop.create_task(self.close(code, reason))

    def left(self) -> None:
        """The line is gone, or about to go."""
        self.is_open = False
        self._alarm.cancel()

    def cut(self) -> None:
        """End it without a word, as a broken line would."""
        self.left()
        self._transport.abort()


class Sent(NamedTuple):
    """An event as a session heard it."""

    number: int
    name: str
    data: bytes

    @property
    def packet(self) -> bytes:
        return b'{"op":0,"s":%d,"t":"%s","d":%s}' % (self.number, self.name.encode(), self.data)


class Session:
    """What a client identified as; keeps events for a resume."""

    def __init__(self, intents: int, shard: tuple[int, int], replay: int, *, large_threshold: int) -> None:
        self.id = secrets.token_hex(16)
        self.intents = intents
        self.shard = shard
        self.large_threshold = large_threshold
        self.sequence = 0
        self.sent: deque[Sent] = deque(maxlen=replay)
        self.connection: Connection | None = None
        self.left_at: float | None = None

    def serves(self, guild: Guild | None) -> bool:
        if guild is None:
            return self.shard[0] == 0
        return (guild.id >> 22) % self.shard[1] == self.shard[0]

    def tell(self, name: str, data: Any) -> None:
        """Dispatch what is not encoded yet."""
        self.dispatch(name, orjson.dumps(data))

    def dispatch(self, name: str, data: bytes) -> None:
        self.sequence += 1
        sent = Sent(self.sequence, name, data)
        self.sent.append(sent)
        if self.connection is not None:
            self.connection.push(sent.packet)
