"""A WebSub hub for the newsletter's site: takes subscriptions, asks back whether they were meant, tells of changes."""

import asyncio
import contextlib
import hmac
import secrets
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from urllib.parse import urlencode

import aiohttp
from aiohttp import web

_LEASE_SECONDS = 3600
_CALL_SECONDS = 5.0


@dataclass(slots=True)
class Subscriber:
    """Who wants to be told of a topic, and the secret it wants the calls to be signed with."""

    callback: str
    secret: str


@dataclass(slots=True)
class Hub:
    """Subscribers by topic. `told` counts the calls that were taken, by topic."""

    subscribers: dict[str, dict[str, Subscriber]] = field(default_factory=dict)
    told: dict[str, int] = field(default_factory=dict)
    _calls: set[asyncio.Task[None]] = field(default_factory=set)
    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    async def handle(self, request: web.BaseRequest) -> web.Response:
        """Take a wish; it counts once the subscriber has confirmed it."""
        form = await request.post()
        wish = {name: str(value) for name, value in form.items()}
        if wish.get("hub.mode") not in {"subscribe", "unsubscribe"} or not wish.get("hub.callback"):
            return web.Response(status=400, text="hub.mode and hub.callback are needed")
        self._start(self._confirm(wish))
        return web.Response(status=202)

    def tell(self, bodies: Mapping[str, bytes]) -> None:
        """Hand the new content of these topics to everybody who wants it."""
        for topic, body in bodies.items():
            for subscriber in list(self.subscribers.get(topic, {}).values()):
                self._start(self._call(topic, subscriber, body))

    async def until(self, condition: Callable[[], object], *, seconds: float = 10.0) -> None:
        """Wait until something has become true by what subscribers answered. Raises TimeoutError."""
        async with asyncio.timeout(seconds):
            while not condition():
                self._changed.clear()
                await self._changed.wait()

    async def close(self) -> None:
        """Break off what is under way."""
        for call in self._calls:
            call.cancel()
        await asyncio.gather(*self._calls, return_exceptions=True)

    def _start(self, work: Coroutine[None, None, None]) -> None:
        call = asyncio.create_task(work)
        self._calls.add(call)
        call.add_done_callback(self._calls.discard)

    async def _confirm(self, wish: dict[str, str]) -> None:
        challenge = secrets.token_hex(16)
        topic, callback = wish.get("hub.topic", ""), wish["hub.callback"]
        asked = {"hub.mode": wish["hub.mode"], "hub.topic": topic, "hub.challenge": challenge}
        if wish["hub.mode"] == "subscribe":
            asked["hub.lease_seconds"] = str(min(int(wish.get("hub.lease_seconds") or _LEASE_SECONDS), _LEASE_SECONDS))
        async with self._session() as session:
            with contextlib.suppress(aiohttp.ClientError, TimeoutError):
                async with session.get(f"{callback}?{urlencode(asked)}") as answer:
                    if answer.status == 200 and await answer.text() == challenge:
                        self._remember(wish, topic, callback)

    def _remember(self, wish: dict[str, str], topic: str, callback: str) -> None:
        wanted = self.subscribers.setdefault(topic, {})
        if wish["hub.mode"] == "subscribe":
            wanted[callback] = Subscriber(callback, wish.get("hub.secret", ""))
        else:
            wanted.pop(callback, None)
        self._changed.set()

    async def _call(self, topic: str, subscriber: Subscriber, body: bytes) -> None:
        signature = hmac.new(subscriber.secret.encode(), body, "sha256").hexdigest()
        headers = {"X-Hub-Signature": f"sha256={signature}"} if subscriber.secret else {}
        async with self._session() as session:
            with contextlib.suppress(aiohttp.ClientError, TimeoutError):
                async with session.post(subscriber.callback, data=body, headers=headers) as answer:
                    if answer.status == 410:
                        self.subscribers.get(topic, {}).pop(subscriber.callback, None)
                    elif answer.ok:
                        self.told[topic] = self.told.get(topic, 0) + 1
                    self._changed.set()

    @staticmethod
    def _session() -> aiohttp.ClientSession:
        return aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=_CALL_SECONDS))
