"""What this process asks of Discord: paced below the global rate limit of the token, and counted.

Discord allows a bot 50 requests a second in all; answers to interactions do not count. discord.py keeps the limits of
each route, but knows nothing of this one. Work of the background leaves room for what people do at the same moment.
"""

import asyncio
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from types import SimpleNamespace

import aiohttp
from yarl import URL

from bot.errors import DeliveryError, DiscordClosedError
from bot.metrics import Metrics
from bot.services.delivery.standing import Standing

# Discord's clock may run a little slower than ours, and aiohttp's timers a little early.
_MARGIN_SECONDS = 0.005
_ROOM_FOR_PEOPLE = 0.02  # of the limit
# Enough for one among them that was heard at once, few enough to forget a clock that was put right.
_ANSWERS_REMEMBERED = 200
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
    """At most `per_second` requests arrive at Discord in any one second, however long each of them is on its way.

    Discord counts a request when it arrives, at some moment between its sending and its answer. So it holds one of
    `per_second` places from its sending until a second after that moment, or after the last one that it may have been.
    What arrives within a second holds its place at the end of that second: no more of them than there are places. To
    hold it for a shorter time would be to hope. Places are given in the order of asking, to people first; the
    background leaves some free.
    """

    def __init__(self, per_second: int, *, second: float = 1.0) -> None:
        self._second = second + _MARGIN_SECONDS
        self._places = {False: per_second, True: per_second - max(1, round(per_second * _ROOM_FOR_PEOPLE))}
        self._taken = 0
        self._waiting: dict[bool, deque[asyncio.Future[None]]] = {False: deque(), True: deque()}
        self._ahead: deque[float] = deque(maxlen=_ANSWERS_REMEMBERED)

    async def take(self, *, in_background: bool) -> float:
        """Wait for a place: a request may go, at this moment. `answered` is told of it, whatever becomes of it."""
        place: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting[in_background].append(place)
        self._give()
        try:
            await place
        except asyncio.CancelledError:
            if place.done() and not place.cancelled():
                self._free()  # nothing was sent
            raise
        return asyncio.get_running_loop().time()

    def answered(self, sent_at: float, counted_at: float | None = None) -> None:
        """The answer is here, or it is known that none will come: the request has arrived by now, if it ever does.

        `counted_at`: when Discord says that it arrived, by Discord's clock.
        """
        now = asyncio.get_running_loop().time()
        arrived_at = now
        if counted_at is not None:
            # No answer is here before its request was there: their clock is ahead of ours by so much at least.
            self._ahead.append(counted_at - now)
            # Whatever their clock does, nothing arrives before it was sent.
            arrived_at = max(sent_at, counted_at - max(self._ahead))
        asyncio.get_running_loop().call_at(arrived_at + self._second, self._free)

    def _free(self) -> None:
        self._taken -= 1
        self._give()

    def _give(self) -> None:
        for in_background, waiting in self._waiting.items():  # people first
            while waiting and self._taken < self._places[in_background]:
                place = waiting.popleft()
                if not place.done():  # else whoever waited has gone
                    self._taken += 1
                    place.set_result(None)


class Traffic:
    """Paces and counts the requests of one client, through aiohttp's tracing, which discord.py hands on.

    That sees every attempt, also those that discord.py and aiohttp make by themselves.
    """

    def __init__(
        self, *, api_url: str, requests_per_second: int, metrics: Metrics, standing: Standing | None = None
    ) -> None:
        self.standing = standing or Standing()
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
        # aiohttp says so before it writes anything, and closes the connection when that is refused.
        trace.on_request_headers_sent.append(self._check_standing)
        trace.on_request_end.append(self._count)
        trace.on_request_exception.append(self._give_up)
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
        context.counts, context.connections, context.sent_at = self._counts(params.url), 0, None
        if context.counts:
            await self._take_place(context)

    async def _wait_again(self, _session: aiohttp.ClientSession, context: SimpleNamespace, _params: object) -> None:
        # aiohttp repeats a GET by itself, on another connection, when the one that it had was cut.
        context.connections += 1
        if context.counts and context.connections > 1:
            self._return_place(context)
            await self._take_place(context)

    async def _give_up(self, _session: aiohttp.ClientSession, context: SimpleNamespace, _params: object) -> None:
        self._return_place(context)

    async def _take_place(self, context: SimpleNamespace) -> None:
        context.sent_at = await self._pace.take(in_background=_in_background.get())

    def _return_place(self, context: SimpleNamespace, counted_at: float | None = None) -> None:
        if context.sent_at is not None:
            self._pace.answered(context.sent_at, counted_at)
            context.sent_at = None

    async def _check_standing(self, _session: aiohttp.ClientSession, _context: object, _params: object) -> None:
        self.standing.check()

    async def _count(
        self, _session: aiohttp.ClientSession, context: SimpleNamespace, params: aiohttp.TraceRequestEndParams
    ) -> None:
        self._return_place(context, _counted_at(params.response.headers))
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


def _counted_at(headers: Mapping[str, str]) -> float | None:
    """When Discord counted the request, by its own clock: its bucket refills at one moment, so much later than that."""
    try:
        return float(headers["X-RateLimit-Reset"]) - float(headers["X-RateLimit-Reset-After"])
    except (KeyError, ValueError):
        return None


def _seconds(retry_after: str | None) -> float:
    try:
        return min(max(float(retry_after or 1.0), 0.0), _LONGEST_WAIT_SECONDS)
    except ValueError:
        return 1.0
