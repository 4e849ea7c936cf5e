"""Real documents stand outside the repository, in `../shared`; tests that need them skip where they are missing."""

from pathlib import Path

import pytest

SHARED = Path(__file__).parents[2].parent / "shared"


@pytest.fixture(scope="session")
def corpus() -> Path:
    """The folder with real issues, feeds and wrapped links."""
    folder = SHARED / "corpus"
    if not folder.is_dir():
        pytest.skip("the corpus of real issues is not here (../shared/corpus)")
    return folder


@pytest.fixture(scope="session")
def seed() -> bytes:
    """The document the product was made from."""
    found = sorted((SHARED / "seed").glob("*.txt"))
    if not found:
        pytest.skip("the seed document is not here (../shared/seed)")
    return found[0].read_bytes()
