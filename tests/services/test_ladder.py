"""Where else a newsletter is read when its address fails, and what is told of it."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.errors import FetchError, UnreadableError
from bot.model.delivery import Purpose
from bot.model.guild import Source
from bot.model.member import Act
from bot.ports import Reading
from bot.store import sources as source_rows
from tests.doubles import sample_issue
from tests.services.conftest import ADMIN, FEED, GUILD, Desk

STAFF = 8009
ATOM = "https://news.example/atom.xml"
GONE = FetchError("fetch-nothing-there", host="news.example", status=404)


async def source_of(desk: Desk) -> Source:
    async with desk.store.read() as transaction:
        return (await source_rows.all_sources(transaction))[0]


async def told(desk: Desk) -> list[str]:
    await desk.services.outbox.deliver_due()
    notices = [delivery for delivery in desk.channel.notices if delivery.purpose == Purpose.NOTICE]
    return [str(delivery.words) for delivery in notices]


@pytest.fixture
async def read(desk: Desk) -> Desk:
    """A server that reads issues 1 and 2 at FEED, whose site names another feed."""
    desk.shelf.answer = GONE
    desk.shelf.answers[FEED] = Reading(
        title="The Sample", issues=(sample_issue(2), sample_issue(1)), home_url="https://news.example/"
    )
    desk.shelf.feeds = [FEED, ATOM]
    await desk.subscribe()
    await desk.services.guilds.set_staff_channel(Act(GUILD, ADMIN, next(desk.interactions)), STAFF)
    await desk.services.sources.read_due()
    await desk.titles_sent()
    return desk


async def test_the_next_rung_is_read_when_the_address_fails_a_second_time_and_the_staff_is_told(read: Desk) -> None:
    read.shelf.answers[FEED] = GONE
    read.shelf.answers[ATOM] = Reading(title="Atom", issues=(sample_issue(3), sample_issue(2)), etag='"a"')
    await read.read()
    assert (await source_of(read)).rung_url is None
    await read.read()
    source = await source_of(read)
    assert (source.rung_url, source.etag, source.failures, source.title) == (ATOM, '"a"', 0, "The Sample")
    assert await read.titles_sent() == ["Issue number 2", "Issue number 3"]
    [words] = await told(read)
    assert "notice-rung" in words
    assert "address=news.example/atom.xml" in words


async def test_on_another_rung_only_what_came_out_after_what_is_known_is_announced(read: Desk) -> None:
    read.shelf.answers[FEED] = GONE
    old = [sample_issue(-number) for number in range(20)]
    read.shelf.answers[ATOM] = Reading(title=None, issues=(sample_issue(3), sample_issue(2), *old))
    await read.read()
    await read.read()
    assert await read.titles_sent() == ["Issue number 2", "Issue number 3"]
    assert len(await read.services.issues.search_titles(GUILD, "")) == 23


async def test_a_feed_that_knows_none_of_the_issues_is_no_rung(read: Desk) -> None:
    read.shelf.answers[FEED] = GONE
    read.shelf.answers[ATOM] = Reading(title="Comments on everything", issues=(sample_issue(77),))
    await read.read()
    await read.read()
    source = await source_of(read)
    assert source.rung_url is None
    assert source.failures == 2
    assert source.last_problem is not None
    assert source.last_problem.message_id == "fetch-nothing-there"
    assert await read.titles_sent() == ["Issue number 2"]
    assert await told(read) == []


async def test_a_rung_neither_edits_nor_withdraws_what_the_address_itself_said(read: Desk) -> None:
    read.shelf.answers[FEED] = GONE
    poorer = replace(sample_issue(2), title="Issue number 2 (summary)", sections=())
    older = [sample_issue(-9), sample_issue(-8)]
    read.shelf.answers[ATOM] = Reading(title=None, issues=(sample_issue(3), poorer, *older))
    for _ in range(6):
        await read.read()
    titles = [card.title for card in await read.services.issues.search_titles(GUILD, "")]
    assert "Issue number 2" in titles
    assert (await read.services.issues.latest(GUILD)).issue.title == "Issue number 3"
    [missed] = await read.services.issues.search_titles(GUILD, "number 1")
    assert not (await read.services.issues.show(GUILD, missed.issue_key)).issue.is_withdrawn


async def test_the_own_address_is_tried_again_after_a_day_and_taken_when_it_is_back(read: Desk) -> None:
    read.shelf.answers[FEED] = GONE
    read.shelf.answers[ATOM] = Reading(title=None, issues=(sample_issue(2), sample_issue(1)))
    await read.read()
    await read.read()
    asked = len([each for each in read.shelf.asked if each.url == FEED])
    await read.read()
    assert len([each for each in read.shelf.asked if each.url == FEED]) == asked
    read.clock.move(timedelta(days=1))
    await read.read()
    assert (await source_of(read)).rung_url == ATOM
    read.shelf.answers[FEED] = Reading(title="The Sample", issues=(sample_issue(3), sample_issue(2)))
    read.clock.move(timedelta(days=1))
    await read.read()
    assert (await source_of(read)).rung_url is None
    assert await read.titles_sent() == ["Issue number 2", "Issue number 3"]
    assert [words.partition(" ")[0] for words in await told(read)] == ["notice-rung", "notice-rung-back"]


async def test_credentials_go_to_no_rung_on_another_site(desk: Desk) -> None:
    elsewhere = "https://elsewhere.example/feed"
    desk.shelf.answer = Reading(title=None, issues=(sample_issue(1),))
    desk.shelf.feeds = [elsewhere, ATOM]
    await desk.subscribe(url="https://me:secret@news.example/feed")
    await desk.services.sources.read_due()
    desk.shelf.answers |= {FEED: GONE, ATOM: GONE}
    await desk.read()
    await desk.read()
    given = dict(zip([each.url for each in desk.shelf.asked], desk.shelf.credentials, strict=True))
    assert given == {FEED: "me:secret", elsewhere: None}


@pytest.mark.parametrize(
    "asks",
    [
        FetchError("fetch-too-often", host="news.example", status=429),
        FetchError("fetch-trouble", host="news.example", status=503, retry_after_seconds=60),
    ],
    ids=["429", "503"],
)
async def test_a_server_that_asks_for_a_pause_is_not_asked_at_other_addresses(read: Desk, asks: FetchError) -> None:
    read.shelf.answers[FEED] = asks
    for _ in range(3):
        await read.read()
    assert {each.url for each in read.shelf.asked} == {FEED}


async def test_a_source_that_was_not_read_for_a_day_is_told_once(read: Desk) -> None:
    read.shelf.answers[FEED] = UnreadableError("unreadable-page")
    read.shelf.feeds = []
    for _ in range(4):
        await read.read()
    assert await told(read) == []
    for _ in range(3):
        read.clock.move(timedelta(days=1))
        await read.read()
    words = await told(read)
    assert [each.partition(" ")[0] for each in words].count("notice-unread") == 1


async def test_a_source_that_could_only_be_read_when_it_was_added_is_told_once(desk: Desk) -> None:
    await desk.subscribe()
    await desk.services.guilds.set_staff_channel(Act(GUILD, ADMIN, next(desk.interactions)), STAFF)
    desk.shelf.answer = GONE
    for _ in range(4):
        await desk.read()
    assert await told(desk) == []
    for _ in range(3):
        desk.clock.move(timedelta(days=1))
        await desk.read()
    assert [each.partition(" ")[0] for each in await told(desk)] == ["notice-unread"]


async def test_whoever_subscribes_anew_begins_at_the_own_address(read: Desk) -> None:
    read.shelf.answers[FEED] = GONE
    read.shelf.answers[ATOM] = Reading(title=None, issues=(sample_issue(2), sample_issue(1)))
    await read.read()
    await read.read()
    source = await source_of(read)
    await read.services.subscriptions.unsubscribe(Act(GUILD, ADMIN, next(read.interactions)), source.source_id)
    read.shelf.answers[FEED] = Reading(title="The Sample", issues=(sample_issue(2),))
    await read.subscribe()
    assert (await source_of(read)).rung_url is None


async def test_back_at_its_own_address_nothing_is_lost_that_the_rung_did_not_have(read: Desk) -> None:
    read.shelf.answers[FEED] = GONE
    read.shelf.answers[ATOM] = Reading(title=None, issues=(sample_issue(5), sample_issue(2)))
    await read.read()
    await read.read()
    read.shelf.answers[FEED] = Reading(
        title="The Sample", issues=(sample_issue(5), sample_issue(4), sample_issue(2), sample_issue(1))
    )
    read.clock.move(timedelta(days=1))
    await read.read()
    assert await read.titles_sent() == ["Issue number 2", "Issue number 5", "Issue number 4"]


async def test_a_feed_that_comes_and_goes_is_told_once_a_day_for_each_address(read: Desk) -> None:
    good = Reading(title=None, issues=(sample_issue(2), sample_issue(1)))
    for number in range(12):
        there = number // 3 % 2 == 0
        read.shelf.answers[FEED] = GONE if there else good
        read.shelf.answers[ATOM] = good if there else GONE
        await read.read()
    assert len(await told(read)) <= 2
