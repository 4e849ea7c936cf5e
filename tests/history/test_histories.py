"""Some of the histories of `make soak`: whatever goes wrong, every invariant holds, and in the end nothing is due."""

import shutil
from itertools import count, islice
from pathlib import Path

import pytest

from tests.history.plan import Database, Plan
from tests.history.story import tell

pytestmark = pytest.mark.journey

_FIRST = 2000


def _seeds(database: Database, most: int) -> list[int]:
    return list(islice((seed for seed in count(_FIRST) if Plan.of(seed).database == database), most))


@pytest.mark.parametrize("seed", _seeds("sqlite", 4))
async def test_whatever_goes_wrong_every_invariant_holds(seed: int, tmp_path: Path, sqlite_template: Path) -> None:
    shutil.copyfile(sqlite_template, tmp_path / "pressroom.db")
    told = await tell(Plan.of(seed), tmp_path, database_url=f"sqlite:///{tmp_path}/pressroom.db")
    assert not told.broken, f"{told}\n{told.log}"


@pytest.mark.parametrize("seed", _seeds("postgresql", 4))
async def test_on_postgresql_with_other_processes_too(seed: int, tmp_path: Path, postgres_database: str) -> None:
    told = await tell(Plan.of(seed), tmp_path, database_url=postgres_database)
    assert not told.broken, f"{told}\n{told.log}"


def test_a_seed_decides_the_same_each_time() -> None:
    plans = [Plan.of(seed) for seed in range(200)]
    assert plans == [Plan.of(seed) for seed in range(200)]
    assert {plan.database for plan in plans} == {"sqlite", "postgresql"}
    assert {plan.processes for plan in plans if plan.database == "postgresql"} == {1, 2, 3}
