"""The rules of messages: what may be posted, what is computed from it, edits, deletion, publishing."""

from typing import Any

from sandbox import events, mentions, model, payloads, permissions
from sandbox.drafts import Draft, draft
from sandbox.errors import ApiError, invalid_form, missing_access, missing_permissions, unknown_message
from sandbox.events import Event
from sandbox.files import Upload
from sandbox.limits import Rate, Window, too_many
from sandbox.world import World

Json = dict[str, Any]

_SAID = frozenset({0, 19, 20, 23, 24})
"""The types of messages that can be replied to: plain, a reply, an answer to a command or menu, auto moderation."""
MOST_EPHEMERALS = 10_000
"""How many ephemeral messages a channel keeps, so that load tests do not fill the memory."""


def post(
    world: World,
    channel: model.Channel,
    author: model.User,
    drafted: Draft,
    *,
    allowed: Json | None = None,
    reference: Json | None = None,
    nonce: str | int | None = None,
    only_for: int | None = None,
    interaction: model.Interaction | None = None,
    kind: int = 0,
    message_id: int | None = None,
    webhook_id: int | None = None,
    flags: int = 0,
) -> model.Message:
    """Put the message into the channel and tell everyone who may see it."""
    now = world.clock()
    message = model.Message(
        message_id or world.new_id(),
        channel,
        author,
        now,
        kind,
        drafted.content,
        drafted.embeds,
        drafted.components,
        drafted.attachments,
        drafted.flags | flags,
        nonce=nonce,
        only_for=only_for,
        interaction=interaction,
        poll=drafted.poll,
        webhook_id=webhook_id,
        reference=reference,
    )
    if author.bot and webhook_id in (None, author.id):
        message.application_id = author.id
    mentions.apply(world, message, allowed)
    if only_for is not None:
        message.flags |= model.EPHEMERAL
        channel.ephemerals[message.id] = message
        if len(channel.ephemerals) > MOST_EPHEMERALS:
            del channel.ephemerals[next(iter(channel.ephemerals))]
        announce(world, message, "MESSAGE_CREATE")
        return message
    channel.messages[message.id] = message
    channel.last_message_id = message.id
    if channel.thread is not None:
        channel.thread.total_messages += 1
        channel.thread.members.setdefault(author.id, now)
        if channel.thread.archived:
            channel.thread.archived = False
            channel.thread.archived_at = now
            world.channel_changed(channel)
    announce(world, message, "MESSAGE_CREATE")
    return message


def announce(world: World, message: model.Message, name: str) -> None:
    """Tell of a message. Ephemeral ones reach listeners of the world, but no gateway."""
    channel = message.channel
    if message.only_for is not None:
        world.emit(Event(f"EPHEMERAL_{name}", {}, -1, channel.guild, channel, message))
        return
    data = dict(payloads.message(message, world))
    if channel.guild is not None:
        data["guild_id"] = str(channel.guild.id)
        author = channel.guild.members.get(message.author.id)
        if author is not None:
            data["member"] = payloads.basic_member(author)
    intent = events.GUILD_MESSAGES if channel.guild else events.DIRECT_MESSAGES
    world.emit(Event(name, data, intent, channel.guild, channel, message))


def create(
    world: World, channel: model.Channel, author: model.User, body: Json, uploads: list[Upload]
) -> model.Message:
    """POST …/messages: permissions, nonce, limits, then the message."""
    granted = require_view(channel, author)
    check_speaking(granted, channel, uploads=bool(uploads))
    _check_extras(granted, channel, body)
    nonce = body.get("nonce")
    if nonce is not None and len(str(nonce)) > 25:
        raise invalid_form("nonce", "BASE_TYPE_MAX_LENGTH", "Must be 25 or fewer in length.")
    key = (author.id, nonce or "")
    if nonce is not None and body.get("enforce_nonce"):
        earlier = world.nonces.get(key)
        if earlier is not None and world.clock() - earlier[0] < world.limits.nonce_seconds:
            return earlier[1]
    drafted = draft(world, body, uploads, channel)
    reference, kind = _reference(world, channel, author, granted, body.get("message_reference"))
    message = post(
        world,
        channel,
        author,
        drafted,
        allowed=body.get("allowed_mentions"),
        reference=reference,
        nonce=nonce,
        kind=kind,
    )
    if nonce is not None:
        world.nonces[key] = (world.clock(), message)
    return message


