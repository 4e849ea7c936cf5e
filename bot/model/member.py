"""A person in a server: who acts, and how they want to be named."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts, as Discord described them with this very press or command; never remembered from an earlier one."""

    member_id: int
    role_ids: frozenset[int] = frozenset()
    manages_messages: bool = False
    manages_server: bool = False


@dataclass(frozen=True, slots=True)
class Act:
    """What somebody does in a server by one interaction, whose id tells it from the same thing done once more."""

    guild_id: int
    actor: Actor
    interaction_id: int


@dataclass(frozen=True, slots=True)
class Credit:
    """How a member wants to be named where a link of theirs runs: `name`, or None for not at all.

    `answered_at` is None while they were asked and said nothing: then they are not named. Nor are they by words of
    their own before a moderator saw them (`is_reviewed`).
    """

    member_id: int
    name: str | None
    is_reviewed: bool
    asked_at: datetime
    answered_at: datetime | None
