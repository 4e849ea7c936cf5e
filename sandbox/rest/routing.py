"""Finding the function for a request without scanning patterns: a tree of path segments."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from sandbox import model, permissions, posting
from sandbox.errors import (
    ApiError,
    missing_access,
    missing_permissions,
    unknown_channel,
    unknown_guild,
    unknown_member,
    unknown_role,
)
from sandbox.files import Upload
from sandbox.limits import Window
from sandbox.world import World


@dataclass(slots=True, frozen=True)
class Answer:
    """An answer that is not 200, or has no body."""

    status: int
    body: Any = None


NO_CONTENT = Answer(204)


@dataclass(slots=True)
class State:
    """What the REST door remembers besides the world: windows of the limits inside single rules."""

    gateway: Callable[[], dict[str, Any]]
    old_edits: dict[int, Window] = field(default_factory=dict)
    crossposts: dict[int, Window] = field(default_factory=dict)
    command_creates: Window = field(default_factory=Window)


@dataclass(slots=True)
class Call:
    """One request, decoded."""

    world: World
    state: State
    params: dict[str, str]
    query: dict[str, str]
    body: Any
    uploads: list[Upload]

    def id(self, name: str) -> int:
        try:
            return int(self.params[name])
        except ValueError:
            tree = {name: {"_errors": [{"code": "NUMBER_TYPE_COERCE", "message": "Value is not snowflake."}]}}
            raise ApiError(400, 50035, "Invalid Form Body", errors=tree) from None

    def number(self, name: str, default: int | None = None) -> int | None:
        text = self.query.get(name)
        return int(text) if text else default

    def limit(self, default: int, most: int) -> int:
        wanted = self.number("limit", default) or default
        return max(1, min(most, wanted))

    def channel(self) -> model.Channel:
        """The channel in the path, if the bot may see it."""
        channel = self.world.channel(self.id("channel_id"))
        if channel is None:
            raise unknown_channel()
        return channel

    def view(self) -> tuple[model.Channel, int]:
        """The channel in the path and the bot's permissions there."""
        channel = self.channel()
        return channel, posting.require_view(channel, self.world.bot)

    def guild(self) -> model.Guild:
        guild = self.world.guilds.get(self.id("guild_id"))
        if guild is None:
            raise unknown_guild()
        if guild.bot is None:
            raise missing_access()
        return guild

    def own(self, guild: model.Guild) -> model.Member:
        bot = guild.bot
        if bot is None:
            raise missing_access()
        return bot

    def member(self, guild: model.Guild) -> model.Member:
        member = guild.members.get(self.id("user_id"))
        if member is None:
            raise unknown_member()
        return member

    def role(self, guild: model.Guild) -> model.Role:
        role = guild.roles.get(self.id("role_id"))
        if role is None:
            raise unknown_role()
        return role

    def need(self, granted: int, permission: int) -> None:
        if not granted & permission:
            raise missing_permissions()

    def need_in(self, guild: model.Guild, permission: int) -> None:
        self.need(permissions.in_guild(self.own(guild)), permission)


Handler = Callable[[Call], Any]


@dataclass(slots=True)
class Route:
    method: str
    template: str
    handler: Handler
    names: tuple[str, ...]
    needs_token: bool = True
    is_limited: bool = True
    counts_globally: bool = True

    @property
    def key(self) -> str:
        return f"{self.method} {self.template}"


@dataclass(slots=True)
class _Node:
    literal: "dict[str, _Node]" = field(default_factory=dict)
    variable: "_Node | None" = None
    routes: dict[str, Route] = field(default_factory=dict)


class Routes:
    """All routes; `find` walks one segment at a time and prefers the literal one."""

    def __init__(self) -> None:
        self._root = _Node()
        self.all: list[Route] = []

    def add(self, method: str, template: str, handler: Handler, **options: bool) -> None:
        node, names = self._root, []
        for segment in template.strip("/").split("/"):
            if segment.startswith("{"):
                names.append(segment[1:-1])
                node.variable = node.variable or _Node()
                node = node.variable
            else:
                node = node.literal.setdefault(segment, _Node())
        route = Route(method, template, handler, tuple(names), **options)
        node.routes[method] = route
        self.all.append(route)

    def find(self, method: str, segments: list[str]) -> tuple[Route, dict[str, str]] | None:
        found = _descend(self._root, method, segments, 0, [])
        return None if found is None else (found[0], dict(zip(found[0].names, found[1], strict=True)))


def _descend(
    node: _Node, method: str, segments: list[str], index: int, values: list[str]
) -> tuple[Route, list[str]] | None:
    if index == len(segments):
        route = node.routes.get(method)
        return None if route is None else (route, values)
    segment = segments[index]
    literal = node.literal.get(segment)
    if literal is not None:
        found = _descend(literal, method, segments, index + 1, values)
        if found is not None:
            return found
    if node.variable is not None:
        return _descend(node.variable, method, segments, index + 1, [*values, segment])
    return None
