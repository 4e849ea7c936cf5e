"""The whole way: a discord.py bot logs in, posts, opens a thread, and answers everything a member can do."""

from typing import Any, cast

import discord
from discord import app_commands

from sandbox import Sandbox
from sandbox.driver import File
from tests.sandbox.conftest import DeskBot, running


class Feedback(discord.ui.Modal, title="Send a link"):
    link: discord.ui.Label[discord.ui.View] = discord.ui.Label(
        text="Link", component=discord.ui.TextInput(custom_id="link")
    )
    kind: discord.ui.Label[discord.ui.View] = discord.ui.Label(
        text="Section",
        component=discord.ui.RadioGroup(
            custom_id="kind",
            options=[
                discord.RadioGroupOption(label="News", value="n"),
                discord.RadioGroupOption(label="Tools", value="t"),
            ],
        ),
    )

    async def on_submit(self, interaction: discord.Interaction) -> None:
        link, kind = self.link.component, self.kind.component
        assert isinstance(link, discord.ui.TextInput)
        assert isinstance(kind, discord.ui.RadioGroup)
        await interaction.response.send_message(f"{link.value} in {kind.value}", ephemeral=True)


class Card(discord.ui.LayoutView):
    def __init__(self) -> None:
        super().__init__(timeout=None)
        row: discord.ui.ActionRow[Card] = discord.ui.ActionRow()
        row.add_item(discord.ui.Button(label="All links", custom_id="links"))
        row.add_item(discord.ui.Button(label="Send", custom_id="send"))
        row.add_item(discord.ui.Button(label="Read", url="https://example.com/issue"))
        self.add_item(
            discord.ui.Container(
                discord.ui.TextDisplay("# Is it deflationary?"), discord.ui.Separator(), row, accent_colour=0x112233
            )
        )
        choice: discord.ui.ActionRow[Card] = discord.ui.ActionRow()
        choice.add_item(
            discord.ui.Select(
                custom_id="pick",
                placeholder="Pick one",
                options=[discord.SelectOption(label="One", value="1"), discord.SelectOption(label="Two", value="2")],
            )
        )
        self.add_item(choice)


def set_up(bot: DeskBot) -> None:
    group = app_commands.Group(name="issue", description="Issues", guild_only=True)

    @group.command(name="show", description="One issue")
    async def show(interaction: discord.Interaction, title: str, limit: app_commands.Range[int, 1, 5] = 3) -> None:
        await interaction.response.send_message(f"{title} x{limit}", ephemeral=True)

    @show.autocomplete("title")
    async def titles(_: discord.Interaction, current: str) -> list[app_commands.Choice[str]]:
        return [app_commands.Choice(name=f"{current} thing", value="thing")]

    @group.command(name="slow", description="Later")
    async def slow(interaction: discord.Interaction) -> None:
        await interaction.response.defer(ephemeral=True)
        await interaction.followup.send("here it is")

    bot.tree.add_command(group)

    @bot.tree.context_menu(name="Submit to newsletter")
    async def submit(interaction: discord.Interaction, message: discord.Message) -> None:
        await interaction.response.send_message(f"got {message.id} by {message.author.name}", ephemeral=True)

    @bot.event
    async def on_interaction(interaction: discord.Interaction) -> None:
        data = cast("dict[str, Any]", interaction.data or {})
        match data.get("custom_id"):
            case "links":
                await interaction.response.send_message("all links", ephemeral=True)
            case "send":
                await interaction.response.send_modal(Feedback())
            case "pick":
                await interaction.response.edit_message(view=Card())


async def test_a_bot_logs_in_posts_and_answers_everything(sandbox: Sandbox) -> None:
    async with running(sandbox, set_up) as bot:
        guild = next(iter(sandbox.world.guilds.values()))
        mia = sandbox.member("mia")
        assert mia.commands() == ["/issue show", "/issue slow", "Submit to newsletter"]

        channel = bot.get_channel(guild.channel("general").id)
        assert isinstance(channel, discord.TextChannel)
        sent = await channel.send(view=Card())
        thread = await sent.create_thread(name="Talk about it")
        await thread.send("first")
        message = mia.see("general")[-1]
        assert "Is it deflationary?" in message.text
        assert message.labels == ["All links", "Send", "Read"]
        assert message.thread is not None
        assert message.thread.id == message.id == sent.id

        reply = await mia.slash("/issue show title:Is AI limit:2")
        assert (reply.type, reply.ephemeral, reply.message.text) == ("message", True, "Is AI x2")
        assert await mia.autocomplete("/issue show", title="Is") == [{"name": "Is thing", "value": "thing"}]
        assert (await mia.slash("/issue slow")).text == "here it is"

        assert (await mia.click(message, "All links")).text == "all links"
        form = await mia.click(message, "Send")
        assert form.type == "modal"
        done = await mia.submit(form, {"Link": "https://example.com", "Section": "Tools"})
        assert done.text == "https://example.com in t"
        assert (await mia.select(message, "Pick one", ["Two"])).type == "update"

        said = await mia.say("general", "look at https://example.com", files=[File("a.txt", b"x")])
        assert (await mia.menu("Submit to newsletter", said)).text == f"got {said.id} by mia"
