"""Feeds that use names again, and which of their items are new all the same."""

from datetime import timedelta

from bot.model.issue import Issue, Section
from bot.ports import Reading
from tests.doubles import sample_issue, sample_link
from tests.services.conftest import Desk


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
