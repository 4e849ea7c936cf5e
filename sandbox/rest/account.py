"""Who the bot is, where its gateway is, and its direct channels."""

from typing import Any

from sandbox import payloads, permissions
from sandbox.errors import ApiError, unknown_user
from sandbox.rest.routing import Call, Routes


def add_to(routes: Routes) -> None:
    routes.add("GET", "/users/@me", lambda call: payloads.own_user(call.world.bot))
    routes.add("GET", "/users/{user_id}", get_user)
    routes.add("GET", "/users/@me/guilds", list_guilds)
    routes.add("POST", "/users/@me/channels", open_direct)
    routes.add("GET", "/applications/@me", lambda call: payloads.application(call.world.application, call.world))
    routes.add("GET", "/oauth2/applications/@me", lambda call: payloads.application(call.world.application, call.world))
    # Clients fetch it before they are ready. What comes with Discord itself stands in no server, and not here either.
    routes.add("GET", "/soundboard-default-sounds", lambda _: [])
    routes.add("GET", "/gateway", lambda call: {"url": call.state.gateway()["url"]}, needs_token=False)
    routes.add("GET", "/gateway/bot", lambda call: call.state.gateway())


def get_user(call: Call) -> Any:
    user = call.world.users.get(call.id("user_id"))
    if user is None:
        raise unknown_user()
    return payloads.user(user)


def list_guilds(call: Call) -> Any:
    before, after = call.number("before"), call.number("after")
    found = [
        {
            "id": str(guild.id),
            "name": guild.name,
            "icon": guild.icon,
            "banner": None,
            "owner": guild.owner_id == call.world.bot.id,
            "permissions": str(permissions.in_guild(guild.bot)),
            "features": guild.features,
        }
        for guild in sorted(call.world.guilds.values(), key=lambda one: one.id)
        if guild.bot is not None and (after is None or guild.id > after) and (before is None or guild.id < before)
    ]
    return found[: call.limit(200, 200)]


def open_direct(call: Call) -> Any:
    user = call.world.users.get(int(call.body["recipient_id"]))
    if user is None:
        raise unknown_user()
    if user.bot:
        raise ApiError(400, 50033, "Invalid Recipient(s)")
    return payloads.channel(call.world.direct(user))
