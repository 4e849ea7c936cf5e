"""What members send in: kept once, decided once, credited when it runs."""

import asyncio
from datetime import datetime, timedelta
from typing import Any

import pytest

from bot.errors import ChannelClosedError, DeliveryRefusedError, NotFoundError, RefusedError
from bot.model.delivery import DeliveryState, Purpose
from bot.model.issue import Section
from bot.model.member import Act, Actor
from bot.model.submission import Plan, Submission, SubmissionState
from bot.ports import ReviewCard
from bot.store import outbox as outbox_rows
from tests.doubles import NOON, sample_issue, sample_link
from tests.services.conftest import ADMIN, GUILD, Desk, only_postgresql
from tests.statements import around

REVIEW = 8800
MIA, NILS, MARA, EDDA = 21, 22, 31, 41
MODERATOR = Actor(MARA, manages_messages=True)
EDITOR = Actor(EDDA, manages_server=True)
URL = "https://example.com/7"


async def open_submissions(desk: Desk, guild_id: int = GUILD, channel_id: int = REVIEW) -> None:
    await desk.services.guilds.remember(guild_id, name=f"Server {guild_id}")
    await desk.services.guilds.set_review_channel(Act(guild_id, ADMIN, next(desk.interactions)), channel_id)


async def send(desk: Desk, url: str = URL, *, by: int = MIA, guild_id: int = GUILD, note: str = "") -> Submission:
    receipt = await desk.services.submissions.submit(Act(guild_id, Actor(by), next(desk.interactions)), url, note=note)
    return receipt.submission


async def approve(desk: Desk, submission: Submission, *, guild_id: int = GUILD) -> None:
    await desk.services.submissions.approve(
        Act(guild_id, MODERATOR, next(desk.interactions)), submission.submission_key
    )


async def now_of(desk: Desk, submission: Submission) -> Submission:
    return await desk.services.submissions.get(submission.guild_id, submission.submission_key)


def shown(desk: Desk) -> list[Submission]:
    return [matter.submission for _, matter in desk.channel.cards.values() if isinstance(matter, ReviewCard)]


async def test_a_link_is_shown_once_and_approved_into_the_queue_in_one_transaction(desk: Desk) -> None:
    await open_submissions(desk)
    submission = await send(desk, f"{URL}?utm_source=x", note="because")
    assert (submission.url, submission.link_key) == (URL, "example.com/7")
    await desk.services.outbox.deliver_due()
    assert [each.note for each in shown(desk)] == ["because"]
    await approve(desk, submission)
    [item] = [item async for item in desk.services.queue.everything(GUILD)]
    assert item.submission.plan is Plan.QUEUED
    assert item.credit is None
    desk.clock.move(timedelta(seconds=3))
    await desk.services.outbox.deliver_due()
    [(_, matter)] = desk.channel.refreshed
    assert isinstance(matter, ReviewCard)
    assert matter.submission.state is SubmissionState.APPROVED


async def test_of_many_moderators_at_once_one_decides(desk: Desk) -> None:
    await open_submissions(desk)
    submission = await send(desk)
    service = desk.services.submissions
    deciding = [
        service.approve(Act(GUILD, Actor(100 + number, manages_messages=True), number), submission.submission_key)
        if number % 2
        else service.decline(
            Act(GUILD, Actor(100 + number, manages_messages=True), number), submission.submission_key, "no"
        )
        for number in range(1, 13)
    ]
    decisions = await asyncio.gather(*deciding)
    [ours] = [decision for decision in decisions if decision.is_ours]
    assert {decision.submission for decision in decisions} == {ours.submission}


async def test_the_same_press_heard_twice_decides_once_and_says_so_both_times(desk: Desk) -> None:
    await open_submissions(desk)
    submission = await send(desk)
    for _ in range(2):
        decision = await desk.services.submissions.approve(Act(GUILD, MODERATOR, 77), submission.submission_key)
        assert decision.is_ours


