"""Alembic's environment: runs on the connection it is handed, or on DATABASE_URL for a developer at the keyboard."""

import asyncio

from alembic import context
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import create_async_engine

from bot.settings import Settings
from bot.store.engine import engine_url
from bot.store.tables import metadata


def _is_ours(_object: object, name: str | None, kind: str, *_: object) -> bool:
    """The full-text index and its shadow tables are written by hand: no metadata describes both databases' ways."""
    return not (kind == "table" and (name or "").startswith("link_search"))


def migrate_on(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=metadata,
        render_as_batch=True,
        transactional_ddl=True,
        compare_type=True,
        include_object=_is_ours,
    )
    with context.begin_transaction():
        context.run_migrations()


async def migrate_by_settings() -> None:
    settings = Settings.load(need_token=False)
    engine = create_async_engine(engine_url(settings.database_url.get_secret_value()))
    async with engine.begin() as connection:
        await connection.run_sync(migrate_on)
    await engine.dispose()


handed_in = context.config.attributes.get("connection")
if handed_in is not None:
    migrate_on(handed_in)
else:
    asyncio.run(migrate_by_settings())
