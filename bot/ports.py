"""What the rules need from outside, as Protocols; `bot.app` hands in who fulfils them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from bot.model.delivery import Delivery
from bot.model.guild import Guild, Source
from bot.model.issue import Issue


@dataclass(frozen=True, slots=True)
class Reading:
    """What a source gave: its title and items, and the marks for the next conditional request."""

    title: str | None
    issues: tuple[Issue, ...]
    etag: str | None = None
    last_modified: str | None = None


class IssueSource(Protocol):
    """Reads a source."""

    async def read(self, source: Source, *, credentials: str | None) -> Reading | None:
        """The source's present items, or None when nothing changed since `source.etag` / `last_modified`.

        `credentials` is `user:password` where the source needs them. Raises FetchError or UnreadableError.
        """
        ...


@dataclass(frozen=True, slots=True)
class Announcement:
    """All that a message about an issue is made of."""

    issue: Issue
    issue_key: str
    guild: Guild
    ping_role_id: int | None = None


class Announcer(Protocol):
    """Puts announcements on Discord. Every method raises DeliveryError (see `bot.errors`)."""

    async def send(self, delivery: Delivery, announcement: Announcement) -> int:
        """Send the message under the delivery's nonce and give its id; twice within the nonce's window is once."""
        ...

    async def find(self, delivery: Delivery, *, since: datetime) -> int | None:
        """The id of this delivery's message if it stands in the channel since `since`, else None."""
        ...

    async def start_thread(self, delivery: Delivery, announcement: Announcement, *, message_id: int) -> int:
        """Start the discussion thread on the message, or find it there; its id."""
        ...


class Bell(Protocol):
    """Wakes a worker that waits for work."""

    def ring(self, worker: str) -> None:
        """Let `worker` (`sources` or `outbox`) look at once. Safe at any time, also for nothing."""
        ...
