"""The guarded HTTP client: every address that a person or a feed names is fetched through here.

Bounds: one time limit over the whole exchange, a size limit on the *decompressed* body, at most five redirects, and
only addresses of the public internet (unless the operator allows others for a test on the same machine). The check
sits in the socket factory, which sees the address that is really dialled: neither a name that changes its mind nor a
literal address in an odd notation gets around it.
"""

import asyncio
import base64
import logging
import re
import socket
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import partial
from types import TracebackType
from typing import Self, TypeVar
from urllib.parse import unquote, urlsplit

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from bot.errors import FetchError, RefusedError
from bot.log import keep_secret
from bot.metrics import note_received
from bot.model.address import is_public

log = logging.getLogger(__name__)

T = TypeVar("T")

USER_AGENT = "Pressroom/0.1 (newsletter desk for Discord; reads feeds)"
_MOST_REDIRECTS = 5
_CHUNK_BYTES = 64 * 1024
_LOOK_UPS_AT_ONCE = 16
# Asked for are the first two; brotli is taken from servers that send it all the same, where its library is there.
_ENCODINGS = frozenset({"gzip", "deflate", "br", "identity", ""})
_MAX_AGE = re.compile(r"(?:^|,)\s*max-age=(\d{1,9})\b", re.IGNORECASE)
_SCHEME = re.compile(r"(?!https?:)[a-z][a-z0-9+.-]*:", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Fetched:
    """A body and what came with it; `body` is None when the server said that nothing changed (304).

    fresh_for: for how long it says that this holds (Cache-Control). links: what its `Link` headers name, by relation.
    """

    url: str
    body: bytes | None
    content_type: str | None = None
    etag: str | None = None
    last_modified: str | None = None
    fresh_for: timedelta | None = None
    links: Mapping[str, str] = field(default_factory=dict)


class Fetcher:
    """Use as `async with`; one for the whole process. is_public: which addresses are of the internet."""

    def __init__(
        self,
        *,
        timeout_seconds: float,
        max_bytes: int,
        allow_private_addresses: bool,
        is_public: Callable[[str], bool] = is_public,
    ) -> None:
        self._timeout = timeout_seconds
        self._max_bytes = max_bytes
        self._allow_private = allow_private_addresses
        self._is_public = is_public
        self._session: aiohttp.ClientSession | None = None
        self._session_for_tries: aiohttp.ClientSession | None = None

    async def get(
        self,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        credentials: str | None = None,
        need_for: Callable[[int], None] | None = None,
        enough_bytes: int | None = None,
        is_tried: bool = False,
        is_secret: bool = False,
    ) -> Fetched:
        """The body behind `url`. `credentials` is `user:password`, sent to this host only. Raises FetchError.

        need_for: told how many bytes the body has at the least, before so many are taken; what it raises ends the
        exchange. enough_bytes: of the body are given; what follows is not taken. is_tried: a server tries the address,
        which must not take the connections of what is read regularly. is_secret: the address holds a secret, which
        nothing repeats in the clear. Raises RefusedError when more comes than is allowed to whoever measures (see
        `bot.metrics.metered`).
        """
        taking = _Taking(need_for, enough_bytes, is_tried, is_secret)
        return await self._bounded(url, self._follow(_address(url), dict(headers or {}), credentials, taking))

    async def post(self, url: str, form: Mapping[str, str]) -> None:
        """Send a form; what is answered besides that it was taken (2xx) is of no interest. Raises FetchError."""
        await self._bounded(url, self._send(_address(url), form))

    async def hop(self, url: str) -> str | None:
        """Where the address leads on to, without going there; None where it leads nowhere. Raises FetchError."""
        return await self._bounded(url, self._look_ahead(_address(url)))

    async def status(self, url: str) -> int:
        """The status that the address answers with itself: no redirect is followed. Raises FetchError."""
        return await self._bounded(url, self._look_at(_address(url)))

    async def _bounded(self, url: str, exchange: Awaitable[T]) -> T:
        """What comes of the exchange, within the time limit. Raises FetchError for whatever else comes of it."""
        try:
            async with asyncio.timeout(self._timeout):
                return await exchange
        except TimeoutError:
            raise FetchError("fetch-slow", host=_host(url), seconds=f"{self._timeout:g}") from None
        # Nothing is said to come `from error`: aiohttp's messages hold the whole address, which may be a secret.
        except aiohttp.ClientConnectorError as error:
            # The guard's refusal arrives wrapped, as any failure to connect.
            if isinstance(error.os_error, _ForbiddenAddressError):
                raise FetchError("fetch-private") from None
            if isinstance(error, aiohttp.ClientSSLError):
                raise FetchError("fetch-unsafe", host=_host(url)) from None
            raise FetchError("fetch-unreachable", host=_host(url)) from None
        except aiohttp.InvalidURL:
            raise FetchError("fetch-no-address") from None
        except (aiohttp.ClientError, OSError, UnicodeError, ValueError):
            raise FetchError("fetch-broken", host=_host(url)) from None

    async def _follow(self, url: URL, headers: dict[str, str], credentials: str | None, taking: "_Taking") -> Fetched:
        session = self._open_session_for_tries() if taking.is_tried else self._open_session()
        if url.raw_user is not None:
            credentials = credentials or f"{url.raw_user}:{url.raw_password or ''}"
        url = url.with_user(None)
        if credentials is not None:
            keep_secret(credentials)
            user, _, password = credentials.partition(":")
            headers["Authorization"] = _basic(unquote(user), unquote(password))
        for _ in range(_MOST_REDIRECTS + 1):
            async with session.get(url, headers=headers, allow_redirects=False) as response:
                if response.status in {301, 302, 303, 307, 308} and "Location" in response.headers:
                    target = _redirected(response)
                    if taking.is_secret:
                        _require_as_safe(url, target)
                    if target.origin() != url.origin():
                        headers.pop("Authorization", None)
                    url = target
                    continue
                fresh_for = _fresh_for(response.headers.get("Cache-Control", ""))
                if response.status == 304 and not headers.keys().isdisjoint({"If-None-Match", "If-Modified-Since"}):
                    return Fetched(url=str(url), body=None, fresh_for=fresh_for)
                if response.status != 200:
                    raise _refusal(response, url)
                return Fetched(
                    url=str(url),
                    body=await self._body(response, url, taking),
                    content_type=response.headers.get("Content-Type"),
                    etag=_mark(response.headers.get("ETag")),
                    last_modified=_mark(response.headers.get("Last-Modified")),
                    fresh_for=fresh_for,
                    links=_links(response),
                )
        raise FetchError("fetch-circles", host=_host(url))

    async def _look_ahead(self, url: URL) -> str | None:
        session = self._open_session()
        # Some answer only GET; of its answer no more than the head is taken.
        for method in ("HEAD", "GET"):
            async with session.request(method, url.with_user(None), allow_redirects=False) as response:
                if response.status in {301, 302, 303, 307, 308} and "Location" in response.headers:
                    return str(_redirected(response))
                if response.status == 429 or response.status >= 500:
                    raise _refusal(response, url)
                response.close()
        return None

    async def _look_at(self, url: URL) -> int:
        # Some answer HEAD with a status of its own, so a page is asked for as readers do; its content is not taken.
        async with self._open_session().get(url.with_user(None), allow_redirects=False) as response:
            response.close()
            return response.status

    async def _send(self, url: URL, form: Mapping[str, str]) -> None:
        session = self._open_session()
        for _ in range(_MOST_REDIRECTS + 1):
            async with session.post(url, data=form, allow_redirects=False) as response:
                # The other redirects mean "look there instead" and would turn the form into a question.
                if response.status in {307, 308} and "Location" in response.headers:
                    target = _redirected(response)
                    _require_as_safe(url, target)  # the form may hold a secret
                    url = target
                    continue
                if not 200 <= response.status < 300:
                    raise _refusal(response, url)
                return
        raise FetchError("fetch-circles", host=_host(url))

    async def _body(self, response: aiohttp.ClientResponse, url: URL, taking: "_Taking") -> bytes:
        if response.headers.get("Content-Encoding", "").strip().lower() not in _ENCODINGS:
            raise FetchError("fetch-packed", host=_host(url))
        too_large = FetchError("fetch-too-large", host=_host(url), megabytes=f"{self._max_bytes / 1_000_000:g}")
        if taking.enough_bytes is None and (response.content_length or 0) > self._max_bytes:
            raise too_large
        taking.expect(response.content_length or 0)
        body = bytearray()
        async for chunk in response.content.iter_chunked(_CHUNK_BYTES):
            body += chunk
            may_go_on = note_received(len(chunk))
            if taking.is_enough(len(body)):
                del body[taking.enough_bytes :]
                break
            if len(body) > self._max_bytes:
                raise too_large
            if not may_go_on:
                raise RefusedError("setup-source-allowance")
            taking.expect(len(body))
        return bytes(body)

    def _open_session(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = self._new_session(limit=20, limit_per_host=4)
        return self._session

    def _open_session_for_tries(self) -> aiohttp.ClientSession:
        if self._session_for_tries is None:
            # How many try at once is bounded where they get their places, so that no host is kept busy for others.
            self._session_for_tries = self._new_session(limit=0, limit_per_host=0, resolver=_ResolverForTries())
        return self._session_for_tries

    def _new_session(
        self, *, limit: int, limit_per_host: int, resolver: AbstractResolver | None = None
    ) -> aiohttp.ClientSession:
        connector = aiohttp.TCPConnector(
            limit=limit, limit_per_host=limit_per_host, resolver=resolver, socket_factory=self._guarded_socket
        )
        return aiohttp.ClientSession(
            connector=connector,
            headers={"User-Agent": USER_AGENT, "Accept-Encoding": "gzip, deflate"},
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=None),  # asyncio.timeout above covers redirects and body too
            trust_env=False,
        )

    def _guarded_socket(self, address: tuple[object, ...]) -> socket.socket:
        family, kind, protocol, _, target = address
        if not self._allow_private and not self._is_public(str(target[0])):  # type: ignore[index]
            # without the address: only equal refusals of several addresses arrive as one, not as "unreachable"
            raise _ForbiddenAddressError("The address is in no public network.")
        return socket.socket(family, kind, protocol)  # type: ignore[arg-type]

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for session in (self._session, self._session_for_tries):
            if session is not None:
                await session.close()


@dataclass(frozen=True, slots=True)
class _Taking:
    """How much of a body is taken, and by whom; as in `Fetcher.get`."""

    need_for: Callable[[int], None] | None
    enough_bytes: int | None
    is_tried: bool
    is_secret: bool = False

    def expect(self, size: int) -> None:
        if self.need_for is not None:
            self.need_for(size if self.enough_bytes is None else min(size, self.enough_bytes))

    def is_enough(self, size: int) -> bool:
        return self.enough_bytes is not None and size >= self.enough_bytes


class _ResolverForTries(AbstractResolver):
    """Looks names up in threads of its own: one that nobody answers for keeps its thread for half a minute."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(_LOOK_UPS_AT_ONCE, thread_name_prefix="names")

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        look_up = partial(
            socket.getaddrinfo, host, port, family=family, type=socket.SOCK_STREAM, flags=socket.AI_ADDRCONFIG
        )
        found = await asyncio.get_running_loop().run_in_executor(self._threads, look_up)
        return [
            ResolveResult(
                hostname=host,
                host=str(address[0]),
                port=int(address[1]),
                family=kind,
                proto=protocol,
                flags=socket.AI_NUMERICHOST | socket.AI_NUMERICSERV,
            )
            for kind, _, protocol, _, address in found
        ]

    async def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)


class _ForbiddenAddressError(OSError):
    """Raised inside the connector, which expects an OSError from its socket factory."""


def _links(response: aiohttp.ClientResponse) -> dict[str, str]:
    """RFC 8288: addresses by their relation, the first of each; none where the headers are not well-formed."""
    try:
        return {rel: str(link["url"]) for rel, link in reversed(list(response.links.items()))}
    except (ValueError, KeyError):
        return {}


def _address(url: str) -> URL:
    """The address as it will be asked for. Raises FetchError for what is none."""
    try:
        parsed = URL(url)
        parsed.origin()
    except (ValueError, TypeError):
        # a scheme without a host (`mailto:`, `file:`) is no origin either
        kind = "fetch-scheme" if _SCHEME.match(url) else "fetch-no-address"
        raise FetchError(kind) from None
    if parsed.scheme not in {"http", "https"}:
        raise FetchError("fetch-scheme")
    return parsed


def _redirected(response: aiohttp.ClientResponse) -> URL:
    """Where a redirect leads, without a user it may name: nobody gave us leave to be that user."""
    try:
        return _address(str(response.url.join(URL(response.headers["Location"])))).with_user(None)
    except ValueError:
        raise FetchError("fetch-astray", host=_host(response.url)) from None


def _require_as_safe(url: URL, target: URL) -> None:
    """Raises FetchError where a redirect leads from a connection that nobody overhears to one in the clear."""
    if url.scheme == "https" != target.scheme:
        raise FetchError("fetch-astray", host=_host(url))


def _basic(user: str, password: str) -> str:
    # aiohttp's own function refuses a colon in the name, which no server could tell from the password's
    keep_secret(f"{user}:{password}")
    return "Basic " + base64.b64encode(f"{user}:{password}".encode("utf-8", "replace")).decode("ascii")


def _host(url: str | URL) -> str:
    try:
        return urlsplit(str(url)).hostname or "the address"
    except ValueError:
        return "the address"


def _mark(value: str | None) -> str | None:
    # What is not plain text could neither be stored nor sent back.
    return value if value is not None and value.isascii() and value.isprintable() else None


def _fresh_for(cache_control: str) -> timedelta | None:
    """RFC 9111, 5.2.2.1: `max-age` in seconds, where nothing forbids to rely on it."""
    found = _MAX_AGE.search(cache_control)
    if found is None or "no-cache" in cache_control.lower() or "no-store" in cache_control.lower():
        return None
    return timedelta(seconds=int(found[1]))


def _asked_pause(retry_after: str | None) -> float:
    """RFC 9110, 10.2.3: seconds, or a date; 0 for neither."""
    if not retry_after:
        return 0.0
    if retry_after.isascii() and retry_after.isdigit():
        return float(retry_after[:9])
    try:
        return max(0.0, (parsedate_to_datetime(retry_after) - datetime.now(UTC)).total_seconds())
    except (TypeError, ValueError):
        return 0.0


def _refusal(response: aiohttp.ClientResponse, url: URL) -> FetchError:
    return FetchError(
        _status_text(response.status),
        host=_host(url),
        status=response.status,
        retry_after_seconds=_asked_pause(response.headers.get("Retry-After")),
    )


def _status_text(status: int) -> str:
    if status in {401, 403}:
        return "fetch-refused"
    if status in {404, 410}:
        return "fetch-nothing-there"
    if status == 429:
        return "fetch-too-often"
    return "fetch-trouble" if status >= 500 else "fetch-status"
