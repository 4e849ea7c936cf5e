"""Application commands: registering them, and reading who may use them."""

from typing import Any

from sandbox import model, payloads, registration
from sandbox.errors import ApiError, invalid_form, missing_access, unknown_command
from sandbox.limits import too_many
from sandbox.rest.routing import NO_CONTENT, Answer, Call, Routes

_MAX = {1: 100, 2: 15, 3: 15}


def add_to(routes: Routes) -> None:
    for base in (
        "/applications/{application_id}/commands",
        "/applications/{application_id}/guilds/{guild_id}/commands",
    ):
        routes.add("GET", base, list_commands)
        routes.add("PUT", base, overwrite)
        routes.add("POST", base, create)
        routes.add("GET", f"{base}/{{command_id}}", lambda call: payloads.command(_command(call)))
        routes.add("PATCH", f"{base}/{{command_id}}", edit)
        routes.add("DELETE", f"{base}/{{command_id}}", delete)
    guild = "/applications/{application_id}/guilds/{guild_id}/commands"
    routes.add("GET", f"{guild}/permissions", list_permissions)
    routes.add("GET", f"{guild}/{{command_id}}/permissions", get_permissions)


def _scope(call: Call) -> int | None:
    if call.id("application_id") != call.world.application.id:
        raise ApiError(403, 20012, "You are not authorized to perform this action on this application")
    return call.guild().id if "guild_id" in call.params else None


def _command(call: Call) -> model.Command:
    command = call.world.commands.get(call.id("command_id"))
    if command is None or command.guild_id != _scope(call):
        raise unknown_command()
    return command


def list_commands(call: Call) -> Any:
    full = call.query.get("with_localizations", "").lower() in ("1", "true")
    return [payloads.command(one, localizations=full) for one in call.world.commands_of(_scope(call))]


def _build(call: Call, body: dict[str, Any], scope: int | None, path: str = "") -> model.Command:
    kind = body.get("type") or 1
    name = body["name"]
    registration.check(body, path)
    known = next((one for one in call.world.commands_of(scope) if one.name == name and one.type == kind), None)
    needed = body.get("default_member_permissions")
    new = model.Command(
        known.id if known else call.world.new_id(),
        call.world.application.id,
        scope,
        kind,
        name,
        body.get("description") or "",
        call.world.new_id(),
        registration.shape(body.get("options") or []),
        None if needed is None else int(needed),
        body.get("contexts"),
        body.get("integration_types") or [0],
        bool(body.get("nsfw")),
        body.get("name_localizations"),
        body.get("description_localizations"),
    )
    if known is not None and _same(known, new):
        return known
    if known is None:
        rate = (call.world.limits.command_creates_a_day, 86_400.0)
        early = call.state.command_creates.take(call.world.clock(), rate)
        if early:
            raise too_many(
                early, code=30034, message="Max number of daily application command creates has been reached (200)"
            )
    return new


def _same(one: model.Command, other: model.Command) -> bool:
    skipped = {"version"}
    return all(getattr(one, key) == getattr(other, key) for key in one.__slots__ if key not in skipped)


def overwrite(call: Call) -> Any:
    scope = _scope(call)
    built = [_build(call, body, scope, f"{index}.") for index, body in enumerate(call.body or [])]
    if len({(one.type, one.name) for one in built}) != len(built):
        raise invalid_form("", "APPLICATION_COMMANDS_DUPLICATE_NAME", "Application command names must be unique")
    registration.count([one.type for one in built], _MAX)
    for old in call.world.commands_of(scope):
        del call.world.commands[old.id]
    call.world.commands |= {one.id: one for one in built}
    call.world.forget()
    return [payloads.command(one) for one in built]


def create(call: Call) -> Any:
    scope = _scope(call)
    one = _build(call, call.body, scope)
    known = one.id in call.world.commands
    others = [other.type for other in call.world.commands_of(scope) if other.id != one.id]
    registration.count([*others, one.type], _MAX)
    call.world.commands[one.id] = one
    call.world.forget()
    return Answer(200 if known else 201, payloads.command(one))


def edit(call: Call) -> Any:
    command = _command(call)
    body = payloads.command(command) | call.body
    changed = _build(call, body | {"type": command.type}, command.guild_id)
    changed.id = command.id
    call.world.commands[command.id] = changed
    call.world.forget()
    return payloads.command(changed)


def delete(call: Call) -> Any:
    del call.world.commands[_command(call).id]
    call.world.forget()
    return NO_CONTENT


def list_permissions(call: Call) -> Any:
    if _scope(call) is None:
        raise missing_access()
    guild = call.guild()
    return [
        payloads.command_permissions(guild.id, call.world.application.id, key, rules)
        for key, rules in guild.command_permissions.items()
    ]


def get_permissions(call: Call) -> Any:
    _scope(call)
    guild, key = call.guild(), call.id("command_id")
    rules = guild.command_permissions.get(key)
    if rules is None:
        raise ApiError(404, 10066, "Unknown application command permissions")
    return payloads.command_permissions(guild.id, call.world.application.id, key, rules)