async def test_the_same_submission_heard_twice_is_one(desk: Desk) -> None:
    await open_submissions(desk)
    for _ in range(2):
        receipt = await desk.services.submissions.submit(Act(GUILD, Actor(MIA), 78), URL)
        assert receipt.submission.state is SubmissionState.PENDING
    assert len((await desk.services.submissions.mine(GUILD, MIA)).submissions) == 1


async def test_how_to_be_named_is_asked_once(desk: Desk) -> None:
    await open_submissions(desk)
    asked = []
    for number in range(3):
        receipt = await desk.services.submissions.submit(
            Act(GUILD, Actor(MIA), next(desk.interactions)), f"https://example.com/{number}"
        )
        asked.append(receipt.asks_for_credit)
    assert asked == [True, False, False]


async def test_another_server_sees_nothing_of_it(desk: Desk) -> None:
    await open_submissions(desk)
    await open_submissions(desk, GUILD + 1, REVIEW + 1)
    submission = await send(desk)
    with pytest.raises(NotFoundError):
        await desk.services.submissions.get(GUILD + 1, submission.submission_key)
    with pytest.raises(NotFoundError):
        await approve(desk, submission, guild_id=GUILD + 1)
    with pytest.raises(NotFoundError):
        await desk.services.submissions.withdraw(
            Act(GUILD + 1, Actor(MIA), next(desk.interactions)), submission.submission_key
        )
    assert (await desk.services.submissions.mine(GUILD + 1, MIA)).submissions == ()
    await send(desk, guild_id=GUILD + 1)  # the same link may be sent in there
    assert (await now_of(desk, submission)).state is SubmissionState.PENDING


async def test_nobody_but_its_finder_takes_a_link_back_and_nobody_once_it_is_planned(desk: Desk) -> None:
    await open_submissions(desk)
    submission = await send(desk)

    async def withdraw(by: int) -> Submission:
        return await desk.services.submissions.withdraw(
            Act(GUILD, Actor(by), next(desk.interactions)), submission.submission_key
        )

    with pytest.raises(NotFoundError):
        await withdraw(NILS)
    await approve(desk, submission)
    await desk.services.queue.mark(Act(GUILD, EDITOR, next(desk.interactions)), submission.submission_key, Plan.PLANNED)
    with pytest.raises(RefusedError, match="withdraw-too-late state=planned"):
        await withdraw(MIA)
    await desk.services.queue.mark(Act(GUILD, EDITOR, next(desk.interactions)), submission.submission_key, Plan.QUEUED)
    assert (await withdraw(MIA)).state is SubmissionState.WITHDRAWN
    assert [item async for item in desk.services.queue.everything(GUILD)] == []
    with pytest.raises(NotFoundError):
        await desk.services.queue.mark(
            Act(GUILD, EDITOR, next(desk.interactions)), submission.submission_key, Plan.PLANNED
        )
    assert (await withdraw(MIA)).state is SubmissionState.WITHDRAWN, "pressed twice"


async def test_one_member_does_not_fill_the_review(desk: Desk) -> None:
    await open_submissions(desk)
    for number in range(10):
        await send(desk, f"https://example.com/{number}")
    with pytest.raises(RefusedError, match="submit-too-many count=10"):
        await send(desk, "https://example.com/10")
    await send(desk, "https://example.com/10", by=NILS)


async def test_who_brings_much_of_somebody_does_not_silence_them(desk: Desk) -> None:
    await open_submissions(desk)
    for number in range(10):
        await desk.services.submissions.submit(
            Act(GUILD, Actor(NILS), next(desk.interactions)), f"https://example.com/{number}", finder_id=MIA
        )
    await send(desk, "https://example.com/99")
    with pytest.raises(RefusedError, match="submit-too-many"):
        await send(desk, "https://example.com/98", by=NILS)


async def test_many_links_of_one_member_at_once_are_no_more_than_allowed(desk: Desk) -> None:
    await open_submissions(desk)
    sending = [send(desk, f"https://example.com/{number}") for number in range(25)]
    outcomes = await asyncio.gather(*sending, return_exceptions=True)
    assert sum(isinstance(outcome, Submission) for outcome in outcomes) == 10


