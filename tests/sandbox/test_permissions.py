"""Permissions: Discord's arithmetic, its error codes, and who sees a command."""

import asyncio

import discord
import pytest
from discord import app_commands

from sandbox import Sandbox, permissions
from sandbox.errors import Refused
from sandbox.model import Guild
from sandbox.permissions import Permission, can
from tests.sandbox.conftest import DeskBot, Rest, running

VIEW, SEND, HISTORY = int(Permission.VIEW_CHANNEL), int(Permission.SEND_MESSAGES), int(Permission.READ_MESSAGE_HISTORY)


def test_overwrites_come_after_roles_and_a_member_after_roles() -> None:
    world = Sandbox().world
    guild = world.add_guild("Here")
    loud, quiet = guild.add_role("loud"), guild.add_role("quiet")
    member = guild.add_member("mia", roles=[loud, quiet])
    channel = guild.add_channel("c", overwrites={guild.everyone: (0, SEND), loud: (SEND, 0), quiet: (0, SEND)})
    assert can(member, SEND, channel)
    world.permit(channel, member, deny=SEND)
    assert not can(member, SEND, channel)
    world.permit(channel, member, deny=VIEW)
    assert permissions.in_channel(member, channel) == 0


def test_owner_and_administrator_stand_above_overwrites() -> None:
    guild = Sandbox().world.add_guild("Here", owner="olga")
    boss = guild.add_member("boss", roles=[guild.add_role("boss", permissions=Permission.ADMINISTRATOR)])
    channel = guild.add_channel("c", overwrites={guild.everyone: (0, VIEW), boss: (0, VIEW)})
    assert can(boss, VIEW, channel)
    assert can(guild.member("olga"), VIEW, channel)


async def test_missing_access_missing_permissions_and_unknown_channel(
    sandbox: Sandbox, rest: Rest, guild: Guild
) -> None:
    hidden = guild.add_channel("hidden", overwrites={guild.everyone: (0, VIEW)})
    mute = guild.add_channel("mute", overwrites={guild.everyone: (0, SEND)})
    assert guild.bot is not None
    sandbox.world.permit(mute, guild.bot, deny=SEND)
    assert await rest.post(hidden, content="x") == (403, {"message": "Missing Access", "code": 50001})
    assert await rest.post(mute, content="x") == (403, {"message": "Missing Permissions", "code": 50013})
    assert (await rest("GET", "/channels/1"))[1]["code"] == 10003
    general = guild.channel("general")
    assert (await rest("GET", f"/channels/{general.id}/messages/1"))[1]["code"] == 10008
    assert sandbox.limiter.invalid_in() == 2


async def test_history_without_the_permission_is_empty_and_no_error(sandbox: Sandbox, rest: Rest, guild: Guild) -> None:
    channel = guild.channel("general")
    await rest.post(channel, content="x")
    assert guild.bot is not None
    sandbox.world.permit(channel, guild.bot, deny=HISTORY)
    assert await rest("GET", f"/channels/{channel.id}/messages") == (200, [])


async def test_threads_need_their_own_permission(sandbox: Sandbox, rest: Rest, guild: Guild) -> None:
    channel = guild.channel("general")
    _, message = await rest.post(channel, content="x")
    await rest("POST", f"/channels/{channel.id}/messages/{message['id']}/threads", {"name": "t"})
    thread = guild.threads[int(message["id"])]
    assert (await rest.post(thread, content="in"))[0] == 200
    assert guild.bot is not None
    sandbox.world.permit(channel, guild.bot, allow=SEND, deny=int(Permission.SEND_MESSAGES_IN_THREADS))
    assert (await rest.post(thread, content="in"))[1]["code"] == 50013


async def test_deleting_a_members_message_needs_manage_messages(sandbox: Sandbox, rest: Rest, guild: Guild) -> None:
    said = await sandbox.member("mia").say("general", "x")
    path = f"/channels/{said.channel.id}/messages/{said.id}"
    assert (await rest("PATCH", path, {"content": "y"}))[1]["code"] == 50005
    assert guild.bot is not None
    sandbox.world.permit(said.channel, guild.bot, deny=int(Permission.MANAGE_MESSAGES))
    assert (await rest("DELETE", path))[1]["code"] == 50013
    sandbox.world.permit(said.channel, guild.bot)
    assert (await rest("DELETE", path))[0] == 204
    assert said.deleted


