"""Model to Discord's JSON: what the REST answers and the gateway events carry."""

import hashlib
from typing import Any

from sandbox import model, permissions
from sandbox.application import Application
from sandbox.clock import iso
from sandbox.components import walk

Json = dict[str, Any]

LINK_LIFETIME_SECONDS = 24 * 3600
THREAD_STARTER = 21
"""The system message that stands first in a thread on a message; like a post's own message it does not count."""


def user(one: model.User) -> Json:
    return {
        "id": str(one.id),
        "username": one.name,
        "global_name": one.global_name,
        "discriminator": "0000" if one.bot else "0",
        "avatar": one.avatar,
        "bot": one.bot,
        "public_flags": 0,
        "flags": 0,
        "primary_guild": None,
    }


def own_user(one: model.User) -> Json:
    return user(one) | {"mfa_enabled": True, "locale": one.locale, "verified": True, "email": None}


def role(one: model.Role) -> Json:
    body: Json = {
        "id": str(one.id),
        "name": one.name,
        "permissions": str(one.permissions),
        "position": one.position,
        "color": one.color,
        "colors": {"primary_color": one.color, "secondary_color": None, "tertiary_color": None},
        "hoist": one.hoist,
        "managed": one.managed,
        "mentionable": one.mentionable,
        "icon": None,
        "unicode_emoji": None,
        "flags": 0,
    }
    if one.bot_id is not None:
        body["tags"] = {"bot_id": str(one.bot_id)}
    return body


def basic_member(one: model.Member) -> Json:
    return {
        "avatar": None,
        "banner": None,
        "communication_disabled_until": None,
        "flags": 0,
        "joined_at": iso(one.joined_at),
        "nick": one.nick,
        "pending": one.pending,
        "premium_since": None,
        "roles": [str(role_id) for role_id in one.roles],
        "mute": False,
        "deaf": False,
    }


def member(one: model.Member) -> Json:
    body = basic_member(one)
    body["user"] = user(one.user)
    return body


def overwrite(one: model.Overwrite) -> Json:
    return {"id": str(one.id), "type": one.kind, "allow": str(one.allow), "deny": str(one.deny)}


def channel(one: model.Channel, viewer: int | None = None) -> Json:
    """A channel or a thread or a direct channel; `viewer` adds the thread membership of that person."""
    last = str(one.last_message_id) if one.last_message_id else None
    if one.type == model.DIRECT:
        return {
            "id": str(one.id),
            "type": one.type,
            "flags": 0,
            "last_message_id": last,
            "recipients": [user(person) for person in one.recipients if not person.bot],
        }
    assert one.guild is not None  # noqa: S101  (only direct channels have none)
    body: Json = {
        "id": str(one.id),
        "type": one.type,
        "guild_id": str(one.guild.id),
        "name": one.name,
        "flags": one.flags,
        "parent_id": str(one.parent_id) if one.parent_id else None,
        "last_message_id": last,
        "rate_limit_per_user": one.slowmode_seconds,
    }
    if one.thread is not None:
        return body | _thread(one, one.thread, viewer)
    body |= {
        "position": one.position,
        "topic": one.topic,
        "nsfw": one.nsfw,
        "permission_overwrites": [overwrite(entry) for entry in one.overwrites.values()],
    }
    if one.type == model.FORUM:
        body["available_tags"] = [tag(entry) for entry in one.tags]
        body |= {"default_reaction_emoji": None, "default_sort_order": None, "default_forum_layout": 0}
    return body


def tag(one: model.Tag) -> Json:
    return {
        "id": str(one.id),
        "name": one.name,
        "moderated": one.moderated,
        "emoji_id": None,
        "emoji_name": one.emoji_name,
    }


def _thread(one: model.Channel, state: model.ThreadState, viewer: int | None) -> Json:
    first = next(iter(one.messages.values()), None)
    is_initial = first is not None and (first.id == one.id or first.type == THREAD_STARTER)
    body: Json = {
        "owner_id": str(state.owner_id),
        "message_count": len(one.messages) - is_initial,
        "member_count": min(50, len(state.members)),
        "total_message_sent": state.total_messages,
        "thread_metadata": {
            "archived": state.archived,
            "archive_timestamp": iso(state.archived_at),
            "auto_archive_duration": state.auto_archive_minutes,
            "locked": state.locked,
            "create_timestamp": iso(state.created_at),
        },
    }
    if one.is_private_thread:
        body["thread_metadata"]["invitable"] = state.invitable
    if one.parent is not None and one.parent.type == model.FORUM:
        body["applied_tags"] = [str(entry) for entry in state.applied_tags]
    if viewer in state.members:
        body["member"] = thread_member(one, viewer)
    return body


