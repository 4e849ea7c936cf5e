"""The page's door without a browser: who is let in, what people may ask by REST, and what a tab may say."""

import io
from collections.abc import AsyncIterator

import aiohttp
import pytest

from sandbox import Limits, Sandbox, posting
from sandbox.drafts import Draft
from sandbox.web import Page


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with Sandbox(limits=Limits.off()) as sandbox:
        sandbox.world.seed()
        async with Page(sandbox, hosts=["desk.example"]):
            yield sandbox


@pytest.fixture
async def client() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as client:
        yield client


def channel(sandbox: Sandbox, name: str) -> int:
    return next(iter(sandbox.world.guilds.values())).channel(name).id


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("localhost:1", 200),
        ("127.0.0.1", 200),
        ("127.8.9.1:80", 200),
        ("[::1]:8765", 200),
        ("desk.example:8765", 200),
        ("DESK.example", 200),
        ("evil.example", 403),
        ("127.0.0.1.evil.example", 403),
        ("10.0.0.1", 403),
        ("localhost.evil.example", 403),
        ("", 403),
        ("[", 403),
    ],
)
async def test_the_page_answers_under_its_own_names_only(
    sandbox: Sandbox, client: aiohttp.ClientSession, host: str, status: int
) -> None:
    for path in ("/", "/page/main.js"):
        async with client.get(f"{sandbox.origin}{path}", headers={"Host": host}) as response:
            assert response.status == status
    if status == 403:
        with pytest.raises(aiohttp.WSServerHandshakeError):
            await client.ws_connect(f"{sandbox.origin}/page/socket", headers={"Host": host})


async def test_no_other_page_may_open_a_socket_or_ask_by_rest(sandbox: Sandbox, client: aiohttp.ClientSession) -> None:
    for origin in ("https://evil.example", "http://127.0.0.1:1", "null", "http://["):
        headers = {"Origin": origin, "Authorization": f"Person {sandbox.member('mia').id}"}
        with pytest.raises(aiohttp.WSServerHandshakeError):
            await client.ws_connect(f"{sandbox.origin}/page/socket", headers=headers)
        async with client.post(f"{sandbox.origin}/page/uploads", data=b"x", headers=headers) as response:
            assert response.status == 403
        address = f"{sandbox.origin}/page/api/v10/channels/{channel(sandbox, 'general')}/messages"
        async with client.post(address, json={"content": "x"}, headers=headers) as response:
            assert response.status == 403
    assert sandbox.member("mia").see("general") == []


async def test_people_ask_by_the_bots_routes_with_their_own_rights(
    sandbox: Sandbox, client: aiohttp.ClientSession
) -> None:
    base = f"{sandbox.origin}/page/api/v10"
    mia = {"Authorization": f"Person {sandbox.member('mia').id}"}
    general, review, news = (channel(sandbox, name) for name in ("general", "review", "news"))
    async with client.post(f"{base}/channels/{general}/messages", json={"content": "hello"}, headers=mia) as response:
        assert response.status == 200
        said = await response.json()
    assert said["author"]["username"] == "mia"
    async with client.get(f"{base}/channels/{general}/messages?limit=5", headers=mia) as response:
        assert [message["content"] for message in await response.json()] == ["hello"]
    for method, path, status in (
        ("GET", f"/channels/{review}/messages", 403),
        ("POST", f"/channels/{news}/messages", 403),
        ("GET", "/users/@me", 404),
        ("GET", "/nowhere", 404),
        ("DELETE", f"/channels/{general}/messages/{said['id']}", 204),
    ):
        body = {"content": "x"} if method == "POST" else None
        async with client.request(method, base + path, json=body, headers=mia) as response:
            assert (path, response.status) == (path, status)
    async with client.post(f"{base}/channels/{general}/messages", data=b"{", headers=mia) as response:
        assert response.status == 400
    ideas = channel(sandbox, "ideas")
    for path, odd in (
        (f"/channels/{general}/messages", ["x"]),
        (f"/channels/{general}/messages", {"content": "x", "message_reference": {}}),
        (f"/channels/{ideas}/threads", {"name": "x"}),
        (f"/channels/{ideas}/threads", {"name": 5, "message": {"content": "x"}}),
    ):
        async with client.post(base + path, json=odd, headers=mia) as response:
            assert (odd, response.status) == (odd, 400)
    async with client.get(f"{base}/channels/{general}/messages?before=undefined", headers=mia) as response:
        assert response.status == 400
    for stranger in ("", "Person 1", f"Person {sandbox.world.bot.id}", f"Bot {sandbox.token}", "Person x"):
        headers = {"Authorization": stranger}
        async with client.get(f"{base}/channels/{general}/messages", headers=headers) as response:
            assert response.status == 401
    assert list(sandbox.requests) == [], "what people do is not counted as the bot's"


