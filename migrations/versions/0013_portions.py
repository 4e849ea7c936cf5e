"""portions: indexes by which what older rules made is found and gone through

Revision: 0013, after 0012.
"""

from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_index(op.f("ix_links_key_version"), table_name="links")
    op.drop_index(op.f("ix_links_search_version"), table_name="links")
    op.create_index(op.f("ix_links_key_version_id"), "links", ["key_version", "id"])
    op.create_index(op.f("ix_links_search_version_id"), "links", ["search_version", "id"])
    op.create_index(op.f("ix_submissions_key_version_id"), "submissions", ["key_version", "id"])


def downgrade() -> None:
    op.drop_index(op.f("ix_submissions_key_version_id"), table_name="submissions")
    op.drop_index(op.f("ix_links_search_version_id"), table_name="links")
    op.drop_index(op.f("ix_links_key_version_id"), table_name="links")
    op.create_index(op.f("ix_links_search_version"), "links", ["search_version"])
    op.create_index(op.f("ix_links_key_version"), "links", ["key_version"])
