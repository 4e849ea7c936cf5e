"""A hub and the bot over real sockets: from the feed that names it to an issue that is there at once."""

import asyncio
import hmac
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import aiohttp
import pytest
from sqlalchemy import update
from yarl import URL

from bot.errors import StoreError
from bot.fetch import Fetcher
from bot.metrics import Metrics
from bot.model.member import Act
from bot.services import Guilds, Push, Sources, Subscriptions, WebSub
from bot.sources.feed import FeedSource
from bot.sources.hub import HttpHubCaller
from bot.store import Store
from bot.store.secret_box import SecretBox
from bot.store.tables import hub_leases
from bot.web.push import MOST_BYTES, serve_push
from sandbox import Site
from sandbox.hub import Hub
from tests.doubles import Channel, MovableClock, QuietBell
from tests.services.conftest import ADMIN
from tests.web.test_push import free_port, streamed

GUILD = 7001
TEXT = "# {title}\n\n- [A thing](https://things.example/1) - worth it\n"
SECRET = "of the hub and the bot"


@dataclass
class Wire:
    """The parts that a call of the hub passes."""

    site: Site
    hub: Hub
    sources: Sources
    subscriptions: Subscriptions
    websub: WebSub
    guilds: Guilds
    bell: QuietBell
    clock: MovableClock
    base: str
    store: Store
    secrets: SecretBox

    @property
    def callback(self) -> str:
        [subscriber] = self.hub.subscribers[self.site.feed_url].values()
        return subscriber.callback

    async def called_at(self, *, is_signed: bool) -> str:
        """Where the hub calls about a newsletter that is read and not due, as from an https hub where it signs."""
        await self.websub.renew_due()
        await self.hub.until(lambda: self.hub.subscribers.get(self.site.feed_url))
        if is_signed:
            async with self.store.write() as transaction:
                await transaction.execute(update(hub_leases).values(secret=self.secrets.seal(SECRET)))
        self.clock.move(timedelta(minutes=2))
        self.bell.rung.clear()
        return self.callback


@pytest.fixture
def clock() -> MovableClock:
    return MovableClock()


@pytest.fixture
async def wire(store: Store, clock: MovableClock, bell: QuietBell, tmp_path: Path) -> AsyncIterator[Wire]:
    port, hub = await free_port(), Hub()
    secrets = SecretBox(tmp_path / "secret.key")
    base = f"http://127.0.0.1:{port}"
    async with (
        Fetcher(timeout_seconds=5, max_bytes=1_000_000, allow_private_addresses=True) as fetcher,
        Site(hub=hub) as site,
    ):
        sources = Sources(
            store,
            reader=FeedSource(fetcher, pause_seconds=0),
            secrets=secrets,
            clock=clock,
            interval=timedelta(minutes=10),
            metrics=Metrics(),
            announcer=Channel(),
        )
        subscriptions = Subscriptions(
            store,
            reader=FeedSource(fetcher, pause_seconds=0),
            secrets=secrets,
            clock=clock,
            interval=timedelta(minutes=10),
        )
        websub = WebSub(store, caller=HttpHubCaller(fetcher), clock=clock, secrets=secrets, public_url=base)
        push = Push(store, clock=clock, secrets=secrets, public_url=base)
        guilds = Guilds(store)
        async with serve_push("127.0.0.1", port, push=push, websub=websub):
            await guilds.remember(GUILD, name="Wired")
            site.publish_markdown(TEXT.format(title="One"))
            await subscriptions.subscribe(Act(GUILD, ADMIN, 1), url=site.feed_url, channel_id=8001)
            await sources.read_due()
            yield Wire(site, hub, sources, subscriptions, websub, guilds, bell, clock, base, store, secrets)


async def test_an_issue_is_there_as_soon_as_its_hub_says_so(wire: Wire) -> None:
    await wire.websub.renew_due()
    await wire.hub.until(lambda: wire.hub.subscribers.get(wire.site.feed_url))
    assert {hub.url for hub in (await wire.guilds.status(GUILD)).hubs.values()} == {f"{wire.site.url}/hub"}
    wire.clock.move(timedelta(minutes=2))
    asked = wire.site.requests["/feed.xml"]
    await wire.sources.read_due()
    assert wire.site.requests["/feed.xml"] == asked, "not due by itself"
    wire.bell.rung.clear()
    wire.site.publish_markdown(TEXT.format(title="Two"))
    await wire.hub.until(lambda: wire.hub.told.get(wire.site.feed_url))
    assert wire.bell.rung == ["sources"]
    await wire.sources.read_due()
    assert wire.site.requests["/feed.xml"] == asked + 1


