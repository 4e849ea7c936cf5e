"""troubled: a server's deliveries in trouble are found without its finished ones

Revision: 0030, after 0029.
"""

import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None

_TROUBLED = sa.text(
    """last_problem IS NOT NULL AND last_problem NOT LIKE '["delivery-moved"%' AND state IN ('pending', 'failed')"""
    " AND purpose IN ('announce', 'publish', 'edit')"
)


def upgrade() -> None:
    op.create_index(
        "ix_outbox_troubled", "outbox", ["guild_id", "id"], sqlite_where=_TROUBLED, postgresql_where=_TROUBLED
    )


def downgrade() -> None:
    op.drop_index("ix_outbox_troubled", "outbox")
