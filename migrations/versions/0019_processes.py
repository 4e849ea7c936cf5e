"""processes: who runs on this database, and who holds what is being read or asked

Revision: 0019, after 0018.
"""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

_CLAIMED = ("outbox", "sources", "hub_leases")


def upgrade() -> None:
    op.create_table(
        "processes",
        sa.Column("incarnation", sa.String(length=36), nullable=False),
        sa.Column("beat_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("lock_key", sa.BigInteger(), nullable=False),
        sa.Column("session_pid", sa.Integer(), nullable=True),
        sa.Column("server_started_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("incarnation", name=op.f("pk_processes")),
    )
    for table in ("sources", "hub_leases"):
        op.add_column(table, sa.Column("lease_incarnation", sa.String(length=36), nullable=True))
    held = sa.text("lease_incarnation IS NOT NULL")
    for table in _CLAIMED:
        op.create_index(
            op.f(f"ix_{table}_lease_incarnation"),
            table,
            ["lease_incarnation"],
            sqlite_where=held,
            postgresql_where=held,
        )


def downgrade() -> None:
    for table in _CLAIMED:
        op.drop_index(op.f(f"ix_{table}_lease_incarnation"), table_name=table)
    for table in ("sources", "hub_leases"):
        with op.batch_alter_table(table) as batch:
            batch.drop_column("lease_incarnation")
    op.drop_table("processes")
