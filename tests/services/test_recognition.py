"""Feeds that use names again, and which of their items are new all the same."""

import asyncio
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bot import bites
from bot.model.issue import Issue, Section
from bot.model.member import Act
from bot.newsletter import read_newsletter
from bot.newsletter.formats.beehiiv_api import read_posts
from bot.newsletter.formats.feeds import read_feed
from bot.ports import Reading
from bot.services.reading.recognition import Recognised, recognise, with_successors
from bot.store import recognition as recognition_rows
from bot.store import sources as source_rows
from bot.store.recognition import KnownIssue
from tests.conftest import SHARED
from tests.doubles import sample_issue, sample_link
from tests.services.conftest import ADMIN, GUILD, Desk


def item(number: int, *names: str, words: str = "") -> Issue:
    """An issue with these names; its text is its own, and another one with `words`."""
    section = Section("T", (sample_link(1000 + number),))
    return sample_issue(
        number, identities=(*names, f"content:{number}{words}"), sections=(section,), title=f"Issue {number}{words}"
    )


async def told(desk: Desk, *readings: tuple[Issue, ...]) -> list[str]:
    """What is announced when a feed holds this and then that."""
    desk.shelf.answer = Reading(title="N", issues=readings[0])
    await desk.subscribe()
    await desk.services.sources.read_due()
    for reading in readings[1:]:
        desk.shelf.answer = Reading(title="N", issues=reading)
        await desk.read()
    desk.clock.move(timedelta(minutes=5))
    return await desk.titles_sent()


async def test_an_address_at_which_the_newest_issue_always_stands_swallows_none(desk: Desk) -> None:
    latest = "link:news.example/latest"
    assert await told(
        desk,
        (item(1, "guid:a", latest),),
        (item(2, "guid:b", latest), item(1, "guid:a", "link:news.example/1")),
        (item(3, "guid:c", latest), item(2, "guid:b", "link:news.example/2")),
        (item(4, "guid:d", latest),),
        (item(5, "guid:e", latest), item(4, "guid:d", "link:news.example/4")),
    ) == [f"Issue {number}" for number in (1, 2, 3, 4, 5)]


async def test_numbers_of_places_in_the_list_are_no_names(desk: Desk) -> None:
    def feed(*numbers: int, words: str = "") -> tuple[Issue, ...]:
        return tuple(
            item(number, f"guid:{place}", f"link:news.example/{number}", words=words if place == 2 else "")
            for place, number in enumerate(numbers, 1)
        )

    sent = await told(desk, feed(2, 1), feed(3, 2, 1, words=" corrected"), feed(4, 3, 2, 1), feed(5, 4, 3, 2))
    assert sent == ["Issue 2", "Issue 3", "Issue 4", "Issue 5"]


async def test_an_issue_that_is_listed_twice_is_one(desk: Desk) -> None:
    one = item(1, "guid:a", "link:news.example/1")
    again = item(1, "guid:z", "link:news.example/1")
    sent = await told(desk, (one,), (again, one), (item(2, "guid:b", "link:news.example/2"), one, again))
    assert sent == ["Issue 1", "Issue 2"]


async def test_an_issue_whose_guid_and_text_changed_is_the_same_by_its_address(desk: Desk) -> None:
    sent = await told(
        desk,
        (item(1, "guid:a", "link:news.example/1"),),
        (item(1, "guid:other", "link:news.example/1", words=" corrected"),),
    )
    assert sent == ["Issue 1 corrected"], "one message, drawn anew"


async def test_items_of_equal_words_are_told_once_and_no_old_one_is_new_later(desk: Desk) -> None:
    threads = tuple(
        sample_issue(
            1,
            title="Open thread",
            identities=(f"guid:{n}", f"link:news.example/{n}", "content:thread"),
        )
        for n in range(7)
    )
    newest = item(9, "guid:newest", "link:news.example/newest")
    assert await told(desk, (newest, *threads), (newest, *threads), (newest, *threads)) == ["Issue 9"]


async def test_an_item_twice_in_its_first_reading_is_known_by_both_names(desk: Desk) -> None:
    one, again = item(1, "guid:a", "link:news.example/1"), item(1, "guid:z", "link:news.example/1", words=" once more")
    later = item(1, "guid:z", "link:news.example/moved", words=" at last")
    assert len(await told(desk, (one, again), (later,))) == 1


