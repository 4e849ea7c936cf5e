"""Faults: what the bot sees when things go wrong on purpose."""

import aiohttp
import discord
import pytest

from sandbox import NothingHappened, Sandbox
from sandbox.model import Guild
from tests.sandbox.conftest import Rest, running


@pytest.mark.parametrize("status", [500, 503, 429, 403, 404])
async def test_the_next_requests_fail_with_a_status(sandbox: Sandbox, rest: Rest, guild: Guild, status: int) -> None:
    channel = guild.channel("general")
    fault = sandbox.faults.fail("POST", rf"^/channels/{channel.id}/messages$", status, times=2, code=7, message="no")
    for _ in range(2):
        answered, body = await rest.post(channel, content="x")
        assert (answered, body["code"], body["message"]) == (status, 7, "no")
    assert (await rest.post(channel, content="x"))[0] == 200
    assert fault.hits == 2
    assert len(channel.history) == 1


async def test_a_cut_before_acting_and_a_lost_answer(sandbox: Sandbox, guild: Guild) -> None:
    async with running(sandbox) as bot:
        channel = bot.get_channel(guild.channel("general").id)
        assert isinstance(channel, discord.TextChannel)
        sandbox.faults.cut("POST", "/messages$")
        with pytest.raises(aiohttp.ClientError):
            await channel.send("never")
        assert guild.channel("general").history == []
        sandbox.faults.lose_answer("POST", "/messages$")
        with pytest.raises(aiohttp.ClientError):
            await channel.send("arrived", nonce="n")
        assert [message.content for message in guild.channel("general").history] == ["arrived"]
        again = await channel.send("arrived", nonce="n")
        assert again.id == guild.channel("general").history[0].id


async def test_a_503_raises_at_once_in_discord_py(sandbox: Sandbox, guild: Guild) -> None:
    async with running(sandbox) as bot:
        channel = bot.get_channel(guild.channel("general").id)
        assert isinstance(channel, discord.TextChannel)
        sandbox.faults.fail("POST", "/messages$", 503)
        with pytest.raises(discord.DiscordServerError):
            await channel.send("x")


async def test_a_delayed_answer_still_comes(sandbox: Sandbox, rest: Rest, guild: Guild) -> None:
    fault = sandbox.faults.delay("*", "/messages$", 0.01)
    assert (await rest.post(guild.channel("general"), content="x"))[0] == 200
    assert fault.is_spent


async def test_a_wait_that_ends_in_vain_says_what_was_seen(sandbox: Sandbox, rest: Rest) -> None:
    await rest("GET", "/users/@me")
    with pytest.raises(NothingHappened, match="the card did not come true within"):
        await sandbox.wait_for(lambda: False, timeout=0.01, what="the card")
    assert "GET /users/@me -> 200" in sandbox.report()


async def test_a_wait_ends_with_the_event(sandbox: Sandbox, guild: Guild) -> None:
    async with running(sandbox) as bot:
        channel = bot.get_channel(guild.channel("general").id)
        assert isinstance(channel, discord.TextChannel)
        await channel.send("here")
        found = await sandbox.wait_for(lambda: sandbox.member("mia").see("general"))
        assert found[0].text == "here"
