"""The rules of threads and forum posts."""

from typing import Any

from sandbox import events, model, payloads, permissions, posting
from sandbox.drafts import Draft, draft
from sandbox.errors import ApiError, invalid_form, missing_permissions
from sandbox.events import Event
from sandbox.files import Upload
from sandbox.forms import check_text
from sandbox.world import World

Json = dict[str, Any]

_CREATED = 18
_KINDS = {
    model.TEXT: (model.PRIVATE_THREAD, model.PUBLIC_THREAD),
    model.ANNOUNCEMENT: (model.ANNOUNCEMENT_THREAD,),
}
"""The threads that a channel may have, first the one that is made where none is named."""
_CREATE_PUBLIC = int(permissions.Permission.CREATE_PUBLIC_THREADS)
_CREATE_PRIVATE = int(permissions.Permission.CREATE_PRIVATE_THREADS)


def from_message(world: World, message: model.Message, creator: model.User, body: Json) -> model.Channel:
    """A thread on a message has the message's id. On an older message a system message tells of it."""
    channel = message.channel
    granted = posting.require_view(channel, creator)
    if not granted & _CREATE_PUBLIC:
        raise missing_permissions()
    if message.thread is not None:
        raise ApiError(400, 160004, "A thread has already been created for this message")
    if channel.type not in (model.TEXT, model.ANNOUNCEMENT):
        raise ApiError(400, 50024, "Cannot execute action on this channel type")
    late = channel.last_message_id != message.id
    thread = _make(world, channel, creator, body, thread_id=message.id, kind=_public_kind(channel))
    message.flags |= model.HAS_THREAD
    message.payload = None
    posting.announce(world, message, "MESSAGE_UPDATE")
    reference = _reference(message)
    posting.post(world, thread, creator, Draft(), kind=payloads.THREAD_STARTER, reference=reference)
    if late:
        _tell_of(world, channel, thread, creator)
    return thread


def without_message(world: World, channel: model.Channel, creator: model.User, body: Json) -> model.Channel:
    """A thread of its own; the channel shows a system message for a public one."""
    granted = posting.require_view(channel, creator)
    if channel.type not in _KINDS:
        raise ApiError(400, 50024, "Cannot execute action on this channel type")
    kind = body.get("type") or _KINDS[channel.type][0]
    if kind not in _KINDS[channel.type]:
        raise invalid_form("type", "BASE_TYPE_CHOICES", f"Value must be one of {_KINDS[channel.type]}.")
    private = kind == model.PRIVATE_THREAD
    if not granted & (_CREATE_PRIVATE if private else _CREATE_PUBLIC):
        raise missing_permissions()
    thread = _make(world, channel, creator, body, thread_id=world.new_id(), kind=kind)
    assert thread.thread is not None  # noqa: S101  (just made)
    thread.thread.invitable = bool(body.get("invitable", True))
    if not private:
        _tell_of(world, channel, thread, creator)
    return thread


def in_forum(
    world: World, channel: model.Channel, creator: model.User, body: Json, uploads: list[Upload]
) -> tuple[model.Channel, model.Message]:
    """A forum post: a thread and its first message, which has the same id."""
    granted = posting.require_view(channel, creator)
    if not granted & permissions.SEND_MESSAGES:
        raise missing_permissions()
    tags = [int(tag) for tag in body.get("applied_tags") or []]
    check_tags(channel, tags, before=[], granted=granted)
    drafted = draft(world, body["message"], uploads, channel)
    thread = _make(world, channel, creator, body, thread_id=world.new_id(), kind=model.PUBLIC_THREAD, tags=tags)
    allowed = body["message"].get("allowed_mentions")
    message = posting.post(world, thread, creator, drafted, message_id=thread.id, allowed=allowed)
    return thread, message


def check_tags(forum: model.Channel, tags: list[int], *, before: list[int], granted: int) -> None:
    """Up to five that the forum has, one where it asks for that; moderated ones are set and taken by moderators."""
    if len(tags) > 5:
        raise invalid_form("applied_tags", "BASE_TYPE_MAX_LENGTH", "Must be 5 or fewer in length.")
    if set(tags) - {tag.id for tag in forum.tags}:
        raise invalid_form("applied_tags", "INVALID_TAG", "Unknown tag")
    if not tags and forum.flags & model.REQUIRE_TAG:
        raise ApiError(400, 40067, "A tag is required to create a forum post in this channel")
    moderated = {tag.id for tag in forum.tags if tag.moderated}
    if moderated & (set(tags) ^ set(before)) and not granted & permissions.MANAGE_THREADS:
        raise missing_permissions()


