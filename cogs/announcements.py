"""`/desk`: what moderators do about announcements."""

from typing import Any

import discord
from discord import app_commands, ui
from discord.ext import commands

from bot.chat.announcements import announcement_view
from bot.chat.choices import issue_choices
from bot.chat.context import guild_id_of, language_of
from bot.chat.replies import reply, reply_view, say
from bot.client import Pressroom
from bot.texts import text


@app_commands.guild_only()
@app_commands.default_permissions(manage_messages=True)
class DeskCommands(commands.GroupCog, group_name="desk", group_description=text("command-desk")):
    def __init__(self, bot: Pressroom) -> None:
        self._services = bot.services

    @app_commands.command(name="post", description=text("command-desk-post"))
    @app_commands.describe(issue=text("option-desk-issue"))
    @app_commands.autocomplete(issue=issue_choices)
    async def post(self, interaction: discord.Interaction, issue: str) -> None:
        stored = await self._services.issues.pick(guild_id_of(interaction), issue)
        posting = await self._services.announcements.post(
            guild_id_of(interaction), stored.issue_key, interaction_id=interaction.id
        )
        if posting.earlier is not None and posting.earlier.message_id is not None:
            earlier = posting.earlier
            link = f"https://discord.com/channels/{earlier.guild_id}/{earlier.channel_id}/{earlier.message_id}"
            await reply(interaction, "post-already", link=link)
        else:
            message = "post-queued" if posting.queued else "post-underway"
            await reply(interaction, message, channel=str(posting.channel_id))

    @app_commands.command(name="preview", description=text("command-desk-preview"))
    @app_commands.describe(issue=text("option-desk-issue"))
    @app_commands.autocomplete(issue=issue_choices)
    async def preview(self, interaction: discord.Interaction, issue: str) -> None:
        stored = await self._services.issues.show(guild_id_of(interaction), issue)
        announcement = await self._services.announcements.preview(guild_id_of(interaction), stored.issue_key)
        view = announcement_view(announcement, language=language_of(interaction))
        view.add_item(ui.TextDisplay[Any](say(interaction, "preview-heading")))
        await reply_view(interaction, view)


async def setup(bot: Pressroom) -> None:
    await bot.add_cog(DeskCommands(bot))
