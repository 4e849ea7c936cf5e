"""What clients send to the gateway, read and checked: whatever does not fit ends the connection with Discord's code.

Codes: 4001 opcode, 4002 payload, 4003 not authenticated, 4004 token, 4005 authenticated already, 4007 sequence, 4008
too many, 4009 timed out, 4010 shard, 4011 sharding required, 4012 version, 4013 invalid and 4014 disallowed intents.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple, TypeGuard

import orjson

from sandbox import events

MOST_BYTES = 4096
"""Of one payload ("Sending Events")."""
MOST_ASKED_FOR = 100
"""How many members may be named in one request, and how many are found by the beginning of a name."""
VERSIONS = ("10", "9")
COMPRESSIONS = ("", "zlib-stream", "zstd-stream")
STATUSES = frozenset({"online", "dnd", "idle", "invisible", "offline"})
_DEFAULT_THRESHOLD = 50


class Closed(Exception):  # noqa: N818
    """The gateway ends the connection with this code."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(f"{code} {reason}")
        self.code = code
        self.reason = reason


class Address(NamedTuple):
    """What a client asks for in the address it connects to."""

    version: int
    compress: str


class Packet(NamedTuple):
    op: int
    data: Any


class Identify(NamedTuple):
    """Opcode 2. `packs`: whether single packets may be compressed. `large_threshold`: the most members sent unasked."""

    intents: int
    shard: tuple[int, int]
    packs: bool
    large_threshold: int


class Resume(NamedTuple):
    """Opcode 6."""

    session_id: str
    sequence: int


class Wanted(NamedTuple):
    """Opcode 8: members by id, else by the beginning of a name, where the empty one without a limit means everybody."""

    guild_id: int
    query: str
    limit: int
    user_ids: tuple[int, ...] | None
    presences: bool
    nonce: str | None

    @property
    def is_list(self) -> bool:
        """Whether the list of members is asked for, which needs the intent, and not somebody in particular."""
        return self.user_ids is None and not self.query


def address(query: Mapping[str, str]) -> Address:
    """The version and the compression; an encoding or a compression that is not spoken is refused, not ignored."""
    version = query.get("v", "")
    if version not in VERSIONS:
        raise Closed(4012, "Invalid API version.")
    encoding, compress = query.get("encoding", "json"), query.get("compress", "")
    if encoding != "json":
        raise Closed(4002, f"The sandbox speaks json, not {encoding[:20]}.")
    if compress not in COMPRESSIONS:
        raise Closed(4002, f"Unknown compression {compress[:20]}.")
    return Address(int(version), compress)


def read(raw: str | bytes) -> Packet:
    """One packet as it came."""
    if len(raw.encode() if isinstance(raw, str) else raw) > MOST_BYTES:
        raise malformed()
    try:
        packet = orjson.loads(raw)
    except orjson.JSONDecodeError:
        raise malformed() from None
    if not isinstance(packet, dict) or not _is_int(packet.get("op")):
        raise malformed()
    return Packet(packet["op"], packet.get("d"))


def malformed() -> Closed:
    return Closed(4002, "Error while decoding payload.")


def token(data: Any) -> str:
    """What opcodes 2 and 6 authenticate with."""
    given = _fields(data).get("token") or ""
    if not isinstance(given, str):
        raise malformed()
    return given.removeprefix("Bot ")


def heartbeat(data: Any) -> None:
    if data is not None and not _is_int(data):
        raise malformed()


def identify(data: Any) -> Identify:
    fields = _fields(data)
    threshold = fields.get("large_threshold")
    if not isinstance(fields.get("properties"), dict) or not isinstance(fields.get("compress") or False, bool):
        raise malformed()
    if threshold is not None and not (_is_int(threshold) and 50 <= threshold <= 250):
        raise malformed()
    if fields.get("presence") is not None:
        presence(fields["presence"])
    shard = fields.get("shard") or [0, 1]
    if not (
        isinstance(shard, list) and len(shard) == 2 and all(_is_int(one) for one in shard) and 0 <= shard[0] < shard[1]
    ):
        raise Closed(4010, "Invalid shard.")
    intents = fields.get("intents")
    if not _is_int(intents) or intents & ~(events.KNOWN | events.UNNAMED):  # a negative number has all the higher bits
        raise Closed(4013, "Invalid intent(s).")
    return Identify(intents, (shard[0], shard[1]), bool(fields.get("compress")), threshold or _DEFAULT_THRESHOLD)


def resume(data: Any) -> Resume:
    fields = _fields(data)
    session_id, sequence = fields.get("session_id"), fields.get("seq")
    if not isinstance(session_id, str) or not (sequence is None or _is_int(sequence)):
        raise malformed()
    if sequence is not None and sequence < 0:
        raise Closed(4007, "Invalid seq.")
    return Resume(session_id, sequence or 0)


def presence(data: Any) -> None:
    fields = _fields(data)
    activities = fields.get("activities") or []
    if (
        fields.get("status", "online") not in STATUSES
        or not isinstance(activities, list)
        or not all(isinstance(one, dict) and isinstance(one.get("name"), str) for one in activities)
    ):
        raise malformed()


def voice(data: Any) -> None:
    fields = _fields(data)
    _snowflake(fields.get("guild_id"))
    if fields.get("channel_id") is not None:
        _snowflake(fields["channel_id"])


def members(data: Any) -> Wanted:
    fields = _fields(data)
    guild_id = _snowflake(fields.get("guild_id"))
    query, limit, ids, nonce = (fields.get(name) for name in ("query", "limit", "user_ids", "nonce"))
    if (query is None and ids is None) or not isinstance(query or "", str) or not isinstance(nonce or "", str):
        raise malformed()
    if not (limit is None and ids is not None) and not (_is_int(limit) and limit >= 0):
        raise malformed()
    named = None
    if ids is not None:
        named = tuple(_snowflake(one) for one in (ids if isinstance(ids, list) else [ids])[:MOST_ASKED_FOR])
    return Wanted(guild_id, query or "", limit or 0, named, bool(fields.get("presences")), nonce)


def guild_ids(data: Any) -> list[int]:
    """The servers of opcode 31."""
    given = _fields(data).get("guild_ids")
    if not isinstance(given, list):
        raise malformed()
    return [_snowflake(one) for one in given]


def channel_info(data: Any) -> int:
    """The server of opcode 43."""
    fields = _fields(data)
    wanted = fields.get("fields")
    if not isinstance(wanted, list) or not all(isinstance(one, str) for one in wanted):
        raise malformed()
    return _snowflake(fields.get("guild_id"))


def _fields(data: Any) -> dict[str, Any]:
    if not isinstance(data, dict):
        raise malformed()
    return data


def _is_int(value: Any) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool)


def _snowflake(value: Any) -> int:
    """An id as a string or, as some libraries send it, as a number."""
    if _is_int(value) and value >= 0:
        return int(value)
    if isinstance(value, str) and value.isascii() and value.isdigit():
        return int(value)
    raise malformed()
