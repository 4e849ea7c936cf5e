"""sent: what a server's members sent in within a day is counted

Revision: 0020, after 0019.
"""

from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(op.f("ix_submissions_guild_id_sent_at"), "submissions", ["guild_id", "sent_at"])


def downgrade() -> None:
    op.drop_index(op.f("ix_submissions_guild_id_sent_at"), table_name="submissions")
