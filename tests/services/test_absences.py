"""The newest issue, unpublished: struck when the readings miss it and its own address or its platform says so."""

import asyncio
from datetime import timedelta

import pytest

from bot.errors import FetchError
from bot.model.issue import Issue
from bot.ports import Announcement, Reading, Standing, Unchanged
from bot.services.announcing.news import telling
from bot.services.reading.absences import APART, MOST_ASKED
from bot.store import Store
from bot.store import chores as chore_rows
from bot.store import issues as issue_rows
from bot.store import news as news_rows
from tests.doubles import sample_issue
from tests.services.conftest import FEED, GUILD, Desk, only_postgresql

NEWEST = "https://news.example/5"


def five(*without: int) -> list[Issue]:
    return [sample_issue(number) for number in range(1, 6) if number not in without]


async def announced(desk: Desk) -> None:
    desk.shelf.lay_out(*five())
    await desk.subscribe()
    await desk.services.sources.read_due()
    assert await desk.titles_sent() == ["Issue number 5"]


async def is_struck(desk: Desk, number: int = 5) -> bool:
    await desk.services.outbox.deliver_due()
    stored = (await desk.services.issues.show(GUILD, f"Issue number {number}")).issue
    return stored.is_withdrawn


def drawn(desk: Desk) -> list[bool]:
    """Whether the card was struck, at each time that it was drawn anew."""
    return [matter.issue.is_withdrawn for _, matter in desk.channel.refreshed if isinstance(matter, Announcement)]


async def test_the_newest_issue_is_struck_after_three_readings_and_two_answers_and_comes_back(desk: Desk) -> None:
    await announced(desk)
    desk.pages.answers[NEWEST] = Standing.NOTHING_THERE
    desk.shelf.lay_out(*five(5))
    for _ in range(2):
        await desk.read()
        assert not await is_struck(desk)
    await desk.read()
    assert await is_struck(desk)
    assert drawn(desk) == [True]
    said = [finding.message_id for finding in await desk.services.explanations.why(GUILD, NEWEST)]
    assert said[1] == "why-withdrawn-gone"
    asked = len(desk.pages.asked)
    await desk.read()
    assert len(desk.pages.asked) == asked, "what is decided is not asked any more"
    desk.shelf.lay_out(*five())
    await desk.read()
    assert not await is_struck(desk)
    assert drawn(desk) == [True, False]
    assert await desk.titles_sent() == ["Issue number 5"], "and is not announced once more"


@pytest.mark.parametrize(
    "answer",
    [
        Standing.UNKNOWN,
        FetchError("fetch-refused", host="x", status=403),
        FetchError("fetch-trouble", host="x", status=503),
        FetchError("fetch-private"),
    ],
    ids=["anything else", "refused", "in trouble", "forbidden"],
)
async def test_without_proof_the_newest_issue_stands_and_is_asked_for_ever_less(
    desk: Desk, answer: Standing | Exception
) -> None:
    await announced(desk)
    desk.pages.answers[NEWEST] = answer
    desk.shelf.lay_out(*five(5))
    for minutes in (16,) * 10 + (60,) * 8:
        desk.clock.move(timedelta(minutes=minutes))
        await desk.services.sources.read_due()
    assert not await is_struck(desk)
    assert 5 <= len(desk.pages.asked) <= 7, "after 10, 20, 40, 80 minutes and so on"


async def test_two_answers_in_a_row_are_wanted_ten_minutes_apart(desk: Desk) -> None:
    await announced(desk)
    desk.shelf.lay_out(*five(5))
    for answer in (Standing.NOTHING_THERE, Standing.UNKNOWN) * 4:
        desk.pages.answers[NEWEST] = answer
        desk.clock.move(timedelta(days=1))
        await desk.services.sources.read_due()
        assert not await is_struck(desk)
    desk.pages.answers[NEWEST] = Standing.NOTHING_THERE
    desk.clock.move(timedelta(days=1))
    await desk.services.sources.read_due()
    assert not await is_struck(desk)
    asked = len(desk.pages.asked)
    for _ in range(3):
        desk.clock.move(APART / 4)
        await desk.publish(*five(5)[-1:])
        assert len(desk.pages.asked) == asked, "not before its time, however often it is read"


async def test_the_platform_itself_is_believed_at_once(desk: Desk) -> None:
    await announced(desk)
    desk.pages.answers[NEWEST] = Standing.TAKEN_BACK
    desk.shelf.lay_out(*five(5))
    await desk.read()
    assert await is_struck(desk)
    assert len(desk.pages.asked) == 1


async def test_the_only_issue_of_a_newsletter_can_be_taken_back(desk: Desk) -> None:
    desk.shelf.lay_out(sample_issue(5))
    await desk.subscribe()
    await desk.services.sources.read_due()
    desk.pages.answers[NEWEST] = Standing.NOTHING_THERE
    desk.shelf.lay_out()
    for _ in range(3):
        await desk.read()
    assert await is_struck(desk)


@pytest.mark.parametrize("left", [(), (1,), (1, 2, 3), (2, 3, 4, 6)], ids=["empty", "pinned", "an old copy", "a newer"])
async def test_a_reading_that_lost_more_or_has_a_newer_one_asks_for_nothing(desk: Desk, left: tuple[int, ...]) -> None:
    await announced(desk)
    desk.shelf.lay_out(*(sample_issue(number) for number in left))
    await desk.read()
    assert desk.pages.asked == []


