"""What happens in the world, told to whoever listens."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sandbox.model import Channel, Guild, Message

GUILDS, GUILD_MEMBERS, GUILD_PRESENCES = 1 << 0, 1 << 1, 1 << 8
GUILD_MESSAGES, DIRECT_MESSAGES, MESSAGE_CONTENT = 1 << 9, 1 << 12, 1 << 15
GUILD_TYPING, DIRECT_TYPING = 1 << 11, 1 << 14
GUILD_POLLS, DIRECT_POLLS = 1 << 24, 1 << 25
PRIVILEGED = GUILD_MEMBERS | GUILD_PRESENCES | MESSAGE_CONTENT


@dataclass(slots=True)
class Event:
    """One gateway event. `intent` 0 is sent to everyone; `channel` limits it to bots that see the channel."""

    name: str
    data: dict[str, Any]
    intent: int = 0
    guild: Guild | None = None
    channel: Channel | None = None
    message: Message | None = None


Listener = Callable[[Event], None]
