"""An address as the last resort of a title."""

import re

from bot.newsletter.text import bounded


def readable_address(key: str) -> str:
    """The last resort of a title: the words an address ends in (`Titanic selfie (reddit.com)`), or the address."""
    address = key.partition("?")[0]
    host, _, path = address.partition("/")
    slug = re.split(r"[-_]+", path.rpartition("/")[2].partition(".")[0])
    words = [word for word in slug if word.isalpha()]
    if len(words) >= 2 and len(words) * 2 > len(slug):
        return bounded(" ".join(slug).capitalize(), 100) + f" ({host})"
    return bounded(address, 100)
