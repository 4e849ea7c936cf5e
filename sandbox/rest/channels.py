"""Channels: read, change, follow, type."""

from typing import Any

from sandbox import events, model, payloads, permissions, posting, threads
from sandbox.errors import ApiError, missing_permissions, unknown_channel
from sandbox.events import Event
from sandbox.forms import check_most, check_text
from sandbox.rest.routing import NO_CONTENT, Call, Routes

MOST_TOPIC = {False: 1024, True: 4096}
"""Of a channel, and of a forum, where it is the guidelines."""


def add_to(routes: Routes) -> None:
    routes.add("GET", "/channels/{channel_id}", get_channel)
    routes.add("PATCH", "/channels/{channel_id}", edit_channel)
    routes.add("DELETE", "/channels/{channel_id}", delete_channel)
    routes.add("POST", "/channels/{channel_id}/followers", follow)
    routes.add("POST", "/channels/{channel_id}/typing", typing)


def get_channel(call: Call) -> Any:
    channel, _ = call.view()
    return payloads.channel(channel, call.world.bot.id)


def edit_channel(call: Call) -> Any:
    channel, granted = call.view()
    body: dict[str, Any] = call.body
    if channel.thread is not None:
        threads.update(call.world, channel, call.world.bot, body)
        return payloads.channel(channel, call.world.bot.id)
    call.need(granted, permissions.MANAGE_CHANNELS)
    if "name" in body:
        check_text("name", body["name"], 100)
        channel.name = model.channel_name(channel.type, body["name"])
    if "topic" in body:
        check_most("topic", body["topic"], MOST_TOPIC[channel.type == model.FORUM])
        channel.topic = body["topic"]
    if body.get("rate_limit_per_user") is not None:
        channel.slowmode_seconds = body["rate_limit_per_user"]
    if body.get("permission_overwrites") is not None:
        call.need(granted, permissions.MANAGE_ROLES)
        overwrites = {
            int(one["id"]): model.Overwrite(
                int(one["id"]), int(one["type"]), int(one.get("allow") or 0), int(one.get("deny") or 0)
            )
            for one in body["permission_overwrites"]
        }
        _check_overwrites(call, channel, overwrites)
        channel.overwrites = overwrites
    if body.get("flags") is not None and channel.type == model.FORUM:
        channel.flags = body["flags"] & model.REQUIRE_TAG
    if body.get("available_tags") is not None:
        _check_tags(body["available_tags"])
        channel.tags = [
            model.Tag(
                int(tag.get("id") or call.world.new_id()),
                tag["name"],
                bool(tag.get("moderated")),
                tag.get("emoji_name"),
            )
            for tag in body["available_tags"]
        ]
    call.world.channel_changed(channel)
    return payloads.channel(channel)


def _check_overwrites(call: Call, channel: model.Channel, wanted: dict[int, model.Overwrite]) -> None:
    """Only what the bot may do itself can it allow or deny to others; what stood there before may stay."""
    assert channel.guild is not None  # noqa: S101  (direct channels have no permissions)
    own = permissions.in_guild(call.own(channel.guild))
    for key in wanted.keys() | channel.overwrites.keys():
        old, new = (table.get(key) or model.Overwrite(key, 0) for table in (channel.overwrites, wanted))
        if ((old.allow ^ new.allow) | (old.deny ^ new.deny)) & ~own:
            raise missing_permissions()


def _check_tags(tags: list[dict[str, Any]]) -> None:
    for index, tag in enumerate(tags):
        check_text(f"available_tags.{index}.name", tag["name"], 20)
    if len({tag["name"].strip() for tag in tags}) != len(tags):
        raise ApiError(400, 40061, "Tag names must be unique")


def delete_channel(call: Call) -> Any:
    channel, granted = call.view()
    call.need(granted, permissions.MANAGE_THREADS if channel.thread is not None else permissions.MANAGE_CHANNELS)
    body = payloads.channel(channel)
    if channel.guild is not None:
        call.world.delete_channel(channel)
    return body


def follow(call: Call) -> Any:
    channel, _ = call.view()
    target = call.world.channel(int(call.body["webhook_channel_id"]))
    if target is None:
        raise unknown_channel()
    if channel.type != model.ANNOUNCEMENT:
        raise ApiError(400, 50024, "Cannot execute action on this channel type")
    granted = posting.require_view(target, call.world.bot)
    call.need(granted, int(permissions.Permission.MANAGE_WEBHOOKS))
    channel.followers.append(target)
    hook = target.webhooks.setdefault(channel.id, model.User(call.world.new_id(), channel.name, bot=True))
    return {"channel_id": str(channel.id), "webhook_id": str(hook.id)}


def typing(call: Call) -> Any:
    channel, granted = call.view()
    posting.check_speaking(granted, channel, uploads=False)
    data: dict[str, Any] = {
        "channel_id": str(channel.id),
        "user_id": str(call.world.bot.id),
        "timestamp": int(call.world.clock()),
    }
    intent = events.DIRECT_TYPING
    if channel.guild is not None:
        intent = events.GUILD_TYPING
        data |= {"guild_id": str(channel.guild.id), "member": payloads.member(call.own(channel.guild))}
    call.world.emit(Event("TYPING_START", data, intent, channel.guild, channel))
    return NO_CONTENT
