"""what happens when Discord refuses: stopped channels, plain forms, notices, edits, publishing; gateway sessions

Revision: 0002, after 0001.
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "stopped_channels",
        sa.Column("channel_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("guild_id", sa.BigInteger(), nullable=False),
        sa.Column("problem", sa.Text(), nullable=False),
        sa.Column("stopped_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("looked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("look_again_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("looks", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("channel_id", name=op.f("pk_stopped_channels")),
    )
    op.create_index(op.f("ix_stopped_channels_guild_id"), "stopped_channels", ["guild_id"])
    op.create_table(
        "gateway_sessions",
        sa.Column("id", _ROW_ID, nullable=False),
        sa.Column("shard_id", sa.Integer(), nullable=False),
        sa.Column("begun_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_gateway_sessions")),
    )
    op.create_index(op.f("ix_gateway_sessions_begun_at"), "gateway_sessions", ["begun_at"])
    op.add_column("guilds", sa.Column("staff_channel_id", sa.BigInteger(), nullable=True))
    op.add_column("guilds", sa.Column("publish", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column("outbox", sa.Column("doubt_since", sa.DateTime(timezone=True), nullable=True))
    # What was tried before this revision may have arrived unheard.
    op.execute("UPDATE outbox SET doubt_since = first_attempt_at WHERE state <> 'done' AND message_id IS NULL")
    op.drop_column("outbox", "first_attempt_at")
    op.add_column("outbox", sa.Column("wants_ping", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column("outbox", sa.Column("is_post", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column("outbox", sa.Column("degraded", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column("outbox", sa.Column("target_id", sa.BigInteger(), nullable=True))
    op.add_column("outbox", sa.Column("words", sa.Text(), nullable=True))


def downgrade() -> None:
    op.add_column("outbox", sa.Column("first_attempt_at", sa.DateTime(timezone=True), nullable=True))
    op.execute("UPDATE outbox SET first_attempt_at = doubt_since")
    for column in ("words", "target_id", "degraded", "is_post", "wants_ping", "doubt_since"):
        op.drop_column("outbox", column)
    for column in ("publish", "staff_channel_id"):
        op.drop_column("guilds", column)
    op.drop_table("gateway_sessions")
    op.drop_table("stopped_channels")
