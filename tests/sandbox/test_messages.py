"""Messages: nonce, Components V2, embeds, mentions, replies, edits, publishing, files."""

import io

import aiohttp
import discord
import pytest

from sandbox import Limits, ManualClock, Sandbox
from sandbox.files import png
from sandbox.model import Guild
from sandbox.permissions import Permission
from tests.sandbox.conftest import V2, Rest, button, row, running, text


def options(count: int) -> list[dict[str, str]]:
    return [{"label": str(number), "value": str(number)} for number in range(count)]


async def test_the_same_nonce_returns_the_earlier_message(rest: Rest, guild: Guild) -> None:
    channel = guild.channel("general")
    _, first = await rest.post(channel, content="one", nonce="n1", enforce_nonce=True)
    _, again = await rest.post(channel, content="two", nonce="n1", enforce_nonce=True)
    _, other = await rest.post(channel, content="three", nonce="n2", enforce_nonce=True)
    assert again["id"] == first["id"] != other["id"]
    assert [message.content for message in channel.history] == ["one", "three"]
    _, elsewhere = await rest.post(guild.channel("links"), content="one", nonce="n1", enforce_nonce=True)
    assert elsewhere["id"] == first["id"]


async def test_a_nonce_is_forgotten_after_its_window() -> None:
    clock = ManualClock(1_800_000_000)
    async with Sandbox(clock=clock, limits=Limits.off()) as sandbox, aiohttp.ClientSession() as session:
        channel = sandbox.world.seed().channel("general")
        rest = Rest(sandbox, session)
        _, first = await rest.post(channel, content="x", nonce="n", enforce_nonce=True)
        clock.advance(299)
        _, same = await rest.post(channel, content="x", nonce="n", enforce_nonce=True)
        clock.advance(2)
        _, fresh = await rest.post(channel, content="x", nonce="n", enforce_nonce=True)
        assert first["id"] == same["id"] != fresh["id"]


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({"content": "x" * 2001}, "content"),
        ({"flags": V2, "content": "x", "components": [text("y")]}, "content"),
        ({"flags": V2, "components": [text("x" * 2001), text("y" * 2000)]}, "components"),
        ({"flags": V2, "components": [{"type": 17, "components": [text("x") for _ in range(40)]}]}, "components"),
        ({"components": [row(*(button(str(n)) for n in range(6)))]}, "components"),
        ({"components": [row(button("a"), button("a"))]}, "components"),
        ({"components": [row(button("a", "x" * 81))]}, "components"),
        ({"components": [row(button("x" * 101))]}, "components"),
        ({"components": [row({"type": 3, "custom_id": "s", "options": []})]}, "components"),
        (
            {
                "components": [
                    row(
                        {
                            "type": 3,
                            "custom_id": "s",
                            "options": [{"label": str(n), "value": str(n)} for n in range(26)],
                        }
                    )
                ]
            },
            "components",
        ),
        ({"components": [text("only in V2")]}, "components"),
        ({"embeds": [{"title": "x" * 257}]}, "embeds"),
        ({"embeds": [{"description": "x" * 4000}, {"description": "y" * 2001}]}, "embeds"),
        ({"embeds": [{"fields": [{"name": "n", "value": "x" * 1025}]}]}, "embeds"),
        ({"content": "x", "nonce": "n" * 26}, "nonce"),
    ],
)
async def test_what_breaks_a_limit_is_an_invalid_form(
    rest: Rest, guild: Guild, body: dict[str, object], path: str
) -> None:
    status, answer = await rest.post(guild.channel("general"), **body)
    assert (status, answer["code"]) == (400, 50035)
    assert path in answer["errors"]


async def test_the_same_limits_hold_without_a_specification() -> None:
    async with Sandbox(limits=Limits.off()) as sandbox, aiohttp.ClientSession() as session:
        sandbox.specification = None
        channel = sandbox.world.seed().channel("general")
        status, answer = await Rest(sandbox, session).post(channel, components=[row(button("a", "x" * 81))])
        assert (status, answer["code"]) == (400, 50035)
        label = answer["errors"]["components"]["0"]["components"]["0"]["label"]
        assert label["_errors"][0]["code"] == "BASE_TYPE_BAD_LENGTH"


async def test_exactly_at_the_limits_is_accepted(rest: Rest, guild: Guild) -> None:
    channel = guild.channel("general")
    forty = [{"type": 17, "components": [text("x" * 100) for _ in range(39)]}]
    assert (await rest.post(channel, flags=V2, components=forty))[0] == 200
    assert (await rest.post(channel, content="x" * 2000, components=[row(*(button(str(n)) for n in range(5)))]))[
        0
    ] == 200


