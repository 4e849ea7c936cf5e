"""Servers, their roles and members."""

from typing import Any

from sandbox import model, payloads, permissions
from sandbox.errors import ApiError, missing_permissions
from sandbox.rest.routing import NO_CONTENT, Call, Routes


def add_to(routes: Routes) -> None:
    routes.add("GET", "/guilds/{guild_id}", get_guild)
    routes.add("GET", "/guilds/{guild_id}/channels", list_channels)
    routes.add("GET", "/guilds/{guild_id}/roles", list_roles)
    routes.add("GET", "/guilds/{guild_id}/members", list_members)
    routes.add("GET", "/guilds/{guild_id}/members/{user_id}", lambda call: payloads.member(call.member(call.guild())))
    routes.add("PATCH", "/guilds/{guild_id}/members/@me", edit_own_member)
    routes.add("GET", "/users/@me/guilds/{guild_id}/member", refuse_bots)
    routes.add("PUT", "/guilds/{guild_id}/members/{user_id}/roles/{role_id}", add_role)
    routes.add("DELETE", "/guilds/{guild_id}/members/{user_id}/roles/{role_id}", remove_role)
    routes.add("GET", "/guilds/{guild_id}/threads/active", active_threads)


def get_guild(call: Call) -> Any:
    guild = call.guild()
    body = payloads.guild(guild)
    if call.query.get("with_counts") in ("1", "true", "True"):
        body |= {"approximate_member_count": len(guild.members), "approximate_presence_count": 1}
    return body


def list_channels(call: Call) -> Any:
    return [payloads.channel(channel) for channel in call.guild().channels.values()]


def list_roles(call: Call) -> Any:
    return [payloads.role(role) for role in call.guild().roles.values()]


def refuse_bots(_: Call) -> Any:
    """What is for people who signed in with OAuth2 alone."""
    raise ApiError(403, 20001, "Bots cannot use this endpoint")


def list_members(call: Call) -> Any:
    call.need_members_intent()
    after = call.number("after", 0) or 0
    found = sorted((one for one in call.guild().members.values() if one.id > after), key=lambda one: one.id)
    return [payloads.member(member) for member in found[: call.limit(1, 1000)]]


def edit_own_member(call: Call) -> Any:
    member = call.own(call.guild())
    if "nick" in call.body:
        call.need_in(member.guild, permissions.CHANGE_NICKNAME)
        member.nick = call.body["nick"] or None
    call.world.set_roles(member, list(member.roles))
    return payloads.member(member)


def _manageable(call: Call) -> tuple[model.Member, model.Role]:
    guild = call.guild()
    member, role = call.member(guild), call.role(guild)
    call.need_in(guild, permissions.MANAGE_ROLES)
    if role.managed or role.id == guild.id or role.position >= permissions.top_position(call.own(guild)):
        raise missing_permissions()
    return member, role


def add_role(call: Call) -> Any:
    member, role = _manageable(call)
    if role.id not in member.roles:
        call.world.set_roles(member, [*member.roles, role.id])
    return NO_CONTENT


def remove_role(call: Call) -> Any:
    member, role = _manageable(call)
    if role.id in member.roles:
        call.world.set_roles(member, [one for one in member.roles if one != role.id])
    return NO_CONTENT


def active_threads(call: Call) -> Any:
    guild = call.guild()
    bot = call.own(guild)
    shown = [
        thread
        for thread in guild.threads.values()
        if thread.thread is not None and not thread.thread.archived and permissions.in_channel(bot, thread)
    ]
    shown.sort(key=lambda thread: -thread.id)
    joined = [thread for thread in shown if thread.thread is not None and bot.id in thread.thread.members]
    return {
        "threads": [payloads.channel(thread, bot.id) for thread in shown],
        "members": [payloads.thread_member(thread, bot.id) for thread in joined],
        "has_more": False,
    }
