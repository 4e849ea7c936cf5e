"""`/setup`: what administrators decide for their server. Without options each command shows what is set."""

from typing import Any

import discord
from discord import app_commands
from discord.app_commands import Choice
from discord.ext import commands

from bot.chat.adding import NewKey, add_source
from bot.chat.choices import LONGEST_CHOICE, MOST_CHOICES, ChannelToAnnounceIn
from bot.chat.context import act_of, actor_of, guild_id_of
from bot.chat.guilds import TO_TELL, MoveNewsletter, moved_view, places_view, require_open
from bot.chat.plain import fold, plain, shorten
from bot.chat.push import address_view
from bot.chat.replies import promise_answer, reply, reply_view, say, sentence_view
from bot.chat.setup_status import archive_line, ping_line, review_line, role_lines, staff_line, status_view
from bot.client import Pressroom
from bot.errors import NotFoundError, RefusedError
from bot.model.guild import ArchiveAccess, FirstAnnouncement, StaffRole
from bot.model.member import Act
from bot.services.guilds import SetupStatus
from bot.services.retention import UNREAD_DAYS
from bot.texts import text

_FIRST_CHOICES = [
    Choice(name=text("choice-first-newest"), value=FirstAnnouncement.NEWEST.value),
    Choice(name=text("choice-first-none"), value=FirstAnnouncement.NONE.value),
]
_ARCHIVE_CHOICES = [
    Choice(name=text("choice-archive-everyone"), value=ArchiveAccess.EVERYONE.value),
    Choice(name=text("choice-archive-role"), value=ArchiveAccess.ROLE.value),
    Choice(name=text("choice-archive-off"), value=ArchiveAccess.OFF.value),
]
# Taking away is always the option `remove`, which says what.
_REMOVE_PING = [Choice(name=text("choice-remove-ping"), value="ping")]
_REMOVE_STAFF = [Choice(name=text("choice-remove-staff"), value="staff")]
_REMOVE_PUSH = [Choice(name=text("choice-remove-push"), value="push")]
_REMOVE_ROLES = [
    Choice(name=text("choice-remove-moderators"), value=StaffRole.MODERATORS.value),
    Choice(name=text("choice-remove-editors"), value=StaffRole.EDITORS.value),
    Choice(name=text("choice-remove-both"), value="both"),
]
_ARCHIVE_SAID = {ArchiveAccess.EVERYONE: "setup-archive-everyone", ArchiveAccess.OFF: "setup-archive-off"}
AnnouncementChannel = app_commands.Transform[app_commands.AppCommandChannel, ChannelToAnnounceIn]
_LONGEST_TITLE = 100


