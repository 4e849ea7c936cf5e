"""Which issue is announced where, once; and the words a moderator may say about it."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.errors import DeliveryRefusedError, NotFoundError
from bot.model.chore import Chore
from bot.model.delivery import Delivery, DeliveryRecord, DeliveryState, Purpose, message_link
from bot.model.guild import FirstAnnouncement, Guild, Subscription
from bot.model.issue import Issue
from bot.model.member import Act
from bot.model.problem import Problem
from bot.ports import Announcement
from bot.services.delivery.portions import PORTION
from bot.services.members.audiences import require_staff
from bot.services.members.credits import credited
from bot.services.members.polls import open_issue_poll
from bot.store import Store, Transaction
from bot.store import floods as flood_rows
from bot.store import guilds as guild_rows
from bot.store import issues as issue_rows
from bot.store import news as news_rows
from bot.store import outbox as outbox_rows
from bot.store import polls as poll_rows
from bot.store import recognition as recognition_rows
from bot.store import repeats as repeat_rows
from bot.store import submissions as submission_rows

# Restraint: a role is mentioned at most once a day, whatever is published.
PINGS_APART = timedelta(days=1)
_GIVEN_UP = ("delivery-cancelled", "delivery-moved")
# How long an announcement can still be retracted or corrected before it goes to channels of other servers.
SETTLING = timedelta(minutes=2)
_FOLDED_AT_ONCE = 20


async def enqueue_announcement(
    transaction: Transaction,
    subscription: Subscription,
    *,
    issue_key: str,
    identity: str,
    may_ping: bool = True,
    generation: int = 0,
) -> bool:
    """Queue the announcement of an issue in a subscribed channel; False if this generation was queued before.

    One that was given up before it arrived, because the newsletter was removed or moved away, is taken up again.
    """
    identities = await _identities(transaction, issue_key=issue_key, identity=identity)
    earlier = await outbox_rows.find_delivery(
        transaction,
        purpose=Purpose.ANNOUNCE,
        guild_id=subscription.guild_id,
        channel_id=subscription.channel_id,
        identities=identities,
        generation=generation,
    )
    if earlier is not None:
        given_up = earlier.last_problem is not None and earlier.last_problem.message_id in _GIVEN_UP
        return given_up and await outbox_rows.try_failed_again(transaction, earlier.delivery_key, subject_key=issue_key)
    await open_issue_poll(
        transaction,
        await issue_rows.polls_of(transaction, issue_key),
        guild_id=subscription.guild_id,
        issue_key=issue_key,
    )
    return await outbox_rows.enqueue(
        transaction,
        purpose=Purpose.ANNOUNCE,
        guild_id=subscription.guild_id,
        channel_id=subscription.channel_id,
        subject_key=issue_key,
        identity=identities[0],
        generation=generation,
        wants_ping=may_ping,
    )


async def announce_in_guild(
    transaction: Transaction,
    *,
    guild_id: int,
    source_id: int,
    issue_key: str,
    identity: str,
    may_ping: bool = True,
) -> int:
    """Queue the announcement in every channel of a server that gets this source; how many were queued."""
    queued = 0
    for subscription in await guild_rows.subscriptions_of_guild(transaction, guild_id):
        if subscription.source_id == source_id:
            queued += await enqueue_announcement(
                transaction, subscription, issue_key=issue_key, identity=identity, may_ping=may_ping
            )
    return queued


async def announce_newest(transaction: Transaction, *, guild_id: int, source_id: int) -> int:
    """Queue a source's newest issue for a server that wants it at the beginning; how many were queued."""
    guild = await guild_rows.get_guild(transaction, guild_id)
    newest = await news_rows.newest_of_source(transaction, source_id)
    if guild is None or guild.first_announcement is FirstAnnouncement.NONE or newest is None:
        return 0
    key, identity = newest
    return await announce_in_guild(
        transaction, guild_id=guild_id, source_id=source_id, issue_key=key, identity=identity
    )


async def _identities(transaction: Transaction, *, issue_key: str, identity: str) -> list[str]:
    """What an announcement of an issue may be known by, first what a new one is.

    An address means the same everywhere, so that one issue through two feeds, or through a feed and an API, is one; a
    guid means something in its feed only.
    """
    names = await recognition_rows.names_of(transaction, issue_key)
    addresses = sorted(name for name in names if name.startswith("link:"))
    mark = recognition_rows.REUSED
    former = [name.removeprefix(mark) for name in names if name.startswith(f"{mark}link:")]
    return list(dict.fromkeys([*addresses, identity if identity.startswith("link:") else issue_key, *former]))


async def announced_alike(
    transaction: Transaction, subscription: Subscription, issue_key: str
) -> DeliveryRecord | None:
    """The announcement of an issue in a channel, also where it came from another source; None when there is none."""
    identity = await recognition_rows.identity_of(transaction, issue_key)
    if identity is None:
        return None
    return await outbox_rows.find_delivery(
        transaction,
        purpose=Purpose.ANNOUNCE,
        guild_id=subscription.guild_id,
        channel_id=subscription.channel_id,
        identities=await _identities(transaction, issue_key=issue_key, identity=identity),
    )


