"""No transaction grows with what a server has stored: a portion at once, the rest by the worker, whatever stops it."""

import asyncio
import inspect
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from typing import Any, cast, get_type_hints

import pytest
from sqlalchemy import delete, func, select, update

from bot.errors import StoreFullError
from bot.model.chore import Chore, ChoreKind
from bot.model.delivery import DeliveryState, Purpose
from bot.model.flood import FloodDecision
from bot.model.guild import ArchiveAccess, StaffRole
from bot.model.issue import Section
from bot.model.member import Act, Actor
from bot.model.submission import Plan
from bot.ports import Announcement, Reading
from bot.services import Chores, Privacy, Services
from bot.services.delivery.portions import PORTION
from bot.store import Store
from bot.store import chores as chore_rows
from bot.store import guilds as guild_rows
from bot.store.tables import ballot_ledger, ballots, chores, guilds, held_issues, outbox, polls, sources, submissions
from tests.doubles import NOON, MovedClock, QuietBell, everywhere, sample_issue, sample_link
from tests.services.conftest import ADMIN, CHANNEL, FEED, GUILD, Desk, only_postgresql
from tests.services.full import AGAIN, FLOOD, MARA, MIA, CountingStore, asked, fill, flood, key, sent

MOST_ROWS = 2 * PORTION + 10
"""A portion, each with one row that hangs on it, and what is written once."""

MOST_ROWS_OF_LINKS = 1_000
"""Two hundred links with their keys, each with its place in the index of words."""

REVIEW, ELSEWHERE, THIRD = 8800, 8900, 9000
OTHER = "https://mirror.example/feed"
MODERATOR = Actor(MARA, manages_messages=True)

Step = Callable[[Desk], Awaitable[object]]


class By:
    """What somebody does in the server: a rule that takes an act, by its service and its name.

    What is known only when it is done is given as a function of the desk.
    """

    def __init__(self, actor: Actor, rule: str, *given: object, **options: object) -> None:
        self.rule = rule
        self._actor, self._given, self._options = actor, given, options

    async def __call__(self, desk: Desk) -> object:
        service, name = self.rule.split(".")
        rule = getattr(getattr(desk.services, service), name)
        given = [await each(desk) if callable(each) else each for each in self._given]
        return await rule(Act(GUILD, self._actor, next(desk.interactions)), *given, **self._options)


def _later(desk: Desk) -> Awaitable[object]:
    desk.clock.move(timedelta(hours=1))
    return desk.services.polls.close_due()


def _back_in_time(desk: Desk) -> Awaitable[object]:
    desk.clock.set_back(timedelta(hours=6))
    return desk.services.outbox.deliver_due(lambda: False)


def _another_newsletter(desk: Desk) -> Awaitable[object]:
    desk.shelf.answers[OTHER] = Reading(title="Another one", issues=(sample_issue(500),))
    return By(ADMIN, "subscriptions.subscribe", url=OTHER, channel_id=ELSEWHERE)(desk)


async def _newest_source(desk: Desk) -> int:
    async with desk.store.read() as transaction:
        return int((await transaction.execute(select(func.max(sources.c.id)))).scalar_one())


