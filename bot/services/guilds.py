"""What an administrator sets for a server."""

import logging
from collections.abc import Callable, Collection, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field

from bot.errors import NotFoundError
from bot.model.chore import Chore, ChoreKind
from bot.model.delivery import DeliveryRecord, StoppedChannel, ThreadlessChannel
from bot.model.flood import Flood
from bot.model.guild import ArchiveAccess, Guild, Source, StaffRole, Subscription
from bot.model.hub import Hub
from bot.model.member import Act
from bot.model.problem import Problem
from bot.services.announcing.floods import ask_in
from bot.services.announcing.moving import move_newsletter, stop_reading
from bot.services.announcing.repeats import release_portion
from bot.services.delivery.channels import choose_channel
from bot.services.delivery.notices import move_notices
from bot.services.delivery.portions import PORTION, begin
from bot.services.members.audiences import require_administrator
from bot.services.members.submissions import show_waiting
from bot.services.reading.quotas import DEFAULT_QUOTAS, Quotas, used_up
from bot.store import Store, Transaction
from bot.store import channels as channel_rows
from bot.store import chores as chore_rows
from bot.store import floods as flood_rows
from bot.store import guilds as guild_rows
from bot.store import outbox as outbox_rows
from bot.store import repeats as repeat_rows
from bot.store import usage as usage_rows
from bot.store import websub as lease_rows
from bot.store.repeats import Held
from bot.store.usage import Share

log = logging.getLogger(__name__)

_MOST_TROUBLED = 3
_MOST_FLOODS = 5
# They queue messages; what else is left is about what is stored.
_CHORES_FOR_DISCORD = frozenset(
    {
        ChoreKind.SHOW_WAITING,
        ChoreKind.SHOW_NAME,
        ChoreKind.MOVE_ANNOUNCEMENTS,
        ChoreKind.MOVE_NOTICES,
        ChoreKind.RELEASE,
        ChoreKind.ANNOUNCE_FLOOD,
    }
)


@dataclass(frozen=True, slots=True)
class SetupStatus:
    """A server's settings, its sources and where each is announced, and what is in trouble there.

    hubs: by source, who tells of it at present. is_used_up: enough was read for it today. held: what waits for a
    digest. threadless: where announcements get no thread although it wants them. share: how much of the archive is its
    own; quotas: how much that may be.
    """

    guild: Guild
    troubled: tuple[DeliveryRecord, ...]
    floods: tuple[Flood, ...]
    stopped: tuple[StoppedChannel, ...]
    sources: tuple[Source, ...]
    subscriptions: tuple[Subscription, ...]
    hubs: Mapping[int, Hub]
    is_used_up: bool
    held: Held | None
    threadless: tuple[ThreadlessChannel, ...] = ()
    share: Share = field(default_factory=lambda: Share(issues=0, links=0))
    quotas: Quotas = DEFAULT_QUOTAS