async def test_the_same_link_from_two_devices_says_that_it_is_ones_own(desk: Desk) -> None:
    await open_submissions(desk)
    outcomes = await asyncio.gather(*(send(desk) for _ in range(6)), return_exceptions=True)
    refused = [outcome for outcome in outcomes if isinstance(outcome, RefusedError)]
    assert len(refused) == 5
    assert {error.message_id for error in refused} == {"submit-known-mine"}


async def test_a_server_that_removed_the_bot_leaves_nothing_waiting(desk: Desk) -> None:
    await open_submissions(desk)
    submission = await send(desk)
    await desk.services.guilds.stay_only_in([])
    async with desk.store.read() as transaction:
        assert await outbox_rows.oldest_waiting(transaction) is None
    assert await desk.services.outbox.deliver_due() is None
    await desk.services.guilds.remember(GUILD, name="Back again")
    await open_submissions(desk)
    await desk.services.outbox.deliver_due()
    assert [each.submission_key for each in shown(desk)] == [submission.submission_key]


async def test_a_card_that_may_not_be_changed_is_tried_again_now_and_then(desk: Desk) -> None:
    await open_submissions(desk)
    submission = await send(desk)
    await desk.services.outbox.deliver_due()
    await approve(desk, submission)
    attempts = 0
    refresh = desk.channel.refresh

    async def refuses(*_: object) -> None:
        nonlocal attempts
        attempts += 1
        raise ChannelClosedError("delivery-not-allowed", reason="Missing Access")

    desk.channel.refresh = refuses  # type: ignore[method-assign, assignment]
    for _ in range(24 * 12):
        desk.clock.move(timedelta(minutes=5))
        await desk.services.outbox.deliver_due()
    assert 20 < attempts < 60
    desk.channel.refresh = refresh  # type: ignore[method-assign]
    desk.clock.move(timedelta(hours=1))
    await desk.services.outbox.deliver_due()
    assert len(desk.channel.refreshed) == 1


async def test_a_text_of_four_thousand_characters_is_refused_and_nothing_is_kept(desk: Desk) -> None:
    await open_submissions(desk)
    with pytest.raises(RefusedError, match="submit-note-length"):
        await send(desk, note="x" * 4000)
    with pytest.raises(RefusedError, match="submit-no-link"):
        await send(desk, "https://example.com/" + "x" * 4000)
    submission = await send(desk)
    with pytest.raises(RefusedError, match="decline-reason-length"):
        await desk.services.submissions.decline(
            Act(GUILD, MODERATOR, next(desk.interactions)), submission.submission_key, "x" * 4000
        )
    assert (await now_of(desk, submission)).state is SubmissionState.PENDING
    with pytest.raises(RefusedError, match="credit-name-length"):
        await desk.services.credits.answer(Act(GUILD, Actor(MIA), next(desk.interactions)), "x" * 4000)


async def test_what_waits_is_shown_in_another_review_channel_too(desk: Desk) -> None:
    await open_submissions(desk)
    decided, waiting = await send(desk), await send(desk, "https://example.com/8")
    await approve(desk, decided)
    await desk.services.outbox.deliver_due()
    await open_submissions(desk, channel_id=REVIEW + 5)
    await desk.services.outbox.deliver_due()
    places = [delivery.channel_id for delivery, matter in desk.channel.cards.values()]
    assert sorted(places) == [REVIEW, REVIEW, REVIEW + 5]
    await approve(desk, waiting)
    desk.channel.refreshed.clear()
    desk.clock.move(timedelta(seconds=10))
    await desk.services.outbox.deliver_due()
    folded = {
        delivery.channel_id
        for key, (delivery, _) in desk.channel.cards.items()
        if key in {message_id for message_id, _ in desk.channel.refreshed}
    }
    assert folded == {REVIEW, REVIEW + 5}


