"""details: what a chore has to know besides, such as the words in which staffs are told

Revision: 0026, after 0025.
"""

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("chores", sa.Column("details", sa.Text(), nullable=True))


def downgrade() -> None:
    op.execute("DELETE FROM chores WHERE kind = 'tell-staffs'")  # nobody could say what of
    op.drop_column("chores", "details")
