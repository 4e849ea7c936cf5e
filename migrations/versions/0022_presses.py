"""presses: which press made a ballot what it is, and how many of that member's are kept

Revision: 0022, after 0021.
"""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("ballots", sa.Column("interaction_id", sa.BigInteger(), nullable=True))
    op.add_column("ballots", sa.Column("presses", sa.Integer(), server_default="0", nullable=False))


def downgrade() -> None:
    with op.batch_alter_table("ballots") as batch:
        batch.drop_column("presses")
        batch.drop_column("interaction_id")
