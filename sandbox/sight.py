"""What one member sees through Discord's client: channels, messages, and the commands of the picker."""

from typing import Any

from sandbox import model, permissions
from sandbox.errors import Refused
from sandbox.world import World

Json = dict[str, Any]

MOST_FINDS = 1000

Found = tuple[model.Command, list[str], list[Json], str]
"""A slash command, the path in it, the options of that path, and the rest of the text."""


class Sight:
    """The eyes of one member of a server."""

    def __init__(self, member: model.Member, world: World) -> None:
        self.member = member
        self.guild = member.guild
        self.world = world

    @property
    def id(self) -> int:
        return self.member.user.id

    @property
    def name(self) -> str:
        return self.member.user.name

    @property
    def mention(self) -> str:
        return f"<@{self.id}>"

    # places

    def channel(self, channel: model.Channel | str) -> model.Channel:
        return self.guild.channel(channel) if isinstance(channel, str) else channel

    def can_see(self, channel: model.Channel) -> bool:
        if channel.guild is None:
            return self.member.user in channel.recipients
        return bool(permissions.in_channel(self.member, channel) & permissions.VIEW_CHANNEL)

    def here(self, channel: model.Channel | str | None) -> model.Channel:
        """The channel meant, else the first text channel where this person may write."""
        if channel is not None:
            where = self.channel(channel)
            if not self.can_see(where):
                raise Refused(f"{self.name} cannot see #{where.name}")
            return where
        known = self.guild.derived.first_channels
        if self.id not in known:
            known[self.id] = self._first_channel()
        return known[self.id]

    def _first_channel(self) -> model.Channel:
        needed = permissions.VIEW_CHANNEL | permissions.SEND_MESSAGES
        for where in self.guild.channels.values():
            if where.type == model.TEXT and permissions.in_channel(self.member, where) & needed == needed:
                return where
        raise Refused(f"{self.name} sees no text channel to write in")

    # messages

    def see(self, channel: model.Channel | str) -> list[model.Message]:
        """The messages this person can see there now, oldest first, with the ephemeral ones meant for them."""
        where = self.channel(channel)
        if not self.can_see(where):
            return []
        own = [one for one in where.ephemerals.values() if one.only_for == self.id]
        history = where.history
        if where.guild is not None and not permissions.in_channel(self.member, where) & permissions.READ_HISTORY:
            history = []
        return sorted([*history, *own], key=lambda one: one.id)

    def directs(self) -> list[model.Message]:
        """The direct messages between this person and the bot."""
        for channel in self.world.directs.values():
            if self.member.user in channel.recipients:
                return channel.history
        return []

    # commands

    def commands(self, channel: model.Channel | str | None = None) -> list[str]:
        """What the picker shows: slash commands as "/issue latest", menus by their name."""
        where = self.here(channel)
        shown: list[str] = []
        for command in self.visible(where):
            if command.type == 1:
                shown += [f"/{path}" for path, _ in model.option_leaves(command)]
            else:
                shown.append(command.name)
        return sorted(shown)

    def visible(self, channel: model.Channel) -> list[model.Command]:
        if channel.guild is None:
            return [one for one in self.world.commands_of(None) if one.contexts is None or 1 in one.contexts]
        return [
            command
            for command in [*self.world.commands_of(self.guild.id), *self.world.commands_of(None)]
            if (command.contexts is None or 0 in command.contexts)
            and permissions.may_use(command, self.member, channel)
        ]

    def find(self, text: str, where: model.Channel) -> Found:
        """The command that the text begins with; not kept in threads and direct channels, whose rights come and go."""
        if where.guild is None or where.thread is not None:
            return self._look_for(text, where)
        finds, key = self.guild.derived.finds, (self.id, where.id, text)
        if key not in finds:
            if len(finds) > MOST_FINDS:
                finds.clear()
            finds[key] = self._look_for(text, where)
        found: Found = finds[key]
        return found

    def _look_for(self, text: str, where: model.Channel) -> Found:
        words = text.lstrip("/").strip()
        best: tuple[model.Command, str, list[Json]] | None = None
        for command in self.visible(where):
            if command.type != 1:
                continue
            for path, specs in model.option_leaves(command):
                if (words == path or words.startswith(path + " ")) and (best is None or len(path) > len(best[1])):
                    best = (command, path, specs)
        if best is None:
            exists = any(words.split(" ")[0] == one.name for one in self.world.commands.values())
            why = "hidden from" if exists else "unknown to"
            raise Refused(f"/{words} is {why} {self.name} in #{where.name}; shown: {self.commands(where)}")
        command, path, specs = best
        return command, path.split(" "), specs, words[len(path) :].strip()
