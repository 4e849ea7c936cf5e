"""Reading sources: what is new, what is announced, and what a failure changes."""

import asyncio
import stat
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from datetime import timedelta
from itertools import count
from typing import Any

import pytest
from sqlalchemy import func, select

from bot.errors import FetchError, RefusedError, StoreBusyError, StoreError, UnreadableError
from bot.model.guild import FirstAnnouncement, Source
from bot.model.issue import Issue
from bot.model.member import Act, Actor
from bot.ports import Announcement, Reading, Unchanged
from bot.services.reading import storing
from bot.store import Store, Transaction
from bot.store import sources as source_rows
from bot.store.secret_box import SecretBox
from bot.store.tables import issues, sources
from tests.doubles import sample_issue
from tests.services.conftest import ADMIN, CHANNEL, FEED, GUILD, Desk, only_postgresql
from tests.statements import READ, Gate, around


async def test_a_first_reading_stores_all_and_announces_only_the_newest(desk: Desk) -> None:
    desk.shelf.lay_out(sample_issue(3), sample_issue(1), sample_issue(2))
    await desk.subscribe()
    await desk.services.sources.read_due()
    assert await desk.titles_sent() == ["Issue number 3"]
    assert [card.title for card in await desk.services.issues.search_titles(GUILD, "")] == [
        "Issue number 3",
        "Issue number 2",
        "Issue number 1",
    ]


async def test_a_first_reading_announces_nothing_where_the_server_wants_that(desk: Desk) -> None:
    await desk.services.guilds.remember(GUILD, name="Quiet")
    desk.first = FirstAnnouncement.NONE
    await desk.subscribe()
    await desk.services.sources.read_due()
    assert await desk.titles_sent() == []
    desk.shelf.lay_out(sample_issue(2), sample_issue(1))
    await desk.read()
    assert await desk.titles_sent() == ["Issue number 2"]


async def test_of_an_undated_feed_the_topmost_issue_is_the_newest(desk: Desk) -> None:
    desk.shelf.lay_out(*(sample_issue(number, published_at=None) for number in (3, 2, 1)))
    await desk.subscribe()
    await desk.services.sources.read_due()
    assert await desk.titles_sent() == ["Issue number 3"]
    assert (await desk.services.issues.latest(GUILD)).issue.title == "Issue number 3"


async def test_an_issue_without_a_date_takes_its_place_when_its_date_becomes_known(desk: Desk) -> None:
    desk.shelf.lay_out(sample_issue(3), sample_issue(2))
    await desk.subscribe()
    await desk.services.sources.read_due()
    await desk.imported(sample_issue(4, published_at=None), undated_at=desk.clock.now() - timedelta(days=9000))
    assert (await desk.services.issues.latest(GUILD)).issue.title == "Issue number 3"
    desk.shelf.lay_out(sample_issue(4), sample_issue(3), sample_issue(2))
    await desk.read()
    latest = (await desk.services.issues.latest(GUILD)).issue
    assert (latest.title, latest.published_at) == ("Issue number 4", sample_issue(4).published_at)


async def test_later_readings_announce_what_is_new_oldest_first_and_once(desk: Desk) -> None:
    desk.first = FirstAnnouncement.NONE
    desk.shelf.lay_out(*(sample_issue(number) for number in (-1, -2, -3)))
    await desk.subscribe()
    await desk.services.sources.read_due()
    desk.shelf.lay_out(*(sample_issue(number) for number in (3, 2, 1, -1, -2, -3)))
    await desk.read()
    await desk.read()
    assert await desk.titles_sent() == ["Issue number 1", "Issue number 2", "Issue number 3"]


@pytest.mark.parametrize(
    "again",
    [
        {"identities": ("guid:regenerated", "link:news.example/1")},
        {"identities": ("guid:1", "link:moved.example/1")},
        {"published_at": None},
        {"title": "Issue number 1, corrected"},
    ],
    ids=["new guid", "new address", "date gone", "title changed"],
)
async def test_an_issue_known_by_any_of_its_names_is_not_new(desk: Desk, again: dict[str, Any]) -> None:
    await desk.subscribe()
    await desk.services.sources.read_due()
    desk.shelf.lay_out(replace(sample_issue(1), **again))
    await desk.read()
    assert await desk.titles_sent() == [again.get("title", "Issue number 1")]


async def test_a_new_name_of_a_known_issue_is_remembered(desk: Desk) -> None:
    await desk.subscribe()
    await desk.services.sources.read_due()
    desk.shelf.lay_out(sample_issue(1, identities=("guid:other", "link:news.example/1")))
    await desk.read()
    desk.shelf.lay_out(sample_issue(1, identities=("guid:other", "link:elsewhere.example/1")))
    await desk.read()
    assert await desk.titles_sent() == ["Issue number 1"]


async def test_two_items_of_one_feed_with_the_same_name_are_one_issue(desk: Desk) -> None:
    desk.shelf.lay_out(sample_issue(1), sample_issue(1, title="Again"))
    await desk.subscribe()
    await desk.services.sources.read_due()
    assert len(await desk.services.issues.search_titles(GUILD, "")) == 1


