"""Whether a text breaks off for those who do not pay: only its own words say so, since sources seldom do."""

import re

from bot.newsletter.blocks import Block

_MAX_SENTENCE = 400

_PAYWALL = re.compile(
    r"subscribe to .{1,80}? to (?:read|unlock) the rest|already a pa(?:ying|id) subscriber"
    r"|upgrade to (?:paid|premium) to"
    r"|this (?:post|issue|article|content|newsletter|episode) is for"
    r" (?:(?:paid|paying|premium|pro) )?(?:subscribers|members)"
    r"|the (?:rest|remainder) of this (?:post|issue|article|newsletter) is for"
    r"|to (?:keep|continue) reading, (?:subscribe|upgrade)"
    r"|become a (?:paid|paying) (?:subscriber|member) to (?:read|continue|get|access)"
    r"|keep reading with a \d+-day free trial"
    r"|subscribe to (?:continue|keep) reading|this is a preview of a paid",
    re.IGNORECASE,
)
# each alternative above holds one of these; a text without any of them needs no closer look
_WORDS = (
    "the rest",
    "already a pa",
    "upgrade to p",
    "is for ",
    "remainder of",
    "reading, ",
    "become a pa",
    "keep reading with",
    "subscribe to continue",
    "subscribe to keep",
    "of a paid",
)


def is_paywalled(blocks: list[Block], text: str) -> bool:
    """A paragraph says that the rest is for those who pay; `text` is all of it in lower case."""
    words = [word for word in _WORDS if word in text]
    if not words:
        return False
    for block in blocks:
        if len(block.text) < _MAX_SENTENCE:
            lowered = block.text.lower()
            if any(word in lowered for word in words) and _PAYWALL.search(lowered):
                return True
    return False
