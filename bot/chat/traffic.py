"""What this process asks of Discord: paced below the limit of the token, and counted.

Discord allows a bot 50 requests a second in all; answers to interactions do not count. discord.py keeps the limits of
each route, but knows nothing of this one. Work of the background leaves room for what people do at the same moment.
"""

import asyncio
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from types import SimpleNamespace

import aiohttp
from yarl import URL

from bot.errors import DeliveryError, DiscordClosedError
from bot.metrics import Metrics

# A request may be on its way longer than the one after it: without this margin, both would meet in one second there.
_MARGIN_SECONDS = 0.01
_ROOM_FOR_PEOPLE = 0.04  # of the limit
# Discord bans an address for an hour at 10,000 invalid requests in ten minutes.
MOST_INVALID_REQUESTS = 500
_INVALID_WINDOW_SECONDS = 600.0
_LONGEST_WAIT_SECONDS = 3600.0
_INVALID_STATUSES = frozenset({401, 403, 429})

_in_background: ContextVar[bool] = ContextVar("in_background", default=False)


@contextmanager
def background() -> Iterator[None]:
    """What is asked of Discord inside is nobody's press: it waits behind what people do."""
    before = _in_background.set(True)
    try:
        yield
    finally:
        _in_background.reset(before)


class Pace:
    """At most `per_second` in any second (a sliding one), in the order of asking; the background leaves some room."""

    def __init__(self, per_second: int, *, second: float = 1.0) -> None:
        self._second = second + _MARGIN_SECONDS
        self._shares = {False: per_second, True: max(1, per_second - max(1, round(per_second * _ROOM_FOR_PEOPLE)))}
        self._turns = {False: asyncio.Lock(), True: asyncio.Lock()}
        self._lately: deque[float] = deque()
        self._people = 0  # who wait

    async def take(self, *, in_background: bool) -> None:
        """Wait for the moment when one more request may go."""
        self._people += not in_background
        try:
            async with self._turns[in_background]:
                while (wait := self._wait(in_background=in_background)) > 0:  # noqa: ASYNC110 - time itself is awaited
                    await asyncio.sleep(wait)
                self._lately.append(asyncio.get_running_loop().time())
        finally:
            self._people -= not in_background

    def _wait(self, *, in_background: bool) -> float:
        now = asyncio.get_running_loop().time()
        while self._lately and self._lately[0] <= now - self._second:
            self._lately.popleft()
        too_many = len(self._lately) - self._shares[in_background]
        wait = self._lately[too_many] + self._second - now if too_many >= 0 else 0.0
        return max(wait, _MARGIN_SECONDS) if in_background and self._people else wait


class Traffic:
    """Paces and counts the requests of one client, through aiohttp's tracing, which discord.py hands on.

    That sees every attempt, also those that discord.py and aiohttp make by themselves.
    """

    def __init__(self, *, api_url: str, requests_per_second: int, metrics: Metrics) -> None:
        self._prefix = URL(api_url).path
        self._uncounted = (f"{self._prefix}/interactions/", f"{self._prefix}/webhooks/")
        self._metrics = metrics
        self._pace = Pace(requests_per_second)
        self._invalid: deque[float] = deque()

    def trace(self) -> aiohttp.TraceConfig:
        """Hand this to the client as `http_trace`."""
        trace = aiohttp.TraceConfig()
        trace.on_request_start.append(self._wait_for_turn)
        trace.on_connection_reuseconn.append(self._wait_again)
        trace.on_connection_create_end.append(self._wait_again)
        trace.on_request_end.append(self._count)
        return trace

    def refuse_when_closed(self) -> None:
        """Raise DiscordClosedError while so many requests were invalid that more could get this address banned."""
        invalid = self._invalid_lately()
        if invalid >= MOST_INVALID_REQUESTS:
            reopens = self._invalid[invalid - MOST_INVALID_REQUESTS] + _INVALID_WINDOW_SECONDS
            wait = reopens - asyncio.get_running_loop().time()
            raise DiscordClosedError("delivery-too-many-refused", count=invalid, retry_after_seconds=max(wait, 1.0))

    def _invalid_lately(self) -> int:
        since = asyncio.get_running_loop().time() - _INVALID_WINDOW_SECONDS
        while self._invalid and self._invalid[0] < since:
            self._invalid.popleft()
        return len(self._invalid)

    async def _wait_for_turn(
        self, _session: aiohttp.ClientSession, context: SimpleNamespace, params: aiohttp.TraceRequestStartParams
    ) -> None:
        context.counts, context.connections = self._counts(params.url), 0
        if context.counts:
            await self._pace.take(in_background=_in_background.get())

    async def _wait_again(self, _session: aiohttp.ClientSession, context: SimpleNamespace, _params: object) -> None:
        # aiohttp repeats a GET by itself, on another connection, when the one that it had was cut.
        context.connections += 1
        if context.counts and context.connections > 1:
            await self._pace.take(in_background=_in_background.get())

    async def _count(
        self, _session: aiohttp.ClientSession, _context: SimpleNamespace, params: aiohttp.TraceRequestEndParams
    ) -> None:
        if not params.url.path.startswith(self._prefix):
            return
        status = params.response.status
        if self._counts(params.url):
            self._metrics.count("discord_requests", str(status))
        headers = params.response.headers
        shared = status == 429 and headers.get("X-RateLimit-Scope") == "shared"
        if status in _INVALID_STATUSES and not shared:
            self._metrics.count("discord_invalid_requests")
            self._invalid.append(asyncio.get_running_loop().time())
        if status == 429 and _in_background.get():
            # discord.py would sleep it out inside; cut short there by our own time-out, it forgets to open the gate
            # that a global 429 closes, and nothing would ever be sent again. The outbox can wait better.
            wait = _seconds(headers.get("Retry-After"))
            params.response.close()
            # Without `Via` it is not Discord that answers but what stands before it, and the whole address is meant.
            if "X-RateLimit-Global" in headers or "Via" not in headers:
                raise DiscordClosedError("delivery-slow-down", retry_after_seconds=wait)
            raise DeliveryError("delivery-slow-down", retry_after_seconds=wait, is_certain=True)

    def _counts(self, url: URL) -> bool:
        return url.path.startswith(self._prefix) and not url.path.startswith(self._uncounted)


def _seconds(retry_after: str | None) -> float:
    try:
        return min(max(float(retry_after or 1.0), 0.0), _LONGEST_WAIT_SECONDS)
    except ValueError:
        return 1.0
