"""The least that discord.py needs to be a bot: what ours is measured against.

Arguments: api_url token [answering | voting-event | voting-dynamic]. `answering` answers /ping and the button of /panel
with a constant. The others post a poll's card for /panel and answer its buttons with a constant, from `on_interaction`
or through a `DynamicItem`.
"""

import re
import sys
from typing import Any
from urllib.parse import urlsplit

import discord
from discord import app_commands
from discord.http import Route

ANSWER = "Your vote for **Tea** counts. You can change it until the poll closes <t:1800000000:R>."


class VoteButton(discord.ui.DynamicItem[discord.ui.Button[Any]], template=r"vote:(?P<poll>[a-z2-7]{26}):(?P<at>\d+)"):
    """The same button, as discord.py finds it again."""

    @classmethod
    async def from_custom_id(
        cls, _interaction: discord.Interaction, item: discord.ui.Item[Any], _match: re.Match[str], /
    ) -> "VoteButton":
        return cls(item)  # type: ignore[arg-type]

    async def callback(self, interaction: discord.Interaction) -> None:
        await interaction.response.send_message(ANSWER, ephemeral=True)


class Bare(discord.AutoShardedClient):
    """Connects; `mode` says what it answers, if anything."""

    def __init__(self, *, mode: str) -> None:
        super().__init__(
            intents=discord.Intents(guilds=True),
            max_messages=None,
            member_cache_flags=discord.MemberCacheFlags.none(),
            chunk_guilds_at_startup=False,
        )
        self.mode = mode
        self.tree = app_commands.CommandTree(self)

    async def setup_hook(self) -> None:
        if not self.mode:
            return
        if self.mode == "voting-dynamic":
            self.add_dynamic_items(VoteButton)

        @self.tree.command(description="Answers")
        async def ping(interaction: discord.Interaction) -> None:
            await interaction.response.send_message("pong", ephemeral=True)

        @self.tree.command(description="Shows a button")
        async def panel(interaction: discord.Interaction) -> None:
            view = discord.ui.LayoutView(timeout=None)
            if self.mode == "answering":
                view.add_item(discord.ui.ActionRow(discord.ui.Button(label="Press", custom_id="press")))
            else:
                view.add_item(poll_card())
            view.stop()  # neither bot keeps it
            await interaction.response.send_message(view=view)

        await self.tree.sync()

    async def on_interaction(self, interaction: discord.Interaction) -> None:
        if interaction.type is discord.InteractionType.component and self.mode != "voting-dynamic":
            answer = "pong" if self.mode == "answering" else ANSWER
            await interaction.response.send_message(answer, ephemeral=True)


def poll_card() -> discord.ui.Container[Any]:
    """What our poll's card is made of."""
    lines = [f"{at + 1}\\. {name}: **0** (0%) {'▱' * 10}" for at, name in enumerate(("Tea", "Coffee", "Water"))]
    said = "\n".join(["### Tea or coffee?", *lines, "-# **0** votes · closes <t:1800000000:R>"])
    buttons = [
        discord.ui.Button[Any](label=name, custom_id=f"vote:{'a' * 26}:{at}")
        for at, name in enumerate(("Tea", "Coffee", "Water"))
    ]
    return discord.ui.Container(discord.ui.TextDisplay(said), discord.ui.ActionRow(*buttons))


def main() -> None:
    """Run until killed."""
    api_url, token = sys.argv[1:3]
    parts = urlsplit(api_url)
    Route.BASE = api_url
    discord.Asset.BASE = f"{parts.scheme}://{parts.netloc}"
    Bare(mode="".join(sys.argv[3:4])).run(token, log_handler=None)


if __name__ == "__main__":
    main()
