"""Channels: read, change, follow, type."""

from typing import Any

from sandbox import events, model, payloads, permissions, posting, threads
from sandbox.errors import ApiError, invalid_form, unknown_channel
from sandbox.events import Event
from sandbox.rest.routing import NO_CONTENT, Call, Routes


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
        if not 1 <= len(body["name"]) <= 100:
            raise invalid_form("name", "BASE_TYPE_BAD_LENGTH", "Must be between 1 and 100 in length.")
        channel.name = body["name"]
    if "topic" in body:
        channel.topic = body["topic"]
    if body.get("rate_limit_per_user") is not None:
        channel.slowmode_seconds = body["rate_limit_per_user"]
    if body.get("permission_overwrites") is not None:
        call.need(granted, permissions.MANAGE_ROLES)
        channel.overwrites = {
            int(one["id"]): model.Overwrite(
                int(one["id"]), int(one["type"]), int(one.get("allow") or 0), int(one.get("deny") or 0)
            )
            for one in body["permission_overwrites"]
        }
    if body.get("flags") is not None and channel.type == model.FORUM:
        channel.flags = body["flags"] & model.REQUIRE_TAG
    if body.get("available_tags") is not None:
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
    data = {"channel_id": str(channel.id), "user_id": str(call.world.bot.id), "timestamp": int(call.world.clock())}
    intent = events.DIRECT_TYPING
    if channel.guild is not None:
        data["guild_id"], intent = str(channel.guild.id), events.GUILD_TYPING
    call.world.emit(Event("TYPING_START", data, intent, channel.guild, channel))
    return NO_CONTENT
