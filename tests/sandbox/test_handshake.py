"""What the gateway refuses at the door and afterwards, each with the closing code that Discord documents."""

import asyncio
import zlib
from dataclasses import replace
from typing import Any

import aiohttp
import orjson
import pytest

from sandbox import Limits, ManualClock, Sandbox
from sandbox.events import GUILD_MEMBERS, GUILD_PRESENCES, KNOWN, PRIVILEGED
from sandbox.model import Guild, Member, User
from tests.sandbox.conftest import Rest
from tests.sandbox.test_gateway import GUILDS, Wire, wire

READY = {"token": "", "intents": GUILDS, "properties": {"os": "linux", "browser": "x", "device": "x"}}


async def closing_code(sandbox: Sandbox, query: str) -> int | None:
    """The code that a connection to this address ends with before it says anything."""
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(f"{sandbox.gateway_url}{query}", autoclose=False) as socket,
    ):
        message = await socket.receive(timeout=60)
        return message.data if message.type is aiohttp.WSMsgType.CLOSE else None


async def ready(sandbox: Sandbox, one: Wire, intents: int = GUILDS) -> list[dict[str, Any]]:
    """Identify, and give READY and what follows for each server."""
    await one.identify(sandbox.token, intents)
    return [await one.next() for _ in range(1 + len(sandbox.world.guilds))]


@pytest.mark.parametrize("version", ["v=6", "v=7", "v=8", "v=11", "v=99", "v=ten", "v=", "encoding=json"])
async def test_a_version_that_is_not_served_closes_with_4012(sandbox: Sandbox, version: str) -> None:
    assert await closing_code(sandbox, f"?{version}") == 4012


@pytest.mark.parametrize("wish", ["encoding=etf", "encoding=xml", "encoding=", "compress=zlib", "compress=brotli"])
async def test_an_encoding_or_compression_that_is_not_spoken_is_refused_not_ignored(
    sandbox: Sandbox, wish: str
) -> None:
    assert await closing_code(sandbox, f"?v=10&{wish}") == 4002
    assert await closing_code(sandbox, "?v=10&compress=") is None


async def test_ready_names_the_version_that_was_asked_for(sandbox: Sandbox) -> None:
    url = f"{sandbox.gateway_url}?v=9&encoding=json"
    async with aiohttp.ClientSession() as session, session.ws_connect(url) as socket:
        one = Wire(socket, "")
        await one.next()
        assert (await ready(sandbox, one))[0]["d"]["v"] == 9


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"token": None}, 4004),
        ({"token": ["x"]}, 4002),
        ({"properties": None}, 4002),
        ({"properties": []}, 4002),
        ({"compress": "yes"}, 4002),
        ({"large_threshold": 49}, 4002),
        ({"large_threshold": 251}, 4002),
        ({"presence": []}, 4002),
        ({"presence": {"status": "sleepy"}}, 4002),
        ({"shard": [0]}, 4010),
        ({"shard": [-1, 2]}, 4010),
        ({"shard": [2, 2]}, 4010),
        ({"shard": ["0", "1"]}, 4010),
        ({"shard": "0,1"}, 4010),
        ({"intents": -1}, 4013),
        ({"intents": "513"}, 4013),
        ({"intents": True}, 4013),
        ({"intents": 1 << 18}, 4013),
        ({"intents": GUILDS | 1 << 40}, 4013),
        ({"intents": KNOWN}, 4014),
        ({"intents": GUILD_MEMBERS}, 4014),
    ],
)
async def test_an_identify_that_does_not_fit_closes_with_its_code(
    sandbox: Sandbox, change: dict[str, Any], code: int
) -> None:
    async with wire(sandbox) as one:
        await one.send(2, READY | {"token": sandbox.token} | change)
        assert await one.next() == {"closed": code}
    assert sandbox.refused[-1].startswith(f"gateway -> {code} ")


@pytest.mark.parametrize("data", [None, [], "x", 5])
@pytest.mark.parametrize("op", [2, 6])
async def test_an_opening_without_fields_closes_with_4002(sandbox: Sandbox, op: int, data: Any) -> None:
    async with wire(sandbox) as one:
        await one.send(op, data)
        assert await one.next() == {"closed": 4002}


@pytest.mark.parametrize("op", [3, 4, 8, 31, 43])
async def test_whatever_needs_a_session_closes_with_4003_without_one(sandbox: Sandbox, op: int) -> None:
    async with wire(sandbox) as one:
        await one.send(op, None)
        assert await one.next() == {"closed": 4003}


@pytest.mark.parametrize("op", [0, 5, 7, 9, 10, 11, 12, 30, 99, -1])
async def test_an_opcode_that_clients_do_not_send_closes_with_4001(sandbox: Sandbox, op: int) -> None:
    async with wire(sandbox) as one:
        await ready(sandbox, one)
        await one.send(op, {})
        assert await one.next() == {"closed": 4001}


