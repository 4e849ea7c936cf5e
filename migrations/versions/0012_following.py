"""following: where opaque links lead, as far as it was asked

Revision: 0012, after 0011.
"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "followed_links",
        sa.Column("address_key", sa.String(length=64), nullable=False),
        sa.Column("destination", sa.Text(), nullable=True),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("address_key", name=op.f("pk_followed_links")),
    )


def downgrade() -> None:
    op.drop_table("followed_links")