async def test_a_card_that_discord_refuses_is_told_and_shown_when_the_channel_is_chosen_anew(desk: Desk) -> None:
    await open_submissions(desk)
    await desk.services.guilds.set_staff_channel(Act(GUILD, ADMIN, next(desk.interactions)), 8900)
    desk.channel.fail_in[REVIEW] = DeliveryRefusedError("delivery-refused", reason="no")
    await send(desk)
    await desk.services.outbox.deliver_due()
    await desk.services.outbox.deliver_due()
    assert [each.words.message_id for each in desk.channel.notices if each.words] == ["notice-review-refused"]
    desk.channel.fail_in.clear()
    await open_submissions(desk)
    await desk.services.outbox.deliver_due()
    assert len(shown(desk)) == 1


async def test_a_change_while_a_card_is_drawn_is_drawn_too(desk: Desk) -> None:
    await open_submissions(desk)
    submission = await send(desk)
    await desk.services.outbox.deliver_due()
    await approve(desk, submission)
    desk.clock.move(timedelta(seconds=3))
    refresh = desk.channel.refresh

    async def changes_meanwhile(*drawn: object) -> None:
        desk.channel.refresh = refresh  # type: ignore[method-assign]
        await desk.services.submissions.withdraw(
            Act(GUILD, Actor(MIA), next(desk.interactions)), submission.submission_key
        )
        await refresh(*drawn)  # type: ignore[arg-type]

    desk.channel.refresh = changes_meanwhile  # type: ignore[method-assign, assignment]
    await desk.services.outbox.deliver_due()
    desk.clock.move(timedelta(seconds=5))
    await desk.services.outbox.deliver_due()
    states = [matter.submission.state for _, matter in desk.channel.refreshed if isinstance(matter, ReviewCard)]
    assert states == [SubmissionState.APPROVED, SubmissionState.WITHDRAWN]
    assert await desk.services.outbox.deliver_due() is None


async def test_many_changes_at_once_are_one_edit(desk: Desk) -> None:
    await open_submissions(desk)
    submission = await send(desk)
    await desk.services.outbox.deliver_due()
    await approve(desk, submission)
    await desk.services.submissions.withdraw(Act(GUILD, Actor(MIA), next(desk.interactions)), submission.submission_key)
    desk.clock.move(timedelta(seconds=3))
    await desk.services.outbox.deliver_due()
    assert len(desk.channel.refreshed) == 1


async def test_a_card_that_staff_deleted_is_given_up_without_a_word(desk: Desk) -> None:
    await open_submissions(desk)
    submission = await send(desk)
    await desk.services.outbox.deliver_due()
    await approve(desk, submission)
    desk.channel.fail_in[REVIEW] = DeliveryRefusedError("delivery-refused", reason="Unknown Message")
    desk.clock.move(timedelta(seconds=3))
    await desk.services.outbox.deliver_due()
    async with desk.store.read() as transaction:
        records = await outbox_rows.deliveries_of(transaction, guild_id=GUILD, subject_key=submission.submission_key)
    [refresh] = [each for each in records if each.purpose == Purpose.REFRESH]
    assert refresh.state is DeliveryState.FAILED
    assert desk.channel.notices == []


# what runs


def issue_with(*numbers: int, at: datetime, number: int = 50) -> object:
    links = tuple(sample_link(each) for each in numbers)
    return sample_issue(number, published_at=at, sections=(Section("Tools", links),), polls=())


async def publish(desk: Desk, *numbers: int, at: datetime | None = None, number: int = 50) -> None:
    desk.shelf.lay_out(issue_with(*numbers, at=at or desk.clock.now(), number=number))  # type: ignore[arg-type]
    await desk.read()


async def ready(desk: Desk) -> None:
    await desk.subscribe()
    await desk.services.sources.read_due()
    await open_submissions(desk)


