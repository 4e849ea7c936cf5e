"""Which issue is announced where, once; and the words a moderator may say about it."""

from base64 import b32encode
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

from bot.clock import Clock
from bot.errors import DeliveryRefusedError, NotFoundError
from bot.model.delivery import Delivery, DeliveryRecord, Purpose
from bot.model.guild import Subscription
from bot.ports import Announcement, Bell
from bot.store import Store, Transaction
from bot.store import guilds as guild_rows
from bot.store import installation as installation_row
from bot.store import interactions as interaction_rows
from bot.store import issues as issue_rows
from bot.store import outbox as outbox_rows

# Restraint: a role is mentioned at most once a day, whatever is published.
PINGS_APART = timedelta(days=1)


def delivery_key(
    *, installation_id: str, guild_id: int, channel_id: int, identity: str, purpose: Purpose, generation: int
) -> str:
    """52 characters that name one effect for ever.

    Made of what the effect *is*, never of a row id: SQLite reuses those, and so does a restored database.
    """
    parts = (installation_id, str(guild_id), str(channel_id), identity, purpose.value, str(generation))
    return b32encode(sha256("\x1f".join(parts).encode()).digest()).decode().rstrip("=").lower()


async def enqueue_announcement(
    transaction: Transaction,
    subscription: Subscription,
    *,
    issue_key: str,
    identity: str,
    now: datetime,
    may_ping: bool = True,
) -> bool:
    """Queue the announcement of an issue in a subscribed channel; False if it was queued before."""
    key = delivery_key(
        installation_id=await installation_row.installation_id(transaction, now=now),
        guild_id=subscription.guild_id,
        channel_id=subscription.channel_id,
        # An address means the same everywhere, so that one issue through two feeds is one; a guid only in its feed.
        identity=identity if identity.startswith("link:") else issue_key,
        purpose=Purpose.ANNOUNCE,
        generation=0,
    )
    if await outbox_rows.find_delivery(transaction, key) is not None:
        return False
    ping_role_id = None
    if may_ping:
        ping_role_id = await guild_rows.take_ping(transaction, subscription.guild_id, now=now, apart=PINGS_APART)
    return await outbox_rows.enqueue(
        transaction,
        delivery_key=key,
        purpose=Purpose.ANNOUNCE,
        guild_id=subscription.guild_id,
        channel_id=subscription.channel_id,
        issue_key=issue_key,
        generation=0,
        ping_role_id=ping_role_id,
        now=now,
    )


@dataclass(frozen=True, slots=True)
class Posting:
    """The answer to a moderator's wish to post: queued now, or what became of it before."""

    queued: bool
    channel_id: int
    earlier: DeliveryRecord | None = None


class Announcements:
    def __init__(self, store: Store, *, clock: Clock, bell: Bell) -> None:
        self._store = store
        self._clock = clock
        self._bell = bell

    async def post(self, guild_id: int, issue_key: str, *, interaction_id: int) -> Posting:
        """Announce an issue of the archive in the server's channel, unless that was done before; nobody is mentioned.

        An announcement that Discord refused is tried again. Raises NotFoundError for an issue the server does not read.
        """
        now = self._clock.now()
        async with self._store.write() as transaction:
            identity = await issue_rows.identity_of(transaction, issue_key)
            subscription = await self._subscription(transaction, guild_id, issue_key)
            if subscription is None or identity is None:
                raise NotFoundError("issue-gone")
            earlier = next(
                (
                    record
                    for record in await outbox_rows.deliveries_of_issue(
                        transaction, guild_id=guild_id, issue_key=issue_key
                    )
                    if record.channel_id == subscription.channel_id
                ),
                None,
            )
            fresh = await interaction_rows.record_effect(transaction, interaction_id, guild_id=guild_id, now=now)
            if not fresh:
                return Posting(queued=False, channel_id=subscription.channel_id, earlier=earlier)
            if earlier is None:
                queued = await enqueue_announcement(
                    transaction, subscription, issue_key=issue_key, identity=identity, now=now, may_ping=False
                )
            else:
                queued = await outbox_rows.try_failed_again(transaction, earlier.delivery_key, now=now)
            if not queued:
                return Posting(queued=False, channel_id=subscription.channel_id, earlier=earlier)
        self._bell.ring("outbox")
        return Posting(queued=True, channel_id=subscription.channel_id)

    async def preview(self, guild_id: int, issue_key: str) -> Announcement:
        """What the announcement of an issue looks like in this server, without the mention. Raises NotFoundError."""
        async with self._store.read() as transaction:
            issue = await issue_rows.get_issue(transaction, issue_key, guild_id=guild_id)
            guild = await guild_rows.get_guild(transaction, guild_id)
        if issue is None or guild is None:
            raise NotFoundError("issue-gone")
        return Announcement(issue=issue, issue_key=issue_key, guild=guild)

    async def _subscription(self, transaction: Transaction, guild_id: int, issue_key: str) -> Subscription | None:
        source_id = await issue_rows.source_of_issue(transaction, issue_key)
        return next(
            (
                subscription
                for subscription in await guild_rows.subscriptions_of_guild(transaction, guild_id)
                if subscription.source_id == source_id
            ),
            None,
        )


async def announcement_of(transaction: Transaction, delivery: Delivery) -> Announcement:
    """The announcement as it would be sent now. Raises DeliveryRefusedError when the issue or the server is gone."""
    issue = await issue_rows.get_issue(transaction, delivery.issue_key)
    guild = await guild_rows.get_guild(transaction, delivery.guild_id)
    if issue is None or guild is None:
        raise DeliveryRefusedError("delivery-gone")
    return Announcement(issue=issue, issue_key=delivery.issue_key, guild=guild, ping_role_id=delivery.ping_role_id)