@pytest.mark.parametrize(
    ("op", "data"),
    [
        (1, "x"),
        (1, {}),
        (3, None),
        (3, {"status": "asleep"}),
        (3, {"activities": [{}]}),
        (3, {"activities": {"name": "x"}}),
        (4, None),
        (4, {"channel_id": None}),
        (4, {"guild_id": "1", "channel_id": "x"}),
        (8, None),
        (8, {}),
        (8, {"query": "", "limit": 0}),
        (8, {"guild_id": "x", "query": "", "limit": 0}),
        (8, {"guild_id": None, "query": "", "limit": 0}),
        (8, {"guild_id": ["1", "2"], "query": "", "limit": 0}),
        (8, {"guild_id": "1"}),
        (8, {"guild_id": "1", "limit": 5}),
        (8, {"guild_id": "1", "query": "mi"}),
        (8, {"guild_id": "1", "query": 5, "limit": 0}),
        (8, {"guild_id": "1", "query": "", "limit": -1}),
        (8, {"guild_id": "1", "query": "", "limit": "all"}),
        (8, {"guild_id": "1", "user_ids": ["mia"]}),
        (8, {"guild_id": "1", "user_ids": {"a": 1}}),
        (31, None),
        (31, {"guild_ids": "1"}),
        (31, {"guild_ids": [None]}),
        (43, {"guild_id": "1"}),
        (43, {"guild_id": None, "fields": ["status"]}),
    ],
)
async def test_a_payload_that_does_not_fit_its_opcode_closes_with_4002(sandbox: Sandbox, op: int, data: Any) -> None:
    async with wire(sandbox) as one:
        await ready(sandbox, one)
        await one.send(op, data)
        assert await one.next() == {"closed": 4002}


@pytest.mark.parametrize("raw", ["", "5", "[]", "null", '"x"', '{"d": 1}', '{"op": "1"}', '{"op": true}', '{"op": 1'])
async def test_what_is_no_packet_closes_with_4002(sandbox: Sandbox, raw: str) -> None:
    async with wire(sandbox) as one:
        await one.socket.send_str(raw)
        assert await one.next() == {"closed": 4002}


