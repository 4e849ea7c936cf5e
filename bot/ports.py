"""What the rules need from outside, as Protocols; `bot.app` hands in who fulfils them."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol, TypeAlias

from bot.model.delivery import Delivery, DeliveryRecord, Sent, StoppedChannel
from bot.model.flood import Flood
from bot.model.guild import Guild, Source
from bot.model.hub import Hub
from bot.model.issue import Issue, IssueCard
from bot.model.poll import Poll
from bot.model.problem import Problem
from bot.model.submission import Submission
from bot.model.worker import WorkerName


@dataclass(frozen=True, slots=True)
class Reading:
    """What a source gave: its title and items, and the marks for the next conditional request.

    is_whole: it did not break off, so that what is not among its items is not there. can_be_asked: its platform says of
    each issue whether that still stands; lists_all: it has no older ones either. fresh_for: how long its server says
    that this holds. home_url: the newsletter's site, as it says itself. api_url: where its platform says more to
    whoever has a key. problem: what could not be read of it.
    """

    title: str | None
    issues: tuple[Issue, ...]
    etag: str | None = None
    last_modified: str | None = None
    is_whole: bool = True
    can_be_asked: bool = False
    lists_all: bool = False
    fresh_for: timedelta | None = None
    home_url: str | None = None
    api_url: str | None = None
    problem: Problem | None = None
    hub: Hub | None = None


@dataclass(frozen=True, slots=True)
class Unchanged:
    """A source gives what it gave before; `fresh_for` as in a `Reading`."""

    fresh_for: timedelta | None = None


class IssueSource(Protocol):
    """Reads a source."""

    async def read(
        self, source: Source, *, credentials: str | None, asked_by: int | None = None
    ) -> Reading | Unchanged:
        """The source's present items, unless nothing changed since `source.etag` / `last_modified`.

        `credentials` is `user:password` where the source needs them. asked_by: the server that tries the address, which
        waits for its turn among those that do, and never in the way of what is read regularly. Raises FetchError or
        UnreadableError; for a server that tries also RefusedError, where that turn does not come in time or more is
        sent than the server may have.
        """
        ...

    async def find_feeds(self, url: str, *, credentials: str | None, asked_by: int | None = None) -> list[str]:
        """Addresses at which the site of a web page may have its feed, the likeliest first; `asked_by` as in `read`.

        Raises FetchError, and UnreadableError where the page says why there is none.
        """
        ...

    async def addresses_for(self, guild_id: int) -> list[str]:
        """What the operator laid ready for a server to read, as it is written in `/setup source`."""
        ...


class LinkFollower(Protocol):
    """Asks where an opaque link leads."""

    async def follow(self, address: str) -> str | None:
        """The destination, unwrapped and without whoever reads; None where it is not told.

        `address` is one that `bot.newsletter.addresses.opaque.to_ask` gave. Raises FetchError.
        """
        ...


class Standing(StrEnum):
    """What is answered about an issue that its source does not list any more."""

    UNKNOWN = "unknown"
    NOTHING_THERE = "nothing there"  # its own address says so (404, 410), which may pass
    TAKEN_BACK = "taken back"  # its platform says so


class IssueAsker(Protocol):
    """Asks whether an issue still stands where it was."""

    async def ask(
        self, source: Source, *, url: str | None, names: Collection[str], credentials: str | None
    ) -> Standing:
        """How the issue with this address and these names stands. Raises FetchError or UnreadableError."""
        ...


class HubCaller(Protocol):
    """Speaks to WebSub hubs."""

    async def ask(self, hub_url: str, form: Mapping[str, str]) -> None:
        """Ask a hub for what the form says; that it took it is no promise yet. Raises FetchError."""
        ...


@dataclass(frozen=True, slots=True)
class Announcement:
    """All that a message about an issue is made of. told_in: the digest that tells its story again."""

    issue: Issue
    issue_key: str
    guild: Guild
    ping_role_id: int | None = None
    credits: tuple[str, ...] = ()
    poll: Poll | None = None
    told_in: IssueCard | None = None


@dataclass(frozen=True, slots=True)
class Notice:
    """A sentence to the server's staff."""

    words: Problem


