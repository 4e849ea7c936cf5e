"""The guarded client over real sockets: bounded in time, size and reach."""

import asyncio
import base64
import gzip
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from aiohttp import web

from bot.errors import FetchError
from bot.fetch import Fetcher, refuse_private

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Site:
    """A web server whose every path is a handler of the test."""

    def __init__(self) -> None:
        self.handlers: dict[str, Handler] = {}
        self.requests: list[web.Request] = []
        self.address = ""

    def page(self, path: str) -> Callable[[Handler], Handler]:
        def add(handler: Handler) -> Handler:
            self.handlers[path] = handler
            return handler

        return add

    async def serve(self, request: web.Request) -> web.StreamResponse:
        self.requests.append(request)
        return await self.handlers[request.path](request)


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    site = Site()
    application = web.Application()
    application.router.add_get("/{path:.*}", site.serve)
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    server = web.TCPSite(runner, "127.0.0.1", 0)
    await server.start()
    port = runner.addresses[0][1]
    site.address = f"http://127.0.0.1:{port}"
    yield site
    await runner.cleanup()


@pytest.fixture
async def fetcher() -> AsyncIterator[Fetcher]:
    async with Fetcher(timeout_seconds=2, max_bytes=100_000, allow_private_addresses=True) as fetcher:
        yield fetcher


async def test_a_body_comes_with_its_marks(site: Site, fetcher: Fetcher) -> None:
    @site.page("/feed")
    async def _(_request: web.Request) -> web.Response:
        return web.Response(body=b"<rss/>", headers={"ETag": '"1"', "Last-Modified": "today"}, content_type="text/xml")

    fetched = await fetcher.get(f"{site.address}/feed")
    assert (fetched.body, fetched.etag, fetched.last_modified) == (b"<rss/>", '"1"', "today")
    assert "Pressroom" in site.requests[0].headers["User-Agent"]


async def test_nothing_changed_is_no_body(site: Site, fetcher: Fetcher) -> None:
    @site.page("/feed")
    async def _(_request: web.Request) -> web.Response:
        return web.Response(status=304)

    assert (await fetcher.get(f"{site.address}/feed", headers={"If-None-Match": '"1"'})).body is None
    assert site.requests[0].headers["If-None-Match"] == '"1"'


@pytest.mark.parametrize(
    ("status", "sentence"),
    [
        (404, "fetch-nothing-there"),
        (403, "fetch-refused"),
        (429, "fetch-too-often"),
        (503, "fetch-trouble"),
        (418, "fetch-status"),
    ],
)
async def test_a_bad_status_is_a_sentence(site: Site, fetcher: Fetcher, status: int, sentence: str) -> None:
    @site.page("/feed")
    async def _(_request: web.Request) -> web.Response:
        return web.Response(status=status)

    with pytest.raises(FetchError, match=sentence):
        await fetcher.get(f"{site.address}/feed")


async def test_redirects_are_followed_but_not_in_circles(site: Site, fetcher: Fetcher) -> None:
    @site.page("/old")
    async def _(_request: web.Request) -> web.Response:
        return web.Response(status=301, headers={"Location": "/feed"})

    @site.page("/feed")
    async def _feed(_request: web.Request) -> web.Response:
        return web.Response(text="here")

    @site.page("/circle")
    async def _circle(_request: web.Request) -> web.Response:
        return web.Response(status=302, headers={"Location": "/circle"})

    fetched = await fetcher.get(f"{site.address}/old")
    assert (fetched.body, fetched.url) == (b"here", f"{site.address}/feed")
    with pytest.raises(FetchError, match="fetch-circles"):
        await fetcher.get(f"{site.address}/circle")


async def test_a_redirect_to_another_kind_of_address_is_refused(site: Site, fetcher: Fetcher) -> None:
    @site.page("/feed")
    async def _(_request: web.Request) -> web.Response:
        return web.Response(status=302, headers={"Location": "file:///etc/passwd"})

    with pytest.raises(FetchError, match="fetch-scheme"):
        await fetcher.get(f"{site.address}/feed")


