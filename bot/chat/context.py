"""What an interaction stands in: the rules, the server, the language."""

from typing import Protocol, cast

import discord

from bot.services import Services


class _HasServices(Protocol):
    services: Services


def services_of(interaction: discord.Interaction) -> Services:
    """The rules, for buttons: discord.py makes those itself, so nothing can be handed to them."""
    return cast(_HasServices, interaction.client).services


def guild_id_of(interaction: discord.Interaction) -> int:
    """The server's id. Everything here is offered in servers only; 0 is nobody's id and finds nothing."""
    return interaction.guild_id or 0


def language_of(interaction: discord.Interaction) -> str:
    """The language of the person who acts, as Discord names it."""
    return str(interaction.locale)
