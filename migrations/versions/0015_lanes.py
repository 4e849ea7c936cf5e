"""lanes: what is open in the outbox is found without what is finished

Revision: 0015, after 0014.
"""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

_OPEN = sa.text("due_at IS NOT NULL")
_LEASED = sa.text("lease_until IS NOT NULL")


def upgrade() -> None:
    # From now on only what is open has a time.
    op.execute("UPDATE outbox SET due_at = NULL WHERE state IN ('done', 'failed') AND due_at IS NOT NULL")
    op.execute("UPDATE outbox SET due_at = created_at WHERE state IN ('pending', 'claimed') AND due_at IS NULL")
    op.drop_index("ix_outbox_due_at", "outbox")
    op.create_index("ix_outbox_due_at", "outbox", ["due_at", "id"], sqlite_where=_OPEN, postgresql_where=_OPEN)
    op.create_index("ix_outbox_lease_until", "outbox", ["lease_until"], sqlite_where=_LEASED, postgresql_where=_LEASED)
    op.create_index(
        "ix_outbox_lane", "outbox", ["channel_id", "purpose", "id"], sqlite_where=_OPEN, postgresql_where=_OPEN
    )


def downgrade() -> None:
    op.drop_index("ix_outbox_lane", "outbox")
    op.drop_index("ix_outbox_lease_until", "outbox")
    op.drop_index("ix_outbox_due_at", "outbox")
    op.create_index("ix_outbox_due_at", "outbox", ["due_at"])
