"""What a bot reads and changes besides messages, through discord.py; each answer is checked by the specification."""

import io
from typing import Any

import discord
import pytest

from sandbox import Sandbox
from sandbox.model import Guild
from sandbox.permissions import Permission
from tests.sandbox.conftest import DeskBot, Rest, running


async def test_the_bot_reads_itself_its_servers_and_their_parts(sandbox: Sandbox, guild: Guild) -> None:
    async with running(sandbox) as bot:
        assert (await bot.application_info()).id == sandbox.application_id
        assert [one.id async for one in bot.fetch_guilds()] == [guild.id]
        fetched = await bot.fetch_guild(guild.id, with_counts=True)
        assert (fetched.name, fetched.approximate_member_count) == (guild.name, len(guild.members))
        assert {role.name for role in await fetched.fetch_roles()} >= {"moderator", "editor", "administrator"}
        kinds = {channel.name: channel.type for channel in await fetched.fetch_channels()}
        assert (kinds["news"], kinds["ideas"]) == (discord.ChannelType.news, discord.ChannelType.forum)
        mia = sandbox.member("mia")
        assert (await fetched.fetch_member(mia.id)).joined_at is not None
        assert (await bot.fetch_user(mia.id)).name == "mia"
        assert isinstance(await bot.fetch_channel(guild.channel("general").id), discord.TextChannel)
        with pytest.raises(discord.NotFound) as gone:
            await fetched.fetch_member(1)
        assert gone.value.code == 10007


async def test_the_sounds_of_discord_itself_are_none_and_can_be_asked_for(sandbox: Sandbox, rest: Rest) -> None:
    """Some libraries ask for them before they tell that they are ready."""
    assert await rest("GET", "/soundboard-default-sounds") == (200, [])
    async with running(sandbox) as bot:
        assert await bot.fetch_soundboard_default_sounds() == []


@pytest.mark.parametrize("path", ["/applications/@me", "/oauth2/applications/@me"])
async def test_the_application_has_a_summary_as_it_had_for_long(rest: Rest, path: str) -> None:
    """Some libraries read it without asking whether it is there."""
    status, application = await rest("GET", path)
    assert (status, application["summary"], application["id"]) == (200, "", str(rest.sandbox.application_id))


async def test_a_channel_is_changed_followed_and_typed_in(sandbox: Sandbox, guild: Guild) -> None:
    assert guild.bot is not None
    role = guild.roles[guild.bot.roles[0]]
    more = Permission.MANAGE_CHANNELS | Permission.MANAGE_WEBHOOKS
    sandbox.world.edit_role(role, permissions=role.permissions | more)
    async with running(sandbox) as bot:
        news, links = (bot.get_channel(guild.channel(name).id) for name in ("news", "links"))
        assert isinstance(news, discord.TextChannel)
        assert isinstance(links, discord.TextChannel)
        await links.edit(name="bookmarks", topic="what to read", slowmode_delay=5)
        assert (guild.channel("bookmarks").topic, guild.channel("bookmarks").slowmode_seconds) == ("what to read", 5)
        await news.follow(destination=links)
        await (await news.send("issue")).publish()
        assert [message.content for message in guild.channel("bookmarks").history] == ["issue"]
        async with links.typing():
            pass


async def test_commands_are_made_changed_and_deleted_globally_and_in_a_server(sandbox: Sandbox, guild: Guild) -> None:
    async with running(sandbox) as bot:
        place = discord.Object(guild.id)

        @bot.tree.command(description="One", guild=place)
        async def one(interaction: discord.Interaction[Any]) -> None: ...

        made = await bot.tree.sync(guild=place)
        assert [command.id for command in await bot.tree.fetch_commands(guild=place)] == [made[0].id]
        assert (await bot.tree.sync(guild=place))[0].id == made[0].id
        await made[0].edit(description="Changed")
        assert (await bot.tree.fetch_command(made[0].id, guild=place)).description == "Changed"
        assert sandbox.member("mia").commands() == ["/one"]
        await made[0].delete()
        assert sandbox.member("mia").commands() == []
        bot.tree.clear_commands(guild=place)
        assert await bot.tree.sync(guild=place) == []


async def test_a_command_needs_a_valid_name_and_ordered_options(sandbox: Sandbox, rest: Rest) -> None:
    path = f"/applications/{sandbox.application_id}/commands"
    assert (await rest("POST", path, {"name": "Upper", "description": "x"}))[1]["code"] == 50035
    options = [
        {"type": 3, "name": "a", "description": "x"},
        {"type": 3, "name": "b", "description": "x", "required": True},
    ]
    status, answer = await rest("POST", path, {"name": "x", "description": "x", "options": options})
    assert (status, answer["errors"]["options"]["1"]["_errors"][0]["code"]) == (
        400,
        "APPLICATION_COMMAND_OPTIONS_REQUIRED_INVALID",
    )
    twice = [{"name": "x", "description": "x"}] * 2
    assert (await rest("PUT", path, twice))[0] == 400


def picture_command(bot: DeskBot) -> None:
    @bot.tree.command(description="A picture")
    async def picture(interaction: discord.Interaction[Any]) -> None:
        await interaction.response.send_message(file=discord.File(io.BytesIO(b"text"), "a.txt"), ephemeral=True)
        await interaction.followup.send("more", file=discord.File(io.BytesIO(b"more"), "b.txt"))
        await interaction.edit_original_response(content="now with words")


async def test_answers_and_follow_ups_carry_files(sandbox: Sandbox) -> None:
    async with running(sandbox, picture_command):
        reply = await sandbox.member("mia").slash("/picture")
        await sandbox.wait_for(lambda: reply.message.content)
        assert [one.data for one in reply.message.attachments] == [b"text"]
        assert [one.filename for one in reply.followups[0].attachments] == ["b.txt"]
