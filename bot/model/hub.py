"""A WebSub hub: who tells at once that a feed has changed."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Hub:
    """The hub's address, and the topic under which it knows the feed (https://www.w3.org/TR/websub/, section 4)."""

    url: str
    topic: str
