"""The answer to opcode 8: members of a server in chunks, as far as the session may know them."""

from typing import Any

from sandbox import events, model, payloads
from sandbox.packets import MOST_ASKED_FOR, Wanted

Json = dict[str, Any]

MEMBERS_A_CHUNK = 1000


def may_ask(intents: int, wanted: Wanted) -> bool:
    """Whether Discord answers at all: a list needs the members intent, presences theirs; else there is silence."""
    needed = (events.GUILD_MEMBERS if wanted.is_list else 0) | (events.GUILD_PRESENCES if wanted.presences else 0)
    return intents & needed == needed


def chunks(guild: model.Guild, wanted: Wanted) -> list[Json]:
    """One chunk or more; where nobody is found, one that is empty."""
    if wanted.user_ids is not None:
        found = [guild.members[one] for one in dict.fromkeys(wanted.user_ids) if one in guild.members]
    else:
        found = [one for one in guild.members.values() if _is_named(one, wanted.query)]
        if wanted.limit or wanted.query:
            found = found[: min(wanted.limit or MOST_ASKED_FOR, MOST_ASKED_FOR)]
    parts = [found[start : start + MEMBERS_A_CHUNK] for start in range(0, len(found), MEMBERS_A_CHUNK)] or [[]]
    common: Json = {"guild_id": str(guild.id), "chunk_count": len(parts)}
    if wanted.user_ids is not None:
        common["not_found"] = [str(one) for one in wanted.user_ids if one not in guild.members]
    if wanted.presences:
        common["presences"] = []
    if wanted.nonce:
        common["nonce"] = wanted.nonce
    return [
        common | {"members": [payloads.member(one) for one in part], "chunk_index": number}
        for number, part in enumerate(parts)
    ]


def _is_named(member: model.Member, query: str) -> bool:
    names = (member.user.name, member.user.global_name, member.nick)
    return any(name is not None and name.lower().startswith(query.lower()) for name in names)
