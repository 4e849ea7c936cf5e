"""The nouns of a Discord: plain objects that the world holds and the doors show.

Ids are integers here and strings in every payload. Changing an object directly changes the world silently; go through
`World` (or the `add_…` methods, which do) when the bot is to hear of it, else call `World.forget` afterwards.
"""

import asyncio
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, Protocol, TypeVar

from sandbox.components import buttons_of, media_of, selects_of, text_of

TEXT, DIRECT, CATEGORY, ANNOUNCEMENT = 0, 1, 4, 5
ANNOUNCEMENT_THREAD, PUBLIC_THREAD, PRIVATE_THREAD = 10, 11, 12
FORUM = 15

Kind = Literal["text", "announcement", "forum", "category"]
KINDS: dict[str, int] = {"text": TEXT, "announcement": ANNOUNCEMENT, "forum": FORUM, "category": CATEGORY}

REQUIRE_TAG = 1 << 4
"""A flag of forums: no post without a tag."""

_FREELY_NAMED = frozenset({CATEGORY, ANNOUNCEMENT_THREAD, PUBLIC_THREAD, PRIVATE_THREAD})


def channel_name(kind: int, name: str) -> str:
    """The name as Discord keeps it: those of text channels and forums know no capitals and no spaces."""
    return name.strip() if kind in _FREELY_NAMED else "-".join(name.lower().split())


CROSSPOSTED, IS_CROSSPOST, SUPPRESS_EMBEDS = 1 << 0, 1 << 1, 1 << 2
HAS_THREAD, EPHEMERAL, LOADING = 1 << 5, 1 << 6, 1 << 7
SUPPRESS_NOTIFICATIONS, COMPONENTS_V2 = 1 << 12, 1 << 15


@dataclass(slots=True, eq=False)
class User:
    id: int
    name: str
    global_name: str | None = None
    bot: bool = False
    avatar: str | None = None
    locale: str = "en-US"
    accepts_dms: bool = True

    def __str__(self) -> str:
        return self.name


@dataclass(slots=True, eq=False)
class Role:
    id: int
    guild: "Guild"
    name: str
    permissions: int
    position: int
    color: int = 0
    hoist: bool = False
    managed: bool = False
    mentionable: bool = False
    bot_id: int | None = None


@dataclass(slots=True)
class Overwrite:
    """One line of a channel's permissions; kind 0 is for a role, 1 for a member."""

    id: int
    kind: int
    allow: int = 0
    deny: int = 0


@dataclass(slots=True)
class Tag:
    id: int
    name: str
    moderated: bool = False
    emoji_name: str | None = None


@dataclass(slots=True)
class ThreadState:
    owner_id: int
    created_at: float
    archived_at: float
    archived: bool = False
    locked: bool = False
    auto_archive_minutes: int = 4320
    invitable: bool = True
    members: dict[int, float] = field(default_factory=dict)
    applied_tags: list[int] = field(default_factory=list)
    total_messages: int = 0


@dataclass(slots=True, eq=False)
class Channel:
    id: int
    guild: "Guild | None"
    type: int
    name: str
    position: int = 0
    parent_id: int | None = None
    topic: str | None = None
    overwrites: dict[int, Overwrite] = field(default_factory=dict)
    messages: "dict[int, Message]" = field(default_factory=dict)
    ephemerals: "dict[int, Message]" = field(default_factory=dict)
    recipients: list[User] = field(default_factory=list)
    thread: ThreadState | None = None
    tags: list[Tag] = field(default_factory=list)
    followers: "list[Channel]" = field(default_factory=list)
    last_message_id: int | None = None
    slowmode_seconds: int = 0
    nsfw: bool = False
    flags: int = 0
    webhooks: dict[int, User] = field(default_factory=dict)

    @property
    def is_private_thread(self) -> bool:
        return self.type == PRIVATE_THREAD

    @property
    def parent(self) -> "Channel | None":
        return self.guild.channels.get(self.parent_id or 0) if self.guild else None

    @property
    def threads(self) -> "list[Channel]":
        """The threads (or forum posts) of this channel, oldest first."""
        return [one for one in self.guild.threads.values() if one.parent_id == self.id] if self.guild else []

    @property
    def history(self) -> "list[Message]":
        """All messages that everyone here sees, oldest first."""
        return list(self.messages.values())

    def message(self, message_id: int) -> "Message | None":
        return self.messages.get(message_id) or self.ephemerals.get(message_id)

    def __repr__(self) -> str:
        return f"<Channel #{self.name} {self.id}>"


@dataclass(slots=True, eq=False)
class Member:
    user: User
    guild: "Guild"
    joined_at: float
    roles: list[int] = field(default_factory=list)
    nick: str | None = None
    pending: bool = False

    @property
    def id(self) -> int:
        return self.user.id

    @property
    def display_name(self) -> str:
        return self.nick or self.user.global_name or self.user.name

    def __repr__(self) -> str:
        return f"<Member {self.user.name} {self.user.id}>"