async def test_two_servers_that_name_a_folder_alike_read_each_its_own(desk: Desk) -> None:
    for number in (0, 1):
        await desk.subscribe(guild_id=GUILD + number, url="folder:notes")
    async with desk.store.read() as transaction:
        addresses = (await transaction.execute(select(sources.c.url).order_by(sources.c.id))).scalars().all()
    assert addresses == [f"folder:{GUILD}/notes", f"folder:{GUILD + 1}/notes"]


async def test_a_name_that_no_folder_can_have_is_told(desk: Desk) -> None:
    with pytest.raises(RefusedError, match="folder-name"):
        await desk.subscribe(url="folder:../x")


async def test_every_subscribed_channel_gets_the_issue(desk: Desk) -> None:
    await desk.subscribe()
    await desk.subscribe(guild_id=GUILD + 1, channel_id=CHANNEL + 1)
    await desk.services.sources.read_due()
    await desk.services.outbox.deliver_due()
    assert {delivery.channel_id for delivery, _ in desk.channel.messages.values()} == {CHANNEL, CHANNEL + 1}


async def test_a_server_that_joins_a_source_later_gets_the_newest_issue_only(desk: Desk) -> None:
    desk.shelf.lay_out(sample_issue(2), sample_issue(1))
    await desk.subscribe()
    await desk.services.sources.read_due()
    await desk.services.outbox.deliver_due()
    await desk.subscribe(guild_id=GUILD + 1, channel_id=CHANNEL + 1)
    await desk.services.outbox.deliver_due()
    later = [a.issue.title for d, a in desk.channel.messages.values() if d.guild_id == GUILD + 1]
    assert later == ["Issue number 2"]


async def test_the_source_is_asked_with_the_marks_of_the_last_stored_answer(desk: Desk) -> None:
    desk.shelf.lay_out(sample_issue(1), etag='"one"')
    await desk.subscribe()
    await desk.services.sources.read_due()
    desk.shelf.answer = Unchanged()
    await desk.read()
    assert desk.shelf.asked[-1].etag == '"one"'


async def test_a_source_that_says_how_long_nothing_changes_is_left_alone_for_that_long(desk: Desk) -> None:
    await desk.subscribe()
    await desk.services.sources.read_due()
    desk.shelf.answer = Unchanged(timedelta(minutes=45))
    await desk.read()
    due = await desk.services.sources.read_due()
    assert due is not None
    assert due - desk.clock.now() >= timedelta(minutes=45)


async def test_marks_do_not_advance_when_the_issues_could_not_be_stored(desk: Desk) -> None:
    await desk.subscribe()
    desk.shelf.lay_out(sample_issue(1), etag='"one"')

    async def full_disk() -> None:
        raise StoreError("The disk is full.")

    with around("INSERT INTO issues ", before=full_disk):
        await desk.services.sources.read_due()
    [source] = (await desk.services.guilds.status(GUILD)).sources
    assert (source.failures, source.last_problem) == (0, None), "it is the database's"
    desk.clock.move(timedelta(minutes=12))
    await desk.services.sources.read_due()
    assert desk.shelf.asked[-1].etag is None
    assert await desk.titles_sent() == ["Issue number 1"]


@pytest.mark.parametrize(
    "failure",
    [
        FetchError("fetch-trouble", host="news.example", status=503),
        UnreadableError("unreadable-page"),
        KeyError("a bug"),
    ],
    ids=["unreachable", "unreadable", "a bug in reading"],
)
async def test_a_failing_source_is_tried_again_later_and_loses_nothing(desk: Desk, failure: Exception) -> None:
    await desk.subscribe()
    await desk.services.sources.read_due()
    desk.shelf.answer = failure
    await desk.read()
    asked = len(desk.shelf.asked)
    await desk.services.sources.read_due()
    assert len(desk.shelf.asked) == asked, "a failure must not be repeated at once"
    status = await desk.services.guilds.status(GUILD)
    assert status.sources[0].failures == 1
    assert status.sources[0].last_problem
    desk.shelf.lay_out(sample_issue(2), sample_issue(1))
    desk.clock.move(timedelta(hours=1))
    await desk.services.sources.read_due()
    assert await desk.titles_sent() == ["Issue number 1", "Issue number 2"]
    assert (await desk.services.guilds.status(GUILD)).sources[0].failures == 0


async def test_pauses_grow_with_failures_up_to_six_hours(desk: Desk) -> None:
    await desk.subscribe()
    desk.shelf.answer = FetchError("fetch-unreachable", host="news.example")
    pauses = []
    for _ in range(12):
        due = await desk.services.sources.read_due()
        assert due is not None
        pauses.append(due - desk.clock.now())
        desk.clock.move(due - desk.clock.now())
    assert pauses[0] < timedelta(minutes=12)
    assert pauses[3] > timedelta(minutes=60)
    assert max(pauses) <= timedelta(hours=6.6)


async def test_a_restart_neither_shortens_the_pause_nor_begins_to_count_anew(desk: Desk) -> None:
    await desk.subscribe()
    await desk.services.sources.read_due()
    desk.shelf.answer = FetchError("fetch-slow", host="news.example", seconds="20")
    for _ in range(5):
        await desk.read()
        desk.clock.move(timedelta(hours=3))
    asked = len(desk.shelf.asked)
    due = await desk.services.sources.read_due()
    assert due is not None
    asked = len(desk.shelf.asked)
    restarted = desk.sources()
    assert await restarted.read_due() == due
    assert len(desk.shelf.asked) == asked, "nothing is asked before its time"
    desk.clock.move(due - desk.clock.now())
    later = await restarted.read_due()
    assert later is not None
    assert later - desk.clock.now() > timedelta(hours=5), "and the pause goes on growing"


