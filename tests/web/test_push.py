"""The listener for platforms' calls, over a real socket."""

import asyncio
import io
from collections.abc import AsyncIterable, AsyncIterator, Mapping
from typing import cast

import aiohttp
import pytest

from bot.errors import NotFoundError, RefusedError, StartError, StoreError
from bot.services import Push, WebSub
from bot.web.push import MOST_BYTES, serve_push

TOKEN = "t" * 43


class Gate:
    """Answers as the test says; keeps what came."""

    def __init__(self) -> None:
        self.error: Exception | None = None
        self.calls: list[tuple[str, bytes]] = []

    async def take(self, token: str, _headers: Mapping[str, str], body: AsyncIterable[bytes]) -> None:
        self.calls.append((token, b"".join([piece async for piece in body])))
        if self.error is not None:
            raise self.error


async def streamed(body: bytes) -> AsyncIterator[bytes]:
    """As it is sent by who does not say how much will come."""
    for start in range(0, len(body), 1_000_000):
        yield body[start : start + 1_000_000]


async def free_port() -> int:
    server = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
    port: int = server.sockets[0].getsockname()[1]
    server.close()
    await server.wait_closed()
    return port


async def test_calls_are_answered_and_nothing_else_is_there(caplog: pytest.LogCaptureFixture) -> None:
    gate, port = Gate(), await free_port()
    base = f"http://127.0.0.1:{port}"
    async with (
        serve_push("127.0.0.1", port, push=cast(Push, gate), websub=cast(WebSub, None)),
        aiohttp.ClientSession() as client,
    ):
        for error, status in (
            (None, 202),
            (NotFoundError("push-unknown"), 410),
            (RefusedError("push-stale"), 403),
            (StoreError("gone"), 503),
        ):
            gate.error = error
            async with client.post(f"{base}/hooks/{TOKEN}", data=b"{}") as response:
                assert response.status == status
        for method, path, status in (
            ("GET", f"/hooks/{TOKEN}", 405),
            ("POST", "/hooks/short", 404),
            ("GET", "/", 404),
            ("GET", "/metrics", 404),
        ):
            async with client.request(method, base + path) as response:
                assert (path, response.status) == (path, status)
        large = b"x" * (MOST_BYTES + 1)
        for body in (io.BytesIO(large), streamed(large)):
            async with client.post(f"{base}/hooks/{TOKEN}", data=body) as response:
                assert response.status == 413
        assert gate.calls == [(TOKEN, b"{}")] * 4
        with pytest.raises(StartError, match="PUSH_PORT"):
            async with serve_push("127.0.0.1", port, push=cast(Push, gate), websub=cast(WebSub, None)):
                pass
    assert TOKEN not in caplog.text, "the address is a secret"
