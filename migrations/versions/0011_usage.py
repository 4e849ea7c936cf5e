"""usage: how much was read for each server and of each source, by day

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
    with op.batch_alter_table("sources") as table:
        table.add_column(sa.Column("usage_day", sa.Date(), nullable=True))
        table.add_column(sa.Column("received_bytes", sa.BigInteger(), server_default="0", nullable=False))


def downgrade() -> None:
    with op.batch_alter_table("sources") as table:
        table.drop_column("received_bytes")
        table.drop_column("usage_day")
    op.drop_table("guild_usage")
