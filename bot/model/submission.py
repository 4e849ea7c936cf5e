"""What members send in for the newsletter, and what became of it."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class SubmissionState(StrEnum):
    """Where a submission stands. That it ran in an issue is no state: it may, whatever was decided."""

    PENDING = "pending"
    APPROVED = "approved"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"


class Plan(StrEnum):
    """What the editor means to do with what was approved."""

    QUEUED = "queued"
    PLANNED = "planned"
    PASSED = "passed"


@dataclass(frozen=True, slots=True)
class Featured:
    """The issue in which a submitted link ran, and its place among that issue's links, from 1."""

    issue_key: str
    title: str
    url: str | None
    place: int


@dataclass(frozen=True, slots=True)
class Submission:
    """A link that a member sent in. Ids are snowflakes.

    `finder_id` found it (None once that member was forgotten), `brought_by_id` sent it on for them. `url` is shown,
    `link_key` is what makes it the same link as another (see `bot.newsletter.addresses.links`). `plan` is set once
    approved.
    """

    submission_key: str
    guild_id: int
    finder_id: int | None
    url: str
    link_key: str
    note: str
    state: SubmissionState
    sent_at: datetime
    brought_by_id: int | None = None
    title: str | None = None
    decided_at: datetime | None = None
    decided_by_id: int | None = None
    reason: str | None = None
    plan: Plan | None = None
    planned_at: datetime | None = None
    planned_by_id: int | None = None
    featured: Featured | None = None

    @property
    def is_waiting(self) -> bool:
        """Whether there is something to decide: what ran needs no decision any more."""
        return self.state is SubmissionState.PENDING and self.featured is None

    @property
    def is_gone(self) -> bool:
        """Whether it was taken back before anybody decided: nobody needs its card any more."""
        return self.state is SubmissionState.WITHDRAWN and self.decided_at is None

    @property
    def can_be_withdrawn(self) -> bool:
        """While nobody has planned with it, and it has not run."""
        is_queued = self.state is SubmissionState.APPROVED and self.plan is Plan.QUEUED
        return self.is_waiting or (is_queued and self.featured is None)


@dataclass(frozen=True, slots=True)
class QueueItem:
    """An approved submission as the editor sees it; `credit` only with the finder's leave."""

    submission: Submission
    credit: str | None
