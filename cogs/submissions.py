"""`/submit` and the message menu: what members send in."""

import discord
from discord import app_commands
from discord.ext import commands

from bot.chat.context import act_of, guild_id_of
from bot.chat.replies import reply_view
from bot.chat.submissions import mine_view, show_receipt, which_link_view
from bot.client import Pressroom
from bot.errors import RefusedError
from bot.model.pasted import addresses_in
from bot.services.members.submissions import LONGEST_NOTE
from bot.texts import text

_LONGEST_ADDRESS = 2000


@app_commands.guild_only()
class SubmitCommands(commands.GroupCog, group_name="submit", group_description=text("command-submit")):
    def __init__(self, bot: Pressroom) -> None:
        self._bot = bot
        self._services = bot.services
        # Discord.py keeps menus apart from their cog.
        self._menu = app_commands.ContextMenu(name=text("menu-submit"), callback=self._submit_message)
        self._menu.guild_only = True

    async def cog_load(self) -> None:
        self._bot.tree.add_command(self._menu)

    async def cog_unload(self) -> None:
        self._bot.tree.remove_command(self._menu.name, type=self._menu.type)

    @app_commands.command(name="link", description=text("command-submit-link"))
    @app_commands.describe(address=text("option-submit-address"), why=text("option-submit-why"))
    async def link(
        self,
        interaction: discord.Interaction,
        address: app_commands.Range[str, 1, _LONGEST_ADDRESS],
        why: app_commands.Range[str, 1, LONGEST_NOTE] = "",
    ) -> None:
        receipt = await self._services.submissions.submit(act_of(interaction), address, note=why)
        await show_receipt(interaction, receipt)

    @app_commands.command(name="mine", description=text("command-submit-mine"))
    async def mine(self, interaction: discord.Interaction) -> None:
        mine = await self._services.submissions.mine(guild_id_of(interaction), interaction.user.id)
        await reply_view(interaction, mine_view(interaction, mine))

    async def _submit_message(self, interaction: discord.Interaction, message: discord.Message) -> None:
        if not _everybody_sees(interaction.channel):
            raise RefusedError("submit-hidden-channel")
        found = list(dict.fromkeys(addresses_in(message.content)))
        if not found:
            raise RefusedError("submit-no-link-in-message")
        wrote_it = not message.author.bot and message.webhook_id is None
        finder_id = message.author.id if wrote_it else None
        if len(found) > 1:
            await reply_view(interaction, which_link_view(interaction, found, finder_id))
            return
        [address] = found
        receipt = await self._services.submissions.submit(
            act_of(interaction),
            address,
            title=next((embed.title for embed in message.embeds if embed.url == address), None),
            finder_id=finder_id,
        )
        await show_receipt(interaction, receipt)


def _everybody_sees(channel: object) -> bool:
    """Whether what is said there may be carried elsewhere: a thread is seen like its parent, if it is not private."""
    if isinstance(channel, discord.Thread):
        return not channel.is_private() and _everybody_sees(channel.parent)
    if not isinstance(channel, discord.abc.GuildChannel):
        return False
    return channel.permissions_for(channel.guild.default_role).view_channel


async def setup(bot: Pressroom) -> None:
    await bot.add_cog(SubmitCommands(bot))
