"""All tables, for both databases. Their history stands in `migrations/versions/`."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
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
)
from sqlalchemy.engine import Dialect


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


def _points_to(name: str, target: str, *, nullable: bool = False) -> Column[Any]:
    return Column(name, RowId, ForeignKey(target, ondelete="CASCADE"), nullable=nullable)


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
    Column("created_at", UtcDateTime, nullable=False),
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
    Index(None, "next_poll_at"),
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
    Index(None, "source_id", "ordered_at"),
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
    Column("title", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("excerpt", Text, nullable=False),
    Column("sponsored", Boolean, nullable=False),
    UniqueConstraint("issue_id", "position"),
    Index(None, "section_id"),
    Index(None, "key"),
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

outbox = Table(
    "outbox",
    metadata,
    _row_id(),
    Column("delivery_key", String(64), nullable=False, unique=True),
    Column("purpose", String(16), nullable=False),
    Column("guild_id", Snowflake, nullable=False),
    Column("channel_id", Snowflake, nullable=False),
    Column("issue_key", String(26), nullable=False),
    Column("generation", Integer, nullable=False),
    Column("ping_role_id", Snowflake),
    Column("state", String(16), nullable=False),
    Column("due_at", UtcDateTime),  # null: never again
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
    Column("created_at", UtcDateTime, nullable=False),
    Column("sent_at", UtcDateTime),
    Index(None, "due_at"),
    Index(None, "guild_id", "issue_key"),
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
