"""The names of issues, floods, submissions and polls in buttons and choices."""

from base64 import b32encode
from collections.abc import Sequence
from hashlib import sha256
from secrets import token_bytes


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
