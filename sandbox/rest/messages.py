"""Messages: list, read, post, edit, delete, publish."""

from typing import Any

from sandbox import events, model, payloads, permissions, posting
from sandbox.errors import ApiError, empty_message, invalid_form, missing_permissions
from sandbox.rest.routing import NO_CONTENT, Call, Routes


def add_to(routes: Routes) -> None:
    routes.add("GET", "/channels/{channel_id}/messages", list_messages, is_for_people=True)
    routes.add("POST", "/channels/{channel_id}/messages", create, is_for_people=True, takes_forms=True)
    routes.add("GET", "/channels/{channel_id}/messages/{message_id}", get_message)
    routes.add("PATCH", "/channels/{channel_id}/messages/{message_id}", edit, takes_forms=True)
    routes.add("DELETE", "/channels/{channel_id}/messages/{message_id}", delete, is_for_people=True)
    routes.add("POST", "/channels/{channel_id}/messages/{message_id}/crosspost", crosspost)


def shown(call: Call, message: model.Message) -> dict[str, Any]:
    """The message as its reader gets it: an application others' content only with the message content intent."""
    body = payloads.message(message, call.world)
    bot = call.world.bot
    if (
        call.actor is not bot
        or message.author.id == bot.id
        or message.channel.guild is None
        or call.world.application.privileged_intents & events.MESSAGE_CONTENT
        or bot in message.mentions
    ):
        return body
    return payloads.hidden(body)


def list_messages(call: Call) -> Any:
    channel, granted = call.view()
    given = [name for name in ("around", "before", "after") if name in call.query]
    if len(given) > 1:
        raise invalid_form(given[1], "MUTUALLY_EXCLUSIVE", "before, after and around are mutually exclusive")
    found = posting.history(
        channel,
        granted,
        before=call.number("before"),
        after=call.number("after"),
        around=call.number("around"),
        limit=call.limit(50, 100),
    )
    return [shown(call, message) for message in found]


def get_message(call: Call) -> Any:
    channel, granted = call.view()
    if channel.guild is not None:
        call.need(granted, permissions.READ_HISTORY)
    return shown(call, posting.find(channel, call.id("message_id")))


def create(call: Call) -> Any:
    if not call.body and not call.uploads:
        raise empty_message()
    message = posting.create(call.world, call.channel(), call.actor, call.body, call.uploads)
    return payloads.message(message, call.world)


def edit(call: Call) -> Any:
    channel, granted = call.view()
    message = posting.find(channel, call.id("message_id"))
    own = message.author.id == call.world.bot.id
    if not own and set(call.body) <= {"flags"}:
        call.need(granted, permissions.MANAGE_MESSAGES)
    posting.check_old_edit(call.world, message, call.state.old_edits)
    posting.check_published_edit(call.world, message, call.state.published_edits)
    posting.edit(call.world, message, call.body, call.uploads, own=own)
    return payloads.message(message, call.world)


def delete(call: Call) -> Any:
    channel, granted = call.view()
    message = posting.find(channel, call.id("message_id"))
    if message.author.id != call.actor.id:
        if channel.guild is None:
            raise ApiError(403, 50003, "Cannot execute action on a DM channel")
        call.need(granted, permissions.MANAGE_MESSAGES)
    posting.delete(call.world, message)
    return NO_CONTENT


def crosspost(call: Call) -> Any:
    channel, granted = call.view()
    message = posting.find(channel, call.id("message_id"))
    needed = permissions.SEND_MESSAGES if message.author.id == call.world.bot.id else permissions.MANAGE_MESSAGES
    if not granted & needed:
        raise missing_permissions()
    return payloads.message(posting.crosspost(call.world, message, call.state.crossposts), call.world)
