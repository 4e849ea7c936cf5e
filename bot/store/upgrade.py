"""Brings a database to the tables this code knows, in one transaction: a failed migration leaves nothing behind."""

import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, event, inspect, text
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from bot.errors import StoreError, StoreTooNewError
from bot.store.complaints import translated_errors
from bot.store.engine import begin_immediate, engine_url, prepare_file
from bot.texts import text as sentence

if TYPE_CHECKING:
    from alembic.config import Config

log = logging.getLogger(__name__)

# The newest revision, told here so that a start on an up-to-date database needs no Alembic; a test keeps it true.
HEAD = "0032"
_MIGRATIONS = Path(__file__).parents[2] / "migrations"
# Any number will do, as long as every Pressroom takes the same one.
_ADVISORY_LOCK = 0x5052455353  # "PRESS"


async def upgrade(database_url: str, *, to: str = "head") -> bool:
    """Migrate the database to revision `to`; False when there was nothing to do.

    Raises StoreTooNewError for a database made by a newer Pressroom, StoreError when it cannot be written.
    """
    engine = _migration_engine(database_url)
    try:
        async with translated_errors():
            async with engine.connect() as connection:
                current = await connection.run_sync(current_revision)
            if current == HEAD and to == "head":
                return False
            async with engine.begin() as connection:
                await connection.run_sync(_migrate, to)
    finally:
        await engine.dispose()
    log.info("database migrated from=%s to=%s", current, to)
    return True


def current_revision(connection: Connection) -> str | None:
    """The revision a database is at, None for an empty one."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one_or_none()


def alembic_config() -> "Config":
    """Alembic's configuration without a file, so that it works from any folder."""
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    return config


def _migration_engine(database_url: str) -> AsyncEngine:
    url = engine_url(database_url)
    engine = create_async_engine(url)
    if engine.dialect.name == "sqlite":
        prepare_file(Path(str(url.database)))
        event.listen(engine.sync_engine, "connect", _prepare)
        event.listen(engine.sync_engine, "begin", begin_immediate)
    return engine


def _prepare(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # transactions are begun explicitly
    cursor = connection.cursor()
    # Batch changes rebuild tables: with this on, dropping the old one would delete its children. It has to be said
    # outside of a transaction; inside, SQLite ignores it.
    cursor.execute("PRAGMA foreign_keys = OFF")
    cursor.close()


def _migrate(connection: Connection, to: str) -> None:
    from alembic import command
    from alembic.script import ScriptDirectory

    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _ADVISORY_LOCK})
    config = alembic_config()
    current = current_revision(connection)
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    if current is not None and current not in known:
        raise StoreTooNewError(sentence("store-too-new", revision=str(current), known=HEAD))
    config.attributes["connection"] = connection
    if to == "head" or (to in known and (current or "") < to):
        command.upgrade(config, to)
    else:
        command.downgrade(config, to)
    if connection.dialect.name == "sqlite":
        broken = connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall()
        if broken:
            raise StoreError(sentence("store-orphans", count=str(len(broken))))