async def test_one_failing_source_does_not_stop_another(desk: Desk) -> None:
    await desk.subscribe(url="https://one.example/feed")
    await desk.subscribe(url="https://two.example/feed")
    desk.shelf.answer = FetchError("fetch-unreachable", host="news.example")
    await desk.services.sources.read_due()
    assert {source.url for source in desk.shelf.asked[-2:]} == {"https://one.example/feed", "https://two.example/feed"}


async def test_a_slow_source_holds_up_no_other(desk: Desk) -> None:
    feeds = [f"https://{number}.example/feed" for number in range(9)]
    for feed in feeds:
        await desk.subscribe(url=feed)
    read, others_read = desk.shelf.read, asyncio.Event()
    others = set(feeds[1:])

    async def slow(source: Source, *, credentials: str | None, asked_by: int | None = None) -> Reading | Unchanged:
        if source.url == feeds[0]:
            await others_read.wait()
        reading = await read(source, credentials=credentials, asked_by=asked_by)
        others.discard(source.url)
        if not others:
            others_read.set()
        return reading

    desk.shelf.read = slow  # type: ignore[method-assign]
    async with asyncio.timeout(60):
        await desk.services.sources.read_due()
    assert {source.url for source in desk.shelf.asked} == set(feeds)


async def test_what_becomes_due_while_a_source_is_slow_is_read_meanwhile(desk: Desk) -> None:
    await desk.subscribe(url="https://slow.example/feed")

    async def slow() -> None:
        desk.shelf.meanwhile = None
        await desk.look_again()

    desk.shelf.meanwhile = slow
    async with asyncio.timeout(60):
        await desk.services.sources.read_due()
    assert all(is_read.is_set() for is_read in desk.shelf.is_read.values())


async def test_a_source_that_is_subscribed_anew_while_it_is_read_is_read_once_at_a_time(desk: Desk) -> None:
    await desk.subscribe()
    [source] = (await desk.services.guilds.status(GUILD)).sources
    readings: list[str] = []

    async def slow() -> None:
        desk.shelf.meanwhile = None
        await desk.services.subscriptions.unsubscribe(Act(GUILD, ADMIN, next(desk.interactions)), source.source_id)
        await desk.subscribe()
        desk.clock.move(timedelta(hours=1))  # longer than a reading is leased
        await desk.look_again()
        readings.extend(asked.url for asked in desk.shelf.asked if asked.source_id == source.source_id)

    desk.shelf.meanwhile = slow
    async with asyncio.timeout(60):
        await desk.services.sources.read_due()
    assert readings == [FEED]
    assert await desk.titles_sent() == ["Issue number 1"]


async def _dies_reading(desk: Desk) -> None:
    await desk.subscribe()
    await desk.services.sources.read_due()
    desk.shelf.lay_out(sample_issue(2), sample_issue(1))
    desk.clock.move(timedelta(minutes=16))
    now = desk.clock.now()
    async with desk.store.write() as transaction:
        assert await source_rows.claim_due_sources(transaction, incarnation="dead", until=now + timedelta(seconds=50))


async def test_after_a_process_that_died_while_it_read_the_next_one_reads_at_once(desk: Desk) -> None:
    await _dies_reading(desk)
    after = desk.sources(alone=True)
    await after.take_over()
    await after.read_due()
    assert await desk.titles_sent() == ["Issue number 1", "Issue number 2"]


async def test_what_waits_after_a_failure_waits_on_when_a_process_takes_over(desk: Desk) -> None:
    await desk.subscribe()
    await desk.services.sources.read_due()
    desk.shelf.answer = FetchError("fetch-status", retry_after_seconds=3600, status=503)
    await desk.read()
    asked = len(desk.shelf.asked)
    after = desk.sources(alone=True)
    await after.take_over()
    due = await after.read_due()
    assert len(desk.shelf.asked) == asked
    assert due is not None
    assert due >= desk.clock.now() + timedelta(hours=1)


async def test_beside_other_processes_a_reading_is_free_only_when_its_lease_ends(desk: Desk) -> None:
    await _dies_reading(desk)
    neighbour = desk.sources()
    await neighbour.take_over()
    due = await neighbour.read_due()
    assert await desk.titles_sent() == ["Issue number 1"]
    assert due is not None
    desk.clock.move(due - desk.clock.now())
    await neighbour.read_due()
    assert await desk.titles_sent() == ["Issue number 1", "Issue number 2"]


@only_postgresql
async def test_who_joins_while_a_first_reading_is_stored_gets_the_newest_issue(desk: Desk) -> None:
    await desk.subscribe()
    await desk.services.guilds.remember(GUILD + 1, name="Joins")
    stores = Gate()
    with around(READ, before=stores):
        async with asyncio.timeout(60):
            reading = asyncio.create_task(desk.services.sources.read_due())
            await stores.reached.wait()
            joining = asyncio.create_task(desk.subscribe(GUILD + 1, CHANNEL + 1))
            await desk.held_up(1, joining)
            stores.open()
            await asyncio.gather(reading, joining)
    await desk.services.outbox.deliver_due()
    assert sorted(delivery.channel_id for delivery, _ in desk.channel.messages.values()) == [CHANNEL, CHANNEL + 1]


