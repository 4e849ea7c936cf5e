"""waiting: whether new issues of a source had to wait, whatever was said of it since

Revision: 0029, after 0028.
"""

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("sources", sa.Column("has_waiting", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.execute(
        "UPDATE sources SET has_waiting = true WHERE is_behind"
        """ OR last_problem LIKE '["reading-no-room",%' OR last_problem LIKE '["reading-new-waits",%'"""
    )


def downgrade() -> None:
    op.drop_column("sources", "has_waiting")
