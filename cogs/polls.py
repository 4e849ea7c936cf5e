"""`/poll` for moderators; `/vote` and `/results` for everybody."""

import discord
from discord import app_commands
from discord.ext import commands

from bot.chat.choices import PlaceForPoll, open_poll_choices, option_choices, option_value, poll_choices
from bot.chat.context import act_of, actor_of, guild_id_of, hidden_from, language_of
from bot.chat.polls import AskPoll, poll_text, require_place, show_ballot, vote
from bot.chat.replies import open_form, reply_view, sentence_view
from bot.client import Pressroom
from bot.errors import NotFoundError, RefusedError
from bot.texts import text

PollChannel = app_commands.Transform[app_commands.AppCommandChannel, PlaceForPoll]


@app_commands.guild_only()
@app_commands.default_permissions(manage_messages=True)
class PollCommands(
    commands.GroupCog,
    group_name="poll",
    group_description=text("command-poll"),
    group_extras={"audience": "help-moderators"},
):
    def __init__(self, bot: Pressroom) -> None:
        self._services = bot.services

    @app_commands.command(name="create", description=text("command-poll-create"))
    @app_commands.describe(channel=text("option-poll-channel"))
    async def create(self, interaction: discord.Interaction, channel: PollChannel | None = None) -> None:
        await self._services.audiences.require_moderator(guild_id_of(interaction), actor_of(interaction))
        place_id = channel.id if channel else interaction.channel_id or 0
        require_place(interaction, place_id)
        await open_form(interaction, AskPoll.form(place_id, language=language_of(interaction)))

    @app_commands.command(name="close", description=text("command-poll-close"))
    @app_commands.describe(poll=text("option-poll-open"))
    @app_commands.autocomplete(poll=open_poll_choices)
    async def close(self, interaction: discord.Interaction, poll: str) -> None:
        await self._services.audiences.require_moderator(guild_id_of(interaction), actor_of(interaction))
        found = await self._services.polls.pick(
            guild_id_of(interaction), poll, only_open=True, alone=True, hidden=hidden_from(interaction)
        )
        closed = await self._services.polls.close(act_of(interaction), found.poll_key)
        await reply_view(interaction, sentence_view(poll_text(closed, language=language_of(interaction))))


class VoteCommands(commands.Cog):
    def __init__(self, bot: Pressroom) -> None:
        self._services = bot.services

    @app_commands.guild_only()
    @app_commands.command(name="vote", description=text("command-vote"))
    @app_commands.describe(option=text("option-vote-option"), poll=text("option-vote-poll"))
    @app_commands.autocomplete(option=option_choices, poll=open_poll_choices)
    async def vote(self, interaction: discord.Interaction, option: str | None = None, poll: str | None = None) -> None:
        polls, guild_id, hidden = self._services.polls, guild_id_of(interaction), hidden_from(interaction)
        if poll:
            found = await polls.pick(guild_id, poll, only_open=True, hidden=hidden)
        else:
            found = await polls.newest_open(guild_id, hidden=hidden)
        if option is None:
            await show_ballot(interaction, found)
            return
        wanted = option.strip().casefold()
        meant = [each for each in found.options if wanted in {option_value(found, each), each.label.casefold()}]
        if not meant:
            raise NotFoundError("vote-no-such-option", option=option)
        if len(meant) > 1:
            raise RefusedError("vote-option-twice", option=option)
        await vote(interaction, found.poll_key, meant[0].position)

    @app_commands.guild_only()
    @app_commands.command(name="results", description=text("command-results"))
    @app_commands.describe(poll=text("option-results-poll"))
    @app_commands.autocomplete(poll=poll_choices)
    async def results(self, interaction: discord.Interaction, poll: str) -> None:
        found = await self._services.polls.pick(guild_id_of(interaction), poll, hidden=hidden_from(interaction))
        own = await self._services.polls.ballot_of(found.poll_key, interaction.user.id)
        said = poll_text(found, language=language_of(interaction), own=own)
        await reply_view(interaction, sentence_view(said))


async def setup(bot: Pressroom) -> None:
    await bot.add_cog(PollCommands(bot))
    await bot.add_cog(VoteCommands(bot))
