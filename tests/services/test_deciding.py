"""What becomes of a reading is decided apart from any database."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.model.guild import Source
from bot.model.issue import Issue, News
from bot.ports import Reading
from bot.services.reading.intake import Before, Verdict, decide
from bot.services.reading.storing import Item, Sorted
from tests.doubles import NOON, sample_issue

KNOWN = Source(source_id=1, url="https://news.example/feed", url_key="news", first_read_at=NOON - timedelta(days=90))
NEW_HERE = replace(KNOWN, first_read_at=None)
DAY = timedelta(days=1)


def issue(days_ago: int) -> Issue:
    return sample_issue(days_ago, published_at=NOON - days_ago * DAY)


def news(*days_ago: int) -> list[News]:
    return [News(str(each), f"guid:{each}", NOON - each * DAY, NOON, None) for each in days_ago]


def waiting(days_ago: int, **facts: Any) -> Item:
    return Item(issue(days_ago), known=None, digest="", **facts)


def decided(
    *told: int,
    source: Source = KNOWN,
    waits: tuple[Item, ...] = (),
    newest_known: int | None = 7,
    is_own: bool = True,
    has_moved: bool = False,
    is_whole: bool = True,
    can_be_asked: bool = False,
    **facts: Any,
) -> Verdict:
    """The verdict about a reading of ten issues with its marks; so many days ago came out what is new."""
    before = Before(
        is_own=is_own,
        has_moved=has_moved,
        guild_ids=frozenset({1}),
        newest_known_at=NOON - newest_known * DAY if newest_known is not None else None,
        published=(),
    )
    reading = Reading(
        "The Sample",
        tuple(issue(each) for each in range(10)),
        etag="e",
        last_modified="m",
        home_url="https://news.example",
        is_whole=is_whole,
        can_be_asked=can_be_asked,
    )
    found = Sorted(items=(), seen=(), waiting=waits, **facts)
    return decide(source, reading, before, found, news(*told), now=NOON)


def test_new_issues_of_a_known_newsletter_are_told_and_the_marks_kept() -> None:
    assert decided(1, 0) == Verdict(
        is_first=False,
        is_held=False,
        has_waiting=False,
        is_behind=False,
        looks_for_missing=True,
        asked_back_to=None,
        tells_of_place=False,
        title="The Sample",
        home_url="https://news.example",
        etag="e",
        last_modified="m",
        not_before=NOON,
        problem=None,
        announced=2,
    )


def test_of_a_first_reading_only_the_newest_is_told() -> None:
    verdict = decided(*range(10), source=NEW_HERE, newest_known=None)
    assert (verdict.is_first, verdict.is_held, verdict.announced) == (True, False, 1)


def test_of_a_first_reading_nobody_is_asked_however_much_it_brings() -> None:
    assert not decided(*range(1, 10), source=NEW_HERE, newest_known=0).is_held


@pytest.mark.parametrize(("is_own", "is_whole"), [(False, True), (True, False), (False, False)])
def test_only_the_whole_list_at_the_own_address_says_that_an_issue_is_gone(*, is_own: bool, is_whole: bool) -> None:
    assert not decided(0, is_own=is_own, is_whole=is_whole).looks_for_missing
    assert decided(0, is_own=True, is_whole=True).looks_for_missing


def test_a_platform_that_can_be_asked_is_asked_back_to_the_oldest_it_lists() -> None:
    assert decided(0, can_be_asked=True).asked_back_to == NOON - 9 * DAY


def test_another_address_names_only_what_has_no_name_yet() -> None:
    named = replace(KNOWN, title="The Known")
    elsewhere = decided(0, source=named, is_own=False, has_moved=True)
    assert (elsewhere.tells_of_place, elsewhere.title, elsewhere.home_url) == (True, None, None)
    assert decided(0, is_own=False).title == "The Sample"
    assert decided(0, source=named).title == "The Sample"


def test_where_most_looks_new_and_older_than_what_is_known_the_staff_is_asked() -> None:
    verdict = decided(*range(1, 10), newest_known=0)
    assert (verdict.is_held, verdict.announced) == (True, 0)


def test_what_has_to_wait_is_asked_for_once_more_when_there_is_room() -> None:
    verdict = decided(0, waits=(waiting(1, is_news=True),))
    assert (verdict.etag, verdict.last_modified) == (None, None)
    assert verdict.not_before > NOON
    assert verdict.has_waiting
    assert not verdict.is_behind


def test_edits_that_have_to_wait_keep_no_marks_either() -> None:
    verdict = decided(0, edits_waiting=3)
    assert (verdict.etag, verdict.last_modified, verdict.not_before) == (None, None, NOON)


@pytest.mark.parametrize("source", [NEW_HERE, replace(KNOWN, is_behind=True)], ids=["first", "behind"])
def test_older_issues_that_wait_are_told_to_nobody_later_where_nobody_is_told_of_them_now(source: Source) -> None:
    assert decided(0, source=source, waits=(waiting(30),)).is_behind
    assert not decided(0, source=source, waits=(waiting(1, is_news=True),)).is_behind
