"""What must happen on Discord once, and what became of it."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from bot.model.problem import Problem


class Purpose(StrEnum):
    """Why a message is sent; part of its delivery key."""

    ANNOUNCE = "announce"


class DeliveryState(StrEnum):
    """Where a delivery stands."""

    PENDING = "pending"
    CLAIMED = "claimed"  # by a process; with a message id, only what belongs to the message is missing
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Delivery:
    """One row of the outbox, claimed by this process until its lease ends.

    `delivery_key` is stable over restarts and restored databases (see `bot.services.announcements.delivery_key`);
    its first 25 characters are the nonce.
    """

    outbox_id: int
    delivery_key: str
    purpose: Purpose
    guild_id: int
    channel_id: int
    issue_key: str
    ping_role_id: int | None
    attempts: int
    message_id: int | None
    first_attempt_at: datetime

    @property
    def nonce(self) -> str:
        """Discord takes at most 25 characters."""
        return self.delivery_key[:25]


@dataclass(frozen=True, slots=True)
class DeliveryRecord:
    """What became of a delivery so far."""

    delivery_key: str
    state: DeliveryState
    guild_id: int
    channel_id: int
    issue_key: str
    attempts: int
    due_at: datetime | None
    message_id: int | None
    thread_id: int | None
    last_problem: Problem | None
    created_at: datetime
    sent_at: datetime | None
