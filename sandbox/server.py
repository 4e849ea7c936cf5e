"""The sandbox as one thing: a world, its doors on one loopback port, and the people in it.

Doors by the first part of the path: `/api/v10/…` REST, `/gateway` WebSocket, everything else files.
"""

import asyncio
import logging
import os
import secrets
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from time import time
from typing import Any, Self, TypeVar

import orjson
from aiohttp import web

from sandbox import files, model, permissions
from sandbox.clock import Clock
from sandbox.driver import Person
from sandbox.errors import ApiError, NothingHappened
from sandbox.events import Event
from sandbox.faults import Fault, Faults
from sandbox.files import Upload
from sandbox.gateway import Gateway
from sandbox.limits import Limits, RateLimiter
from sandbox.rest import Call, all_routes
from sandbox.rest.routing import Answer, Route, State
from sandbox.validation import Specification
from sandbox.world import World

_log = logging.getLogger(__name__)

T = TypeVar("T")

ROUTES = all_routes()
_MAJOR = ("channel_id", "guild_id", "webhook_id", "webhook_token")
_VIA = "1.1 sandbox"


@dataclass(slots=True, frozen=True)
class Seen:
    """One request of the bot, for tests and error messages."""

    method: str
    path: str
    status: int
    body: Any

    def __str__(self) -> str:
        return f"{self.method} {self.path} -> {self.status}"