STEPS: dict[str, Step] = {
    "links follow": lambda desk: desk.services.archive.renew(),
    "/setup review": By(ADMIN, "guilds.set_review_channel", REVIEW),
    "/setup review, again": By(ADMIN, "guilds.set_review_channel", ELSEWHERE),
    "/setup staff": By(ADMIN, "guilds.set_staff_channel", ELSEWHERE),
    "/setup staff, away": By(ADMIN, "guilds.set_staff_channel", None),
    "/setup ping": By(ADMIN, "guilds.set_ping_role", 77),
    "/setup threads": By(ADMIN, "guilds.set_discussion_threads", wanted=False),
    "/setup roles": By(ADMIN, "guilds.set_roles", {StaffRole.MODERATORS: 78, StaffRole.EDITORS: None}),
    "/setup archive": By(ADMIN, "guilds.open_archive", ArchiveAccess.ROLE, role_id=79),
    "/setup publish": By(ADMIN, "guilds.set_publishing", wanted=True),
    "/setup push": By(ADMIN, "push.open", 1, secret=None),
    "/setup push, away": By(ADMIN, "push.close", 1),
    "a name": By(Actor(MIA), "credits.answer", "Mia", in_own_words=True),
    "a link": By(Actor(41), "submissions.submit", "https://example.com/new", note="mine"),
    "withdraw": By(Actor(MIA), "submissions.withdraw", sent(3)),
    "decline": By(MODERATOR, "submissions.decline", sent(5), "not for us"),
    "approve": By(MODERATOR, "submissions.approve", sent(1)),
    "plan": By(ADMIN, "queue.mark", sent(1), Plan.PLANNED),
    "/poll create": By(
        MODERATOR, "polls.open", question="Which?", options="A\nB", closes="2 days", channel_id=ELSEWHERE
    ),
    "vote": By(Actor(41), "polls.vote", asked(1), 1, sees=everywhere),
    "vote, again": By(Actor(41), "polls.vote", asked(1), 0, sees=everywhere),
    "/poll close": By(MODERATOR, "polls.close", asked(2)),
    "Discord is back": lambda desk: desk.services.channels.hurry(),
    "polls close": _later,
    "a flood": By(MODERATOR, "floods.decide", FLOOD, FloodDecision.ALL),
    "a flood, its newest": By(MODERATOR, "floods.decide", flood(1), FloodDecision.NEWEST),
    "a flood, nothing": By(MODERATOR, "floods.decide", flood(2), FloodDecision.NONE),
    "the clock was wrong": _back_in_time,
    "/setup repeats": By(ADMIN, "guilds.set_repeats", wanted=True),
    "what waited for a digest": lambda desk: desk.services.sources.read_due(),
    "/setup channel": By(ADMIN, "guilds.move_announcements", ELSEWHERE, source_ids=[1]),
    "/setup source, to another channel": By(ADMIN, "subscriptions.subscribe", url=FEED, channel_id=THIRD),
    "/desk repost": By(MODERATOR, "announcements.repost", AGAIN),
    "/setup remove": By(ADMIN, "subscriptions.unsubscribe", 1),
    "/setup source": _another_newsletter,
    "a newsletter's key": By(ADMIN, "subscriptions.change_key", _newest_source, key="loaf:rye"),
    "/setup source, as others": By(ADMIN, "subscriptions.subscribe", url=FEED, channel_id=CHANNEL),
    "/desk post": By(MODERATOR, "announcements.post", key(7)),
    "/privacy forget": By(Actor(MIA), "privacy.forget"),
    "/privacy forget, a moderator": By(Actor(MARA), "privacy.forget"),
    "the bot is removed": lambda desk: desk.services.guilds.leave(GUILD),
}


@pytest.fixture
async def store(database_url: str, clock: MovedClock, bell: QuietBell) -> AsyncIterator[Store]:
    async with await CountingStore.open(database_url, clock=clock, bell=bell) as store:
        yield store


async def left(desk: Desk) -> list[ChoreKind]:
    async with desk.store.read() as transaction:
        return [ChoreKind(kind) for kind in (await transaction.execute(select(chores.c.kind))).scalars()]


async def count(desk: Desk, table: Any, *conditions: Any) -> int:
    async with desk.store.read() as transaction:
        found = await transaction.execute(select(func.count()).select_from(table).where(*conditions))
        return int(found.scalar_one())


async def test_what_a_transaction_writes_does_not_grow_with_what_a_server_has_stored(desk: Desk) -> None:
    await fill(desk, 5 * PORTION)  # the half of it waits: more than may be written at once
    written = cast("CountingStore", desk.store).written
    most: dict[str, int] = {}
    for name, step in STEPS.items():
        written.clear()
        await step(desk)
        await desk.services.chores.work_off()
        most[name] = max(written, default=0)
    assert most.pop("links follow") <= MOST_ROWS_OF_LINKS
    assert {name: rows for name, rows in most.items() if rows > MOST_ROWS} == {}, most
    assert min(most.values()) > 0, most
    assert await left(desk) == []


def test_each_rule_by_which_somebody_writes_is_among_the_steps() -> None:
    """Whatever a command, a button or a form brings about goes through a rule that takes an act."""
    rules = {
        f"{service}.{name}"
        for service, kind in get_type_hints(Services).items()
        for name, rule in inspect.getmembers(kind, inspect.isfunction)
        if not name.startswith("_") and "act" in inspect.signature(rule).parameters
    }
    assert {step.rule for step in STEPS.values() if isinstance(step, By)} == rules


