"""Interactions: what a person does, how the bot hears of it, and the rules for its answer.

The bot has three seconds for its first answer (one only: 40060), then fifteen minutes of follow-ups by the token.
"""

import asyncio
from typing import Any

from sandbox import components as parts
from sandbox import model, payloads, permissions, posting, registration
from sandbox.drafts import Draft, draft
from sandbox.errors import ApiError, invalid_form, unknown_interaction, unknown_message, unknown_webhook
from sandbox.events import Event
from sandbox.files import Upload
from sandbox.world import World

Json = dict[str, Any]

COMMAND, COMPONENT, AUTOCOMPLETE, MODAL_SUBMIT = 2, 3, 4, 5
MESSAGE, DEFERRED_MESSAGE, DEFERRED_UPDATE, UPDATE, CHOICES, MODAL = 4, 5, 6, 7, 8, 9

MOST_KEPT = 10_000
"""Beyond so many the oldest interactions go, so that load tests do not fill the memory."""

_ALLOWED = {
    COMMAND: {MESSAGE, DEFERRED_MESSAGE, MODAL},
    COMPONENT: {MESSAGE, DEFERRED_MESSAGE, DEFERRED_UPDATE, UPDATE, MODAL},
    AUTOCOMPLETE: {CHOICES},
    MODAL_SUBMIT: {MESSAGE, DEFERRED_MESSAGE, DEFERRED_UPDATE, UPDATE},
}


def start(
    world: World,
    kind: int,
    user: model.User,
    channel: model.Channel,
    data: Json,
    *,
    message: model.Message | None = None,
    cause: model.Interaction | None = None,
    name: str = "",
) -> model.Interaction:
    """Make an interaction, tell the bot, and start its three seconds."""
    member = channel.guild.members.get(user.id) if channel.guild else None
    new_id, now = world.new_id(), world.clock()
    interaction = model.Interaction(
        new_id, world.sign(new_id), kind, user, channel, member, data, now, message, cause, name
    )
    known = world.interactions
    known[interaction.token] = interaction
    if len(known) > MOST_KEPT:
        del known[next(iter(known))]
    interaction.settled = asyncio.get_running_loop().create_future()
    world.deadlines.start(interaction, world.limits.answer_seconds)
    world.emit(Event("INTERACTION_CREATE", payload(world, interaction), 0, channel.guild, channel))
    return interaction


def delete(world: World, one: model.Interaction, wanted: str) -> None:
    message = message_of(one, wanted)
    posting.delete(world, message)
    if message is one.response:
        one.settle()


def payload(world: World, one: model.Interaction) -> Json:
    body = _place(world, one) | {
        "id": str(one.id),
        "type": one.type,
        "data": one.data,
        "token": one.token,
        "attachment_size_limit": world.limits.attachment_bytes,
    }
    if one.message is not None:
        guild = one.channel.guild
        body["message"] = payloads.message(one.message, world)
        if one.type in (COMPONENT, MODAL_SUBMIT) and guild is not None:
            body["message"] = body["message"] | {"guild_id": str(guild.id)}
    return body


def _place(world: World, one: model.Interaction) -> Json:
    """What all interactions of this person in this channel say; kept, because it is most of each of them."""
    guild, channel = one.channel.guild, one.channel
    if guild is None or channel.thread is not None:
        return _describe_place(world, one)
    key = (one.user.id, channel.id)
    kept = guild.derived.places.get(key)
    if kept is None or kept[0] != channel.last_message_id:
        kept = guild.derived.places[key] = (channel.last_message_id, _describe_place(world, one))
    return kept[1]