@app_commands.guild_only()
@app_commands.default_permissions(administrator=True)
class SetupCommands(
    commands.GroupCog,
    group_name="setup",
    group_description=text("command-setup"),
    group_extras={"audience": "help-administrators"},
):
    def __init__(self, bot: Pressroom) -> None:
        self._services = bot.services
        self._tree: app_commands.CommandTree[Any] = bot.tree

    @app_commands.command(name="source", description=text("command-setup-source"))
    @app_commands.describe(
        address=text("option-setup-address"),
        channel=text("option-setup-channel"),
        first=text("option-setup-first"),
    )
    @app_commands.choices(first=_FIRST_CHOICES)
    async def source(
        self,
        interaction: discord.Interaction,
        address: str | None = None,
        channel: AnnouncementChannel | None = None,
        first: str = FirstAnnouncement.NEWEST.value,
    ) -> None:
        if address is None:
            _, status = await self._enter(interaction)
            hint = "setup-source-hint"
            view = places_view(interaction, status.sources, status.subscriptions, hint=hint)
            if with_key := [source for source in status.sources if source.has_key]:
                view.add_item(NewKey.choice(interaction, with_key))
            await reply_view(interaction, view)
            return
        with self._services.subscriptions.one_at_a_time(guild_id_of(interaction)):
            channel_id = channel.id if channel else None
            await add_source(interaction, address, channel_id=channel_id, first=FirstAnnouncement(first))

    @app_commands.command(name="channel", description=text("command-setup-channel"))
    @app_commands.describe(channel=text("option-setup-channel"), newsletter=text("option-setup-newsletter"))
    async def channel(
        self,
        interaction: discord.Interaction,
        channel: AnnouncementChannel | None = None,
        newsletter: str | None = None,
    ) -> None:
        act, status = await self._enter(interaction)
        sources = status.sources
        if newsletter is not None:
            sources = tuple(each for each in sources if each.source_id == _source_id(newsletter))
            if not sources:
                raise NotFoundError("setup-source-unknown")
        if channel is None or not sources:
            hint = "setup-channel-hint"
            await reply_view(interaction, places_view(interaction, sources, status.subscriptions, hint=hint))
            return
        require_open(interaction, channel.id)
        there = {each.source_id for each in status.subscriptions if each.channel_id == channel.id}
        elsewhere = [each for each in sources if each.source_id not in there]
        if len(sources) > 1 and elsewhere:
            await reply_view(interaction, MoveNewsletter.view(interaction, channel.id, elsewhere))
            return
        moved = await self._services.guilds.move_announcements(
            act, channel.id, source_ids=[each.source_id for each in sources]
        )
        await reply_view(interaction, moved_view(interaction, moved, channel.id))

    @app_commands.command(name="ping", description=text("command-setup-ping"))
    @app_commands.describe(role=text("option-setup-role"), remove=text("option-setup-remove"))
    @app_commands.choices(remove=_REMOVE_PING)
    async def ping(
        self, interaction: discord.Interaction, role: discord.Role | None = None, remove: str | None = None
    ) -> None:
        act, status = await self._enter(interaction)
        _require_one(role, remove)
        if role is not None and not (role.mentionable or role.guild.me.guild_permissions.mention_everyone):
            # Discord would show the mention and notify nobody.
            raise RefusedError("setup-ping-impossible", role=str(role.id))
        if role is None and remove is None:
            await reply_view(interaction, sentence_view(ping_line(interaction, status.guild)))
            return
        await self._services.guilds.set_ping_role(act, role.id if role else None)
        if role is None:
            await reply(interaction, "setup-ping-off")
        else:
            await reply(interaction, "setup-ping-on", role=str(role.id))

    @app_commands.command(name="threads", description=text("command-setup-threads"))
    @app_commands.describe(on=text("option-setup-threads"))
    async def threads(self, interaction: discord.Interaction, on: bool | None = None) -> None:  # noqa: FBT001 - an option
        act, status = await self._enter(interaction)
        if on is None:
            await reply(interaction, "status-threads-on" if status.guild.discussion_threads else "status-threads-off")
            return
        await self._services.guilds.set_discussion_threads(act, wanted=on)
        await reply(interaction, "setup-threads-on" if on else "setup-threads-off")

    @app_commands.command(name="staff", description=text("command-setup-staff"))
    @app_commands.describe(channel=text("option-setup-staff"), remove=text("option-setup-remove"))
    @app_commands.choices(remove=_REMOVE_STAFF)
    async def staff(
        self, interaction: discord.Interaction, channel: discord.TextChannel | None = None, remove: str | None = None
    ) -> None:
        act, status = await self._enter(interaction)
        _require_one(channel, remove)
        if channel is not None:
            require_open(interaction, channel.id, needed=TO_TELL)
        elif remove is None:
            await reply_view(interaction, sentence_view(staff_line(interaction, status.guild)))
            return
        await self._services.guilds.set_staff_channel(act, channel.id if channel else None)
        if channel is None:
            await reply(interaction, "setup-staff-default")
        else:
            await reply(interaction, "setup-staff-changed", channel=str(channel.id))

    @app_commands.command(name="review", description=text("command-setup-review"))
    @app_commands.describe(channel=text("option-setup-review"))
    async def review(self, interaction: discord.Interaction, channel: discord.TextChannel | None = None) -> None:
        act, status = await self._enter(interaction)
        if channel is None:
            await reply_view(interaction, sentence_view(review_line(interaction, status.guild)))
            return
        if channel.permissions_for(channel.guild.default_role).view_channel:
            # Nothing that a member sent appears in public before a moderator approved it.
            raise RefusedError("setup-review-public", channel=str(channel.id))
        require_open(interaction, channel.id, needed=TO_TELL)
        await promise_answer(interaction)
        await self._services.guilds.set_review_channel(act, channel.id)
        await reply(interaction, "setup-review-changed", channel=str(channel.id))

    @app_commands.command(name="roles", description=text("command-setup-roles"))
    @app_commands.describe(
        moderators=text("option-setup-moderators"),
        editors=text("option-setup-editors"),
        remove=text("option-setup-remove"),
    )
    @app_commands.choices(remove=_REMOVE_ROLES)
    async def roles(
        self,
        interaction: discord.Interaction,
        moderators: discord.Role | None = None,
        editors: discord.Role | None = None,
        remove: str | None = None,
    ) -> None:
        # Discord is asked which commands they see, which may take longer than the three seconds of an answer.
        await promise_answer(interaction)
        act, status = await self._enter(interaction)
        chosen = {StaffRole.MODERATORS: moderators, StaffRole.EDITORS: editors}
        wanted: dict[StaffRole, int | None] = {name: role.id for name, role in chosen.items() if role is not None}
        if any(role is not None and role.is_default() for role in chosen.values()):
            raise RefusedError("setup-roles-everyone")
        taken = [name for name in StaffRole if remove in {name.value, "both"}]
        if any(name in wanted for name in taken):
            raise RefusedError("setup-one-of-both")
        wanted |= dict.fromkeys(taken)
        if wanted:
            await self._services.guilds.set_roles(act, wanted)
            status = await self._services.guilds.status(guild_id_of(interaction))
        lines = await role_lines(interaction, status.guild, self._tree)
        await reply_view(interaction, sentence_view("\n".join(lines)))

    @app_commands.command(name="archive", description=text("command-setup-archive"))
    @app_commands.describe(access=text("option-setup-access"), role=text("option-setup-archive-role"))
    @app_commands.choices(access=_ARCHIVE_CHOICES)
    async def archive(
        self, interaction: discord.Interaction, access: str | None = None, role: discord.Role | None = None
    ) -> None:
        act, status = await self._enter(interaction)
        if access is None and role is None:
            await reply_view(interaction, sentence_view(archive_line(interaction, status.guild)))
            return
        wanted = ArchiveAccess(access) if access is not None else ArchiveAccess.ROLE
        if wanted is ArchiveAccess.ROLE and role is None:
            raise RefusedError("setup-archive-role-needed")
        role_id = role.id if role is not None and wanted is ArchiveAccess.ROLE else None
        await self._services.guilds.open_archive(act, wanted, role_id=role_id)
        if role_id is not None:
            await reply(interaction, "setup-archive-role", role=str(role_id))
        else:
            await reply(interaction, _ARCHIVE_SAID[wanted])

    @app_commands.command(name="push", description=text("command-setup-push"))
    @app_commands.describe(
        source=text("option-setup-push-source"),
        remove=text("option-setup-remove"),
    )
    @app_commands.choices(remove=_REMOVE_PUSH)
    async def push(
        self,
        interaction: discord.Interaction,
        source: str | None = None,
        remove: str | None = None,
    ) -> None:
        act, status = await self._enter(interaction)
        guild_id, push = guild_id_of(interaction), self._services.push
        if source is None:
            hooked = await push.of(guild_id)
            lines = [
                say(interaction, "status-push", title=plain(each.name, longest=_LONGEST_TITLE))
                for each in status.sources
                if each.source_id in hooked
            ]
            await reply_view(interaction, sentence_view("\n".join([*lines, say(interaction, "setup-push-hint")])))
            return
        if remove is not None:
            await push.close(act, _source_id(source))
            await reply(interaction, "setup-push-removed")
            return
        opened = await push.open(act, _source_id(source), secret=None)
        await reply_view(interaction, address_view(interaction, _source_id(source), opened))

    @app_commands.command(name="publish", description=text("command-setup-publish"))
    @app_commands.describe(on=text("option-setup-publish"))
    async def publish(self, interaction: discord.Interaction, on: bool | None = None) -> None:  # noqa: FBT001 - an option
        act, status = await self._enter(interaction)
        if on is None:
            await reply(interaction, "status-publish-on" if status.guild.publish else "status-publish-off")
            return
        await self._services.guilds.set_publishing(act, wanted=on)
        await reply(interaction, "setup-publish-on" if on else "setup-publish-off")

    @app_commands.command(name="repeats", description=text("command-setup-repeats"))
    @app_commands.describe(on=text("option-setup-repeats"))
    async def repeats(self, interaction: discord.Interaction, on: bool | None = None) -> None:  # noqa: FBT001 - an option
        act, status = await self._enter(interaction)
        if on is None:
            await reply(interaction, "status-repeats-on" if status.guild.announce_repeats else "status-repeats-off")
            return
        await self._services.guilds.set_repeats(act, wanted=on)
        await reply(interaction, "setup-repeats-on" if on else "setup-repeats-off")

    @app_commands.command(name="remove", description=text("command-setup-remove"))
    @app_commands.describe(source=text("option-setup-source"))
    async def remove(self, interaction: discord.Interaction, source: str) -> None:
        dropped = await self._services.subscriptions.unsubscribe(act_of(interaction), _source_id(source))
        if dropped is None:
            await reply(interaction, "setup-source-unknown")
        else:
            await reply(interaction, "setup-removed", dropped=dropped, days=UNREAD_DAYS)

    @source.autocomplete("address")
    async def _addresses(self, interaction: discord.Interaction, current: str) -> list[Choice[str]]:
        if not actor_of(interaction).manages_server:
            return []
        laid_ready = await self._services.subscriptions.addresses_for(guild_id_of(interaction))
        # What is typed comes first: a web address cannot be guessed.
        typed = [current] if 0 < len(current) <= LONGEST_CHOICE else []
        offered = [each for each in laid_ready if current.casefold() in each.casefold() and each != current]
        return [Choice(name=shorten(each, LONGEST_CHOICE), value=each) for each in typed + offered][:MOST_CHOICES]

    @channel.autocomplete("newsletter")
    @push.autocomplete("source")
    @remove.autocomplete("source")
    async def _sources(self, interaction: discord.Interaction, current: str) -> list[Choice[str]]:
        if not actor_of(interaction).manages_server:
            return []
        status = await self._services.guilds.status(guild_id_of(interaction))
        named = {str(source.source_id): source.name for source in status.sources}
        return [
            Choice(name=shorten(fold(name), LONGEST_CHOICE), value=source_id)
            for source_id, name in named.items()
            if current.casefold() in name.casefold()
        ][:MOST_CHOICES]

    @app_commands.command(name="status", description=text("command-setup-status"))
    async def status(self, interaction: discord.Interaction) -> None:
        # Which commands the roles see, Discord has to be asked.
        await promise_answer(interaction)
        _, status = await self._enter(interaction)
        lines = await role_lines(interaction, status.guild, self._tree)
        await reply_view(interaction, status_view(interaction, status, lines))

    async def _enter(self, interaction: discord.Interaction) -> tuple[Act, SetupStatus]:
        """What is done, if by an administrator, and the server as it is set up. Raises RefusedError."""
        act = act_of(interaction)
        await self._services.audiences.require_administrator(act.guild_id, act.actor)
        await self._services.guilds.remember(act.guild_id, name=interaction.guild.name if interaction.guild else "")
        return act, await self._services.guilds.status(act.guild_id)


def _require_one(chosen: object, remove: object) -> None:
    """Raise RefusedError where something is chosen and taken away at once."""
    if chosen is not None and remove is not None:
        raise RefusedError("setup-one-of-both")


def _source_id(chosen: str) -> int:
    """What was picked from the list; 0, which is nobody's, for words that were typed instead."""
    return int(chosen) if chosen.isascii() and chosen.isdigit() and len(chosen) < 18 else 0


async def setup(bot: Pressroom) -> None:
    await bot.add_cog(SetupCommands(bot))
