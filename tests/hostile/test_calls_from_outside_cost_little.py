"""Anybody may call where platforms and hubs do: what is sent along is not kept, and nobody waits for half a call."""

import asyncio
import base64
import hmac
import io
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path

import aiohttp
import pytest
from sqlalchemy import select

from bot.model.member import Act
from bot.services import Guilds, Push, Subscriptions, WebSub
from bot.store import Store
from bot.store.secret_box import SecretBox
from bot.store.tables import push_hooks
from bot.web.push import BODY_SECONDS, serve_push
from tests.doubles import AskedHub, MovedClock, Shelf, sent
from tests.services.conftest import ADMIN, GUILD
from tests.web.test_push import free_port

KEY = b"0123456789abcdef0123456789abcdef"
SECRET = "whsec_" + base64.b64encode(KEY).decode()
LARGE = b"x" * 3_000_000
HALF = "POST /hooks/{token} HTTP/1.1\r\nHost: desk.example\r\n{headers}Content-Length: 100\r\n\r\nhalf of it"


class Door:
    """The listener, and what stands behind it."""

    def __init__(self, store: Store, clock: MovedClock, key_file: Path) -> None:
        self.store, self.clock = store, clock
        self._secrets = SecretBox(key_file)
        self.push = Push(store, clock=self.clock, secrets=self._secrets, public_url="https://desk.example")
        self._websub = WebSub(
            store,
            caller=AskedHub(),
            clock=self.clock,
            secrets=self._secrets,
            public_url="https://desk.example",
        )

    async def hooked(self, secret: str | None) -> str:
        await Guilds(self.store).remember(GUILD, name="Server")
        await Subscriptions(
            self.store,
            reader=Shelf(),
            secrets=self._secrets,
            clock=self.clock,
            interval=timedelta(minutes=10),
        ).subscribe(Act(GUILD, ADMIN, 1), url="https://news.example/feed", channel_id=8001)
        hooked = await self.push.open(Act(GUILD, ADMIN, 2), 1, secret=secret)
        return hooked.address.rpartition("/")[2]

    @asynccontextmanager
    async def opened(self, *, body_seconds: float = BODY_SECONDS) -> AsyncIterator[int]:
        port = await free_port()
        async with serve_push("127.0.0.1", port, push=self.push, websub=self._websub, body_seconds=body_seconds):
            yield port

    async def called_at(self) -> datetime | None:
        async with self.store.read() as transaction:
            at: datetime | None = (await transaction.execute(select(push_hooks.c.called_at))).scalar_one()
        return at

    def signed(self, body: bytes, *, call: str) -> dict[str, str]:
        at = str(int(self.clock.now().timestamp()))
        signature = hmac.new(KEY, f"{call}.{at}.".encode() + body, "sha256").digest()
        value = "v1," + base64.b64encode(signature).decode()
        return {"Webhook-Id": call, "Webhook-Timestamp": at, "Webhook-Signature": value}


@pytest.fixture
def door(store: Store, clock: MovedClock, tmp_path: Path) -> Door:
    return Door(store, clock, tmp_path / "secret.key")


@pytest.mark.parametrize("secret", [None, SECRET], ids=["unsigned", "signed"])
async def test_a_whole_issue_sent_along_is_taken_whatever_its_size(door: Door, secret: str | None) -> None:
    token = await door.hooked(secret)
    headers = door.signed(LARGE, call="one") if secret else {}
    async with (
        door.opened() as port,
        aiohttp.ClientSession() as http,
        http.post(f"http://127.0.0.1:{port}/hooks/{token}", data=io.BytesIO(LARGE), headers=headers) as response,
    ):
        assert response.status == 202


async def test_a_post_with_all_its_revisions_is_taken_from_ghost_and_nothing_of_it_is_logged(
    door: Door, caplog: pytest.LogCaptureFixture
) -> None:
    phrase, body = "honey and wax, 24 jars", b'{"post":{"current":"for members only"}}' + b" " * 8_300_000
    token = await door.hooked(phrase)
    at = str(int(door.clock.now().timestamp() * 1000))
    signature = f"sha256={hmac.new(phrase.encode(), body + at.encode(), 'sha256').hexdigest()}, t={at}"
    async with door.opened() as port, aiohttp.ClientSession() as http:
        for value, status in ((signature, 202), (signature, 403), ("sha256=0, t=0", 403)):
            headers = {"x-ghost-signature": value}
            address = f"http://127.0.0.1:{port}/hooks/{token}"
            async with http.post(address, data=io.BytesIO(body), headers=headers) as response:
                assert response.status == status
    assert "members only" not in caplog.text
    assert phrase not in caplog.text


async def test_every_address_that_nobody_opened_may_be_forgotten_by_who_calls(door: Door) -> None:
    async with door.opened() as port, aiohttp.ClientSession() as http:
        for token, status in (("x" * 43, 410), ("-_" * 21 + "A", 410), ("x" * 42, 404)):
            async with http.post(f"http://127.0.0.1:{port}/hooks/{token}", data=io.BytesIO(LARGE)) as response:
                assert response.status == status


async def test_an_unsigned_call_is_answered_before_its_body_came(door: Door) -> None:
    token = await door.hooked(None)
    async with door.opened() as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(HALF.format(token=token, headers="").encode())
        assert b"202" in await reader.readline()
        writer.close()


@pytest.mark.parametrize("token", [None, "nobody's" + "x" * 35], ids=["signed", "nobody's"])
async def test_a_stop_waits_for_nobody_who_sends_half(door: Door, token: str | None) -> None:
    headers = "".join(f"{name}: {value}\r\n" for name, value in door.signed(b"", call="one").items())
    token = token or await door.hooked(SECRET)
    async with door.opened(body_seconds=3_600) as port:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(HALF.format(token=token, headers=headers).encode())
        await writer.drain()
        # Answered only after the half call has been read.
        async with aiohttp.ClientSession() as http, http.get(f"http://127.0.0.1:{port}/") as other:
            assert other.status == 404
    writer.close()


@pytest.mark.parametrize("half", [HALF[:40], HALF], ids=["half a head", "half a body"])
async def test_who_sends_half_is_not_waited_for(door: Door, half: str) -> None:
    token = await door.hooked(SECRET)
    headers = "".join(f"{name}: {value}\r\n" for name, value in door.signed(b"", call="one").items())
    async with door.opened(body_seconds=0.1) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(half.format(token=token, headers=headers).encode())
        answer = await reader.read()  # until the connection is closed
        writer.close()
    assert answer == b"" if half != HALF else b"408" in answer.splitlines()[0]
    assert await door.called_at() is None


@pytest.mark.parametrize("secret", [None, SECRET], ids=["unsigned", "signed"])
async def test_many_calls_write_once_while_one_waits_to_be_followed(door: Door, secret: str | None) -> None:
    token = await door.hooked(secret)
    first = door.clock.now()
    for number in range(5):
        await door.push.take(token, door.signed(b"", call=f"{number}") if secret else {}, sent(b""))
        door.clock.move(timedelta(seconds=5))
    assert await door.called_at() == first
    door.clock.move(timedelta(minutes=2))
    await door.push.take(token, door.signed(b"", call="late") if secret else {}, sent(b""))
    assert await door.called_at() == door.clock.now()


def test_half_a_call_is_waited_for_ten_seconds() -> None:
    assert BODY_SECONDS == 10