def _describe_place(world: World, one: model.Interaction) -> Json:
    guild, channel, member = one.channel.guild, one.channel, one.member
    body: Json = {
        "application_id": str(world.application.id),
        "version": 1,
        "channel_id": str(channel.id),
        "locale": one.user.locale,
        "entitlements": [],
        "entitlement_sku_ids": [],
        "authorizing_integration_owners": payloads.owners(one),
        "context": 0 if guild else 1,
    }
    if guild is None or member is None:
        return body | {
            "user": payloads.user(one.user),
            "app_permissions": str(permissions.DM),
            "channel": payloads.channel(channel),
        }
    bot = guild.members.get(world.bot.id)
    granted = permissions.in_channel(member, channel)
    return body | {
        "guild_id": str(guild.id),
        "guild": {"id": str(guild.id), "locale": guild.locale, "features": guild.features},
        "guild_locale": guild.locale,
        "app_permissions": str(permissions.in_channel(bot, channel) if bot else 0),
        "member": payloads.member(member) | {"permissions": str(granted)},
        "channel": payloads.channel(channel) | {"permissions": str(granted)},
    }


def answer(world: World, interaction_id: int, token: str, body: Json, uploads: list[Upload]) -> model.Interaction:
    """The first answer (`POST /interactions/{id}/{token}/callback`)."""
    one = world.interactions.get(token)
    if one is None or one.id != interaction_id or one.failed:
        raise unknown_interaction()
    if one.callback_type is not None:
        raise ApiError(400, 40060, "Interaction has already been acknowledged.")
    kind = body.get("type")
    if kind not in _ALLOWED[one.type]:
        raise invalid_form("type", "BASE_TYPE_CHOICES", f"Value must be one of {sorted(_ALLOWED[one.type])}.")
    if kind in (DEFERRED_UPDATE, UPDATE) and one.message is None:
        raise invalid_form("type", "BASE_TYPE_CHOICES", "There is no message to update")
    data = body.get("data") or {}
    match kind:
        case 4:
            _respond(world, one, data, uploads)
        case 5:
            one.defers_ephemeral = bool(int(data.get("flags") or 0) & model.EPHEMERAL)
            loading = Draft(flags=int(data.get("flags") or 0) & model.COMPONENTS_V2)
            one.response = _post(world, one, loading, ephemeral=one.defers_ephemeral, flags=model.LOADING)
        case 6:
            one.response = one.message
        case 7:
            assert one.message is not None  # noqa: S101  (checked above)
            if data:
                posting.edit(world, one.message, data, uploads)
            one.response = one.message
        case 8:
            choices = data.get("choices") or []
            if len(choices) > registration.MOST_CHOICES:
                raise invalid_form("data.choices", "BASE_TYPE_BAD_LENGTH", "Must be 25 or fewer in length.")
            kind_of_option = _focused(one.data)
            for index, choice in enumerate(choices):
                registration.check_choice(choice, kind_of_option, f"data.choices.{index}")
            one.choices = choices
        case 9:
            parts.check_modal(data)
            one.modal = data
    one.callback_type = kind
    one.answered_at = world.clock()
    if kind == DEFERRED_MESSAGE:
        first, one.settled = one.settled, asyncio.get_running_loop().create_future()
        if first is not None and not first.done():
            first.set_result(None)
    else:
        one.settle()
    world.emit(Event("INTERACTION_ANSWERED", {}, -1, one.channel.guild, one.channel, one.response))
    return one


def _focused(data: Json) -> int:
    """The type of the option that is being typed."""
    for option in data.get("options") or ():
        if option.get("focused"):
            return int(option["type"])
        if option.get("options"):
            return _focused(option)
    return 0


def _respond(world: World, one: model.Interaction, data: Json, uploads: list[Upload]) -> None:
    ephemeral = bool(int(data.get("flags") or 0) & model.EPHEMERAL)
    drafted = draft(world, data, uploads, one.channel, ephemeral=ephemeral)
    one.response = _post(world, one, drafted, ephemeral=ephemeral, allowed=data.get("allowed_mentions"))


