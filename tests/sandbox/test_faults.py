"""Faults: what the bot sees when things go wrong on purpose."""

import asyncio
import re

import aiohttp
import discord
import pytest

from sandbox import ManualClock, NothingHappened, Sandbox
from sandbox.faults import Fault, Scope
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


async def test_what_waits_behind_a_delay_comes_in_order(sandbox: Sandbox, rest: Rest, guild: Guild) -> None:
    sandbox.faults.delay("POST", "/typing$", 0.01, times=3)
    path = f"/channels/{guild.channel('general').id}/typing"
    assert [(await rest("POST", path))[0] for _ in range(4)] == [204] * 4
    assert [seen.is_struck for seen in sandbox.requests] == [True, True, True, False]


async def test_jitter_lets_requests_arrive_later_and_the_same_seed_gives_the_same_times(
    sandbox: Sandbox, rest: Rest, guild: Guild
) -> None:
    channels = [guild.add_channel(f"one-of-many-{number}") for number in range(8)]

    async def play() -> list[str]:
        before = len(sandbox.requests)
        await asyncio.gather(*(rest("POST", f"/channels/{channel.id}/typing") for channel in channels))
        return [seen.path for seen in list(sandbox.requests)[before:]]

    sandbox.faults.jitter(0.0, seed=1)
    assert [sandbox.faults.seconds_before_arrival(None) for _ in range(3)] == [0.0] * 3
    sandbox.faults.jitter(0.3, seed=1)
    times = [sandbox.faults.seconds_before_arrival(None) for _ in range(200)]
    assert 0 <= min(times) < 0.01
    assert 0.29 < max(times) <= 0.3
    sandbox.faults.jitter(0.3, seed=1)
    assert [sandbox.faults.seconds_before_arrival(None) for _ in range(200)] == times
    delay = Fault("delay", "*", re.compile(""), 1, seconds=5.0)
    assert 5.0 <= sandbox.faults.seconds_before_arrival(delay) <= 5.3
    sandbox.faults.jitter(0.1, seed=1)
    assert sorted(await play()) == sorted(f"/channels/{channel.id}/typing" for channel in channels)
    assert not any(seen.is_struck for seen in sandbox.requests), "to be late is no fault"
    sandbox.faults.lose_answer("POST", "/typing$")
    with pytest.raises(aiohttp.ClientError):
        await rest("POST", f"/channels/{channels[0].id}/typing")
    sandbox.faults.clear()
    assert sandbox.faults.seconds_before_arrival(None) == 0.0


async def test_a_share_of_the_requests_is_struck_again_and_again(sandbox: Sandbox, rest: Rest, guild: Guild) -> None:
    path = f"/channels/{guild.channel('general').id}/typing"

    async def play() -> list[int]:
        statuses = []
        for _ in range(200):
            try:
                statuses.append((await rest("POST", path))[0])
            except aiohttp.ClientError:
                statuses.append(0)
        return statuses

    failing = sandbox.faults.sometimes("status", "POST", "/typing$", 0.1, seed=1, status=502)
    losing = sandbox.faults.sometimes("cut", "*", "", 0.1, seed=2)
    first = await play()
    assert (first.count(502), first.count(0)) == (failing.hits, losing.hits)
    assert all(8 <= fault.hits <= 32 for fault in (failing, losing))
    assert not failing.is_spent
    sandbox.faults.clear()
    assert await play() == [204] * 200
    sandbox.faults.sometimes("status", "POST", "/typing$", 0.1, seed=1, status=502)
    sandbox.faults.sometimes("cut", "*", "", 0.1, seed=2)
    assert await play() == first


async def test_a_lost_answer_now_and_then_has_acted(sandbox: Sandbox, rest: Rest, guild: Guild) -> None:
    sandbox.faults.sometimes("lose_answer", "POST", "/messages$", 1.0, seed=1)
    sandbox.faults.sometimes("delay", "GET", "", 1.0, seed=1, seconds=0.001)
    with pytest.raises(aiohttp.ClientError):
        await rest.post(guild.channel("general"), content="arrived")
    assert [message.content for message in guild.channel("general").history] == ["arrived"]
    assert (await rest("GET", "/users/@me"))[0] == 200
    assert [(seen.status, seen.is_struck) for seen in sandbox.requests] == [(0, True), (200, True)]


@pytest.mark.parametrize(
    ("scope", "invalid", "message"),
    [
        ("user", 1, "You are being rate limited."),
        ("global", 1, "You are being rate limited."),
        ("shared", 0, "The resource is being rate limited."),
    ],
)
async def test_a_planned_429_has_discords_headers(
    sandbox: Sandbox, rest: Rest, scope: Scope, invalid: int, message: str
) -> None:
    sandbox.limiter._clock = ManualClock(1_800_000_000)
    sandbox.faults.fail("GET", "/users/@me", 429, scope=scope, retry_after=1.25)
    status, body = await rest("GET", "/users/@me")
    assert status == 429
    assert body == {"message": message, "code": 0, "retry_after": 1.25, "global": scope == "global"}
    assert rest.headers["Retry-After"] == "2"
    assert rest.headers["X-RateLimit-Scope"] == scope
    assert rest.headers.get("X-RateLimit-Global") == ("true" if scope == "global" else None)
    assert rest.headers["Via"]
    bucket = {name: rest.headers.get(f"X-RateLimit-{name}") for name in ("Limit", "Remaining", "Reset-After")}
    if scope == "global":
        assert set(bucket.values()) == {None}
    else:
        assert bucket == {"Limit": "1000000", "Remaining": "0", "Reset-After": "1.250"}
        assert rest.headers["X-RateLimit-Reset"] == "1800000001.250"
        assert rest.headers["X-RateLimit-Bucket"] == await bucket_of(rest)
    assert sandbox.limiter.invalid_in() == invalid
    assert sandbox.rate_limited() == []


async def bucket_of(rest: Rest) -> str:
    """The name that the bucket has when nothing is wrong."""
    assert (await rest("GET", "/users/@me"))[0] == 200
    return rest.headers["X-RateLimit-Bucket"]


async def test_a_status_of_no_standard_can_be_planned(sandbox: Sandbox, rest: Rest) -> None:
    sandbox.faults.fail("GET", "/users/@me", 524)
    assert (await rest("GET", "/users/@me"))[0] == 524


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
