"""The guarded client over real sockets: bounded in time, size and reach."""

import asyncio
import base64
import contextlib
import datetime as dt
import gzip
import socket
import ssl
import traceback
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import brotli  # type: ignore[import-untyped]
import pytest
from aiohttp import abc, web
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from yarl import URL

from bot.errors import FetchError
from bot.fetch import Fetcher, _require_as_safe
from bot.model.address import is_public
from bot.settings import Settings
from bot.texts import text

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
    application.router.add_route("*", "/{path:.*}", site.serve)
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


@pytest.mark.parametrize(
    ("header", "links"),
    [
        (
            '<https://hub.example/>; rel="hub", </feed>; rel=self',
            {"hub": "https://hub.example/", "self": "{site}/feed"},
        ),
        ('<https://one.example/>; rel="hub", <https://two.example/>; rel="hub"', {"hub": "https://one.example/"}),
        ("nonsense", {}),
        ("<http://[>; rel=hub", {}),
        ("", {}),
    ],
)
async def test_what_an_answer_links_to_comes_along(
    site: Site, fetcher: Fetcher, header: str, links: dict[str, str]
) -> None:
    @site.page("/feed")
    async def _(_request: web.Request) -> web.Response:
        return web.Response(body=b"<rss/>", headers={"Link": header})

    fetched = await fetcher.get(f"{site.address}/feed")
    assert fetched.links == {rel: url.format(site=site.address) for rel, url in links.items()}


async def test_a_form_is_sent_and_follows_only_redirects_that_keep_it_one(site: Site, fetcher: Fetcher) -> None:
    taken: list[dict[str, object]] = []

    @site.page("/hub")
    async def _(request: web.Request) -> web.Response:
        taken.append(dict(await request.post()))
        return web.Response(status=202)

    @site.page("/moved")
    async def _(request: web.Request) -> web.Response:
        raise web.HTTPPermanentRedirect("/hub") if "kept" in request.query else web.HTTPFound("/hub")

    await fetcher.post(f"{site.address}/hub", {"hub.mode": "subscribe"})
    await fetcher.post(f"{site.address}/moved?kept", {"hub.mode": "unsubscribe"})
    with pytest.raises(FetchError, match="fetch-status"):
        await fetcher.post(f"{site.address}/moved", {"hub.mode": "subscribe"})
    assert taken == [{"hub.mode": "subscribe"}, {"hub.mode": "unsubscribe"}]


async def test_a_look_ahead_tells_where_an_address_leads_and_goes_nowhere(site: Site, fetcher: Fetcher) -> None:
    @site.page("/short")
    async def _(_request: web.Request) -> web.Response:
        raise web.HTTPMovedPermanently("/page?from=short")

    @site.page("/only-get")
    async def _(request: web.Request) -> web.Response:
        if request.method == "HEAD":
            return web.Response(status=405)
        raise web.HTTPFound("https://user:secret@elsewhere.example/")

    @site.page("/page")
    async def _(_request: web.Request) -> web.Response:
        return web.Response(text="x" * 1_000_000)

    @site.page("/busy")
    async def _(_request: web.Request) -> web.Response:
        return web.Response(status=429)

    @site.page("/odd")
    async def _(_request: web.Request) -> web.Response:
        return web.Response(status=302, headers={"Location": "javascript:alert(1)"})

    assert await fetcher.hop(f"{site.address}/short") == f"{site.address}/page?from=short"
    assert await fetcher.hop(f"{site.address}/only-get") == "https://elsewhere.example/"
    assert [request.path for request in site.requests] == ["/short", "/only-get", "/only-get"]
    assert await fetcher.hop(f"{site.address}/page") is None
    for path, sentence in (("/busy", "fetch-too-often"), ("/odd", "fetch-scheme")):
        with pytest.raises(FetchError, match=sentence):
            await fetcher.hop(site.address + path)