async def test_places_in_an_rss_feed_are_no_names_though_they_read_as_addresses(desk: Desk) -> None:
    def feed(*issues: tuple[int, str]) -> tuple[Issue, ...]:
        items = "".join(
            f"<item><title>{title}</title><guid>{place}</guid><link>https://news.example/{number}</link>"
            f"<description>{title} is here</description></item>"
            for place, (number, title) in enumerate(issues, 1)
        )
        head = "<title>N</title><link>https://news.example/</link>"
        return read_feed(f"<rss version='2.0'><channel>{head}{items}</channel></rss>".encode()).issues

    sent = await told(
        desk,
        feed((2, "Two"), (1, "One")),
        feed((3, "Three"), (2, "Two, corrected"), (1, "One")),
        feed((4, "Four"), (3, "Three"), (2, "Two, corrected"), (1, "One")),
    )
    assert sent[1:] == ["Three", "Four"]
    assert sent[0].startswith("Two")


@pytest.mark.parametrize("length", [20, 80, 300])
async def test_what_was_told_by_a_name_that_is_used_again_is_not_told_once_more(desk: Desk, length: int) -> None:
    latest = "link:news.example/" + "x" * (length - 18)
    await told(
        desk,
        (item(1, "guid:a", latest),),
        (item(2, "guid:b", latest), item(1, "guid:a", "link:news.example/1")),
    )
    [old] = await desk.services.issues.search_titles(GUILD, "Issue 1")
    async with desk.store.write() as transaction:
        [source] = await source_rows.all_sources(transaction)
        await recognition_rows.reuse_names(transaction, source.source_id, [latest])
        await recognition_rows.reuse_names(transaction, source.source_id, [latest])
    posting = await desk.services.announcements.post(Act(GUILD, ADMIN, next(desk.interactions)), old.issue_key)
    assert not posting.queued


async def test_an_item_whose_only_name_is_used_again_is_read_all_the_same(desk: Desk) -> None:
    await told(
        desk,
        (item(1, "guid:1", "link:news.example/1"), item(0, "guid:2", "link:news.example/0")),
        (item(2, "guid:1", "link:news.example/2"), item(1, "guid:2", "link:news.example/1")),
        (sample_issue(3, identities=("guid:1",)),),
    )
    [source] = (await desk.services.guilds.status(GUILD)).sources
    assert source.last_problem is None


def weekly(week: int, *, words: str = "What are you up to?", days: int = 7) -> Issue:
    """A standing post: every time the same words, under names and a date of its own."""
    return sample_issue(
        days * week,
        title="Open thread",
        identities=(f"guid:thread-{week}", f"link:news.example/thread-{week}", f"content:{words}"),
        url=f"https://news.example/thread-{week}",
    )


@pytest.mark.parametrize("shown", [1, 2, 4], ids=["one at a time", "two", "four"])
async def test_standing_posts_of_the_same_words_are_issues_of_their_own(desk: Desk, shown: int) -> None:
    def feed(newest: int) -> tuple[Issue, ...]:
        return tuple(weekly(week) for week in range(newest, max(newest - shown, -1), -1))

    assert await told(desk, feed(0), feed(1), feed(2)) == ["Open thread"] * 3
    assert [each.issue.url for _, each in desk.channel.messages.values()] == [
        f"https://news.example/thread-{week}" for week in range(3)
    ]
    assert desk.channel.refreshed == [], "none of them is written over"


async def test_standing_posts_that_all_come_again_are_issues_of_their_own(desk: Desk) -> None:
    def feed(week: int) -> tuple[Issue, ...]:
        posts = (weekly(week, words=day) for day in ("Friday", "Wednesday", "Monday"))
        return tuple(
            replace(each, identities=tuple(f"{name}-{place}" for name in each.identities[:2]) + each.identities[2:])
            for place, each in enumerate(posts)
        )

    assert len(await told(desk, feed(0), feed(1))) == 4


def met_again(before: Issue, now: Issue) -> bool:
    """Whether an item is taken for an issue that is known with all its names."""
    known = KnownIssue(
        issue_id=1,
        issue_key="",
        digest=None,
        text_key=before.text_key,
        has_address=True,
        published_at=before.published_at,
        said_at=before.published_at,
        is_listed=True,
        is_missing=False,
        is_withdrawn=False,
    )
    [recognised] = recognise([now], dict.fromkeys(before.identities, known))
    return recognised.known is not None


