"""What every message of the outbox carries, so that it is found again: the start of its delivery key, in some form.

A message with components carries two component ids, one with a button also a custom id; one of plain text the end of
its link (`#pressroom-…`), or a small line where there is no link.
"""

import re
from hashlib import sha256
from urllib.parse import urldefrag

import discord

from bot.chat.plain import safe_url
from bot.model.delivery import Delivery

_MARK = "pressroom-"
_REFERENCE = re.compile(_MARK + r"([a-z2-7]{25})")


def message_mark(delivery_key: str) -> tuple[int, int]:
    """Two component ids that every message with components carries, whatever it shows: by them it is found again.

    Discord keeps ids of 31 bits as they were sent; two of them are as good as unique among a bot's messages.
    """
    digest = sha256(delivery_key.encode()).digest()
    first, second = (int.from_bytes(digest[start : start + 4], "big") & 0x7FFFFFFF for start in (0, 4))
    return first | 1, second & ~1 or 2  # never equal, never zero: zero means "choose one for me"


def marks_in(message: discord.Message | None) -> tuple[int | None, int | None]:
    """The marks of a message that is about to show something else: it has to be found by them afterwards too."""
    box = next(iter(message.components), None) if message is not None else None
    inner = next(iter(getattr(box, "children", [])), None)
    return getattr(box, "id", None), getattr(inner, "id", None)


def marked_url(url: str | None, *, delivery_key: str) -> str | None:
    """The address, with a fragment by which the message is found again; it leads to the same page."""
    target = safe_url(url) if url else None
    if target is None:
        return None
    bare, fragment = urldefrag(target)
    return f"{bare}#{fragment}{'&' if fragment else ''}{_MARK}{delivery_key[:25]}"


def carries(message: discord.Message, delivery: Delivery) -> bool:
    """Whether this is the delivery's message, in whatever form it was sent."""
    components = _walk(message.components)
    if set(message_mark(delivery.delivery_key)) <= {getattr(component, "id", None) for component in components}:
        return True
    if any(delivery.nonce in (getattr(component, "custom_id", None) or "") for component in components):
        return True
    texts = [message.content, *(embed.url or "" for embed in message.embeds)]
    return any(delivery.nonce in _REFERENCE.findall(each) for each in texts)


def reference(delivery_key: str) -> str:
    """A small line for a text without a link."""
    return f"-# {_MARK}{delivery_key[:25]}"


def _walk(components: object) -> list[object]:
    found: list[object] = []
    for component in components if isinstance(components, list) else []:
        found.append(component)
        found += _walk(list(getattr(component, "children", [])))
    return found
