"""issues that change: what was understood of them, whether their source lists them, whether it took them back

Revision: 0005, after 0004.
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("issues") as table:
        table.add_column(sa.Column("digest", sa.String(length=80), nullable=True))
        table.add_column(sa.Column("is_listed", sa.Boolean(), server_default=sa.false(), nullable=False))
        table.add_column(sa.Column("missed_readings", sa.Integer(), server_default="0", nullable=False))
        table.add_column(sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("issues") as table:
        for column in ("withdrawn_at", "missed_readings", "is_listed", "digest"):
            table.drop_column(column)
