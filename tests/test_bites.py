"""Long work beside people who wait."""

import asyncio
import shutil
import time
from pathlib import Path

import pytest

from bot import bites as rules
from bot.bites import Bites
from bot.importing import import_issues
from bot.settings import Settings
from sandbox import Sandbox


def work(seconds: float) -> None:
    until = time.perf_counter() + seconds
    while time.perf_counter() < until:
        pass


def test_a_rest_is_longer_than_the_bite_before_it() -> None:
    rests: list[float] = []
    bites = Bites()
    work(0.005)
    bites.rest_in_thread(rests.append)
    [rest] = rests
    assert rest >= 2 * 0.005


def test_a_rest_has_a_limit_however_long_the_bite_was() -> None:
    rests: list[float] = []
    bites = Bites()
    work(0.05)
    bites.rest_in_thread(rests.append)
    assert rests == [0.02]


async def test_others_go_on_meanwhile() -> None:
    bites = Bites()
    work(0.005)
    began = time.perf_counter()
    await bites.rest()
    assert time.perf_counter() - began >= 0.009


async def test_an_import_goes_through_without_rests(
    sqlite_template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rules, "_BITE_SECONDS", 0.0)
    monkeypatch.setattr(rules, "_REST", 1e9)
    monkeypatch.setattr(rules, "_MOST_REST_SECONDS", 3_600.0)
    shutil.copyfile(sqlite_template, tmp_path / "pressroom.db")
    (tmp_path / "loaf.md").write_text("# Loaf\n\n## Bread\n\n- Rye - is back. ([link](https://rye.example/))\n")
    settings = Settings.load(database_url=f"sqlite:///{tmp_path}/pressroom.db", discord_token=Sandbox().token)
    async with asyncio.timeout(60):
        imported = await import_issues(
            [str(tmp_path / "loaf.md")], source_url="https://news.example/feed", site=None, settings=settings
        )
    assert imported.new == 1