async def test_credentials_do_not_follow_to_another_host(site: Site, fetcher: Fetcher) -> None:
    @site.page("/feed")
    async def _(_request: web.Request) -> web.Response:
        port = site.address.rpartition(":")[2]
        return web.Response(status=302, headers={"Location": f"http://localhost:{port}/other"})

    @site.page("/other")
    async def _other(_request: web.Request) -> web.Response:
        return web.Response(text="here")

    await fetcher.get(f"{site.address}/feed", credentials="me%40mail.example:s3cret")
    sent = base64.b64decode(site.requests[0].headers["Authorization"].removeprefix("Basic "))
    assert sent == b"me@mail.example:s3cret"
    assert site.requests[0].headers["Authorization"].startswith("Basic ")
    assert "Authorization" not in site.requests[1].headers


async def test_a_body_beyond_the_limit_is_refused(site: Site, fetcher: Fetcher) -> None:
    @site.page("/feed")
    async def _(_request: web.Request) -> web.Response:
        return web.Response(body=b"x" * 200_000)

    with pytest.raises(FetchError, match="fetch-too-large.*megabytes=0.1"):
        await fetcher.get(f"{site.address}/feed")


@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
async def test_a_compression_bomb_is_bounded_by_what_it_unpacks_to(site: Site, fetcher: Fetcher, encoding: str) -> None:
    zeros = b"\0" * 50_000_000
    bomb = gzip.compress(zeros) if encoding == "gzip" else zlib.compress(zeros)

    @site.page("/feed")
    async def _(_request: web.Request) -> web.Response:
        return web.Response(body=bomb, headers={"Content-Encoding": encoding})

    with pytest.raises(FetchError, match="fetch-too-large.*megabytes=0.1"):
        await fetcher.get(f"{site.address}/feed")


async def test_an_endless_drip_is_cut_off(site: Site) -> None:
    @site.page("/feed")
    async def _(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(b"<rss>")
        await asyncio.Event().wait()
        return response

    async with Fetcher(timeout_seconds=0.2, max_bytes=1000, allow_private_addresses=True) as fetcher:
        with pytest.raises(FetchError, match="fetch-slow"):
            await fetcher.get(f"{site.address}/feed")


async def test_a_cut_connection_and_a_closed_port_are_sentences(site: Site, fetcher: Fetcher) -> None:
    @site.page("/feed")
    async def _(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Length": "1000"})
        await response.prepare(request)
        await response.write(b"<rss>")
        assert request.transport is not None
        request.transport.abort()
        return response

    with pytest.raises(FetchError, match="fetch-broken"):
        await fetcher.get(f"{site.address}/feed")
    with pytest.raises(FetchError, match="fetch-unreachable"):
        await fetcher.get("http://127.0.0.1:9/feed")


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "127.1", "2130706433", "[::1]", "[::ffff:127.0.0.1]"])
async def test_a_private_address_is_not_dialled_in_any_notation(site: Site, host: str) -> None:
    port = site.address.rpartition(":")[2]
    async with Fetcher(timeout_seconds=5, max_bytes=1000, allow_private_addresses=False) as fetcher:
        with pytest.raises(FetchError):
            await fetcher.get(f"http://{host}:{port}/feed")
    assert site.requests == []


@pytest.mark.parametrize(
    "address",
    [
        "10.0.0.1",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "0.0.0.0",
        "100.64.0.1",
        "224.0.0.1",
        "::",
        "fe80::1%eth0",
        "fd00::1",
        "2002:7f00:1::",
        "::ffff:10.0.0.1",
        "ff02::1",
        "64:ff9b::a00:1",
        "64:ff9b:1::1",
        "168.63.129.16",
        "192.0.0.192",
        "3fff::1",
        "5f00::1",
        "fec0::1",
        "::7f00:1",
    ],
)
def test_addresses_of_no_public_network_are_refused(address: str) -> None:
    with pytest.raises(OSError, match="no public network"):
        refuse_private(address)


@pytest.mark.parametrize("address", ["93.184.216.34", "2606:2800:220:1:248:1893:25c8:1946"])
def test_public_addresses_are_allowed(address: str) -> None:
    refuse_private(address)


@pytest.mark.parametrize("address", ["http://", "http://exa mple/", "http://\udcff/", "http://a..b/", "ftp://x/"])
async def test_an_impossible_address_is_a_sentence(fetcher: Fetcher, address: str) -> None:
    with pytest.raises(FetchError):
        await fetcher.get(address)