@only_postgresql
async def test_two_feeds_of_one_newsletter_in_another_order_do_not_wait_for_each_other_in_a_circle(desk: Desk) -> None:
    other = "https://news.example/atom"
    await desk.subscribe()
    await desk.subscribe(url=other)
    await desk.services.sources.read_due()
    one, two = (sample_issue(number, published_at=None) for number in (11, 12))
    desk.shelf.answers[FEED] = Reading(title="N", issues=(one, two, sample_issue(1)))
    desk.shelf.answers[other] = Reading(title="N", issues=(two, one, sample_issue(1)))
    queued, both = count(1), asyncio.Event()

    async def slow() -> None:
        if next(queued) == 2:
            both.set()
        with suppress(TimeoutError):  # the other one waits until this one is stored
            await asyncio.wait_for(both.wait(), 1)

    with around("INSERT INTO outbox ", after=slow):
        await desk.read()
    assert next(queued) > 2
    assert [source.failures for source in (await desk.services.guilds.status(GUILD)).sources] == [0, 0]
    assert sorted(await desk.titles_sent()) == ["Issue number 1", "Issue number 11", "Issue number 12"]


async def test_a_busy_database_is_no_failure_of_the_source(desk: Desk) -> None:
    await desk.subscribe()

    async def is_busy() -> None:
        raise StoreBusyError("The database is busy.")

    with around("INSERT INTO issues ", before=is_busy):
        due = await desk.services.sources.read_due()
    [source] = (await desk.services.guilds.status(GUILD)).sources
    assert source.failures == 0
    assert due is not None
    assert due - desk.clock.now() < timedelta(minutes=1)
    desk.clock.move(timedelta(minutes=1))
    await desk.services.sources.read_due()
    assert await desk.titles_sent() == ["Issue number 1"]


async def test_nobody_subscribed_means_nothing_is_fetched(desk: Desk) -> None:
    await desk.subscribe()
    await desk.services.sources.read_due()
    source = (await desk.services.guilds.status(GUILD)).sources[0]
    first, second = next(desk.interactions), next(desk.interactions)
    assert await desk.services.subscriptions.unsubscribe(Act(GUILD, ADMIN, first), source.source_id) == 0
    assert await desk.services.subscriptions.unsubscribe(Act(GUILD, ADMIN, second), source.source_id) is None
    asked = len(desk.shelf.asked)
    await desk.read()
    assert len(desk.shelf.asked) == asked


async def test_an_address_that_cannot_be_read_is_not_stored(desk: Desk) -> None:
    desk.shelf.answer = UnreadableError("unreadable-page")
    with pytest.raises(UnreadableError):
        await desk.subscribe()
    assert (await desk.services.guilds.status(GUILD)).sources == ()


async def test_credentials_in_the_address_are_sealed_and_sent(desk: Desk) -> None:
    await desk.subscribe(url="https://reader:s3cret@news.example/feed")
    await desk.services.sources.read_due()
    assert desk.shelf.asked[-1].url == FEED
    assert desk.shelf.credentials == ["reader:s3cret", "reader:s3cret"]
    async with desk.store.read() as transaction:
        row = (await transaction.execute(select(sources))).one()
    assert b"s3cret" not in row.secret
    assert "s3cret" not in str(row._mapping["url"])
    assert stat.S_IMODE(desk.key_file.stat().st_mode) == 0o600


async def test_a_key_beside_the_address_is_sealed_and_each_server_reads_with_its_own(desk: Desk) -> None:
    given = ((GUILD, " hive-k3y "), (GUILD, "other-k3y"), (GUILD, "hive-k3y"), (GUILD + 1, "their-k3y"))
    for number, (guild_id, key) in enumerate(given):
        await desk.services.guilds.remember(guild_id, name="Here")
        await desk.services.subscriptions.subscribe(
            Act(guild_id, ADMIN, next(desk.interactions)), url=FEED, channel_id=CHANNEL, key=key
        )
        assert desk.shelf.credentials[number] == key.strip()
    async with desk.store.read() as transaction:
        rows = (await transaction.execute(select(sources))).all()
    assert len(rows) == 2, "a new key of the same server takes the place of the one before"
    assert not any(b"k3y" in row.secret or "k3y" in row.url for row in rows)


async def test_a_secret_sealed_with_another_key_is_told_as_such(desk: Desk) -> None:
    sealed = SecretBox(desk.key_file).seal("reader:s3cret")
    other = SecretBox(desk.key_file.with_name("other.key"))
    with pytest.raises(StoreError, match="Put the original key file back"):
        other.open(sealed)


async def test_whoever_takes_a_source_up_again_is_not_flooded_with_what_was_missed(desk: Desk) -> None:
    await desk.subscribe()
    await desk.services.sources.read_due()
    assert await desk.titles_sent() == ["Issue number 1"]
    source = (await desk.services.guilds.status(GUILD)).sources[0]
    await desk.services.subscriptions.unsubscribe(Act(GUILD, ADMIN, next(desk.interactions)), source.source_id)
    desk.shelf.lay_out(*(sample_issue(number) for number in range(30, 0, -1)))
    await desk.subscribe(guild_id=GUILD + 1, channel_id=CHANNEL + 1)
    await desk.services.sources.read_due()
    assert await desk.titles_sent() == ["Issue number 1", "Issue number 30"]