class Sandbox:
    """`async with Sandbox() as sandbox:` serves until the block ends.

    openapi: Discord's specification (default: the environment variable DISCORD_OPENAPI); with it every request, answer
    and gateway object is checked. limits: `Limits.off()` for fast tests. privileged_intents: which of the three the
    application was granted. clock: seconds since 1970; `ManualClock` stands still until moved.
    """

    def __init__(
        self,
        *,
        port: int = 0,
        host: str = "127.0.0.1",
        clock: Clock = time,
        limits: Limits | None = None,
        openapi: Path | str | None = None,
        privileged_intents: int = 0,
        name: str = "Pressbot",
    ) -> None:
        self.world = World(clock=clock, limits=limits, name=name, privileged_intents=privileged_intents)
        self.token = f"sandbox.{self.world.application.id}.{secrets.token_hex(12)}"
        self.limiter = RateLimiter(self.world.limits, clock)
        self.violations: list[str] = []
        self.rejected: list[str] = []
        self.requests: deque[Seen] = deque(maxlen=2000)
        self.refused: deque[str] = deque(maxlen=2000)
        given = openapi or os.environ.get("DISCORD_OPENAPI") or None
        self.specification = Specification.load(Path(given)) if given else None
        inspect = self._inspect if self.specification is not None else None
        self.gateway = Gateway(self.world, self.token, inspect)
        self.gateway.on_change = self._notify
        self.faults = Faults(self.gateway, on_hit=self._notify)
        self._state = State(self.gateway.describe)
        self._address = (host, port)
        self._runner: web.ServerRunner | None = None
        self._waits: set[asyncio.Event] = set()
        self.world.listen(self._heard)

    # life

    async def __aenter__(self) -> Self:
        server = web.Server(self._handle, access_log=None)
        self._runner = web.ServerRunner(server, access_log=None, shutdown_timeout=0.5)
        await self._runner.setup()
        host, port = self._address
        site = web.TCPSite(self._runner, host, port)
        await site.start()
        host, port = self._runner.addresses[0][:2]
        self._address = (host, port)
        self.world.origin = self.origin
        self.gateway.url = f"ws://{host}:{port}/gateway"
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.gateway.close()
        for interaction in self.world.interactions.values():
            if interaction.timer is not None:
                interaction.timer.cancel()
        if self._runner is not None:
            await self._runner.cleanup()

    @property
    def origin(self) -> str:
        """Files are served under this address, the API under `/api/v10`."""
        return "http://{}:{}".format(*self._address)

    @property
    def api_url(self) -> str:
        return f"{self.origin}/api/v10"

    @property
    def gateway_url(self) -> str:
        return self.gateway.url

    @property
    def application_id(self) -> int:
        return self.world.application.id

    # people

    def member(self, name: str, guild: model.Guild | None = None) -> Person:
        """Act as that person, in the given server or the first one where the name is known."""
        for one in [guild] if guild is not None else self.world.guilds.values():
            for member in one.members.values():
                if name in (member.user.name, member.nick):
                    return Person(self, member)
        known = sorted({m.user.name for g in self.world.guilds.values() for m in g.members.values()})
        raise LookupError(f"no member {name!r}; there are {known}")

    def add_bot_to(self, guild: model.Guild, granted: int = permissions.EVERYONE) -> model.Member:
        """Invite the bot with these permissions."""
        return self.world.add_bot(guild, int(granted))

    # waiting

    async def wait_for(self, predicate: Callable[[], T], *, timeout: float = 5.0, what: str = "") -> T:
        """Wait until the predicate gives something true; it is asked again after every event and request.

        Raises NothingHappened at the deadline, saying what the bot did meanwhile.
        """
        changed = asyncio.Event()
        self._waits.add(changed)
        first = len(self.requests)
        try:
            async with asyncio.timeout(timeout):
                while not (result := predicate()):
                    changed.clear()
                    await changed.wait()
                return result
        except TimeoutError:
            raise NothingHappened(
                f"{what or 'the condition'} did not come true within {timeout} s; {self.report(first)}"
            ) from None
        finally:
            self._waits.discard(changed)

    def report(self, since: int = 0) -> str:
        """One line on what the bot did lately, for error messages."""
        lately = [str(seen) for seen in list(self.requests)[since:]][-8:]
        connected = len(self.gateway.connected)
        line = f"gateway connections: {connected}; requests: {lately or 'none'}"
        return f"{line}; violations: {self.violations[-3:]}" if self.violations else line

    def _heard(self, _: Event) -> None:
        self._notify()

    def _notify(self) -> None:
        for changed in self._waits:
            changed.set()

    # requests

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        path = request.path
        if path.startswith("/api/"):
            return await self._api(request, path)
        if path.startswith("/gateway"):
            return await self.gateway.serve(request)
        return files.serve(self.world, request)

    async def _api(self, request: web.BaseRequest, path: str) -> web.StreamResponse:
        method = request.method
        segments = path.split("/")[3:]
        short = "/" + "/".join(segments)
        try:
            body, uploads = await _decode(request)
        except (orjson.JSONDecodeError, ValueError):
            return self._finish(
                request, short, None, {}, ApiError(400, 50109, "The request body contains invalid JSON.")
            )
        fault = self.faults.strike(method, short) if self.faults.planned else None
        if fault is not None:
            if fault.action == "delay":
                await asyncio.sleep(fault.seconds)
            elif fault.action != "lose_answer":
                return self._struck(request, short, body, fault)
        headers: dict[str, str] = {}
        result: Any
        try:
            found = ROUTES.find(method, segments)
            if found is None:
                self.violations.append(f"unknown route: {method} {short}")
                raise ApiError(501, 0, f"501: the sandbox has no {method} {short}")  # noqa: TRY301
            route, params = found
            self._authorize(request, route)
            if route.is_limited:
                major = "/".join(params[name] for name in _MAJOR if name in params)
                verdict = self.limiter.check(route.key, major, counts_globally=route.counts_globally)
                headers = verdict.headers
                if verdict.refusal is not None:
                    raise verdict.refusal  # noqa: TRY301  (one place turns refusals into answers)
            query = dict(request.query) if "?" in request.path_qs else {}
            if self.specification is not None:
                self._check_request(route, query, body, uploads)
            call = Call(self.world, self._state, params, query, body, uploads)
            result = route.handler(call)
            if self.specification is not None:
                self._check_answer(route, result)
        except ApiError as error:
            result = error
        except Exception as error:  # noqa: BLE001  (a crash of ours is a 500 for the bot and a violation for the test)
            _log.exception("crash in %s %s", method, short)
            self.violations.append(f"crash in {method} {short}: {error!r}")
            result = ApiError(500, 0, "500: Internal Server Error")
        if fault is not None and fault.action == "lose_answer":
            self._record(method, short, 0, body)
            return _cut(request)
        return self._finish(request, short, body, headers, result)

    def _authorize(self, request: web.BaseRequest, route: Route) -> None:
        if route.needs_token and request.headers.get("Authorization") != f"Bot {self.token}":
            raise ApiError(401, 0, "401: Unauthorized")

    def _struck(self, request: web.BaseRequest, short: str, body: Any, fault: Fault) -> web.StreamResponse:
        if fault.action == "cut":
            self._record(request.method, short, 0, body)
            return _cut(request)
        message = fault.message or f"{fault.status}: sandbox fault"
        error = ApiError(fault.status, fault.code, message)
        if fault.status == 429:
            error.retry_after = fault.retry_after or 0.1
        return self._finish(request, short, body, {}, error)

    def _finish(
        self, request: web.BaseRequest, short: str, body: Any, headers: dict[str, str], result: Any
    ) -> web.StreamResponse:
        status, answer = 200, result
        if isinstance(result, ApiError):
            status, answer = result.status, result.body()
            if status in (401, 403) or (status == 429 and result.scope != "shared"):
                self.limiter.count_invalid(status)
            if result.retry_after is not None:
                headers = headers | {"Retry-After": f"{result.retry_after:.3f}", "X-RateLimit-Scope": result.scope}
                if result.is_global:
                    headers["X-RateLimit-Global"] = "true"
            self.refused.append(f"{request.method} {short} -> {status} {answer}")
            if self.specification is not None:
                schema = "RatelimitedResponse" if status == 429 else "ErrorResponse"
                problems = self.specification.check_object(schema, answer)
                self.violations += [f"error of {request.method} {short}: {problem}" for problem in problems]
        elif isinstance(result, Answer):
            status, answer = result.status, result.body
        self._record(request.method, short, status, body)
        headers = {"Via": _VIA, **headers}
        if status == 204:
            return web.Response(status=204, headers=headers)
        headers["Content-Type"] = "application/json"
        return web.Response(body=orjson.dumps(answer), status=status, headers=headers)

    def _record(self, method: str, short: str, status: int, body: Any) -> None:
        self.requests.append(Seen(method, short, status, body))
        if self._waits:
            asyncio.get_running_loop().call_soon(self._notify)

    # honesty

    def _check_request(self, route: Route, query: dict[str, str], body: Any, uploads: list[Upload]) -> None:
        assert self.specification is not None  # noqa: S101  (the caller looked)
        tree = self.specification.check_request(route.key, query, body, has_files=bool(uploads))
        if tree is not None:
            self.rejected.append(f"{route.key}: {tree}")
            raise ApiError(400, 50035, "Invalid Form Body", errors=tree)

    def _check_answer(self, route: Route, result: Any) -> None:
        assert self.specification is not None  # noqa: S101  (the caller looked)
        status, answer = (result.status, result.body) if isinstance(result, Answer) else (200, result)
        problems = self.specification.check_answer(route.key, status, answer)
        self.violations += [f"answer of {route.key}: {problem}" for problem in problems]

    def _inspect(self, name: str, data: dict[str, Any]) -> None:
        assert self.specification is not None  # noqa: S101  (handed out only with one)
        self.violations += [f"event {name}: {problem}" for problem in self.specification.check_event(name, data)]


async def _decode(request: web.BaseRequest) -> tuple[Any, list[Upload]]:
    """The JSON body, and the files of a multipart body."""
    if request.method in ("GET", "DELETE") or not request.body_exists:
        return None, []
    if request.content_type == "multipart/form-data":
        return await _decode_form(request)
    raw = await request.read()
    return (orjson.loads(raw) if raw else None), []


async def _decode_form(request: web.BaseRequest) -> tuple[Any, list[Upload]]:
    body: Any = {}
    uploads: list[Upload] = []
    form = await request.post()
    for name, value in form.items():
        if isinstance(value, web.FileField):
            index = name.removeprefix("files[").removesuffix("]")
            uploads.append(Upload(index, value.filename, value.file.read(), value.content_type))
            value.file.close()
        elif name == "payload_json":
            body = orjson.loads(value)
    return body, uploads


def _cut(request: web.BaseRequest) -> web.StreamResponse:
    if request.transport is not None:
        request.transport.abort()
    return web.Response(status=500)