async def test_a_reading_that_breaks_off_and_one_of_another_address_ask_for_nothing(desk: Desk) -> None:
    await announced(desk)
    for _ in range(4):
        desk.shelf.answer = Reading(title="x", issues=tuple(five(5)), is_whole=False)
        await desk.read()
    assert desk.pages.asked == []
    desk.shelf.feeds = ["https://news.example/other"]
    desk.shelf.answers[FEED] = FetchError("fetch-nothing-there", host="x", status=404)
    desk.shelf.lay_out(*five(5))
    for _ in range(6):
        await desk.read()
    assert desk.shelf.asked[-1].url == "https://news.example/other"
    assert desk.pages.asked == []


async def test_what_was_answered_survives_a_restart(desk: Desk) -> None:
    await announced(desk)
    desk.pages.answers[NEWEST] = Standing.NOTHING_THERE
    desk.shelf.lay_out(*five(5))
    for _ in range(3):
        desk.clock.move(timedelta(minutes=16))
        await desk.sources().read_due()  # another process each time
    assert await is_struck(desk)


async def test_while_something_is_missed_the_source_is_read_whole(desk: Desk) -> None:
    desk.shelf.lay_out(*five(), etag='"all"')
    await desk.subscribe()
    await desk.services.sources.read_due()
    desk.shelf.lay_out(*five(5), etag='"less"')
    marks = []
    for _ in range(5):
        await desk.read()
        marks.append(desk.shelf.asked[-1].etag)
    assert marks == ['"all"', None, None, '"less"', '"less"'], "until three readings told all that they can"


async def test_an_answer_while_the_source_says_that_nothing_changed_counts(desk: Desk) -> None:
    await announced(desk)
    desk.shelf.lay_out(*five(5))
    for _ in range(3):
        await desk.read()
    desk.pages.answers[NEWEST] = Standing.NOTHING_THERE
    desk.shelf.answer = Unchanged()
    for _ in range(2):
        desk.clock.move(timedelta(days=1))
        await desk.services.sources.read_due()
    assert await is_struck(desk)


async def test_no_more_than_a_few_are_asked_for_after_one_reading(desk: Desk) -> None:
    many = [sample_issue(number) for number in range(1, 31)]
    desk.shelf.lay_out(*many)
    await desk.subscribe()
    await desk.services.sources.read_due()
    desk.shelf.lay_out(*many[:25])
    await desk.read()
    assert len(desk.pages.asked) == MOST_ASKED
    await desk.read()
    assert len(set(desk.pages.asked)) == 2 * MOST_ASKED, "then the others"


async def test_the_database_is_free_while_a_page_is_asked_for(desk: Desk) -> None:
    await announced(desk)
    desk.shelf.lay_out(*five(5))
    free = []

    async def write() -> None:
        await desk.services.guilds.remember(GUILD, name="Renamed")
        free.append(True)

    desk.pages.meanwhile = write
    await desk.read()
    assert free == [True]


@only_postgresql
async def test_of_two_processes_that_ask_at_once_one_answer_counts(desk: Desk) -> None:
    await announced(desk)
    desk.pages.answers[NEWEST] = Standing.NOTHING_THERE
    desk.shelf.lay_out(*five(5))
    other = desk.sources()

    async def the_other_asks() -> None:
        desk.pages.meanwhile = None
        await desk.publish(*five(5)[-1:])
        desk.shelf.lay_out(*five(5))
        desk.clock.move(timedelta(minutes=16))
        await other.read_due()

    desk.pages.meanwhile = the_other_asks
    for _ in range(4):
        await desk.read()
    assert await is_struck(desk)
    assert drawn(desk) == [True]


@only_postgresql
async def test_an_answer_waits_for_who_tells_of_the_source_before_it_holds_an_issue(
    desk: Desk, database_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    await announced(desk)
    desk.shelf.lay_out(*five(5))
    for _ in range(2):
        await desk.read()
    desk.pages.answers[NEWEST] = Standing.TAKEN_BACK
    desk.clock.move(timedelta(days=1))
    [source] = (await desk.services.guilds.status(GUILD)).sources
    async with desk.store.write() as transaction:
        [key] = await issue_rows.newest_keys(transaction, guild_id=GUILD)
    tells, goes_on = asyncio.Event(), asyncio.Event()

    async def tell() -> None:
        async with await Store.open(database_url, clock=desk.clock) as other, other.write() as transaction:
            await chore_rows.hold(transaction, telling(source.source_id))
            tells.set()
            await goes_on.wait()
            await news_rows.redraw(transaction, [key])

    async def meanwhile() -> None:
        async with desk.store.write() as transaction:
            await chore_rows.leave(transaction, telling(source.source_id))
        tasks.append(asyncio.create_task(tell()))
        await tells.wait()

    tasks: list[asyncio.Task[None]] = []
    desk.pages.meanwhile = meanwhile
    reading = asyncio.create_task(desk.services.sources.read_due())
    await tells.wait()
    await desk.held_up(1, reading)
    goes_on.set()
    await tasks[0]
    await reading
    assert await is_struck(desk)
    assert "broken off" not in caplog.text, "neither waits for what the other holds"
