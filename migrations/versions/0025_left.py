"""left: which server was the last to let a source go, on whose share it stays until it is deleted

Revision: 0025, after 0024.
"""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

_ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "left_sources",
        sa.Column("source_id", _ROW_ID, nullable=False, autoincrement=False),
        sa.Column("guild_id", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("source_id", name="pk_left_sources"),
    )
    op.create_index("ix_left_sources_guild_id", "left_sources", ["guild_id"])


def downgrade() -> None:
    op.drop_index("ix_left_sources_guild_id", table_name="left_sources")
    op.drop_table("left_sources")
