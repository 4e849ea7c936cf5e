"""`preview` reads the operator's own machine where he names it, and not where a page of the internet sends it."""

import json
from collections.abc import AsyncIterator

import pytest
from aiohttp import web

from bot.model.address import is_public
from bot.preview import preview
from bot.settings import Settings

# The only network that a test has is private; this address of it plays the internet.
INTERNET = "127.0.0.2"
FEED = "<rss version='2.0'><channel><title>T</title><item><title>One</title><guid>1</guid></item></channel></rss>"


@pytest.fixture
async def port() -> AsyncIterator[int]:
    async def answer(request: web.Request) -> web.Response:
        if host := request.query.get("to"):
            raise web.HTTPFound(f"http://{host}:{request.url.port}/")
        return web.Response(text=FEED, content_type="application/rss+xml")

    application = web.Application()
    application.router.add_get("/", answer)
    runner = web.AppRunner(application)
    await runner.setup()
    await web.TCPSite(runner, "0.0.0.0", 0).start()
    chosen: int = runner.addresses[0][1]
    yield chosen
    await runner.cleanup()


@pytest.mark.parametrize(
    ("address", "is_read"),
    [
        (f"http://{INTERNET}:%d/", True),
        (f"http://{INTERNET}:%d/?to={INTERNET}", True),
        (f"http://{INTERNET}:%d/?to=127.0.0.1", False),
        (f"http://{INTERNET}:%d/?to=localhost", False),
        ("http://127.0.0.1:%d/", True),
        ("http://localhost:%d/", True),
        ("http://127.0.0.1:%d/?to=127.0.0.3", True),
    ],
)
async def test_an_address(port: int, capsys: pytest.CaptureFixture[str], address: str, *, is_read: bool) -> None:
    code = await preview(
        [address % port],
        as_json=True,
        settings=Settings(),
        is_public=lambda address: address == INTERNET or is_public(address),
    )
    told = json.loads(capsys.readouterr().out)
    assert (code, "error" in told) == (int(not is_read), not is_read)
    assert is_read or "private" in told["error"] or "public" in told["error"]
