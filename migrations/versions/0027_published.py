"""published: when a source's newest issues came out is found by an index

Revision: 0027, after 0026.
"""

from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_issues_source_id_published_at", "issues", ["source_id", "published_at"])


def downgrade() -> None:
    op.drop_index("ix_issues_source_id_published_at", table_name="issues")
