"""headlines: of each issue, its text without its title and the date that its source says now

Revision: 0014, after 0013.
"""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Both are null until the source is read again: nothing is worked out for a whole archive at once.
    op.add_column("issues", sa.Column("text_key", sa.String(length=24), nullable=True))
    op.add_column("issues", sa.Column("said_at", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    op.drop_column("issues", "said_at")
    op.drop_column("issues", "text_key")
