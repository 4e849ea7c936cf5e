"""All tables, for both databases. Their history stands in `migrations/versions/`."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
    false,
    text,
    true,
)
from sqlalchemy.engine import Dialect

from bot.model.delivery import LONGEST_PURPOSE


class UtcDateTime(TypeDecorator[datetime]):
    """An aware moment in UTC; a naive one is a mistake and is refused."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"a naive moment cannot be stored: {value!r}")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, _dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class MemberId(TypeDecorator[int]):
    """A person's snowflake: what has this type is what `/privacy` exports and forgets (`bot.store.privacy`)."""

    impl = BigInteger
    cache_ok = True


# SQLite makes a key automatic only when its type is spelled INTEGER.
RowId = BigInteger().with_variant(Integer, "sqlite")
Snowflake = BigInteger

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def _row_id() -> Column[Any]:
    return Column("id", RowId, primary_key=True)


def _points_to(
    name: str, target: str, *, nullable: bool = False, primary_key: bool = False, ondelete: str = "CASCADE"
) -> Column[Any]:
    return Column(
        name,
        RowId,
        ForeignKey(target, ondelete=ondelete),
        nullable=nullable,
        primary_key=primary_key,
        autoincrement=False if primary_key else "auto",
    )


def _where(condition: str) -> dict[str, Any]:
    """Of an index that holds some rows only."""
    return {"sqlite_where": text(condition), "postgresql_where": text(condition)}


def _claims_index(table: str) -> Index:
    """What is claimed by a process at present: a few rows, however large the table is."""
    return Index(f"ix_{table}_lease_incarnation", "lease_incarnation", **_where("lease_incarnation IS NOT NULL"))


# Exactly one row. The id is part of every delivery key: two installations in one channel never meet.
installation = Table(
    "installation",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("installation_id", String(36), nullable=False),
    Column("commands_hash", String(64)),
    Column("created_at", UtcDateTime, nullable=False),
)

guilds = Table(
    "guilds",
    metadata,
    Column("guild_id", Snowflake, primary_key=True, autoincrement=False),
    Column("name", String(100), nullable=False),
    Column("ping_role_id", Snowflake),
    Column("last_ping_at", UtcDateTime),
    Column("discussion_threads", Boolean, nullable=False),
    Column("first_announcement", String(16), nullable=False),
    Column("staff_channel_id", Snowflake),
    Column("publish", Boolean, nullable=False, server_default=false()),
    Column("review_channel_id", Snowflake),
    Column("moderator_role_id", Snowflake),
    Column("editor_role_id", Snowflake),
    Column("archive_access", String(16), nullable=False, server_default="everyone"),
    Column("archive_role_id", Snowflake),
    Column("announce_repeats", Boolean, nullable=False, server_default=true()),
    Column("created_at", UtcDateTime, nullable=False),
)

# What was received for a server on a day (UTC), of which the operator allows so much.
guild_usage = Table(
    "guild_usage",
    metadata,
    Column("guild_id", Snowflake, primary_key=True, autoincrement=False),
    Column("day", Date, primary_key=True),
    Column("received_bytes", BigInteger, nullable=False),
)

# The one address that is tried for a server at present; nobody is behind it any more when its time is over.
source_attempts = Table(
    "source_attempts",
    metadata,
    Column("guild_id", Snowflake, primary_key=True, autoincrement=False),
    Column("token", String(36), nullable=False),
    Column("ends_at", UtcDateTime, nullable=False),
    Column("lease_incarnation", String(36)),  # it is tried by this process
)

