"""Threads and forum posts."""

from datetime import datetime
from typing import Any

from sandbox import model, payloads, permissions, posting, threads
from sandbox.errors import ApiError, missing_permissions
from sandbox.rest.routing import NO_CONTENT, Answer, Call, Routes


def add_to(routes: Routes) -> None:
    routes.add("POST", "/channels/{channel_id}/messages/{message_id}/threads", on_message, is_for_people=True)
    routes.add("POST", "/channels/{channel_id}/threads", create, is_for_people=True, takes_forms=True)
    routes.add("GET", "/channels/{channel_id}/threads/archived/public", archived)
    routes.add("GET", "/channels/{channel_id}/thread-members", list_members)
    routes.add("PUT", "/channels/{channel_id}/thread-members/@me", join)
    routes.add("DELETE", "/channels/{channel_id}/thread-members/@me", leave)
    routes.add("PUT", "/channels/{channel_id}/thread-members/{user_id}", add)
    routes.add("DELETE", "/channels/{channel_id}/thread-members/{user_id}", remove)


def on_message(call: Call) -> Any:
    channel, _ = call.view()
    message = posting.find(channel, call.id("message_id"))
    thread = threads.from_message(call.world, message, call.actor, call.body)
    return Answer(201, payloads.channel(thread, call.actor.id))


def create(call: Call) -> Any:
    channel, _ = call.view()
    actor = call.actor
    if channel.type == model.FORUM:
        thread, message = threads.in_forum(call.world, channel, actor, call.body, call.uploads)
        body = payloads.channel(thread, actor.id) | {"message": payloads.message(message, call.world)}
        return Answer(201, body)
    return Answer(201, payloads.channel(threads.without_message(call.world, channel, actor, call.body), actor.id))


def archived(call: Call) -> Any:
    channel, granted = call.view()
    if not granted & permissions.READ_HISTORY:
        raise missing_permissions()
    found = [
        (thread, thread.thread)
        for thread in channel.threads
        if thread.thread is not None and thread.thread.archived and not thread.is_private_thread
    ]
    before = call.query.get("before")
    if before:
        moment = datetime.fromisoformat(before).timestamp()
        found = [(thread, state) for thread, state in found if state.archived_at < moment]
    found.sort(key=lambda one: -one[1].archived_at)
    limit, bot = call.limit(50, 100), call.world.bot.id
    page = found[:limit]
    return {
        "threads": [payloads.channel(thread, bot) for thread, _ in page],
        "members": [payloads.thread_member(thread, bot) for thread, state in page if bot in state.members],
        "has_more": len(found) > limit,
    }


def _thread(call: Call) -> tuple[model.Channel, model.ThreadState]:
    channel, _ = call.view()
    if channel.thread is None:
        raise ApiError(400, 50024, "Cannot execute action on this channel type")
    return channel, channel.thread


def list_members(call: Call) -> Any:
    call.need_members_intent()
    thread, state = _thread(call)
    return [payloads.thread_member(thread, one) for one in state.members]


def join(call: Call) -> Any:
    threads.join(call.world, _thread(call)[0], call.world.bot)
    return NO_CONTENT


def leave(call: Call) -> Any:
    threads.leave(call.world, _thread(call)[0], call.world.bot)
    return NO_CONTENT


def add(call: Call) -> Any:
    thread, _ = _thread(call)
    assert thread.guild is not None  # noqa: S101  (threads stand in servers)
    threads.join(call.world, thread, call.member(thread.guild).user)
    return NO_CONTENT


def remove(call: Call) -> Any:
    thread, state = _thread(call)
    assert thread.guild is not None  # noqa: S101  (threads stand in servers)
    bot = call.own(thread.guild)
    if state.owner_id != bot.id:
        call.need(permissions.in_channel(bot, thread), permissions.MANAGE_THREADS)
    threads.leave(call.world, thread, call.member(thread.guild).user)
    return NO_CONTENT
