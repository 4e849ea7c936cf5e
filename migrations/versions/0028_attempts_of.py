"""attempts_of: which process is trying an address, so that it can be tried again when that one is dead

Revision: 0028, after 0027.
"""

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("source_attempts", sa.Column("lease_incarnation", sa.String(length=36), nullable=True))


def downgrade() -> None:
    op.drop_column("source_attempts", "lease_incarnation")
