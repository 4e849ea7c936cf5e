"""Migrations on both databases: up, down and up again, clean, and nothing left behind by a failure."""

from pathlib import Path

import pytest
from alembic import command
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect, text

from bot.errors import StoreTooNewError
from bot.store import Store
from bot.store import upgrade as upgrading
from bot.store.tables import metadata
from bot.store.upgrade import HEAD, alembic_config, upgrade


async def tables_of(database_url: str) -> set[str]:
    async with await Store.open(database_url) as store, store.read() as transaction:
        found = await transaction.run_sync(lambda connection: inspect(connection).get_table_names())
    # The full-text index, which on SQLite is several tables.
    return {"link_search" if name.startswith("link_search") else name for name in found}


def test_the_newest_revision_is_the_one_the_code_asks_for() -> None:
    assert ScriptDirectory.from_config(alembic_config()).get_current_head() == HEAD


async def test_up_down_and_up_again(empty_database_url: str) -> None:
    assert await upgrade(empty_database_url)
    assert await tables_of(empty_database_url) == {*metadata.tables, "link_search", "alembic_version"}
    assert await upgrade(empty_database_url, to="base")
    assert await tables_of(empty_database_url) == {"alembic_version"}
    assert await upgrade(empty_database_url)
    assert await tables_of(empty_database_url) == {*metadata.tables, "link_search", "alembic_version"}
    assert not await upgrade(empty_database_url)


async def test_alembic_finds_no_difference_between_the_migrations_and_the_tables(empty_database_url: str) -> None:
    def check(connection: Connection) -> None:
        config = alembic_config()
        config.attributes["connection"] = connection
        command.check(config)  # raises where there is a difference

    await upgrade(empty_database_url)
    async with await Store.open(empty_database_url) as store, store.write() as transaction:
        await transaction.run_sync(check)


async def test_a_failed_migration_leaves_nothing_behind(
    empty_database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    versions = tmp_path / "migrations" / "versions"
    versions.mkdir(parents=True)
    original = Path(alembic_config().get_main_option("script_location") or "")
    (versions.parent / "env.py").write_text((original / "env.py").read_text(encoding="utf-8"), encoding="utf-8")
    (versions / "0001_breaks.py").write_text(
        "import sqlalchemy as sa\nfrom alembic import op\nrevision = '0001'\ndown_revision = None\n"
        "def upgrade():\n"
        "    op.create_table('half', sa.Column('id', sa.Integer, primary_key=True))\n"
        "    raise RuntimeError('in the middle')\n",
        encoding="utf-8",
    )
    monkeypatch.setattr(upgrading, "_MIGRATIONS", versions.parent)
    with pytest.raises(RuntimeError, match="in the middle"):
        await upgrade(empty_database_url)
    assert await tables_of(empty_database_url) == set()


async def test_a_database_newer_than_the_code_is_refused_untouched(empty_database_url: str) -> None:
    await upgrade(empty_database_url)
    async with await Store.open(empty_database_url) as store, store.write() as transaction:
        await transaction.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(StoreTooNewError, match="newer Pressroom"):
        await upgrade(empty_database_url)
    async with await Store.open(empty_database_url) as store, store.read() as transaction:
        assert (await transaction.execute(text("SELECT version_num FROM alembic_version"))).scalar_one() == "9999"


async def test_what_was_tried_before_the_second_revision_is_in_doubt_afterwards(empty_database_url: str) -> None:
    await upgrade(empty_database_url, to="0001")
    row = (
        "INSERT INTO outbox (id, delivery_key, purpose, guild_id, channel_id, issue_key, generation, state, attempts,"
        " first_attempt_at, created_at) VALUES (:id, :key, 'announce', 1, 1, 'k', 0, :state, :attempts, {tried_at},"
        " '2026-01-01')"
    )
    async with await Store.open(empty_database_url) as store, store.write() as transaction:
        for number, (state, attempts) in enumerate([("pending", 0), ("pending", 2), ("failed", 1), ("done", 1)]):
            values = {"id": number, "key": str(number), "state": state, "attempts": attempts}
            tried_at = "'2026-01-02'" if attempts else "NULL"
            await transaction.execute(text(row.format(tried_at=tried_at)), values)
    await upgrade(empty_database_url)
    async with await Store.open(empty_database_url) as store, store.read() as transaction:
        rows = await transaction.execute(text("SELECT doubt_since FROM outbox ORDER BY id"))
        assert [row.doubt_since is not None for row in rows] == [False, True, True, False]
