"""What one server lets be stored is bounded, by the day and newsletter and in all, and leaves when it is not read."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

import pytest
from sqlalchemy import func, insert, select, text

from bot.errors import FetchError
from bot.importing import import_issues
from bot.model.issue import Issue
from bot.model.member import Act
from bot.model.submission import SubmissionState
from bot.services import Guilds, Sources
from bot.services.building import KINDS
from bot.services.delivery.portions import PORTION
from bot.services.reading.quotas import Quotas
from bot.services.retention import UNREAD_DAYS, Retention
from bot.settings import Settings
from bot.store import Store
from bot.store.tables import issue_identities, issues, left_sources, links, media, sections, sources, submissions
from sandbox import Sandbox
from tests.doubles import MovedClock, QuietBell, sample_issue, sample_link
from tests.services.conftest import ADMIN, FEED, GUILD, Desk, desk
from tests.services.full import CountingStore
from tests.services.test_submissions import approve, now_of, open_submissions, send

__all__ = ["desk"]

MUCH = Quotas(issues_a_day=1_000, links_a_day=1_000, issues_of_a_server=2_000, links_of_a_server=1_000)


@pytest.fixture
async def store(database_url: str, clock: MovedClock, bell: QuietBell) -> AsyncIterator[Store]:
    async with await CountingStore.open(database_url, clock=clock, bell=bell) as store:
        yield store


async def stored(desk: Desk) -> tuple[int, int]:
    """How many issues and links there are."""
    async with desk.store.read() as transaction:
        counts = [
            (await transaction.execute(select(func.count()).select_from(table))).scalar_one()
            for table in (issues, links)
        ]
    return counts[0], counts[1]


async def read(desk: Desk, reading: Sources, *numbers: int, **changes: Any) -> tuple[tuple[int, int], str | None]:
    """Let the newsletter list these, each with three links; what is stored then, and what is said of it."""
    desk.shelf.lay_out(*(sample_issue(number, **changes) for number in numbers), etag="new")
    desk.clock.move(timedelta(minutes=16))
    await reading.read_due()
    [source] = (await desk.services.guilds.status(GUILD)).sources
    said = None if source.last_problem is None else source.last_problem.message_id
    assert (source.etag is None) == (said in {"reading-new-waits", "reading-edits-wait", "reading-no-room"})
    return await stored(desk), said


@pytest.mark.parametrize("quotas", [replace(MUCH, issues_a_day=4), replace(MUCH, links_a_day=14)])
async def test_of_one_newsletter_so_much_is_stored_a_day_and_the_older_issues_follow_in_silence(
    desk: Desk, quotas: Quotas
) -> None:
    reading = desk.sources(quotas=quotas)
    older = range(-1, -10, -1)
    await desk.subscribe()
    assert await read(desk, reading, 5, 4, 3, 2, 1, 0, *older) == ((4, 12), "reading-new-waits")
    assert await desk.titles_sent() == ["Issue number 5"]
    asked = len(desk.shelf.asked)
    assert await read(desk, reading, 6, 5, 4, 3, 2, 1, 0, *older) == ((4, 12), "reading-new-waits"), (
        "the day is not over"
    )
    assert len(desk.shelf.asked) == asked, "what comes whole each time is left alone until then"
    desk.clock.move(timedelta(days=1))
    assert await read(desk, reading, 6, 5, 4, 3, 2, 1, 0, *older) == ((8, 24), "reading-new-waits")
    desk.clock.move(timedelta(days=1))
    assert await read(desk, reading, 7, 6, 5, 4, 3, 2, 1, 0, *older) == ((12, 36), "reading-new-waits")
    assert await desk.titles_sent() == ["Issue number 5", "Issue number 6", "Issue number 7"]
    assert (await desk.services.guilds.status(GUILD)).floods == ()


async def test_an_archive_with_room_for_fewer_issues_than_a_day_is_not_called_full_before_it_is(desk: Desk) -> None:
    reading = desk.sources(quotas=replace(MUCH, issues_a_day=5, links_a_day=9, issues_of_a_server=4))
    await desk.subscribe()
    assert await read(desk, reading, 5, 4, 3, 2, 1) == ((3, 9), "reading-new-waits"), "the day has no more links"
    desk.clock.move(timedelta(days=1))
    assert await read(desk, reading, 5, 4, 3, 2, 1) == ((4, 12), "reading-no-room")


async def test_a_newsletter_that_changes_everything_all_day_is_not_stored_anew_each_time(desk: Desk) -> None:
    reading = desk.sources(quotas=replace(MUCH, links_a_day=40))
    await desk.subscribe()
    assert await read(desk, reading, 3, 2, 1) == ((3, 9), None)
    assert await read(desk, reading, 3, 2, 1, title="Changed") == ((3, 9), None)
    assert await read(desk, reading, 3, 2, 1, title="Again") == ((3, 9), "reading-edits-wait")
    [source] = (await desk.services.guilds.status(GUILD)).sources
    assert source.stored_links <= 20
    await desk.titles_sent()
    assert (await read(desk, reading, 5, 4, 3, 2, 1, title="Again"))[0] == (5, 15), "new ones need not wait for that"
    assert len(await desk.titles_sent()) == 3


async def test_news_for_which_a_day_had_no_room_are_told_the_next_day_whatever_they_are_dated(desk: Desk) -> None:
    def undated(*numbers: int) -> list[Issue]:
        return [sample_issue(number, published_at=None) for number in numbers]

    reading = desk.sources(quotas=replace(MUCH, issues_a_day=4))
    desk.shelf.lay_out(*undated(3, 2, 1))
    await desk.subscribe()
    for numbers in ((3, 2, 1), (5, 4, 3, 2, 1), (6, 5, 4, 3, 2, 1)):
        desk.shelf.lay_out(*undated(*numbers))
        desk.clock.move(timedelta(minutes=16))
        await reading.read_due()
    assert await desk.titles_sent() == ["Issue number 3", "Issue number 4"]
    desk.clock.move(timedelta(days=1))
    await reading.read_due()
    assert await desk.titles_sent() == [f"Issue number {number}" for number in (3, 4, 5, 6)]


async def test_what_a_day_had_no_room_for_is_told_later_if_it_would_have_been_told_then(desk: Desk) -> None:
    reading = desk.sources(quotas=replace(MUCH, issues_a_day=4))
    desk.shelf.lay_out(*(sample_issue(number) for number in (3, 2, 1)))
    await desk.subscribe()
    await reading.read_due()
    undated, back_dated = (
        sample_issue(20, published_at=None),
        sample_issue(21, published_at=sample_issue(0).published_at),
    )
    for pause in (timedelta(minutes=16), timedelta(days=1)):
        desk.shelf.lay_out(undated, sample_issue(4), sample_issue(3), sample_issue(2), sample_issue(1), back_dated)
        desk.clock.move(pause)
        await reading.read_due()
    assert await desk.titles_sent() == ["Issue number 3", "Issue number 4", "Issue number 21", "Issue number 20"]


async def test_an_old_archive_is_a_flood_however_little_of_it_has_room_at_once(desk: Desk) -> None:
    reading = desk.sources(quotas=replace(MUCH, issues_a_day=4))
    desk.shelf.lay_out(*(sample_issue(number) for number in (12, 11, 10)))
    await desk.subscribe()
    await reading.read_due()
    desk.shelf.lay_out(*(sample_issue(number) for number in range(13)))
    for pause in (timedelta(minutes=16), timedelta(days=1), timedelta(days=1), timedelta(days=1)):
        desk.clock.move(pause)
        await reading.read_due()
    assert (await stored(desk))[0] == 13
    assert await desk.titles_sent() == ["Issue number 12"]
    [flood] = (await desk.services.guilds.status(GUILD)).floods
    assert flood.listed == 13


@pytest.mark.parametrize("fails", [False, True])
async def test_who_sends_a_link_of_an_issue_that_waits_is_not_its_finder(desk: Desk, *, fails: bool) -> None:
    await open_submissions(desk)
    reading = desk.sources(quotas=replace(MUCH, issues_a_day=1))
    await desk.subscribe()
    await read(desk, reading, 1)
    submission = await send(desk)
    found = replace(sample_link(1), url=submission.url, key=submission.link_key)
    [section] = sample_issue(2).sections
    later = sample_issue(2, sections=(replace(section, links=(found,)),))
    desk.shelf.lay_out(later, sample_issue(1))
    for pause in (timedelta(minutes=16), timedelta(minutes=16)):
        desk.clock.move(pause)
        await reading.read_due()
    desk.clock.move(timedelta(days=1))
    if fails:
        desk.shelf.answer = FetchError("fetch-status", status=500)
        await reading.read_due()
        desk.clock.move(timedelta(hours=1))
        desk.shelf.lay_out(later, sample_issue(1))
    await reading.read_due()
    assert (await stored(desk))[0] == 2
    assert (await now_of(desk, submission)).featured is None


@pytest.mark.parametrize("crowd", [1, PORTION + 2])
async def test_who_found_a_link_of_an_issue_without_room_for_its_links_is_credited(desk: Desk, crowd: int) -> None:
    await open_submissions(desk)
    reading = desk.sources(quotas=replace(MUCH, links_of_a_server=4))
    await desk.subscribe()
    await read(desk, reading, 1)
    submission = await send(desk)
    async with desk.store.write() as transaction:
        sent = {"guild_id": GUILD, "url": submission.url, "link_key": submission.link_key, "key_version": 1, "note": ""}
        others = [
            {**sent, "submission_key": f"by{who}".ljust(26, "x"), "finder_id": 1_000 + who, "state": "withdrawn"}
            for who in range(1, crowd)
        ]
        if others:
            await transaction.execute(insert(submissions), [{**each, "sent_at": desk.clock.now()} for each in others])
    found = replace(sample_link(1), url=submission.url, key=submission.link_key)
    [section] = sample_issue(2).sections
    desk.shelf.lay_out(sample_issue(2, sections=(replace(section, links=(sample_link(8), found)),)), sample_issue(1))
    desk.clock.move(timedelta(minutes=16))
    await reading.read_due()
    await desk.services.chores.work_off()
    assert await stored(desk) == (2, 3)
    featured = (await now_of(desk, submission)).featured
    assert featured is not None
    assert (featured.title, featured.place) == ("Issue number 2", 2)
    async with desk.store.read() as transaction:
        ran = await transaction.execute(select(func.count()).where(submissions.c.featured_place == 2))
        assert ran.scalar_one() == crowd


async def test_a_server_whose_archive_is_full_is_told_of_new_issues_and_keeps_no_more_links(desk: Desk) -> None:
    quotas = replace(MUCH, links_of_a_server=7, issues_of_a_server=4)
    reading = desk.sources(quotas=quotas)
    desk.shelf.lay_out(sample_issue(1))
    await desk.subscribe()
    assert await read(desk, reading, 2, 1) == ((2, 6), None)
    assert await read(desk, reading, 3, 2, 1) == ((3, 6), "reading-no-room-for-links")
    assert await desk.titles_sent() == ["Issue number 2", "Issue number 3"]
    changed = ((3, 6), "reading-no-room-for-links")
    assert await read(desk, reading, 3, 2, 1, title="Changed") == changed, "what is there may change"
    assert len(await desk.services.issues.search_titles(GUILD, "Changed")) == 3
    assert (await read(desk, reading, 6, 5, 4))[0] == (4, 6)
    [source] = (await desk.services.guilds.status(GUILD)).sources
    assert source.last_problem is not None
    assert (source.last_problem.message_id, source.last_problem.params) == ("reading-no-room", {"count": 2})
    asked = len(desk.shelf.asked)
    await read(desk, reading, 6, 5, 4)
    assert len(desk.shelf.asked) == asked
    desk.clock.move(timedelta(hours=6))
    assert (await read(desk, reading, 6, 5, 4))[1] == "reading-no-room"
    assert len(desk.shelf.asked) == asked + 1
    status = await Guilds(desk.store, quotas=quotas).status(GUILD)
    assert (status.share.issues, status.share.links, status.quotas) == (4, 6, quotas)
    await desk.subscribe(GUILD + 1)
    shared = await desk.services.guilds.status(GUILD)
    assert (shared.share.issues, shared.share.links) == (2, 3), "two servers have half of it each"


async def test_what_a_server_lets_go_stays_on_its_share_until_it_is_deleted_or_read_elsewhere(desk: Desk) -> None:
    async def shares() -> list[int]:
        return [(await desk.services.guilds.status(guild_id)).share.issues for guild_id in (GUILD, GUILD + 1)]

    await desk.services.guilds.remember(GUILD + 1, name="Other")
    desk.shelf.lay_out(*(sample_issue(number) for number in range(3)))
    await desk.subscribe()
    await desk.services.sources.read_due()
    await unsubscribed(desk)
    assert await shares() == [3, 0]
    await desk.subscribe(GUILD + 1)
    assert await shares() == [0, 3]
    await desk.subscribe()
    await unsubscribed(desk)
    retention = Retention(desk.store, clock=desk.clock, kinds=KINDS)
    assert await shares() == [0, 3]
    [source] = (await desk.services.guilds.status(GUILD + 1)).sources
    await desk.services.subscriptions.unsubscribe(Act(GUILD + 1, ADMIN, next(desk.interactions)), source.source_id)
    assert await shares() == [0, 3], "the last one has it"
    await retention.clear()
    desk.clock.move(timedelta(days=UNREAD_DAYS + 1))
    await retention.clear()
    assert await shares() == [0, 0]
    async with desk.store.read() as transaction:
        assert (await transaction.execute(select(func.count()).select_from(left_sources))).scalar_one() == 0


async def unsubscribed(desk: Desk) -> None:
    [source] = (await desk.services.guilds.status(GUILD)).sources
    await desk.services.subscriptions.unsubscribe(Act(GUILD, ADMIN, next(desk.interactions)), source.source_id)


async def unread_but_for_a_day(desk: Desk) -> Retention:
    """Let a server read a newsletter once and let it go, and the time in which it is kept be over tomorrow."""
    await desk.subscribe()
    await desk.services.sources.read_due()
    await unsubscribed(desk)
    retention = Retention(desk.store, clock=desk.clock, kinds=KINDS)
    await retention.clear()
    desk.clock.move(timedelta(days=UNREAD_DAYS - 1))
    return retention


def with_links(number: int) -> Issue:
    [section] = sample_issue(number).sections
    found = tuple(sample_link(100 * number + place) for place in range(90))
    return sample_issue(number, sections=(replace(section, links=found),))


async def test_what_no_server_reads_goes_after_its_time_in_portions(desk: Desk) -> None:
    desk.shelf.lay_out(*(with_links(number) for number in range(1, 10)))
    retention = await unread_but_for_a_day(desk)
    await retention.clear()
    assert await stored(desk) == (9, 810)
    await desk.subscribe()  # its time begins anew
    await unsubscribed(desk)
    await retention.clear()
    desk.clock.move(timedelta(days=2))
    await retention.clear()
    assert await stored(desk) == (9, 810)
    desk.clock.move(timedelta(days=UNREAD_DAYS))
    written = cast("CountingStore", desk.store).written
    written.clear()
    await retention.clear()
    assert max(written) < 3_000
    assert await stored(desk) == (0, 0)
    async with desk.store.read() as transaction:
        for table in (sources, issue_identities):
            assert (await transaction.execute(select(func.count()).select_from(table))).scalar_one() == 0
    await desk.subscribe()
    await desk.services.sources.read_due()
    assert (await stored(desk))[0] == 9, "it can be added again"


async def test_what_is_deleted_gives_its_room_to_what_comes_after_it(desk: Desk) -> None:
    """On SQLite the file stays as large; PostgreSQL cleans its tables up by itself, where no row is left."""
    theirs = [issues, issue_identities, sections, links, media, sources, left_sources]
    pages: list[int] = []

    async def look() -> int:
        async with desk.store.read() as transaction:
            if desk.store.dialect == "sqlite":
                pages.append((await transaction.execute(text("PRAGMA page_count"))).scalar_one())
            left = [(await transaction.execute(select(func.count()).select_from(each))).scalar_one() for each in theirs]
            return sum(left)

    await look()
    for first in range(0, 60, 10):
        desk.shelf.lay_out(*(with_links(number) for number in range(first, first + 10)))
        retention = await unread_but_for_a_day(desk)
        assert await look() > 10 * 90
        desk.clock.move(timedelta(days=2))
        await retention.clear()
        assert await look() == 0
    if pages:
        assert pages[-1] - pages[0] < 3 * (pages[1] - pages[0]), f"six documents as large as the first: {pages}"


async def test_an_issue_in_which_a_members_link_ran_stays_with_it(desk: Desk) -> None:
    await open_submissions(desk)
    submission = await send(desk)
    await approve(desk, submission)
    found = replace(sample_link(1), url=submission.url, key=submission.link_key)
    [section] = sample_issue(1).sections
    ran = sample_issue(200, sections=(replace(section, links=(found,)),))
    desk.shelf.lay_out(sample_issue(1))
    await desk.subscribe()
    await desk.services.sources.read_due()
    desk.shelf.lay_out(ran, sample_issue(1))
    await desk.read()
    await unsubscribed(desk)
    retention = Retention(desk.store, clock=desk.clock, kinds=KINDS)
    for _ in range(2):
        await retention.clear()
        desk.clock.move(timedelta(days=UNREAD_DAYS + 1))
        await retention.clear()
    assert (await stored(desk))[0] == 1
    kept = await now_of(desk, submission)
    assert kept.featured is not None
    assert kept.state is SubmissionState.APPROVED


async def test_what_is_imported_into_an_old_unread_newsletter_has_its_whole_time(
    desk: Desk, database_url: str, tmp_path: Path
) -> None:
    retention = await unread_but_for_a_day(desk)
    (tmp_path / "loaf.md").write_text("# Loaf\n\n## Bread\n\n- Rye - is back. ([link](https://rye.example/))\n")
    settings = Settings.load(database_url=database_url, discord_token=Sandbox().token)
    await import_issues([str(tmp_path / "loaf.md")], source_url=FEED, site=None, settings=settings)
    imported = await stored(desk)
    await retention.clear()
    desk.clock.move(timedelta(days=2))
    await retention.clear()
    assert await stored(desk) == imported
    desk.clock.move(timedelta(days=UNREAD_DAYS))
    await retention.clear()
    assert await stored(desk) == (0, 0)
