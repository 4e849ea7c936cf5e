"""websub: what hubs were asked to tell of sources, and what calls wish for

Revision: 0009, after 0008.
"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "hub_leases",
        sa.Column(
            "source_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False
        ),
        sa.Column("hub_url", sa.Text(), nullable=False),
        sa.Column("topic_url", sa.Text(), nullable=False),
        sa.Column("token", sa.String(length=43), nullable=False),
        sa.Column("secret", sa.LargeBinary(), nullable=True),
        sa.Column("leased_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ask_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("last_problem", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["source_id"], ["sources.id"], name=op.f("fk_hub_leases_source_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("source_id", name=op.f("pk_hub_leases")),
        sa.UniqueConstraint("token", name=op.f("uq_hub_leases_token")),
    )
    op.create_index(op.f("ix_hub_leases_ask_at"), "hub_leases", ["ask_at"])
    with op.batch_alter_table("sources") as table:
        table.add_column(sa.Column("leased_until", sa.DateTime(timezone=True), nullable=True))
        table.add_column(sa.Column("wanted_at", sa.DateTime(timezone=True), nullable=True))
        table.add_column(sa.Column("wanted_guild_id", sa.BigInteger(), nullable=True))
        table.add_column(sa.Column("hinted_guild_id", sa.BigInteger(), nullable=True))
    op.create_index(op.f("ix_sources_wanted_at"), "sources", ["wanted_at"])


def downgrade() -> None:
    op.drop_index(op.f("ix_sources_wanted_at"), table_name="sources")
    with op.batch_alter_table("sources") as table:
        for column in ("hinted_guild_id", "wanted_guild_id", "wanted_at", "leased_until"):
            table.drop_column(column)
    op.drop_table("hub_leases")
