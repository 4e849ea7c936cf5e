"""`/queue`: what the editor does with what was approved."""

import io

import discord
from discord import app_commands
from discord.app_commands import Choice
from discord.ext import commands

from bot.chat.context import actor_of, guild_id_of, language_of
from bot.chat.queue import queue_view
from bot.chat.replies import reply_view, say
from bot.client import Pressroom
from bot.desk.exports import ExportFormat, export_queue
from bot.texts import text

_FORMATS = [
    Choice(name=text("choice-export-md"), value=ExportFormat.MARKDOWN.value),
    Choice(name=text("choice-export-csv"), value=ExportFormat.CSV.value),
    Choice(name=text("choice-export-json"), value=ExportFormat.JSON.value),
]


@app_commands.guild_only()
@app_commands.default_permissions(manage_guild=True)
class QueueCommands(commands.GroupCog, group_name="queue", group_description=text("command-queue")):
    def __init__(self, bot: Pressroom) -> None:
        self._services = bot.services

    @app_commands.command(name="list", description=text("command-queue-list"))
    async def list(self, interaction: discord.Interaction) -> None:
        found = await self._services.queue.page(guild_id_of(interaction), 0, actor=actor_of(interaction))
        await reply_view(interaction, queue_view(found, language=language_of(interaction)))

    @app_commands.command(name="export", description=text("command-queue-export"))
    @app_commands.describe(form=text("option-queue-format"))
    @app_commands.rename(form="format")
    @app_commands.choices(form=_FORMATS)
    async def export(self, interaction: discord.Interaction, form: str = ExportFormat.MARKDOWN.value) -> None:
        items = await self._services.queue.everything(guild_id_of(interaction), actor=actor_of(interaction))
        written = export_queue(items, ExportFormat(form), language=str(interaction.guild_locale or interaction.locale))
        await interaction.response.send_message(
            say(interaction, "queue-exported", count=len(items)),
            file=discord.File(io.BytesIO(written), filename=f"queue.{form}"),
            ephemeral=True,
        )


async def setup(bot: Pressroom) -> None:
    await bot.add_cog(QueueCommands(bot))
