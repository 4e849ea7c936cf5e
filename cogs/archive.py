"""`/links`: the archive of every link that ran."""

from typing import Any

import discord
from discord import app_commands, ui
from discord.app_commands import Choice
from discord.ext import commands

from bot.chat.archive import archive_view, entry_text
from bot.chat.choices import LONGEST_CHOICE
from bot.chat.context import actor_of, guild_id_of, language_of
from bot.chat.plain import fold, host_of, shorten
from bot.chat.replies import reply_view
from bot.chat.views import View
from bot.client import Pressroom
from bot.services.archive import LONGEST_ADDRESS, LONGEST_QUERY
from bot.texts import text


@app_commands.guild_only()
class LinkCommands(commands.GroupCog, group_name="links", group_description=text("command-links")):
    def __init__(self, bot: Pressroom) -> None:
        self._services = bot.services

    @app_commands.command(name="search", description=text("command-links-search"))
    @app_commands.describe(words=text("option-links-words"))
    async def search(
        self, interaction: discord.Interaction, words: app_commands.Range[str, 1, LONGEST_ADDRESS]
    ) -> None:
        found = await self._services.archive.search(
            guild_id_of(interaction), words, page=0, actor=actor_of(interaction)
        )
        await reply_view(interaction, archive_view(found, language=language_of(interaction)))

    @search.autocomplete("words")
    async def _titles(self, interaction: discord.Interaction, current: str) -> list[Choice[str]]:
        links = await self._services.archive.suggest(guild_id_of(interaction), current, actor=actor_of(interaction))
        return [
            Choice(
                name=shorten(f"{fold(link.title)} · {host_of(link.url)}", LONGEST_CHOICE),
                value=_words_of(fold(link.title)),
            )
            for link in links
            if fold(link.title)
        ]

    @app_commands.command(name="latest", description=text("command-links-latest"))
    async def latest(self, interaction: discord.Interaction) -> None:
        found = await self._services.archive.latest(guild_id_of(interaction), page=0, actor=actor_of(interaction))
        await reply_view(interaction, archive_view(found, language=language_of(interaction)))

    @app_commands.command(name="random", description=text("command-links-random"))
    async def random(self, interaction: discord.Interaction) -> None:
        link = await self._services.archive.random(guild_id_of(interaction), actor=actor_of(interaction))
        view = View()
        view.add_item(ui.TextDisplay[Any](entry_text(link, language=language_of(interaction))))
        await reply_view(interaction, view)


def _words_of(title: str) -> str:
    """As many whole words as a query holds; of one that is longer than that, its beginning."""
    if len(title) <= LONGEST_QUERY:
        return title
    return title[: LONGEST_QUERY + 1].rpartition(" ")[0] or f"{title[: LONGEST_QUERY - 1]}*"


async def setup(bot: Pressroom) -> None:
    await bot.add_cog(LinkCommands(bot))
