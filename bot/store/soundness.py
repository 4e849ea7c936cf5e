"""Looking for damage before somebody meets it."""

from pathlib import Path

from sqlalchemy import text

from bot.errors import StoreDamagedError
from bot.store.complaints import DAMAGED
from bot.store.engine import Store, engine_url


def sqlite_file(database_url: str) -> Path | None:
    """The file of a SQLite database, None for PostgreSQL."""
    url = engine_url(database_url)
    return Path(str(url.database)) if url.get_backend_name() == "sqlite" else None


async def look_for_damage(store: Store) -> None:
    """Read the whole database; raises StoreDamagedError. PostgreSQL keeps its own checks, so nothing is read there."""
    if store.dialect != "sqlite":
        return
    async with store.read() as transaction:
        found = (await transaction.execute(text("PRAGMA quick_check(1)"))).scalar_one()
    if found != "ok":
        raise StoreDamagedError(DAMAGED.format(what=found))
