"""A reading in which most looked new: what it held back, and what the staff decided."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class FloodDecision(StrEnum):
    """What is announced of the issues that were held back."""

    NEWEST = "newest"
    ALL = "all"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Flood:
    """`issue_keys` looked new, the oldest first, among `listed` items; nothing of them is announced before a decision.

    `newest_title` is what the choice "newest" would announce.
    """

    flood_key: str
    guild_id: int
    source_id: int
    source_name: str
    issue_keys: tuple[str, ...]
    listed: int
    newest_title: str
    found_at: datetime
    decision: FloodDecision | None = None
