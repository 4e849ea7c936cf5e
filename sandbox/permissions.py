"""Discord's permission arithmetic: roles, then channel overwrites; owner and administrator stand above both.

The computation follows the section "Permission Hierarchy" of Discord's documentation.
"""

from enum import IntFlag
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sandbox.model import Channel, Command, Guild, Member


class Permission(IntFlag):
    """The bits that the sandbox looks at; others may be given and are carried along."""

    CREATE_INSTANT_INVITE = 1 << 0
    KICK_MEMBERS = 1 << 1
    BAN_MEMBERS = 1 << 2
    ADMINISTRATOR = 1 << 3
    MANAGE_CHANNELS = 1 << 4
    MANAGE_GUILD = 1 << 5
    ADD_REACTIONS = 1 << 6
    VIEW_CHANNEL = 1 << 10
    SEND_MESSAGES = 1 << 11
    SEND_TTS_MESSAGES = 1 << 12
    MANAGE_MESSAGES = 1 << 13
    EMBED_LINKS = 1 << 14
    ATTACH_FILES = 1 << 15
    READ_MESSAGE_HISTORY = 1 << 16
    MENTION_EVERYONE = 1 << 17
    CHANGE_NICKNAME = 1 << 26
    MANAGE_NICKNAMES = 1 << 27
    MANAGE_ROLES = 1 << 28
    MANAGE_WEBHOOKS = 1 << 29
    USE_APPLICATION_COMMANDS = 1 << 31
    MANAGE_THREADS = 1 << 34
    CREATE_PUBLIC_THREADS = 1 << 35
    CREATE_PRIVATE_THREADS = 1 << 36
    SEND_MESSAGES_IN_THREADS = 1 << 38
    MODERATE_MEMBERS = 1 << 40
    SEND_POLLS = 1 << 49


ALL = (1 << 53) - 1

EVERYONE = int(
    Permission.CREATE_INSTANT_INVITE
    | Permission.ADD_REACTIONS
    | Permission.VIEW_CHANNEL
    | Permission.SEND_MESSAGES
    | Permission.EMBED_LINKS
    | Permission.ATTACH_FILES
    | Permission.READ_MESSAGE_HISTORY
    | Permission.CHANGE_NICKNAME
    | Permission.USE_APPLICATION_COMMANDS
    | Permission.CREATE_PUBLIC_THREADS
    | Permission.SEND_MESSAGES_IN_THREADS
    | Permission.SEND_POLLS
)
"""What a fresh server gives to @everyone (without voice)."""

DM = EVERYONE
"""What counts in a direct message."""

ADMINISTRATOR = int(Permission.ADMINISTRATOR)
VIEW_CHANNEL = int(Permission.VIEW_CHANNEL)
SEND_MESSAGES = int(Permission.SEND_MESSAGES)
SEND_IN_THREADS = int(Permission.SEND_MESSAGES_IN_THREADS)
MANAGE_MESSAGES = int(Permission.MANAGE_MESSAGES)
MANAGE_THREADS = int(Permission.MANAGE_THREADS)
MANAGE_ROLES = int(Permission.MANAGE_ROLES)
MANAGE_GUILD = int(Permission.MANAGE_GUILD)
MANAGE_CHANNELS = int(Permission.MANAGE_CHANNELS)
MENTION_EVERYONE = int(Permission.MENTION_EVERYONE)
READ_HISTORY = int(Permission.READ_MESSAGE_HISTORY)
ATTACH_FILES = int(Permission.ATTACH_FILES)
EMBED_LINKS = int(Permission.EMBED_LINKS)
SEND_TTS = int(Permission.SEND_TTS_MESSAGES)
SEND_POLLS = int(Permission.SEND_POLLS)
CHANGE_NICKNAME = int(Permission.CHANGE_NICKNAME)
USE_COMMANDS = int(Permission.USE_APPLICATION_COMMANDS)

_MEMBER, _ROLE = 1, 0
_COMMAND_ROLE, _COMMAND_USER, _COMMAND_CHANNEL = 1, 2, 3


def can(member: "Member", permission: int, channel: "Channel | None" = None) -> bool:
    """Whether the member may do this in the channel, or in the server."""
    granted = in_channel(member, channel) if channel else in_guild(member)
    return granted & permission == permission