def _post(
    world: World,
    one: model.Interaction,
    drafted: Draft,
    *,
    ephemeral: bool,
    allowed: Json | None = None,
    flags: int = 0,
    reference: Json | None = None,
    kind: int | None = None,
) -> model.Message:
    if kind is None:
        kind = 0
        if one.type == COMMAND:
            kind = 23 if one.data.get("type", 1) != 1 else 20
        elif one.type == COMPONENT and one.message is not None:
            kind = 19
            reference = {"type": 0, "channel_id": str(one.channel.id), "message_id": str(one.message.id)}
            if one.channel.guild is not None:
                reference["guild_id"] = str(one.channel.guild.id)
    return posting.post(
        world,
        one.channel,
        world.bot,
        drafted,
        allowed=allowed,
        only_for=one.user.id if ephemeral else None,
        interaction=one,
        kind=kind,
        webhook_id=world.bot.id,
        flags=flags,
        reference=reference,
    )


def by_token(world: World, application_id: int, token: str) -> model.Interaction:
    """The interaction behind a webhook token, while it lives."""
    one = world.interactions.get(token)
    if one is None or application_id != world.application.id:
        raise unknown_webhook()
    if world.clock() - one.created_at > world.limits.token_seconds:
        raise ApiError(401, 50027, "Invalid Webhook Token")
    if one.callback_type is None:
        raise unknown_webhook()
    return one


def message_of(one: model.Interaction, wanted: str) -> model.Message:
    """A message by the token: the original answer or a follow-up."""
    candidates = [one.response, *one.followups]
    for message in candidates:
        if message is not None and not message.deleted and (wanted == "@original" or message.id == int(wanted)):
            return message
    raise unknown_message()


def edit(world: World, one: model.Interaction, wanted: str, body: Json, uploads: list[Upload]) -> model.Message:
    message = message_of(one, wanted)
    posting.edit(world, message, body, uploads)
    if wanted == "@original" or message is one.response:
        one.settle()
    return message


def follow_up(world: World, one: model.Interaction, body: Json, uploads: list[Upload]) -> model.Message:
    """A further message; the first after a deferred answer takes that answer's place."""
    if one.callback_type == DEFERRED_MESSAGE and one.response is not None and one.response.is_loading:
        posting.edit(world, one.response, body, uploads)
        one.settle()
        return one.response
    ephemeral = bool(int(body.get("flags") or 0) & model.EPHEMERAL)
    drafted = draft(world, body, uploads, one.channel, ephemeral=ephemeral)
    reference = None
    if one.response is not None:
        reference = {"type": 0, "channel_id": str(one.channel.id), "message_id": str(one.response.id)}
        if one.channel.guild is not None:
            reference["guild_id"] = str(one.channel.guild.id)
    message = _post(
        world,
        one,
        drafted,
        ephemeral=ephemeral,
        allowed=body.get("allowed_mentions"),
        reference=reference,
        kind=19 if reference else 0,
    )
    one.followups.append(message)
    return message


def resolved(world: World, guild: model.Guild | None, found: list[Any]) -> Json:
    """The `resolved` part of the data: the objects behind the ids that a person chose."""
    body: dict[str, Json] = {}
    for thing in found:
        if isinstance(thing, model.Member):
            body.setdefault("users", {})[str(thing.id)] = payloads.user(thing.user)
            granted = str(permissions.in_guild(thing))
            body.setdefault("members", {})[str(thing.id)] = payloads.basic_member(thing) | {"permissions": granted}
        elif isinstance(thing, model.Role):
            body.setdefault("roles", {})[str(thing.id)] = payloads.role(thing)
        elif isinstance(thing, model.Channel):
            bot = guild.members.get(world.bot.id) if guild else None
            granted = str(permissions.in_channel(bot, thing) if bot else 0)
            body.setdefault("channels", {})[str(thing.id)] = payloads.channel(thing) | {"permissions": granted}
        elif isinstance(thing, model.Message):
            body.setdefault("messages", {})[str(thing.id)] = payloads.message(thing, world)
        elif isinstance(thing, model.Attachment):
            body.setdefault("attachments", {})[str(thing.id)] = payloads.attachment(thing, world)
    return body
