"""Stand-ins for the edge of the bot (never for its own rules), and samples to feed it."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping, Sequence
from datetime import UTC, datetime, timedelta

from bot.errors import DeliveryError, DeliveryRefusedError, KeyNeededError, PressroomError, UnreadableError
from bot.model.delivery import Delivery, DeliveryRecord, Sent, StoppedChannel
from bot.model.guild import Source
from bot.model.issue import Image, Issue, IssuePoll, Link, Section
from bot.model.worker import WorkerName
from bot.ports import Announcement, Matter, Notice, Reading, Standing, Unchanged

NOON = datetime(2026, 11, 9, 12, 0, tzinfo=UTC)


async def sent(body: bytes) -> AsyncIterator[bytes]:
    """A body as it comes over the wire."""
    yield body


def everywhere(_channel_id: int | None) -> bool:
    """Whoever votes sees every channel."""
    return True


class MovedClock:
    """Stands still until a test moves it."""

    def __init__(self, now: datetime = NOON) -> None:
        self._now = now
        self._passed = timedelta()
        self._moved = asyncio.Event()

    def now(self) -> datetime:
        return self._now

    def monotonic(self) -> float:
        return self._passed.total_seconds()

    def set_back(self, by: timedelta) -> None:
        """Change what the clock says although no time has passed."""
        self._now -= by

    def move(self, by: timedelta) -> None:
        """Let time pass."""
        self._now += by
        self._passed += by
        self._moved.set()
        self._moved = asyncio.Event()

    async def sleep_until(self, moment: datetime) -> None:
        while self._now < moment:
            await self._moved.wait()


class MovableClock:
    """The machine's clock, from the beginning so far ahead of it, put forward or back by the test."""

    def __init__(self, ahead: timedelta = timedelta()) -> None:
        self._offset = ahead
        self._passed = timedelta()
        self._moved = asyncio.Event()

    def now(self) -> datetime:
        return datetime.now(UTC) + self._offset

    def monotonic(self) -> float:
        return time.monotonic() + self._passed.total_seconds()

    def move(self, by: timedelta) -> None:
        """Let time pass."""
        self._passed += by
        self.jump(by)

    def jump(self, by: timedelta) -> None:
        """Change what the clock says although no time has passed."""
        self._offset += by
        self._moved.set()

    async def sleep_until(self, moment: datetime) -> None:
        while (remaining := (moment - self.now()).total_seconds()) > 0:
            self._moved.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(remaining):
                    await self._moved.wait()


class QuietBell:
    """Remembers who was rung."""

    def __init__(self) -> None:
        self.rung: list[WorkerName] = []

    def ring(self, worker: WorkerName) -> None:
        self.rung.append(worker)


class Shelf:
    """An issue source whose content the test lays out; `answer` may also be an error to raise."""

    def __init__(self, *issues: Issue) -> None:
        self.answer: Reading | Unchanged | Exception = Reading(title="The Sample", issues=issues)
        self.asked: list[Source] = []
        self.feeds: list[str] = []
        self.pages: set[str] = set()
        """Addresses of web pages, and the feeds that these name."""
        self.answers: dict[str, Reading | PressroomError] = {}
        """What single addresses answer instead of `answer`."""
        self.credentials: list[str | None] = []
        self.keys: dict[str, str] = {}
        """Addresses that give nothing without these keys."""
        self.meanwhile: Callable[[], Awaitable[None]] | None = None
        """What happens while it is being read."""
        self.is_read: dict[str, asyncio.Event] = {}
        """For addresses: when they are read, and not only looked at for whoever adds them."""

    def lay_out(self, *issues: Issue, etag: str | None = None) -> None:
        self.answer = Reading(title="The Sample", issues=issues, etag=etag)

    async def find_feeds(self, url: str, *, credentials: str | None, asked_by: int | None = None) -> list[str]:
        return self.feeds

    async def addresses_for(self, guild_id: int) -> list[str]:
        return []

    async def read(
        self, source: Source, *, credentials: str | None, asked_by: int | None = None
    ) -> Reading | Unchanged:
        self.asked.append(source)
        if source.source_id and source.url in self.is_read:
            self.is_read[source.url].set()
        elif self.meanwhile is not None:
            await self.meanwhile()
        if source.url in self.pages:
            raise UnreadableError("unreadable-page")
        if self.keys.get(source.url, credentials) != credentials:
            raise KeyNeededError("beehiiv-key-refused" if credentials else "beehiiv-no-key")
        self.credentials.append(credentials)
        answer = self.answers.get(source.url, self.answer)
        if isinstance(answer, Exception):
            raise answer
        return answer