@pytest.mark.parametrize("state", list(SubmissionState))
async def test_a_link_that_runs_is_featured_whatever_was_decided(desk: Desk, state: SubmissionState) -> None:
    await ready(desk)
    submission = await send(desk)
    await desk.services.credits.answer(Act(GUILD, Actor(MIA), next(desk.interactions)), "Mia")
    if state is SubmissionState.APPROVED:
        await approve(desk, submission)
    elif state is SubmissionState.DECLINED:
        await desk.services.submissions.decline(
            Act(GUILD, MODERATOR, next(desk.interactions)), submission.submission_key, ""
        )
    elif state is SubmissionState.WITHDRAWN:
        await desk.services.submissions.withdraw(
            Act(GUILD, Actor(MIA), next(desk.interactions)), submission.submission_key
        )
    await publish(desk, 60, 61, 7)
    featured = (await now_of(desk, submission)).featured
    assert featured is not None
    assert (featured.title, featured.place) == ("Issue number 50", 3)
    assert [item async for item in desk.services.queue.everything(GUILD)] == []
    preview = await desk.services.announcements.preview(GUILD, featured.issue_key)
    assert preview.credits == (() if state is SubmissionState.WITHDRAWN else ("Mia",))


async def test_what_ran_before_anybody_decided_takes_no_decision_and_blocks_nobody(desk: Desk) -> None:
    await ready(desk)
    ran = [await send(desk, f"https://example.com/{number}") for number in range(70, 80)]
    await desk.services.outbox.deliver_due()
    with pytest.raises(RefusedError, match="submit-too-many"):
        await send(desk)
    await publish(desk, *range(70, 80))
    late = await desk.services.submissions.approve(
        Act(GUILD, MODERATOR, next(desk.interactions)), ran[0].submission_key
    )
    assert (late.is_ours, late.submission.state, late.submission.is_waiting) == (False, SubmissionState.PENDING, False)
    late = await desk.services.submissions.decline(
        Act(GUILD, MODERATOR, next(desk.interactions)), ran[1].submission_key, "no"
    )
    assert (late.is_ours, late.submission.decided_by_id, late.submission.reason) == (False, None, None)
    assert [item async for item in desk.services.queue.everything(GUILD)] == []
    await desk.services.outbox.deliver_due()
    redrawn = [matter.submission for _, matter in desk.channel.refreshed if isinstance(matter, ReviewCard)]
    assert {each.submission_key for each in redrawn if not each.is_waiting} == {each.submission_key for each in ran}
    waiting = await send(desk)
    mine = await desk.services.submissions.mine(GUILD, MIA)
    assert mine.submissions[0] == waiting, "what waits stands first"
    desk.channel.cards.clear()
    await open_submissions(desk, channel_id=REVIEW + 5)
    await desk.services.outbox.deliver_due()
    assert set(shown(desk)) == {waiting}, "another review channel is shown what waits, and not what ran"


async def test_a_link_that_was_sent_too_long_ago_or_after_the_issue_is_not_its_source(desk: Desk) -> None:
    await ready(desk)
    old = await send(desk, "https://example.com/71")
    desk.clock.move(timedelta(days=61))
    recent = await send(desk, "https://example.com/72")
    await desk.read()  # the issue is not there yet
    desk.clock.move(timedelta(hours=5))
    late = await send(desk, "https://example.com/73")
    await publish(desk, 71, 72, 73, at=desk.clock.now() - timedelta(hours=2))
    assert [(await now_of(desk, each)).featured is not None for each in (old, recent, late)] == [False, True, False]


async def test_of_an_issue_with_a_date_but_no_hour_the_whole_day_counts(desk: Desk) -> None:
    await ready(desk)
    assert NOON.hour == 12
    submission = await send(desk)
    desk.clock.move(timedelta(hours=3))
    await publish(desk, 7, at=desk.clock.now().replace(hour=0, minute=0))
    assert (await now_of(desk, submission)).featured is not None


async def test_an_issue_that_says_an_earlier_hour_than_it_came_out_credits_who_sent_its_links(desk: Desk) -> None:
    await ready(desk)
    desk.clock.move(timedelta(hours=3))
    submission = await send(desk)
    await desk.read()  # still not there
    await publish(desk, 7, at=desk.clock.now() - timedelta(hours=2))
    assert (await now_of(desk, submission)).featured is not None