async def test_a_file_waits_once_and_a_large_one_is_refused(sandbox: Sandbox, client: aiohttp.ClientSession) -> None:
    async with client.post(f"{sandbox.origin}/page/uploads?name=a.txt", data=b"abc") as response:
        assert (await response.json())["upload"]
    too_large = b"x" * (sandbox.world.limits.attachment_bytes + 1)
    async with client.post(f"{sandbox.origin}/page/uploads?name=b.txt", data=io.BytesIO(too_large)) as response:
        assert response.status == 413
        assert "choose a smaller file" in (await response.json())["message"]


async def test_a_tab_is_answered_in_sentences_whatever_it_says(sandbox: Sandbox, client: aiohttp.ClientSession) -> None:
    async with client.ws_connect(f"{sandbox.origin}/page/socket") as socket:
        for said, words in (
            ("rubbish", "Reload it"),
            ("[]", "Reload it"),
            ('{"n": 1, "ask": "nothing"}', "Reload it"),
            ('{"n": 1, "ask": "open", "channel": "1"}', "Choose first whom you act as"),
            ('{"n": 1, "ask": "act_as", "person": "x"}', "no longer exists"),
        ):
            await socket.send_str(said)
            assert words in (await socket.receive_json(timeout=60))["error"]
        await socket.send_json({"n": 2, "ask": "act_as"})
        answer = (await socket.receive_json(timeout=60))["answer"]
        assert answer["panel"] is None
        assert "review" not in [one["name"] for one in answer["server"]["channels"]], "seen with a member's eyes"
        for given, words in (
            ({"ask": "open", "channel": str(channel(sandbox, "review"))}, "You cannot see that channel"),
            (
                {"ask": "press", "channel": str(channel(sandbox, "general")), "message": "1", "custom_id": "x"},
                "message",
            ),
            ({"ask": "submit", "form": "1", "values": {}}, "open it again"),
            ({"ask": "panel", "act": "bot", "given": {"what": "kill"}}, "no panel"),
            ({"ask": "open"}, "Reload it"),
            (
                {"ask": "slash", "channel": str(channel(sandbox, "general")), "path": "x", "options": "odd"},
                "Reload it",
            ),
        ):
            await socket.send_json({"n": 3, **given})
            assert words in (await socket.receive_json(timeout=60))["error"]


async def test_an_ephemeral_message_reaches_its_reader_alone(sandbox: Sandbox, client: aiohttp.ClientSession) -> None:
    general = next(iter(sandbox.world.guilds.values())).channel("general")
    async with (
        client.ws_connect(f"{sandbox.origin}/page/socket") as mia,
        client.ws_connect(f"{sandbox.origin}/page/socket") as nils,
    ):
        for socket, name in ((mia, "mia"), (nils, "nils")):
            await socket.send_json({"n": 1, "ask": "act_as", "person": str(sandbox.member(name).id)})
            await socket.receive_json(timeout=60)
        posting.post(sandbox.world, general, sandbox.world.bot, Draft("secret"), only_for=sandbox.member("mia").id)
        await sandbox.member("mara").say("general", "public")
        heard = [(await mia.receive_json(timeout=60))["view"]["message"]["content"] for _ in range(2)]
        assert heard == ["secret", "public"]
        assert (await nils.receive_json(timeout=60))["view"]["message"]["content"] == "public"


async def test_without_a_page_the_sandbox_serves_none(client: aiohttp.ClientSession) -> None:
    async with Sandbox() as sandbox, client.get(f"{sandbox.origin}/") as response:
        assert response.status == 404