async def test_an_empty_message_is_50006(rest: Rest, guild: Guild) -> None:
    status, answer = await rest.post(guild.channel("general"), content="")
    assert (status, answer["code"]) == (400, 50006)


async def test_components_v2_text_pings_and_embeds_never_do(sandbox: Sandbox, rest: Rest, guild: Guild) -> None:
    mia = sandbox.member("mia")
    _, loud = await rest.post(guild.channel("general"), flags=V2, components=[text(f"hello {mia.mention}")])
    assert [one["id"] for one in loud["mentions"]] == [str(mia.id)]
    _, quiet = await rest.post(
        guild.channel("general"), flags=V2, components=[text(mia.mention)], allowed_mentions={"parse": []}
    )
    assert quiet["mentions"] == []
    _, embed = await rest.post(guild.channel("general"), embeds=[{"description": mia.mention}])
    assert embed["mentions"] == []


async def test_roles_and_everyone_are_pinged_only_with_leave(sandbox: Sandbox, rest: Rest, guild: Guild) -> None:
    readers = guild.role("readers")
    said = f"@everyone <@&{readers.id}>"
    _, no = await rest.post(guild.channel("general"), content=said)
    assert (no["mention_roles"], no["mention_everyone"]) == ([], False)
    readers.mentionable = True
    _, named = await rest.post(guild.channel("general"), content=said, allowed_mentions={"roles": [str(readers.id)]})
    assert (named["mention_roles"], named["mention_everyone"]) == ([str(readers.id)], False)
    assert guild.bot is not None
    bot_role = guild.roles[guild.bot.roles[0]]
    sandbox.world.edit_role(bot_role, permissions=bot_role.permissions | Permission.MENTION_EVERYONE)
    _, all_of_them = await rest.post(guild.channel("general"), content=said)
    assert (all_of_them["mention_roles"], all_of_them["mention_everyone"]) == ([str(readers.id)], True)


async def test_replies_silence_edits_and_history_through_discord_py(sandbox: Sandbox, guild: Guild) -> None:
    async with running(sandbox) as bot:
        channel = bot.get_channel(guild.channel("general").id)
        assert isinstance(channel, discord.TextChannel)
        first = await channel.send("first", silent=True)
        reply = await first.reply("second", mention_author=True)
        assert reply.reference is not None
        assert reply.reference.message_id == first.id
        assert first.flags.suppress_notifications
        edited = await first.edit(content="changed")
        assert edited.edited_at is not None
        await channel.send("third")
        assert [m.content async for m in channel.history(limit=2)] == ["third", "second"]
        assert [m.content async for m in channel.history(after=first)] == ["second", "third"]
        assert [m.content async for m in channel.history(before=reply)] == ["changed"]
        assert [m.content async for m in channel.history(around=reply, limit=3)] == ["third", "second", "changed"]
        assert (await channel.fetch_message(first.id)).content == "changed"
        await first.delete()
        with pytest.raises(discord.NotFound) as gone:
            await channel.fetch_message(first.id)
        assert gone.value.code == 10008


async def test_the_fourth_edit_of_an_old_message_is_refused() -> None:
    clock = ManualClock(1_800_000_000)
    async with (
        Sandbox(clock=clock, limits=Limits(routes={}, default=(1000, 1.0))) as sandbox,
        aiohttp.ClientSession() as session,
    ):
        channel = sandbox.world.seed().channel("general")
        rest = Rest(sandbox, session)
        _, message = await rest.post(channel, content="0")
        path = f"/channels/{channel.id}/messages/{message['id']}"
        for number in range(5):
            assert (await rest("PATCH", path, {"content": f"young {number}"}))[0] == 200
        clock.advance(3601)
        for number in range(3):
            assert (await rest("PATCH", path, {"content": str(number)}))[0] == 200
        status, answer = await rest("PATCH", path, {"content": "x"})
        assert (status, answer["code"]) == (429, 30046)
        assert 0 < answer["retry_after"] <= 6
        clock.advance(6)
        assert (await rest("PATCH", path, {"content": "x"}))[0] == 200


