"""`/queue`: what the editor does with what was approved."""

import io
from typing import TYPE_CHECKING

import discord
from discord import app_commands
from discord.app_commands import Choice
from discord.ext import commands

from bot.chat.context import actor_of, guild_id_of, language_of
from bot.chat.queue import queue_view
from bot.chat.replies import reply, reply_view, say
from bot.client import Pressroom
from bot.desk.exports import ExportFormat, LinksFormat, export_queue, write_links
from bot.errors import RefusedError
from bot.texts import text

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

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
@app_commands.default_permissions(manage_guild=True)
class QueueCommands(commands.GroupCog, group_name="queue", group_description=text("command-queue")):
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
        items = await self._services.queue.everything(guild_id_of(interaction), actor=actor_of(interaction))
        if not items:
            await reply(interaction, "queue-exported", count=0)
            return
        written = export_queue(items, ExportFormat(form), language=str(interaction.guild_locale or interaction.locale))
        await interaction.response.send_message(
            say(interaction, "queue-exported", count=len(items)),
            file=discord.File(io.BytesIO(written), filename=f"queue.{form}"),
            ephemeral=True,
        )

    async def _export_links(self, interaction: discord.Interaction, form: str) -> None:
        """The whole archive as a file, as far as Discord takes one so large."""
        if form not in set(LinksFormat):
            await reply(interaction, "links-export-format")
            return
        await self._services.audiences.require_editor(guild_id_of(interaction), actor_of(interaction))
        await interaction.response.defer(ephemeral=True)
        out = _AsDiscordTakesIt(interaction.guild.filesize_limit if interaction.guild else 0)
        await write_links(self._services.archive.everything(guild_id_of(interaction)), LinksFormat(form), out)
        out.seek(0)
        file = discord.File(out, filename=f"links.{form}")
        await interaction.followup.send(say(interaction, "links-exported"), file=file, ephemeral=True)


class _AsDiscordTakesIt(io.BytesIO):
    """A file in memory that ends where Discord refuses it; raises RefusedError there."""

    def __init__(self, most_bytes: int) -> None:
        super().__init__()
        self._most_bytes = most_bytes

    def write(self, written: "ReadableBuffer", /) -> int:
        count = super().write(written)
        if self.tell() > self._most_bytes:
            raise RefusedError("links-export-too-large", megabytes=f"{self._most_bytes / 1_000_000:.0f}")
        return count


async def setup(bot: Pressroom) -> None:
    await bot.add_cog(QueueCommands(bot))
