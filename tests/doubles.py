"""Stand-ins for the edge of the bot (never for its own rules), and samples to feed it."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from bot.errors import PressroomError
from bot.model.delivery import Delivery
from bot.model.guild import Source
from bot.model.issue import Image, Issue, IssuePoll, Link, Section
from bot.ports import Announcement, Reading

NOON = datetime(2026, 11, 9, 12, 0, tzinfo=UTC)


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


class QuietBell:
    """Remembers who was rung."""

    def __init__(self) -> None:
        self.rung: list[str] = []

    def ring(self, worker: str) -> None:
        self.rung.append(worker)


class Shelf:
    """An issue source whose content the test lays out; `answer` may be an error to raise or None for "unchanged"."""

    def __init__(self, *issues: Issue) -> None:
        self.answer: Reading | PressroomError | Exception | None = Reading(title="The Sample", issues=issues)
        self.asked: list[Source] = []
        self.credentials: list[str | None] = []

    def lay_out(self, *issues: Issue, etag: str | None = None) -> None:
        self.answer = Reading(title="The Sample", issues=issues, etag=etag)

    async def read(self, source: Source, *, credentials: str | None) -> Reading | None:
        self.asked.append(source)
        self.credentials.append(credentials)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


class Channel:
    """A channel that keeps what is sent, refuses when told to, and knows nonces as Discord does."""

    def __init__(self) -> None:
        self.messages: dict[int, tuple[Delivery, Announcement]] = {}
        self.threads: list[int] = []
        self.fail_with: PressroomError | None = None
        self.lose_answer = False
        self.lose_answer_as: BaseException | None = None
        self.searches = 0
        self.sent = asyncio.Event()
        self.nonces_are_remembered = True
        self.before_send: Callable[[], None] = lambda: None

    async def send(self, delivery: Delivery, announcement: Announcement) -> int:
        self.before_send()
        if self.fail_with is not None:
            raise self.fail_with
        for message_id, (earlier, _) in self.messages.items():
            if self.nonces_are_remembered and earlier.nonce == delivery.nonce:
                return message_id
        message_id = 1000 + len(self.messages)
        self.messages[message_id] = (delivery, announcement)
        self.sent.set()
        if self.lose_answer:
            raise asyncio.CancelledError  # as when the process stops before it hears
        if self.lose_answer_as is not None:
            raise self.lose_answer_as
        return message_id

    async def find(self, delivery: Delivery, *, since: datetime) -> int | None:
        assert since <= delivery.first_attempt_at
        self.searches += 1
        return next((key for key, (sent, _) in self.messages.items() if sent.nonce == delivery.nonce), None)

    async def start_thread(self, delivery: Delivery, announcement: Announcement, *, message_id: int) -> int:
        if message_id not in self.threads:
            self.threads.append(message_id)
        return message_id


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