async def test_when_the_server_stops_reading_the_hub_tells_no_more(wire: Wire) -> None:
    await wire.websub.renew_due()
    await wire.hub.until(lambda: wire.hub.subscribers.get(wire.site.feed_url))
    callback = wire.callback
    [source] = (await wire.guilds.status(GUILD)).sources
    await wire.subscriptions.unsubscribe(Act(GUILD, ADMIN, 2), source.source_id)
    await wire.websub.renew_due()
    await wire.hub.until(lambda: not wire.hub.subscribers[wire.site.feed_url])
    async with aiohttp.ClientSession() as http, http.post(callback, data=b"late") as response:
        assert response.status == 410


async def test_what_was_not_asked_for_is_answered_so(wire: Wire) -> None:
    await wire.websub.renew_due()
    await wire.hub.until(lambda: wire.hub.subscribers.get(wire.site.feed_url))
    asked = {"hub.mode": "subscribe", "hub.topic": wire.site.feed_url, "hub.lease_seconds": "600"}
    nobody = f"{wire.base}/websub/{'x' * 43}"
    async with aiohttp.ClientSession() as http:
        for url, query, status in (
            (wire.callback, {**asked, "hub.challenge": "<b>once</b>"}, 200),
            (wire.callback, {**asked, "hub.topic": "https://other.example/", "hub.challenge": "x"}, 404),
            (wire.callback, {**asked, "hub.mode": "unsubscribe", "hub.challenge": "x"}, 404),
            (wire.callback, asked, 400),
            (wire.callback, {**asked, "hub.challenge": "x" * 3000}, 400),
            (nobody, {**asked, "hub.challenge": "x"}, 404),
        ):
            async with http.get(url, params=query) as response:
                assert response.status == status, query
                if status == 200:
                    assert await response.text() == "<b>once</b>"
                    assert response.content_type == "text/plain"
                    assert response.headers["X-Content-Type-Options"] == "nosniff"
        async with http.post(nobody, data=b"x") as response:
            assert response.status == 410


@pytest.mark.parametrize(
    ("is_signed", "size", "status"),
    [(False, MOST_BYTES + 1, 202), (True, MOST_BYTES, 202), (True, MOST_BYTES + 1, 413)],
)
async def test_a_large_body_is_taken_and_a_too_large_one_only_where_it_is_not_read(
    wire: Wire, *, is_signed: bool, size: int, status: int
) -> None:
    callback, body = await wire.called_at(is_signed=is_signed), b"x" * size
    signed = {"X-Hub-Signature": f"sha256={hmac.new(SECRET.encode(), body, 'sha256').hexdigest()}"}
    async with aiohttp.ClientSession() as http, http.post(callback, data=streamed(body), headers=signed) as response:
        assert response.status == status
    assert wire.bell.rung == ["sources"] * (status == 202)


@pytest.mark.parametrize(("is_signed", "status"), [(False, 202), (True, 413)])
async def test_a_hub_that_says_how_much_too_much_it_sends_is_answered_before_any_of_it_came(
    wire: Wire, *, is_signed: bool, status: int
) -> None:
    url = URL(await wire.called_at(is_signed=is_signed))
    reader, writer = await asyncio.open_connection(url.host, url.port)
    headers = f"Host: desk.example\r\nX-Hub-Signature: sha256=00\r\nContent-Length: {MOST_BYTES + 1}\r\n"
    writer.write(f"POST {url.path} HTTP/1.1\r\n{headers}\r\n".encode())
    assert str(status).encode() in await reader.readline()
    writer.close()


async def test_while_nothing_can_be_stored_the_hub_is_asked_to_call_again(
    wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def gone(*_: object, **__: object) -> None:
        raise StoreError("gone")

    monkeypatch.setattr(wire.websub, "take", gone)
    monkeypatch.setattr(wire.websub, "confirm", gone)
    address = f"{wire.base}/websub/{'x' * 43}"
    async with aiohttp.ClientSession() as http:
        async with http.post(address, data=b"x") as response:
            assert response.status == 503
        async with http.get(address, params={"hub.mode": "subscribe", "hub.challenge": "x"}) as response:
            assert response.status == 503
