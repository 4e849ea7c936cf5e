"""The world: servers, people, channels and commands, and the events that tell of every change.

Doors (REST, gateway, driver) read the model directly and change it only through methods of `World` and through the
rules in `posting`, `threading` and `interactions`.
"""

import secrets
import time
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from sandbox import events, model, payloads, permissions, tokens
from sandbox.application import Application
from sandbox.clock import Clock, Snowflakes, seconds_of
from sandbox.deadlines import Deadlines
from sandbox.events import Event, Listener
from sandbox.limits import Limits

_TALK = frozenset(
    {
        *(f"{prefix}MESSAGE_{verb}" for prefix in ("", "EPHEMERAL_") for verb in ("CREATE", "UPDATE", "DELETE")),
        *(f"INTERACTION_{verb}" for verb in ("CREATE", "ANSWERED", "FAILED")),
        "TYPING_START",
    }
)
"""Events that change no one's rights and no one's look."""


class World:
    """Everything that exists; lives on when bots come and go."""

    def __init__(
        self,
        *,
        clock: Clock = time.time,
        limits: Limits | None = None,
        name: str = "Pressbot",
        privileged_intents: int = 0,
        token: str = "",
    ) -> None:
        self.clock = clock
        self.limits = limits or Limits()
        self.origin = "http://127.0.0.1"
        self.new_id = Snowflakes(clock)
        application_id = tokens.owner_of(token) or self.new_id(clock() - 30 * 86400)
        self.bot = model.User(application_id, name, bot=True)
        owner = model.User(self.new_id(clock() - 900 * 86400), "operator", "Operator")
        self.application = Application(application_id, name, owner, privileged_intents, token)
        self.users: dict[int, model.User] = {self.bot.id: self.bot, owner.id: owner}
        self.guilds: dict[int, model.Guild] = {}
        self.directs: dict[int, model.Channel] = {}
        self.places: dict[int, model.Channel] = {}
        self.commands: dict[int, model.Command] = {}
        self.attachments: dict[int, model.Attachment] = {}
        self.interactions: dict[str, model.Interaction] = {}
        self.deadlines = Deadlines(self.emit)
        self.nonces: dict[tuple[int, str | int], tuple[float, model.Message]] = {}
        self._listeners: list[Listener] = []
        self._signature = secrets.token_urlsafe(24)

    def sign(self, interaction_id: int) -> str:
        """The token of an interaction: as good as random to the bot, and cheaper to make."""
        return f"{self._signature}{interaction_id:x}"

    def listen(self, listener: Listener) -> None:
        self._listeners.append(listener)

    def unlisten(self, listener: Listener) -> None:
        self._listeners.remove(listener)

    def emit(self, event: Event) -> None:
        if event.name not in _TALK:
            self.forget()
        for listener in self._listeners:
            listener(event)

    def forget(self) -> None:
        """Drop what was derived from roles, members, channels and commands, because one of them changed."""
        for guild in self.guilds.values():
            guild.derived.forget()

    # servers

    def add_guild(self, name: str, *, owner: str = "owner", locale: str = "en-US") -> model.Guild:
        """An empty server with its owner and the role @everyone."""
        guild = model.Guild(self.new_id(), name, 0, self, locale=locale)
        guild.roles[guild.id] = model.Role(guild.id, guild, "@everyone", permissions.EVERYONE, 0)
        self.guilds[guild.id] = guild
        guild.owner_id = self.add_member(guild, owner).user.id
        self.forget()
        return guild

    def add_role(
        self, guild: model.Guild, name: str, *, permissions: int = 0, mentionable: bool = False, color: int = 0
    ) -> model.Role:
        role = model.Role(
            self.new_id(), guild, name, int(permissions), len(guild.roles), color=color, mentionable=mentionable
        )
        guild.roles[role.id] = role
        self._tell(guild, "GUILD_ROLE_CREATE", {"role": payloads.role(role)})
        return role

    def edit_role(
        self,
        role: model.Role,
        *,
        permissions: int | None = None,
        position: int | None = None,
        mentionable: bool | None = None,
    ) -> None:
        role.mentionable = role.mentionable if mentionable is None else mentionable
        role.permissions = role.permissions if permissions is None else int(permissions)
        role.position = role.position if position is None else position
        self._tell(role.guild, "GUILD_ROLE_UPDATE", {"role": payloads.role(role)})

    def delete_role(self, role: model.Role) -> None:
        role.guild.roles.pop(role.id, None)
        for member in role.guild.members.values():
            if role.id in member.roles:
                member.roles.remove(role.id)
        self._tell(role.guild, "GUILD_ROLE_DELETE", {"role_id": str(role.id)})

    def add_channel(
        self,
        guild: model.Guild,
        name: str,
        *,
        kind: model.Kind = "text",
        overwrites: Mapping[Any, tuple[int, int]] | None = None,
        topic: str | None = None,
        tags: Iterable[str] = (),
        requires_tag: bool = False,
        parent: model.Channel | None = None,
    ) -> model.Channel:
        channel = model.Channel(
            self.new_id(),
            guild,
            model.KINDS[kind],
            model.channel_name(model.KINDS[kind], name),
            position=len(guild.channels),
            topic=topic,
            parent_id=parent.id if parent else None,
            flags=model.REQUIRE_TAG if requires_tag else 0,
        )
        channel.overwrites = _overwrites(overwrites or {})
        channel.tags = [model.Tag(self.new_id(), tag) for tag in tags]
        guild.channels[channel.id] = self.places[channel.id] = channel
        self._tell(guild, "CHANNEL_CREATE", payloads.channel(channel), channel=channel)
        return channel

    def permit(self, channel: model.Channel, target: model.Role | model.Member, allow: int = 0, deny: int = 0) -> None:
        """Set the channel's overwrite for a role or a member (also the bot's: `guild.bot`); the bot hears of it."""
        channel.overwrites |= _overwrites({target: (allow, deny)})
        self.channel_changed(channel)

    def channel_changed(self, channel: model.Channel) -> None:
        name = "THREAD_UPDATE" if channel.thread is not None else "CHANNEL_UPDATE"
        self.emit(Event(name, payloads.channel(channel), events.GUILDS, channel.guild, channel))

    def archive(self, thread: model.Channel, *, at: float | datetime | None = None) -> None:
        """Archive a thread or forum post, now or as if it had been at that moment."""
        state = thread.thread
        assert state is not None  # noqa: S101  (only threads are archived)
        state.archived = True
        state.archived_at = self.clock() if at is None else seconds_of(at)
        self.channel_changed(thread)

    def delete_channel(self, channel: model.Channel) -> None:
        """Delete a channel with its threads and messages; the bot hears of it."""
        guild = channel.guild
        assert guild is not None  # noqa: S101  (direct channels are not deleted)
        for thread in channel.threads:
            self.delete_channel(thread)
        name = "THREAD_DELETE" if channel.thread is not None else "CHANNEL_DELETE"
        event = Event(name, payloads.channel(channel), events.GUILDS, guild)
        for message in (*channel.messages.values(), *channel.ephemerals.values()):
            message.deleted = True
        guild.channels.pop(channel.id, None)
        guild.threads.pop(channel.id, None)
        self.places.pop(channel.id, None)
        self.emit(event)

    def add_user(self, name: str, *, created_at: float | datetime | None = None, locale: str = "en-US") -> model.User:
        """The account of that name, made if there is none; a year old unless said otherwise."""
        for user in self.users.values():
            if user.name == name and not user.bot:
                return user
        born = self.clock() - 365 * 86400 if created_at is None else seconds_of(created_at)
        user = model.User(self.new_id(born), name, name.title(), locale=locale)
        self.users[user.id] = user
        return user

    def add_member(
        self,
        guild: model.Guild,
        name: str,
        *,
        roles: Iterable[model.Role | str] = (),
        joined_at: float | datetime | None = None,
        created_at: float | datetime | None = None,
        locale: str = "en-US",
        nick: str | None = None,
    ) -> model.Member:
        user = self.add_user(name, created_at=created_at, locale=locale)
        joined = self.clock() - 90 * 86400 if joined_at is None else seconds_of(joined_at)
        member = model.Member(user, guild, joined, [_role_id(guild, role) for role in roles], nick)
        guild.members[user.id] = member
        data = payloads.member(member) | {"guild_id": str(guild.id)}
        self.emit(Event("GUILD_MEMBER_ADD", data, events.GUILD_MEMBERS, guild))
        return member

    def remove_member(self, member: model.Member) -> None:
        guild = member.guild
        guild.members.pop(member.user.id, None)
        if member.user.id == self.bot.id:
            self.emit(Event("GUILD_DELETE", {"id": str(guild.id)}, events.GUILDS, guild))
            return
        data = {"guild_id": str(guild.id), "user": payloads.user(member.user)}
        self.emit(Event("GUILD_MEMBER_REMOVE", data, events.GUILD_MEMBERS, guild))

    def set_roles(self, member: model.Member, roles: Iterable[model.Role | str | int]) -> None:
        """Replace the member's roles; the bot hears of its own always, of others with the members intent."""
        member.roles = [role if isinstance(role, int) else _role_id(member.guild, role) for role in roles]
        data = payloads.member(member) | {"guild_id": str(member.guild.id)}
        intent = 0 if member.user.id == self.bot.id else events.GUILD_MEMBERS
        self.emit(Event("GUILD_MEMBER_UPDATE", data, intent, member.guild))

    def add_bot(self, guild: model.Guild, granted: int = permissions.EVERYONE) -> model.Member:
        """Invite the application's bot with these permissions; it gets a managed role of its own."""
        role = model.Role(
            self.new_id(), guild, self.bot.name, int(granted), len(guild.roles), managed=True, bot_id=self.bot.id
        )
        guild.roles[role.id] = role
        member = model.Member(self.bot, guild, self.clock(), [role.id])
        guild.members[self.bot.id] = member
        self.emit(Event("GUILD_CREATE", {}, 0, guild))
        return member

    def _tell(
        self, guild: model.Guild, name: str, data: dict[str, Any], *, channel: model.Channel | None = None
    ) -> None:
        self.emit(Event(name, data | {"guild_id": str(guild.id)}, events.GUILDS, guild, channel))

    # people and their channels

    def channel(self, channel_id: int) -> model.Channel | None:
        """A channel, thread or direct channel by id."""
        return self.places.get(channel_id)

    def direct(self, user: model.User) -> model.Channel:
        """The direct channel between the bot and the person, made if there is none."""
        for channel in self.directs.values():
            if user in channel.recipients:
                return channel
        channel = model.Channel(self.new_id(), None, model.DIRECT, user.name, recipients=[user, self.bot])
        self.directs[channel.id] = self.places[channel.id] = channel
        self.emit(Event("CHANNEL_CREATE", payloads.channel(channel), events.DIRECT_MESSAGES, None, channel))
        return channel

    # commands

    def commands_of(self, guild_id: int | None) -> list[model.Command]:
        """The commands registered for exactly that scope: a server's id, or None for global ones."""
        return [command for command in self.commands.values() if command.guild_id == guild_id]

    def permit_command(self, guild: model.Guild, name: str, rules: Mapping[Any, bool]) -> None:
        """Set who sees a command; name "*" speaks for the whole application."""
        key = self.application.id
        if name != "*":
            key = next(
                command.id for command in [*self.commands_of(guild.id), *self.commands_of(None)] if command.name == name
            )
        kinds = {model.Role: 1, model.Member: 2, model.Channel: 3}
        self._permit(guild, key, {(kinds[type(target)], target.id): allowed for target, allowed in rules.items()})

    def permit_role(self, guild: model.Guild, name: str, role: model.Role, *, allowed: bool | None) -> None:
        """Set whether a role sees a command, None for neither; what was set for others stays."""
        command = next(
            command for command in [*self.commands_of(guild.id), *self.commands_of(None)] if command.name == name
        )
        table = {**guild.command_permissions.get(command.id, {})}
        table.pop((1, role.id), None)
        if allowed is not None:
            table[1, role.id] = allowed
        self._permit(guild, command.id, table)

    def _permit(self, guild: model.Guild, key: int, table: dict[tuple[int, int], bool]) -> None:
        guild.command_permissions[key] = table
        data = payloads.command_permissions(guild.id, self.application.id, key, table)
        self.emit(Event("APPLICATION_COMMAND_PERMISSIONS_UPDATE", data, 0, guild))

    def seed(self) -> model.Guild:
        """The default server; see `sandbox.seed`."""
        from sandbox.seed import plant

        return plant(self)


def _role_id(guild: model.Guild, role: model.Role | str) -> int:
    return role.id if isinstance(role, model.Role) else guild.role(role).id


def _overwrites(given: Mapping[Any, tuple[int, int]]) -> dict[int, model.Overwrite]:
    return {
        target.id: model.Overwrite(target.id, 0 if isinstance(target, model.Role) else 1, int(allow), int(deny))
        for target, (allow, deny) in given.items()
    }
