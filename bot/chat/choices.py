"""What autocomplete offers: never "type the id"."""

import discord
from discord import app_commands
from discord.app_commands import Choice

from bot.chat.context import guild_id_of, services_of
from bot.chat.plain import fold, shorten
from bot.errors import NotFoundError
from bot.model.issue import IssueCard
from bot.model.poll import Poll

# Discord's limits for a choice's name and the number of choices.
LONGEST_CHOICE = 100
MOST_CHOICES = 25


async def issue_choices(interaction: discord.Interaction, current: str) -> list[Choice[str]]:
    """Issues of this server whose title contains what was typed, newest first."""
    cards = await services_of(interaction).issues.search_titles(guild_id_of(interaction), current)
    return [Choice(name=_name(card), value=card.issue_key) for card in cards[:MOST_CHOICES]]


async def open_poll_choices(interaction: discord.Interaction, current: str) -> list[Choice[str]]:
    """Polls that take votes, the newest first."""
    return _polls(await services_of(interaction).polls.search(guild_id_of(interaction), current, only_open=True))


async def poll_choices(interaction: discord.Interaction, current: str) -> list[Choice[str]]:
    """All polls, the newest first."""
    return _polls(await services_of(interaction).polls.search(guild_id_of(interaction), current, only_open=False))


async def option_choices(interaction: discord.Interaction, current: str) -> list[Choice[str]]:
    """The answers of the poll that was chosen before, or else of the newest open one."""
    polls, guild_id = services_of(interaction).polls, guild_id_of(interaction)
    wanted = str(getattr(interaction.namespace, "poll", None) or "")
    try:
        poll = await (polls.pick(guild_id, wanted, only_open=True) if wanted else polls.newest_open(guild_id))
    except NotFoundError:
        return []
    return [
        Choice(name=shorten(fold(option.label), LONGEST_CHOICE), value=str(option.position))
        for option in poll.options
        if current.casefold() in option.label.casefold()
    ]


def _polls(found: list[Poll]) -> list[Choice[str]]:
    return [Choice(name=shorten(fold(poll.question), LONGEST_CHOICE), value=poll.poll_key) for poll in found]


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
