"""The gateway: sessions that outlive connections, and who hears what.

Opcodes: 0 dispatch, 1 heartbeat, 2 identify, 3 presence, 4 voice, 6 resume, 7 reconnect, 8 request members,
9 invalid session, 10 hello, 11 heartbeat ack, 31 request soundboard sounds, 43 request channel info.
"""

import asyncio
import logging
from collections.abc import Callable
from typing import Any

import orjson
from aiohttp import WSMsgType, web

from sandbox import events, packets, payloads, permissions, roll
from sandbox.connections import CODECS, Connection, Session
from sandbox.events import Event
from sandbox.limits import Window
from sandbox.model import Guild
from sandbox.packets import Closed, Wanted
from sandbox.world import World

_log = logging.getLogger(__name__)

Json = dict[str, Any]
Inspect = Callable[[str, Json], None]

RECONNECT, INVALID_SESSION, HELLO, HEARTBEAT_ACK = 7, 9, 10, 11


_ACK_SECONDS = 0.02


class Gateway:
    """All sessions of the one application; listens to the world."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.url = ""
        self.is_out = False
        self.sessions: dict[str, Session] = {}
        self.identifies: list[float] = []
        """The moments of all IDENTIFYs, whatever came of them."""
        self.identified: list[float] = []
        """The moments of those that started a session."""
        self.inspect: Inspect | None = None
        self.on_change: Callable[[], None] = lambda: None
        self.complain: Callable[[str], None] = lambda _: None
        """Told of what is wrong with the sandbox."""
        self.note: Callable[[str], None] = lambda _: None
        """Told of what the bot did wrong."""
        self._starts = Window()
        self._identify_slots: dict[int, float] = {}
        self._lists: dict[int, Window] = {}
        self._connections: set[Connection] = set()
        world.listen(self.publish)

    @property
    def connected(self) -> list[Session]:
        return [session for session in self.sessions.values() if session.connection is not None]

    def describe(self) -> Json:
        """The answer of GET /gateway/bot."""
        limits = self.world.limits
        remaining, reset_after = self._starts.left(self.world.clock(), limits.session_start_rate)
        return {
            "url": self.url,
            "shards": limits.shards,
            "session_start_limit": {
                "total": limits.session_starts,
                "remaining": remaining,
                "reset_after": round(reset_after * 1000),
                "max_concurrency": limits.max_concurrency,
            },
        }

    @property
    def is_within_reach(self) -> bool:
        """Whether someone may still hear, now or by a resume, and be able to answer."""
        return bool(self.sessions) and not self.is_out

    # from the world to the sessions

    def publish(self, event: Event) -> None:
        """Send the event to every session whose intents, shard and sight include it."""
        if event.intent < 0 or not self.sessions:
            return
        guild = event.guild
        bot = guild.members.get(self.world.bot.id) if guild else None
        if guild is not None and bot is None and event.name != "GUILD_DELETE":
            return
        if (
            event.channel is not None
            and bot is not None
            and event.name != "INTERACTION_CREATE"
            and (event.message is not None or event.channel.thread is not None)
            and not permissions.in_channel(bot, event.channel)
        ):
            return
        full: bytes | None = None
        for session in list(self.sessions.values()):
            if not session.serves(guild) or (event.intent and not session.intents & event.intent):
                continue
            if self._is_stale(session):
                continue
            if event.name == "GUILD_CREATE" and guild is not None:
                self._send_guild(session, guild, is_new=True)
                continue
            if full is None:
                if self.inspect is not None:
                    self.inspect(event.name, event.data)
                full = orjson.dumps(event.data)
            session.dispatch(event.name, full if self._may_read(session, event) else self._hide(event))

    def _is_stale(self, session: Session) -> bool:
        left = session.left_at
        if left is not None and self.world.clock() - left > self.world.limits.resume_seconds:
            del self.sessions[session.id]
            return True
        return False

    def _may_read(self, session: Session, event: Event) -> bool:
        message = event.message
        return (
            message is None
            or event.name == "MESSAGE_DELETE"
            or bool(session.intents & events.MESSAGE_CONTENT)
            or message.channel.guild is None
            or message.author.id == self.world.bot.id
            or any(one.id == self.world.bot.id for one in message.mentions)
        )

    def _hide(self, event: Event) -> bytes:
        return orjson.dumps(payloads.hidden(event.data))

    def _send_guild(self, session: Session, guild: Guild, *, is_new: bool = False) -> None:
        is_large = len(guild.members) > session.large_threshold
        # Not the members intent: "Guild Create" leaves everybody but the bot out without the presences intent.
        everyone = bool(session.intents & events.GUILD_PRESENCES) and not is_large
        bot_id = self.world.bot.id
        data = payloads.guild_create(guild, bot_id, all_members=everyone, is_large=is_large, is_new=is_new)
        if self.inspect is not None:
            self.inspect("GUILD_CREATE", data)
        session.tell("GUILD_CREATE", data)

    # connections

    async def serve(self, request: web.BaseRequest) -> web.StreamResponse:
        """One connection from hello to close."""
        if self.is_out:
            return web.Response(status=503)
        socket = web.WebSocketResponse(max_msg_size=0, compress=False, timeout=1.0)
        await socket.prepare(request)
        if request.transport is None:
            return socket
        heartbeat_ms = self.world.limits.heartbeat_ms
        connection = Connection(socket, request.transport, heartbeat_ms / 1000)
        self._connections.add(connection)
        session: Session | None = None
        budget = Window()
        try:
            connection.version, compress = packets.address(request.query)
            connection.codec = CODECS[compress]() if compress else None
            self._push(connection, HELLO, {"heartbeat_interval": heartbeat_ms, "_trace": ["sandbox"]})
            async for message in socket:
                if message.type not in (WSMsgType.TEXT, WSMsgType.BINARY):
                    break
                if budget.take(self.world.clock(), self.world.limits.gateway_commands):
                    raise Closed(4008, "You are being rate limited.")  # noqa: TRY301
                session = self._receive(connection, session, message.data)
        except Closed as closed:
            self.note(f"gateway -> {closed}")
            await connection.close(closed.code, closed.reason)
        except ConnectionError:
            pass
        except Exception as error:  # noqa: BLE001  (a crash of ours is a 4000 for the bot and a violation for the test)
            _log.exception("crash in the gateway")
            self.complain(f"crash in the gateway: {error!r}")
            await connection.close(4000, "Unknown error.")
        finally:
            self._left(connection, session, connection.closed_with or socket.close_code)
        return socket

    def _left(self, connection: Connection, session: Session | None, code: int | None) -> None:
        connection.left()
        self._connections.discard(connection)
        if session is None or session.connection is not connection:
            return
        session.connection = None
        session.left_at = self.world.clock()
        if code in (1000, 1001):
            self.sessions.pop(session.id, None)
        self.on_change()

    def _push(self, connection: Connection, op: int, data: Any) -> None:
        connection.push(orjson.dumps({"op": op, "d": data, "s": None, "t": None}))

    def _receive(self, connection: Connection, session: Session | None, raw: str | bytes) -> Session | None:
        op, data = packets.read(raw)
        match op:
            case 1:
                packets.heartbeat(data)
                connection.heartbeat()
                # Not at once: discord.py notes the time of its heartbeat after it was sent, and takes an answer that
                # came before for one that is late by a whole interval.
                asyncio.get_running_loop().call_later(_ACK_SECONDS, self._push, connection, HEARTBEAT_ACK, None)
            case 2 | 6 if session is not None:
                raise Closed(4005, "Already authenticated.")
            case 2:
                return self._identify(connection, data)
            case 6:
                return self._resume(connection, data)
            case 3 | 4 | 8 | 31 | 43 if session is None:
                raise Closed(4003, "Not authenticated.")
            case 3:
                packets.presence(data)
            case 4:
                packets.voice(data)
                self.complain("unknown to the gateway: opcode 4, since the sandbox has no voice")
            case 8 if session is not None:
                self._members(session, packets.members(data))
            case 31 if session is not None:
                for guild in self._servers(session, packets.guild_ids(data)):
                    session.tell("SOUNDBOARD_SOUNDS", {"guild_id": str(guild.id), "soundboard_sounds": []})
            case 43 if session is not None:
                for guild in self._servers(session, [packets.channel_info(data)]):
                    session.tell("CHANNEL_INFO", {"guild_id": str(guild.id), "channels": []})
            case _:
                raise Closed(4001, "Unknown opcode.")
        return session

    def _identify(self, connection: Connection, data: Any) -> Session | None:
        world, limits = self.world, self.world.limits
        now = world.clock()
        self.identifies.append(now)
        self._authenticate(data)
        intents, shard, packs, threshold = packets.identify(data)
        if intents & events.PRIVILEGED & ~world.application.privileged_intents:
            raise Closed(4014, "Disallowed intent(s).")
        session = Session(intents, shard, limits.replay_events, large_threshold=threshold)
        served = [guild for guild in world.guilds.values() if guild.bot is not None and session.serves(guild)]
        if len(served) > limits.guilds_a_shard:
            raise Closed(4011, "Sharding required.")
        slot = shard[0] % limits.max_concurrency
        if now - self._identify_slots.get(slot, 0.0) < limits.identify_seconds:
            self._push(connection, INVALID_SESSION, False)
            return None
        if self._starts.take(now, limits.session_start_rate):
            self._starts = Window()  # counted anew for the new token
            self.revoke_token()
            return None
        self._identify_slots[slot] = now
        self.identified.append(now)
        connection.packs = packs
        session.connection = connection
        self.sessions[session.id] = session
        ready: Json = {
            "v": connection.version,
            "user": payloads.own_user(world.bot),
            "guilds": [{"id": str(guild.id), "unavailable": True} for guild in served],
            "session_id": session.id,
            "session_type": "normal",
            "resume_gateway_url": self.url,
            "shard": [*shard],
            "application": {"id": str(world.application.id), "flags": world.application.flags},
            "private_channels": [],
            "relationships": [],
            "user_settings": {},
            "presences": [],
            "_trace": ["sandbox"],
        }
        session.tell("READY", ready)
        for guild in served:
            self._send_guild(session, guild)
        self.on_change()
        return session

    def _authenticate(self, data: Any) -> None:
        if packets.token(data) != self.world.application.token:
            raise Closed(4004, "Authentication failed.")

    def _resume(self, connection: Connection, data: Any) -> Session | None:
        self._authenticate(data)
        session_id, seen = packets.resume(data)
        session = self.sessions.get(session_id)
        if session is not None and self._is_stale(session):
            session = None
        first_kept = session.sent[0].number if session is not None and session.sent else 1
        if session is None or seen + 1 < first_kept:
            self._push(connection, INVALID_SESSION, False)
            return None
        if seen > session.sequence:
            raise Closed(4007, "Invalid seq.")
        if session.connection is not None:
            session.connection.cut()
        session.connection, session.left_at = connection, None
        for sent in session.sent:
            if sent.number > seen:
                connection.push(sent.packet)
        session.tell("RESUMED", {"_trace": ["sandbox"]})
        self.on_change()
        return session

    def _servers(self, session: Session, guild_ids: list[int]) -> list[Guild]:
        """Those of the servers that the bot is in and this session hears of; of others it gets no answer."""
        found = [self.world.guilds[one] for one in guild_ids if one in self.world.guilds]
        return [guild for guild in found if guild.bot is not None and session.serves(guild)]

    def _members(self, session: Session, wanted: Wanted) -> None:
        if not roll.may_ask(session.intents, wanted):
            self.note("gateway: members were asked for without the intent; Discord does not answer")
            return
        for guild in self._servers(session, [wanted.guild_id]):
            window = self._lists.setdefault(guild.id, Window())
            early = window.take(self.world.clock(), self.world.limits.member_lists) if wanted.is_list else 0.0
            if early:
                meta = {"guild_id": str(guild.id)} | ({"nonce": wanted.nonce} if wanted.nonce else {})
                session.tell("RATE_LIMITED", {"opcode": 8, "retry_after": round(early, 3), "meta": meta})
                continue
            for chunk in roll.chunks(guild, wanted):
                if self.inspect is not None:
                    self.inspect("GUILD_MEMBERS_CHUNK", chunk)
                session.tell("GUILD_MEMBERS_CHUNK", chunk)

    # faults

    def repeat(self, name: str, count: int = 1) -> None:
        """Send the last `count` events of that name again, with new sequence numbers, to every connected session.

        So a client hears once more what it, or a process before it whose session still stands, has handled already.
        """
        for session in self.connected:
            heard = [
                sent.data
                for one in self.sessions.values()
                if one.shard == session.shard
                for sent in one.sent
                if sent.name == name
            ]
            for data in heard[-count:]:
                session.dispatch(name, data)

    def hide_guild(self, guild: Guild) -> None:
        """An outage of one server: GUILD_DELETE that says it is unavailable, not that the bot left."""
        for session in self.connected:
            if session.serves(guild):
                session.tell("GUILD_DELETE", {"id": str(guild.id), "unavailable": True})

    def show_guild(self, guild: Guild) -> None:
        """The end of that outage: GUILD_CREATE."""
        for session in self.connected:
            if session.serves(guild):
                self._send_guild(session, guild)

    def revoke_token(self) -> str:
        """Give the application a new token, close all connections with 4004 and forget the sessions."""
        self.sessions.clear()
        for connection in self._connections:
            connection.hang_up(4004, "Authentication failed.")
        self.on_change()
        return self.world.application.reset_token()

    def shut(self) -> None:
        """Cut every connection and let no one in; the sessions can be resumed later."""
        self.is_out = True
        self.drop()

    def ask_reconnect(self) -> None:
        """Opcode 7 to every connection."""
        for session in self.connected:
            assert session.connection is not None  # noqa: S101  (connected)
            self._push(session.connection, RECONNECT, None)

    def invalidate(self, *, resumable: bool = False) -> None:
        """Opcode 9 to every connection; not resumable means that the sessions are gone."""
        for session in self.connected:
            assert session.connection is not None  # noqa: S101  (connected)
            self._push(session.connection, INVALID_SESSION, resumable)
            if not resumable:
                self.sessions.pop(session.id, None)

    def drop(self) -> None:
        """Cut every connection; the sessions can be resumed."""
        for connection in list(self._connections):
            connection.cut()

    async def close(self) -> None:
        for connection in list(self._connections):
            await connection.close(1001, "The sandbox closes")