def test_words_alone_are_a_name_where_there_is_no_other_or_the_date_is_the_known_one() -> None:
    before = weekly(1)
    assert before.published_at is not None
    assert not met_again(before, weekly(2))
    assert met_again(before, replace(weekly(2), identities=before.identities[2:])), "it has no other name"
    for same in (timedelta(), timedelta(seconds=20)):
        assert met_again(before, replace(weekly(2), published_at=before.published_at + same))
    assert met_again(before, replace(weekly(2), published_at=before.published_at.replace(hour=0))), "the day is told"
    assert not met_again(before, replace(weekly(2), published_at=before.published_at + timedelta(hours=9)))
    assert not met_again(before, replace(weekly(2), published_at=None))
    undated = replace(before, published_at=None)
    assert not met_again(undated, replace(weekly(2), published_at=None))
    renamed = replace(undated, identities=("file:other.md", before.identities[2]))
    assert met_again(undated, renamed), "a file that is called otherwise"
    assert not met_again(before, replace(renamed, published_at=weekly(2).published_at))


RSS_THREAD = (
    "<rss version='2.0'><channel><title>N</title><link>https://n.example/</link><item><title>Open thread</title>"
    "<link>https://n.example/{n}</link><guid isPermaLink='false'>t{n}</guid>"
    "<pubDate>Mon, 0{n} Jun 2026 08:00:00 GMT</pubDate><description>Say it below.</description></item></channel></rss>"
)
ATOM_THREAD = (
    "<feed xmlns='http://www.w3.org/2005/Atom'><title>N</title><id>n</id><entry><title>Open thread</title>"
    "<id>tag:n.example,2026:{n}</id><link href='https://n.example/{n}'/><published>2026-06-0{n}T08:00:00Z</published>"
    "<content type='html'>Say it below.</content></entry></feed>"
)
JSON_THREAD = (
    '{{"version":"https://jsonfeed.org/version/1.1","title":"N","items":[{{"id":"t{n}","title":"Open thread",'
    '"url":"https://n.example/{n}","date_published":"2026-06-0{n}T08:00:00Z","content_text":"Say it below."}}]}}'
)


@pytest.mark.parametrize("written", [RSS_THREAD, ATOM_THREAD, JSON_THREAD], ids=["RSS", "Atom", "JSON Feed"])
def test_in_every_format_another_guid_address_and_day_are_another_issue(written: str) -> None:
    [first], [second] = (read_feed(written.format(n=n).encode()).issues for n in (1, 8))
    assert first.identities[-1] == second.identities[-1], "the words are the same"
    assert not met_again(first, second)


def test_of_an_api_and_of_a_folder_too() -> None:
    def post(number: int) -> Issue:
        moment = 1_780_000_000 + number * 604_800
        listed = {
            "data": [
                {
                    "id": f"post_{number}",
                    "title": "Open thread",
                    "publish_date": moment,
                    "status": "confirmed",
                    "web_url": f"https://n.example/p/{number}",
                    "content": {"free": {"web": "<p>Say it below.</p>"}},
                }
            ]
        }
        [issue] = read_posts(json.dumps(listed).encode(), now=datetime(2027, 1, 1, tzinfo=UTC)).issues
        return issue

    def document(number: int) -> Issue:
        written = f"---\ndate: 2026-06-0{number}\n---\n\n# Open thread\n\nSay it below.\n"
        [issue] = read_newsletter(written.encode(), source=f"{number}.md")
        return replace(issue, identities=(f"file:{number}.md", *issue.identities))

    for make in (post, document):
        assert make(1).identities[-1] == make(8).identities[-1]
        assert not met_again(make(1), make(8))


async def test_the_case_that_was_seen_is_told_twice(desk: Desk) -> None:
    cases = SHARED / "cases"
    if not cases.is_dir():
        pytest.skip("../shared/cases is not there")
    weeks = [read_feed((cases / f"open_thread_week{week}.xml").read_bytes()).issues for week in (1, 2)]
    assert await told(desk, *weeks) == ["Open thread"] * 2


async def test_others_go_on_between_any_two_issues_while_successors_are_looked_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(bites, "_BITE_SECONDS", 0.0)
    items, turns = [Recognised(sample_issue(number), None) for number in range(20)], 0

    async def others() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    going = asyncio.create_task(others())
    assert await with_successors(items, [], {}) == items
    going.cancel()
    assert turns >= 2 * len(items)
