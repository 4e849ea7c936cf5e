"""push: addresses at which a platform may say that there is something to read

Revision: 0007, after 0006.
"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "push_hooks",
        sa.Column("id", _ROW_ID, nullable=False),
        sa.Column("token", sa.String(length=43), nullable=False),
        sa.Column("guild_id", sa.BigInteger(), nullable=False),
        sa.Column("source_id", _ROW_ID, nullable=False),
        sa.Column("secret", sa.LargeBinary(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("called_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["source_id"], ["sources.id"], name=op.f("fk_push_hooks_source_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_push_hooks")),
        sa.UniqueConstraint("guild_id", "source_id", name=op.f("uq_push_hooks_guild_id_source_id")),
        sa.UniqueConstraint("token", name=op.f("uq_push_hooks_token")),
    )
    op.create_index(op.f("ix_push_hooks_source_id"), "push_hooks", ["source_id"])
    op.create_table(
        "push_calls",
        sa.Column("call_key", sa.String(length=64), nullable=False),
        sa.Column("called_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("call_key", name=op.f("pk_push_calls")),
    )
    op.create_index(op.f("ix_push_calls_called_at"), "push_calls", ["called_at"])


def downgrade() -> None:
    op.drop_table("push_calls")
    op.drop_table("push_hooks")
