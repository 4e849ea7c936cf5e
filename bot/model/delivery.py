"""What must happen on Discord once, and what became of it."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import ClassVar

from bot.model.problem import Problem

LONGEST_PURPOSE = 16


class Purpose(str):
    """What is done; part of the delivery key, so a word never changes. A kind of message has its own."""

    __slots__ = ()

    ANNOUNCE: "ClassVar[Purpose]"
    PUBLISH: "ClassVar[Purpose]"  # hand an announcement on to the channels that follow this one
    EDIT: "ClassVar[Purpose]"  # let an earlier announcement say something else
    NOTICE: "ClassVar[Purpose]"  # tell the server's staff
    REVIEW: "ClassVar[Purpose]"  # show a submission to the moderators
    POLL: "ClassVar[Purpose]"  # ask a poll's question
    FLOOD: "ClassVar[Purpose]"  # ask the staff what to announce of too much at once
    REFRESH: "ClassVar[Purpose]"  # let a card that stands there show what is true now


for _word in ("announce", "publish", "edit", "notice", "review", "poll", "flood", "refresh"):
    setattr(Purpose, _word.upper(), Purpose(_word))


class DeliveryState(StrEnum):
    """Where a delivery stands."""

    PENDING = "pending"
    CLAIMED = "claimed"  # by a process; with a message id, only what belongs to the message is missing
    DONE = "done"
    FAILED = "failed"  # quarantined: not again by itself, and in nobody's way


@dataclass(frozen=True, slots=True)
class Sent:
    """A message that stands on Discord, with its thread if there is one; `is_post`: it is the first of a forum post."""

    message_id: int
    thread_id: int | None = None
    is_post: bool = False


@dataclass(frozen=True, slots=True)
class Delivery:
    """One row of the outbox, claimed by this process until its lease ends.

    `delivery_key` is stable over restarts and restored databases (see `bot.store.outbox.enqueue`); its first 25
    characters are the nonce. `target_id` is the message that is published or edited, `words` what an edit or a notice
    says. `doubt_since`: an attempt of that moment may have arrived although nobody heard of it. `degraded`: Discord
    refused the full form, so the plain one is sent. `wants_ping`: the server's role is mentioned if its day allows it.
    `subject_key` names the issue, submission or poll it is about; `revision` counts the changes a refresh has to show.
    """

    outbox_id: int
    delivery_key: str
    purpose: Purpose
    guild_id: int
    channel_id: int
    subject_key: str
    generation: int
    ping_role_id: int | None
    attempts: int
    message_id: int | None
    thread_id: int | None
    created_at: datetime
    doubt_since: datetime | None = None
    wants_ping: bool = False
    is_post: bool = False
    degraded: bool = False
    target_id: int | None = None
    words: Problem | None = None
    revision: int = 0

    @property
    def nonce(self) -> str:
        """Discord takes at most 25 characters."""
        return self.delivery_key[:25]

    @property
    def lane(self) -> tuple[int, Purpose]:
        """What keeps its order: the deliveries of one purpose in one channel."""
        return self.channel_id, self.purpose

    @property
    def is_placed(self) -> bool:
        """It is known to which channel it goes (`staff_of`)."""
        return self.channel_id > 0


@dataclass(frozen=True, slots=True)
class DeliveryRecord:
    """What became of a delivery so far."""

    delivery_key: str
    purpose: Purpose
    state: DeliveryState
    guild_id: int
    channel_id: int
    subject_key: str
    generation: int
    attempts: int
    due_at: datetime | None
    message_id: int | None
    thread_id: int | None
    last_problem: Problem | None
    created_at: datetime
    sent_at: datetime | None
    is_post: bool = False
    degraded: bool = False
    target_id: int | None = None
    ping_role_id: int | None = None
    wants_ping: bool = False


def staff_of(guild_id: int) -> int:
    """Stands for the channel in which a server's staff is told, while Discord has not shown the server yet."""
    return -guild_id


def message_link(*, guild_id: int, channel_id: int, message_id: int, is_post: bool) -> str:
    """Where a message stands on Discord."""
    # A forum post is a channel of its own, with the id of its first message.
    place = message_id if is_post else channel_id
    return f"https://discord.com/channels/{guild_id}/{place}/{message_id}"


@dataclass(frozen=True, slots=True)
class ThreadlessChannel:
    """A channel in which announcements get no thread although the server wants one: why, and since when."""

    channel_id: int
    guild_id: int
    problem: Problem
    since_at: datetime


@dataclass(frozen=True, slots=True)
class StoppedChannel:
    """A channel that nothing is sent to: why, since when, and when it is tried again (None: not by itself)."""

    channel_id: int
    guild_id: int
    problem: Problem
    stopped_at: datetime
    looked_at: datetime
    look_again_at: datetime | None
    looks: int
