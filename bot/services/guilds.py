"""What an administrator sets for a server."""

from dataclasses import dataclass

from bot.clock import Clock
from bot.model.delivery import DeliveryRecord
from bot.model.guild import FirstAnnouncement, Guild, Source, Subscription
from bot.model.problem import Problem
from bot.store import Store
from bot.store import guilds as guild_rows
from bot.store import outbox as outbox_rows

_MOST_TROUBLED = 3


@dataclass(frozen=True, slots=True)
class SetupStatus:
    """A server's settings, its sources and where each is announced, and the announcements that are in trouble."""

    guild: Guild
    troubled: tuple[DeliveryRecord, ...]
    sources: tuple[Source, ...]
    subscriptions: tuple[Subscription, ...]


class Guilds:
    def __init__(self, store: Store, *, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def remember(self, guild_id: int, *, name: str) -> None:
        """Make sure the server has its row; called for every server the bot is in or is asked in."""
        async with self._store.write() as transaction:
            await guild_rows.remember_guild(transaction, guild_id, name=name, now=self._clock.now())

    async def leave(self, guild_id: int) -> None:
        """The bot is no longer in the server: nothing is read for it, and nothing queued is sent."""
        async with self._store.write() as transaction:
            for subscription in await guild_rows.subscriptions_of_guild(transaction, guild_id):
                source_id = subscription.source_id
                await guild_rows.unsubscribe(transaction, guild_id=guild_id, source_id=source_id)
                await outbox_rows.cancel_pending(
                    transaction, guild_id=guild_id, source_id=source_id, problem=Problem("delivery-cancelled")
                )

    async def move_announcements(self, guild_id: int, channel_id: int) -> None:
        """Announce everything in `channel_id` from now on."""
        async with self._store.write() as transaction:
            await guild_rows.move_subscriptions(
                transaction, guild_id=guild_id, channel_id=channel_id, now=self._clock.now()
            )

    async def set_ping_role(self, guild_id: int, role_id: int | None) -> None:
        """Mention this role at announcements, at most once a day; None for no mention at all."""
        async with self._store.write() as transaction:
            await guild_rows.change_settings(transaction, guild_id, ping_role_id=role_id)

    async def set_discussion_threads(self, guild_id: int, *, wanted: bool) -> None:
        async with self._store.write() as transaction:
            await guild_rows.change_settings(transaction, guild_id, discussion_threads=wanted)

    async def set_first_announcement(self, guild_id: int, choice: FirstAnnouncement) -> None:
        async with self._store.write() as transaction:
            await guild_rows.change_settings(transaction, guild_id, first_announcement=choice)

    async def status(self, guild_id: int) -> SetupStatus:
        """All settings of a server that `remember` knows."""
        async with self._store.read() as transaction:
            guild = await guild_rows.get_guild(transaction, guild_id)
            sources = await guild_rows.sources_of_guild(transaction, guild_id)
            subscriptions = await guild_rows.subscriptions_of_guild(transaction, guild_id)
            troubled = await outbox_rows.troubled(transaction, guild_id, limit=_MOST_TROUBLED)
        return SetupStatus(
            guild=guild or Guild(guild_id=guild_id, name=""),
            troubled=tuple(troubled),
            sources=tuple(sources),
            subscriptions=tuple(subscriptions),
        )
