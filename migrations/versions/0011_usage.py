"""usage: how much was read for each server, by day

Revision: 0011, after 0010.
"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "guild_usage",
        sa.Column("guild_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("received_bytes", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("guild_id", "day", name=op.f("pk_guild_usage")),
    )


def downgrade() -> None:
    op.drop_table("guild_usage")