WOKEN = {
    "/setup review": {"outbox", "chores"},
    "/setup staff": {"outbox", "chores"},
    "a name": {"outbox", "chores"},
    "a flood": {"outbox", "chores"},
    "Discord is back": {"outbox"},
    "/setup repeats": {"sources", "chores"},
    "what waited for a digest": {"outbox"},
    "/setup channel": {"outbox", "chores"},
    "/setup remove": {"outbox", "hubs", "chores"},
    "/privacy forget": {"outbox"},
    "the bot is removed": {"hubs", "chores"},
}


@pytest.mark.parametrize("name", WOKEN)
async def test_who_has_something_to_do_now_is_woken(desk: Desk, name: str) -> None:
    await fill(desk, 5)
    if name == "what waited for a digest":
        desk.clock.move(timedelta(hours=3))
    desk.bell.rung.clear()
    await STEPS[name](desk)
    assert set(desk.bell.rung) >= WOKEN[name]


async def test_a_setting_is_answered_after_the_first_portion_and_the_rest_follows_whatever_stops_it(
    desk: Desk, database_url: str
) -> None:
    await fill(desk, 320)
    waiting = (outbox.c.purpose == Purpose.REVIEW, outbox.c.channel_id == REVIEW)
    await desk.services.guilds.set_review_channel(Act(GUILD, ADMIN, 1), REVIEW)
    status = await desk.services.guilds.status(GUILD)
    assert status.guild.review_channel_id == REVIEW
    assert await count(desk, outbox, *waiting) == PORTION
    assert "chores" in desk.bell.rung

    class Failing(Store):
        commits = 0

        async def commit_hook(self) -> None:
            self.commits += 1
            if self.commits > 1:
                raise StoreFullError("no room")

    async with await Failing.open(database_url, clock=desk.clock) as store:
        with pytest.raises(StoreFullError):
            await Chores(store, clock=desk.clock).work_off()
    assert await count(desk, outbox, *waiting) == 2 * PORTION, "what was not committed left nothing"
    asked = iter([True, False])
    await desk.services.chores.work_off(lambda: next(asked))
    assert await count(desk, outbox, *waiting) == 3 * PORTION, "told to stop, it begins no other portion"
    assert await desk.services.chores.work_off() is None
    assert await count(desk, outbox, *waiting) == 160
    assert await left(desk) == []


async def test_another_channel_before_the_first_one_has_all_gets_all(desk: Desk) -> None:
    await fill(desk, 120)
    await desk.services.guilds.set_review_channel(Act(GUILD, ADMIN, 1), REVIEW)
    await desk.services.guilds.set_review_channel(Act(GUILD, ADMIN, 2), ELSEWHERE)
    await desk.services.chores.work_off()
    cards = outbox.c.purpose == Purpose.REVIEW
    assert await count(desk, outbox, cards, outbox.c.channel_id == REVIEW) == PORTION
    assert await count(desk, outbox, cards, outbox.c.channel_id == ELSEWHERE) == 60


@only_postgresql
async def test_processes_do_one_chore_after_each_other_and_nothing_twice(desk: Desk) -> None:
    await fill(desk, 240)
    await desk.services.guilds.set_review_channel(Act(GUILD, ADMIN, 1), REVIEW)
    await desk.services.credits.answer(Act(GUILD, Actor(MIA), 2), "Mia")
    others = [Chores(desk.store, clock=desk.clock) for _ in range(3)]
    while await left(desk):
        await asyncio.gather(*(each.work_off() for each in others))
    assert await count(desk, outbox, outbox.c.purpose == Purpose.REVIEW) == 120


async def test_a_chore_that_breaks_keeps_no_other_from_being_done(desk: Desk) -> None:
    await fill(desk, 120)
    async with desk.store.write() as transaction:
        await chore_rows.leave(transaction, Chore(ChoreKind.LET_GO, GUILD, "no number"))
    await desk.services.guilds.set_review_channel(Act(GUILD, ADMIN, 1), REVIEW)
    due = await desk.services.chores.work_off()
    assert due is not None
    assert due > desk.clock.now()
    assert await left(desk) == [ChoreKind.LET_GO]
    assert await count(desk, outbox, outbox.c.purpose == Purpose.REVIEW) == 60


