"""aliases: the key of a link as it was written, where a newsletter's stamp was cut from what is shown

Revision: 0032, after 0031.
"""

import sqlalchemy as sa
from alembic import op

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None

_TABLES = ("links", "submissions")


def upgrade() -> None:
    has_one = sa.text("alias IS NOT NULL")
    for table in _TABLES:
        op.add_column(table, sa.Column("alias", sa.Text()))
        op.create_index(f"ix_{table}_alias", table, ["alias"], sqlite_where=has_one, postgresql_where=has_one)


def downgrade() -> None:
    for table in _TABLES:
        op.drop_index(f"ix_{table}_alias", table_name=table)
        op.drop_column(table, "alias")
