"""`/issue`: read the newsletter."""

from typing import Any

import discord
from discord import app_commands, ui
from discord.ext import commands

from bot.chat.announcements import announcement_view
from bot.chat.choices import issue_choices
from bot.chat.context import guild_id_of, language_of
from bot.chat.plain import masked_link, plain, room_of
from bot.chat.replies import reply_view, say
from bot.chat.views import View, room_in
from bot.client import Pressroom
from bot.texts import text

_LONGEST_TITLE = 100
_LONGEST_TOPIC = 60
_MOST_TOPICS_EACH = 4
_MOST_TEXT = 4000  # of a Components V2 message


@app_commands.guild_only()
class IssueCommands(commands.GroupCog, group_name="issue", group_description=text("command-issue")):
    def __init__(self, bot: Pressroom) -> None:
        self._services = bot.services

    @app_commands.command(name="latest", description=text("command-issue-latest"))
    async def latest(self, interaction: discord.Interaction) -> None:
        stored = await self._services.issues.latest(guild_id_of(interaction))
        await self._reply_card(interaction, stored.issue_key)

    @app_commands.command(name="show", description=text("command-issue-show"))
    @app_commands.describe(title=text("option-issue-title"))
    @app_commands.autocomplete(title=issue_choices)
    async def show(self, interaction: discord.Interaction, title: str) -> None:
        stored = await self._services.issues.show(guild_id_of(interaction), title)
        await self._reply_card(interaction, stored.issue_key)

    @app_commands.command(name="topics", description=text("command-issue-topics"))
    async def topics(self, interaction: discord.Interaction) -> None:
        found = await self._services.issues.topics(guild_id_of(interaction))
        view = View()
        view.add_item(ui.TextDisplay[Any](say(interaction, "topics-heading")))
        for card, topics in found:
            named = " · ".join(plain(topic, longest=_LONGEST_TOPIC) for topic in topics[:_MOST_TOPICS_EACH])
            title = masked_link(card.title, card.url or "", longest=_LONGEST_TITLE)
            entry = f"{title}\n-# {named or say(interaction, 'topics-none')}"
            if room_in(view) + room_of(entry) > _MOST_TEXT:
                break
            view.add_item(ui.TextDisplay[Any](entry))
        await reply_view(interaction, view)

    async def _reply_card(self, interaction: discord.Interaction, issue_key: str) -> None:
        announcement = await self._services.announcements.preview(guild_id_of(interaction), issue_key)
        await reply_view(interaction, announcement_view(announcement, language=language_of(interaction)))


async def setup(bot: Pressroom) -> None:
    await bot.add_cog(IssueCommands(bot))
