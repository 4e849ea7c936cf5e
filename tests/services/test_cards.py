"""Cards that somebody deleted: what the staff has to decide on stands there again, and nothing else."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import delete, select, update

from bot.errors import ChannelClosedError, DeliveryError, DiscordClosedError
from bot.model.delivery import Purpose
from bot.model.flood import FloodDecision
from bot.model.issue import Section
from bot.model.member import Act, Actor
from bot.ports import FloodCard, PollCard, ReviewCard
from bot.services import Cards, Outbox, Retention
from bot.services.building import KINDS
from bot.services.delivery import cards
from bot.services.retention import HISTORY_DAYS
from bot.store.tables import outbox
from tests.doubles import sample_issue, sample_link
from tests.greeting import GREETING, Greeting, Greetings, rows
from tests.services.conftest import ADMIN, CHANNEL, GUILD, Desk

REVIEW, STAFF, MARA = 8800, 8900, 31
MODERATOR = Actor(MARA, manages_messages=True)
A_DAY = timedelta(days=1)


async def open_submissions(desk: Desk, guild_id: int = GUILD, channel_id: int = REVIEW) -> None:
    await desk.services.guilds.remember(guild_id, name="Server")
    await desk.services.guilds.set_review_channel(Act(guild_id, ADMIN, next(desk.interactions)), channel_id)


async def send(desk: Desk, *numbers: int, guild_id: int = GUILD) -> list[str]:
    keys = []
    for number in numbers:
        receipt = await desk.services.submissions.submit(
            Act(guild_id, Actor(9000 + number), next(desk.interactions)), f"https://sent.example/{number}"
        )
        keys.append(receipt.submission.submission_key)
    await desk.services.outbox.deliver_due()
    return keys


def standing(desk: Desk, key: str, channel_id: int = REVIEW) -> list[int]:
    """The cards of a submission, as far as nobody deleted them."""
    return [
        message_id
        for message_id, (delivery, _) in desk.channel.cards.items()
        if (delivery.subject_key, delivery.channel_id) == (key, channel_id) and message_id not in desk.channel.deleted
    ]


async def look(desk: Desk, after: timedelta = A_DAY) -> None:
    desk.clock.move(after)
    await desk.services.cards.look_due()
    await desk.services.outbox.deliver_due()


async def hold_a_flood(desk: Desk) -> str:
    desk.shelf.lay_out(*(sample_issue(number) for number in range(1, 9)))
    await desk.subscribe()
    await desk.services.sources.read_due()
    await desk.services.guilds.set_staff_channel(Act(GUILD, ADMIN, next(desk.interactions)), STAFF)
    rebuilt = [
        sample_issue(number, title=f"Rebuilt {number}", identities=(f"guid:r{number}",), url=None, sections=())
        for number in range(1, 9)
    ]
    desk.shelf.lay_out(*rebuilt)
    await desk.read()
    await desk.services.outbox.deliver_due()
    [key] = [delivery.subject_key for delivery, matter in desk.channel.cards.values() if isinstance(matter, FloodCard)]
    return key


async def test_a_deleted_card_of_what_waits_stands_there_again_the_next_day_and_decides(desk: Desk) -> None:
    await open_submissions(desk)
    [key, other] = await send(desk, 1, 2)
    [message_id] = standing(desk, key)
    desk.channel.deleted.add(message_id)
    await look(desk, timedelta(hours=23))
    assert (standing(desk, key), desk.channel.looks) == ([], [])
    await look(desk, timedelta(hours=1))
    [again] = standing(desk, key)
    assert again != message_id
    await look(desk)
    assert standing(desk, key) == [again], "once"
    desk.channel.deleted.add(again)
    await look(desk)
    assert len(standing(desk, key)) == 1, "and whenever it is deleted"
    assert len(standing(desk, other)) == 1
    await desk.services.submissions.approve(Act(GUILD, MODERATOR, next(desk.interactions)), key)
    desk.clock.move(timedelta(seconds=3))
    await desk.services.outbox.deliver_due()
    assert desk.channel.refreshed[-1][0] == standing(desk, key)[0]


async def test_all_cards_of_a_channel_are_looked_at_together(desk: Desk) -> None:
    await open_submissions(desk)
    for number in range(6):
        await send(desk, number)
        desk.clock.move(timedelta(hours=3))
    due = await desk.services.cards.look_due()
    assert due is not None
    assert due - desk.clock.now() == timedelta(hours=6)
    assert desk.channel.looks == []
    await look(desk, timedelta(hours=6))
    assert [len(each) for each in desk.channel.looks] == [6]
    await look(desk, timedelta(hours=12))
    assert len(desk.channel.looks) == 1
    await look(desk, timedelta(hours=12))
    assert [len(each) for each in desk.channel.looks] == [6, 6]


async def test_many_are_looked_at_in_portions_and_a_restart_goes_on_where_it_stopped(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cards, "_LOOKED_AT_ONCE", 10)
    await open_submissions(desk)
    keys = await send(desk, *range(13))
    desk.channel.deleted.update(desk.channel.cards)
    desk.clock.move(A_DAY)
    asked = iter([True, False])
    await desk.services.cards.look_due(lambda: next(asked))
    assert [len(each) for each in desk.channel.looks] == [10]
    await desk.services.cards.look_due()
    assert [len(each) for each in desk.channel.looks] == [10, 3]
    await desk.services.cards.look_due()
    await desk.services.outbox.deliver_due()
    assert [len(standing(desk, key)) for key in keys] == [1] * 13


async def test_what_nobody_waits_for_is_not_posted_again(desk: Desk) -> None:
    await desk.subscribe()
    await desk.services.sources.read_due()
    await open_submissions(desk)
    declined, taken_back, _ran = await send(desk, 1, 2, 3)
    await desk.services.polls.open(
        Act(GUILD, MODERATOR, next(desk.interactions)),
        question="Tea?",
        options="Yes\nNo",
        closes="3 days",
        channel_id=CHANNEL,
    )
    await desk.services.submissions.decline(Act(GUILD, MODERATOR, next(desk.interactions)), declined, "")
    await desk.services.submissions.withdraw(Act(GUILD, Actor(9002), next(desk.interactions)), taken_back)
    ran_links = (replace(sample_link(1), key="sent.example/3"),)
    desk.shelf.lay_out(
        sample_issue(50, published_at=desk.clock.now(), polls=(), sections=(Section("Tools", ran_links),))
    )
    await desk.read()
    await desk.services.outbox.deliver_due()
    before = len(desk.channel.cards), len(desk.channel.messages)
    assert any(isinstance(matter, PollCard) for _, matter in desk.channel.cards.values())
    desk.channel.deleted.update(desk.channel.cards, desk.channel.messages)
    await look(desk)
    await look(desk)
    assert (len(desk.channel.cards), len(desk.channel.messages)) == before
    assert desk.channel.looks == []


async def test_what_is_deleted_where_nobody_decides_any_more_stays_so(desk: Desk) -> None:
    await open_submissions(desk)
    [key] = await send(desk, 1)
    await open_submissions(desk, channel_id=REVIEW + 5)
    await desk.services.outbox.deliver_due()
    desk.channel.deleted.update(standing(desk, key))
    await look(desk)
    assert standing(desk, key) == []
    assert len(standing(desk, key, REVIEW + 5)) == 1
    await desk.services.credits.answer(Act(GUILD, Actor(9001), next(desk.interactions)), "Wanda", in_own_words=True)
    desk.clock.move(timedelta(minutes=1))
    await desk.services.outbox.deliver_due()
    assert standing(desk, key) == [], "nor is it when an edit finds out"


async def test_an_edit_that_finds_a_card_deleted_posts_it_anew_and_all_of_them_fold_in_the_end(desk: Desk) -> None:
    await open_submissions(desk)
    [key] = await send(desk, 1)
    await open_submissions(desk, channel_id=REVIEW + 5)
    await desk.services.outbox.deliver_due()
    desk.channel.deleted.update(standing(desk, key, REVIEW + 5))
    await desk.services.credits.answer(Act(GUILD, Actor(9001), next(desk.interactions)), "Wanda", in_own_words=True)
    desk.clock.move(timedelta(minutes=1))
    await desk.services.outbox.deliver_due()
    await desk.services.outbox.deliver_due()
    [again] = standing(desk, key, REVIEW + 5)
    [card] = [matter for delivery, matter in desk.channel.cards.values() if delivery.generation == 1]
    assert isinstance(card, ReviewCard)
    assert card.wished_name == "Wanda"
    desk.channel.refreshed.clear()
    await desk.services.submissions.approve(Act(GUILD, MODERATOR, next(desk.interactions)), key)
    desk.clock.move(timedelta(minutes=1))
    await desk.services.outbox.deliver_due()
    assert {message_id for message_id, _ in desk.channel.refreshed} == {again, *standing(desk, key)}


async def test_a_deleted_question_about_a_flood_is_asked_again_until_it_is_decided(desk: Desk) -> None:
    key = await hold_a_flood(desk)
    desk.channel.deleted.update(standing(desk, key, STAFF))
    await look(desk)
    assert len(standing(desk, key, STAFF)) == 1
    await desk.services.floods.decide(Act(GUILD, MODERATOR, next(desk.interactions)), key, FloodDecision.NONE)
    desk.channel.deleted.update(standing(desk, key, STAFF))
    await look(desk)
    assert standing(desk, key, STAFF) == []


async def test_trouble_in_one_channel_keeps_nobody_from_looking_at_the_others(desk: Desk) -> None:
    await open_submissions(desk)
    await open_submissions(desk, GUILD + 1, REVIEW + 1)
    await open_submissions(desk, GUILD + 2, REVIEW + 2)
    for number in range(3):
        await send(desk, number, guild_id=GUILD + number)
    desk.channel.fail_in[REVIEW] = DeliveryError("delivery-trouble", status=503)
    desk.channel.fail_in[REVIEW + 1] = ChannelClosedError("delivery-not-allowed", reason="Missing Access")
    await look(desk)
    assert len(desk.channel.looks) == 3
    await look(desk, timedelta(minutes=59))
    assert len(desk.channel.looks) == 3
    await look(desk, timedelta(minutes=1))
    assert len(desk.channel.looks) == 4, "trouble is tried again after an hour, a closed channel the next day"
    desk.channel.fail_in[REVIEW] = DiscordClosedError("delivery-slow-down", retry_after_seconds=90)
    desk.clock.move(timedelta(hours=1))
    due = await desk.services.cards.look_due()
    assert due == desk.clock.now() + timedelta(seconds=90)
    desk.channel.fail_in.clear()
    await look(desk, timedelta(seconds=90))
    assert desk.channel.looks[-1] == desk.channel.looks[0]


async def test_a_look_that_was_noted_while_the_clock_was_wrong_puts_off_nothing(desk: Desk) -> None:
    await open_submissions(desk)
    [key] = await send(desk, 1)
    async with desk.store.write() as transaction:
        await transaction.execute(
            update(outbox)
            .where(outbox.c.purpose == Purpose.REVIEW)
            .values(looked_at=desk.clock.now() + timedelta(days=4000))
        )
    desk.channel.deleted.update(standing(desk, key))
    await look(desk)
    assert len(standing(desk, key)) == 1


async def test_where_nothing_waits_nobody_looks(desk: Desk) -> None:
    assert await desk.services.cards.look_due() is None
    assert desk.channel.looks == []


@pytest.fixture
async def greeted(desk: Desk) -> Cards:
    """A server with a greeting that nobody returned yet, and the daily look at cards, which knows greetings."""
    await desk.services.guilds.remember(GUILD, name="Server")
    async with desk.store.write() as transaction:
        await transaction.run_sync(rows.metadata.create_all)
    await Greetings(desk.store).greet(Act(GUILD, ADMIN, 1), REVIEW)
    await outbox_that_greets(desk).deliver_due()
    return Cards(desk.store, announcer=desk.channel, clock=desk.clock, kinds=(*KINDS, GREETING))


def outbox_that_greets(desk: Desk) -> Outbox:
    return desk.outbox(incarnation="greets", kinds=(*KINDS, GREETING))


async def test_a_card_of_a_new_kind_is_drawn_anew_and_posted_again_while_it_waits(desk: Desk, greeted: Cards) -> None:
    [(message_id, (delivery, _))] = desk.channel.cards.items()
    desk.channel.deleted.add(message_id)
    desk.clock.move(A_DAY)
    await greeted.look_due()
    await outbox_that_greets(desk).deliver_due()
    [again] = standing(desk, delivery.subject_key)
    assert again != message_id
    await Greetings(desk.store).answer(Act(GUILD, ADMIN, 2), delivery.subject_key)
    desk.clock.move(timedelta(seconds=10))
    await outbox_that_greets(desk).deliver_due()
    assert [(at, matter.returned) for at, matter in desk.channel.refreshed if isinstance(matter, Greeting)] == [
        (again, 1)
    ]
    desk.channel.deleted.add(again)
    desk.clock.move(A_DAY)
    await greeted.look_due()
    await outbox_that_greets(desk).deliver_due()
    assert standing(desk, delivery.subject_key) == [], "nobody waits for it any more"


@pytest.mark.usefixtures("greeted")
async def test_a_card_of_a_new_kind_is_cleared_away_when_what_it_is_about_is_gone(desk: Desk) -> None:
    retention = Retention(desk.store, clock=desk.clock, kinds=(*KINDS, GREETING))
    desk.clock.move(timedelta(days=HISTORY_DAYS + 1))

    async def kept() -> int:
        await retention.clear()
        async with desk.store.read() as transaction:
            return len((await transaction.execute(select(outbox.c.id))).all())

    assert await kept() == 1
    async with desk.store.write() as transaction:
        await transaction.execute(delete(rows))
    assert await kept() == 0
