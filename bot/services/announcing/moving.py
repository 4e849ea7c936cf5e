"""A newsletter moves to another channel of its server, or leaves it, with what waits; what is posted stays there."""

from bot.model.chore import Chore, ChoreKind
from bot.model.guild import Subscription
from bot.model.problem import Problem
from bot.services.announcing.announcements import enqueue_announcement, let_go
from bot.services.delivery.portions import PORTION, begin
from bot.store import Transaction
from bot.store import channels as channel_rows
from bot.store import chores as chore_rows
from bot.store import guilds as guild_rows
from bot.store import outbox as outbox_rows
from bot.store import push as push_rows
from bot.store import recognition as recognition_rows
from bot.store import repeats as repeat_rows
from bot.store import websub as lease_rows


async def move_newsletter(transaction: Transaction, subscription: Subscription, *, channel_id: int) -> Subscription:
    """Announce what the subscription brings in `channel_id` from now on, also what waits for another channel.

    Nothing that stands in a channel is announced again. What may stand there unheard waits on for its answer, unless
    that channel is gone.
    """
    guild_id, source_id = subscription.guild_id, subscription.source_id
    # An issue that is just being stored is queued for the old channel, and then taken along.
    await guild_rows.hold_subscriptions_of_guild(transaction, guild_id)
    moved = await guild_rows.move_subscription(transaction, subscription, channel_id=channel_id)
    await begin(transaction, Chore(ChoreKind.MOVE_ANNOUNCEMENTS, guild_id, str(source_id)), move_waiting)
    return moved


async def move_waiting(transaction: Transaction, chore: Chore) -> int | None:
    """Take a portion of what waits for other channels to where its newsletter (the subject) is announced now."""
    guild_id, source_id = chore.guild_id, int(chore.subject)
    subscribed = await guild_rows.subscriptions_of_guild(transaction, guild_id)
    here = [each for each in subscribed if each.source_id == source_id]
    if not here:
        return None
    stopped = {each.channel_id: each for each in await channel_rows.stopped_in_guild(transaction, guild_id)}
    records = await outbox_rows.take_back_waiting(
        transaction,
        guild_id=guild_id,
        source_id=source_id,
        not_in=[each.channel_id for each in here],
        problem=Problem("delivery-moved", {"channel": str(here[0].channel_id)}),
        gone=[each.channel_id for each in stopped.values() if each.look_again_at is None],
        limit=PORTION,
    )
    for record in records:
        identity = await recognition_rows.identity_of(transaction, record.subject_key)
        if identity is not None:
            await enqueue_announcement(
                transaction,
                here[0],
                issue_key=record.subject_key,
                identity=identity,
                # What has waited for somebody to open a channel is no news.
                may_ping=record.wants_ping and record.channel_id not in stopped,
                generation=record.generation,
            )
    return chore.place + len(records) if len(records) == PORTION else None


async def stop_reading(transaction: Transaction, *, guild_id: int, source_id: int) -> int | None:
    """Let a server read a source no more, and end all that waits because of it; None when it did not read it.

    Else how many issues waited for a digest: it will not be told of them.
    """
    chore = Chore(ChoreKind.LET_GO, guild_id, str(source_id))
    await chore_rows.hold(transaction, chore)  # before the subscriptions, as the worker does
    # While an issue comes by another of its sources, nobody could tell yet whether that one takes over.
    await guild_rows.hold_subscriptions_of_guild(transaction, guild_id)
    if not await guild_rows.unsubscribe(transaction, guild_id=guild_id, source_id=source_id):
        return None
    await push_rows.remove_hooks(transaction, guild_id=guild_id, source_id=source_id)
    await lease_rows.ask_soon(transaction, [source_id])
    dropped = await repeat_rows.count_held_of(transaction, guild_id=guild_id, source_id=source_id)
    await begin(transaction, chore, let_go)
    return dropped
