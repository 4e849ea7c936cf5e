"""Which roles see a staff command: an administrator decides that in Discord's settings; a bot can only read it.

Discord grants permissions to top-level commands (Server Settings > Integrations).
"""

from typing import TYPE_CHECKING

import discord
from discord import app_commands

if TYPE_CHECKING:
    from discord.types.command import ApplicationCommandPermissions

_A_ROLE = 1  # of the kinds of rules


async def commands_hidden_from(
    tree: app_commands.CommandTree[discord.Client], role: discord.Role, names: tuple[str, ...]
) -> list[str]:
    """Those of these commands that people with only this role are not offered. Raises discord.HTTPException."""
    guild, application_id = role.guild, tree.client.application_id
    ids = {command.id: command for command in await tree.fetch_commands()}
    granted = await tree.client.http.get_guild_application_command_permissions(application_id or 0, guild.id)
    rules = {int(each["id"]): each["permissions"] for each in granted}
    everywhere = rules.get(application_id or 0, [])
    hidden = []
    for command_id, command in ids.items():
        if command.name not in names or command.type is not discord.AppCommandType.chat_input:
            continue
        needed = command.default_member_permissions or discord.Permissions.none()
        verdict = _said_of(role, rules.get(command_id, []))
        if verdict is None:
            verdict = _said_of(role, everywhere)
        if verdict is None:
            verdict = role.permissions >= needed or role.permissions.administrator
        if not verdict:
            hidden.append(command.name)
    return sorted(hidden)


def _said_of(role: discord.Role, rules: "list[ApplicationCommandPermissions]") -> bool | None:
    """What the settings say of a role: itself before everyone, as Discord reads them."""
    said = {int(rule["id"]): rule["permission"] for rule in rules if rule["type"] == _A_ROLE}
    return said.get(role.id, said.get(role.guild.id))
