"""Rate limits: headers, buckets, the global limit, and what discord.py makes of a 429."""

import aiohttp
import discord

from sandbox import Limits, ManualClock, Sandbox
from tests.sandbox.conftest import Rest, running

ROUTE = "POST /channels/{channel_id}/messages"


async def test_a_bucket_per_route_and_channel_with_discords_headers() -> None:
    clock = ManualClock(1_800_000_000)
    limits = Limits(routes={ROUTE: (2, 5.0)})
    async with Sandbox(clock=clock, limits=limits) as sandbox, aiohttp.ClientSession() as session:
        guild = sandbox.world.seed()
        rest = Rest(sandbox, session)
        assert (await rest.post(guild.channel("general"), content="1"))[0] == 200
        assert rest.headers["X-RateLimit-Limit"] == "2"
        assert rest.headers["X-RateLimit-Remaining"] == "1"
        assert rest.headers["X-RateLimit-Reset-After"] == "5.000"
        assert rest.headers["Content-Type"] == "application/json"
        assert rest.headers["Via"]
        bucket = rest.headers["X-RateLimit-Bucket"]
        await rest.post(guild.channel("general"), content="2")
        status, body = await rest.post(guild.channel("general"), content="3")
        assert (status, body["global"], body["retry_after"]) == (429, False, 5.0)
        assert rest.headers["X-RateLimit-Scope"] == "user"
        assert (await rest.post(guild.channel("links"), content="1"))[0] == 200
        assert rest.headers["X-RateLimit-Bucket"] == bucket
        clock.advance(5)
        assert (await rest.post(guild.channel("general"), content="3"))[0] == 200
        assert [status for _, status in sandbox.limiter.invalid_requests] == [429]


async def test_the_global_limit_counts_everything_but_interactions() -> None:
    clock = ManualClock(1_800_000_000)
    limits = Limits(default=(1000, 1.0))
    async with Sandbox(clock=clock, limits=limits) as sandbox, aiohttp.ClientSession() as session:
        rest = Rest(sandbox, session)
        statuses = [(await rest("GET", "/users/@me"))[0] for _ in range(51)]
        assert statuses == [200] * 50 + [429]
        assert rest.headers["X-RateLimit-Scope"] == "global"
        status, _ = await rest("POST", "/interactions/1/none/callback", {"type": 4, "data": {"content": "x"}})
        assert status == 404
        assert [seen.counts_globally for seen in sandbox.requests] == [True] * 51 + [False]
        assert {seen.at for seen in sandbox.requests} == {1_800_000_000}
        assert [str(seen) for seen in sandbox.rate_limited()] == ["GET /users/@me -> 429"]


async def test_discord_py_waits_out_a_429() -> None:
    async with Sandbox(limits=Limits(default=(100, 0.2), routes={ROUTE: (2, 0.2)}, identify_seconds=0)) as sandbox:
        guild = sandbox.world.seed()
        async with running(sandbox) as bot:
            channel = bot.get_channel(guild.channel("general").id)
            assert isinstance(channel, discord.TextChannel)
            sandbox.faults.fail("POST", "/messages$", 429, retry_after=0.05)
            for number in range(3):
                await channel.send(str(number))
        assert [message.content for message in guild.channel("general").history] == ["0", "1", "2"]


async def test_the_day_has_two_hundred_new_commands() -> None:
    limits = Limits(default=(1000, 1.0), per_second=1000, command_creates_a_day=3)
    async with Sandbox(limits=limits) as sandbox, aiohttp.ClientSession() as session:
        rest = Rest(sandbox, session)
        path = f"/applications/{sandbox.application_id}/commands"
        made = [(await rest("POST", path, {"name": f"c{n}", "description": "x"}))[0] for n in range(4)]
        assert made == [201, 201, 201, 429]
        assert (await rest("POST", path, {"name": "c1", "description": "changed"}))[0] == 200
