"""`python -m sandbox serve` in a process of its own."""

import asyncio
import signal
import sys
from argparse import ArgumentTypeError
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import orjson
import pytest

from sandbox.events import GUILD_MEMBERS, KNOWN, MESSAGE_CONTENT
from sandbox.serve import intents
from sandbox.serve import token as read_token

TOKEN = "MTIzNDU2Nzg5MDEyMzQ1Njc4.abcdef.kept-for-all-runs"


@asynccontextmanager
async def served(*options: str) -> AsyncIterator[dict[str, Any]]:
    """What the process says of itself; in the end it is interrupted, and must have said nothing more."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "sandbox", "serve", "--port", "0", *options,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE, cwd=Path(__file__).parents[2],
    )  # fmt: skip
    assert process.stdout is not None
    line = await asyncio.wait_for(process.stdout.readline(), 30)
    try:
        assert line.endswith(b"\n"), await process.communicate()
        yield orjson.loads(line)
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGINT)
        rest, told = await asyncio.wait_for(process.communicate(), 30)
    assert (process.returncode, rest) == (0, b""), told


async def test_serve_prints_one_line_of_json_with_all_that_a_bot_needs() -> None:
    async with served() as said, aiohttp.ClientSession() as session:
        headers = {"Authorization": f"Bot {said['token']}"}

        async def ask(path: str) -> Any:
            async with session.get(f"{said['api_url']}{path}", headers=headers) as response:
                assert response.status == 200, path
                return await response.json()

        assert (await ask("/users/@me"))["id"] == said["bot_id"]
        assert (await ask("/applications/@me"))["id"] == said["application_id"]
        assert (await ask("/gateway"))["url"] == said["gateway_url"]
        assert (await ask(f"/guilds/{said['guild_id']}"))["name"] == said["guild_name"]
        channels = await ask(f"/guilds/{said['guild_id']}/channels")
        assert {one["name"]: one["id"] for one in channels} == said["channels"]
        roles = await ask(f"/guilds/{said['guild_id']}/roles")
        assert {one["name"]: one["id"] for one in roles} == said["roles"]
        assert (await ask(f"/users/{said['members']['mia']}"))["username"] == "mia"
        assert said["intents"] == []
        async with session.get(said["feeds"]["rss"]) as response:
            assert "Can a spreadsheet dream?" in await response.text()
        async with session.get(f"{said['cdn_url']}/embed/avatars/0.png") as response:
            assert response.content_type == "image/png"


async def test_serve_takes_a_token_and_the_intents_of_the_application() -> None:
    async with served("--token", TOKEN, "--intents", "GuildMembers,message-content") as said:
        assert (said["token"], said["bot_id"]) == (TOKEN, "123456789012345678")
        assert said["intents"] == ["guild_members", "message_content"]
        async with aiohttp.ClientSession() as session, session.ws_connect(f"{said['gateway_url']}?v=10") as socket:
            await socket.receive(timeout=60)
            bits = 1 | GUILD_MEMBERS | MESSAGE_CONTENT
            await socket.send_json({"op": 2, "d": {"token": TOKEN, "intents": bits, "properties": {}}})
            ready = await socket.receive_json(timeout=60)
            assert (ready["t"], ready["d"]["application"]["flags"]) == ("READY", 1 << 15 | 1 << 19)


def test_intents_are_read_in_the_spelling_of_any_library() -> None:
    for text in ("guild_members", "GUILD_MEMBERS", "GuildMembers", "guild-members", "members", "2"):
        assert intents(text) == GUILD_MEMBERS
    assert intents("members, message_content") == GUILD_MEMBERS | MESSAGE_CONTENT
    assert (intents("all"), intents("none"), intents("")) == (KNOWN, 0, 0)
    for text in ("memberz", "4194304", "1073741824"):
        with pytest.raises(ArgumentTypeError):
            intents(text)


@pytest.mark.parametrize("text", ["", "two words", "línea", "a\nb"])
def test_a_token_that_no_header_can_carry_is_refused(text: str) -> None:
    with pytest.raises(ArgumentTypeError):
        read_token(text)
