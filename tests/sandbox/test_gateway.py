"""The gateway: the handshake, resuming, compression, intents, closing codes."""

import asyncio
import zlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import aiohttp
import discord
import orjson
import pytest
import zstandard

from sandbox import Limits, ManualClock, Sandbox
from sandbox.events import MESSAGE_CONTENT
from sandbox.model import Guild
from tests.sandbox.conftest import DeskBot, Rest, running

GUILDS, GUILD_MESSAGES = 1, 1 << 9


class Wire:
    """A bare gateway client."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse, compress: str) -> None:
        self.socket = socket
        self._zlib = zlib.decompressobj() if compress == "zlib-stream" else None
        self._zstd = zstandard.ZstdDecompressor().decompressobj() if compress == "zstd-stream" else None

    async def next(self) -> dict[str, Any]:
        message = await self.socket.receive(timeout=60)
        if message.type is aiohttp.WSMsgType.CLOSE:
            return {"closed": message.data}
        data = message.data
        if self._zlib is not None:
            assert data.endswith(b"\0\0\xff\xff")
            data = self._zlib.decompress(data)
        if self._zstd is not None:
            data = self._zstd.decompress(data)
        packet: dict[str, Any] = orjson.loads(data)
        return packet

    async def send(self, op: int, data: Any) -> None:
        await self.socket.send_str(orjson.dumps({"op": op, "d": data}).decode())

    async def identify(self, token: str, intents: int = GUILDS | GUILD_MESSAGES, **more: Any) -> None:
        await self.send(2, {"token": token, "intents": intents, "properties": {}, **more})


@asynccontextmanager
async def wire(sandbox: Sandbox, compress: str = "") -> AsyncIterator[Wire]:
    url = f"{sandbox.gateway_url}?v=10&encoding=json" + (f"&compress={compress}" if compress else "")
    async with aiohttp.ClientSession() as session, session.ws_connect(url, autoclose=False) as socket:
        one = Wire(socket, compress)
        assert (await one.next())["op"] == 10
        yield one


@pytest.mark.parametrize("compress", ["", "zlib-stream", "zstd-stream"])
async def test_hello_identify_ready_guild_create_heartbeat(sandbox: Sandbox, guild: Guild, compress: str) -> None:
    async with wire(sandbox, compress) as one:
        await one.identify(sandbox.token)
        ready = await one.next()
        assert (ready["t"], ready["s"]) == ("READY", 1)
        assert ready["d"]["resume_gateway_url"] == sandbox.gateway_url
        assert ready["d"]["guilds"] == [{"id": str(guild.id), "unavailable": True}]
        created = await one.next()
        assert created["t"] == "GUILD_CREATE"
        assert {channel["name"] for channel in created["d"]["channels"]} >= {"news", "general"}
        await one.send(1, 2)
        assert (await one.next())["op"] == 11


@pytest.mark.parametrize(
    ("data", "code"),
    [
        ({"token": "wrong"}, 4004),
        ({"intents": 1 << 15}, 4014),
        ({"intents": None}, 4013),
        ({"shard": [1, 1]}, 4010),
    ],
)
async def test_a_bad_identify_closes_with_discords_code(sandbox: Sandbox, data: dict[str, Any], code: int) -> None:
    async with wire(sandbox) as one:
        await one.send(2, {"token": sandbox.token, "intents": 1, "properties": {}} | data)
        assert await one.next() == {"closed": code}


async def test_bad_packets_close_with_discords_code(sandbox: Sandbox) -> None:
    for raw, code in (("not json", 4002), ('{"op": 99}', 4001), ('{"op": 8, "d": {}}', 4003)):
        async with wire(sandbox) as one:
            await one.socket.send_str(raw)
            assert await one.next() == {"closed": code}


async def test_discord_py_reports_a_wrong_token_and_disallowed_intents(sandbox: Sandbox) -> None:
    intents = discord.Intents(guilds=True, message_content=True)
    with pytest.raises(discord.PrivilegedIntentsRequired):
        async with running(sandbox, intents=intents):
            pass
    async with aiohttp.ClientSession() as session:
        answer = await Rest(sandbox, session)("GET", "/users/@me", token="wrong")
    assert answer == (401, {"message": "401: Unauthorized", "code": 0})
    sandbox.faults.fail("GET", "/users/@me", 401)
    with pytest.raises(discord.LoginFailure):
        async with running(sandbox):
            pass


async def test_a_resume_replays_what_was_missed(sandbox: Sandbox, guild: Guild, rest: Rest) -> None:
    async with wire(sandbox) as one:
        await one.identify(sandbox.token)
        session = (await one.next())["d"]["session_id"]
        await one.next()
        await one.socket.close(code=4000)
    await rest.post(guild.channel("general"), content="missed")
    async with wire(sandbox) as one:
        await one.send(6, {"token": sandbox.token, "session_id": session, "seq": 2})
        missed = await one.next()
        assert (missed["t"], missed["s"], missed["d"]["content"]) == ("MESSAGE_CREATE", 3, "missed")
        assert (await one.next())["t"] == "RESUMED"
        await one.socket.close(code=1000)
    await sandbox.wait_for(lambda: not sandbox.gateway.sessions)
    async with wire(sandbox) as one:
        await one.send(6, {"token": sandbox.token, "session_id": session, "seq": 2})
        assert await one.next() == {"op": 9, "d": False, "s": None, "t": None}


async def test_a_session_cannot_be_resumed_after_too_long() -> None:
    clock = ManualClock(1_800_000_000)
    async with Sandbox(clock=clock, limits=Limits.off()) as sandbox:
        async with wire(sandbox) as one:
            await one.identify(sandbox.token)
            session = (await one.next())["d"]["session_id"]
            await one.socket.close(code=4000)
        await sandbox.wait_for(lambda: not sandbox.gateway.connected)
        clock.advance(121)
        async with wire(sandbox) as one:
            await one.send(6, {"token": sandbox.token, "session_id": session, "seq": 1})
            assert (await one.next())["op"] == 9


async def test_discord_py_resumes_after_reconnect_drop_and_invalid_session(
    sandbox: Sandbox, guild: Guild, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(discord.backoff.ExponentialBackoff, "delay", lambda _: 0.01)
    async with running(sandbox) as bot:
        for strike, sign in (
            (sandbox.faults.reconnect, "RESUMED"),
            (sandbox.faults.drop_gateway, "RESUMED"),
            (sandbox.faults.invalidate, "READY"),
        ):
            back = asyncio.ensure_future(bot.wait_for("socket_event_type", check=sign.__eq__, timeout=60))
            await asyncio.sleep(0)
            strike()
            await sandbox.wait_for(lambda: not sandbox.gateway.connected)
            await sandbox.member("mia").say("general", "meanwhile")
            await back
        assert len(sandbox.gateway.identified) == 2


async def test_a_client_without_heartbeats_is_closed_and_may_resume() -> None:
    async with Sandbox(limits=replace(Limits.off(), heartbeat_ms=800)) as sandbox:
        async with wire(sandbox) as alive, wire(sandbox) as dead:
            await dead.identify(sandbox.token)
            session = (await dead.next())["d"]["session_id"]
            ending = asyncio.ensure_future(dead.next())
            while not ending.done():
                await alive.send(1, None)
                assert (await alive.next())["op"] == 11
            assert await ending == {"closed": 4009}
        await sandbox.wait_for(lambda: not sandbox.gateway.connected)
        async with wire(sandbox) as one:
            await one.send(6, {"token": sandbox.token, "session_id": session, "seq": 1})
            assert (await one.next())["t"] == "RESUMED"


async def test_two_shards_are_recommended_and_each_hears_of_its_servers() -> None:
    clock = ManualClock(1_800_000_000)
    async with Sandbox(clock=clock, limits=replace(Limits.off(), shards=2)) as sandbox:
        guilds = []
        for number in range(4):
            clock.advance(0.001)  # the shard follows from the millisecond in the id
            guilds.append(sandbox.world.add_guild(f"Server {number}"))
            sandbox.add_bot_to(guilds[-1])
        async with running(sandbox) as bot:
            assert bot.shard_count == 2
            assert {guild.shard_id for guild in bot.guilds} == {0, 1}
            assert {guild.id: guild.shard_id for guild in bot.guilds} == {
                guild.id: (guild.id >> 22) % 2 for guild in guilds
            }
            assert sorted(session.shard for session in sandbox.gateway.connected) == [(0, 2), (1, 2)]


async def test_identifying_too_fast_is_an_invalid_session() -> None:
    clock = ManualClock(1_800_000_000)
    async with Sandbox(clock=clock) as sandbox:
        async with wire(sandbox) as one:
            await one.identify(sandbox.token)
            assert (await one.next())["t"] == "READY"
        async with wire(sandbox) as one:
            await one.identify(sandbox.token)
            assert (await one.next())["op"] == 9
            clock.advance(5)
            await one.identify(sandbox.token)
            assert (await one.next())["t"] == "READY"
        assert sandbox.gateway.identifies == [1_800_000_000, 1_800_000_000, 1_800_000_005]
        assert sandbox.gateway.identified == [1_800_000_000, 1_800_000_005]


async def test_the_day_has_a_number_of_session_starts() -> None:
    clock = ManualClock(1_800_000_000)
    limits = replace(Limits.off(), session_starts=3)

    async def ask(rest: Rest) -> tuple[int, int]:
        _, answer = await rest("GET", "/gateway/bot")
        limit = answer["session_start_limit"]
        assert (limit["total"], limit["max_concurrency"]) == (3, 1)
        return limit["remaining"], limit["reset_after"]

    async with Sandbox(clock=clock, limits=limits) as sandbox, aiohttp.ClientSession() as session:
        rest = Rest(sandbox, session)
        assert await ask(rest) == (3, 0)
        async with wire(sandbox) as one:
            await one.identify(sandbox.token)
            assert (await one.next())["t"] == "READY"
        clock.advance(3600)
        async with wire(sandbox) as one:
            await one.identify(sandbox.token)
            assert (await one.next())["t"] == "READY"
        assert await ask(rest) == (1, 23 * 3_600_000)
        clock.advance(23 * 3600)
        assert await ask(rest) == (3, 0)


async def test_one_identify_too_many_ends_all_sessions_and_resets_the_token() -> None:
    limits = replace(Limits.off(), session_starts=1)
    async with Sandbox(limits=limits) as sandbox, wire(sandbox) as running_one, wire(sandbox) as restarted:
        token = sandbox.token
        await running_one.identify(token)
        assert (await running_one.next())["t"] == "READY"
        await restarted.identify(token)
        assert await restarted.next() == {"closed": 4004}
        assert await running_one.next() == {"closed": 4004}
        assert sandbox.token != token
        async with wire(sandbox) as renewed:
            await renewed.identify(sandbox.token)
            assert (await renewed.next())["t"] == "READY"


async def test_a_reset_token_ends_sessions_and_opens_nothing_any_more(sandbox: Sandbox, rest: Rest) -> None:
    async with wire(sandbox) as one:
        old = sandbox.token
        await one.identify(old)
        session = (await one.next())["d"]["session_id"]
        await one.next()
        new = sandbox.revoke_token()
        assert await one.next() == {"closed": 4004}
    assert new == sandbox.token != old
    assert (await rest("GET", "/users/@me", token=old))[0] == 401
    assert (await rest("GET", "/users/@me", token=new))[0] == 200
    for op, data in ((2, {"token": old, "intents": 1}), (6, {"token": old, "session_id": session, "seq": 1})):
        async with wire(sandbox) as one:
            await one.send(op, data)
            assert await one.next() == {"closed": 4004}
    async with wire(sandbox) as one:
        await one.send(6, {"token": new, "session_id": session, "seq": 1})
        assert (await one.next())["op"] == 9


async def test_discord_py_ends_with_its_token(sandbox: Sandbox) -> None:
    with pytest.raises(discord.ConnectionClosed) as closed:
        async with running(sandbox) as bot:
            left = asyncio.ensure_future(bot.wait_for("shard_disconnect", timeout=60))
            await asyncio.sleep(0)
            sandbox.revoke_token()
            await left
    assert closed.value.code == 4004


async def test_repeated_events_have_new_numbers_and_the_old_interaction(
    sandbox: Sandbox, guild: Guild, rest: Rest
) -> None:
    await rest("POST", f"/applications/{sandbox.application_id}/commands", {"name": "vote", "description": "x"})
    async with wire(sandbox) as one:
        await one.identify(sandbox.token)
        await one.next()
        await one.next()
        pressed = asyncio.ensure_future(sandbox.member("mia").slash("/vote"))
        first = await one.next()
        callback = f"/interactions/{first['d']['id']}/{first['d']['token']}/callback"
        assert (await rest("POST", callback, {"type": 4, "data": {"content": "counted"}}))[0] == 204
        assert (await pressed).text == "counted"
        answered = await one.next()
        assert answered["t"] == "MESSAGE_CREATE"
        sandbox.gateway.repeat("INTERACTION_CREATE")
        again = await one.next()
        assert (again["t"], again["s"], again["d"]) == ("INTERACTION_CREATE", answered["s"] + 1, first["d"])
        status, answer = await rest("POST", callback, {"type": 4, "data": {"content": "twice"}})
        assert (status, answer["code"]) == (400, 40060)
        await one.socket.close(code=4000)
    await sandbox.wait_for(lambda: not sandbox.gateway.connected)
    async with wire(sandbox) as restarted:
        await restarted.identify(sandbox.token)
        await restarted.next()
        await restarted.next()
        sandbox.gateway.repeat("INTERACTION_CREATE")
        assert (await restarted.next())["d"] == first["d"]
    assert [message.text for message in guild.channel("general").history] == ["counted"]


async def test_during_an_outage_nothing_answers_and_no_one_gets_in(
    sandbox: Sandbox, guild: Guild, rest: Rest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(discord.backoff.ExponentialBackoff, "delay", lambda _: 0.01)

    def vote(bot: DeskBot) -> None:
        @bot.tree.command(description="For all")
        async def vote(interaction: discord.Interaction) -> None:
            await interaction.response.send_message("counted")

    async with running(sandbox, vote):
        sandbox.outage()
        await sandbox.wait_for(lambda: not sandbox.gateway.connected)
        for method, path in (
            ("GET", "/gateway/bot"),
            ("GET", "/users/@me"),
            ("POST", f"/channels/{guild.channel('general').id}/messages"),
            ("POST", "/interactions/1/x/callback"),
        ):
            assert (await rest(method, path, {"content": "x"} if method == "POST" else None))[0] == 503
        async with aiohttp.ClientSession() as session:
            with pytest.raises(aiohttp.WSServerHandshakeError):
                await session.ws_connect(sandbox.gateway_url)
        sandbox.faults.clear()
        assert (await rest("GET", "/users/@me"))[0] == 503
        assert (await sandbox.member("mia").slash("/vote")).failed
        assert guild.channel("general").history == []
        sandbox.recover()
        await sandbox.wait_for(lambda: sandbox.gateway.connected)
        assert (await sandbox.member("mia").slash("/vote")).text == "counted"


async def test_events_are_filtered_by_intents_and_sight(sandbox: Sandbox, guild: Guild, rest: Rest) -> None:
    hidden = guild.add_channel("hidden", overwrites={guild.everyone: (0, 1 << 10)})
    async with wire(sandbox) as some, wire(sandbox) as none:
        await some.identify(sandbox.token)
        await none.identify(sandbox.token, GUILDS)
        for one in (some, none):
            await one.next()
            await one.next()
        await sandbox.member("ada").say(hidden, "unseen")
        await sandbox.member("mia").say("general", "without the content intent")
        guild.add_channel("fresh")
        heard = await some.next()
        assert (heard["t"], heard["d"]["content"], heard["d"]["author"]["username"]) == ("MESSAGE_CREATE", "", "mia")
        assert (await some.next())["t"] == "CHANNEL_CREATE"
        assert (await none.next())["t"] == "CHANNEL_CREATE"


async def test_the_content_intent_shows_content() -> None:
    async with Sandbox(limits=Limits.off(), privileged_intents=MESSAGE_CONTENT) as sandbox, wire(sandbox) as one:
        sandbox.world.seed()
        await one.identify(sandbox.token, GUILDS | GUILD_MESSAGES | MESSAGE_CONTENT)
        await one.next()
        await one.next()
        await sandbox.member("mia").say("general", "shown")
        assert (await one.next())["d"]["content"] == "shown"


async def test_the_world_stays_when_the_bot_restarts(sandbox: Sandbox, guild: Guild) -> None:
    async with running(sandbox) as bot:
        channel = bot.get_channel(guild.channel("general").id)
        assert isinstance(channel, discord.TextChannel)
        await channel.send("before")
    async with running(sandbox) as bot:
        channel = bot.get_channel(guild.channel("general").id)
        assert isinstance(channel, discord.TextChannel)
        assert [message.content async for message in channel.history()] == ["before"]


async def test_the_bot_hears_of_servers_it_joins_and_leaves(sandbox: Sandbox) -> None:
    async with running(sandbox) as bot:
        other = sandbox.world.add_guild("Other")
        joined = asyncio.ensure_future(bot.wait_for("guild_join", timeout=60))
        await asyncio.sleep(0)
        member = sandbox.add_bot_to(other)
        assert (await joined).id == other.id
        left = asyncio.ensure_future(bot.wait_for("guild_remove", timeout=60))
        await asyncio.sleep(0)
        sandbox.world.remove_member(member)
        assert (await left).id == other.id
