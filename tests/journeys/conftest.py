"""A newsletter site, a Discord and the bot as a process, for stories that kill it."""

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from sandbox import Limits, Sandbox, Site
from tests.cogs.conftest import specification
from tests.journeys.scene import Scene, environment


@pytest.fixture
async def scene(tmp_path: Path, sqlite_template: Path) -> AsyncIterator[Scene]:
    async with Sandbox(limits=Limits.off(), openapi=specification()) as sandbox, Site() as site:
        sandbox.world.seed()
        shutil.copyfile(sqlite_template, tmp_path / "pressroom.db")
        yield Scene(sandbox, site, environment(sandbox, tmp_path), tmp_path)
        assert sandbox.violations == []