def _check_extras(granted: int, channel: model.Channel, body: Json) -> None:
    """What of a message needs a permission of its own; in a direct channel everything may be sent."""
    needed = 0
    for field, permission in (
        ("embeds", permissions.EMBED_LINKS),
        ("poll", permissions.SEND_POLLS),
        ("tts", permissions.SEND_TTS),
    ):
        needed |= permission if body.get(field) else 0
    if channel.guild is not None and granted & needed != needed:
        raise missing_permissions()


def _reference(
    world: World, channel: model.Channel, author: model.User, granted: int, given: Json | None
) -> tuple[Json | None, int]:
    if given is None:
        return None, 0
    kind = given.get("type") or 0
    source = world.channel(int(given.get("channel_id") or channel.id)) or channel
    if kind != 0 and source is not channel:
        require_view(source, author)
    # A reply looks for its message in its own channel only.
    target = source.messages.get(int(given["message_id"])) if kind != 0 or source is channel else None
    if target is None:
        if given.get("fail_if_not_exists", True):
            raise invalid_form("message_reference", "REPLIES_UNKNOWN_MESSAGE", "Unknown message")
        return None, 0
    if kind == 0 and not granted & permissions.READ_HISTORY:
        raise ApiError(403, 160002, "You cannot reply without permission to read message history")
    if kind == 0 and target.type not in _SAID:
        raise invalid_form(
            "message_reference", "REPLIES_CANNOT_REPLY_TO_SYSTEM_MESSAGE", "Cannot reply to a system message"
        )
    reference = {"type": kind, "channel_id": str(source.id), "message_id": str(target.id)}
    if source.guild is not None:
        reference["guild_id"] = str(source.guild.id)
    return reference, 19 if kind == 0 else 0


def require_view(channel: model.Channel, user: model.User) -> int:
    """The permissions of the user in the channel, or 50001 where the channel is not to be seen."""
    if channel.guild is None:
        if user not in channel.recipients:
            raise missing_access()
        return permissions.DM
    member = channel.guild.members.get(user.id)
    if member is None:
        raise missing_access()
    granted = permissions.in_channel(member, channel)
    if not granted & permissions.VIEW_CHANNEL:
        raise missing_access()
    return granted


def check_speaking(granted: int, channel: model.Channel, *, uploads: bool) -> None:
    if channel.guild is None:
        if not all(one.accepts_dms for one in channel.recipients):
            raise ApiError(403, 50007, "Cannot send messages to this user")
        return
    if channel.type == model.FORUM:
        raise ApiError(400, 40058, "Cannot send a message in a forum channel")
    if channel.type == model.CATEGORY:
        raise ApiError(400, 50008, "Cannot send messages in a non-text channel")
    if not permissions.may_speak(granted, channel):
        raise missing_permissions()
    if uploads and not granted & permissions.ATTACH_FILES:
        raise missing_permissions()
    thread = channel.thread
    if thread is not None and thread.locked and not granted & permissions.MANAGE_THREADS:
        raise ApiError(400, 50083, "Thread is archived") if thread.archived else missing_permissions()


def find(channel: model.Channel, message_id: int) -> model.Message:
    message = channel.messages.get(message_id)
    if message is None:
        raise unknown_message()
    return message


def edit(world: World, message: model.Message, body: Json, uploads: list[Upload], *, own: bool = True) -> model.Message:
    """PATCH of a message: its author may change all, whoever manages messages only the flags."""
    channel = message.channel
    if not own:
        if set(body) - {"flags"}:
            raise ApiError(403, 50005, "Cannot edit a message authored by another user")
        message.flags = message.flags & ~model.SUPPRESS_EMBEDS | int(body.get("flags") or 0) & model.SUPPRESS_EMBEDS
    else:
        drafted = draft(world, body, uploads, channel, before=message, ephemeral=message.ephemeral)
        message.content, message.embeds, message.components = drafted.content, drafted.embeds, drafted.components
        message.attachments = drafted.attachments
        message.flags = message.flags & ~model.LOADING | drafted.flags
        mentions.apply(world, message, body.get("allowed_mentions"))
    touch(world, message)
    for copy in message.copies:
        copy.content, copy.embeds = message.content, message.embeds
        touch(world, copy)
    return message


