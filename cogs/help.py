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

TopLevel = app_commands.Command[Any, ..., Any] | app_commands.Group


def audience_of(command: TopLevel) -> str:
    """For whom a top-level command is; one that is not for every member says so itself (`extras`)."""
    return str(command.extras.get("audience", "help-members"))


class HelpCommand(commands.Cog):
    def __init__(self, bot: Pressroom) -> None:
        self._bot = bot

    @app_commands.command(name="help", description=text("command-help"))
    @app_commands.guild_only()
    async def help(self, interaction: discord.Interaction) -> None:
        view = View()
        view.add_item(ui.TextDisplay[Any](say(interaction, "help-heading")))
        for audience in await self._audiences_of(interaction):
            lines = [f"### {say(interaction, audience)}", *self._lines(audience)]
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

    def _lines(self, audience: str) -> list[str]:
        return [
            f"- `/{command.qualified_name}` {command.description}"
            for top in self._bot.tree.get_commands(type=discord.AppCommandType.chat_input)
            if audience_of(top) == audience
            for command in (top.walk_commands() if isinstance(top, app_commands.Group) else [top])
            if isinstance(command, app_commands.Command)
        ]


async def setup(bot: Pressroom) -> None:
    await bot.add_cog(HelpCommand(bot))