@dataclass(frozen=True, slots=True)
class ReviewCard:
    """A submission as the moderators see it; `wished_name` is how its finder wants to be named, if nobody saw that."""

    submission: Submission
    wished_name: str | None = None


@dataclass(frozen=True, slots=True)
class PollCard:
    """A poll that has a message of its own."""

    poll: Poll


@dataclass(frozen=True, slots=True)
class FloodCard:
    """A reading in which most looked new, as the staff sees it."""

    flood: Flood


Matter: TypeAlias = object
"""What a message is about: one of these, or what another `Kind` of message says and its `Look` draws."""


class Announcer(Protocol):
    """Puts messages on Discord. What reaches out raises DeliveryError and its kinds (see `bot.errors`)."""

    def takes_nonces(self, delivery: Delivery) -> bool:
        """Whether sending twice within the nonce's window is once. Forum posts take no nonce."""
        ...

    async def glance(self, delivery: Delivery, *, since: datetime) -> Sent | None:
        """The delivery's message if it stands in the channel since `since`; None also where that is not shown.

        Looks through the newest 10,000 messages at most.
        """
        ...

    async def find(self, delivery: Delivery, *, since: datetime) -> Sent | None:
        """The delivery's message if it stands in the channel since `since`, else None.

        Raises ChannelClosedError where the channel's history cannot be read, so that nobody can tell.
        """
        ...

    async def send(self, delivery: Delivery, matter: Matter) -> Sent:
        """Send the message under the delivery's nonce; an announcement that is degraded in its plain form."""
        ...

    async def refresh(self, card: DeliveryRecord, matter: Matter) -> None:
        """Let the message of `card` show the matter as it is now; twice is once."""
        ...

    async def remove(self, card: DeliveryRecord) -> None:
        """Delete the message of `card`; one that somebody deleted before is gone, too."""
        ...

    async def gone_among(self, cards: Sequence[DeliveryRecord]) -> frozenset[int]:
        """Which messages of these cards, all in one channel, do not stand there any more; none where that is not shown.

        Asks for a page of the history where there are many, for no more pages than cards.
        """
        ...

    async def start_thread(self, delivery: Delivery, announcement: Announcement, *, message_id: int) -> int:
        """Start the discussion thread on the message, or find it there; its id."""
        ...

    def is_for_followers(self, delivery: Delivery, announcement: Announcement) -> bool:
        """Whether this announcement is to be published: the server wants it and the channel can be followed.

        Raises DeliveryError while Discord does not show the server, so that nobody can tell.
        """
        ...

    async def publish(self, delivery: Delivery) -> None:
        """Hand the target message on to the channels that follow; twice is once."""
        ...

    async def edit(self, delivery: Delivery) -> None:
        """Let the target message say the delivery's words and nothing else; twice is once."""
        ...

    def is_open(self, stopped: StoppedChannel) -> bool:
        """Whether what stopped the channel is mended, as far as can be seen without asking Discord."""
        ...

    def staff_channel(self, guild_id: int) -> int | None:
        """Where a server wants Discord's own notices to its staff, if it named such a channel to Discord.

        Raises DeliveryError while Discord does not show the server, so that nobody can tell.
        """
        ...


class GatewayLink(Protocol):
    """The connection to Discord's gateway."""

    def shards_connected(self) -> tuple[int, int]:
        """How many shards are connected, and of how many; of none before the first connection."""
        ...


@dataclass(frozen=True, slots=True)
class Pulse:
    """How a worker is: what broke it the last time, and when (monotonic seconds) it last gave a sign while at work.

    is_started: it waits for nothing that it needs (the servers, for what sends).
    """

    worker: str
    failure: str | None
    beat: float | None
    is_started: bool = True


class WorkersWatch(Protocol):
    """Tells how the background is."""

    @property
    def are_started(self) -> bool: ...

    def pulses(self) -> list[Pulse]: ...


class Bell(Protocol):
    """Wakes a worker that waits for work."""

    def ring(self, worker: WorkerName) -> None:
        """Let it look at once. Safe at any time, also for nothing."""
        ...
