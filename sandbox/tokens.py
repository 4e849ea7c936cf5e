"""The bot's token in Discord's form: whose it is, when it was made, and what nobody can guess.

Clients read the first part: some take the bot's id from it, some refuse a token of any other form.
"""

import binascii
import secrets
from base64 import b64decode, b64encode

MOST_ID = (1 << 63) - 1


def new(bot_id: int) -> str:
    """A token of that bot; its first part is the id in base64, without padding."""
    owner = b64encode(str(bot_id).encode()).decode().rstrip("=")
    # As long as Discord's: six characters of a moment, 38 of a signature.
    return f"{owner}.{secrets.token_hex(3)}.{secrets.token_hex(19)}"


def owner_of(token: str) -> int | None:
    """The bot's id that the token names, None where it names none."""
    owner = token.partition(".")[0]
    try:
        named = b64decode(owner + "=" * (-len(owner) % 4), validate=True).decode("ascii")
    except (binascii.Error, UnicodeDecodeError, ValueError):
        return None
    return int(named) if named.isdigit() and 0 < int(named) <= MOST_ID else None
