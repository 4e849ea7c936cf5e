"""watching sources: floods that wait for a decision, silences that were told

Revision: 0006, after 0005.
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    with op.batch_alter_table("sources") as table:
        table.add_column(sa.Column("silent_since", sa.DateTime(timezone=True), nullable=True))
    op.create_table(
        "floods",
        sa.Column("id", _ROW_ID, nullable=False),
        sa.Column("flood_key", sa.String(length=26), nullable=False),
        sa.Column("guild_id", sa.BigInteger(), nullable=False),
        sa.Column("source_id", _ROW_ID, nullable=False),
        sa.Column("issue_keys", sa.JSON(), nullable=False),
        sa.Column("listed", sa.Integer(), nullable=False),
        sa.Column("found_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decision", sa.String(length=16), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["source_id"], ["sources.id"], name=op.f("fk_floods_source_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_floods")),
        sa.UniqueConstraint("flood_key", name=op.f("uq_floods_flood_key")),
    )
    op.create_index(op.f("ix_floods_guild_id_decision"), "floods", ["guild_id", "decision"])
    op.create_index(op.f("ix_floods_source_id"), "floods", ["source_id"])


def downgrade() -> None:
    op.execute("DELETE FROM outbox WHERE purpose = 'flood'")  # which the version before cannot read
    op.drop_table("floods")
    with op.batch_alter_table("sources") as table:
        table.drop_column("silent_since")
