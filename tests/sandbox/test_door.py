"""The wire of the REST door: plain requests answered on the spot, all others by aiohttp, on one connection."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import orjson
import pytest

from sandbox import Sandbox
from sandbox.model import Guild
from tests.sandbox.conftest import Rest


class Line:
    """One bare HTTP connection."""

    def __init__(self, sandbox: Sandbox, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.sandbox = sandbox
        self.reader = reader
        self.writer = writer

    def write(self, method: str, path: str, body: Any = None, **more: str) -> bytes:
        """A request as bytes."""
        raw = body if isinstance(body, bytes) else b"" if body is None else orjson.dumps(body)
        headers = {"host": "sandbox", "authorization": f"Bot {self.sandbox.token}"} | more
        if raw and "transfer-encoding" not in more:
            headers["content-length"] = str(len(raw))
        if raw:
            headers.setdefault("content-type", "application/json")
        lines = [f"{method} /api/v10{path} HTTP/1.1", *(f"{key}: {value}" for key, value in headers.items())]
        return "\r\n".join([*lines, "", ""]).encode() + raw

    async def read(self) -> tuple[int, dict[str, str], Any]:
        """The next answer: status, headers, JSON."""
        head = (await asyncio.wait_for(self.reader.readuntil(b"\r\n\r\n"), 30)).decode().split("\r\n")
        headers = {key.lower(): value for key, _, value in (line.partition(": ") for line in head[1:-2])}
        raw = await asyncio.wait_for(self.reader.readexactly(int(headers.get("content-length", 0))), 30)
        return int(head[0].split(" ")[1]), headers, orjson.loads(raw) if raw else None

    async def ask(self, *request: Any, **more: str) -> tuple[int, dict[str, str], Any]:
        self.writer.write(self.write(*request, **more))
        return await self.read()


@pytest.fixture
async def line(sandbox: Sandbox) -> AsyncIterator[Line]:
    reader, writer = await asyncio.open_connection("127.0.0.1", int(sandbox.origin.rpartition(":")[2]))
    yield Line(sandbox, reader, writer)
    writer.close()
    await writer.wait_closed()


async def test_a_plain_request_is_answered_with_discords_headers(line: Line, guild: Guild) -> None:
    status, headers, body = await line.ask("GET", f"/channels/{guild.channel('general').id}")
    assert (status, body["name"]) == (200, "general")
    assert headers["content-type"] == "application/json"
    assert headers["date"].endswith(" GMT")
    assert {"via", "x-ratelimit-limit", "x-ratelimit-bucket"} <= set(headers)
    status, headers, body = await line.ask("POST", f"/channels/{guild.channel('general').id}/typing")
    assert (status, body) == (204, None)
    assert "content-length" not in headers


async def test_requests_may_arrive_in_pieces_or_several_at_once(line: Line, guild: Guild) -> None:
    path = f"/channels/{guild.channel('general').id}/messages"
    first, second = line.write("POST", path, {"content": "one"}), line.write("POST", path, {"content": "two"})
    for start in range(0, len(first), 7):
        line.writer.write(first[start : start + 7])
        await asyncio.sleep(0)
    assert (await line.read())[2]["content"] == "one"
    line.writer.write(first + second)
    assert [(await line.read())[2]["content"] for _ in range(2)] == ["one", "two"]


async def test_a_body_that_is_no_json_is_refused(line: Line, guild: Guild) -> None:
    status, _, body = await line.ask("POST", f"/channels/{guild.channel('general').id}/messages", b"{no json")
    assert (status, body["code"]) == (400, 50109)
    assert line.sandbox.requests[-1].status == 400


async def test_path_and_query_are_decoded(line: Line, guild: Guild) -> None:
    channel = guild.channel("general")
    await line.sandbox.member("mia").say(channel, "hello")
    assert (await line.ask("GET", "/users/%40me"))[2]["username"] == "Pressbot"
    assert (await line.ask("GET", f"/channels/{channel.id}/messages?limit=1&after=%30"))[0] == 200


@pytest.mark.parametrize(
    ("body", "more"),
    [
        (b'15\r\n{"content":"chunked"}\r\n0\r\n\r\n', {"transfer-encoding": "chunked"}),
        ({"content": "chunked"}, {"connection": "close"}),
        (
            b'--x\r\nContent-Disposition: form-data; name="payload_json"\r\n\r\n{"content":"chunked"}\r\n--x--\r\n',
            {"content-type": "multipart/form-data; boundary=x"},
        ),
    ],
)
async def test_what_is_not_plain_is_understood_as_well(
    line: Line, guild: Guild, body: Any, more: dict[str, str]
) -> None:
    path = f"/channels/{guild.channel('general').id}/messages"
    assert (await line.ask("POST", path, {"content": "plain"}))[0] == 200
    line.writer.write(line.write("POST", path, body, **{"content-type": "application/json"} | more))
    status, _, message = await line.read()
    assert (status, message["content"]) == (200, "chunked")
    if more.get("connection") == "close":
        assert await asyncio.wait_for(line.reader.read(), 30) == b""
    else:
        assert (await line.ask("POST", path, {"content": "plain again"}))[2]["content"] == "plain again"
    assert guild.channel("general").history[0].text == "plain"


async def test_an_unknown_method_is_a_405_that_names_the_known_ones(line: Line) -> None:
    status, _, body = await line.ask("OPTIONS", "/users/@me")
    assert (status, body) == (
        405,
        {"message": "405: the sandbox knows /users/@me with GET, not with OPTIONS", "code": 0},
    )
    assert line.sandbox.violations == ["unknown route: OPTIONS /users/@me"]
    line.sandbox.violations.clear()


FORM = b'--x\r\nContent-Disposition: form-data; name="payload_json"\r\n\r\n{"topic":"x"}\r\n--x--\r\n'


@pytest.mark.parametrize(
    ("media", "raw"),
    [
        ("text/plain", b'{"topic":"x"}'),
        ("", b'{"topic":"x"}'),
        ("application/x-www-form-urlencoded", b"payload_json=%7B%22topic%22%3A%22x%22%7D"),
        ("multipart/form-data; boundary=x", FORM),
    ],
)
async def test_a_body_of_a_type_that_the_operation_does_not_take_is_refused(
    line: Line, guild: Guild, media: str, raw: bytes
) -> None:
    path = f"/channels/{guild.channel('general').id}"
    status, _, body = await line.ask("PATCH", path, raw, **{"content-type": media})
    assert (status, body["code"]) == (400, 50035)
    assert body["errors"]["_errors"] == [
        {
            "code": "CONTENT_TYPE_INVALID",
            "message": "Expected \"Content-Type\" header to be one of {'application/json'}.",
        }
    ]
    assert (await line.ask("PATCH", path, {"flags": 0}, **{"content-type": "Application/JSON; charset=utf-8"}))[
        0
    ] == 403


@pytest.mark.parametrize("form", [{"payload_json": '{"content": "with & and ="}'}, {"content": "with & and ="}])
async def test_messages_and_answers_may_be_url_encoded_forms(
    sandbox: Sandbox, rest: Rest, guild: Guild, form: dict[str, str]
) -> None:
    channel, headers = guild.channel("general"), {"Authorization": f"Bot {sandbox.token}"}
    url = f"{sandbox.api_url}/channels/{channel.id}/messages"
    async with rest.session.post(url, data=form, headers=headers) as response:
        assert response.request_info.headers["Content-Type"] == "application/x-www-form-urlencoded"
        message = await response.json()
        assert (response.status, message["content"]) == (200, "with & and =")
    async with rest.session.patch(f"{url}/{message['id']}", data=form, headers=headers) as response:
        assert response.status == 200
    async with rest.session.post(
        f"{sandbox.api_url}/interactions/1/unknown/callback", data={"payload_json": '{"type": 5}'}
    ) as response:
        assert (response.status, (await response.json())["code"]) == (404, 10062)


async def test_a_form_whose_payload_is_no_json_is_refused(sandbox: Sandbox, rest: Rest, guild: Guild) -> None:
    url = f"{sandbox.api_url}/channels/{guild.channel('general').id}/messages"
    headers = {"Authorization": f"Bot {sandbox.token}"}
    async with rest.session.post(url, data={"payload_json": "{no"}, headers=headers) as response:
        assert (response.status, (await response.json())["code"]) == (400, 50109)


@pytest.mark.parametrize("version", ["v6", "v7", "v8", "v11", "vx", "10", ""])
async def test_other_versions_of_the_interface_are_refused(sandbox: Sandbox, rest: Rest, version: str) -> None:
    headers = {"Authorization": f"Bot {sandbox.token}"}
    url = "/".join([f"{sandbox.origin}/api", *([version] if version else []), "users/@me"])
    async with rest.session.get(url, headers=headers) as response:
        assert (response.status, await response.json()) == (
            400,
            {"message": "Invalid API version provided", "code": 50041},
        )
    async with rest.session.get(f"{sandbox.origin}/api/v9/users/@me", headers=headers) as response:
        assert response.status == 200


async def test_the_ways_agree_on_files_and_faults(sandbox: Sandbox, rest: Rest, line: Line) -> None:
    assert (await line.ask("GET", "/users/@me"))[0] == 200
    sandbox.faults.fail("GET", "/users/@me", 503)
    assert (await line.ask("GET", "/users/@me"))[0] == 503
    assert (await line.ask("GET", "/users/@me"))[0] == 200
    assert (await rest("GET", "/users/@me"))[0] == 200
    async with rest.session.get(f"{sandbox.origin}/embed/avatars/0.png") as picture:
        assert picture.content_type == "image/png"


async def test_open_connections_do_not_keep_the_sandbox_from_ending() -> None:
    async with aiohttp.ClientSession() as session:
        async with Sandbox() as sandbox:
            sandbox.world.seed()
            assert (await Rest(sandbox, session)("GET", "/users/@me"))[0] == 200
        with pytest.raises(aiohttp.ClientError):
            await Rest(sandbox, session)("GET", "/users/@me")