async def test_what_is_queued_for_a_removed_source_is_not_sent(desk: Desk) -> None:
    await desk.subscribe()
    await desk.services.sources.read_due()
    source = (await desk.services.guilds.status(GUILD)).sources[0]
    await desk.services.subscriptions.unsubscribe(Act(GUILD, ADMIN, next(desk.interactions)), source.source_id)
    assert await desk.titles_sent() == []


async def test_a_server_that_was_left_is_served_no_more(desk: Desk) -> None:
    await desk.subscribe()
    await desk.services.sources.read_due()
    await desk.services.guilds.leave(GUILD)
    assert await desk.titles_sent() == []
    asked = len(desk.shelf.asked)
    await desk.read()
    assert len(desk.shelf.asked) == asked


async def test_two_feeds_with_the_same_guid_are_two_in_one_channel(desk: Desk) -> None:
    await desk.subscribe(url="https://one.example/feed")
    await desk.services.sources.read_due()
    desk.shelf.lay_out(sample_issue(1, title="Another first", identities=("guid:1", "link:two.example/1")))
    await desk.subscribe(url="https://two.example/feed")
    await desk.services.sources.read_due()
    assert sorted(await desk.titles_sent()) == ["Another first", "Issue number 1"]


async def test_a_reading_that_was_under_way_when_the_server_subscribed_anew_is_dropped(desk: Desk) -> None:
    await desk.subscribe()
    await desk.services.sources.read_due()
    await desk.titles_sent()
    mine = (await desk.services.guilds.status(GUILD)).sources[0]
    read = desk.shelf.read
    desk.shelf.lay_out(*(sample_issue(number) for number in range(8, 0, -1)))

    async def interrupted(
        source: Source, *, credentials: str | None, asked_by: int | None = None
    ) -> Reading | Unchanged:
        desk.shelf.read = read  # type: ignore[method-assign]
        await desk.services.subscriptions.unsubscribe(Act(GUILD, ADMIN, next(desk.interactions)), mine.source_id)
        await desk.subscribe()
        return await read(source, credentials=credentials, asked_by=asked_by)

    desk.shelf.read = interrupted  # type: ignore[method-assign]
    await desk.read()
    assert await desk.titles_sent() == ["Issue number 1", "Issue number 8"]


async def test_who_joins_while_a_source_is_taken_up_again_gets_the_newest_only(desk: Desk) -> None:
    await desk.subscribe()
    await desk.services.sources.read_due()
    await desk.titles_sent()
    source = (await desk.services.guilds.status(GUILD)).sources[0]
    await desk.services.subscriptions.unsubscribe(Act(GUILD, ADMIN, next(desk.interactions)), source.source_id)
    desk.shelf.lay_out(sample_issue(9))
    await desk.subscribe()
    await desk.subscribe(guild_id=GUILD + 1, channel_id=CHANNEL + 1)
    await desk.services.sources.read_due()
    await desk.services.outbox.deliver_due()
    got = [a.issue.title for d, a in desk.channel.messages.values() if d.guild_id == GUILD + 1]
    assert got == ["Issue number 9"]


async def test_a_source_that_cannot_be_stored_stops_no_other(desk: Desk) -> None:
    for name in ("one", "two", "three"):
        await desk.subscribe(url=f"https://{name}.example/feed")
    desk.shelf.answer = Reading(title="Odd", issues=(), etag="\ud800")
    await desk.services.sources.read_due()
    desk.shelf.lay_out(sample_issue(1))
    desk.clock.move(timedelta(hours=1))
    await desk.services.sources.read_due()
    assert all(source.last_problem is None for source in (await desk.services.guilds.status(GUILD)).sources)


async def card_of(desk: Desk, number: int = 1) -> Issue:
    """The issue as its one announcement shows it now."""
    await desk.services.outbox.deliver_due()
    return (await desk.services.issues.show(GUILD, f"Issue number {number}")).issue


def refreshed(desk: Desk) -> list[Issue]:
    return [matter.issue for _, matter in desk.channel.refreshed if isinstance(matter, Announcement)]


async def test_an_edit_updates_the_stored_issue_and_its_card_once(desk: Desk) -> None:
    desk.shelf.lay_out(sample_issue(1))
    await desk.subscribe()
    await desk.services.sources.read_due()
    assert await desk.titles_sent() == ["Issue number 1"]
    corrected = sample_issue(1, links=4, title="Issue number 1, corrected", identities=("guid:1", "content:new"))
    desk.shelf.lay_out(corrected)
    await desk.read()
    await desk.services.outbox.deliver_due()
    stored = (await desk.services.issues.show(GUILD, "corrected")).issue
    assert [link.title for link in stored.links] == [f"Thing number {number}" for number in range(1, 5)]
    assert [issue.title for issue in refreshed(desk)] == ["Issue number 1, corrected"]
    found = await desk.services.archive.search(GUILD, '"number 4"', page=0, actor=Actor(1))
    assert [hit.link.title for hit in found.links] == ["Thing number 4"]
    for _ in range(3):
        await desk.read()
        await desk.services.outbox.deliver_due()
    assert len(refreshed(desk)) == 1, "read again, nothing changes"
    assert await desk.titles_sent() == ["Issue number 1"], "and nothing is announced anew"


