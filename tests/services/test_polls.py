"""Ballots: one a member, none lost, none counted twice; the ledger always gives the tally."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from random import Random

import pytest
from sqlalchemy import text

from bot.errors import NotFoundError, RefusedError, StoreBusyError, StoreError, StoreFullError
from bot.model.member import Act, Actor
from bot.model.poll import Ballot, Cast, CastOutcome, Poll
from bot.ports import PollCard
from bot.services import Polls
from bot.services.members.ballot_box import BallotBox
from bot.services.members.closing import closing_time
from bot.store import polls as poll_rows
from tests.doubles import NOON, everywhere, sample_issue
from tests.services.conftest import GUILD, Desk

PLACE = 8600
MODERATOR = Actor(31, manages_messages=True)


async def ask(desk: Desk, *, closes: str = "2 days", guild_id: int = GUILD, options: str = "A\nB\nC") -> Poll:
    await desk.services.guilds.remember(guild_id, name="Server")
    return await desk.services.polls.open(
        Act(guild_id, MODERATOR, next(desk.interactions)),
        question="Which?",
        options=options,
        closes=closes,
        channel_id=PLACE,
    )


async def vote(desk: Desk, poll: Poll, member: int, position: int, *, interaction: int | None = None) -> CastOutcome:
    counted = await desk.services.polls.vote(
        Act(GUILD, Actor(member), interaction or next(desk.interactions)), poll.poll_key, position, sees=everywhere
    )
    return counted.outcome


async def tally(desk: Desk, poll: Poll) -> dict[int, int]:
    now = await desk.services.polls.pick(poll.guild_id, poll.poll_key)
    found = {option.position: option.tally for option in now.options if option.tally}
    async with desk.store.read() as transaction:
        assert await poll_rows.recount(transaction, poll.poll_key) == found, "the ledger gives the tally"
    return found


async def test_a_vote_counts_changes_and_is_counted_once(desk: Desk) -> None:
    poll = await ask(desk)
    outcomes = [await vote(desk, poll, 1, position) for position in (0, 0, 2)]
    assert outcomes == [CastOutcome.COUNTED, CastOutcome.SAME, CastOutcome.CHANGED]
    assert await tally(desk, poll) == {2: 1}
    assert await desk.services.polls.ballot_of(poll.poll_key, 1) == 2


async def test_a_press_heard_twice_counts_once(desk: Desk) -> None:
    poll = await ask(desk)
    assert await vote(desk, poll, 1, 0, interaction=5) is CastOutcome.COUNTED
    assert await vote(desk, poll, 1, 1, interaction=6) is CastOutcome.CHANGED
    assert await vote(desk, poll, 1, 0, interaction=5) is CastOutcome.SAME, "heard again after a resume"
    assert await tally(desk, poll) == {1: 1}


async def test_a_crowd_that_changes_its_mind_is_counted_right(desk: Desk) -> None:
    dice, poll, other = Random(7), await ask(desk), await ask(desk)
    last: dict[tuple[str, int], int] = {}
    presses = []
    for _ in range(600):
        chosen, member, position = dice.choice([poll, other]), dice.randrange(60), dice.randrange(3)
        last[chosen.poll_key, member] = position
        presses.append(vote(desk, chosen, member, position))
    await asyncio.gather(*presses)
    for each in (poll, other):
        expected = Counter(position for (key, _), position in last.items() if key == each.poll_key)
        assert await tally(desk, each) == dict(expected)


async def test_two_processes_count_in_one_poll(desk: Desk) -> None:
    poll = await ask(desk)
    neighbour = Polls(desk.store, clock=desk.clock)
    presses = [
        service.vote(
            Act(GUILD, Actor(number % 40), next(desk.interactions)), poll.poll_key, number % 3, sees=everywhere
        )
        for number in range(200)
        for service in (desk.services.polls, neighbour)
    ]
    await asyncio.gather(*presses)
    assert sum((await tally(desk, poll)).values()) == 40


async def test_what_is_unknown_foreign_or_closed_is_refused_and_costs_the_others_nothing(desk: Desk) -> None:
    poll, ended = await ask(desk), await ask(desk, closes="1 hour")
    foreign = await ask(desk, guild_id=GUILD + 1)
    desk.clock.move(timedelta(hours=1))
    outcomes = await asyncio.gather(
        vote(desk, poll, 1, 0),
        vote(desk, poll, 2, 9),
        vote(desk, foreign, 3, 0),
        vote(desk, ended, 4, 0),
        vote(desk, poll, 5, 1),
        return_exceptions=True,
    )
    assert [getattr(each, "message_id", each) for each in outcomes] == [
        CastOutcome.COUNTED,
        "poll-gone",
        "poll-gone",
        "poll-closed-already",
        CastOutcome.COUNTED,
    ]
    assert await tally(desk, poll) == {0: 1, 1: 1}
    assert await tally(desk, foreign) == {}


async def test_the_clock_closes_each_poll_once_also_after_downtime(desk: Desk) -> None:
    poll, later = await ask(desk, closes="1 hour"), await ask(desk, closes="3 days")
    await vote(desk, poll, 1, 0)
    await desk.services.outbox.deliver_due()
    desk.clock.move(timedelta(days=2))
    assert await desk.services.polls.close_due() == later.closes_at
    closed = await desk.services.polls.pick(GUILD, poll.poll_key)
    assert closed.closed_at == poll.closes_at
    assert await desk.services.polls.close_due() == later.closes_at
    await desk.services.outbox.deliver_due()
    drawn = [matter.poll.is_closed for _, matter in desk.channel.refreshed if isinstance(matter, PollCard)]
    assert drawn[-1] is True
    with pytest.raises(RefusedError, match="poll-closed-already"):
        await desk.services.polls.close(Act(GUILD, MODERATOR, next(desk.interactions)), poll.poll_key)


async def test_votes_and_the_end_of_the_poll_at_once_leave_a_right_tally(desk: Desk) -> None:
    poll = await ask(desk)
    presses = [vote(desk, poll, member, member % 3) for member in range(60)]
    closing = desk.services.polls.close(Act(GUILD, MODERATOR, next(desk.interactions)), poll.poll_key)
    outcomes = await asyncio.gather(*presses[:30], closing, *presses[30:], return_exceptions=True)
    counted = sum(outcome is CastOutcome.COUNTED for outcome in outcomes)
    assert sum((await tally(desk, poll)).values()) == counted


async def test_many_votes_are_one_edit_of_the_card(desk: Desk) -> None:
    poll = await ask(desk)
    await desk.services.outbox.deliver_due()
    for member in range(20):
        await vote(desk, poll, member, 0)
        desk.clock.move(timedelta(seconds=0.5))
        await desk.services.outbox.deliver_due()
    assert len(desk.channel.refreshed) <= 3
    desk.clock.move(timedelta(seconds=5))
    await desk.services.outbox.deliver_due()
    _, matter = desk.channel.refreshed[-1]
    assert isinstance(matter, PollCard)
    assert matter.poll.votes == 20


async def test_the_polls_worker_is_woken_when_an_issue_brings_a_poll(desk: Desk) -> None:
    await desk.subscribe()
    await desk.services.sources.read_due()
    assert "polls" in desk.bell.rung
    found = await desk.services.polls.search(GUILD, "", only_open=True)
    assert [poll.question for poll in found] == ["How was it?"]
    desk.shelf.lay_out(sample_issue(1))
    await desk.read()
    assert len(await desk.services.polls.search(GUILD, "", only_open=True)) == 1


async def test_who_may_not_ask_asks_nothing(desk: Desk) -> None:
    with pytest.raises(RefusedError, match="only-moderators"):
        await desk.services.polls.open(
            Act(GUILD, Actor(1, manages_server=True), 1), question="Q", options="A\nB", closes="1 day", channel_id=PLACE
        )
    with pytest.raises(NotFoundError):
        await desk.services.polls.newest_open(GUILD)


# the box


async def test_a_ballot_that_breaks_costs_only_whoever_cast_it() -> None:
    written: list[int] = []

    async def write(ballots: Sequence[Ballot]) -> list[Cast]:
        if any(ballot.member_id == 3 for ballot in ballots):
            raise ZeroDivisionError
        written.extend(ballot.member_id for ballot in ballots)
        return [Cast(CastOutcome.COUNTED)] * len(ballots)

    box = BallotBox(write)
    outcomes = await asyncio.gather(
        *(box.put(Ballot(member, GUILD, "poll", member, 0, NOON, everywhere)) for member in range(1, 6)),
        return_exceptions=True,
    )
    assert [isinstance(outcome, ZeroDivisionError) for outcome in outcomes] == [False, False, True, False, False]
    assert written == [1, 2, 4, 5]


async def test_nothing_is_acknowledged_that_cannot_be_stored() -> None:
    full = True
    attempts = 0

    async def write(ballots: Sequence[Ballot]) -> list[Cast]:
        nonlocal attempts
        attempts += 1
        if full:
            raise StoreFullError("no room")
        return [Cast(CastOutcome.COUNTED)] * len(ballots)

    box = BallotBox(write)
    outcomes = await asyncio.gather(
        *(box.put(Ballot(member, GUILD, "poll", member, 0, NOON, everywhere)) for member in range(5)),
        return_exceptions=True,
    )
    assert all(isinstance(outcome, StoreError) for outcome in outcomes)
    assert attempts == 1, "a full disk is not asked once more for each ballot"
    full = False
    assert (await box.put(Ballot(9, GUILD, "poll", 9, 0, NOON, everywhere))).outcome is CastOutcome.COUNTED


async def test_ballots_that_come_together_are_written_together() -> None:
    sizes: list[int] = []

    async def write(ballots: Sequence[Ballot]) -> list[Cast]:
        sizes.append(len(ballots))
        await asyncio.wait({asyncio.create_task(asyncio.Event().wait())}, timeout=0.001)
        return [Cast(CastOutcome.COUNTED)] * len(ballots)

    box = BallotBox(write)
    await asyncio.gather(
        *(box.put(Ballot(member, GUILD, "poll", member, 0, NOON, everywhere)) for member in range(1200))
    )
    assert sum(sizes) == 1200
    assert max(sizes) == 500


async def test_a_set_that_does_not_end_is_overtaken_but_nobody_overtakes_their_own_ballot() -> None:
    inside, leave = asyncio.Event(), asyncio.Event()
    written: list[list[tuple[int, int]]] = []

    async def write(ballots: Sequence[Ballot]) -> list[Cast]:
        if not written:
            written.append([])
            inside.set()
            await leave.wait()
        written.append([(ballot.member_id, ballot.position) for ballot in ballots])
        return [Cast(CastOutcome.COUNTED)] * len(ballots)

    box = BallotBox(write, overdue_seconds=0)
    stuck = asyncio.create_task(box.put(Ballot(1, GUILD, "poll", 1, 0, NOON, everywhere)))
    await inside.wait()
    again = asyncio.create_task(box.put(Ballot(2, GUILD, "poll", 1, 1, NOON, everywhere)))
    for member in (3, 4):
        assert (
            await box.put(Ballot(member, GUILD, "poll", member, 0, NOON, everywhere))
        ).outcome is CastOutcome.COUNTED
    assert not stuck.done()
    assert not again.done()
    leave.set()
    await asyncio.gather(stuck, again)
    assert written[1:] == [[(3, 0)], [(4, 0)], [(1, 0)], [(1, 1)]]
    assert (box._overdue, box._in_hand) == (set(), set())


async def test_sets_that_do_not_end_are_few() -> None:
    leave, begun = asyncio.Event(), 0

    async def write(ballots: Sequence[Ballot]) -> list[Cast]:
        nonlocal begun
        begun += 1
        await leave.wait()
        return [Cast(CastOutcome.COUNTED)] * len(ballots)

    box = BallotBox(write, overdue_seconds=0)
    votes = []
    for member in range(20):
        votes.append(asyncio.create_task(box.put(Ballot(member, GUILD, "poll", member, 0, NOON, everywhere))))
        for _ in range(10):
            await asyncio.sleep(0)
    assert begun == 4
    leave.set()
    await asyncio.gather(*votes)


async def test_a_database_that_is_busy_is_asked_again_because_nothing_was_stored() -> None:
    attempts = 0

    async def write(ballots: Sequence[Ballot]) -> list[Cast]:
        nonlocal attempts
        attempts += 1
        if attempts < 3 or ballots[0].member_id == 2:
            raise StoreBusyError("busy")
        return [Cast(CastOutcome.COUNTED)] * len(ballots)

    box = BallotBox(write)
    assert (await box.put(Ballot(1, GUILD, "poll", 1, 0, NOON, everywhere))).outcome is CastOutcome.COUNTED
    assert attempts == 3
    with pytest.raises(StoreBusyError):
        await box.put(Ballot(2, GUILD, "poll", 2, 0, NOON, everywhere))


# the end


@pytest.mark.parametrize(
    ("written", "after"),
    [
        ("3 days", timedelta(days=3)),
        ("in 12 hours", timedelta(hours=12)),
        ("90m", timedelta(minutes=90)),
        ("2 Weeks", timedelta(weeks=2)),
        ("2026-11-10 18:30", timedelta(days=1, hours=6, minutes=30)),
        ("2026-11-10T18:30Z", timedelta(days=1, hours=6, minutes=30)),
        ("2026-11-10", timedelta(days=1, hours=12)),
        ("2026-11-10T18:30:00+02:00", timedelta(days=1, hours=4, minutes=30)),
        ("2026-11-10 18:30 -0530", timedelta(days=1, hours=12)),
        ("2026-11-10 18:30 UTC+1", timedelta(days=1, hours=5, minutes=30)),
        ("2026-11-10T18:30:00.000Z", timedelta(days=1, hours=6, minutes=30)),
        ("2026-11-10 +02", timedelta(days=1, hours=10)),
    ],
)
def test_an_end_is_understood_as_people_write_it(written: str, after: timedelta) -> None:
    assert closing_time(written, now=NOON) - NOON == after


@pytest.mark.parametrize(
    ("written", "sentence"),
    [
        ("", "unclear"),
        ("never", "unclear"),
        ("2026-02-30", "unclear"),
        ("2026-11-10 18:30 +99:00", "unclear"),
        ("0001-01-01 00:00 +02:00", "unclear"),
        ("0 days", "past"),
        ("2026-11-08", "past"),
        ("4 minutes", "soon"),
        ("9999 weeks", "late"),
        ("2999-01-01", "late"),
    ],
)
def test_what_is_no_end_is_a_sentence(written: str, sentence: str) -> None:
    with pytest.raises(RefusedError, match=sentence):
        closing_time(written, now=NOON)


async def test_the_tables_hold_what_the_rules_say(desk: Desk) -> None:
    poll = await ask(desk)
    await vote(desk, poll, 1, 0)
    async with desk.store.read() as transaction:
        counts = {
            table: (await transaction.execute(text(f"SELECT count(*) FROM {table}"))).scalar_one()
            for table in ("ballots", "ballot_ledger", "poll_options")
        }
    assert counts == {"ballots": 1, "ballot_ledger": 1, "poll_options": 3}
