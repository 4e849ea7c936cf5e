"""A reading that is stored in pieces, whatever stops it between two of them."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from itertools import count
from typing import cast

import pytest

from bot.errors import StoreGoneError
from bot.model.guild import FirstAnnouncement
from bot.model.issue import Issue
from bot.model.member import Act
from bot.ports import Announcement
from bot.services.announcing import news
from bot.services.reading import intake, storing
from bot.store import Store
from tests.doubles import MovedClock, QuietBell, sample_issue, sample_link
from tests.services.conftest import ADMIN, CHANNEL, GUILD, Desk
from tests.services.test_submissions import now_of, open_submissions, send

STAFF = 8500
NUMBERS = range(1, 8)


class MortalStore(Store):
    """Takes so many transactions more, where that is said, and none after them."""

    left: int | None = None

    async def commit_hook(self) -> None:
        if self.left is not None:
            self.left -= 1
            if self.left < 0:
                raise StoreGoneError("It is dead.")


@pytest.fixture(autouse=True)
def _small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(storing, "ISSUES_A_PIECE", 3)


@pytest.fixture
async def store(database_url: str, clock: MovedClock, bell: QuietBell) -> AsyncIterator[Store]:
    async with await MortalStore.open(database_url, clock=clock, bell=bell) as store:
        yield store


async def killed_everywhere(desk: Desk) -> int:
    """Read what is due in processes that die one after the other, each a transaction later; how many there were."""
    store = cast("MortalStore", desk.store)
    for deaths in count():
        store.left = deaths
        try:
            await desk.sources(alone=True).read_due()
        except StoreGoneError:
            store.left = None
            await desk.sources(alone=True).take_over()
        else:
            store.left = None
            return deaths
    raise AssertionError


async def finished(desk: Desk) -> list[str]:
    """What was announced after all is done that was left."""
    await desk.services.sources.read_due()
    await desk.services.chores.work_off()
    return await desk.titles_sent()


async def after_a_first_reading(desk: Desk, *issues: Issue) -> None:
    """With a second server, and a channel for the staff of the first."""
    await desk.services.guilds.remember(GUILD, name="Here")
    await desk.services.guilds.set_staff_channel(Act(GUILD, ADMIN, next(desk.interactions)), STAFF)
    desk.shelf.lay_out(*issues, etag="before")
    await desk.subscribe()
    await desk.services.sources.read_due()
    await finished(desk)
    desk.channel.messages.clear()
    desk.clock.move(timedelta(minutes=16))


async def test_a_first_reading_announces_the_newest_once_wherever_it_is_killed(desk: Desk) -> None:
    desk.shelf.lay_out(*(sample_issue(number) for number in reversed(NUMBERS)))
    await desk.subscribe()
    await desk.subscribe(GUILD + 1, CHANNEL + 1)
    assert await killed_everywhere(desk) > 4
    assert await finished(desk) == ["Issue number 7"] * 2
    assert len(await desk.services.issues.search_titles(GUILD, "")) == 7


async def test_each_new_issue_is_announced_and_credited_once_wherever_a_reading_is_killed(desk: Desk) -> None:
    old = [sample_issue(-number) for number in range(9)]
    await open_submissions(desk)
    submission = await send(desk)
    await after_a_first_reading(desk, *old)
    found = replace(sample_link(9), url=submission.url, key=submission.link_key)
    [section] = sample_issue(4).sections
    lucky = sample_issue(4, sections=(replace(section, links=(*section.links, found)),))
    edited = replace(old[3], title="Corrected")
    fresh = [lucky if number == 4 else sample_issue(number) for number in reversed(NUMBERS)]
    desk.shelf.lay_out(*fresh, *(edited if issue is old[3] else issue for issue in old), etag="after")
    assert await killed_everywhere(desk) > 4
    assert await finished(desk) == [f"Issue number {number}" for number in NUMBERS]
    featured = (await now_of(desk, submission)).featured
    assert featured is not None
    assert featured.title == "Issue number 4"
    [source] = (await desk.services.guilds.status(GUILD)).sources
    assert (source.etag, source.last_problem) == ("after", None)
    assert (source.issue_count, source.link_count) == (16, 16 * 3 + 1), "as much as is stored"


async def test_what_a_killed_reading_stored_is_said_to_be_on_its_way(desk: Desk) -> None:
    await after_a_first_reading(desk, *(sample_issue(-number) for number in range(9)))
    desk.shelf.lay_out(*(sample_issue(number) for number in NUMBERS), sample_issue(0))
    store = cast("MortalStore", desk.store)
    store.left = 3  # the claim, the names, a piece
    with pytest.raises(StoreGoneError):
        await desk.sources(alone=True).read_due()
    store.left = None
    said = await desk.services.explanations.why(GUILD, "https://news.example/1")
    assert [finding.message_id for finding in said] == ["why-seen", "why-on-its-way"]
    assert await desk.titles_sent() == []
    await desk.sources(alone=True).take_over()
    await finished(desk)
    assert desk.pages.asked == [], "nor does it count as missing"


async def test_a_flood_is_held_once_wherever_its_reading_is_killed(desk: Desk) -> None:
    await after_a_first_reading(desk, *(sample_issue(number) for number in range(60, 63)))
    desk.shelf.lay_out(*(sample_issue(number) for number in (*range(60, 63), *NUMBERS)))
    assert await killed_everywhere(desk) > 4
    assert await finished(desk) == []
    [flood] = (await desk.services.guilds.status(GUILD)).floods
    assert (len(flood.issue_keys), flood.newest_title) == (7, "Issue number 7")


async def test_a_newsletter_that_moved_is_the_same_wherever_its_reading_is_killed(desk: Desk) -> None:
    words = [sample_issue(number, identities=(f"guid:{number}", f"content:{number}")) for number in NUMBERS]
    await after_a_first_reading(desk, *words)
    desk.shelf.lay_out(
        *(
            replace(issue, identities=(f"guid:moved-{issue.title}", issue.identities[1]), url=None, published_at=None)
            for issue in words
        )
    )
    assert await killed_everywhere(desk) > 4
    assert await finished(desk) == []
    assert len(await desk.services.issues.search_titles(GUILD, "")) == 7


async def test_changes_beyond_what_a_reading_may_make_wait_for_the_next_one(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(storing, "MOST_CHANGES", 5)
    await after_a_first_reading(desk, *(sample_issue(number) for number in range(12)))
    edited = [sample_issue(number, title=f"Corrected {number}") for number in range(12)]
    seen = []
    for _ in range(3):
        desk.shelf.lay_out(*edited, etag="corrected")
        await desk.services.sources.read_due()
        [source] = (await desk.services.guilds.status(GUILD)).sources
        found = await desk.services.issues.search_titles(GUILD, "Corrected")
        problem = source.last_problem
        seen.append((len(found), source.etag, problem and (problem.message_id, problem.params["count"])))
        desk.clock.move(timedelta(minutes=16))
    assert seen == [
        (5, None, ("reading-edits-wait", 7)),
        (10, None, ("reading-edits-wait", 2)),
        (12, "corrected", None),
    ]
    assert await finished(desk) == []


async def told_in_part(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> list[Issue]:
    """Let a new issue come, of which two of four servers were told so far; the issues before it."""
    monkeypatch.setattr(news, "TOLD_AT_ONCE", 2)
    for place in range(1, 4):
        await desk.subscribe(GUILD + place, CHANNEL + place)
    old = [sample_issue(-number) for number in range(3)]
    await after_a_first_reading(desk, *old)
    desk.shelf.lay_out(sample_issue(1), *old)
    await desk.services.sources.read_due()
    return old


async def test_a_change_while_servers_are_told_reaches_those_that_were_told_before(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = await told_in_part(desk, monkeypatch)
    assert await desk.titles_sent() == ["Issue number 1"] * 2, "the chore has the others"
    desk.shelf.lay_out(sample_issue(1, title="Corrected"), *old)
    await desk.read()
    await finished(desk)
    shown = [matter.issue.title for _, matter in desk.channel.refreshed if isinstance(matter, Announcement)]
    assert shown.count("Corrected") >= 2
    assert len(desk.channel.messages) == 4


async def test_who_wants_nothing_at_first_is_not_told_of_what_was_stored_before(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = await told_in_part(desk, monkeypatch)
    desk.clock.move(timedelta(seconds=1))
    desk.first = FirstAnnouncement.NONE
    await desk.subscribe(GUILD + 9, CHANNEL + 9)
    assert await finished(desk) == ["Issue number 1"] * 4
    desk.shelf.lay_out(sample_issue(2), sample_issue(1), *old)
    await desk.read()
    assert (await finished(desk)).count("Issue number 2") == 5


async def test_what_members_sent_is_noted_a_portion_a_piece_and_the_rest_later(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(intake, "PORTION", 1)
    await open_submissions(desk)
    sent = [await send(desk, f"https://found.example/{number}") for number in (1, 2)]
    await after_a_first_reading(desk, sample_issue(0))
    fresh = []
    for number, each in enumerate(sent, 1):
        [section] = sample_issue(number).sections
        found = replace(sample_link(1), url=each.url, key=each.link_key)
        fresh.append(sample_issue(number, sections=(replace(section, links=(found,)),)))
    desk.shelf.lay_out(*fresh[::-1], sample_issue(0))
    await desk.services.sources.read_due()
    assert [(await now_of(desk, each)).featured is not None for each in sent].count(True) == 1
    await desk.services.chores.work_off()
    assert all([(await now_of(desk, each)).featured is not None for each in sent])
