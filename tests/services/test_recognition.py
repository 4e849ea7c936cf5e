"""Feeds that use names again, and which of their items are new all the same."""

from datetime import timedelta

import pytest

from bot.model.issue import Issue, Section
from bot.newsletter.feeds import read_feed
from bot.ports import Reading
from bot.store import issues as issue_rows
from bot.store import sources as source_rows
from tests.doubles import sample_issue, sample_link
from tests.services.conftest import GUILD, Desk


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
        await issue_rows.reuse_name(transaction, source.source_id, latest)
        await issue_rows.reuse_name(transaction, source.source_id, latest)
    posting = await desk.services.announcements.post(GUILD, old.issue_key, interaction_id=next(desk.interactions))
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
