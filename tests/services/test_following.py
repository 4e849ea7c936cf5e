"""Opaque links: when they are asked where they lead, how often, and what is stored of it."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.errors import FetchError
from bot.model.issue import Issue, Section
from bot.model.member import Act
from bot.ports import Reading
from bot.services.reading.following import MOST_AT_ONCE
from bot.store import sources as source_rows
from tests.doubles import sample_issue, sample_link
from tests.services.conftest import ADMIN, CHANNEL, FEED, GUILD, Desk


class Signpost:
    """Leads every address to a page of the same name, unless the test says otherwise."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.is_dark = False

    async def follow(self, address: str) -> str | None:
        self.asked.append(address)
        if self.is_dark:
            raise FetchError("fetch-unreachable", host="t.co")
        return f"https://paper.example/{address.rpartition('/')[2]}"


class Allowed:
    """A desk whose operator allows to follow links; its server reads FEED."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.signpost = Signpost()
        self.sources = desk.sources(follower=self.signpost)

    async def begin(self, *issues: Issue) -> None:
        self.desk.shelf.answer = Reading(title="The Sample", issues=issues, etag='"1"')
        await self.desk.services.guilds.remember(GUILD, name="Allowed")
        await self.desk.services.subscriptions.subscribe(
            Act(GUILD, ADMIN, next(self.desk.interactions)), url=FEED, channel_id=CHANNEL
        )
        await self.sources.read_due()

    async def read(self) -> None:
        self.desk.clock.move(timedelta(minutes=16))
        await self.sources.read_due()

    async def keys(self) -> list[str]:
        return [link.key for link in (await self.desk.services.issues.latest(GUILD)).issue.links]

    async def etag(self) -> str | None:
        async with self.desk.store.read() as transaction:
            return (await source_rows.all_sources(transaction))[0].etag


@pytest.fixture
async def allowed(desk: Desk) -> Allowed:
    return Allowed(desk)


def opaque(number: int, *names: str) -> Issue:
    links = tuple(replace(sample_link(), url=f"https://t.co/{name}", key=f"t.co/{name}") for name in names)
    return sample_issue(number, sections=(Section("News", links),))


async def test_links_are_stored_as_they_lead_on_and_asked_once(allowed: Allowed) -> None:
    await allowed.begin(opaque(1, "aaa", "bbb", "aaa"))
    assert await allowed.keys() == ["paper.example/aaa", "paper.example/bbb", "paper.example/aaa"]
    for _ in range(3):
        await allowed.read()
    assert allowed.signpost.asked == ["https://t.co/aaa", "https://t.co/bbb"]
    assert await allowed.etag() == '"1"'


async def test_without_leave_nothing_is_asked(desk: Desk) -> None:
    desk.shelf.lay_out(opaque(1, "aaa"))
    await desk.subscribe()
    await desk.services.sources.read_due()
    assert [link.key for link in (await desk.services.issues.latest(GUILD)).issue.links] == ["t.co/aaa"]


async def test_what_is_left_over_is_asked_at_the_next_reading(allowed: Allowed) -> None:
    names = [f"name{number}" for number in range(MOST_AT_ONCE + 5)]
    await allowed.begin(opaque(1, *names))
    assert len(allowed.signpost.asked) == MOST_AT_ONCE
    assert await allowed.etag() is None, "else the source would say that nothing changed"
    await allowed.read()
    assert len(allowed.signpost.asked) == len(names)
    assert await allowed.keys() == [f"paper.example/{name}" for name in names]
    assert await allowed.etag() == '"1"'


async def test_what_is_not_told_is_asked_again_on_other_days_and_then_no_more(allowed: Allowed) -> None:
    allowed.signpost.is_dark = True
    await allowed.begin(opaque(1, "aaa"))
    await allowed.read()
    assert len(allowed.signpost.asked) == 1
    for _ in range(6):
        allowed.desk.clock.move(timedelta(days=1))
        await allowed.read()
    assert len(allowed.signpost.asked) == 3
    assert await allowed.keys() == ["t.co/aaa"]


async def test_a_page_is_found_in_the_issue_that_names_it_behind_a_shortener(allowed: Allowed) -> None:
    await allowed.begin(opaque(1, "aaa"))
    findings = await allowed.desk.services.explanations.why(GUILD, "https://www.paper.example/aaa?utm_source=x")
    assert findings[0].message_id == "why-link"