@dataclass(slots=True, eq=False)
class Attachment:
    id: int
    channel_id: int
    filename: str
    data: bytes
    content_type: str
    description: str | None = None
    width: int | None = None
    height: int | None = None
    ephemeral: bool = False

    @property
    def is_spoiler(self) -> bool:
        return self.filename.startswith("SPOILER_")


@dataclass(slots=True, eq=False)
class Message:
    id: int
    channel: Channel
    author: User
    created_at: float
    type: int = 0
    content: str = ""
    embeds: list[dict[str, Any]] = field(default_factory=list)
    components: list[dict[str, Any]] = field(default_factory=list)
    attachments: list[Attachment] = field(default_factory=list)
    flags: int = 0
    edited_at: float | None = None
    nonce: str | int | None = None
    mentions: list[User] = field(default_factory=list)
    mention_roles: list[int] = field(default_factory=list)
    mention_everyone: bool = False
    reference: dict[str, Any] | None = None
    only_for: int | None = None
    webhook_id: int | None = None
    application_id: int | None = None
    interaction: "Interaction | None" = None
    poll: dict[str, Any] | None = None
    pinned: bool = False
    deleted: bool = False
    copies: "list[Message]" = field(default_factory=list)
    edits: list[float] = field(default_factory=list)
    payload: dict[str, Any] | None = field(default=None, repr=False)

    @property
    def ephemeral(self) -> bool:
        return self.only_for is not None

    @property
    def is_v2(self) -> bool:
        return bool(self.flags & COMPONENTS_V2)

    @property
    def is_crossposted(self) -> bool:
        return bool(self.flags & CROSSPOSTED)

    @property
    def is_loading(self) -> bool:
        return bool(self.flags & LOADING)

    @property
    def is_silent(self) -> bool:
        return bool(self.flags & SUPPRESS_NOTIFICATIONS)

    @property
    def text(self) -> str:
        """Everything a reader sees: content, embeds, then components from top to bottom."""
        return "\n".join(text_of(self.content, self.embeds, self.components))

    @property
    def buttons(self) -> list[dict[str, Any]]:
        return buttons_of(self.components)

    @property
    def labels(self) -> list[str]:
        """The labels of the buttons, in order."""
        return [button.get("label", "") for button in self.buttons]

    @property
    def selects(self) -> list[dict[str, Any]]:
        return selects_of(self.components)

    @property
    def pictures(self) -> list[str]:
        """Addresses of all pictures: galleries, thumbnails, files and embeds."""
        return media_of(self.embeds, self.components)

    @property
    def thread(self) -> Channel | None:
        guild = self.channel.guild
        return guild.threads.get(self.id) if guild else None

    @property
    def reply_to(self) -> "Message | None":
        target = int((self.reference or {}).get("message_id") or 0)
        return self.channel.messages.get(target)

    def __repr__(self) -> str:
        shown = self.text.replace("\n", " / ")
        return f"<Message {self.id} by {self.author.name}: {shown[:80]!r}>"


@dataclass(slots=True, eq=False)
class Command:
    id: int
    application_id: int
    guild_id: int | None
    type: int
    name: str
    description: str
    version: int
    options: list[dict[str, Any]] = field(default_factory=list)
    default_member_permissions: int | None = None
    contexts: list[int] | None = None
    integration_types: list[int] = field(default_factory=lambda: [0])
    nsfw: bool = False
    name_localizations: dict[str, str] | None = None
    description_localizations: dict[str, str] | None = None


@dataclass(slots=True, eq=False)
class Interaction:
    """One thing a person did that the bot must answer within three seconds."""

    id: int
    token: str
    type: int
    user: User
    channel: Channel
    member: Member | None
    data: dict[str, Any]
    created_at: float
    message: Message | None = None
    cause: "Interaction | None" = None
    name: str = ""
    callback_type: int | None = None
    answered_at: float | None = None
    response: Message | None = None
    followups: list[Message] = field(default_factory=list)
    modal: dict[str, Any] | None = None
    choices: list[dict[str, Any]] | None = None
    failed: bool = False
    defers_ephemeral: bool = False
    settled: "asyncio.Future[None] | None" = None
    """Done with the answer or its failure; a deferred answer puts a new one in its place until the follow-up."""

    @property
    def is_answered(self) -> bool:
        """Whether the time for the first answer is over, with an answer or without."""
        return self.callback_type is not None or self.failed

    def settle(self) -> None:
        future, self.settled = self.settled, None
        if future is not None and not future.done():
            future.set_result(None)


Named = TypeVar("Named", Role, Channel)


@dataclass(slots=True)
class Derived:
    """What was worked out from roles, members, channels and commands; forgotten with every change of them."""

    permissions: dict[tuple[int, int], int] = field(default_factory=dict)
    """By the ids of member and channel (not for threads, which people join and leave)."""
    places: dict[tuple[int, int], tuple[int | None, dict[str, Any]]] = field(default_factory=dict)
    """What interactions of that member in that channel have in common, with the channel's last message then."""
    finds: dict[tuple[int, int, str], Any] = field(default_factory=dict)
    """Which command that member means in that channel by that text."""
    first_channels: "dict[int, Channel]" = field(default_factory=dict)
    """Where that member writes without saying where."""

    def forget(self) -> None:
        for kept in (self.permissions, self.places, self.finds, self.first_channels):
            kept.clear()