def touch(world: World, message: model.Message) -> None:
    """Mark as edited and tell."""
    message.edited_at = world.clock()
    message.edits.append(message.edited_at)
    message.payload = None
    announce(world, message, "MESSAGE_UPDATE")


def check_old_edit(world: World, message: model.Message, windows: dict[int, Window]) -> None:
    """30046: messages older than an hour take three edits in six seconds per channel (unofficial figure)."""
    if world.clock() - message.created_at >= world.limits.old_edit_age:
        _take_edit(world, windows, message.channel.id, world.limits.old_edits)


def check_published_edit(world: World, message: model.Message, windows: dict[int, Window]) -> None:
    """Each published message takes three edits an hour (unofficial figure), since every copy is edited, too."""
    if message.is_crossposted:
        _take_edit(world, windows, message.id, world.limits.published_edits)


def _take_edit(world: World, windows: dict[int, Window], key: int, rate: Rate) -> None:
    early = windows.setdefault(key, Window()).take(world.clock(), rate)
    if early:
        raise too_many(
            early,
            scope="shared",
            code=30046,
            message="Maximum number of edits to messages older than 1 hour reached. Try again later.",
        )


def delete(world: World, message: model.Message) -> None:
    channel = message.channel
    channel.messages.pop(message.id, None)
    channel.ephemerals.pop(message.id, None)
    message.deleted = True
    data = {"id": str(message.id), "channel_id": str(channel.id)}
    if channel.guild is not None:
        data["guild_id"] = str(channel.guild.id)
    if message.only_for is not None:
        world.emit(Event("EPHEMERAL_MESSAGE_DELETE", {}, -1, channel.guild, channel, message))
        return
    intent = events.GUILD_MESSAGES if channel.guild else events.DIRECT_MESSAGES
    world.emit(Event("MESSAGE_DELETE", data, intent, channel.guild, channel, message))


def crosspost(world: World, message: model.Message, windows: dict[int, Window]) -> model.Message:
    """Publish to the channels that follow; copies come without components (Discord's staff, 2022)."""
    channel = message.channel
    if channel.type != model.ANNOUNCEMENT:
        raise ApiError(400, 50024, "Cannot execute action on this channel type")
    if message.is_crossposted:
        raise ApiError(400, 40033, "This message has already been crossposted")
    early = windows.setdefault(channel.id, Window()).take(world.clock(), world.limits.crossposts)
    if early:
        raise too_many(early, scope="shared")
    message.flags |= model.CROSSPOSTED
    message.payload = None
    announce(world, message, "MESSAGE_UPDATE")
    assert channel.guild is not None  # noqa: S101  (announcement channels stand in servers)
    reference = {
        "type": 0,
        "channel_id": str(channel.id),
        "message_id": str(message.id),
        "guild_id": str(channel.guild.id),
    }
    for follower in channel.followers:
        hook = follower.webhooks.setdefault(
            channel.id, model.User(world.new_id(), f"{channel.guild.name} #{channel.name}", bot=True)
        )
        flags = message.flags & ~(model.CROSSPOSTED | model.COMPONENTS_V2 | model.HAS_THREAD) | model.IS_CROSSPOST
        copy = Draft(message.content, message.embeds, [], message.attachments, flags)
        message.copies.append(post(world, follower, hook, copy, reference=reference, webhook_id=hook.id, allowed={}))
    return message


def history(
    channel: model.Channel, granted: int, *, before: int | None, after: int | None, around: int | None, limit: int
) -> list[model.Message]:
    """Newest first. Without Read Message History the list is empty, which is not an error."""
    if channel.guild is not None and not granted & permissions.READ_HISTORY:
        return []
    ids = list(channel.messages)
    if ids != sorted(ids):
        ids.sort()
    if around is not None:
        older = [one for one in ids if one < around][-(limit // 2) :]
        newer = [one for one in ids if one >= around][: limit - len(older)]
        chosen = [*older, *newer]
    elif after is not None:
        chosen = [one for one in ids if one > after][:limit]
    elif before is not None:
        chosen = [one for one in ids if one < before][-limit:]
    else:
        chosen = ids[-limit:]
    return [channel.messages[one] for one in reversed(chosen)]
