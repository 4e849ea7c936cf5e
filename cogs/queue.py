"""`/queue`: what the editor does with what was approved."""

import discord
from discord import app_commands
from discord.app_commands import Choice
from discord.ext import commands

from bot.chat.context import actor_of, guild_id_of, language_of
from bot.chat.files import reply_file
from bot.chat.queue import queue_view
from bot.chat.replies import promise_answer, reply, reply_view
from bot.client import Pressroom
from bot.desk.exports import ExportFormat, LinksFormat, write_links, write_queue
from bot.texts import text

_FORMATS = [
    Choice(name=text("choice-export-md"), value=ExportFormat.MARKDOWN.value),
    Choice(name=text("choice-export-csv"), value=ExportFormat.CSV.value),
    Choice(name=text("choice-export-json"), value=ExportFormat.JSON.value),
    Choice(name=text("choice-export-sqlite"), value=LinksFormat.SQLITE.value),
]
_WHAT = [
    Choice(name=text("choice-export-queue"), value="queue"),
    Choice(name=text("choice-export-links"), value="links"),
]


@app_commands.guild_only()
@app_commands.default_permissions(manage_messages=True)
class QueueCommands(
    commands.GroupCog,
    group_name="queue",
    group_description=text("command-queue"),
    group_extras={"audience": "help-staff"},
):
    def __init__(self, bot: Pressroom) -> None:
        self._services = bot.services

    @app_commands.command(name="list", description=text("command-queue-list"))
    async def list(self, interaction: discord.Interaction) -> None:
        found = await self._services.queue.page(guild_id_of(interaction), 0, actor=actor_of(interaction))
        await reply_view(interaction, queue_view(found, language=language_of(interaction)))

    @app_commands.command(name="export", description=text("command-queue-export"))
    @app_commands.describe(form=text("option-queue-format"), what=text("option-queue-what"))
    @app_commands.rename(form="format")
    @app_commands.choices(form=_FORMATS, what=_WHAT)
    async def export(self, interaction: discord.Interaction, form: str | None = None, what: str = "queue") -> None:
        if what == "links":
            await self._export_links(interaction, form or LinksFormat.CSV.value)
            return
        form = form or ExportFormat.MARKDOWN.value
        if form not in set(ExportFormat):
            await reply(interaction, "queue-export-format")
            return
        await promise_answer(interaction)
        items = self._services.queue.everything(guild_id_of(interaction), actor=actor_of(interaction))
        language = str(interaction.guild_locale or interaction.locale)
        await reply_file(
            interaction,
            f"queue.{form}",
            lambda out: write_queue(items, ExportFormat(form), out, language=language),
            message_id="queue-exported",
            command="python -m bot export queue",
        )

    async def _export_links(self, interaction: discord.Interaction, form: str) -> None:
        """The whole archive as a file, as far as Discord takes one so large."""
        if form not in set(LinksFormat):
            await reply(interaction, "links-export-format")
            return
        await promise_answer(interaction)
        await self._services.audiences.require_staff(guild_id_of(interaction), actor_of(interaction))
        links = self._services.archive.everything(guild_id_of(interaction))
        await reply_file(
            interaction,
            f"links.{form}",
            lambda out: write_links(links, LinksFormat(form), out),
            message_id="links-exported",
            command="python -m bot export links",
        )


async def setup(bot: Pressroom) -> None:
    await bot.add_cog(QueueCommands(bot))
