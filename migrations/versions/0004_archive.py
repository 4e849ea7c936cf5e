"""the archive: full text over the links, and who may use it

Revision: 0004, after 0003. What is stored already is added by the archive's worker, a few hundred links at a time.
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("guilds") as table:
        table.add_column(sa.Column("archive_access", sa.String(length=16), server_default="everyone", nullable=False))
        table.add_column(sa.Column("archive_role_id", sa.BigInteger(), nullable=True))
    with op.batch_alter_table("links") as table:
        table.add_column(sa.Column("search_version", sa.Integer(), server_default="0", nullable=False))
        table.create_index(op.f("ix_links_search_version"), ["search_version"])
        table.create_index(op.f("ix_links_key_version"), ["key_version"])
    if op.get_context().dialect.name == "sqlite":
        op.execute(
            "CREATE VIRTUAL TABLE link_search USING fts5(title, host, place, excerpt, source_id UNINDEXED, prefix='2 3')"
        )
        op.execute("INSERT INTO link_search (link_search, rank) VALUES ('rank', 'bm25(8.0, 4.0, 2.0, 1.0)')")
        op.execute(
            "CREATE TRIGGER link_search_forgets AFTER DELETE ON links"
            " BEGIN DELETE FROM link_search WHERE rowid = old.id; END"
        )
        return
    op.execute(
        "CREATE TABLE link_search (link_id BIGINT PRIMARY KEY REFERENCES links (id) ON DELETE CASCADE,"
        " source_id BIGINT NOT NULL, document TSVECTOR NOT NULL)"
    )
    op.execute("CREATE INDEX ix_link_search_document ON link_search USING gin (document)")


def downgrade() -> None:
    if op.get_context().dialect.name == "sqlite":
        op.execute("DROP TRIGGER link_search_forgets")
    op.execute("DROP TABLE link_search")
    with op.batch_alter_table("links") as table:
        table.drop_index(op.f("ix_links_key_version"))
        table.drop_index(op.f("ix_links_search_version"))
        table.drop_column("search_version")
    with op.batch_alter_table("guilds") as table:
        table.drop_column("archive_role_id")
        table.drop_column("archive_access")