async def test_what_an_edit_adds_is_credited_to_who_sent_it_before_the_issue_and_to_nobody_later(desk: Desk) -> None:
    await ready(desk)
    early = await send(desk, "https://example.com/71")
    desk.clock.move(timedelta(hours=1))
    await publish(desk, 70, at=desk.clock.now())
    desk.clock.move(timedelta(hours=1))
    late = await send(desk, "https://example.com/72")
    await publish(desk, 70, 71, 72, at=desk.clock.now() - timedelta(hours=1))
    assert [(await now_of(desk, each)).featured is not None for each in (early, late)] == [True, False]


async def test_an_archive_that_is_read_later_credits_nobody(desk: Desk) -> None:
    await open_submissions(desk)
    submission = await send(desk)
    desk.clock.move(timedelta(days=1))
    desk.shelf.lay_out(issue_with(7, at=desk.clock.now() - timedelta(days=30)))  # type: ignore[arg-type]
    await desk.subscribe()
    await desk.services.sources.read_due()
    assert (await now_of(desk, submission)).featured is None


async def test_a_link_is_featured_in_the_first_issue_that_contains_it_and_only_where_it_was_sent(desk: Desk) -> None:
    await ready(desk)
    await desk.subscribe(GUILD + 1, 8101)
    await open_submissions(desk, GUILD + 1, REVIEW + 1)
    submission, elsewhere = await send(desk), await send(desk, "https://example.com/8", guild_id=GUILD + 1)
    await publish(desk, 7, number=50)
    await publish(desk, 7, number=51)
    featured = (await now_of(desk, submission)).featured
    assert featured is not None
    assert featured.title == "Issue number 50"
    assert (await now_of(desk, elsewhere)).featured is None
    preview = await desk.services.announcements.preview(GUILD + 1, featured.issue_key)
    assert preview.credits == ()


async def test_both_who_sent_a_link_that_was_withdrawn_in_between_learn_that_it_ran(desk: Desk) -> None:
    await ready(desk)
    first = await send(desk)
    await desk.services.submissions.withdraw(Act(GUILD, Actor(MIA), next(desk.interactions)), first.submission_key)
    second = await send(desk, by=NILS)
    for member, name in ((MIA, "Mia"), (NILS, "Nils")):
        await desk.services.credits.answer(Act(GUILD, Actor(member), next(desk.interactions)), name)
    await publish(desk, 7)
    featured = (await now_of(desk, second)).featured
    assert featured is not None
    assert (await now_of(desk, first)).featured == featured
    assert (await desk.services.announcements.preview(GUILD, featured.issue_key)).credits == ("Nils",)


@only_postgresql
async def test_links_that_run_lock_their_cards_in_the_order_of_the_outbox(desk: Desk) -> None:
    desk.shelf.lay_out(sample_issue(1, sections=()))
    await desk.subscribe()
    await open_submissions(desk)
    await desk.services.sources.read_due()
    for number in (101, 102):
        submission = await send(desk, f"https://example.com/{number}")
        await desk.services.outbox.deliver_due()
        await approve(desk, submission)
    desk.clock.move(timedelta(minutes=20))
    issues = [
        sample_issue(
            number,
            published_at=desk.clock.now() - timedelta(seconds=number),
            sections=(Section("T", (sample_link(link),)),),
        )
        for number, link in ((51, 101), (52, 102))
    ]
    desk.shelf.lay_out(*issues, sample_issue(1, sections=()))
    delivering: list[asyncio.Task[Any]] = []

    async def slow() -> None:
        if not delivering:
            delivering.append(asyncio.create_task(desk.services.outbox.deliver_due()))
            await desk.held_up(1, *delivering)

    with around("UPDATE submissions SET .*featured_place=", after=slow):
        async with asyncio.timeout(60):
            await desk.services.sources.read_due()
            await delivering[0]
    [source] = (await desk.services.guilds.status(GUILD)).sources
    assert source.failures == 0