def in_guild(member: "Member") -> int:
    """What the member's roles give, before any channel says otherwise."""
    guild = member.guild
    if guild.owner_id == member.user.id:
        return ALL
    granted = guild.roles[guild.id].permissions
    for role_id in member.roles:
        role = guild.roles.get(role_id)
        if role is not None:
            granted |= role.permissions
    return ALL if granted & ADMINISTRATOR else granted


def in_channel(member: "Member", channel: "Channel") -> int:
    """What the member may do in the channel; threads take the overwrites of their parent."""
    if channel.thread is not None:
        return _work_out(member, channel)
    known, key = member.guild.derived.permissions, (member.user.id, channel.id)
    granted = known.get(key)
    if granted is None:
        granted = known[key] = _work_out(member, channel)
    return granted


def _work_out(member: "Member", channel: "Channel") -> int:
    granted = in_guild(member)
    if granted == ALL:
        return ALL
    place = channel
    if channel.thread is not None:
        parent = member.guild.channels.get(channel.parent_id or 0)
        if parent is None:
            return 0
        place = parent
    overwrites = place.overwrites
    if overwrites:
        everyone = overwrites.get(member.guild.id)
        if everyone is not None:
            granted = granted & ~everyone.deny | everyone.allow
        allow = deny = 0
        for role_id in member.roles:
            overwrite = overwrites.get(role_id)
            if overwrite is not None and overwrite.kind == _ROLE:
                allow |= overwrite.allow
                deny |= overwrite.deny
        granted = granted & ~deny | allow
        own = overwrites.get(member.user.id)
        if own is not None and own.kind == _MEMBER:
            granted = granted & ~own.deny | own.allow
    if not granted & VIEW_CHANNEL:
        return 0
    if channel.is_private_thread and not granted & MANAGE_THREADS:
        assert channel.thread is not None  # noqa: S101  (said by is_private_thread)
        if member.user.id not in channel.thread.members:
            return 0
    return granted


def may_speak(granted: int, channel: "Channel") -> bool:
    """Whether messages may be sent there: threads have a permission of their own."""
    return bool(granted & (SEND_IN_THREADS if channel.thread is not None else SEND_MESSAGES))


def top_position(member: "Member") -> int:
    """The position of the member's highest role; the owner stands above all."""
    guild = member.guild
    if guild.owner_id == member.user.id:
        return 1 << 30
    return max((guild.roles[role].position for role in member.roles if role in guild.roles), default=0)


def may_use(command: "Command", member: "Member", channel: "Channel") -> bool:
    """Whether the picker of this member shows the top-level command in this channel.

    Order: administrator; Use Application Commands; what the server's administrator set for the command, else for
    the whole application (a person before roles before @everyone; channels on top); else
    `default_member_permissions`, where 0 leaves administrators only.
    """
    granted = in_channel(member, channel)
    if granted == ALL:
        return True
    if not granted & USE_COMMANDS:
        return False
    guild = member.guild
    for key in (command.id, command.application_id):
        rules = guild.command_permissions.get(key)
        if not rules:
            continue
        verdict = _channel_verdict(rules, guild, channel.parent_id if channel.thread else channel.id)
        if verdict is False:
            return False
        verdict = _person_verdict(rules, member)
        if verdict is not None:
            return verdict
    needed = command.default_member_permissions
    if needed is None:
        return True
    return needed != 0 and granted & needed == needed


def _channel_verdict(rules: dict[tuple[int, int], bool], guild: "Guild", channel_id: int | None) -> bool | None:
    own = rules.get((_COMMAND_CHANNEL, channel_id or 0))
    return own if own is not None else rules.get((_COMMAND_CHANNEL, guild.id - 1))


def _person_verdict(rules: dict[tuple[int, int], bool], member: "Member") -> bool | None:
    own = rules.get((_COMMAND_USER, member.user.id))
    if own is not None:
        return own
    said = [rules[_COMMAND_ROLE, role] for role in member.roles if (_COMMAND_ROLE, role) in rules]
    if said:
        return any(said)
    return rules.get((_COMMAND_ROLE, member.guild.id))
