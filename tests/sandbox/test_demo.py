"""`make demo` where the bot does not come up."""

import asyncio
import os
import signal
import sys

import pytest

from sandbox import stage
from sandbox.demo import show


async def test_a_bot_that_ends_is_told_with_its_last_words_and_the_page_stays(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(stage, "BOT", (sys.executable, "-c", "raise SystemExit('There is no database here.')"))
    showing = asyncio.create_task(show(issue=None, port=0))
    said = ""
    async with asyncio.timeout(60):
        while "no database here" not in said:
            await asyncio.wait({showing}, timeout=0.05)
            assert not showing.done()
            said += capsys.readouterr().out
    assert "broke off: the bot ended" in said
    os.kill(os.getpid(), signal.SIGTERM)
    assert await showing == 0