async def test_a_touched_date_or_a_moved_picture_is_no_edit(desk: Desk) -> None:
    desk.shelf.lay_out(sample_issue(1))
    await desk.subscribe()
    await desk.services.sources.read_due()
    await desk.titles_sent()
    touched = sample_issue(
        1, published_at=sample_issue(9).published_at, image_url="https://cdn.example/resized/1.png?signature=new"
    )
    desk.shelf.lay_out(touched)
    await desk.read()
    assert (await card_of(desk)).published_at == sample_issue(1).published_at
    assert refreshed(desk) == []


async def test_an_edit_of_the_words_around_a_link_leaves_the_card_alone(desk: Desk) -> None:
    desk.shelf.lay_out(sample_issue(1))
    await desk.subscribe()
    await desk.services.sources.read_due()
    await desk.titles_sent()
    [section] = sample_issue(1).sections
    words = replace(section, links=tuple(replace(link, excerpt="Other words") for link in section.links))
    desk.shelf.lay_out(sample_issue(1, sections=(words,)))
    await desk.read()
    assert {link.excerpt for link in (await card_of(desk)).links} == {"Other words"}
    assert refreshed(desk) == []


def five(*without: int) -> list[Issue]:
    return [sample_issue(number) for number in range(1, 6) if number not in without]


async def test_an_issue_that_is_missed_three_times_between_others_is_marked_as_withdrawn(desk: Desk) -> None:
    desk.shelf.lay_out(*(sample_issue(number) for number in (1, 2, 3)))
    await desk.subscribe()
    await desk.services.sources.read_due()
    for newest in (4, 5):
        desk.shelf.lay_out(*(sample_issue(number) for number in range(1, newest + 1)))
        await desk.read()
    await desk.titles_sent()
    desk.shelf.lay_out(*five(4))
    for _ in range(2):
        await desk.read()
        assert not (await card_of(desk, 4)).is_withdrawn, "missed once or twice"
    desk.shelf.answer = Unchanged()  # it says again what it said before, and so nothing
    for _ in range(3):
        await desk.read()
        assert not (await card_of(desk, 4)).is_withdrawn
    desk.shelf.lay_out(*five(4))
    await desk.read()
    assert (await card_of(desk, 4)).is_withdrawn
    assert [issue.is_withdrawn for issue in refreshed(desk)] == [True]

    desk.shelf.lay_out(*five())
    await desk.read()
    assert not (await card_of(desk, 4)).is_withdrawn
    assert [issue.is_withdrawn for issue in refreshed(desk)] == [True, False]
    assert await desk.titles_sent() == [f"Issue number {number}" for number in (3, 4, 5)], "not announced once more"


async def test_the_newest_issue_is_withdrawn_only_once_a_newer_one_stands_there(desk: Desk) -> None:
    desk.shelf.lay_out(*five())
    await desk.subscribe()
    await desk.services.sources.read_due()
    desk.shelf.lay_out(*five(5))
    for _ in range(6):
        await desk.read()
    assert not (await card_of(desk, 5)).is_withdrawn, "an old copy of the feed looks just like that"
    desk.shelf.lay_out(*five(5), sample_issue(6))
    for _ in range(4):
        await desk.read()
    assert (await card_of(desk, 5)).is_withdrawn
    assert (await desk.services.issues.latest(GUILD)).issue.title == "Issue number 6"


async def test_a_reading_in_between_that_has_it_counts_from_the_beginning(desk: Desk) -> None:
    desk.shelf.lay_out(*five())
    await desk.subscribe()
    await desk.services.sources.read_due()
    for _ in range(3):
        for without in (4, 4, 0):
            desk.shelf.lay_out(*five(without))
            await desk.read()
    assert not (await card_of(desk, 4)).is_withdrawn


async def test_a_reading_that_breaks_off_or_is_empty_counts_for_nothing(desk: Desk) -> None:
    desk.shelf.lay_out(*five())
    await desk.subscribe()
    await desk.services.sources.read_due()
    desk.shelf.lay_out(*five(4))
    await desk.read()
    for _ in range(3):
        desk.shelf.answer = Reading(title="x", issues=(sample_issue(5), sample_issue(3)), is_whole=False)
        await desk.read()
        desk.shelf.lay_out()
        await desk.read()
    assert not (await card_of(desk, 4)).is_withdrawn


@pytest.mark.parametrize(
    "left",
    [(3, 4, 5), (4,), (), (1,), (1, 2, 3), (1, 4, 5), (1, 5)],
    ids=[
        "the oldest fell out",
        "only one is left",
        "it is empty",
        "most of it is gone",
        "an old copy",
        "an old one is pinned",
        "and most of it is gone",
    ],
)
async def test_a_feed_that_is_short_withdraws_nothing(desk: Desk, left: tuple[int, ...]) -> None:
    desk.shelf.lay_out(*five())
    await desk.subscribe()
    await desk.services.sources.read_due()
    for _ in range(5):
        desk.shelf.lay_out(*(sample_issue(number) for number in left))
        await desk.read()
    for number in range(1, 6):
        assert not (await card_of(desk, number)).is_withdrawn


