"""Threads on messages, threads without, forum posts, archiving."""

import asyncio
from urllib.parse import quote

import discord
import pytest

from sandbox import Permission, Refused, Sandbox
from sandbox.events import GUILD_MEMBERS
from sandbox.model import Guild
from tests.sandbox.conftest import V2, Rest, button, row, running, text


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
    assert (await rest.post(forum, content="x"))[1]["code"] == 40058


async def test_the_first_message_of_a_post_may_be_components(rest: Rest, guild: Guild) -> None:
    body = {"name": "Issue 2", "message": {"flags": V2, "components": [text("All of it"), row(button())]}}
    status, post = await rest("POST", f"/channels/{guild.channel('ideas').id}/threads", body)
    assert (status, post["message"]["flags"], post["message"]["id"]) == (201, V2, post["id"])
    first = guild.threads[int(post["id"])].history[0]
    assert (first.text, first.labels) == ("All of it", ["Press"])


async def test_a_forum_may_require_a_tag(sandbox: Sandbox, rest: Rest, guild: Guild) -> None:
    forum = guild.add_channel("strict", kind="forum", tags=("issue",), requires_tag=True)
    path, body = f"/channels/{forum.id}/threads", {"name": "x", "message": {"content": "y"}}
    status, answer = await rest("POST", path, body)
    assert (status, answer["code"]) == (400, 40067)
    assert (await rest("POST", path, body | {"applied_tags": [str(forum.tags[0].id)]}))[0] == 201
    assert guild.bot is not None
    sandbox.world.permit(forum, guild.bot, allow=int(Permission.MANAGE_CHANNELS))
    assert (await rest("PATCH", f"/channels/{forum.id}", {"flags": 0}))[1]["flags"] == 0
    assert (await rest("POST", path, body))[0] == 201


async def test_archived_posts_come_in_pages_latest_first(guild: Guild, sandbox: Sandbox, rest: Rest) -> None:
    forum, mia = guild.channel("ideas"), sandbox.member("mia")
    posts = [await mia.post(forum, f"Post {number}", "read it", tags=["idea"]) for number in range(5)]
    now = sandbox.world.clock()
    for age, post in enumerate(posts[:4]):
        sandbox.world.archive(post, at=now - age * 3600)
    path = f"/channels/{forum.id}/threads/archived/public"
    _, page = await rest("GET", f"{path}?limit=3")
    assert ([one["name"] for one in page["threads"]], page["has_more"]) == (["Post 0", "Post 1", "Post 2"], True)
    before = quote(page["threads"][-1]["thread_metadata"]["archive_timestamp"])
    _, page = await rest("GET", f"{path}?limit=3&before={before}")
    assert ([one["name"] for one in page["threads"]], page["has_more"]) == (["Post 3"], False)
    _, active = await rest("GET", f"/guilds/{guild.id}/threads/active")
    assert [one["name"] for one in active["threads"]] == ["Post 4"]
    async with running(sandbox) as bot:
        shown = bot.get_channel(forum.id)
        assert isinstance(shown, discord.ForumChannel)
        assert [one.name async for one in shown.archived_threads(limit=None)] == [f"Post {n}" for n in range(4)]
    assert guild.bot is not None
    sandbox.world.permit(forum, guild.bot, deny=int(Permission.READ_MESSAGE_HISTORY))
    assert await rest("GET", path) == (403, {"message": "Missing Permissions", "code": 50013})


async def test_people_post_with_tags_that_exist(sandbox: Sandbox, guild: Guild) -> None:
    post = await sandbox.member("mia").post("ideas", "An idea", "More cats", tags=["idea"])
    assert post.thread is not None
    assert post.thread.applied_tags == [guild.channel("ideas").tags[1].id]
    with pytest.raises(Refused, match="has no tag"):
        await sandbox.member("mia").post("ideas", "An idea", "x", tags=["cats"])


async def test_the_bot_hears_that_a_thread_was_archived(sandbox: Sandbox) -> None:
    post = await sandbox.member("mia").post("ideas", "An idea", "More cats")
    async with running(sandbox) as bot:
        told = asyncio.ensure_future(bot.wait_for("thread_update", timeout=60))
        await asyncio.sleep(0)
        sandbox.world.archive(post)
        assert (await told)[1].archived


async def test_a_thread_without_a_message_and_its_members(sandbox: Sandbox, guild: Guild) -> None:
    sandbox.world.application.privileged_intents = GUILD_MEMBERS
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
