"""Threads on messages, threads without, forum posts, archiving."""

import discord
import pytest

from sandbox import Sandbox
from sandbox.model import Guild
from tests.sandbox.conftest import Rest, running


async def test_a_thread_has_its_messages_id_and_exists_once(sandbox: Sandbox, rest: Rest, guild: Guild) -> None:
    channel = guild.channel("news")
    _, message = await rest.post(channel, content="issue")
    path = f"/channels/{channel.id}/messages/{message['id']}/threads"
    status, thread = await rest("POST", path, {"name": "Talk", "auto_archive_duration": 1440})
    assert (status, thread["id"], thread["type"]) == (201, message["id"], 10)
    status, answer = await rest("POST", path, {"name": "Talk"})
    assert (status, answer["code"]) == (400, 160004)
    assert [one.type for one in channel.history] == [0]
    assert (await rest("GET", f"/channels/{channel.id}/messages/{message['id']}"))[1]["thread"]["id"] == message["id"]


async def test_a_late_thread_posts_a_visible_system_message(rest: Rest, guild: Guild) -> None:
    channel = guild.channel("general")
    _, message = await rest.post(channel, content="issue")
    await rest.post(channel, content="something else")
    await rest("POST", f"/channels/{channel.id}/messages/{message['id']}/threads", {"name": "Late"})
    assert channel.history[-1].type == 18
    assert channel.history[-1].content == "Late"


async def test_a_forum_post_carries_its_message_and_tags(sandbox: Sandbox, guild: Guild) -> None:
    async with running(sandbox) as bot:
        forum = bot.get_channel(guild.channel("ideas").id)
        assert isinstance(forum, discord.ForumChannel)
        made = await forum.create_thread(name="Issue 1", content="read it", applied_tags=[forum.available_tags[0]])
        assert made.thread.id == made.message.id
        assert [tag.name for tag in made.thread.applied_tags] == ["issue"]
        active = await forum.guild.active_threads()
        assert [thread.id for thread in active] == [made.thread.id]
        await made.thread.edit(archived=True, locked=True)
        assert await forum.guild.active_threads() == []
        archived = [thread async for thread in forum.archived_threads()]
        assert [(thread.name, thread.locked) for thread in archived] == [("Issue 1", True)]
        assert guild.channel("ideas").threads[0].history[0].content == "read it"


async def test_forum_limits(rest: Rest, guild: Guild) -> None:
    forum = guild.channel("ideas")
    path = f"/channels/{forum.id}/threads"
    assert (await rest("POST", path, {"name": "x" * 101, "message": {"content": "y"}}))[1]["code"] == 50035
    tags = {"applied_tags": [str(forum.tags[0].id)] * 6}
    assert (await rest("POST", path, {"name": "x", "message": {"content": "y"}} | tags))[1]["code"] == 50035
    assert (await rest.post(forum, content="x"))[1]["code"] == 50008


async def test_a_thread_without_a_message_and_its_members(sandbox: Sandbox, guild: Guild) -> None:
    async with running(sandbox) as bot:
        channel = bot.get_channel(guild.channel("general").id)
        assert isinstance(channel, discord.TextChannel)
        thread = await channel.create_thread(name="Aside", type=discord.ChannelType.public_thread)
        await thread.add_user(discord.Object(sandbox.member("mia").id))
        assert {member.id for member in await thread.fetch_members()} == {bot.application_id, sandbox.member("mia").id}
        await thread.leave()
        await thread.join()
        await thread.remove_user(discord.Object(sandbox.member("mia").id))
        state = guild.channel("Aside").thread
        assert state is not None
        assert set(state.members) == {sandbox.application_id}


async def test_sending_into_an_archived_thread_opens_it(rest: Rest, guild: Guild) -> None:
    channel = guild.channel("general")
    _, message = await rest.post(channel, content="x")
    await rest("POST", f"/channels/{channel.id}/messages/{message['id']}/threads", {"name": "t"})
    await rest("PATCH", f"/channels/{message['id']}", {"archived": True})
    assert (await rest("PATCH", f"/channels/{message['id']}", {"name": "new"}))[1]["code"] == 50083
    assert (await rest.post(guild.threads[int(message["id"])], content="again"))[0] == 200
    _, thread = await rest("GET", f"/channels/{message['id']}")
    assert thread["thread_metadata"]["archived"] is False


@pytest.mark.parametrize("name", ["", "x" * 101])
async def test_thread_names_have_one_to_a_hundred_characters(rest: Rest, guild: Guild, name: str) -> None:
    channel = guild.channel("general")
    _, message = await rest.post(channel, content="x")
    path = f"/channels/{channel.id}/messages/{message['id']}/threads"
    assert (await rest("POST", path, {"name": name}))[1]["code"] == 50035