async def test_a_chore_that_only_another_version_knows_keeps_no_other_from_being_done(desk: Desk) -> None:
    await fill(desk, 120)
    await desk.services.guilds.set_review_channel(Act(GUILD, ADMIN, 1), REVIEW)
    async with desk.store.write() as transaction:
        foreign = {"kind": "of-tomorrow", "guild_id": GUILD, "subject": "", "member_id": 0, "place": 0}
        long_ago = NOON - timedelta(days=1)
        await transaction.execute(chores.insert().values(**foreign, begun_at=long_ago, due_at=long_ago))
    assert await desk.services.chores.work_off() is None
    assert await count(desk, chores, chores.c.kind == "of-tomorrow") == 1
    assert await count(desk, chores) == 1
    assert await count(desk, outbox, outbox.c.purpose == Purpose.REVIEW) == 60


async def test_for_a_server_that_is_gone_nothing_more_is_queued(desk: Desk) -> None:
    await fill(desk, 120)
    await desk.services.guilds.set_review_channel(Act(GUILD, ADMIN, 1), REVIEW)
    await desk.services.guilds.set_staff_channel(Act(GUILD, ADMIN, 2), ELSEWHERE)
    await desk.services.credits.answer(Act(GUILD, Actor(MIA), 3), "Mia", in_own_words=True)
    assert set(await left(desk)) >= {ChoreKind.SHOW_WAITING, ChoreKind.SHOW_NAME}
    await desk.services.guilds.leave(GUILD)
    await desk.services.chores.work_off()
    assert await left(desk) == []
    assert await count(desk, outbox, outbox.c.state == DeliveryState.PENDING) == 0


async def test_a_server_that_went_while_the_bot_was_away_leaves_no_chores(desk: Desk) -> None:
    gone = 7002
    async with desk.store.write() as transaction:
        await chore_rows.leave(transaction, Chore(ChoreKind.SHOW_WAITING, gone))
    await desk.services.guilds.stay_only_in([GUILD])
    assert await left(desk) == []


async def test_what_waited_because_of_a_newsletter_that_was_removed_is_let_go(desk: Desk) -> None:
    await fill(desk, 120)
    announced = outbox.c.purpose == Purpose.ANNOUNCE
    before = await count(desk, outbox, announced, outbox.c.state == DeliveryState.PENDING)
    dropped = await desk.services.subscriptions.unsubscribe(Act(GUILD, ADMIN, 1), 1)
    assert dropped == 120
    assert before > 120
    await desk.services.chores.work_off()
    assert await count(desk, outbox, announced, outbox.c.state == DeliveryState.PENDING) == 0
    assert await count(desk, held_issues) == 0


async def test_a_newsletter_that_is_added_again_meanwhile_keeps_what_waits(desk: Desk) -> None:
    await fill(desk, 120)
    await desk.services.subscriptions.unsubscribe(Act(GUILD, ADMIN, 1), 1)
    await desk.subscribe()
    await desk.services.chores.work_off()
    assert await left(desk) == []
    assert await count(desk, held_issues) > 0


async def test_what_is_sent_before_it_was_let_go_goes_on_as_the_other_newsletters(desk: Desk) -> None:
    """The outbox may come to an announcement before the chore does."""
    await desk.subscribe()
    await desk.services.sources.read_due()
    await desk.subscribe(url=OTHER)
    await desk.services.sources.read_due()
    async with desk.store.write() as transaction:  # as if the rest of the chore was still to be done
        await guild_rows.unsubscribe(transaction, guild_id=GUILD, source_id=1)
    await desk.services.outbox.deliver_due()
    assert await desk.titles_sent() == ["Issue number 1"]


async def test_everything_that_waits_for_a_stopped_channel_moves(desk: Desk) -> None:
    await fill(desk, 120)
    await desk.services.guilds.move_announcements(Act(GUILD, ADMIN, 1), ELSEWHERE, source_ids=[1])
    await desk.services.chores.work_off()
    waits = (outbox.c.purpose == Purpose.ANNOUNCE, outbox.c.state == DeliveryState.PENDING)
    assert await count(desk, outbox, *waits, outbox.c.channel_id == CHANNEL) == 0
    assert await count(desk, outbox, *waits, outbox.c.channel_id == ELSEWHERE) == 121


