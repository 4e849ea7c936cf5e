"""A database that is away for a moment: what is under way is broken off, and goes on when it is back."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from datetime import timedelta
from typing import TypeVar
from urllib.parse import parse_qs, urlsplit

import pytest
from sqlalchemy import select

from bot.errors import NotFoundError, StoreFullError, StoreGoneError
from bot.model.delivery import DeliveryState
from bot.model.member import Act
from bot.model.poll import CastOutcome
from bot.ports import Reading
from bot.store import Store
from bot.store.engine import WHILE_SOMEBODY_WAITS
from bot.store.tables import hub_leases, outbox, sources
from tests.doubles import MovedClock, QuietBell, sample_issue
from tests.hiccup import Hiccup
from tests.loop_time import LoopTime
from tests.proxy import Proxy
from tests.services.conftest import GUILD, Desk, only_postgresql
from tests.services.test_polls import MODERATOR, ask, tally, vote
from tests.services.test_websub import HUB, with_hub
from tests.statements import around

T = TypeVar("T")

pytestmark = only_postgresql


async def as_a_worker(work: Callable[[], Awaitable[T]]) -> T:
    """What came of it in the end: a worker that broke because of the database looks again soon."""
    for _ in range(5):
        try:
            return await work()
        except StoreGoneError:
            continue
    raise AssertionError("it breaks each time")


@pytest.fixture
async def proxy(database_url: str) -> AsyncIterator[Proxy]:
    folder = parse_qs(urlsplit(database_url).query)["host"][0]
    proxy = Proxy(f"{folder}/.s.PGSQL.5432")
    await proxy.listen()
    yield proxy
    await proxy.close()


@pytest.fixture
async def store(database_url: str, proxy: Proxy, clock: MovedClock, bell: QuietBell) -> AsyncIterator[Store]:
    async with await Store.open(proxy.address + urlsplit(database_url).path, clock=clock, bell=bell) as store:
        yield store


@pytest.fixture
def hiccup(desk: Desk, database_url: str) -> Hiccup:
    return Hiccup(desk.store, database_url)


def once(work: Callable[[], None]) -> Callable[[], Awaitable[None]]:
    """Does it the first time only."""
    left = [work]

    async def meanwhile() -> None:
        if left:
            left.pop()()

    return meanwhile


async def rows_of_sources(desk: Desk) -> list[tuple[object, ...]]:
    async with desk.store.read() as transaction:
        columns = (sources.c.failures, sources.c.last_problem, sources.c.leased_until)
        return [tuple(row) for row in await transaction.execute(select(*columns))]


async def test_a_reading_that_a_hiccup_hits_is_done_again_at_once_and_is_no_failure_of_the_newsletter(
    desk: Desk, hiccup: Hiccup
) -> None:
    await desk.subscribe()
    desk.shelf.meanwhile = once(hiccup.strike)
    await as_a_worker(desk.services.sources.read_due)
    assert await rows_of_sources(desk) == [(0, None, None)]
    assert desk.metrics.value("source_readings", "failed") == 0
    assert desk.metrics.value("source_readings", "broken off") == 1
    assert await desk.titles_sent() == ["Issue number 1"]
    assert desk.channel.notices == []


async def test_a_database_that_stays_away_keeps_no_newsletter_when_it_is_back(desk: Desk, hiccup: Hiccup) -> None:
    await desk.subscribe()
    desk.shelf.meanwhile = once(lambda: hiccup.strike(times=3))  # also the giving back
    with pytest.raises(StoreGoneError):
        await desk.services.sources.read_due()
    await as_a_worker(desk.services.sources.read_due)
    assert await rows_of_sources(desk) == [(0, None, None)]
    assert await desk.titles_sent() == ["Issue number 1"]


async def test_newsletters_side_by_side_are_broken_off_and_read_again(desk: Desk, hiccup: Hiccup) -> None:
    addresses = [f"https://{number}.example/feed" for number in range(4)]
    for address in addresses:
        await desk.subscribe(url=address)
    desk.shelf.meanwhile = once(lambda: hiccup.strike(times=2))
    await as_a_worker(desk.services.sources.read_due)
    assert await rows_of_sources(desk) == [(0, None, None)] * 4


async def test_a_full_disk_is_no_failure_of_the_newsletter_and_its_site_is_not_asked_again_and_again(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    await desk.subscribe()
    asked = len(desk.shelf.asked)
    room = [False]

    async def no_room() -> None:
        if len(desk.shelf.asked) > asked and not room[0]:
            raise StoreFullError("The disk is full.")

    monkeypatch.setattr(desk.store, "commit_hook", no_room)
    for _ in range(3):
        with pytest.raises(StoreFullError):
            await desk.services.sources.read_due()
    room[0] = True
    await desk.services.sources.read_due()
    assert await rows_of_sources(desk) == [(0, None, None)]
    assert len(desk.shelf.asked) == asked + 1
    desk.clock.move(timedelta(minutes=10))
    await desk.services.sources.read_due()
    assert await desk.titles_sent() == ["Issue number 1"]


async def rows_of_outbox(desk: Desk) -> list[tuple[object, ...]]:
    async with desk.store.read() as transaction:
        columns = (outbox.c.state, outbox.c.attempts, outbox.c.last_problem, outbox.c.lease_until)
        return [tuple(row) for row in await transaction.execute(select(*columns).order_by(outbox.c.id))]


async def test_a_delivery_that_a_hiccup_hits_after_the_message_was_sent_goes_on_at_once(
    desk: Desk, hiccup: Hiccup
) -> None:
    await desk.subscribe()
    await desk.services.sources.read_due()
    desk.channel.after_send = once(hiccup.strike)
    await as_a_worker(desk.services.outbox.deliver_due)
    assert [state for state, *_ in await rows_of_outbox(desk)] == [DeliveryState.DONE]
    assert [problem for _, _, problem, _ in await rows_of_outbox(desk)] == [None]
    assert len(desk.channel.messages) == 1
    assert desk.metrics.value("deliveries", "broken off") == 1
    assert desk.metrics.value("deliveries", "put off") == 0


async def test_deliveries_wait_for_the_database_in_their_order_and_not_for_their_leases(
    desk: Desk, hiccup: Hiccup
) -> None:
    await desk.subscribe()
    await desk.services.sources.read_due()
    await desk.services.outbox.deliver_due()
    await desk.publish(sample_issue(2), sample_issue(3))
    desk.channel.after_send = once(lambda: hiccup.strike(times=2))
    with pytest.raises(StoreGoneError):
        await desk.services.outbox.deliver_due()
    await as_a_worker(desk.services.outbox.deliver_due)
    titles = [announcement.issue.title for _, announcement in desk.channel.messages.values()]
    assert titles == ["Issue number 1", "Issue number 2", "Issue number 3"]
    assert {(state, lease) for state, _, _, lease in await rows_of_outbox(desk)} == {(DeliveryState.DONE, None)}


async def test_a_hub_that_was_asked_when_a_hiccup_came_is_asked_again_at_once(desk: Desk, hiccup: Hiccup) -> None:
    await with_hub(desk)
    strike = once(hiccup.strike)

    async def before_it_answers(_form: Mapping[str, str]) -> None:
        await strike()

    desk.hub.before_it_answers = before_it_answers
    next_at = await as_a_worker(desk.services.websub.renew_due)
    assert len(desk.hub.forms) == 2
    assert next_at == desk.clock.now() + timedelta(hours=1), "as after any question that was taken down"
    async with desk.store.read() as transaction:
        rows = await transaction.execute(select(hub_leases.c.failures, hub_leases.c.last_problem))
        assert [tuple(row) for row in rows] == [(0, None)]


async def test_polls_close_at_the_next_look_after_a_hiccup(desk: Desk, hiccup: Hiccup) -> None:
    await ask(desk, closes="1 hour")
    desk.clock.move(timedelta(hours=2))
    hiccup.strike()
    with pytest.raises(StoreGoneError):
        await desk.services.polls.close_due()
    await desk.services.polls.close_due()
    with pytest.raises(NotFoundError):
        await desk.services.polls.newest_open(GUILD)


async def test_what_was_claimed_without_an_answer_is_taken_in_hand_at_the_next_look(desk: Desk, proxy: Proxy) -> None:
    await desk.subscribe()
    desk.shelf.answer = Reading(title="The Sample", issues=(sample_issue(1),), hub=HUB)
    work: tuple[tuple[Callable[[], Awaitable[object]], Callable[[], int]], ...] = (
        (desk.services.sources.read_due, lambda: desk.metrics.value("issues_stored")),
        (desk.services.outbox.deliver_due, lambda: len(desk.channel.messages)),
        (desk.services.websub.renew_due, lambda: len(desk.hub.forms)),
    )
    for look, done in work:
        proxy.lose_answer_to(b"COMMIT;")
        with pytest.raises(StoreGoneError):
            await look()
        assert done() == 0
        await look()
        assert done() == 1
    assert await rows_of_sources(desk) == [(0, None, None)]
    assert {(state, lease) for state, _, _, lease in await rows_of_outbox(desk)} == {(DeliveryState.DONE, None)}


@pytest.mark.parametrize("at", [b"BEGIN", b"COMMIT;"])
async def test_one_silent_connection_costs_the_votes_of_its_set_only(
    desk: Desk, proxy: Proxy, monkeypatch: pytest.MonkeyPatch, at: bytes
) -> None:
    loop_time = LoopTime(monkeypatch)
    poll = await ask(desk)
    await vote(desk, poll, 1, 0)
    proxy.stall_at(at)
    silent = asyncio.create_task(vote(desk, poll, 2, 0))
    await proxy.swallowed()
    # Before a commit, the server keeps the poll for a while, for a connection that is not there any more.
    outcomes = await asyncio.gather(*(vote(desk, poll, member, 1) for member in range(10, 20)))
    assert set(outcomes) == {CastOutcome.COUNTED}
    loop_time.move(WHILE_SOMEBODY_WAITS.answer)
    with pytest.raises(StoreGoneError):
        await silent
    assert await vote(desk, poll, 2, 1) is CastOutcome.COUNTED
    assert await tally(desk, poll) == {0: 1, 1: 11}


async def test_what_became_of_interactions_is_known_when_the_database_answers_again(
    desk: Desk, proxy: Proxy, hiccup: Hiccup
) -> None:
    poll = await ask(desk)
    proxy.lose_answer_to(b"COMMIT;")
    with pytest.raises(StoreGoneError):
        await vote(desk, poll, 1, 0, interaction=501)
    hiccup.strike()
    with pytest.raises(StoreGoneError):
        await vote(desk, poll, 2, 0, interaction=502)
    proxy.lose_answer_to(b"COMMIT;")
    with pytest.raises(StoreGoneError):
        await desk.services.polls.close(Act(GUILD, MODERATOR, 503), poll.poll_key)
    await proxy.cut()
    asking = [asyncio.create_task(desk.services.interactions.has_acted(each, GUILD)) for each in (501, 502, 503, 504)]
    given_up = asyncio.create_task(desk.services.interactions.has_acted(505, GUILD))
    await asyncio.sleep(0)
    given_up.cancel()
    await proxy.listen()
    hiccup.strike()  # the asking is hit, too
    answers = asyncio.gather(*asking)
    while not answers.done():
        desk.clock.move(timedelta(seconds=1))
        await asyncio.sleep(0)
    assert await answers == [True, False, True, False]
    assert [await desk.services.interactions.has_acted(each, GUILD) for each in (502, 504)] == [False, False]


ASKING = "SELECT interactions.interaction_id"


async def test_who_asks_while_the_asking_for_others_is_given_up_is_answered(desk: Desk) -> None:
    asks, ends = asyncio.Event(), asyncio.Event()

    async def slow() -> None:
        asks.set()
        try:
            await asyncio.Event().wait()
        finally:
            await ends.wait()

    async with asyncio.timeout(60):
        with around(ASKING, before=slow):
            given_up = asyncio.create_task(desk.services.interactions.has_acted(505, GUILD))
            await asks.wait()
        given_up.cancel()
        await asyncio.wait([given_up])
        asking = asyncio.create_task(desk.services.interactions.has_acted(506, GUILD))
        await asyncio.sleep(0)
        ends.set()
        assert not await asking


async def test_after_a_mistake_of_ours_it_is_asked_again_what_became_of_interactions(desk: Desk) -> None:
    mistakes = [RuntimeError()]

    async def mistaken() -> None:
        if mistakes:
            raise mistakes.pop()

    with around(ASKING, before=mistaken):
        asking = asyncio.create_task(desk.services.interactions.has_acted(505, GUILD))
        async with asyncio.timeout(60):
            while not asking.done():
                desk.clock.move(timedelta(seconds=1))
                await asyncio.sleep(0)
    assert not asking.result()
    assert mistakes == []


async def test_an_effect_that_is_still_under_way_is_waited_for(desk: Desk) -> None:
    await desk.services.guilds.remember(GUILD, name="Server")
    async with desk.store.effect(Act(GUILD, MODERATOR, 601)):
        asking = asyncio.create_task(desk.services.interactions.has_acted(601, GUILD))
        await desk.held_up(1, asking)
        assert not asking.done()
    assert await asking
