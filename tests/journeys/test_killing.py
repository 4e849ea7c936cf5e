"""Killed anywhere, with fixed seeds: one message, one thread, every time. `make soak` tells hundreds of these."""

from pathlib import Path

import pytest

from tests.journeys.killing import Plan, stage, told

pytestmark = pytest.mark.journey


@pytest.mark.parametrize("seed", range(30))
async def test_killed_wherever_the_dice_say_every_message_is_there_once(seed: int, tmp_path: Path) -> None:
    async with stage(tmp_path) as scene:
        outcome = await told(scene, Plan.of(seed))
        assert outcome.wrong == [], outcome
        assert scene.sandbox.violations == []


@pytest.mark.parametrize("seed", range(100, 106))
async def test_on_postgresql_too(seed: int, tmp_path: Path, postgres_database: str) -> None:
    async with stage(tmp_path, database_url=postgres_database) as scene:
        outcome = await told(scene, Plan.of(seed))
        assert outcome.wrong == [], outcome
