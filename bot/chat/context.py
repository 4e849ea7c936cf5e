"""What an interaction stands in: the rules, the server, the language."""

from collections.abc import Coroutine
from typing import Any, Protocol, TypeVar, cast

import discord

from bot.model.member import Act, Actor
from bot.services import Services

T = TypeVar("T")


class _HasServices(Protocol):
    services: Services


class _Stops(Protocol):
    async def unless_stopping(self, work: Coroutine[Any, Any, T]) -> T: ...


def services_of(interaction: discord.Interaction) -> Services:
    """The rules, for buttons: discord.py makes those itself, so nothing can be handed to them."""
    return cast(_HasServices, interaction.client).services


async def unless_stopping(interaction: discord.Interaction, work: Coroutine[Any, Any, T]) -> T:
    """What `work` gives, which may take long. Raises RefusedError when the bot is told to stop meanwhile."""
    return await cast(_Stops, interaction.client).unless_stopping(work)


def guild_id_of(interaction: discord.Interaction) -> int:
    """The server's id. Everything here is offered in servers only; 0 is nobody's id and finds nothing."""
    return interaction.guild_id or 0


def actor_of(interaction: discord.Interaction) -> Actor:
    """Who acts, with the roles and permissions that Discord names in this very interaction."""
    granted = interaction.permissions
    roles = interaction.user.roles if isinstance(interaction.user, discord.Member) else []
    return Actor(
        member_id=interaction.user.id,
        role_ids=frozenset(role.id for role in roles),
        manages_messages=granted.manage_messages or granted.administrator,
        manages_server=granted.manage_guild or granted.administrator,
    )


def act_of(interaction: discord.Interaction) -> Act:
    """What is done by this interaction: where, and by whom."""
    return Act(guild_id_of(interaction), actor_of(interaction), interaction.id)


def hidden_from(interaction: discord.Interaction) -> frozenset[int]:
    """The channels of the server that whoever acts does not see: nothing from there may be told to them."""
    if interaction.guild is None or not isinstance(interaction.user, discord.Member):
        return frozenset()
    user = interaction.user
    return frozenset(
        channel.id for channel in interaction.guild.channels if not channel.permissions_for(user).view_channel
    )


def is_seen(interaction: discord.Interaction, channel_id: int | None) -> bool:
    """Whether who acts sees a channel now; of None, the place where they act. One that is gone hides nothing."""
    if channel_id is None or channel_id == interaction.channel_id:
        return interaction.permissions.view_channel  # Discord's own word, with this very press
    channel = interaction.guild.get_channel(channel_id) if interaction.guild else None
    if channel is None or not isinstance(interaction.user, discord.Member):
        return True
    return channel.permissions_for(interaction.user).view_channel


def language_of(interaction: discord.Interaction) -> str:
    """The language of the person who acts, as Discord names it."""
    return str(interaction.locale)
