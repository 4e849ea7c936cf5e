"""The sandbox as one thing: a world, its doors on one loopback port, and the people in it.

Doors by the first part of the path: `/api/v10/…` REST, `/gateway` WebSocket, `/` and `/page/…` the page where one is
mounted (see `web`), everything else files.
"""

import asyncio
import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from time import time
from typing import Self, TypeVar

from aiohttp import web

from sandbox import files, model, permissions
from sandbox.api import INVALID_JSON, Api, Request, Seen
from sandbox.clock import Clock
from sandbox.door import VERSIONS, Door, read_body, to_aiohttp
from sandbox.driver import Person
from sandbox.errors import ApiError, NothingHappened, wrong_version
from sandbox.events import Event
from sandbox.faults import Fault, Faults
from sandbox.files import Upload
from sandbox.gateway import Gateway
from sandbox.limits import Limits, RateLimiter
from sandbox.validation import Specification
from sandbox.world import World

T = TypeVar("T")
Handler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]


class Sandbox:
    """`async with Sandbox() as sandbox:` serves until the block ends.

    openapi: Discord's specification (default: the environment variable DISCORD_OPENAPI); with it every request, answer
    and gateway object is checked. limits: `Limits.off()` for fast tests. privileged_intents: which of the three the
    application was granted. clock: seconds since 1970; `ManualClock` stands still until moved. token: what the bot logs
    in with, a new one if none is given; the id that its first part names becomes the bot's.
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
        token: str = "",
    ) -> None:
        self.world = World(clock=clock, limits=limits, name=name, privileged_intents=privileged_intents, token=token)
        self.limiter = RateLimiter(self.world.limits, clock)
        given = openapi or os.environ.get("DISCORD_OPENAPI") or None
        specification = Specification.load(Path(given)) if given else None
        self.gateway = Gateway(self.world)
        self.gateway.on_change = self._notify
        self.faults = Faults(self.gateway, on_hit=self._notify)
        self.api = Api(
            self.world,
            self.limiter,
            self.faults,
            specification,
            describe_gateway=self.gateway.describe,
            on_request=self._on_request,
        )
        self.gateway.complain, self.gateway.note = self.api.violations.append, self.api.refused.append
        if specification is not None:
            self.gateway.inspect = self.api.inspect
        self.page: Handler | None = None
        """Who answers `/` and `/page/…`, if anybody."""
        self.violations, self.rejected = self.api.violations, self.api.rejected
        self.requests, self.refused = self.api.requests, self.api.refused
        self._address = (host, port)
        self._doors: set[Door] = set()
        self._listener: asyncio.Server | None = None
        self._slow: web.Server | None = None
        self._waits: set[asyncio.Event] = set()
        self._watchers: list[Callable[[], None]] = []
        self.world.listen(self._heard)

    # life

    async def __aenter__(self) -> Self:
        self._slow = slow = web.Server(self._handle, access_log=None)

        def open_door() -> Door:
            return Door(self.api, self._doors, serve=slow)

        host, port = self._address
        self._listener = await asyncio.get_running_loop().create_server(open_door, host, port)
        host, port = self._listener.sockets[0].getsockname()[:2]
        self._address = (host, port)
        self.world.origin = self.origin
        self.gateway.url = f"ws://{host}:{port}/gateway"
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.gateway.close()
        self.world.deadlines.close()
        if self._listener is not None:
            self._listener.close()
        for door in list(self._doors):
            door.close()
        if self._slow is not None:
            self._slow.pre_shutdown()
            await self._slow.shutdown(0.5)
        if self._listener is not None:
            await self._listener.wait_closed()

    @property
    def token(self) -> str:
        """What the bot logs in with."""
        return self.world.application.token

    @property
    def specification(self) -> Specification | None:
        """What everything is checked against; None checks nothing."""
        return self.api.specification

    @specification.setter
    def specification(self, specification: Specification | None) -> None:
        self.api.specification = specification

    @property
    def most_bytes(self) -> int:
        """How large one request may be: ten files, each of which is measured on its own, and what is said of them."""
        return 10 * self.world.limits.attachment_bytes + (1 << 20)

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

    # trouble

    def outage(self) -> Fault:
        """Discord is down: requests get 503, the gateway is gone and lets no one in, until `recover`."""
        return self.faults.outage()

    def recover(self) -> None:
        self.faults.recover()

    def revoke_token(self) -> str:
        """Reset the bot's token: requests with the old one get 401, its sessions end with 4004. Returns the new one."""
        return self.gateway.revoke_token()

    def rate_limited(self) -> list[Seen]:
        """The requests that met a rate limit (429), without those that met a planned fault."""
        return [seen for seen in self.requests if seen.status == 429 and not seen.is_struck]

    # waiting

    async def wait_for(self, predicate: Callable[[], T], *, timeout: float = 60.0, what: str = "") -> T:
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

    def watch(self, changed: Callable[[], None]) -> None:
        """Call `changed` after every event and request."""
        self._watchers.append(changed)

    def unwatch(self, changed: Callable[[], None]) -> None:
        self._watchers.remove(changed)

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
        for watcher in self._watchers:
            watcher()

    # requests

    def _on_request(self) -> None:
        # Later, because the change that the request made may still be under way to those who look for it.
        if self._waits or self._watchers:
            asyncio.get_running_loop().call_soon(self._notify)

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """Whatever is not plain (see `door`): uploads, files, the gateway."""
        path = request.path
        if path.startswith("/api/"):
            return await self._answer(request, path)
        if path.startswith("/gateway"):
            return await self.gateway.serve(request)
        if self.page is not None and (path == "/" or path.startswith("/page/")):
            return await self.page(request)
        return files.serve(self.world, request)

    async def _answer(self, raw: web.BaseRequest, path: str) -> web.StreamResponse:
        api, uploads = self.api, list[Upload]()
        version, _, short = path.removeprefix("/api/").partition("/")
        short = f"/{short}"
        request = Request(raw.method, short, raw.headers.get("Authorization"), dict(raw.query), None, uploads)
        try:
            if version not in VERSIONS:
                raise wrong_version()
            body, media = await read_body(raw, uploads, most_bytes=self.most_bytes)
            request = request._replace(body=body, media=media)
        except ApiError as error:
            return to_aiohttp(api.refuse(request, error))
        except ValueError:
            return to_aiohttp(api.refuse(request, INVALID_JSON))
        fault = self.faults.strike(request.method, short)
        if seconds := self.faults.seconds_before_arrival(fault):
            await asyncio.sleep(seconds)
        response = api.answer(request, fault)
        return _cut(raw) if response is None else to_aiohttp(response)


def _cut(request: web.BaseRequest) -> web.StreamResponse:
    if request.transport is not None:
        request.transport.abort()
    return web.Response(status=500)