sources = Table(
    "sources",
    metadata,
    _row_id(),
    Column("url", Text, nullable=False),
    Column("url_key", String(64), nullable=False, unique=True),
    Column("secret", LargeBinary),
    Column("title", Text),
    Column("etag", Text),
    Column("last_modified", Text),
    Column("failures", Integer, nullable=False),
    Column("next_poll_at", UtcDateTime, nullable=False),
    Column("first_read_at", UtcDateTime),
    Column("last_read_at", UtcDateTime),
    Column("last_problem", Text),
    Column("created_at", UtcDateTime, nullable=False),
    # Which missing issue the staff was told of, by the moment when it was expected.
    Column("silent_since", UtcDateTime),
    Column("home_url", Text),
    Column("rung_url", Text),  # null: it is read at its own address
    Column("look_up_at", UtcDateTime),
    Column("leased_until", UtcDateTime),  # it is being read
    Column("lease_incarnation", String(36)),  # by this process
    # Somebody called to say that there is something new: from when it may be read, and for which server that is done.
    Column("wanted_at", UtcDateTime),
    Column("wanted_guild_id", Snowflake),
    Column("hinted_guild_id", Snowflake),  # of the reading under way, if it is one before its time
    # What was received of it on that day (UTC).
    Column("usage_day", Date),
    Column("received_bytes", BigInteger, nullable=False, server_default="0"),
    # What was stored of it on that day (UTC), and how much of it is stored in all.
    Column("stored_day", Date),
    Column("stored_issues", Integer, nullable=False, server_default="0"),
    Column("stored_links", Integer, nullable=False, server_default="0"),
    Column("issue_count", Integer, nullable=False, server_default="0"),
    Column("link_count", Integer, nullable=False, server_default="0"),
    Column("has_waiting", Boolean, nullable=False, server_default=false()),  # new issues were listed that had no room
    # More of an archive was listed than may be stored on a day: what is older comes later, and is announced nowhere.
    Column("is_behind", Boolean, nullable=False, server_default=false()),
    Column("unread_since", UtcDateTime),  # no server reads it, as was noticed then
    Index(None, "next_poll_at"),
    Index(None, "wanted_at"),
    Index("ix_sources_unread_since", "unread_since", **_where("unread_since IS NOT NULL")),
    _claims_index("sources"),
)

# Which server was the last to let a source go: until the source is deleted, or read again, it is on that one's share.
# Without a reference, which would wait for the source while it is being read.
left_sources = Table(
    "left_sources",
    metadata,
    Column("source_id", RowId, primary_key=True, autoincrement=False),
    Column("guild_id", Snowflake, nullable=False),
    Index(None, "guild_id"),
)

# Addresses at which a platform may say that a source has something new, one a server and source.
push_hooks = Table(
    "push_hooks",
    metadata,
    _row_id(),
    Column("token", String(43), nullable=False, unique=True),
    Column("guild_id", Snowflake, nullable=False),
    _points_to("source_id", "sources.id"),
    Column("secret", LargeBinary),  # null: its calls are not signed
    Column("created_at", UtcDateTime, nullable=False),
    Column("called_at", UtcDateTime),
    UniqueConstraint("guild_id", "source_id"),
    Index(None, "source_id"),
)

# What the hubs that feeds name were asked to tell; null in `leased_until`: not confirmed (yet).
hub_leases = Table(
    "hub_leases",
    metadata,
    _points_to("source_id", "sources.id", primary_key=True),
    Column("hub_url", Text, nullable=False),
    Column("topic_url", Text, nullable=False),
    Column("token", String(43), nullable=False, unique=True),
    Column("secret", LargeBinary),  # null: the hub is reached in the clear, so its calls are not signed
    Column("leased_until", UtcDateTime),
    Column("ask_at", UtcDateTime, nullable=False),
    Column("failures", Integer, nullable=False),
    Column("last_problem", Text),
    Column("lease_incarnation", String(36)),  # it is being asked by this process
    Index(None, "ask_at"),
    _claims_index("hub_leases"),
)

# Signed calls of the last minutes: none of them is taken twice.
push_calls = Table(
    "push_calls",
    metadata,
    Column("call_key", String(64), primary_key=True),
    Column("called_at", UtcDateTime, nullable=False),
    Index(None, "called_at"),
)

