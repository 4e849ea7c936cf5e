"""the ladder: where else a source is read when its address fails

Revision: 0008, after 0007.
"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("sources") as table:
        table.add_column(sa.Column("home_url", sa.Text(), nullable=True))
        table.add_column(sa.Column("rung_url", sa.Text(), nullable=True))
        table.add_column(sa.Column("look_up_at", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("sources") as table:
        for column in ("look_up_at", "rung_url", "home_url"):
            table.drop_column(column)