async def test_a_look_ahead_goes_into_no_private_network(site: Site) -> None:
    async with Fetcher(timeout_seconds=2, max_bytes=1, allow_private_addresses=False) as guarded:
        with pytest.raises(FetchError, match="fetch-private"):
            await guarded.hop(f"{site.address}/short")
    assert site.requests == []


async def test_a_form_goes_into_no_private_network(site: Site) -> None:
    async with Fetcher(timeout_seconds=2, max_bytes=1, allow_private_addresses=False) as guarded:
        with pytest.raises(FetchError, match="fetch-private"):
            await guarded.post(f"{site.address}/hub", {"hub.mode": "subscribe"})
    assert site.requests == []


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


@pytest.mark.parametrize("says_so", [True, False])
async def test_twenty_megabytes_are_refused_before_they_are_all_taken(site: Site, *, says_so: bool) -> None:
    """With the limit that is set where nobody sets another one."""
    sent = 0

    @site.page("/feed")
    async def _(request: web.Request) -> web.StreamResponse:
        nonlocal sent
        response = web.StreamResponse(headers={"Content-Length": "20000000"} if says_so else {})
        await response.prepare(request)
        with contextlib.suppress(ConnectionError):
            for _ in range(200):
                await response.write(b"x" * 100_000)
                sent += 100_000
        return response

    limit = int(Settings.model_fields["fetch_max_megabytes"].default * 1_000_000)
    async with Fetcher(timeout_seconds=20, max_bytes=limit, allow_private_addresses=True) as fetcher:
        with pytest.raises(FetchError, match="fetch-too-large.*megabytes=10"):
            await fetcher.get(f"{site.address}/feed")
    assert sent < 20_000_000


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br"])
async def test_a_compression_bomb_is_bounded_by_what_it_unpacks_to(site: Site, fetcher: Fetcher, encoding: str) -> None:
    zeros = b"\0" * 50_000_000
    bomb = {"gzip": gzip.compress, "deflate": zlib.compress, "br": brotli.compress}[encoding](zeros)

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
        with contextlib.suppress(ConnectionError):
            while True:
                await response.write(b"<rss>")
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(0.02):
                        await asyncio.Event().wait()
        return response

    async with Fetcher(timeout_seconds=0.2, max_bytes=100_000, allow_private_addresses=True) as fetcher:
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


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "localhost",
        "localhost.",
        "LOCALHOST",
        "127.1",
        "127.0.1",
        "2130706433",
        "017700000001",
        "0177.0.0.1",
        "0x7f000001",
        "0x7f.0.0.1",
        "127.0.0.1.",
        "%31%32%37.0.0.1",
        "１２７.0.0.1",
        "①②⑦.0.0.1",
        "127。0。0。1",
        "127．0｡0.1",
        "ｌｏｃａｌｈｏｓｔ",
        "0",
        "0.0.0.0",
        "[::]",
        "[::1]",
        "[0:0:0:0:0:0:0:1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[::127.0.0.1]",
        "[64:ff9b::127.0.0.1]",
        "[2002:7f00:1::]",
        "[fe80::1%25lo]",
        "example.com@127.0.0.1",
        "example.com:80@127.0.0.1",
        "127.0.0.1#@example.com",
    ],
)
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
        "127.255.255.254",
        "100.100.100.200",
        "198.18.0.1",
        "192.0.2.1",
        "240.0.0.1",
        "255.255.255.255",
        "::ffff:0:7f00:1",
        "::ffff:7f00:1",
        "64:ff9b::7f00:1",
        "64:ff9b::a9fe:a9fe",
        "2002:a9fe:a9fe::",
        "2001:0:4136:e378:8000:63bf:3fff:fdd2",
        "2001:db8::1",
        "fd00:ec2::254",
        "fe80::5efe:7f00:1",
        "100::1",
        "4000::1",
    ],
)
def test_addresses_of_no_public_network_are_refused(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize(
    "address",
    ["93.184.216.34", "2606:2800:220:1:248:1893:25c8:1946", "64:ff9b::5db8:d822", "2002:5db8:d822::1"],
)
def test_public_addresses_are_allowed(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize("address", ["http://", "http://exa mple/", "http://\udcff/", "http://a..b/", "ftp://x/"])
async def test_an_impossible_address_is_a_sentence(fetcher: Fetcher, address: str) -> None:
    with pytest.raises(FetchError):
        await fetcher.get(address)


# What an answer says of itself


class Raw:
    """A server that says exactly these bytes to every request, then `drip` for ever; it counts its connections."""

    def __init__(self) -> None:
        self.answer = b""
        self.drip = b""
        self.closes = True
        self.connections = 0
        self.address = ""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            if self.answer:
                await reader.readuntil(b"\r\n\r\n")
            writer.write(self.answer)
            await writer.drain()
            while self.drip:
                writer.write(self.drip)
                await writer.drain()
                await asyncio.sleep(0)
            if not self.closes:
                await reader.read()
        except ConnectionError:
            pass
        finally:
            writer.close()


@pytest.fixture
async def raw() -> AsyncIterator[Raw]:
    raw = Raw()
    server = await asyncio.start_server(raw.serve, "127.0.0.1", 0)
    raw.address = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    yield raw
    server.close()
    await server.wait_closed()


HTTP = b"HTTP/1.1 200 OK\r\n"


async def test_a_length_beyond_the_limit_is_refused_before_the_body(raw: Raw, fetcher: Fetcher) -> None:
    raw.answer, raw.closes = HTTP + b"Content-Length: 20000000\r\n\r\n", False
    with pytest.raises(FetchError, match="fetch-too-large"):
        await fetcher.get(raw.address)


@pytest.mark.parametrize("length", [b"", b"Transfer-Encoding: chunked\r\n"], ids=["until the end", "in pieces"])
async def test_a_body_without_a_length_is_cut_off_at_the_limit(raw: Raw, fetcher: Fetcher, length: bytes) -> None:
    raw.answer, raw.drip = HTTP + length + b"\r\n", b"400\r\n" + b"x" * 1024 + b"\r\n"
    with pytest.raises(FetchError, match="fetch-too-large"):
        await fetcher.get(raw.address)


@pytest.mark.parametrize(
    ("answer", "drip"),
    [
        (HTTP + b"X: ", b"a" * 4096),
        (HTTP, b"X: y\r\n" * 100),
        (b"HTTP/1.1 200 ", b"O" * 4096),
        (HTTP + b"X: y\r\n" * 5_000 + b"Content-Length: 2\r\n\r\nhi", b""),
        (HTTP + b"Transfer-Encoding: chunked\r\n\r\n0\r\n", b"X: y\r\n" * 100),
        (HTTP + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nabcdef", b""),
        (HTTP + b"Content-Length: -5\r\n\r\nabcdef", b""),
        (HTTP + b"Content-Length: " + b"9" * 100 + b"\r\n\r\nabcdef", b""),
        (HTTP + b"Transfer-Encoding: chunked\r\n\r\nzz\r\nabc", b""),
        (HTTP + b"Transfer-Encoding: chunked\r\n\r\nff\r\nabc", b""),
        (HTTP + b"Content-Length: 100\r\n\r\n<rss>", b""),
        (HTTP + b"Content-Encoding: gzip\r\nContent-Length: 9\r\n\r\nno gzip!!", b""),
        (b"<rss/>", b""),
        (b"\x16\x03\x01\r\n\r\n", b""),
    ],
    ids=[
        "a header without end",
        "headers without end",
        "a status without end",
        "thousands of headers",
        "trailers without end",
        "two lengths",
        "a negative length",
        "an absurd length",
        "no piece",
        "a cut piece",
        "a cut body",
        "not packed at all",
        "no HTTP",
        "noise",
    ],
)
async def test_what_is_no_proper_answer_is_refused(raw: Raw, fetcher: Fetcher, answer: bytes, drip: bytes) -> None:
    raw.answer, raw.drip = answer, drip
    with pytest.raises(FetchError, match="fetch-broken"):
        await fetcher.get(raw.address)


@pytest.mark.parametrize(
    ("answer", "drip"),
    [
        (b"", b""),
        (HTTP + b"X: y", b""),
        (HTTP + b"Content-Length: 10\r\n\r\n<rss>", b""),
        (b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 100 Continue\r\n\r\n"),
        (HTTP + b"Transfer-Encoding: chunked\r\n\r\n1;", b"a"),
    ],
    ids=["silence", "half a header", "half a body", "hold the line", "a piece's remarks"],
)
@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_waiting_has_an_end(raw: Raw, scheme: str, answer: bytes, drip: bytes) -> None:
    raw.answer, raw.drip, raw.closes = (answer, drip, False) if scheme == "http" else (b"", b"", False)
    async with Fetcher(timeout_seconds=0.2, max_bytes=100_000, allow_private_addresses=True) as fetcher:
        with pytest.raises(FetchError, match="fetch-slow"):
            await fetcher.get(raw.address.replace("http", scheme))


@pytest.mark.parametrize("packed", ["gzip, gzip", "gzip,deflate", "compress", "aws-chunked", "x"])
async def test_a_packing_that_was_not_asked_for_is_refused(raw: Raw, fetcher: Fetcher, packed: str) -> None:
    twice = gzip.compress(gzip.compress(b"\0" * 10_000_000))
    length = f"Content-Encoding: {packed}\r\nContent-Length: {len(twice)}\r\n\r\n"
    raw.answer = HTTP + length.encode() + twice
    with pytest.raises(FetchError, match="fetch-packed"):
        await fetcher.get(raw.address)


async def test_nothing_changed_is_only_taken_for_an_answer_when_that_was_asked(raw: Raw, fetcher: Fetcher) -> None:
    raw.answer = b"HTTP/1.1 304 Not Modified\r\n\r\n"
    with pytest.raises(FetchError, match="fetch-status.*304"):
        await fetcher.get(raw.address)


async def test_cookies_are_not_kept(site: Site, fetcher: Fetcher) -> None:
    @site.page("/feed")
    async def _(_request: web.Request) -> web.Response:
        response = web.Response(text="here")
        response.set_cookie("who", "me")
        return response

    for _again in range(2):
        await fetcher.get(f"{site.address}/feed")
    assert "Cookie" not in site.requests[1].headers


# Redirects


@pytest.mark.parametrize(
    ("location", "sentence"),
    [
        ("ftp://127.0.0.1/", "fetch-scheme"),
        ("javascript:alert(1)", "fetch-scheme"),
        ("data:text/xml,<rss/>", "fetch-scheme"),
        ("gopher://127.0.0.1:25/_MAIL", "fetch-scheme"),
        ("http://[::1/", "fetch-astray"),
        ("http://127.0.0.1:99999/", "fetch-astray"),
        ("http://é..à/", "fetch-astray"),
        ("http://127.0.0.1/" + "a" * 60_000, "fetch-broken"),
        ("", "fetch-circles"),
    ],
    ids=lambda value: value[:20],
)
async def test_a_redirect_to_nowhere_is_a_sentence(raw: Raw, fetcher: Fetcher, location: str, sentence: str) -> None:
    raw.answer = b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\nLocation: " + location.encode() + b"\r\n\r\n"
    with pytest.raises(FetchError, match=sentence):
        await fetcher.get(raw.address)


def test_a_secret_in_an_address_is_not_repeated_in_the_clear() -> None:
    safe, in_the_clear = URL("https://one.example/?key=k"), URL("http://two.example/?key=k")
    with pytest.raises(FetchError, match="fetch-astray"):
        _require_as_safe(safe, in_the_clear)
    _require_as_safe(safe, safe)
    _require_as_safe(in_the_clear, in_the_clear)


async def test_a_redirect_cannot_name_a_user(site: Site, fetcher: Fetcher) -> None:
    @site.page("/feed")
    async def _(_request: web.Request) -> web.Response:
        return web.Response(status=302, headers={"Location": site.address.replace("//", "//root:s3cret@") + "/other"})

    @site.page("/other")
    async def _other(_request: web.Request) -> web.Response:
        return web.Response(text="here")

    fetched = await fetcher.get(f"{site.address}/feed")
    assert fetched.url == f"{site.address}/other"
    assert "Authorization" not in site.requests[1].headers


@pytest.mark.parametrize("credentials", ["me:s3cret", "m%3Ae:s3cret", "mé:€", "me", ":", "\ud83e:x"])
async def test_any_credentials_can_be_sent(site: Site, fetcher: Fetcher, credentials: str) -> None:
    @site.page("/feed")
    async def _(_request: web.Request) -> web.Response:
        return web.Response(text="here")

    await fetcher.get(f"{site.address}/feed", credentials=credentials)
    assert site.requests[0].headers["Authorization"].startswith("Basic ")


async def test_credentials_in_the_address_are_sent_and_left_out_of_what_is_told(site: Site, fetcher: Fetcher) -> None:
    @site.page("/feed")
    async def _(_request: web.Request) -> web.Response:
        return web.Response(text="here")

    fetched = await fetcher.get(site.address.replace("//", "//me:s3cret@") + "/feed")
    assert fetched.url == f"{site.address}/feed"
    assert base64.b64decode(site.requests[0].headers["Authorization"].removeprefix("Basic ")) == b"me:s3cret"


@pytest.mark.parametrize("answer", [b"noise\r\n\r\n", HTTP + b"Content-Length: 9\r\n\r\n", b"HTTP/1.1 404 No\r\n\r\n"])
async def test_no_error_tells_what_an_address_keeps_secret(
    raw: Raw, fetcher: Fetcher, caplog: pytest.LogCaptureFixture, answer: bytes
) -> None:
    raw.answer = answer
    caplog.set_level("DEBUG")
    secret = "s3" + "cret"
    for address in (f"{raw.address}/{secret}?token={secret}", raw.address.replace("//", f"//me:{secret}@")):
        with pytest.raises(FetchError) as caught:
            await fetcher.get(address, credentials=f"me:{secret}")
        assert caught.value.__cause__ is None
        assert secret not in "".join(traceback.format_exception(caught.value)).replace(__file__, "")
    assert secret not in caplog.text


# Names that change their mind. In these tests 127.0.0.1 plays the public internet, 127.0.0.2 is what it is.


class Names(abc.AbstractResolver):
    """A name server that answers each question with the next line of its script, and the last one from then on."""

    def __init__(self, *script: list[str]) -> None:
        self.script = list(script)

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[abc.ResolveResult]:
        addresses = self.script.pop(0) if len(self.script) > 1 else self.script[0]
        return [
            abc.ResolveResult(
                hostname=host, host=address, port=port, family=socket.AF_INET, proto=0, flags=socket.AI_NUMERICHOST
            )
            for address in addresses
        ]

    async def close(self) -> None:
        pass


@asynccontextmanager
async def fetcher_that_asks(names: Names, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Fetcher]:
    async with Fetcher(
        timeout_seconds=5,
        max_bytes=1000,
        allow_private_addresses=False,
        is_public=lambda address: address == "127.0.0.1" or is_public(address),
    ) as fetcher:
        connector = fetcher._open_session().connector
        monkeypatch.setattr(connector, "_resolver", names)
        monkeypatch.setattr(connector, "_use_dns_cache", False)
        yield fetcher


@pytest.fixture
async def everywhere() -> AsyncIterator[Site]:
    """A site on every address of this machine."""
    site = Site()
    application = web.Application()
    application.router.add_get("/{path:.*}", site.serve)
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "0.0.0.0", 0).start()
    site.address = f"http://name.example:{runner.addresses[0][1]}"

    @site.page("/feed")
    async def _(request: web.Request) -> web.Response:
        return web.Response(text=dialled(request))

    yield site
    await runner.cleanup()


def dialled(request: web.Request) -> str:
    return str(request.get_extra_info("sockname")[0])


async def test_a_name_that_turns_private_is_refused_where_it_is_dialled(
    everywhere: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    @everywhere.page("/once")
    async def _(_request: web.Request) -> web.Response:
        return web.Response(text="here", headers={"Connection": "close"})

    async with fetcher_that_asks(Names(["127.0.0.1"], ["127.0.0.2"]), monkeypatch) as fetcher:
        assert (await fetcher.get(f"{everywhere.address}/once")).body == b"here"
        with pytest.raises(FetchError, match="fetch-private"):
            await fetcher.get(f"{everywhere.address}/once")
    assert [dialled(request) for request in everywhere.requests] == ["127.0.0.1"]


@pytest.mark.parametrize("answers", [["127.0.0.2", "127.0.0.1"], ["127.0.0.1", "127.0.0.2"], ["127.0.0.2"] * 3])
async def test_of_mixed_answers_only_public_ones_are_dialled(
    everywhere: Site, monkeypatch: pytest.MonkeyPatch, answers: list[str]
) -> None:
    async with fetcher_that_asks(Names(answers), monkeypatch) as fetcher:
        if "127.0.0.1" in answers:
            assert (await fetcher.get(f"{everywhere.address}/feed")).body == b"127.0.0.1"
        else:
            with pytest.raises(FetchError, match="fetch-private"):
                await fetcher.get(f"{everywhere.address}/feed")
            assert everywhere.requests == []


async def test_a_redirect_to_a_name_that_is_private_is_refused(
    everywhere: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    @everywhere.page("/away")
    async def _(_request: web.Request) -> web.Response:
        return web.Response(status=302, headers={"Location": everywhere.address.replace("name", "other") + "/feed"})

    @everywhere.page("/literal")
    async def _literal(_request: web.Request) -> web.Response:
        address = everywhere.address.replace("name.example", "127.0.0.2")
        return web.Response(status=302, headers={"Location": f"{address}/feed"})

    for path in ("away", "literal"):
        async with fetcher_that_asks(Names(["127.0.0.1"], ["127.0.0.2"]), monkeypatch) as fetcher:
            with pytest.raises(FetchError, match="fetch-private"):
                await fetcher.get(f"{everywhere.address}/{path}")
    assert {request.path for request in everywhere.requests} == {"/away", "/literal"}


async def test_a_kept_connection_stays_where_it_was_allowed(everywhere: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    async with fetcher_that_asks(Names(["127.0.0.1"], ["127.0.0.2"]), monkeypatch) as fetcher:
        for _ in range(3):
            assert (await fetcher.get(f"{everywhere.address}/feed")).body == b"127.0.0.1"
    assert len({request.get_extra_info("peername") for request in everywhere.requests}) == 1


# TLS


async def test_a_certificate_that_nobody_vouches_for_is_refused(tmp_path: Path, fetcher: Fetcher) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now)
        .not_valid_after(now + dt.timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    pem = tmp_path / "both.pem"
    pem.write_bytes(private + certificate.public_bytes(serialization.Encoding.PEM))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    server = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0, ssl=context)
    with pytest.raises(FetchError, match="fetch-unsafe"):
        await fetcher.get(f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}/")
    server.close()


async def test_a_server_that_speaks_no_tls_is_refused(raw: Raw, fetcher: Fetcher) -> None:
    raw.drip = b"noise\r\n"
    with pytest.raises(FetchError, match="fetch-unsafe"):
        await fetcher.get(raw.address.replace("http", "https"))


@pytest.mark.parametrize(
    "refusal",
    ["fetch-packed", "fetch-unsafe", "fetch-astray", "fetch-broken", "fetch-circles", "fetch-too-large", "fetch-slow"],
)
def test_every_refusal_says_what_to_do(refusal: str) -> None:
    said = text(refusal, host="a.example", megabytes="10", seconds="20")
    assert "a.example" in said
    assert any(verb in said for verb in ("tell ", "Tell ", "Look ", "use ", "allow "))
