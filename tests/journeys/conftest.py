"""A newsletter site, a Discord and the bot as a process, for stories that kill it."""

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from sandbox import Limits, Sandbox, Site
from tests.cogs.conftest import specification
from tests.history.recording import recording
from tests.journeys.scene import Scene, environment


@pytest.fixture
def story_database(request: pytest.FixtureRequest, tmp_path: Path, sqlite_template: Path) -> str:
    """The story's: PostgreSQL where the test asks for that too, which is there until the story was judged."""
    if "postgres_database" in request.fixturenames:
        return str(request.getfixturevalue("postgres_database"))
    shutil.copyfile(sqlite_template, tmp_path / "pressroom.db")
    return f"sqlite:///{tmp_path}/pressroom.db"


@pytest.fixture
async def scene(tmp_path: Path, story_database: str) -> AsyncIterator[Scene]:
    """Judged at its end, with all that happened in it."""
    async with Sandbox(limits=Limits.off(), openapi=specification()) as sandbox, Site() as site:
        sandbox.world.seed()
        settings = environment(sandbox, tmp_path, story_database)
        with recording(sandbox) as recorder:
            scene = Scene(sandbox, site, settings, tmp_path, recorder)
            yield scene
        assert sandbox.violations == []
        assert await scene.judged() == []