async def test_what_grows_old_above_a_pinned_issue_is_not_withdrawn(desk: Desk) -> None:
    await desk.subscribe()
    for newest in range(3, 8):
        desk.shelf.lay_out(sample_issue(1), *(sample_issue(number) for number in range(newest - 1, newest + 1)))
        for _ in range(4):
            await desk.read()
    for number in range(1, 8):
        assert not (await card_of(desk, number)).is_withdrawn


async def test_an_issue_without_a_date_is_never_withdrawn(desk: Desk) -> None:
    undated = sample_issue(4, published_at=None)
    desk.shelf.lay_out(*five(4), undated)
    await desk.subscribe()
    await desk.services.sources.read_due()
    desk.shelf.lay_out(*five(4))
    for _ in range(5):
        await desk.read()
    assert not (await card_of(desk, 4)).is_withdrawn


async def test_a_feed_that_renames_everything_withdraws_nothing(desk: Desk) -> None:
    desk.shelf.lay_out(*five())
    await desk.subscribe()
    await desk.services.sources.read_due()
    renamed = [
        replace(issue, title=f"Moved {issue.title}", identities=(f"guid:new-{number}", f"content:new-{number}"))
        for number, issue in enumerate(five(1))
    ]
    desk.shelf.lay_out(*renamed, sample_issue(1))
    for _ in range(5):
        await desk.read()
    for number in range(1, 6):
        assert not (await desk.services.issues.show(GUILD, f"Issue number {number}")).issue.is_withdrawn


async def test_two_issues_with_the_same_words_side_by_side_are_two(desk: Desk) -> None:
    thread = sample_issue(1, title="Open thread", identities=("guid:a", "content:thread"))
    desk.shelf.lay_out(thread)
    await desk.subscribe()
    await desk.services.sources.read_due()
    await desk.titles_sent()
    desk.shelf.lay_out(thread, sample_issue(2, title="Open thread", identities=("guid:b", "content:thread")))
    for _ in range(2):
        await desk.read()
    assert await desk.titles_sent() == ["Open thread", "Open thread"]


async def test_what_an_older_version_understood_differently_is_no_edit(desk: Desk, monkeypatch: Any) -> None:
    desk.shelf.lay_out(sample_issue(1))
    await desk.subscribe()
    monkeypatch.setattr(storing, "READING_VERSION", 0)
    await desk.services.sources.read_due()
    monkeypatch.undo()
    await desk.titles_sent()
    desk.shelf.lay_out(sample_issue(1, title="Issue number 1, read better"))
    await desk.read()
    assert (await card_of(desk)).title == "Issue number 1"
    desk.shelf.lay_out(sample_issue(1, title="Issue number 1, corrected"))
    await desk.read()
    assert [issue.title for issue in await shown(desk)] == ["Issue number 1, corrected"], "from now on edits are seen"


async def shown(desk: Desk) -> list[Issue]:
    """The issues whose announcements were drawn anew."""
    await desk.services.outbox.deliver_due()
    return refreshed(desk)


async def test_a_feed_that_breaks_off_withdraws_nothing(desk: Desk) -> None:
    desk.shelf.lay_out(*(sample_issue(number) for number in (1, 2, 3)))
    await desk.subscribe()
    await desk.services.sources.read_due()
    for _ in range(5):
        desk.shelf.answer = Reading(title="x", issues=(sample_issue(1), sample_issue(2)), is_whole=False)
        await desk.read()
    assert not (await card_of(desk, 3)).is_withdrawn


async def test_a_server_that_asks_for_a_pause_gets_it_for_a_day_at_most(desk: Desk) -> None:
    await desk.subscribe()
    await desk.services.sources.read_due()
    for asked, least in ((7200.0, timedelta(hours=2)), (1e8, timedelta(hours=24))):
        desk.shelf.answer = FetchError("fetch-too-often", host="x", status=429, retry_after_seconds=asked)
        await desk.read()
        due = await desk.services.sources.read_due()
        assert due is not None
        assert least - timedelta(minutes=1) < due - desk.clock.now() < least + timedelta(minutes=20)
        desk.clock.move(due - desk.clock.now())


def feed_of(*items: tuple[str, str, str], site: str = "https://paper.example", day: str = "Mon, 01 Jun 2026") -> Any:
    """What a feed with these (guid, address, text) gives, dated that day; undated for no day."""
    from bot.newsletter import read_feed

    written = "".join(
        f"<item><title>{text}</title><guid>{guid}</guid><link>{address}</link>"
        f"{f'<pubDate>{day} 0{number}:00:00 GMT</pubDate>' if day else ''}"
        f"<description>About {text}, which is long enough to be told apart.</description></item>"
        for number, (guid, address, text) in enumerate(items)
    )
    whole = f"<rss version='2.0'><channel><title>Paper</title><link>{site}</link>{written}</channel></rss>"
    return read_feed(whole.encode(), source=f"{site}/feed").issues


OLD = (
    ("1", "https://paper.example/1", "One"),
    ("2", "https://paper.example/2", "Two"),
    ("3", "https://paper.example/3", "Three"),
)


