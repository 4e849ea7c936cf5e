"""`/desk`: what moderators and editors do about announcements."""

from datetime import datetime
from typing import Any

import discord
from discord import app_commands, ui
from discord.ext import commands
from discord.utils import format_dt

from bot.chat.announcements import announcement_view
from bot.chat.choices import issue_choices
from bot.chat.context import act_of, actor_of, guild_id_of, language_of
from bot.chat.plain import room_of
from bot.chat.replies import reply, reply_view, say, say_problem
from bot.chat.views import View, room_in
from bot.client import Pressroom
from bot.model.problem import Problem
from bot.services.explanations import Finding, link_of
from bot.texts import text

_MOST_TEXT = 4000  # of a Components V2 message
_MOST_LINES = 38


@app_commands.guild_only()
@app_commands.default_permissions(manage_messages=True)
class DeskCommands(
    commands.GroupCog,
    group_name="desk",
    group_description=text("command-desk"),
    group_extras={"audience": "help-staff"},
):
    def __init__(self, bot: Pressroom) -> None:
        self._services = bot.services

    @app_commands.command(name="post", description=text("command-desk-post"))
    @app_commands.describe(issue=text("option-desk-issue"))
    @app_commands.autocomplete(issue=issue_choices)
    async def post(self, interaction: discord.Interaction, issue: str) -> None:
        await self._require_staff(interaction)
        stored = await self._services.issues.pick(guild_id_of(interaction), issue)
        posting = await self._services.announcements.post(act_of(interaction), stored.issue_key)
        if posting.earlier is not None and posting.earlier.message_id is not None:
            earlier = posting.earlier
            await reply(interaction, "post-already", link=link_of(earlier))
        else:
            message = "post-queued" if posting.queued else "post-underway"
            await reply(interaction, message, channel=str(posting.channel_id))

    @app_commands.command(name="repost", description=text("command-desk-repost"))
    @app_commands.describe(issue=text("option-desk-issue"))
    @app_commands.autocomplete(issue=issue_choices)
    async def repost(self, interaction: discord.Interaction, issue: str) -> None:
        await self._require_staff(interaction)
        stored = await self._services.issues.pick(guild_id_of(interaction), issue)
        posting = await self._services.announcements.repost(act_of(interaction), stored.issue_key)
        message = "repost-queued" if posting.queued else "post-underway"
        await reply(interaction, message, channel=str(posting.channel_id))

    @app_commands.command(name="preview", description=text("command-desk-preview"))
    @app_commands.describe(issue=text("option-desk-issue"))
    @app_commands.autocomplete(issue=issue_choices)
    async def preview(self, interaction: discord.Interaction, issue: str) -> None:
        await self._require_staff(interaction)
        stored = await self._services.issues.show(guild_id_of(interaction), issue)
        announcement = await self._services.announcements.preview(guild_id_of(interaction), stored.issue_key)
        view = announcement_view(announcement, language=language_of(interaction))
        view.add_item(ui.TextDisplay[Any](say(interaction, "preview-heading")))
        await reply_view(interaction, view)

    @app_commands.command(name="why", description=text("command-desk-why"))
    @app_commands.describe(url=text("option-desk-url"))
    @app_commands.autocomplete(url=issue_choices)
    async def why(self, interaction: discord.Interaction, url: str) -> None:
        await self._require_staff(interaction)
        findings = await self._services.explanations.why(guild_id_of(interaction), url)
        view = View()
        for finding in findings:
            line = _line(interaction, finding)
            if room_in(view) + room_of(line) > _MOST_TEXT or view.total_children_count >= _MOST_LINES:
                break
            view.add_item(ui.TextDisplay[Any](line))
        await reply_view(interaction, view)

    async def _require_staff(self, interaction: discord.Interaction) -> None:
        await self._services.audiences.require_staff(guild_id_of(interaction), actor_of(interaction))


def _line(interaction: discord.Interaction, finding: Finding) -> str:
    params: dict[str, str | int] = {
        name: format_dt(value, "f") if isinstance(value, datetime) else value for name, value in finding.params.items()
    }
    return say_problem(interaction, Problem(finding.message_id, params, finding.because))


async def setup(bot: Pressroom) -> None:
    await bot.add_cog(DeskCommands(bot))
