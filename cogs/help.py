"""`/help`: what there is, for whoever asks."""

from typing import Any

import discord
from discord import app_commands, ui
from discord.ext import commands

from bot.chat.context import actor_of, guild_id_of
from bot.chat.replies import reply_view, say
from bot.chat.views import View
from bot.client import Pressroom
from bot.texts import text

# Each top-level command has one audience; the tree says what stands below it.
AUDIENCES = {
    "help-members": ("issue", "links", "submit", "vote", "results", "privacy", "help"),
    "help-moderators": ("poll",),
    "help-staff": ("desk", "queue"),
    "help-administrators": ("setup",),
}


class HelpCommand(commands.Cog):
    def __init__(self, bot: Pressroom) -> None:
        self._bot = bot

    @app_commands.command(name="help", description=text("command-help"))
    @app_commands.guild_only()
    async def help(self, interaction: discord.Interaction) -> None:
        view = View()
        view.add_item(ui.TextDisplay[Any](say(interaction, "help-heading")))
        for audience in await self._audiences_of(interaction):
            lines = [f"### {say(interaction, audience)}", *self._lines(AUDIENCES[audience])]
            view.add_item(ui.TextDisplay[Any]("\n".join(lines)))
        view.add_item(ui.TextDisplay[Any](say(interaction, "help-menu")))
        await reply_view(interaction, view)

    async def _audiences_of(self, interaction: discord.Interaction) -> list[str]:
        audiences = self._bot.services.audiences
        may = await audiences.of(guild_id_of(interaction), actor_of(interaction))
        found = ["help-members"]
        found += ["help-moderators"] if may.moderate else []
        found += ["help-staff"] if may.is_staff else []
        found += ["help-administrators"] if may.administer else []
        return found

    def _lines(self, names: tuple[str, ...]) -> list[str]:
        return [
            f"- `/{command.qualified_name}` {command.description}" for name in names for command in self._commands(name)
        ]

    def _commands(self, name: str) -> list[app_commands.Command[Any, ..., Any]]:
        command = self._bot.tree.get_command(name)
        if isinstance(command, app_commands.Group):
            return [each for each in command.walk_commands() if isinstance(each, app_commands.Command)]
        return [command] if isinstance(command, app_commands.Command) else []


async def setup(bot: Pressroom) -> None:
    await bot.add_cog(HelpCommand(bot))
