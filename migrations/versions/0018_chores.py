"""chores: what rules leave to be done in portions

Revision: 0018, after 0017.
"""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

_ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "chores",
        sa.Column("id", _ROW_ID, nullable=False),
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column("guild_id", sa.BigInteger(), nullable=False),
        sa.Column("subject", sa.String(length=64), nullable=False),
        sa.Column("member_id", sa.BigInteger(), nullable=False),
        sa.Column("place", sa.BigInteger(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("begun_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_chores")),
        sa.UniqueConstraint(
            "kind", "guild_id", "subject", "member_id", name=op.f("uq_chores_kind_guild_id_subject_member_id")
        ),
    )
    op.create_index(op.f("ix_chores_due_at"), "chores", ["due_at"])
    op.drop_index(op.f("ix_submissions_guild_id_state"), table_name="submissions")
    op.create_index(op.f("ix_submissions_guild_id_state_id"), "submissions", ["guild_id", "state", "id"])


def downgrade() -> None:
    op.drop_index(op.f("ix_submissions_guild_id_state_id"), table_name="submissions")
    op.create_index(op.f("ix_submissions_guild_id_state"), "submissions", ["guild_id", "state"])
    op.drop_index(op.f("ix_chores_due_at"), table_name="chores")
    op.drop_table("chores")