async def test_whoever_is_forgotten_is_answered_when_nothing_names_them_any_more(desk: Desk) -> None:
    await fill(desk, 120)
    await desk.services.privacy.forget(Act(GUILD, Actor(MIA), 1))
    assert await left(desk) == []
    for table, column in (
        (submissions, submissions.c.finder_id),
        (polls, polls.c.opened_by_id),
        (ballots, ballots.c.member_id),
        (ballot_ledger, ballot_ledger.c.member_id),
        (chores, chores.c.member_id),
    ):
        assert await count(desk, table, column == MIA) == 0, column


async def test_forgetting_that_was_broken_off_is_done_by_the_worker(desk: Desk, database_url: str) -> None:
    class Failing(Store):
        commits = 0

        async def commit_hook(self) -> None:
            self.commits += 1
            if self.commits > 2:
                raise StoreFullError("no room")

    await fill(desk, 120)
    async with await Failing.open(database_url, clock=desk.clock) as store:
        with pytest.raises(StoreFullError):
            await Privacy(store).forget(Act(GUILD, Actor(MIA), 1))
    assert await count(desk, submissions, submissions.c.finder_id == MIA) > 0
    await desk.services.chores.work_off()
    assert await count(desk, submissions, submissions.c.finder_id == MIA) == 0


async def test_a_link_that_a_crowd_sent_is_credited_in_portions_and_named_in_its_announcement(desk: Desk) -> None:
    desk.shelf.lay_out(sample_issue(1, sections=()))
    await desk.subscribe()
    await desk.services.sources.read_due()
    crowd = range(5 * PORTION + 3)
    async with desk.store.write() as transaction:
        sent = {
            "guild_id": GUILD,
            "url": "https://example.com/7",
            "link_key": "example.com/7",
            "key_version": 1,
            "note": "",
            "sent_at": desk.clock.now(),
        }
        each = [
            {**sent, "submission_key": f"by{who}".ljust(26, "x"), "finder_id": 1_000 + who, "state": "withdrawn"}
            for who in crowd
        ]
        await transaction.execute(submissions.insert(), each)
        last = submissions.c.finder_id == 1_000 + crowd[-1]
        await transaction.execute(update(submissions).where(last).values(state="pending", open_key="example.com/7"))
    await desk.services.credits.answer(Act(GUILD, Actor(1_000 + crowd[-1]), 1), "Zoe")
    links = (sample_link(7),)
    desk.shelf.lay_out(sample_issue(9, published_at=desk.clock.now(), sections=(Section("T", links),), polls=()))
    written = cast("CountingStore", desk.store).written
    written.clear()
    await desk.read()
    assert await count(desk, submissions, submissions.c.featured_issue_id.is_not(None)) == PORTION
    await desk.services.outbox.deliver_due()
    [named] = [each.credits for _, each in desk.channel.messages.values() if each.issue.title == "Issue number 9"]
    assert named == ()
    await desk.services.chores.work_off()
    assert await left(desk) == []
    assert await count(desk, submissions, submissions.c.featured_issue_id.is_not(None)) == len(crowd)
    assert max(written) < len(crowd)
    desk.clock.move(timedelta(minutes=1))
    await desk.services.outbox.deliver_due()
    assert [each.credits for _, each in desk.channel.refreshed if isinstance(each, Announcement)] == [("Zoe",)]


async def test_a_flood_is_announced_whole(desk: Desk) -> None:
    await fill(desk, 120)
    async with desk.store.write() as transaction:
        await transaction.execute(delete(outbox).where(outbox.c.delivery_key.startswith("announce-")))
        await transaction.execute(update(guilds).values(announce_repeats=True))
    await desk.services.floods.decide(Act(GUILD, MODERATOR, 1), FLOOD, FloodDecision.ALL)
    await desk.services.chores.work_off()
    async with desk.store.read() as transaction:
        rows = await transaction.execute(
            select(outbox.c.subject_key).where(outbox.c.purpose == Purpose.ANNOUNCE).order_by(outbox.c.id)
        )
        queued = [each for each in rows.scalars() if each.startswith("issue")]
    assert queued == [key(number) for number in range(1, 121)]
