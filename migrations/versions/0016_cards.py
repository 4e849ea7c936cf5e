"""cards: when a card was last looked at, channels without threads, and when an issue was changed

Revision: 0016, after 0015.
"""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("outbox", sa.Column("looked_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("issues", sa.Column("edited_at", sa.DateTime(timezone=True), nullable=True))
    op.create_table(
        "threadless_channels",
        sa.Column("channel_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("guild_id", sa.BigInteger(), nullable=False),
        sa.Column("problem", sa.Text(), nullable=False),
        sa.Column("since_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("channel_id", name=op.f("pk_threadless_channels")),
    )
    op.create_index(op.f("ix_threadless_channels_guild_id"), "threadless_channels", ["guild_id"])


def downgrade() -> None:
    op.drop_table("threadless_channels")
    op.drop_column("issues", "edited_at")
    op.drop_column("outbox", "looked_at")
