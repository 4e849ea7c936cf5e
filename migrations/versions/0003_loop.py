"""the whole loop: what members send in, how they are credited, what staff decides, polls and ballots

Revision: 0003, after 0002.
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "member_credits",
        sa.Column("guild_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("member_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("name", sa.String(length=80), nullable=True),
        sa.Column("is_reviewed", sa.Boolean(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("guild_id", "member_id", name=op.f("pk_member_credits")),
    )
    op.create_table(
        "polls",
        sa.Column("id", _ROW_ID, nullable=False),
        sa.Column("poll_key", sa.String(length=26), nullable=False),
        sa.Column("guild_id", sa.BigInteger(), nullable=False),
        sa.Column("question", sa.Text(), nullable=False),
        sa.Column("issue_key", sa.String(length=26), nullable=True),
        sa.Column("channel_id", sa.BigInteger(), nullable=True),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("opened_by_id", sa.BigInteger(), nullable=True),
        sa.Column("closes_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_by_id", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_polls")),
        sa.UniqueConstraint("guild_id", "issue_key", name=op.f("uq_polls_guild_id_issue_key")),
        sa.UniqueConstraint("poll_key", name=op.f("uq_polls_poll_key")),
    )
    op.create_index(op.f("ix_polls_closed_at_closes_at"), "polls", ["closed_at", "closes_at"])

    op.create_table(
        "ballot_ledger",
        sa.Column("id", _ROW_ID, nullable=False),
        sa.Column("interaction_id", sa.BigInteger(), nullable=True),
        sa.Column("poll_id", _ROW_ID, nullable=False),
        sa.Column("member_id", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=True),
        sa.Column("cast_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["poll_id"], ["polls.id"], name=op.f("fk_ballot_ledger_poll_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ballot_ledger")),
        sa.UniqueConstraint("interaction_id", name=op.f("uq_ballot_ledger_interaction_id")),
    )
    op.create_index(op.f("ix_ballot_ledger_member_id"), "ballot_ledger", ["member_id"])
    op.create_index(op.f("ix_ballot_ledger_poll_id_member_id"), "ballot_ledger", ["poll_id", "member_id"])

    op.create_table(
        "ballots",
        sa.Column("poll_id", _ROW_ID, autoincrement=False, nullable=False),
        sa.Column("member_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("cast_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["poll_id"], ["polls.id"], name=op.f("fk_ballots_poll_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("poll_id", "member_id", name=op.f("pk_ballots")),
    )
    op.create_index(op.f("ix_ballots_member_id"), "ballots", ["member_id"])

    op.create_table(
        "poll_options",
        sa.Column("poll_id", _ROW_ID, autoincrement=False, nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("tally", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["poll_id"], ["polls.id"], name=op.f("fk_poll_options_poll_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("poll_id", "position", name=op.f("pk_poll_options")),
    )
    op.create_table(
        "submissions",
        sa.Column("id", _ROW_ID, nullable=False),
        sa.Column("submission_key", sa.String(length=26), nullable=False),
        sa.Column("guild_id", sa.BigInteger(), nullable=False),
        sa.Column("finder_id", sa.BigInteger(), nullable=True),
        sa.Column("brought_by_id", sa.BigInteger(), nullable=True),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("link_key", sa.Text(), nullable=False),
        sa.Column("key_version", sa.Integer(), nullable=False),
        sa.Column("open_key", sa.Text(), nullable=True),
        sa.Column("title", sa.Text(), nullable=True),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_by_id", sa.BigInteger(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("plan", sa.String(length=16), nullable=True),
        sa.Column("planned_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("planned_by_id", sa.BigInteger(), nullable=True),
        sa.Column("featured_issue_id", _ROW_ID, nullable=True),
        sa.Column("featured_place", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["featured_issue_id"], ["issues.id"], name=op.f("fk_submissions_featured_issue_id"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_submissions")),
        sa.UniqueConstraint("guild_id", "open_key", name=op.f("uq_submissions_guild_id_open_key")),
        sa.UniqueConstraint("submission_key", name=op.f("uq_submissions_submission_key")),
    )
    op.create_index(op.f("ix_submissions_featured_issue_id"), "submissions", ["featured_issue_id"])
    op.create_index(op.f("ix_submissions_guild_id_finder_id"), "submissions", ["guild_id", "finder_id"])
    op.create_index(op.f("ix_submissions_guild_id_state"), "submissions", ["guild_id", "state"])
    op.create_index(op.f("ix_submissions_link_key"), "submissions", ["link_key"])
    for column in ("review_channel_id", "moderator_role_id", "editor_role_id"):
        op.add_column("guilds", sa.Column(column, sa.BigInteger(), nullable=True))
    op.add_column("outbox", sa.Column("revision", sa.Integer(), server_default="0", nullable=False))
    op.drop_index(op.f("ix_outbox_guild_id_issue_key"), table_name="outbox")
    op.execute("ALTER TABLE outbox RENAME COLUMN issue_key TO subject_key")
    op.create_index(op.f("ix_outbox_guild_id_subject_key"), "outbox", ["guild_id", "subject_key"])


def downgrade() -> None:
    op.drop_index(op.f("ix_outbox_guild_id_subject_key"), table_name="outbox")
    # What there was no word for would be taken for announcements.
    op.execute("DELETE FROM outbox WHERE purpose IN ('review', 'poll', 'refresh')")
    op.execute("ALTER TABLE outbox RENAME COLUMN subject_key TO issue_key")
    op.create_index(op.f("ix_outbox_guild_id_issue_key"), "outbox", ["guild_id", "issue_key"])
    op.drop_column("outbox", "revision")
    for column in ("editor_role_id", "moderator_role_id", "review_channel_id"):
        op.drop_column("guilds", column)
    for table in ("submissions", "ballots", "ballot_ledger", "poll_options", "polls", "member_credits"):
        op.drop_table(table)
