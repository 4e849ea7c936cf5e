"""`/privacy`: what is kept of a member, for that member."""

from typing import Any

import discord
from discord import app_commands, ui
from discord.ext import commands

from bot.chat.context import guild_id_of
from bot.chat.files import reply_file
from bot.chat.privacy import Forget
from bot.chat.replies import promise_answer, reply_view, say
from bot.chat.submissions import credit_row, credit_said
from bot.chat.views import View
from bot.client import Pressroom
from bot.desk.exports import write_kept
from bot.texts import text


@app_commands.guild_only()
class PrivacyCommands(commands.GroupCog, group_name="privacy", group_description=text("command-privacy")):
    def __init__(self, bot: Pressroom) -> None:
        self._services = bot.services

    @app_commands.command(name="export", description=text("command-privacy-export"))
    async def export(self, interaction: discord.Interaction) -> None:
        await promise_answer(interaction)
        kept = self._services.privacy.export(guild_id_of(interaction), interaction.user.id)
        await reply_file(
            interaction,
            "pressroom.json",
            lambda out: write_kept(kept, out),
            message_id="privacy-exported",
        )

    @app_commands.command(name="forget", description=text("command-privacy-forget"))
    async def forget(self, interaction: discord.Interaction) -> None:
        view = View()
        view.add_item(ui.TextDisplay[Any](say(interaction, "privacy-forget-warning")))
        view.add_item(ui.ActionRow[Any](Forget.button(interaction)))
        await reply_view(interaction, view)

    @app_commands.command(name="credit", description=text("command-privacy-credit"))
    async def credit(self, interaction: discord.Interaction) -> None:
        wish = await self._services.credits.of_member(guild_id_of(interaction), interaction.user.id)
        view = View()
        view.add_item(ui.TextDisplay[Any](credit_said(interaction, wish)))
        view.add_item(ui.TextDisplay[Any](say(interaction, "credit-question")))
        view.add_item(credit_row(interaction))
        await reply_view(interaction, view)


async def setup(bot: Pressroom) -> None:
    await bot.add_cog(PrivacyCommands(bot))