class AskedPages:
    """Where absent issues are asked for: answers by their addresses, or that nothing is known."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.answers: dict[str, Standing | Exception] = {}
        self.meanwhile: Callable[[], Awaitable[None]] | None = None

    async def ask(
        self, source: Source, *, url: str | None, names: Collection[str], credentials: str | None
    ) -> Standing:
        assert url is not None
        self.asked.append(url)
        if self.meanwhile is not None:
            await self.meanwhile()
        answer = self.answers.get(url, Standing.UNKNOWN)
        if isinstance(answer, Exception):
            raise answer
        return answer


class AskedHub:
    """A WebSub hub as the bot speaks to it: keeps what it was asked for, or refuses."""

    def __init__(self) -> None:
        self.forms: list[tuple[str, dict[str, str]]] = []
        self.before_it_answers: Callable[[dict[str, str]], Awaitable[None]] | None = None
        self.dies = False
        self.fail_with: PressroomError | None = None

    async def ask(self, hub_url: str, form: Mapping[str, str]) -> None:
        self.forms.append((hub_url, dict(form)))
        if self.before_it_answers is not None:
            await self.before_it_answers(dict(form))
        if self.dies:
            raise asyncio.CancelledError  # as when the process stops before it hears
        if self.fail_with is not None:
            raise self.fail_with


class Channel:
    """Discord's channels: keep what is sent, refuse when told to, and know nonces as Discord does."""

    def __init__(self) -> None:
        self.messages: dict[int, tuple[Delivery, Announcement]] = {}
        self.notices: list[Delivery] = []
        self.cards: dict[int, tuple[Delivery, Matter]] = {}
        self.refreshed: list[tuple[int, Matter]] = []
        self.removed: list[int] = []
        self.deleted: set[int] = set()
        """Cards that somebody deleted: nobody changes them any more, nor does a look find them."""
        self.looks: list[list[int]] = []
        self.threads: list[int] = []
        self.published: list[int] = []
        self.edited: dict[int, str] = {}
        self.fail_with: PressroomError | None = None
        self.fail_in: dict[int, PressroomError] = {}  # by channel
        self.plain_is_fine = False
        self.lose_answer = False
        self.lose_answer_as: BaseException | None = None
        self.searches = 0
        self.glances = 0
        self.sent = asyncio.Event()
        self.nonces_are_remembered = True
        self.is_forum = False
        self.for_followers = False
        self.mended: set[int] = set()
        self.updates_channel: int | None = None
        self.knows_servers = True
        self.before_send: Callable[[], None] = lambda: None
        self.after_send: Callable[[], Awaitable[None]] | None = None

    def takes_nonces(self, delivery: Delivery) -> bool:
        return not self.is_forum

    async def send(self, delivery: Delivery, matter: Matter) -> Sent:
        if not isinstance(matter, Announcement):
            return self._send_card(delivery, matter)
        self.before_send()
        error = self.fail_in.get(delivery.channel_id, self.fail_with)
        is_plain = delivery.degraded and self.plain_is_fine
        if error is not None and not (isinstance(error, DeliveryRefusedError) and is_plain):
            raise error
        for message_id, (earlier, _) in self.messages.items():
            if self.nonces_are_remembered and not self.is_forum and earlier.nonce == delivery.nonce:
                return Sent(message_id)
        message_id = 1000 + len(self.messages)
        self.messages[message_id] = (delivery, matter)
        self.sent.set()
        if self.lose_answer:
            raise asyncio.CancelledError  # as when the process stops before it hears
        if self.lose_answer_as is not None:
            raise self.lose_answer_as
        if self.after_send is not None:
            await self.after_send()
        return Sent(message_id, thread_id=message_id if self.is_forum else None, is_post=self.is_forum)

    def _send_card(self, delivery: Delivery, matter: Matter) -> Sent:
        if delivery.channel_id in self.fail_in:
            raise self.fail_in[delivery.channel_id]
        if isinstance(matter, Notice):
            self.notices.append(delivery)
            return Sent(5000 + len(self.notices))
        for message_id, (earlier, _) in self.cards.items():
            if self.nonces_are_remembered and earlier.nonce == delivery.nonce:
                return Sent(message_id)
        message_id = 7000 + len(self.cards)
        self.cards[message_id] = (delivery, matter)
        return Sent(message_id)

    async def refresh(self, card: DeliveryRecord, matter: Matter) -> None:
        assert card.message_id is not None
        if card.channel_id in self.fail_in:
            raise self.fail_in[card.channel_id]
        if card.message_id in self.deleted:
            raise DeliveryRefusedError("delivery-message-gone")
        self.refreshed.append((card.message_id, matter))

    async def remove(self, card: DeliveryRecord) -> None:
        assert card.message_id is not None
        if card.channel_id in self.fail_in:
            raise self.fail_in[card.channel_id]
        self.cards.pop(card.message_id, None)
        self.removed.append(card.message_id)

    async def gone_among(self, cards: Sequence[DeliveryRecord]) -> frozenset[int]:
        assert len({card.channel_id for card in cards}) == 1
        self.looks.append([card.message_id or 0 for card in cards])
        if cards[0].channel_id in self.fail_in:
            raise self.fail_in[cards[0].channel_id]
        return frozenset(card.message_id for card in cards if card.message_id and card.message_id in self.deleted)

    async def glance(self, delivery: Delivery, *, since: datetime) -> Sent | None:
        self.glances += 1
        return self._standing(delivery)

    async def find(self, delivery: Delivery, *, since: datetime) -> Sent | None:
        assert delivery.doubt_since is not None
        assert since <= delivery.doubt_since
        self.searches += 1
        return self._standing(delivery)

    async def start_thread(self, delivery: Delivery, announcement: Announcement, *, message_id: int) -> int:
        if message_id not in self.threads:
            self.threads.append(message_id)
        return message_id

    def is_for_followers(self, delivery: Delivery, announcement: Announcement) -> bool:
        return self.for_followers

    async def publish(self, delivery: Delivery) -> None:
        assert delivery.target_id is not None
        self.published.append(delivery.target_id)

    async def edit(self, delivery: Delivery) -> None:
        assert delivery.target_id is not None
        assert delivery.words is not None
        self.edited[delivery.target_id] = delivery.words.message_id

    def is_open(self, stopped: StoppedChannel) -> bool:
        return stopped.channel_id in self.mended

    def staff_channel(self, guild_id: int) -> int | None:
        if not self.knows_servers:
            raise DeliveryError("delivery-server-unavailable")
        return self.updates_channel

    def _standing(self, delivery: Delivery) -> Sent | None:
        standing = [(key, sent) for messages in (self.messages, self.cards) for key, (sent, _) in messages.items()]
        found = (key for key, sent in standing if sent.nonce == delivery.nonce)
        return next((Sent(key, thread_id=key if self.is_forum else None, is_post=self.is_forum) for key in found), None)