@pytest.mark.parametrize(("size", "code"), [(4096, None), (4097, 4002), (70_000, 4002), (3_000_000, 4002)])
async def test_a_payload_of_more_than_4096_bytes_closes_with_4002(
    sandbox: Sandbox, size: int, code: int | None
) -> None:
    async with wire(sandbox) as one:
        packet = {"op": 1, "d": None, "x": ""}
        packet["x"] = "é" * ((size - len(orjson.dumps(packet))) // 2)
        raw = orjson.dumps(packet)
        await one.socket.send_str((raw + b" " * (size - len(raw))).decode())
        answer = await one.next()
        assert answer == {"closed": code} if code else answer["op"] == 11


async def test_a_second_opening_closes_with_4005(sandbox: Sandbox) -> None:
    for op, more in ((2, {}), (6, {"session_id": "x", "seq": 1})):
        async with wire(sandbox) as one:
            await ready(sandbox, one)
            await one.send(op, READY | {"token": sandbox.token} | more)
            assert await one.next() == {"closed": 4005}


@pytest.mark.parametrize(("sequence", "code"), [(99, 4007), (-1, 4007), ("1", 4002), (1.5, 4002)])
async def test_a_resume_with_a_sequence_that_never_was_is_refused(sandbox: Sandbox, sequence: Any, code: int) -> None:
    async with wire(sandbox) as one:
        session = (await ready(sandbox, one))[0]["d"]["session_id"]
        await one.socket.close(code=4000)
    async with wire(sandbox) as one:
        await one.send(6, {"token": sandbox.token, "session_id": session, "seq": sequence})
        assert await one.next() == {"closed": code}


async def test_too_many_packets_close_with_4008() -> None:
    limits = replace(Limits.off(), gateway_commands=(2, 60.0))
    async with Sandbox(clock=ManualClock(), limits=limits) as sandbox, wire(sandbox) as one:
        for _ in range(3):
            await one.send(1, None)
        answer = await one.next()
        while answer.get("op") == 11:
            answer = await one.next()
        assert answer == {"closed": 4008}


async def test_more_servers_than_a_shard_may_have_close_with_4011() -> None:
    async with Sandbox(limits=replace(Limits.off(), guilds_a_shard=1)) as sandbox:
        for name in ("One", "Two"):
            sandbox.add_bot_to(sandbox.world.add_guild(name))
        async with wire(sandbox) as one:
            await one.identify(sandbox.token)
            assert await one.next() == {"closed": 4011}
        assert sandbox.gateway.identified == []


async def test_a_crash_of_the_gateway_closes_with_4000_and_is_recorded(sandbox: Sandbox, guild: Guild) -> None:
    async with wire(sandbox) as one:
        await ready(sandbox, one)
        guild.members[7] = None  # type: ignore[assignment]
        await one.send(8, {"guild_id": str(guild.id), "user_ids": ["7"]})
        assert await one.next() == {"closed": 4000}
    assert len(sandbox.violations) == 1
    assert sandbox.violations[0].startswith("crash in the gateway: AttributeError")
    sandbox.violations.clear()


async def test_voice_is_missing_and_that_is_recorded(sandbox: Sandbox, guild: Guild) -> None:
    async with wire(sandbox) as one:
        await ready(sandbox, one)
        await one.send(4, {"guild_id": str(guild.id), "channel_id": None, "self_mute": False, "self_deaf": False})
        await one.send(1, None)
        assert (await one.next())["op"] == 11
    assert sandbox.violations == ["unknown to the gateway: opcode 4, since the sandbox has no voice"]
    sandbox.violations.clear()


async def test_sounds_and_channel_info_of_a_server_are_empty_but_told(sandbox: Sandbox, guild: Guild) -> None:
    async with wire(sandbox) as one:
        await ready(sandbox, one)
        await one.send(31, {"guild_ids": ["5", str(guild.id)]})
        sounds = await one.next()
        assert (sounds["t"], sounds["d"]) == (
            "SOUNDBOARD_SOUNDS",
            {"guild_id": str(guild.id), "soundboard_sounds": []},
        )
        await one.send(43, {"guild_id": str(guild.id), "fields": ["status", "voice_start_time"]})
        info = await one.next()
        assert (info["t"], info["d"]) == ("CHANNEL_INFO", {"guild_id": str(guild.id), "channels": []})


async def test_packets_are_compressed_one_by_one_for_a_client_that_takes_it(sandbox: Sandbox, guild: Guild) -> None:
    async with wire(sandbox) as one:
        await one.identify(sandbox.token, compress=True)
        names = []
        while "GUILD_CREATE" not in names:
            message = await one.socket.receive(timeout=60)
            packed = message.type is aiohttp.WSMsgType.BINARY
            raw = zlib.decompress(message.data) if packed else message.data.encode()
            assert packed == (len(raw) >= 1024)
            names.append(orjson.loads(raw)["t"])
        await one.send(1, None)
        assert (await one.next())["op"] == 11


# members


async def test_the_members_of_a_server_come_in_chunks_of_a_thousand() -> None:
    async with Sandbox(limits=Limits.off(), privileged_intents=GUILD_MEMBERS) as sandbox, wire(sandbox) as one:
        guild = sandbox.world.add_guild("Large")
        sandbox.add_bot_to(guild)
        for number in range(2001 - len(guild.members)):
            _join(sandbox, guild, number)
        created = (await ready(sandbox, one, GUILDS | GUILD_MEMBERS))[1]["d"]
        assert (created["member_count"], created["large"]) == (2001, True)
        assert [member["user"]["id"] for member in created["members"]] == [str(sandbox.world.bot.id)]
        await one.send(8, {"guild_id": str(guild.id), "query": "", "limit": 0, "nonce": "all"})
        chunks = [(await one.next())["d"] for _ in range(3)]
        assert [len(chunk["members"]) for chunk in chunks] == [1000, 1000, 1]
        assert [(chunk["chunk_index"], chunk["chunk_count"], chunk["nonce"]) for chunk in chunks] == [
            (number, 3, "all") for number in range(3)
        ]
        told = {member["user"]["id"] for chunk in chunks for member in chunk["members"]}
        assert told == {str(member) for member in guild.members}


def _join(sandbox: Sandbox, guild: Guild, number: int) -> None:
    """Without looking through all accounts for one of that name."""
    user = User(sandbox.world.new_id(), f"person{number}")
    guild.members[user.id] = Member(user, guild, 0.0)


@pytest.mark.parametrize("wanted", [{"query": "", "limit": 0}, {"query": "", "limit": 5}])
async def test_a_list_of_members_is_not_given_without_the_intent(
    sandbox: Sandbox, guild: Guild, wanted: dict[str, Any]
) -> None:
    sandbox.world.application.privileged_intents = PRIVILEGED
    async with wire(sandbox) as one:
        await ready(sandbox, one, GUILDS | GUILD_PRESENCES)
        await one.send(8, {"guild_id": str(guild.id)} | wanted)
        await one.send(1, None)
        assert (await one.next())["op"] == 11  # Discord does not answer such a request
        assert "without the intent" in sandbox.refused[-1]
        await one.send(8, {"guild_id": str(guild.id), "query": "MI", "limit": 10})
        assert [member["user"]["username"] for member in (await one.next())["d"]["members"]] == ["mia"]


async def test_presences_are_not_given_without_their_intent(sandbox: Sandbox, guild: Guild) -> None:
    wanted = {"guild_id": str(guild.id), "user_ids": str(sandbox.member("mia").id), "presences": True}
    sandbox.world.application.privileged_intents = PRIVILEGED
    async with wire(sandbox) as without, wire(sandbox) as one:
        await ready(sandbox, without, GUILDS | GUILD_MEMBERS)
        await without.send(8, wanted)
        await without.send(1, None)
        assert (await without.next())["op"] == 11
        await ready(sandbox, one, GUILDS | GUILD_PRESENCES)
        await one.send(8, wanted)
        assert (await one.next())["d"]["presences"] == []


async def test_members_are_found_by_id_and_by_the_beginning_of_a_name(sandbox: Sandbox, guild: Guild) -> None:
    guild.member("mara").nick = "Boss"
    mia, nils = sandbox.member("mia").id, sandbox.member("nils").id
    async with wire(sandbox) as one:
        await ready(sandbox, one)

        async def ask(**wanted: Any) -> dict[str, Any]:
            await one.send(8, {"guild_id": guild.id, **wanted})
            answer: dict[str, Any] = (await one.next())["d"]
            answer["names"] = [member["user"]["username"] for member in answer["members"]]
            return answer

        named = await ask(user_ids=[mia, str(nils), "5", str(mia)], query="", limit=0, nonce="n")
        assert (named["names"], named["not_found"], named["nonce"]) == (["mia", "nils"], ["5"], "n")
        assert "not_found" not in await ask(query="bo", limit=1)
        assert (await ask(query="bo", limit=1))["names"] == ["mara"]
        assert (await ask(query="M", limit=1))["names"] == ["mia"]
        none = await ask(query="nobody", limit=0)
        assert (none["names"], none["chunk_index"], none["chunk_count"]) == ([], 0, 1)
        for number in range(101):
            _join(sandbox, guild, number)
        assert len((await ask(query="person", limit=0))["names"]) == 100
        assert len((await ask(user_ids=[*guild.members]))["names"]) == 100


async def test_one_list_of_members_a_server_is_given_in_thirty_seconds() -> None:
    clock = ManualClock(1_800_000_000)
    limits = replace(Limits.off(), member_lists=(1, 30.0))
    async with Sandbox(clock=clock, limits=limits, privileged_intents=GUILD_MEMBERS) as sandbox, wire(sandbox) as one:
        guild = sandbox.world.seed()
        await ready(sandbox, one, GUILDS | GUILD_MEMBERS)
        wanted = {"guild_id": str(guild.id), "query": "", "limit": 0, "nonce": "n"}
        for advance, name in ((0, "GUILD_MEMBERS_CHUNK"), (10, "RATE_LIMITED"), (20, "GUILD_MEMBERS_CHUNK")):
            clock.advance(advance)
            await one.send(8, wanted)
            answer = await one.next()
            assert answer["t"] == name
            if name == "RATE_LIMITED":
                meta = {"guild_id": str(guild.id), "nonce": "n"}
                assert answer["d"] == {"opcode": 8, "retry_after": 20.0, "meta": meta}


@pytest.mark.parametrize(("threshold", "people"), [(50, 1), (250, 60)])
async def test_a_server_shows_its_members_with_the_presences_intent_unless_it_is_large(
    threshold: int, people: int
) -> None:
    async with Sandbox(limits=Limits.off(), privileged_intents=PRIVILEGED) as sandbox, wire(sandbox) as one:
        guild = sandbox.world.add_guild("Here")
        sandbox.add_bot_to(guild)
        for number in range(60 - len(guild.members)):
            _join(sandbox, guild, number)
        await one.identify(sandbox.token, GUILDS | GUILD_PRESENCES, large_threshold=threshold)
        await one.next()
        created = (await one.next())["d"]
        assert (len(created["members"]), created["large"]) == (people, people == 1)


async def test_typing_in_a_server_says_who_types(sandbox: Sandbox, guild: Guild, rest: Rest) -> None:
    async with wire(sandbox) as one:
        await ready(sandbox, one, GUILDS | 1 << 11 | 1 << 14)
        assert (await rest("POST", f"/channels/{guild.channel('general').id}/typing"))[0] == 204
        typing = (await one.next())["d"]
        assert typing["member"]["user"]["id"] == typing["user_id"] == str(sandbox.world.bot.id)
        assert typing["guild_id"] == str(guild.id)
        direct = sandbox.world.direct(sandbox.member("mia").member.user)
        assert (await rest("POST", f"/channels/{direct.id}/typing"))[0] == 204
        answer = await asyncio.wait_for(one.next(), 30)
        assert (answer["t"], "member" in answer["d"]) == ("TYPING_START", False)
