"""What autocomplete offers: never "type the id"."""

from collections import Counter

import discord
from discord import app_commands
from discord.app_commands import Choice

from bot.chat.context import guild_id_of, hidden_from, services_of
from bot.chat.plain import fold, shorten, told_apart
from bot.errors import RefusedError
from bot.model.issue import IssueCard
from bot.model.poll import Poll, PollOption

# Discord's limits for a choice's name and the number of choices.
LONGEST_CHOICE = 100
MOST_CHOICES = 25


async def issue_choices(interaction: discord.Interaction, current: str) -> list[Choice[str]]:
    """Issues of this server whose title contains what was typed, newest first."""
    cards = await services_of(interaction).issues.search_titles(guild_id_of(interaction), current)
    return [Choice(name=_name(card), value=card.issue_key) for card in cards[:MOST_CHOICES]]


async def open_poll_choices(interaction: discord.Interaction, current: str) -> list[Choice[str]]:
    """Polls that take votes, the newest first."""
    return await _polls(interaction, current, only_open=True)


async def poll_choices(interaction: discord.Interaction, current: str) -> list[Choice[str]]:
    """All polls, the newest first."""
    return await _polls(interaction, current, only_open=False)


async def option_choices(interaction: discord.Interaction, current: str) -> list[Choice[str]]:
    """The answers of the poll that was chosen before, or else of the newest open one."""
    polls, guild_id = services_of(interaction).polls, guild_id_of(interaction)
    wanted, hidden = str(getattr(interaction.namespace, "poll", None) or ""), hidden_from(interaction)
    try:
        if wanted:
            poll = await polls.pick(guild_id, wanted, only_open=True, hidden=hidden)
        else:
            poll = await polls.newest_open(guild_id, hidden=hidden)
    except RefusedError:
        return []
    if poll.is_closed:
        return []
    names = told_apart([option.label for option in poll.options], longest=LONGEST_CHOICE)
    return [
        Choice(name=name, value=option_value(poll, option))
        for option, name in zip(poll.options, names, strict=True)
        if current.casefold() in option.label.casefold()
    ]


def option_value(poll: Poll, option: PollOption) -> str:
    """What the choice of an answer sends: nothing that an answer could be called."""
    return f"{poll.poll_key}:{option.position}"


async def _polls(interaction: discord.Interaction, current: str, *, only_open: bool) -> list[Choice[str]]:
    found = await services_of(interaction).polls.search(
        guild_id_of(interaction), current, only_open=only_open, hidden=hidden_from(interaction)
    )
    questions = Counter(poll.question for poll in found)
    return [
        Choice(name=_poll_name(poll, is_alone=questions[poll.question] == 1), value=poll.poll_key) for poll in found
    ]


def _poll_name(poll: Poll, *, is_alone: bool) -> str:
    """The question; with its day where a newsletter asks the same one again and again."""
    return shorten(("" if is_alone else f"{poll.opened_at:%Y-%m-%d} · ") + fold(poll.question), LONGEST_CHOICE)


def _name(card: IssueCard) -> str:
    day = f"{card.published_at:%Y-%m-%d} · " if card.published_at else ""
    return shorten(f"{day}{fold(card.title)}", LONGEST_CHOICE)


class PlaceForPoll(app_commands.Transformer):
    """A text or announcement channel."""

    @property
    def type(self) -> discord.AppCommandOptionType:
        return discord.AppCommandOptionType.channel

    @property
    def channel_types(self) -> list[discord.ChannelType]:
        return [discord.ChannelType.text, discord.ChannelType.news]

    async def transform(
        self, _interaction: discord.Interaction, value: app_commands.AppCommandChannel, /
    ) -> app_commands.AppCommandChannel:
        return value


class ChannelToAnnounceIn(app_commands.Transformer):
    """A text, announcement or forum channel; media channels are for pictures."""

    @property
    def type(self) -> discord.AppCommandOptionType:
        return discord.AppCommandOptionType.channel

    @property
    def channel_types(self) -> list[discord.ChannelType]:
        return [discord.ChannelType.text, discord.ChannelType.news, discord.ChannelType.forum]

    async def transform(
        self, _interaction: discord.Interaction, value: app_commands.AppCommandChannel, /
    ) -> app_commands.AppCommandChannel:
        return value
