"""`python -m sandbox serve` in a process of its own."""

import asyncio
import re
import signal
import sys
from pathlib import Path

import aiohttp


async def test_serve_prints_addresses_and_token_and_ends_on_interrupt() -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "sandbox", "serve", "--port", "0",
        stdout=asyncio.subprocess.PIPE, cwd=Path(__file__).parents[2],
    )  # fmt: skip
    assert process.stdout is not None
    printed = ""
    while "Ctrl-C" not in printed:
        line = (await asyncio.wait_for(process.stdout.readline(), 10)).decode()
        assert line, f"ended after: {printed}"
        printed += line
    found = dict(re.findall(r"^(API|token|feeds) +(\S+)", printed, re.MULTILINE))
    async with aiohttp.ClientSession() as session:
        headers = {"Authorization": f"Bot {found['token']}"}
        async with session.get(f"{found['API']}/users/@me", headers=headers) as response:
            assert (await response.json())["username"] == "Pressbot"
        async with session.get(found["feeds"]) as response:
            assert "Can a spreadsheet dream?" in await response.text()
    process.send_signal(signal.SIGINT)
    assert await asyncio.wait_for(process.wait(), 10) == 0
