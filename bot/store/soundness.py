"""Looking before somebody meets it: whether the database is there, of this version, and undamaged."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from sqlalchemy import text

from bot.errors import StartError, StoreDamagedError
from bot.store.engine import Store, engine_url
from bot.store.upgrade import HEAD, current_revision
from bot.texts import text as sentence


def sqlite_file(database_url: str) -> Path | None:
    """The file of a SQLite database, None for PostgreSQL."""
    url = engine_url(database_url)
    return Path(str(url.database)) if url.get_backend_name() == "sqlite" else None


@asynccontextmanager
async def opened_store(database_url: str) -> AsyncIterator[Store]:
    """The database for a command beside the bot. Raises StartError where there is none, or one of another version."""
    path = sqlite_file(database_url)
    if path is not None and not path.exists():
        raise StartError(sentence("start-no-database", path=str(path)))
    async with await Store.open(database_url) as store:
        async with store.read() as transaction:
            if await transaction.run_sync(current_revision) != HEAD:
                raise StartError(sentence("start-other-tables"))
        yield store


async def look_for_damage(store: Store) -> None:
    """Read the whole database; raises StoreDamagedError. PostgreSQL keeps its own checks, so nothing is read there."""
    if store.dialect != "sqlite":
        return
    async with store.read() as transaction:
        found = (await transaction.execute(text("PRAGMA quick_check(1)"))).scalar_one()
    if found != "ok":
        raise StoreDamagedError(sentence("store-damaged", what=found))