async def hand_over(transaction: Transaction, *, guild_id: int, channel_id: int, issue_key: str) -> bool:
    """Let what a server was told of an issue, or is about to be, belong to the same issue by another source it reads.

    For an issue whose source the server does not read any more. False where there is no other.
    """
    after = await recognition_rows.alike(transaction, issue_key, guild_id=guild_id, channel_id=channel_id)
    if after is None:
        return False
    await outbox_rows.change_subject(transaction, guild_id=guild_id, before=issue_key, after=after)
    await poll_rows.change_issue(transaction, guild_id=guild_id, before=issue_key, after=after)
    await submission_rows.change_issue(transaction, guild_id=guild_id, before=issue_key, after=after)
    return True


async def let_go(transaction: Transaction, chore: Chore) -> int | None:
    """End a portion of what waits because of a source (the subject) that the server does not read any more.

    What other sources bring, too, goes on as theirs. place: the id of a row of the outbox.
    """
    guild_id, source_id = chore.guild_id, int(chore.subject)
    # While an issue comes by another of its sources, nobody could tell yet whether that one takes over.
    await guild_rows.hold_subscriptions_of_guild(transaction, guild_id)
    if any(each.source_id == source_id for each in await guild_rows.subscriptions_of_guild(transaction, guild_id)):
        return None  # it was added again, and what waits is wanted
    dropped = await repeat_rows.drop_held_of(transaction, guild_id=guild_id, source_id=source_id, limit=PORTION)
    dropped += await flood_rows.drop_waiting(transaction, guild_id=guild_id, source_id=source_id, limit=PORTION)
    if dropped >= PORTION:
        return chore.place
    told = await outbox_rows.told_of(
        transaction, guild_id=guild_id, source_id=source_id, after=chore.place, limit=PORTION
    )
    announced = ((row.subject_key, row.channel_id) for row in told if row.purpose == Purpose.ANNOUNCE)
    for issue_key, channel_id in dict.fromkeys(announced):
        await hand_over(transaction, guild_id=guild_id, channel_id=channel_id, issue_key=issue_key)
    await outbox_rows.cancel_pending(
        transaction, [row.outbox_id for row in told], source_id=source_id, problem=Problem("delivery-cancelled")
    )
    return told[-1].outbox_id if len(told) == PORTION else None


async def enqueue_followers_copy(transaction: Transaction, delivery: Delivery) -> None:
    """Let an announcement that was just made be published, when it had time to be corrected.

    A published message takes about three edits an hour.
    """
    await _enqueue_for(
        transaction, delivery, purpose=Purpose.PUBLISH, target_id=delivery.message_id, due_at=transaction.now + SETTLING
    )


async def enqueue_folding(transaction: Transaction, delivery: Delivery, announcement: Announcement) -> None:
    """An issue was announced anew: let what its earlier announcements say fold to a line that leads to the new one."""
    link = message_link(
        guild_id=delivery.guild_id,
        channel_id=delivery.channel_id,
        message_id=delivery.message_id or 0,
        is_post=delivery.is_post,
    )
    words = Problem("announcement-anew", {"title": announcement.issue.title, "link": link})
    records = await outbox_rows.announcements_of(
        transaction, guild_id=delivery.guild_id, subject_key=delivery.subject_key
    )
    # Older ones still lead to one of these, and so on to this one.
    for earlier in records[:_FOLDED_AT_ONCE]:
        if earlier.generation < delivery.generation and earlier.message_id is not None:
            await _enqueue_for(
                transaction,
                delivery,
                purpose=Purpose.EDIT,
                channel_id=earlier.channel_id,
                target_id=earlier.message_id,
                words=words,
            )


async def _enqueue_for(
    transaction: Transaction,
    delivery: Delivery,
    *,
    purpose: Purpose,
    target_id: int | None,
    channel_id: int | None = None,
    words: Problem | None = None,
    due_at: datetime | None = None,
) -> None:
    await outbox_rows.enqueue(
        transaction,
        purpose=purpose,
        guild_id=delivery.guild_id,
        channel_id=channel_id or delivery.channel_id,
        subject_key=delivery.subject_key,
        identity=str(target_id),
        generation=delivery.generation,
        target_id=target_id,
        words=words,
        due_at=due_at,
    )


@dataclass(frozen=True, slots=True)
class Posting:
    """The answer to a moderator's wish to post: queued now, or what became of it before."""

    queued: bool
    channel_id: int
    earlier: DeliveryRecord | None = None