async def test_publishing_copies_to_followers_without_components(sandbox: Sandbox, rest: Rest, guild: Guild) -> None:
    news, general = guild.channel("news"), guild.channel("general")
    other = sandbox.world.add_guild("Elsewhere").add_channel("incoming")
    news.followers.append(other)
    _, sent = await rest.post(news, content="issue 1", components=[row(button())])
    path = f"/channels/{news.id}/messages/{sent['id']}"
    status, published = await rest("POST", f"{path}/crosspost")
    assert (status, published["flags"] & 1) == (200, 1)
    copy = other.history[0]
    assert (copy.content, copy.components, copy.flags & 2) == ("issue 1", [], 2)
    assert (await rest("POST", f"{path}/crosspost"))[1]["code"] == 40033
    await rest("PATCH", path, {"content": "issue 1, corrected"})
    assert copy.content == "issue 1, corrected"
    _, plain = await rest.post(general, content="x")
    assert (await rest("POST", f"/channels/{general.id}/messages/{plain['id']}/crosspost"))[0] == 400


async def test_the_fourth_edit_of_a_published_message_in_an_hour_is_refused() -> None:
    clock = ManualClock(1_800_000_000)
    limits = Limits(routes={}, default=(1000, 1.0))
    async with Sandbox(clock=clock, limits=limits) as sandbox, aiohttp.ClientSession() as session:
        news, rest = sandbox.world.seed().channel("news"), Rest(sandbox, session)
        (_, first), (_, second) = await rest.post(news, content="1"), await rest.post(news, content="2")
        path = f"/channels/{news.id}/messages/{first['id']}"
        assert (await rest("PATCH", path, {"content": "before it is published"}))[0] == 200
        for message in (first, second):
            assert (await rest("POST", f"/channels/{news.id}/messages/{message['id']}/crosspost"))[0] == 200
        for number in range(3):
            assert (await rest("PATCH", path, {"content": str(number)}))[0] == 200
        status, answer = await rest("PATCH", path, {"content": "x"})
        assert (status, answer["code"], answer["retry_after"]) == (429, 30046, 3600.0)
        assert (await rest("PATCH", f"/channels/{news.id}/messages/{second['id']}", {"content": "x"}))[0] == 200
        clock.advance(3600)
        assert (await rest("PATCH", path, {"content": "x"}))[0] == 200


async def test_the_eleventh_publication_in_an_hour_is_refused() -> None:
    limits = Limits(routes={}, default=(1000, 1.0), per_second=1000)
    async with Sandbox(limits=limits) as sandbox, aiohttp.ClientSession() as session:
        news, rest = sandbox.world.seed().channel("news"), Rest(sandbox, session)
        statuses = []
        for number in range(11):
            _, sent = await rest.post(news, content=str(number))
            statuses.append((await rest("POST", f"/channels/{news.id}/messages/{sent['id']}/crosspost"))[0])
        assert statuses == [200] * 10 + [429]
        assert rest.headers["X-RateLimit-Scope"] == "shared"


async def test_files_are_stored_served_and_expire() -> None:
    clock = ManualClock(1_800_000_000)
    async with Sandbox(clock=clock, limits=Limits.off()) as sandbox:
        channel_id = sandbox.world.seed().channel("general").id
        async with running(sandbox) as bot:
            channel = bot.get_channel(channel_id)
            assert isinstance(channel, discord.TextChannel)
            file = discord.File(io.BytesIO(png("a", 16)), "chart.png", description="A chart", spoiler=True)
            view = discord.ui.LayoutView(timeout=None)
            view.add_item(discord.ui.MediaGallery(discord.MediaGalleryItem("attachment://SPOILER_chart.png")))
            sent = await channel.send(file=file, view=view)
            one = sent.attachments[0]
            assert (one.filename, one.description, one.width, one.is_spoiler()) == (
                "SPOILER_chart.png",
                "A chart",
                16,
                True,
            )
            assert await one.read() == png("a", 16)
            stored = sandbox.world.guilds[sent.guild.id].channel("general").history[0]  # type: ignore[union-attr]
            assert stored.pictures[0].startswith(sandbox.origin)
            first = one.url
            clock.advance(24 * 3600 + 1)
            with pytest.raises(discord.NotFound):
                await bot.http.get_from_cdn(first)
            again = await channel.fetch_message(sent.id)
            assert again.attachments[0].url != first
            assert await again.attachments[0].read() == png("a", 16)
            assert (await bot.http.get_from_cdn(f"{sandbox.origin}/embed/avatars/0.png")).startswith(b"\x89PNG")


async def test_messages_of_others_are_blank_without_the_content_intent(sandbox: Sandbox, guild: Guild) -> None:
    async with running(sandbox) as bot:
        mia = sandbox.member("mia")
        await mia.say("general", "secret")
        await mia.say("general", f"hello <@{sandbox.application_id}>")
        channel = bot.get_channel(guild.channel("general").id)
        assert isinstance(channel, discord.TextChannel)
        shown = [message.content async for message in channel.history(oldest_first=True)]
        assert shown == ["", f"hello <@{sandbox.application_id}>"]