def thread_member(thread: model.Channel, user_id: int) -> Json:
    assert thread.thread is not None  # noqa: S101  (the caller holds a thread)
    joined = iso(thread.thread.members[user_id])
    return {"id": str(thread.id), "user_id": str(user_id), "join_timestamp": joined, "flags": 1}


def guild(one: model.Guild) -> Json:
    return {
        "id": str(one.id),
        "name": one.name,
        "icon": one.icon,
        "description": None,
        "home_header": None,
        "splash": None,
        "discovery_splash": None,
        "features": one.features,
        "banner": None,
        "owner_id": str(one.owner_id),
        "application_id": None,
        "region": "deprecated",
        "afk_channel_id": None,
        "afk_timeout": 300,
        "system_channel_id": None,
        "system_channel_flags": 0,
        "widget_enabled": False,
        "widget_channel_id": None,
        "verification_level": 1,
        "roles": [role(entry) for entry in one.roles.values()],
        "default_message_notifications": 1,
        "mfa_level": 0,
        "explicit_content_filter": 2,
        "max_presences": None,
        "max_members": 500_000,
        "max_stage_video_channel_users": 50,
        "max_video_channel_users": 25,
        "vanity_url_code": None,
        "premium_tier": 0,
        "premium_subscription_count": 0,
        "preferred_locale": one.locale,
        "rules_channel_id": None,
        "safety_alerts_channel_id": None,
        "public_updates_channel_id": None,
        "premium_progress_bar_enabled": False,
        "nsfw": False,
        "nsfw_level": 0,
        "emojis": [],
        "stickers": [],
        "incidents_data": None,
    }


def guild_create(one: model.Guild, bot_id: int, *, all_members: bool, is_large: bool, is_new: bool) -> Json:
    """What GUILD_CREATE adds to the guild: channels, active threads that the bot may see, members.

    A server that READY announced as unavailable says `"unavailable": false`; one just joined says nothing.
    """
    bot = one.members[bot_id]
    shown = list(one.members.values()) if all_members else [bot]
    threads = [
        channel(thread, bot_id)
        for thread in one.threads.values()
        if thread.thread is not None and not thread.thread.archived and permissions.in_channel(bot, thread)
    ]
    return (
        guild(one)
        | ({} if is_new else {"unavailable": False})
        | {
            "joined_at": iso(bot.joined_at),
            "large": is_large,
            "member_count": len(one.members),
            "voice_states": [],
            "members": [member(entry) for entry in shown],
            "channels": [channel(entry) for entry in one.channels.values()],
            "threads": threads,
            "presences": [],
            "stage_instances": [],
            "guild_scheduled_events": [],
            "soundboard_sounds": [],
        }
    )


def attachment(one: model.Attachment, world: model.Keeper) -> Json:
    """The file's entry with an address that expires a day from now, as Discord's do."""
    url = attachment_url(one, world)
    body: Json = {
        "id": str(one.id),
        "filename": one.filename,
        "size": len(one.data),
        "url": url,
        "proxy_url": url,
        "content_type": one.content_type,
    }
    if one.description:
        body["description"] = one.description
    if one.width and one.height:
        body |= {"width": one.width, "height": one.height}
    if one.ephemeral:
        body["ephemeral"] = True
    return body


def attachment_url(one: model.Attachment, world: model.Keeper) -> str:
    issued = int(world.clock())
    expires = issued + LINK_LIFETIME_SECONDS
    path = f"/attachments/{one.channel_id}/{one.id}/{one.filename}"
    return f"{world.origin}{path}?ex={expires:x}&is={issued:x}&hm={sign(path, expires, issued)}&"


def sign(path: str, expires: int, issued: int) -> str:
    return hashlib.blake2s(f"{path}|{expires}|{issued}".encode(), key=b"sandbox", digest_size=16).hexdigest()


