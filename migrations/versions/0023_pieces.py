"""pieces: readings are stored in pieces, of which each source may bring so much on a day

Revision: 0023, after 0022.
"""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

_COUNTS = ("stored_issues", "stored_links", "issue_count", "link_count")
_NEWS = sa.text("stage IS NOT NULL OR is_redrawn")


def upgrade() -> None:
    op.add_column("sources", sa.Column("stored_day", sa.Date(), nullable=True))
    for name in _COUNTS:
        op.add_column("sources", sa.Column(name, sa.Integer(), server_default="0", nullable=False))
    op.add_column("sources", sa.Column("is_behind", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column("issues", sa.Column("stage", sa.String(length=8), nullable=True))
    op.add_column("issues", sa.Column("is_redrawn", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.create_index(
        "ix_issues_news", "issues", ["source_id", "ordered_at", "id"], sqlite_where=_NEWS, postgresql_where=_NEWS
    )
    op.execute(
        "UPDATE sources SET issue_count = (SELECT count(*) FROM issues WHERE issues.source_id = sources.id),"
        " link_count = (SELECT count(*) FROM links JOIN issues ON issues.id = links.issue_id"
        " WHERE issues.source_id = sources.id)"
    )


def downgrade() -> None:
    op.drop_index("ix_issues_news", table_name="issues")
    for table, names in (("issues", ("is_redrawn", "stage")), ("sources", ("is_behind", *_COUNTS, "stored_day"))):
        for name in names:
            op.drop_column(table, name)
