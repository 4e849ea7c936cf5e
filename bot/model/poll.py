"""A question to a server, and how it is answered."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class PollOption:
    """One answer; `position` counts from 0, `tally` are the current ballots for it."""

    position: int
    label: str
    tally: int = 0


@dataclass(frozen=True, slots=True)
class Poll:
    """A poll with its current tally.

    `issue_key` names the issue on whose announcement it hangs; None when it has a card of its own in `channel_id`.
    It takes ballots until `closes_at`, or until somebody closes it.
    """

    poll_key: str
    guild_id: int
    question: str
    options: tuple[PollOption, ...]
    opened_at: datetime
    closes_at: datetime
    closed_at: datetime | None = None
    closed_by_id: int | None = None
    opened_by_id: int | None = None
    issue_key: str | None = None
    channel_id: int | None = None

    @property
    def is_closed(self) -> bool:
        return self.closed_at is not None

    @property
    def votes(self) -> int:
        """All current ballots."""
        return sum(option.tally for option in self.options)


@dataclass(frozen=True, slots=True)
class Ballot:
    """A member's press for an option; the interaction names it, so that a replay of it counts once.

    The number of an interaction grows with time, so a member's highest one is their last press. `sees` says whether the
    member sees a channel now, and of None, the place where they pressed.
    """

    interaction_id: int
    guild_id: int
    poll_key: str
    member_id: int
    position: int
    cast_at: datetime
    sees: Callable[[int | None], bool]


class CastOutcome(StrEnum):
    """What became of a press for an option."""

    COUNTED = "counted"
    CHANGED = "changed"
    SAME = "same"  # the member had voted so already, or this press was heard before, or after a later one
    CLOSED = "closed"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Cast:
    """The outcome of a ballot; `poll` as it stands, without tally, None where there is no such poll or option.

    `position` is what counts for the member now; None where nothing does.
    """

    outcome: CastOutcome
    poll: Poll | None = None
    position: int | None = None
