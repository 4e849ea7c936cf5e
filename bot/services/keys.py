"""The names of effects and issues: made of what they are, so that they mean the same in every copy of the database."""

from base64 import b32encode
from collections.abc import Sequence
from hashlib import sha256
from secrets import token_bytes

from bot.model.delivery import Purpose


def delivery_key(
    *, installation_id: str, guild_id: int, channel_id: int, identity: str, purpose: Purpose, generation: int
) -> str:
    """52 characters that name one effect for ever: the idempotency key by which the outbox deduplicates.

    Made of what the effect *is*, never of a row id: SQLite reuses those, and so does a restored database.
    """
    parts = (installation_id, str(guild_id), str(channel_id), identity, purpose.value, str(generation))
    return b32encode(sha256("\x1f".join(parts).encode()).digest()).decode().rstrip("=").lower()


def issue_key(source_key: str, identity: str) -> str:
    """26 characters that name an issue in buttons and choices: the same in every database that reads this source."""
    digest = sha256(f"{source_key}\x1f{identity}".encode()).digest()
    return b32encode(digest).decode().lower()[:26]


def key_of_flood(guild_id: int, issue_keys: Sequence[str]) -> str:
    """26 characters that name what is held back from a server: found twice, because of a kill, it is the same."""
    digest = sha256("\x1f".join((str(guild_id), *issue_keys)).encode()).digest()
    return b32encode(digest).decode().lower()[:26]


def random_key() -> str:
    """26 characters that name a submission or a poll in buttons; nobody guesses another one."""
    return b32encode(token_bytes(17)).decode().lower()[:26]