@pytest.mark.parametrize(
    "later",
    [
        tuple((f"new-{guid}", address, text) for guid, address, text in OLD),
        tuple((guid, f"{address}?utm_source=feed&utm_campaign=june", text) for guid, address, text in OLD),
        tuple((guid, address.replace("paper.example/", "www.paper.example/p/"), text) for guid, address, text in OLD),
        tuple(("", address, text) for _, address, text in OLD),
        tuple(("same", address, text) for _, address, text in OLD),
        tuple((address, f"https://new-home.example/p/{guid}", text) for guid, address, text in OLD),
        OLD[::-1],
        OLD[1:],
    ],
    ids=[
        "guids regenerated",
        "tracking parameters changed",
        "addresses changed",
        "guids gone",
        "one guid for all",
        "the whole newsletter moved to a new domain",
        "re-ordered",
        "the oldest fell out",
    ],
)
async def test_what_platforms_do_to_a_feed_is_no_news_and_loses_none(
    desk: Desk, later: tuple[tuple[str, str, str], ...]
) -> None:
    desk.shelf.lay_out(*feed_of(*OLD))
    await desk.subscribe()
    await desk.services.sources.read_due()
    assert await desk.titles_sent() == ["Three"]
    for _ in range(2):
        desk.shelf.lay_out(*feed_of(*later))
        await desk.read()
    assert await desk.titles_sent() == ["Three"], "no duplicate"
    assert len(await desk.services.issues.search_titles(GUILD, "")) == 3
    desk.shelf.lay_out(*feed_of(*later, ("9", "https://paper.example/9", "Nine")))
    await desk.read()
    assert await desk.titles_sent() == ["Three", "Nine"], "and no loss"
    desk.shelf.lay_out(*feed_of(*OLD, ("9", "https://paper.example/9", "Nine")))
    await desk.read()
    assert len(await desk.services.issues.search_titles(GUILD, "")) == 4, "nor when it is as it was"


@pytest.mark.parametrize("day", ["Tue, 02 Jun 2026", "Sun, 31 May 2026", ""], ids=["later", "earlier", "none"])
async def test_dates_that_are_touched_are_no_news(desk: Desk, day: str) -> None:
    desk.shelf.lay_out(*feed_of(*OLD))
    await desk.subscribe()
    await desk.services.sources.read_due()
    for touched in (day, "Mon, 01 Jun 2026"):
        desk.shelf.lay_out(*feed_of(*OLD, day=touched))
        await desk.read()
    assert await desk.titles_sent() == ["Three"]
    assert len(await desk.services.issues.search_titles(GUILD, "")) == 3


async def test_a_newsletter_that_changes_everything_but_its_text_is_the_same(desk: Desk) -> None:
    desk.shelf.lay_out(*feed_of(*OLD))
    await desk.subscribe()
    await desk.services.sources.read_due()
    moved = tuple((f"new-{guid}", f"https://new-home.example/posts/{text}?ref=x", text) for guid, _, text in OLD)
    home = {"site": "https://new-home.example", "day": "Wed, 03 Jun 2026"}
    desk.shelf.lay_out(*feed_of(*moved, **home))
    await desk.read()
    assert await desk.titles_sent() == ["Three"]
    assert len(await desk.services.issues.search_titles(GUILD, "")) == 3
    desk.shelf.lay_out(*feed_of(*moved, ("new-9", "https://new-home.example/posts/Nine", "Nine"), **home))
    await desk.read()
    assert await desk.titles_sent() == ["Three", "Nine"]


async def test_a_reading_under_way_is_broken_off_and_due_again_when_told_to_stop(desk: Desk) -> None:
    """A site that never answers is no reason to be slow in stopping."""
    is_asked, goes_on = asyncio.Event(), True

    async def never() -> None:
        is_asked.set()
        await asyncio.Event().wait()

    await desk.subscribe()
    desk.shelf.meanwhile = never
    reading = asyncio.create_task(desk.services.sources.read_due(lambda: goes_on))
    await is_asked.wait()
    goes_on = False
    due = await reading
    assert due is not None
    assert due <= desk.clock.now()
    desk.shelf.meanwhile = None
    await desk.services.sources.read_due()
    assert await desk.titles_sent() == ["Issue number 1"]


async def test_storing_under_way_is_broken_off_whole_and_done_again(desk: Desk, database_url: str) -> None:
    class Slow(Store):
        """Takes for ever over the transaction in which the issues are stored."""

        is_storing = asyncio.Event()

        @asynccontextmanager
        async def write(self) -> AsyncIterator[Transaction]:
            async with super().write() as transaction:
                yield transaction
                if (await transaction.execute(select(func.count()).select_from(issues))).scalar_one():
                    self.is_storing.set()
                    await asyncio.Event().wait()

    await desk.subscribe()
    goes_on = True
    async with await Slow.open(database_url, clock=desk.clock) as slow:
        sources = replace(desk, store=slow).sources()
        reading = asyncio.create_task(sources.read_due(lambda: goes_on))
        await slow.is_storing.wait()
        goes_on = False
        await reading
    async with desk.store.read() as transaction:
        assert (await transaction.execute(select(func.count()).select_from(issues))).scalar_one() == 0
    await desk.services.sources.read_due()
    assert await desk.titles_sent() == ["Issue number 1"]
