"""The least that discord.py needs to be a bot: what ours is measured against. Arguments: api_url token [answering]."""

import sys
from urllib.parse import urlsplit

import discord
from discord import app_commands
from discord.http import Route


class Bare(discord.AutoShardedClient):
    """Connects; with `answering`, answers /ping and the button of /panel with a constant."""

    def __init__(self, *, answering: bool) -> None:
        super().__init__(
            intents=discord.Intents(guilds=True),
            max_messages=None,
            member_cache_flags=discord.MemberCacheFlags.none(),
            chunk_guilds_at_startup=False,
        )
        self.answering = answering
        self.tree = app_commands.CommandTree(self)

    async def setup_hook(self) -> None:
        if not self.answering:
            return

        @self.tree.command(description="Answers")
        async def ping(interaction: discord.Interaction) -> None:
            await interaction.response.send_message("pong", ephemeral=True)

        @self.tree.command(description="Shows a button")
        async def panel(interaction: discord.Interaction) -> None:
            view = discord.ui.LayoutView(timeout=None)
            view.add_item(discord.ui.ActionRow(discord.ui.Button(label="Press", custom_id="press")))
            await interaction.response.send_message(view=view)

        await self.tree.sync()

    async def on_interaction(self, interaction: discord.Interaction) -> None:
        if interaction.type is discord.InteractionType.component:
            await interaction.response.send_message("pong", ephemeral=True)


def main() -> None:
    """Run until killed."""
    api_url, token = sys.argv[1:3]
    parts = urlsplit(api_url)
    Route.BASE = api_url
    discord.Asset.BASE = f"{parts.scheme}://{parts.netloc}"
    Bare(answering="answering" in sys.argv[3:]).run(token, log_handler=None)


if __name__ == "__main__":
    main()
