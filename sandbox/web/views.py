"""The world as one person sees it, in JSON for the page: Discord's own objects, with what its client knows besides."""

from collections.abc import Iterable, Iterator
from typing import Any

from sandbox import model, payloads, permissions
from sandbox.sight import Sight
from sandbox.world import World

Json = dict[str, Any]

_NEW_SECONDS = 86_400.0
_MESSAGE_MENU = 3


def server(sight: Sight, *, origin: str, site: str | None) -> Json:
    """Everything but the messages: who is here, what this person sees and may do.

    origin, site: the addresses of the sandbox and of the newsletter, which alone serve pictures.
    """
    guild, world = sight.guild, sight.world
    return {
        "origin": origin,
        "site": site,
        "me": str(sight.id),
        "my_roles": [str(role) for role in sight.member.roles],
        "bot": str(world.bot.id),
        "may_manage": bool(permissions.in_guild(sight.member) & permissions.MANAGE_GUILD),
        "guild": {"name": guild.name},
        "people": [_person(member) for member in guild.members.values() if not member.user.bot],
        "users": {str(user.id): _user(user, guild) for user in world.users.values()},
        "roles": {str(role.id): {"name": role.name.lstrip("@"), "color": role.color} for role in guild.roles.values()},
        "channels": [channel(sight, one) for one in guild.channels.values() if sight.can_see(one)],
        "threads": [channel(sight, one) for one in guild.threads.values() if sight.can_see(one)],
        "directs": [channel(sight, one) for one in world.directs.values() if sight.can_see(one)],
    }


def channel(sight: Sight, one: model.Channel) -> Json:
    """A channel, thread or direct channel, and what this person may do in it."""
    granted = permissions.DM if one.guild is None else permissions.in_channel(sight.member, one)
    state = one.thread
    body: Json = payloads.channel(one) | {
        "name": one.name if one.guild is not None else sight.world.bot.name,
        "may": {
            "send": one.type not in (model.FORUM, model.CATEGORY)
            and permissions.may_speak(granted, one)
            and not (state is not None and state.locked and not granted & permissions.MANAGE_THREADS),
            "post": one.type == model.FORUM and bool(granted & permissions.SEND_MESSAGES),
            "attach": bool(granted & permissions.ATTACH_FILES),
            "delete": one.guild is not None and bool(granted & permissions.MANAGE_MESSAGES),
        },
    }
    return body


def message(sight: Sight, one: model.Message) -> Json:
    """Discord's message object, and what led to it."""
    body: Json = {"message": payloads.message(one, sight.world)}
    asked = one.interaction
    if asked is not None and asked.type == 2:
        body["asked"] = {"by": str(asked.user.id), "name": asked.name}
    elif asked is not None and asked.cause is not None and asked.cause.type == 2:
        body["asked"] = {"by": str(asked.user.id), "name": asked.cause.name}
    starter = _starter(one)
    if starter is not None:
        body["starter"] = message(sight, starter)
    return body


def starts_with(first: model.Message, message: model.Message) -> bool:
    """Whether this first line of a thread shows that message."""
    return _starter(first) is message


def _starter(one: model.Message) -> model.Message | None:
    """The message that a thread was opened on, for the system message that stands first in it."""
    if one.type != payloads.THREAD_STARTER or one.channel.parent is None:
        return None
    return one.channel.parent.messages.get(one.channel.id)


def commands(sight: Sight, where: model.Channel) -> Json:
    """What the picker and the menu of a message offer this person here."""
    seen = sight.visible(where)
    return {
        "slash": [entry for command in seen if command.type == 1 for entry in _leaves(command)],
        "menus": [command.name for command in seen if command.type == _MESSAGE_MENU],
    }


def integrations(guild: model.Guild, world: World) -> list[Json]:
    """Each top-level command, and what an administrator decided about it by role."""
    return [
        {
            "name": f"/{command.name}" if command.type == 1 else command.name,
            "roles": {
                str(target): allowed
                for (kind, target), allowed in guild.command_permissions.get(command.id, {}).items()
                if kind == 1
            },
        }
        for command in [*world.commands_of(guild.id), *world.commands_of(None)]
    ]


def _leaves(command: model.Command) -> Iterator[Json]:
    def walk(path: str, description: str, options: Iterable[Json]) -> Iterator[Json]:
        nested = [option for option in options if option["type"] in (1, 2)]
        if not nested:
            yield {"path": path, "description": description, "options": list(options)}
        for option in nested:
            yield from walk(f"{path} {option['name']}", option["description"], option.get("options") or [])

    yield from walk(command.name, command.description, command.options)


def _user(user: model.User, guild: model.Guild) -> Json:
    member = guild.members.get(user.id)
    colored = [guild.roles[role] for role in member.roles if role in guild.roles] if member else []
    color = max((role for role in colored if role.color), key=lambda role: role.position, default=None)
    return {
        "name": member.display_name if member else user.global_name or user.name,
        "bot": user.bot,
        "color": color.color if color else 0,
    }


def _person(member: model.Member) -> Json:
    guild = member.guild
    names = [guild.roles[role].name for role in member.roles if role in guild.roles]
    is_new = guild.world.clock() - member.joined_at < _NEW_SECONDS
    return {
        "id": str(member.id),
        "name": member.display_name,
        "about": ", ".join(names) or ("new member" if is_new else "member"),
    }
