"""Finding the function for a request without scanning patterns: by method, first segment and length."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sandbox import events, model, permissions, posting
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
JSON = "application/json"
FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")


@dataclass(slots=True)
class State:
    """What the REST door remembers besides the world: windows of the limits inside single rules."""

    gateway: Callable[[], dict[str, Any]]
    old_edits: dict[int, Window] = field(default_factory=dict)
    published_edits: dict[int, Window] = field(default_factory=dict)
    crossposts: dict[int, Window] = field(default_factory=dict)
    command_creates: Window = field(default_factory=Window)


@dataclass(slots=True)
class Call:
    """One request, decoded; `actor` is the bot, or the person who sends it from the page."""

    world: World
    state: State
    params: dict[str, str]
    query: Mapping[str, str]
    body: Any
    uploads: list[Upload]
    actor: model.User

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
        """The channel in the path."""
        channel = self.world.channel(self.id("channel_id"))
        if channel is None:
            raise unknown_channel()
        return channel

    def view(self) -> tuple[model.Channel, int]:
        """The channel in the path and the actor's permissions there."""
        channel = self.channel()
        return channel, posting.require_view(channel, self.actor)

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

    def need_members_intent(self) -> None:
        """Lists of members are for applications to which the portal gives the intent, whatever the gateway is asked."""
        if not self.world.application.privileged_intents & events.GUILD_MEMBERS:
            raise missing_access()

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
    needs_token: bool = True
    is_limited: bool = True
    counts_globally: bool = True
    is_for_people: bool = False
    takes_forms: bool = False
    key: str = field(init=False)

    def __post_init__(self) -> None:
        self.key = f"{self.method} {self.template}"

    @property
    def media(self) -> tuple[str, ...]:
        """The types of body that it reads."""
        return (JSON, *FORMS) if self.takes_forms else (JSON,)


_Shape = tuple[list[tuple[int, str]], list[tuple[int, str]], Route]
"""The literal segments of a route by their place (the first one is known), its names by their place, and the route."""


class Routes:
    """All routes. A path is compared with those only that have its method, first segment and length."""

    def __init__(self) -> None:
        self.all: list[Route] = []
        self._shelves: dict[tuple[str, str, int], list[_Shape]] = {}

    def add(self, method: str, template: str, handler: Handler, **options: bool) -> None:
        segments = template.split("/")
        names = [(place, one[1:-1]) for place, one in enumerate(segments) if one.startswith("{")]
        literals = [(place, one) for place, one in enumerate(segments) if place > 1 and not one.startswith("{")]
        route = Route(method, template, handler, **options)
        self.all.append(route)
        shelf = self._shelves.setdefault((method, segments[1], len(segments)), [])
        shelf.append((literals, names, route))
        shelf.sort(key=lambda shape: [one.startswith("{") for one in shape[2].template.split("/")])  # "@me" goes first

    def methods_of(self, path: str) -> list[str]:
        """The methods that the path is known with."""
        return sorted({route.method for route in self.all if self.find(route.method, path) is not None})

    def find(self, method: str, path: str) -> tuple[Route, dict[str, str]] | None:
        """The route of the path, and what stands in the places of its names."""
        segments = path.split("/")
        for literals, names, route in self._shelves.get((method, segments[1], len(segments)), ()):
            for place, literal in literals:
                if segments[place] != literal:
                    break
            else:
                return route, {name: segments[place] for place, name in names}
        return None