class Guilds:
    def __init__(self, store: Store, *, quotas: Quotas = DEFAULT_QUOTAS) -> None:
        self._store = store
        self._quotas = quotas

    async def remember(self, guild_id: int, *, name: str) -> None:
        """Make sure the server has its row; called for every server the bot is in or is asked in."""
        async with self._store.write() as transaction:
            await guild_rows.remember_guild(transaction, guild_id, name=name)

    async def leave(self, guild_id: int) -> None:
        """The bot is no longer in the server: nothing is read for it, and nothing queued is sent."""
        # Wherever this is broken off, `stay_only_in` goes on at the next start.
        async with self._store.read() as transaction:
            subscribed = await guild_rows.subscriptions_of_guild(transaction, guild_id)
        for subscription in subscribed:
            async with self._store.write() as transaction:
                source_id = subscription.source_id
                await stop_reading(transaction, guild_id=guild_id, source_id=source_id)
        is_left = True
        while is_left:
            async with self._store.write() as transaction:
                is_left = (
                    await chore_rows.end_of_guild(transaction, guild_id, _CHORES_FOR_DISCORD, limit=PORTION) == PORTION
                )
        is_left = True
        while is_left:
            async with self._store.write() as transaction:
                is_left = (
                    await outbox_rows.cancel_guild(
                        transaction, guild_id, problem=Problem("delivery-cancelled"), limit=PORTION
                    )
                    == PORTION
                )
        async with self._store.write() as transaction:
            await channel_rows.forget_guild(transaction, guild_id)  # which has 500 at most

    async def stay_only_in(self, present: Collection[int], goes_on: Callable[[], bool] = lambda: True) -> None:
        """Leave every server that is not `present`: those that removed the bot while it was away."""
        async with self._store.read() as transaction:
            remembered = await guild_rows.guilds_with_subscriptions(transaction)
            remembered |= await outbox_rows.guilds_waited_for(transaction)
            remembered |= await chore_rows.guilds_of(transaction, _CHORES_FOR_DISCORD)
        for guild_id in sorted(remembered - set(present)):
            if not goes_on():
                break
            log.info("server is gone guild_id=%s", guild_id)
            await self.leave(guild_id)

    async def move_announcements(self, act: Act, channel_id: int, *, source_ids: Collection[int]) -> list[Source]:
        """Announce these newsletters in `channel_id` from now on, also what waits for another channel; which they are.

        Raises NotFoundError where the server reads none of them.
        """
        async with self._effect(act) as transaction:
            if not transaction.is_repeated:
                await choose_channel(transaction, act.guild_id, channel_id)
                for subscription in await guild_rows.subscriptions_of_guild(transaction, act.guild_id):
                    if subscription.source_id in source_ids:
                        await move_newsletter(transaction, subscription, channel_id=channel_id)
        async with self._store.read() as transaction:
            sources = await guild_rows.sources_of_guild(transaction, act.guild_id)
        moved = [source for source in sources if source.source_id in source_ids]
        if not moved:
            raise NotFoundError("setup-source-unknown")
        return moved

    async def set_ping_role(self, act: Act, role_id: int | None) -> None:
        """Mention this role at announcements, at most once a day; None for no mention at all."""
        await self._change(act, ping_role_id=role_id)

    async def set_discussion_threads(self, act: Act, *, wanted: bool) -> None:
        async with self._effect(act) as transaction:
            if not transaction.is_repeated:
                await guild_rows.change_settings(transaction, act.guild_id, discussion_threads=wanted)
                if not wanted:
                    await channel_rows.forget_threadless(transaction, act.guild_id)

    async def set_staff_channel(self, act: Act, channel_id: int | None) -> None:
        """Tell the staff in this channel what needs its attention; None for where Discord tells it."""
        async with self._effect(act) as transaction:
            if not transaction.is_repeated:
                await guild_rows.change_settings(transaction, act.guild_id, staff_channel_id=channel_id)
                if channel_id is not None:
                    await choose_channel(transaction, act.guild_id, channel_id)
                    chore = Chore(ChoreKind.MOVE_NOTICES, act.guild_id)
                    await begin(transaction, chore, move_notices)
                    await ask_in(transaction, act.guild_id, channel_id)

    async def set_review_channel(self, act: Act, channel_id: int) -> None:
        """Show submissions to the moderators in this channel, also those that wait; from now on members may send."""
        async with self._effect(act) as transaction:
            if not transaction.is_repeated:
                await choose_channel(transaction, act.guild_id, channel_id)
                await guild_rows.change_settings(transaction, act.guild_id, review_channel_id=channel_id)
                await begin(transaction, Chore(ChoreKind.SHOW_WAITING, act.guild_id), show_waiting)

    async def set_roles(self, act: Act, roles: Mapping[StaffRole, int | None]) -> None:
        """Let these roles decide about submissions and polls, or plan with the queue; who is not named stays.

        None takes one away, so that Discord's own permissions decide.
        """
        columns = {StaffRole.MODERATORS: "moderator_role_id", StaffRole.EDITORS: "editor_role_id"}
        await self._change(act, **{columns[name]: role for name, role in roles.items()})

    async def open_archive(self, act: Act, access: ArchiveAccess, *, role_id: int | None) -> None:
        """Say who may look through the archive of links; `role_id` where it is for a role."""
        await self._change(act, archive_access=access, archive_role_id=role_id)

    async def set_repeats(self, act: Act, *, wanted: bool) -> None:
        """Announce short issues also where a digest tells their story, and what waits for one at once."""
        async with self._effect(act) as transaction:
            if not transaction.is_repeated:
                await guild_rows.change_settings(transaction, act.guild_id, announce_repeats=wanted)
                if wanted:
                    chore = Chore(ChoreKind.RELEASE, act.guild_id)
                    await begin(transaction, chore, release_portion)

    async def set_publishing(self, act: Act, *, wanted: bool) -> None:
        """Publish announcements to the channels of other servers that follow."""
        await self._change(act, publish=wanted)

    async def status(self, guild_id: int) -> SetupStatus:
        """All settings of a server that `remember` knows."""
        async with self._store.read() as transaction:
            guild = await guild_rows.get_guild(transaction, guild_id)
            sources = await guild_rows.sources_of_guild(transaction, guild_id)
            subscriptions = await guild_rows.subscriptions_of_guild(transaction, guild_id)
            stopped = await channel_rows.stopped_in_guild(transaction, guild_id)
            floods = await flood_rows.waiting(transaction, guild_id, limit=_MOST_FLOODS)
            source_ids = [source.source_id for source in sources]
            hubs = await lease_rows.told_until(transaction, source_ids)
            is_used_up = bool(await used_up(transaction, [guild_id], self._quotas))
            troubled = await outbox_rows.troubled(transaction, guild_id, limit=_MOST_TROUBLED)
            held = await repeat_rows.held_in(transaction, guild_id)
            share = await usage_rows.share_of(transaction, guild_id)
            threadless = await channel_rows.threadless_in_guild(transaction, guild_id)
        announced_in = {subscription.channel_id for subscription in subscriptions}
        return SetupStatus(
            guild=guild or Guild(guild_id=guild_id, name=""),
            troubled=tuple(troubled),
            stopped=tuple(stopped),
            floods=tuple(floods),
            sources=tuple(sources),
            subscriptions=tuple(subscriptions),
            hubs=hubs,
            is_used_up=is_used_up,
            held=held,
            threadless=tuple(each for each in threadless if each.channel_id in announced_in),
            share=share,
            quotas=self._quotas,
        )

    async def _change(self, act: Act, **settings: object) -> None:
        async with self._effect(act) as transaction:
            if not transaction.is_repeated:
                await guild_rows.change_settings(transaction, act.guild_id, **settings)

    def _effect(self, act: Act) -> AbstractAsyncContextManager[Transaction]:
        """The transaction of an administrator's effect. Raises RefusedError for who may not set up the server."""
        require_administrator(act.actor)
        return self._store.effect(act)
