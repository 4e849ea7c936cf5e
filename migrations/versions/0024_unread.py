"""unread: since when no server reads a source, which goes with its issues after a time

Revision: 0024, after 0023.
"""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

_UNREAD = sa.text("unread_since IS NOT NULL")


def upgrade() -> None:
    op.add_column("sources", sa.Column("unread_since", sa.DateTime(timezone=True), nullable=True))
    op.create_index(
        "ix_sources_unread_since", "sources", ["unread_since"], sqlite_where=_UNREAD, postgresql_where=_UNREAD
    )


def downgrade() -> None:
    op.drop_index("ix_sources_unread_since", table_name="sources")
    op.drop_column("sources", "unread_since")
