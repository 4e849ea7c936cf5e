"""sent lately: how much a member sent in within a day, whoever they are

Revision: 0031, after 0030.
"""

import sqlalchemy as sa
from alembic import op

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "sent_lately",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("sender", sa.String(length=64), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sent_lately")),
    )
    op.create_index(op.f("ix_sent_lately_sender_sent_at"), "sent_lately", ["sender", "sent_at"])
    op.create_index(op.f("ix_sent_lately_sent_at"), "sent_lately", ["sent_at"])


def downgrade() -> None:
    op.drop_table("sent_lately")