def message(one: model.Message, world: model.Keeper) -> Json:
    """The whole message. Kept until it changes, except where links expire or one person alone will read it."""
    if one.payload is not None:
        return one.payload
    body: Json = {
        "id": str(one.id),
        "channel_id": str(one.channel.id),
        "type": one.type,
        "author": user(one.author),
        "content": one.content,
        "timestamp": iso(one.created_at),
        "edited_timestamp": iso(one.edited_at) if one.edited_at is not None else None,
        "tts": False,
        "mention_everyone": one.mention_everyone,
        "mentions": [user(person) for person in one.mentions],
        "mention_roles": [str(role_id) for role_id in one.mention_roles],
        "attachments": [attachment(file, world) for file in one.attachments],
        "embeds": one.embeds,
        "components": _fresh(one, world),
        "flags": one.flags,
        "pinned": one.pinned,
    }
    if one.nonce is not None:
        body["nonce"] = one.nonce
    if one.webhook_id is not None:
        body["webhook_id"] = str(one.webhook_id)
    if one.application_id is not None:
        body["application_id"] = str(one.application_id)
    if one.poll is not None:
        body["poll"] = one.poll
    if one.reference is not None:
        body["message_reference"] = one.reference
        target = one.reply_to
        if one.type == 19:
            body["referenced_message"] = message(target, world) if target is not None else None
    if one.interaction is not None:
        body["interaction_metadata"] = interaction_metadata(one.interaction)
    thread = one.thread
    if thread is not None:
        body["thread"] = channel(thread)
    elif not one.attachments and one.only_for is None:
        one.payload = body
    return body


def _fresh(one: model.Message, world: model.Keeper) -> list[Json]:
    """The components with addresses that are valid now."""
    if not one.attachments:
        return one.components
    by_id = {str(file.id): file for file in one.attachments}
    for _, component in walk(one.components):
        for media in (component.get("media"), component.get("file"), *(i["media"] for i in component.get("items", ()))):
            if media and media.get("attachment_id") in by_id:
                media["url"] = media["proxy_url"] = attachment_url(by_id[media["attachment_id"]], world)
    return one.components


def interaction_metadata(one: model.Interaction) -> Json:
    body: Json = {
        "id": str(one.id),
        "type": one.type,
        "user": user(one.user),
        "authorizing_integration_owners": owners(one),
    }
    if one.type == 3 and one.message is not None:
        body["interacted_message_id"] = str(one.message.id)
    if one.type == 5 and one.cause is not None:
        body["triggering_interaction_metadata"] = interaction_metadata(one.cause)
    return body


def owners(one: model.Interaction) -> dict[str, str]:
    return {"0": str(one.channel.guild.id) if one.channel.guild else "0"}


def hidden(body: Json) -> Json:
    """The message as an application without the message content intent gets it."""
    return body | {"content": "", "embeds": [], "attachments": [], "components": []}


def command(one: model.Command, *, localizations: bool = True) -> Json:
    needed = one.default_member_permissions
    body: Json = {
        "id": str(one.id),
        "application_id": str(one.application_id),
        "version": str(one.version),
        "type": one.type,
        "name": one.name,
        "description": one.description,
        "default_member_permissions": None if needed is None else str(needed),
        "nsfw": one.nsfw,
        "integration_types": one.integration_types,
        "contexts": one.contexts,
        "dm_permission": one.contexts is None or 1 in one.contexts,
    }
    if localizations:
        if one.name_localizations:
            body["name_localizations"] = one.name_localizations
        if one.description_localizations:
            body["description_localizations"] = one.description_localizations
    if one.options:
        body["options"] = one.options
    if one.guild_id is not None:
        body["guild_id"] = str(one.guild_id)
    return body


def command_permissions(guild_id: int, application_id: int, key: int, rules: dict[tuple[int, int], bool]) -> Json:
    return {
        "id": str(key),
        "application_id": str(application_id),
        "guild_id": str(guild_id),
        "permissions": [
            {"id": str(target), "type": kind, "permission": allowed} for (kind, target), allowed in rules.items()
        ],
    }


def application(app: Application, world: model.Keeper) -> Json:
    return {
        "id": str(app.id),
        "name": app.name,
        "icon": None,
        "description": "",
        "summary": "",  # documented until v11 and sent until then, though the specification leaves it out
        "type": None,
        "bot": user(world.bot),
        "bot_public": True,
        "bot_require_code_grant": False,
        "verify_key": "0" * 64,
        "flags": app.flags,
        "flags_new": str(app.flags),
        "redirect_uris": [],
        "interactions_endpoint_url": None,
        "role_connections_verification_url": None,
        "owner": user(app.owner),
        "approximate_guild_count": sum(world.bot.id in one.members for one in world.guilds.values()),
        "approximate_user_install_count": 0,
        "approximate_user_authorization_count": 0,
        "explicit_content_filter": 0,
        "team": None,
        "eligible_oauth2_scopes": [],
        "integration_types_config": {"0": {}},
    }