def _public_kind(channel: model.Channel) -> int:
    return model.ANNOUNCEMENT_THREAD if channel.type == model.ANNOUNCEMENT else model.PUBLIC_THREAD


def _make(
    world: World,
    parent: model.Channel,
    creator: model.User,
    body: Json,
    *,
    thread_id: int,
    kind: int,
    tags: list[int] | None = None,
) -> model.Channel:
    check_text("name", body.get("name"), 100)
    guild = parent.guild
    if guild is None:
        raise ApiError(400, 50024, "Cannot execute action on this channel type")
    now = world.clock()
    state = model.ThreadState(
        creator.id,
        now,
        now,
        auto_archive_minutes=body.get("auto_archive_duration") or 4320,
        members={creator.id: now},
        applied_tags=tags or [],
    )
    thread = model.Channel(
        thread_id, guild, kind, model.channel_name(kind, body["name"]), parent_id=parent.id, thread=state
    )
    guild.threads[thread_id] = world.places[thread_id] = thread
    data = payloads.channel(thread, world.bot.id) | {"newly_created": True}
    world.emit(Event("THREAD_CREATE", data, events.GUILDS, guild, thread))
    return thread


def _reference(message: model.Message) -> Json:
    guild = message.channel.guild
    assert guild is not None  # noqa: S101  (threads stand in servers)
    return {"type": 0, "channel_id": str(message.channel.id), "message_id": str(message.id), "guild_id": str(guild.id)}


def _tell_of(world: World, channel: model.Channel, thread: model.Channel, creator: model.User) -> None:
    assert channel.guild is not None  # noqa: S101  (threads stand in servers)
    reference = {"type": 0, "channel_id": str(thread.id), "guild_id": str(channel.guild.id)}
    posting.post(world, channel, creator, Draft(thread.name), kind=_CREATED, reference=reference, allowed={})


def join(world: World, thread: model.Channel, user: model.User) -> None:
    state = thread.thread
    if state is None:
        raise ApiError(400, 50024, "Cannot execute action on this channel type")
    if state.archived:
        raise ApiError(400, 50083, "Thread is archived")
    if user.id in state.members:
        return
    state.members[user.id] = world.clock()
    _members_changed(world, thread, added=[user.id])


def leave(world: World, thread: model.Channel, user: model.User) -> None:
    if thread.thread is not None and thread.thread.members.pop(user.id, None) is not None:
        _members_changed(world, thread, removed=[user.id])


def _members_changed(
    world: World, thread: model.Channel, added: list[int] | None = None, removed: list[int] | None = None
) -> None:
    assert thread.guild is not None  # noqa: S101  (threads stand in servers)
    assert thread.thread is not None  # noqa: S101
    data = {
        "id": str(thread.id),
        "guild_id": str(thread.guild.id),
        "member_count": min(50, len(thread.thread.members)),
        "added_members": [payloads.thread_member(thread, one) for one in added or ()],
        "removed_member_ids": [str(one) for one in removed or ()],
    }
    # Of others only those hear who have the members intent.
    is_own = world.bot.id in (*(added or ()), *(removed or ()))
    intent = events.GUILDS if is_own else events.GUILD_MEMBERS
    world.emit(Event("THREAD_MEMBERS_UPDATE", data, intent, thread.guild, thread))


def update(world: World, thread: model.Channel, user: model.User, body: Json) -> None:
    """Rename, archive, lock, retag: the owner may most of it, Manage Threads all."""
    state = thread.thread
    assert state is not None  # noqa: S101  (the caller looked)
    granted = posting.require_view(thread, user)
    manager = bool(granted & permissions.MANAGE_THREADS)
    if not manager and (state.owner_id != user.id or state.locked or "locked" in body):
        raise missing_permissions()
    if state.archived and body.get("archived") is not False and set(body) - {"archived", "locked"}:
        raise ApiError(400, 50083, "Thread is archived")
    if body.get("name") is not None:
        check_text("name", body["name"], 100)
        thread.name = model.channel_name(thread.type, body["name"])
    if body.get("archived") is not None and bool(body["archived"]) != state.archived:
        state.archived = bool(body["archived"])
        state.archived_at = world.clock()
    if body.get("locked") is not None:
        state.locked = bool(body["locked"])
    if body.get("auto_archive_duration"):
        state.auto_archive_minutes = body["auto_archive_duration"]
    if body.get("rate_limit_per_user") is not None:
        thread.slowmode_seconds = body["rate_limit_per_user"]
    if body.get("applied_tags") is not None:
        tags = [int(tag) for tag in body["applied_tags"]]
        if thread.parent is not None:
            check_tags(thread.parent, tags, before=state.applied_tags, granted=granted)
        state.applied_tags = tags
    world.channel_changed(thread)