@dataclass(slots=True, eq=False)
class Guild:
    id: int
    name: str
    owner_id: int
    world: "Keeper" = field(repr=False)
    derived: Derived = field(default_factory=Derived, repr=False)
    roles: dict[int, Role] = field(default_factory=dict)
    channels: dict[int, Channel] = field(default_factory=dict)
    threads: dict[int, Channel] = field(default_factory=dict)
    members: dict[int, Member] = field(default_factory=dict)
    command_permissions: dict[int, dict[tuple[int, int], bool]] = field(default_factory=dict)
    locale: str = "en-US"
    icon: str | None = None
    features: list[str] = field(default_factory=lambda: ["COMMUNITY", "NEWS"])

    def add_role(self, name: str, *, permissions: int = 0, mentionable: bool = False, color: int = 0) -> Role:
        return self.world.add_role(self, name, permissions=permissions, mentionable=mentionable, color=color)

    def add_channel(
        self,
        name: str,
        *,
        kind: Kind = "text",
        overwrites: "Mapping[Role | Member, tuple[int, int]] | None" = None,
        topic: str | None = None,
        tags: Iterable[str] = (),
        requires_tag: bool = False,
        parent: Channel | None = None,
    ) -> Channel:
        """A new channel; `overwrites` maps a role or a member to (allow, deny), the tags are a forum's."""
        return self.world.add_channel(
            self,
            name,
            kind=kind,
            overwrites=overwrites,
            topic=topic,
            tags=tags,
            requires_tag=requires_tag,
            parent=parent,
        )

    def add_member(
        self,
        name: str,
        *,
        roles: Iterable[Role | str] = (),
        joined_at: float | datetime | None = None,
        created_at: float | datetime | None = None,
        locale: str = "en-US",
        nick: str | None = None,
    ) -> Member:
        """A person joins; `created_at` is the age of the account, `joined_at` when it came here."""
        return self.world.add_member(
            self, name, roles=roles, joined_at=joined_at, created_at=created_at, locale=locale, nick=nick
        )

    def role(self, name: str) -> Role:
        return _named(self.roles.values(), name, "role", self)

    def channel(self, name: str) -> Channel:
        return _named([*self.channels.values(), *self.threads.values()], name.lstrip("#"), "channel", self)

    def member(self, name: str) -> Member:
        for member in self.members.values():
            if name in (member.user.name, member.nick, member.user.global_name):
                return member
        raise LookupError(f"no member {name!r} in {self.name!r}: {[str(m.user) for m in self.members.values()]}")

    @property
    def everyone(self) -> Role:
        return self.roles[self.id]

    @property
    def bot(self) -> Member | None:
        return self.members.get(self.world.bot.id)

    def permit_command(self, command: str, rules: "Mapping[Role | Member | Channel, bool]") -> None:
        """What an administrator sets under Integrations: who may use a command, and where."""
        self.world.permit_command(self, command, rules)


class Keeper(Protocol):
    """Who keeps the world: what is changed through it, the bot hears of."""

    clock: Callable[[], float]
    origin: str
    bot: User
    guilds: dict[int, Guild]

    def add_guild(self, name: str, *, owner: str = "owner", locale: str = "en-US") -> Guild: ...

    def add_bot(self, guild: Guild, granted: int) -> Member: ...

    def add_role(
        self, guild: Guild, name: str, *, permissions: int = 0, mentionable: bool = False, color: int = 0
    ) -> Role: ...

    def add_channel(
        self,
        guild: Guild,
        name: str,
        *,
        kind: Kind = "text",
        overwrites: Mapping[Any, tuple[int, int]] | None = None,
        topic: str | None = None,
        tags: Iterable[str] = (),
        requires_tag: bool = False,
        parent: Channel | None = None,
    ) -> Channel: ...

    def add_member(
        self,
        guild: Guild,
        name: str,
        *,
        roles: Iterable[Role | str] = (),
        joined_at: float | datetime | None = None,
        created_at: float | datetime | None = None,
        locale: str = "en-US",
        nick: str | None = None,
    ) -> Member: ...

    def permit_command(self, guild: Guild, name: str, rules: Mapping[Any, bool]) -> None: ...


def _named(things: Iterable[Named], name: str, noun: str, guild: Guild) -> Named:
    found = list(things)
    for thing in found:
        if thing.name == name:
            return thing
    raise LookupError(f"no {noun} {name!r} in {guild.name!r}: {sorted(thing.name for thing in found)}")


def option_leaves(command: Command) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Every invocable path of a slash command with its options: `("issue show", [...])`."""

    def walk(path: str, options: list[dict[str, Any]]) -> Iterator[tuple[str, list[dict[str, Any]]]]:
        nested = [option for option in options if option["type"] in (1, 2)]
        if not nested:
            yield path, options
        for option in nested:
            yield from walk(f"{path} {option['name']}", option.get("options") or [])

    yield from walk(command.name, command.options)
