"""What an API answers: an object of JSON, whose texts may be anything."""

import json
from typing import Any

from bot.errors import UnreadableError
from bot.newsletter.addresses.links import link_key
from bot.newsletter.formats.encoding import decoded, mended
from bot.newsletter.text import storable


def answered(content: bytes) -> dict[str, Any]:
    """The object in the answer, an empty one for anything else that is JSON. Raises UnreadableError for no JSON."""
    try:
        answer = json.loads(decoded(content).lstrip("\ufeff"))
    except (ValueError, RecursionError) as error:
        raise UnreadableError("unreadable-json") from error
    return answer if isinstance(answer, dict) else {}


def string(value: Any) -> str:
    """The text, put right and fit to be stored; empty for anything else."""
    return mended(storable(value)) if isinstance(value, str) else ""


def names_of(post: dict[str, Any], url: str | None) -> list[str]:
    """The identities that the post's item has in the feed, too: by its id, and by its address."""
    post_id, key = string(post.get("id"))[:200], link_key(url) if url else None
    return [*([f"guid:{post_id}"] if post_id else []), *([f"link:{key}"] if key else [])]