class Announcements:
    def __init__(self, store: Store) -> None:
        self._store = store

    async def post(self, act: Act, issue_key: str) -> Posting:
        """Announce an issue of the archive in the server's channel, unless that was done before; nobody is mentioned.

        An announcement that Discord refused is tried again. Raises NotFoundError for an issue the server does not read,
        RefusedError for who may not announce.
        """
        guild_id = act.guild_id
        async with self._store.effect(act) as transaction:
            await require_staff(transaction, guild_id, act.actor)
            identity = await recognition_rows.identity_of(transaction, issue_key)
            subscription = await self._subscription(transaction, guild_id, issue_key)
            if subscription is None or identity is None:
                raise NotFoundError("issue-gone")
            earlier = next(
                (
                    record
                    for record in await outbox_rows.announcements_of(
                        transaction, guild_id=guild_id, subject_key=issue_key
                    )
                    if record.channel_id == subscription.channel_id
                ),
                None,
            )
            if transaction.is_repeated:
                return Posting(queued=False, channel_id=subscription.channel_id, earlier=earlier)
            if earlier is None:
                queued = await enqueue_announcement(
                    transaction, subscription, issue_key=issue_key, identity=identity, may_ping=False
                )
            else:
                queued = await outbox_rows.try_failed_again(transaction, earlier.delivery_key)
            if not queued:
                earlier = earlier or await announced_alike(transaction, subscription, issue_key)
                return Posting(queued=False, channel_id=subscription.channel_id, earlier=earlier)
        return Posting(queued=True, channel_id=subscription.channel_id)

    async def repost(self, act: Act, issue_key: str) -> Posting:
        """Announce an issue once more, because the staff wants it; nobody is mentioned.

        The earlier announcement folds to a line that leads to the new one, so that there is still one message an issue.
        While one is on its way, there is nothing to announce anew. Raises NotFoundError for an issue the server does
        not read or never announced, RefusedError for who may not announce.
        """
        guild_id = act.guild_id
        async with self._store.effect(act) as transaction:
            await require_staff(transaction, guild_id, act.actor)
            identity = await recognition_rows.identity_of(transaction, issue_key)
            subscription = await self._subscription(transaction, guild_id, issue_key)
            if subscription is None or identity is None:
                raise NotFoundError("issue-gone")
            records = await outbox_rows.announcements_of(transaction, guild_id=guild_id, subject_key=issue_key)
            alike = None if records else await announced_alike(transaction, subscription, issue_key)
            if alike is not None:
                # It stands there by another source, and is announced anew as what it is there.
                issue_key = alike.subject_key
                records = await outbox_rows.announcements_of(transaction, guild_id=guild_id, subject_key=issue_key)
                identity = await recognition_rows.identity_of(transaction, issue_key) or identity
            if not records:
                raise NotFoundError("repost-never-posted")
            latest = records[0]
            if transaction.is_repeated or latest.state in {DeliveryState.PENDING, DeliveryState.CLAIMED}:
                return Posting(queued=False, channel_id=latest.channel_id)
            queued = await enqueue_announcement(
                transaction,
                subscription,
                issue_key=issue_key,
                identity=identity,
                may_ping=False,
                generation=latest.generation + 1,
            )
        return Posting(queued=queued, channel_id=subscription.channel_id)

    async def preview(self, guild_id: int, issue_key: str) -> Announcement:
        """What the announcement of an issue looks like in this server, without the mention. Raises NotFoundError."""
        async with self._store.read() as transaction:
            issue = await issue_rows.get_issue(transaction, issue_key, guild_id=guild_id)
            guild = await guild_rows.get_guild(transaction, guild_id)
            if issue is None or guild is None:
                raise NotFoundError("issue-gone")
            return await _whole(transaction, issue, issue_key=issue_key, guild=guild)

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


async def take_ping(transaction: Transaction, delivery: Delivery) -> int | None:
    """The role that a message mentions which is about to be sent for the first time, if the server's day allows it."""
    return await guild_rows.take_ping(transaction, delivery.guild_id, apart=PINGS_APART)


async def is_wanted(transaction: Transaction, delivery: Delivery) -> bool:
    """Whether the server still reads the issue's source."""
    source_id = await issue_rows.source_of_issue(transaction, delivery.subject_key)
    return any(
        subscription.source_id == source_id
        for subscription in await guild_rows.subscriptions_of_guild(transaction, delivery.guild_id)
    )


async def announcement_of(transaction: Transaction, delivery: Delivery | DeliveryRecord) -> Announcement:
    """The announcement as it would be sent now. Raises DeliveryRefusedError when the issue or the server is gone."""
    issue = await issue_rows.get_issue(transaction, delivery.subject_key)
    guild = await guild_rows.get_guild(transaction, delivery.guild_id)
    if issue is None or guild is None:
        raise DeliveryRefusedError("delivery-gone")
    # A role that was switched off, or changed, while the message waited is not mentioned.
    ping_role_id = delivery.ping_role_id if delivery.ping_role_id == guild.ping_role_id else None
    return await _whole(transaction, issue, issue_key=delivery.subject_key, guild=guild, ping_role_id=ping_role_id)


async def _whole(
    transaction: Transaction, issue: Issue, *, issue_key: str, guild: Guild, ping_role_id: int | None = None
) -> Announcement:
    found = await submission_rows.featured_in(transaction, issue_key, guild_id=guild.guild_id)
    return Announcement(
        issue=issue,
        issue_key=issue_key,
        guild=guild,
        ping_role_id=ping_role_id,
        credits=await credited(transaction, guild.guild_id, found),
        poll=await poll_rows.of_issue(transaction, issue_key, guild_id=guild.guild_id),
        told_in=await repeat_rows.teller_of(transaction, issue_key),
    )
