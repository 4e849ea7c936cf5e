"""What a reading brought on its way to the servers: decided at its end, told in portions."""

from collections.abc import Collection

from bot.model.chore import Chore, ChoreKind
from bot.model.guild import FirstAnnouncement, Subscription
from bot.model.issue import News, Stage
from bot.services.announcing.announcements import enqueue_announcement
from bot.services.announcing.repeats import is_to_be_told
from bot.services.delivery.cards import Change, show_changes
from bot.store import Transaction
from bot.store import guilds as guild_rows
from bot.store import issues as issue_rows
from bot.store import news as news_rows

TOLD_AT_ONCE = 20
"""Announcements a transaction, or cards to be drawn anew: so much shorter than other portions, as each is so much."""


def telling(source_id: int) -> Chore:
    """The chore of telling what a source brought."""
    return Chore(ChoreKind.TELL_NEWS, 0, str(source_id))


async def tell_news(transaction: Transaction, chore: Chore) -> int | None:
    """Tell servers of what a source brought, the oldest first, and let announcements that changed be drawn anew.

    place: the id of the last subscription that was told of the issue whose turn it is.
    """
    source_id, after = int(chore.subject), chore.place
    page, last = await guild_rows.hold_subscriptions_after(transaction, source_id, after=after, limit=TOLD_AT_ONCE)
    here: set[str] | None = None
    for _ in range(max(TOLD_AT_ONCE // max(len(page), 1), 1)):
        news = await news_rows.next_to_tell(transaction, source_id)
        if news is None:
            return None
        if here is None:
            here = {each.issue_key for each in await news_rows.news_of(transaction, source_id, Stage.NEWS)}
        if news.stage is None:
            guild_ids = dict.fromkeys(subscription.guild_id for subscription in page)
            await show_changes(transaction, [Change(each, news.issue_key) for each in guild_ids])
        elif not await issue_rows.is_withdrawn(transaction, news.issue_key):
            for subscription in page:
                await _tell(transaction, subscription, news, here=here)
        if len(page) == TOLD_AT_ONCE:
            return last
        await news_rows.end_news(transaction, news)
        if after:
            break  # those before were told of this one only
    return 0


async def _tell(transaction: Transaction, subscription: Subscription, news: News, *, here: Collection[str]) -> None:
    guild = await guild_rows.get_guild(transaction, subscription.guild_id)
    if guild is None:
        return
    was_there_before = news.stage is Stage.FIRST or subscription.created_at > news.stored_at
    if was_there_before and guild.first_announcement is FirstAnnouncement.NONE:
        return
    if news.stage is Stage.FIRST or await is_to_be_told(
        transaction, guild, subscription.source_id, news.issue_key, here=here
    ):
        await enqueue_announcement(transaction, subscription, issue_key=news.issue_key, identity=news.identity)
