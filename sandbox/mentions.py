"""Who is pinged by a message."""

import re
from typing import Any

from sandbox import components as parts
from sandbox import model, permissions
from sandbox.errors import invalid_form
from sandbox.world import World

Json = dict[str, Any]

_USER, _ROLE, _EVERYONE = re.compile(r"<@!?(\d+)>"), re.compile(r"<@&(\d+)>"), re.compile(r"@(everyone|here)\b")


_MOST_NAMED = 100


def check(allowed: Json | None) -> None:
    """All of a kind may be mentioned, or those that are named; an empty list names nobody, and does no harm."""
    for kind in ("users", "roles"):
        named = (allowed or {}).get(kind) or ()
        if named and kind in ((allowed or {}).get("parse") or ()):
            raise invalid_form(
                "allowed_mentions",
                "MESSAGE_ALLOWED_MENTIONS_PARSE_EXCLUSIVE",
                f'parse:["{kind}"] and {kind}: [ids...] are mutually exclusive.',
            )
        if len(named) > _MOST_NAMED:
            raise invalid_form(f"allowed_mentions.{kind}", "BASE_TYPE_MAX_LENGTH", "Must be 100 or fewer in length.")


def apply(world: World, message: model.Message, allowed: Json | None) -> None:
    """Who is pinged: content and Components V2 text count, embeds never; `allowed_mentions` limits it.

    Where it is not given, an ordinary message pings all whom it names, an answer to an interaction people only.
    """
    message.mentions, message.mention_roles, message.mention_everyone = [], [], False
    text = message.content
    if message.components:
        text = "\n".join([text, *parts.text_of("", [], message.components)])
    if "@" in text:
        _apply_named(world, message, text, allowed)
    if message.type == 19 and (True if allowed is None else allowed.get("replied_user")):
        target = message.reply_to
        if target is not None and target.author not in message.mentions:
            message.mentions.append(target.author)


def _apply_named(world: World, message: model.Message, text: str, allowed: Json | None) -> None:
    default = {"users"} if message.interaction is not None else {"users", "roles", "everyone"}
    parse = default if allowed is None else set(allowed.get("parse") or ())
    users = {int(one) for one in (allowed or {}).get("users") or ()}
    roles = {int(one) for one in (allowed or {}).get("roles") or ()}
    guild = message.channel.guild
    sender = guild.members.get(message.author.id) if guild else None
    granted = permissions.in_channel(sender, message.channel) if sender else 0
    may_all = bool(granted & permissions.MENTION_EVERYONE) or message.webhook_id is not None
    named = dict.fromkeys(int(one) for one in _USER.findall(text))
    message.mentions = [world.users[one] for one in named if one in world.users and ("users" in parse or one in users)]
    message.mention_roles = [
        one
        for one in dict.fromkeys(int(found) for found in _ROLE.findall(text))
        if guild
        and one in guild.roles
        and ("roles" in parse or one in roles)
        and (may_all or guild.roles[one].mentionable)
    ]
    message.mention_everyone = bool("everyone" in parse and may_all and _EVERYONE.search(text))