# Readings in which most looked new: their issues are stored, and announced as the staff decides.
floods = Table(
    "floods",
    metadata,
    _row_id(),
    Column("flood_key", String(26), nullable=False, unique=True),
    Column("guild_id", Snowflake, nullable=False),
    _points_to("source_id", "sources.id"),
    Column("issue_keys", JSON, nullable=False),  # the oldest first
    Column("listed", Integer, nullable=False),
    Column("found_at", UtcDateTime, nullable=False),
    Column("decision", String(16)),  # null: nobody decided yet
    Column("decided_at", UtcDateTime),
    Index(None, "guild_id", "decision"),
    Index(None, "source_id"),
)

# Announcements that wait for a digest which may tell the same story; the server wants each once.
held_issues = Table(
    "held_issues",
    metadata,
    Column("guild_id", Snowflake, primary_key=True, autoincrement=False),
    Column("issue_key", String(26), primary_key=True),
    _points_to("source_id", "sources.id"),
    Column("release_at", UtcDateTime, nullable=False),
    Index(None, "release_at"),
    Index(None, "source_id"),
)

subscriptions = Table(
    "subscriptions",
    metadata,
    _row_id(),
    Column("guild_id", Snowflake, ForeignKey("guilds.guild_id", ondelete="CASCADE"), nullable=False),
    _points_to("source_id", "sources.id"),
    Column("channel_id", Snowflake, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    UniqueConstraint("guild_id", "source_id", "channel_id"),
    Index(None, "source_id"),
)

issues = Table(
    "issues",
    metadata,
    _row_id(),
    _points_to("source_id", "sources.id"),
    # Known outside the database (buttons, autocomplete): made of source and identity, never of the row id.
    Column("issue_key", String(26), nullable=False, unique=True),
    Column("identity", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("folded_title", Text, nullable=False),
    Column("url", Text),
    Column("subtitle", Text),
    Column("topics", JSON, nullable=False),
    Column("authors", JSON, nullable=False),
    Column("published_at", UtcDateTime),
    Column("image_url", Text),
    Column("paywalled", Boolean, nullable=False),
    Column("polls", JSON, nullable=False),
    Column("stored_at", UtcDateTime, nullable=False),
    Column("ordered_at", UtcDateTime, nullable=False),
    Column("digest", String(80)),  # of all that was understood; null: stored before that was kept
    # Whether a reading of the source held it: what was imported only cannot be missed there.
    Column("is_listed", Boolean, nullable=False, server_default=false()),
    Column("missed_readings", Integer, nullable=False, server_default="0"),  # in a row
    Column("withdrawn_at", UtcDateTime),
    Column("edited_at", UtcDateTime),  # when the newsletter last changed it
    Column("mentions", JSON),  # keys of the publication's own pages that it links to
    Column("told_in", String(26)),  # the key of the issue that tells its story again
    # As its source listed it last: its text without its title, and when it came out. Null: nothing of the kind.
    Column("text_key", String(24)),
    Column("said_at", UtcDateTime),
    # How far its news are on their way to the servers (`bot.model.issue.Stage`); null: there, or no news.
    Column("stage", String(8)),
    Column("is_redrawn", Boolean, nullable=False, server_default=false()),  # its announcements show something else now
    Index(None, "source_id", "ordered_at"),
    Index(None, "source_id", "published_at"),
    Index("ix_issues_news", "source_id", "ordered_at", "id", **_where("stage IS NOT NULL OR is_redrawn")),
)

# Newest issues that are gone from their source: how many readings missed them, and what was answered where they were.
absences = Table(
    "absences",
    metadata,
    _points_to("issue_id", "issues.id", primary_key=True),
    _points_to("source_id", "sources.id"),
    Column("readings", Integer, nullable=False),
    Column("asks", Integer, nullable=False),
    Column("ask_at", UtcDateTime, nullable=False),
    Column("gone_since", UtcDateTime),  # the first of the answers that nothing is there, which were all since
    Column("is_proven", Boolean, nullable=False),
    Index(None, "source_id"),
)

# All names by which an issue is known; an item is new only when none of its names is here.
issue_identities = Table(
    "issue_identities",
    metadata,
    _points_to("source_id", "sources.id"),
    Column("identity", String(96), nullable=False),
    _points_to("issue_id", "issues.id"),
    UniqueConstraint("source_id", "identity"),
    Index(None, "issue_id"),
)

sections = Table(
    "sections",
    metadata,
    _row_id(),
    _points_to("issue_id", "issues.id"),
    Column("position", Integer, nullable=False),
    Column("title", Text),
    UniqueConstraint("issue_id", "position"),
)

links = Table(
    "links",
    metadata,
    _row_id(),
    _points_to("issue_id", "issues.id"),
    _points_to("section_id", "sections.id"),
    Column("position", Integer, nullable=False),
    Column("url", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("key_version", Integer, nullable=False),
    Column("alias", Text),  # the key of the address as it was written, where a stamp was cut from it
    Column("title", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("excerpt", Text, nullable=False),
    Column("sponsored", Boolean, nullable=False),
    # Which folding it is found by (`bot.store.search`); 0: not yet.
    Column("search_version", Integer, nullable=False, server_default="0"),
    UniqueConstraint("issue_id", "position"),
    Index(None, "section_id"),
    Index(None, "key"),
    Index("ix_links_alias", "alias", **_where("alias IS NOT NULL")),
    # With the id: what older rules made is gone through in portions, in this order.
    Index(None, "key_version", "id"),
    Index(None, "search_version", "id"),
)

# Where opaque links lead, by a hash of the address that was asked; null: it was not told.
followed_links = Table(
    "followed_links",
    metadata,
    Column("address_key", String(64), primary_key=True),
    Column("destination", Text),
    Column("asked_at", UtcDateTime, nullable=False),
    Column("tries", Integer, nullable=False),
)

media = Table(
    "media",
    metadata,
    _row_id(),
    _points_to("issue_id", "issues.id"),
    Column("position", Integer, nullable=False),
    Column("url", Text, nullable=False),
    Column("alt", Text, nullable=False),
    Column("caption", Text, nullable=False),
    UniqueConstraint("issue_id", "position"),
)

TROUBLED = (
    """last_problem IS NOT NULL AND last_problem NOT LIKE '["delivery-moved"%' AND state IN ('pending', 'failed')"""
    " AND purpose IN ('announce', 'publish', 'edit')"
)
"""What of the outbox waits because something went wrong, or was refused; what moved is announced elsewhere.

Asked for in these words, so that databases know that its index serves.
"""

outbox = Table(
    "outbox",
    metadata,
    _row_id(),
    Column("delivery_key", String(64), nullable=False, unique=True),
    Column("purpose", String(LONGEST_PURPOSE), nullable=False),
    Column("guild_id", Snowflake, nullable=False),
    Column("channel_id", Snowflake, nullable=False),
    Column("subject_key", String(26), nullable=False),  # of an issue, a submission or a poll; empty for a notice
    Column("generation", Integer, nullable=False),
    Column("ping_role_id", Snowflake),
    Column("state", String(16), nullable=False),
    Column("due_at", UtcDateTime),  # null: never again, and then only: it is done or failed
    Column("attempts", Integer, nullable=False),
    Column("lease_incarnation", String(36)),
    Column("lease_until", UtcDateTime),
    Column("message_id", Snowflake),
    Column("thread_id", Snowflake),
    Column("last_problem", Text),
    # Since when the message may stand there although nobody heard of it; null: it certainly does not.
    Column("doubt_since", UtcDateTime),
    Column("wants_ping", Boolean, nullable=False, server_default=false()),
    Column("is_post", Boolean, nullable=False, server_default=false()),
    Column("degraded", Boolean, nullable=False, server_default=false()),
    Column("target_id", Snowflake),
    Column("words", Text),
    # Of what a card shows; raised with each change, so that one which comes while the card is drawn is drawn too.
    Column("revision", Integer, nullable=False, server_default="0"),
    Column("created_at", UtcDateTime, nullable=False),
    Column("sent_at", UtcDateTime),
    Column("looked_at", UtcDateTime),  # whether a card that people have to press still stands there
    Index(None, "guild_id", "subject_key"),
    # What is open, in its order and lane by lane: the finished rows beside it may be a hundred times as many.
    Index("ix_outbox_lane", "channel_id", "purpose", "id", **_where("due_at IS NOT NULL")),
    Index("ix_outbox_due_at", "due_at", "id", **_where("due_at IS NOT NULL")),
    Index("ix_outbox_lease_until", "lease_until", **_where("lease_until IS NOT NULL")),
    _claims_index("outbox"),
    Index("ix_outbox_troubled", "guild_id", "id", **_where(TROUBLED)),
)

# Channels that refuse everything: their deliveries wait, and are not tried before `look_again_at`.
stopped_channels = Table(
    "stopped_channels",
    metadata,
    Column("channel_id", Snowflake, primary_key=True, autoincrement=False),
    Column("guild_id", Snowflake, nullable=False),
    Column("problem", Text, nullable=False),
    Column("stopped_at", UtcDateTime, nullable=False),
    Column("looked_at", UtcDateTime, nullable=False),
    Column("look_again_at", UtcDateTime),  # null: only when somebody changes something
    Column("looks", Integer, nullable=False),
    Index(None, "guild_id"),
)

# Channels in which no thread could be started, until one can; their staff was told.
threadless_channels = Table(
    "threadless_channels",
    metadata,
    Column("channel_id", Snowflake, primary_key=True, autoincrement=False),
    Column("guild_id", Snowflake, nullable=False),
    Column("problem", Text, nullable=False),
    Column("since_at", UtcDateTime, nullable=False),
    Index(None, "guild_id"),
)

# Who runs on this database, by its own clock (PostgreSQL only; on SQLite a process is alone).
processes = Table(
    "processes",
    metadata,
    Column("incarnation", String(36), primary_key=True),
    Column("beat_at", UtcDateTime, nullable=False),
    Column("lock_key", BigInteger, nullable=False),
    # The session that holds the lock, if it was the process's own at the last beat; null: only beats tell.
    Column("session_pid", Integer),
    Column("server_started_at", UtcDateTime, nullable=False),
)

# Sessions begun at Discord's gateway in the last day, over all restarts: Discord counts them too.
gateway_sessions = Table(
    "gateway_sessions",
    metadata,
    _row_id(),
    Column("shard_id", Integer, nullable=False),
    Column("begun_at", UtcDateTime, nullable=False),
    Index(None, "begun_at"),
)

# An interaction that had an effect; its id is unique, so that a replayed press acts once.
interactions = Table(
    "interactions",
    metadata,
    Column("interaction_id", Snowflake, primary_key=True, autoincrement=False),
    Column("guild_id", Snowflake),
    Column("acted_at", UtcDateTime, nullable=False),
)

# What a rule left to be done in portions (`bot.services.delivery.portions`).
chores = Table(
    "chores",
    metadata,
    _row_id(),
    Column("kind", String(24), nullable=False),
    Column("guild_id", Snowflake, nullable=False),
    Column("subject", String(64), nullable=False),
    Column("member_id", MemberId, nullable=False),  # 0: about nobody
    Column("place", BigInteger, nullable=False),
    Column("details", Text),
    Column("due_at", UtcDateTime, nullable=False),
    Column("begun_at", UtcDateTime, nullable=False),
    UniqueConstraint("kind", "guild_id", "subject", "member_id"),
    Index(None, "due_at"),
)

# How a member wants to be named; no row: never asked, and so anonymous.
member_credits = Table(
    "member_credits",
    metadata,
    Column("guild_id", Snowflake, primary_key=True, autoincrement=False),
    Column("member_id", MemberId, primary_key=True, autoincrement=False),
    Column("name", String(80)),  # null: anonymous
    # Words of the member's own are public only after a moderator saw them.
    Column("is_reviewed", Boolean, nullable=False),
    Column("asked_at", UtcDateTime, nullable=False),
    Column("answered_at", UtcDateTime),
)

# What members sent in. `open_key` is the link's key until it is withdrawn: one link stands once in a server.
submissions = Table(
    "submissions",
    metadata,
    _row_id(),
    # Known outside the database (buttons, exports): random, so that nobody guesses another one.
    Column("submission_key", String(26), nullable=False, unique=True),
    Column("guild_id", Snowflake, nullable=False),
    Column("finder_id", MemberId),  # null: forgotten
    Column("brought_by_id", MemberId),
    Column("url", Text, nullable=False),
    Column("link_key", Text, nullable=False),
    Column("key_version", Integer, nullable=False),
    Column("alias", Text),  # its key without the stamp of a newsletter that the server reads
    Column("open_key", Text),
    Column("title", Text),
    Column("note", Text, nullable=False),
    Column("state", String(16), nullable=False),
    Column("sent_at", UtcDateTime, nullable=False),
    Column("decided_at", UtcDateTime),
    Column("decided_by_id", MemberId),
    Column("reason", Text),
    Column("plan", String(16)),
    Column("planned_at", UtcDateTime),
    Column("planned_by_id", MemberId),
    _points_to("featured_issue_id", "issues.id", nullable=True, ondelete="SET NULL"),
    Column("featured_place", Integer),
    UniqueConstraint("guild_id", "open_key"),
    Index(None, "guild_id", "finder_id"),
    Index(None, "guild_id", "state", "id"),  # what waits is gone through in portions
    Index(None, "guild_id", "sent_at"),  # what was sent within a day is counted
    Index(None, "link_key"),
    Index("ix_submissions_alias", "alias", **_where("alias IS NOT NULL")),
    Index(None, "key_version", "id"),
    Index(None, "featured_issue_id"),
)

# When members sent something in, for as long as that counts for their day. The sender is a keyed hash of server and
# member, so that nobody's day begins anew when they are forgotten, and the table names nobody.
sent_lately = Table(
    "sent_lately",
    metadata,
    _row_id(),
    Column("sender", String(64), nullable=False),
    Column("sent_at", UtcDateTime, nullable=False),
    Index(None, "sender", "sent_at"),
    Index(None, "sent_at"),
)

polls = Table(
    "polls",
    metadata,
    _row_id(),
    Column("poll_key", String(26), nullable=False, unique=True),
    Column("guild_id", Snowflake, nullable=False),
    Column("question", Text, nullable=False),
    Column("issue_key", String(26)),  # the issue on whose card it hangs; null: it has a card of its own
    Column("channel_id", Snowflake),
    Column("opened_at", UtcDateTime, nullable=False),
    Column("opened_by_id", MemberId),
    Column("closes_at", UtcDateTime, nullable=False),
    Column("closed_at", UtcDateTime),
    Column("closed_by_id", MemberId),
    UniqueConstraint("guild_id", "issue_key"),
    Index(None, "closed_at", "closes_at"),
)

# `tally` is the number of current ballots; a recount of the ledger gives the same.
poll_options = Table(
    "poll_options",
    metadata,
    _points_to("poll_id", "polls.id", primary_key=True),
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("label", Text, nullable=False),
    Column("tally", Integer, nullable=False),
)

# The last presses of each member in each poll, in order. `position` is null where a vote was taken back.
ballot_ledger = Table(
    "ballot_ledger",
    metadata,
    _row_id(),
    Column("interaction_id", Snowflake, unique=True),
    _points_to("poll_id", "polls.id"),
    Column("member_id", MemberId, nullable=False),  # of somebody forgotten, a number below zero
    Column("position", Integer),
    Column("cast_at", UtcDateTime, nullable=False),
    Index(None, "poll_id", "member_id"),
    Index(None, "member_id"),
)

# The present ballot of each member, by which interaction they last pressed, and how many of their presses are kept.
ballots = Table(
    "ballots",
    metadata,
    _points_to("poll_id", "polls.id", primary_key=True),
    Column("member_id", MemberId, primary_key=True, autoincrement=False),
    Column("position", Integer, nullable=False),
    Column("cast_at", UtcDateTime, nullable=False),
    Column("interaction_id", Snowflake),  # null: from before that was kept
    Column("presses", Integer, nullable=False, server_default="0"),
    Index(None, "member_id"),
)
