"""What happens in the world, told to whoever listens."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sandbox.model import Channel, Guild, Message

INTENTS = {
    "guilds": 1 << 0,
    "guild_members": 1 << 1,
    "guild_moderation": 1 << 2,
    "guild_expressions": 1 << 3,
    "guild_integrations": 1 << 4,
    "guild_webhooks": 1 << 5,
    "guild_invites": 1 << 6,
    "guild_voice_states": 1 << 7,
    "guild_presences": 1 << 8,
    "guild_messages": 1 << 9,
    "guild_message_reactions": 1 << 10,
    "guild_message_typing": 1 << 11,
    "direct_messages": 1 << 12,
    "direct_message_reactions": 1 << 13,
    "direct_message_typing": 1 << 14,
    "message_content": 1 << 15,
    "guild_scheduled_events": 1 << 16,
    "auto_moderation_configuration": 1 << 20,
    "auto_moderation_execution": 1 << 21,
    "guild_message_polls": 1 << 24,
    "direct_message_polls": 1 << 25,
}
"""All that Discord documents ("List of Intents"); any other bit is no intent, but for the next one."""
UNNAMED = 1 << 17
"""Documented nowhere, yet every bot of interactions.py asks for it by default, and gets in."""

GUILDS, GUILD_MEMBERS, GUILD_PRESENCES = (INTENTS[name] for name in ("guilds", "guild_members", "guild_presences"))
GUILD_MESSAGES, DIRECT_MESSAGES = INTENTS["guild_messages"], INTENTS["direct_messages"]
GUILD_TYPING, DIRECT_TYPING = INTENTS["guild_message_typing"], INTENTS["direct_message_typing"]
MESSAGE_CONTENT = INTENTS["message_content"]
KNOWN = sum(INTENTS.values())

PRIVILEGED_NAMES = ("guild_members", "guild_presences", "message_content")
PRIVILEGED = sum(INTENTS[name] for name in PRIVILEGED_NAMES)


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