def sample_link(number: int = 1, *, section: str | None = "Tools", sponsored: bool = False) -> Link:
    return Link(
        url=f"https://example.com/{number}",
        key=f"example.com/{number}",
        title=f"Thing number {number}",
        text="link",
        section=section,
        excerpt=f"A thing with the number {number}.",
        sponsored=sponsored,
    )


def sample_issue(number: int = 1, *, links: int = 3, **changes: object) -> Issue:
    """An issue like any other; `number` also dates it."""
    values: dict[str, object] = {
        "title": f"Issue number {number}",
        "identities": (f"guid:{number}", f"link:news.example/{number}"),
        "url": f"https://news.example/{number}",
        "subtitle": "Something about paper",
        "topics": ("Paper", "Ink"),
        "authors": ("Ada Printer",),
        "published_at": NOON - timedelta(days=100) + timedelta(days=number),
        "image_url": f"https://news.example/{number}.png",
        "sections": (Section("Tools", tuple(sample_link(place) for place in range(1, links + 1))),),
        "images": (Image(f"https://news.example/{number}.png", alt="A press", caption="Printed by hand"),),
        "polls": (IssuePoll("How was it?", ("Good", "Bad")),),
    }
    values.update(changes)
    return Issue(**values)  # type: ignore[arg-type]
