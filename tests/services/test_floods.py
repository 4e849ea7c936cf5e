"""The flood brake and the silence alarm, over a real store."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.errors import ChannelClosedError, DeliveryRefusedError, NotFoundError, RefusedError
from bot.model.flood import FloodDecision
from bot.model.issue import Issue
from bot.model.member import Act, Actor
from bot.model.problem import Problem
from bot.ports import FloodCard, Unchanged
from bot.services.announcing.floods import is_flood
from bot.store import channels as channel_rows
from tests.doubles import sample_issue
from tests.services.conftest import ADMIN, CHANNEL, GUILD, Desk

STAFF = 8500
MODERATOR = Actor(member_id=5, manages_messages=True)


def renamed(number: int) -> Issue:
    """The same issue after its platform gave everything a new name, new words included."""
    old = sample_issue(number)
    return replace(old, title=f"Moved number {number}", identities=(f"guid:new-{number}", f"link:new.example/{number}"))


async def flooded(desk: Desk, *, staff: int | None = STAFF) -> None:
    await desk.services.guilds.remember(GUILD, name="Here")
    await desk.services.guilds.set_staff_channel(Act(GUILD, ADMIN, 1), staff)
    desk.shelf.lay_out(*(sample_issue(number) for number in range(1, 6)))
    await desk.subscribe()
    await desk.services.sources.read_due()
    await desk.titles_sent()
    desk.shelf.lay_out(*(renamed(number) for number in range(2, 6)), sample_issue(1))
    await desk.read()


def cards(desk: Desk) -> list[FloodCard]:
    return [matter for _, matter in desk.channel.cards.values() if isinstance(matter, FloodCard)]


@pytest.mark.parametrize(
    ("new", "listed", "flood"),
    [(1, 1, False), (2, 2, False), (3, 3, True), (3, 6, False), (4, 6, True), (14, 15, True), (5, 50, False)],
)
def test_most_of_a_reading_is_a_flood_and_a_busy_day_is_none(new: int, listed: int, *, flood: bool) -> None:
    old = [sample_issue(number) for number in range(1, new + 1)]
    assert is_flood(old, listed=listed, newest_known_at=sample_issue(20).published_at) is flood


@pytest.mark.parametrize(("new", "flood"), [(3, False), (5, False), (6, True)])
def test_a_few_that_came_out_while_nobody_read_are_caught_up_with(new: int, *, flood: bool) -> None:
    later = [sample_issue(number) for number in range(11, 11 + new)]
    assert is_flood(later, listed=new, newest_known_at=sample_issue(10).published_at) is flood
    undated = [*later[1:], replace(later[0], published_at=None)]
    assert is_flood(undated, listed=new, newest_known_at=sample_issue(10).published_at)
    assert is_flood(later, listed=new, newest_known_at=None)


async def test_a_flood_is_held_and_the_staff_asked_once(desk: Desk) -> None:
    await flooded(desk)
    assert await desk.titles_sent() == ["Issue number 5"], "nothing of it is announced"
    [card] = cards(desk)
    assert (len(card.flood.issue_keys), card.flood.listed, card.flood.newest_title) == (4, 5, "Moved number 5")
    await desk.read()
    await desk.services.outbox.deliver_due()
    assert len(cards(desk)) == 1, "the next reading finds nothing new"
    status = await desk.services.guilds.status(GUILD)
    assert [flood.flood_key for flood in status.floods] == [card.flood.flood_key]


@pytest.mark.parametrize(
    ("decision", "titles"),
    [
        (FloodDecision.NEWEST, ["Moved number 5"]),
        (FloodDecision.ALL, [f"Moved number {number}" for number in range(2, 6)]),
        (FloodDecision.NONE, []),
    ],
)
async def test_the_staff_decides_once_what_is_announced(desk: Desk, decision: FloodDecision, titles: list[str]) -> None:
    await flooded(desk)
    await desk.services.outbox.deliver_due()
    key = cards(desk)[0].flood.flood_key
    floods = desk.services.floods
    with pytest.raises(RefusedError, match="only-staff"):
        await floods.decide(Act(GUILD, Actor(1), 10), key, decision)
    decided = await floods.decide(Act(GUILD, MODERATOR, 11), key, decision)
    assert decided.decision is decision
    other = FloodDecision.ALL if decision is FloodDecision.NONE else FloodDecision.NONE
    late = await floods.decide(Act(GUILD, MODERATOR, 12), key, other)
    assert late.decision is decision, "the second is shown what the first decided"
    await floods.decide(Act(GUILD, MODERATOR, 11), key, decision)
    desk.clock.move(timedelta(minutes=1))
    assert await desk.titles_sent() == ["Issue number 5", *titles]
    [refreshed] = [matter for _, matter in desk.channel.refreshed if isinstance(matter, FloodCard)]
    assert refreshed.flood.decision is decision
    assert (await desk.services.guilds.status(GUILD)).floods == ()


async def test_a_flood_is_one_servers_own(desk: Desk) -> None:
    await flooded(desk)
    await desk.services.outbox.deliver_due()
    key = cards(desk)[0].flood.flood_key
    for guild_id, wanted in ((7002, key), (GUILD, "a" * 26)):
        with pytest.raises(NotFoundError):
            await desk.services.floods.decide(Act(guild_id, MODERATOR, 20 + guild_id), wanted, FloodDecision.ALL)


async def test_without_a_channel_for_the_staff_it_stands_in_the_status(desk: Desk) -> None:
    await flooded(desk, staff=None)
    assert await desk.titles_sent() == ["Issue number 5"]
    assert cards(desk) == []
    assert len((await desk.services.guilds.status(GUILD)).floods) == 1
    [held, *_] = [
        card for card in await desk.services.issues.search_titles(GUILD, "Moved") if card.title == "Moved number 4"
    ]
    await desk.services.announcements.post(Act(GUILD, ADMIN, 30), held.issue_key)
    assert await desk.titles_sent() == ["Issue number 5", "Moved number 4"]


def told(desk: Desk) -> list[int]:
    """In which channels the staff was told of a silence."""
    return [
        notice.channel_id
        for notice in desk.channel.notices
        if notice.words and notice.words.message_id == "notice-silence"
    ]


def test_an_old_archive_that_is_put_into_a_feed_is_a_flood_however_long_the_feed_is() -> None:
    old = [sample_issue(number) for number in range(-50, 0)]
    newest = sample_issue(20).published_at
    assert is_flood(old, listed=500, newest_known_at=newest)
    assert not is_flood(old[:5], listed=500, newest_known_at=newest)
    same_day = [sample_issue(number, published_at=newest) for number in range(8)]
    assert not is_flood(same_day, listed=40, newest_known_at=newest), "where only days are stated"


async def test_a_late_issue_is_told_to_the_staff_once_until_one_came(desk: Desk) -> None:
    await desk.services.guilds.remember(GUILD, name="Here")
    await desk.services.guilds.set_staff_channel(Act(GUILD, ADMIN, 1), STAFF)
    start = desk.clock.now() - timedelta(days=40)
    issues = [sample_issue(number, published_at=start + timedelta(days=number)) for number in range(40)]
    desk.shelf.lay_out(*issues)
    await desk.subscribe()
    await desk.services.sources.read_due()
    await desk.titles_sent()
    assert desk.channel.notices == []

    async def pass_hours(count: int) -> None:
        for _ in range(0, count, 4):
            desk.clock.move(timedelta(hours=4))
            await desk.services.sources.read_due()
            await desk.services.outbox.deliver_due()

    desk.shelf.answer = Unchanged()  # not modified
    await pass_hours(80)
    assert told(desk) == [STAFF], "once, although several were missed"
    assert desk.channel.notices[0].channel_id == STAFF != CHANNEL
    desk.shelf.lay_out(*issues, sample_issue(40, published_at=desk.clock.now()))
    await pass_hours(4)
    assert told(desk) == [STAFF]
    desk.shelf.lay_out(*issues, sample_issue(99, published_at=desk.clock.now() + timedelta(days=900)))
    await pass_hours(60)
    assert told(desk) == [STAFF, STAFF], "it came, and then it was silent again, whatever is dated in the future"


async def test_a_silence_of_which_nobody_could_be_told_is_told_when_somebody_can_be(desk: Desk) -> None:
    start = desk.clock.now() - timedelta(days=40)
    desk.shelf.lay_out(*(sample_issue(number, published_at=start + timedelta(days=number)) for number in range(40)))
    await desk.subscribe()
    await desk.services.sources.read_due()
    for days in range(5):
        desk.clock.move(timedelta(days=1))
        await desk.services.sources.read_due()
        await desk.services.outbox.deliver_due()
        if days == 2:
            assert told(desk) == []
            await desk.services.guilds.set_staff_channel(Act(GUILD, ADMIN, 1), STAFF)
    assert told(desk) == [STAFF]


async def test_an_issue_that_came_late_with_the_date_it_was_meant_for_ends_a_silence(desk: Desk) -> None:
    await desk.services.guilds.remember(GUILD, name="Here")
    await desk.services.guilds.set_staff_channel(Act(GUILD, ADMIN, 1), STAFF)
    day = desk.clock.now().replace(hour=0) - timedelta(days=7)
    issues = [sample_issue(number, published_at=day - timedelta(days=7 * (9 - number))) for number in range(10)]
    desk.shelf.lay_out(*issues)
    await desk.subscribe()
    await desk.services.sources.read_due()

    async def wait_for_days(count: int) -> None:
        for _ in range(count * 2):
            desk.clock.move(timedelta(hours=12))
            await desk.services.sources.read_due()
            await desk.services.outbox.deliver_due()

    await wait_for_days(2)
    assert told(desk) == [STAFF]
    desk.shelf.lay_out(*issues, sample_issue(10, published_at=day + timedelta(days=7)))
    await wait_for_days(3)
    assert told(desk) == [STAFF]
    await wait_for_days(5)
    assert told(desk) == [STAFF, STAFF], "the next one is missed, too"


async def test_a_newsletter_that_rested_long_ago_is_missed_by_nobody_who_just_subscribed(desk: Desk) -> None:
    await desk.services.guilds.remember(GUILD, name="Here")
    await desk.services.guilds.set_staff_channel(Act(GUILD, ADMIN, 1), STAFF)
    start = desk.clock.now() - timedelta(days=140)
    desk.shelf.lay_out(*(sample_issue(n, published_at=start + timedelta(days=n)) for n in range(40)))
    await desk.subscribe()
    await desk.services.sources.read_due()
    desk.shelf.answer = Unchanged()
    await desk.read()
    await desk.services.outbox.deliver_due()
    assert told(desk) == []


def every_day(desk: Desk, *days: int) -> list[Issue]:
    """Issues of a daily, by how many days after today they come out."""
    today = desk.clock.now().replace(hour=6)
    return [sample_issue(1000 + day, published_at=today + timedelta(days=day)) for day in days]


async def test_after_an_outage_a_daily_catches_up_in_order(desk: Desk) -> None:
    desk.shelf.lay_out(*every_day(desk, *range(-20, 1)))
    await desk.subscribe()
    await desk.services.sources.read_due()
    await desk.titles_sent()
    came = every_day(desk, *range(1, 13))
    desk.clock.move(timedelta(days=12))
    desk.shelf.lay_out(*came[::-1])
    await desk.services.sources.read_due()
    assert await desk.titles_sent() == [f"Issue number {1000 + day}" for day in range(13)]
    assert (await desk.services.guilds.status(GUILD)).floods == ()


async def test_after_an_outage_an_archive_and_other_names_are_held_all_the_same(desk: Desk) -> None:
    known = every_day(desk, *range(-20, 1))
    came = every_day(desk, *range(1, 13))
    desk.shelf.lay_out(*known)
    await desk.subscribe()
    await desk.services.sources.read_due()
    await desk.titles_sent()
    desk.clock.move(timedelta(days=12))
    other = [replace(each, title=f"Moved {each.title}", identities=(f"guid:new-{each.title}",)) for each in known[-8:]]
    desk.shelf.lay_out(*came, *other)
    await desk.services.sources.read_due()
    assert len(await desk.titles_sent()) == 1
    [flood] = (await desk.services.guilds.status(GUILD)).floods
    assert len(flood.issue_keys) == 20


async def test_what_no_card_asks_about_is_told_to_moderators_of_the_server_only(desk: Desk) -> None:
    await flooded(desk, staff=None)
    floods = desk.services.floods
    told = await floods.untold(GUILD, actor=MODERATOR)
    assert told is not None
    assert (told.count, told.issues) == (1, 4)
    untold = told.oldest
    with pytest.raises(RefusedError, match="only-staff"):
        await floods.untold(GUILD, actor=Actor(1))
    assert await floods.untold(7002, actor=MODERATOR) is None
    await desk.services.guilds.set_staff_channel(Act(GUILD, ADMIN, 2), STAFF)
    assert await floods.untold(GUILD, actor=MODERATOR) is None, "it is going to be asked there"
    await desk.services.outbox.deliver_due()
    assert [card.flood.flood_key for card in cards(desk)] == [untold.flood_key]
    await floods.decide(Act(GUILD, MODERATOR, 40), untold.flood_key, FloodDecision.NONE)
    assert await floods.untold(GUILD, actor=MODERATOR) is None


async def test_a_flood_whose_card_was_refused_is_told_to_nobody_yet(desk: Desk) -> None:
    desk.channel.fail_in[STAFF] = DeliveryRefusedError("delivery-refused", reason="Invalid Form Body")
    await flooded(desk)
    await desk.services.outbox.deliver_due()
    told = await desk.services.floods.untold(GUILD, actor=MODERATOR)
    assert told is not None
    assert told.count == 1


@pytest.mark.parametrize("was_asked", [False, True])
async def test_a_flood_whose_card_is_in_a_channel_that_is_gone_is_told_and_asked_in_the_next_one(
    desk: Desk, *, was_asked: bool
) -> None:
    if not was_asked:
        desk.channel.fail_in[STAFF] = ChannelClosedError("delivery-channel-gone", is_gone=True)
    await flooded(desk)
    await desk.services.outbox.deliver_due()
    if was_asked:
        assert await desk.services.floods.untold(GUILD, actor=MODERATOR) is None
        async with desk.store.write() as transaction:
            await channel_rows.stop_channel(
                transaction,
                STAFF,
                guild_id=GUILD,
                problem=Problem("delivery-channel-gone"),
                look_again_at=None,
            )
    told = await desk.services.floods.untold(GUILD, actor=MODERATOR)
    assert told is not None
    untold = told.oldest
    await desk.services.guilds.set_staff_channel(Act(GUILD, ADMIN, 2), STAFF + 1)
    assert await desk.services.floods.untold(GUILD, actor=MODERATOR) is None
    desk.channel.cards.clear()
    await desk.services.outbox.deliver_due()
    assert [card.flood.flood_key for card in cards(desk)] == [untold.flood_key]