async def test_roles_are_given_only_below_the_bots_own(sandbox: Sandbox, guild: Guild) -> None:
    async with running(sandbox) as bot:
        member = await bot.get_guild(guild.id).fetch_member(sandbox.member("mia").id)  # type: ignore[union-attr]
        await member.add_roles(discord.Object(guild.role("readers").id))
        assert guild.member("mia").roles == [guild.role("readers").id]
        await member.remove_roles(discord.Object(guild.role("readers").id))
        assert guild.member("mia").roles == []
        higher = guild.add_role("higher")
        with pytest.raises(discord.Forbidden) as no:
            await member.add_roles(discord.Object(higher.id))
        assert no.value.code == 50013


def staff_commands(bot: DeskBot) -> None:
    @bot.tree.command(description="For all")
    async def vote(interaction: discord.Interaction) -> None:
        await interaction.response.send_message("voted")

    @bot.tree.command(description="For staff")
    @app_commands.default_permissions(manage_messages=True)
    async def review(interaction: discord.Interaction) -> None:
        await interaction.response.send_message("reviewed")

    @bot.tree.command(description="For administrators")
    @app_commands.default_permissions()
    async def setup(interaction: discord.Interaction) -> None:
        await interaction.response.send_message("set up")


async def test_the_picker_shows_what_permissions_and_the_administrator_say(sandbox: Sandbox, guild: Guild) -> None:
    async with running(sandbox, staff_commands) as bot:
        mia, mara, ada = (sandbox.member(name) for name in ("mia", "mara", "ada"))
        assert mia.commands() == ["/vote"]
        assert mara.commands() == ["/review", "/vote"]
        assert ada.commands() == ["/review", "/setup", "/vote"]
        with pytest.raises(Refused, match="hidden"):
            await mia.slash("/review")
        guild.permit_command("review", {mia.member: True, guild.role("moderator"): False})
        assert mia.commands() == ["/review", "/vote"]
        assert mara.commands() == ["/vote"]
        assert (await mia.slash("/review")).text == "reviewed"
        command = next(one for one in sandbox.world.commands.values() if one.name == "review")
        told = await bot.http.get_application_command_permissions(sandbox.application_id, guild.id, command.id)
        assert {(one["id"], one["permission"]) for one in told["permissions"]} == {
            (str(mia.id), True),
            (str(guild.role("moderator").id), False),
        }
        listed = await bot.http.get_guild_application_command_permissions(sandbox.application_id, guild.id)
        assert [one["id"] for one in listed] == [str(command.id)]
        guild.permit_command("vote", {guild.channel("general"): False})
        assert mia.commands("general") == ["/review"]
        assert mia.commands("links") == ["/review", "/vote"]


async def test_a_member_without_use_application_commands_sees_none(sandbox: Sandbox, guild: Guild) -> None:
    async with running(sandbox, staff_commands):
        mia = sandbox.member("mia")
        sandbox.world.permit(guild.channel("general"), mia.member, deny=int(Permission.USE_APPLICATION_COMMANDS))
        assert mia.commands("general") == []


async def test_the_bot_hears_what_it_may_do_in_a_channel_and_that_it_is_gone(
    sandbox: Sandbox, rest: Rest, guild: Guild
) -> None:
    general, own = guild.channel("general"), guild.bot
    assert own is not None
    async with running(sandbox) as bot:
        channel = bot.get_channel(general.id)
        assert isinstance(channel, discord.TextChannel)
        for deny, status in ((SEND, 403), (0, 200)):
            told = asyncio.ensure_future(bot.wait_for("guild_channel_update", timeout=60))
            await asyncio.sleep(0)
            sandbox.world.permit(general, own, deny=deny)
            await told
            assert channel.permissions_for(channel.guild.me).send_messages is (not deny)
            assert (await rest.post(general, content="x"))[0] == status
        gone = asyncio.ensure_future(bot.wait_for("guild_channel_delete", timeout=60))
        await asyncio.sleep(0)
        sandbox.world.delete_channel(general)
        assert (await gone).id == general.id
        assert (await rest.post(general, content="x"))[1]["code"] == 10003
        assert all(message.deleted for message in general.history)


async def test_what_was_worked_out_follows_every_change(sandbox: Sandbox, guild: Guild) -> None:
    mia, general, readers = guild.member("mia"), guild.channel("general"), guild.role("readers")
    assert can(mia, Permission.SEND_MESSAGES, general)
    sandbox.world.permit(general, guild.everyone, deny=Permission.SEND_MESSAGES)
    assert not can(mia, Permission.SEND_MESSAGES, general)
    sandbox.world.set_roles(mia, [readers])
    sandbox.world.edit_role(readers, permissions=Permission.ADMINISTRATOR)
    assert can(mia, Permission.SEND_MESSAGES, general)
    sandbox.world.delete_role(readers)
    assert not can(mia, Permission.SEND_MESSAGES, general)
