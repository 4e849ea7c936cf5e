"""What autocomplete offers: never "type the id"."""

import discord
from discord import app_commands
from discord.app_commands import Choice

from bot.chat.context import guild_id_of, services_of
from bot.chat.plain import fold, shorten
from bot.model.issue import IssueCard

# Discord's limits for a choice's name and the number of choices.
LONGEST_CHOICE = 100
MOST_CHOICES = 25


async def issue_choices(interaction: discord.Interaction, current: str) -> list[Choice[str]]:
    """Issues of this server whose title contains what was typed, newest first."""
    cards = await services_of(interaction).issues.search_titles(guild_id_of(interaction), current)
    return [Choice(name=_name(card), value=card.issue_key) for card in cards[:MOST_CHOICES]]


def _name(card: IssueCard) -> str:
    day = f"{card.published_at:%Y-%m-%d} · " if card.published_at else ""
    return shorten(f"{day}{fold(card.title)}", LONGEST_CHOICE)


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
