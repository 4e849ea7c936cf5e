"""repeats: short issues that are told again in a digest, and announcements that wait for one

Revision: 0010, after 0009.
"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("guilds") as table:
        table.add_column(sa.Column("announce_repeats", sa.Boolean(), server_default=sa.true(), nullable=False))
    with op.batch_alter_table("issues") as table:
        table.add_column(sa.Column("mentions", sa.JSON(), nullable=True))
        table.add_column(sa.Column("told_in", sa.String(length=26), nullable=True))
    op.create_table(
        "held_issues",
        sa.Column("guild_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("issue_key", sa.String(length=26), nullable=False),
        sa.Column("source_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("release_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["source_id"], ["sources.id"], name=op.f("fk_held_issues_source_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("guild_id", "issue_key", name=op.f("pk_held_issues")),
    )
    op.create_index(op.f("ix_held_issues_release_at"), "held_issues", ["release_at"])
    op.create_index(op.f("ix_held_issues_source_id"), "held_issues", ["source_id"])


def downgrade() -> None:
    op.drop_table("held_issues")
    with op.batch_alter_table("issues") as table:
        table.drop_column("told_in")
        table.drop_column("mentions")
    with op.batch_alter_table("guilds") as table:
        table.drop_column("announce_repeats")
