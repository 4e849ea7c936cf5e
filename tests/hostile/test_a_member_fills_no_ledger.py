"""Changing one's vote again and again stores a bounded number of presses; none is lost, none counts twice."""

import asyncio

from sqlalchemy import func, insert, select, update

from bot.model.member import Act, Actor
from bot.model.poll import CastOutcome, Poll
from bot.services import Polls
from bot.store import interactions as interaction_rows
from bot.store.polls import MOST_PRESSES
from bot.store.tables import ballot_ledger, ballots
from tests.doubles import everywhere
from tests.services.conftest import Desk
from tests.services.full import CountingStore
from tests.services.test_polls import ask, tally, vote

EAGER, OTHER = 501, 502


async def presses_of(desk: Desk, member_id: int) -> int:
    async with desk.store.read() as transaction:
        kept = select(func.count()).select_from(ballot_ledger).where(ballot_ledger.c.member_id == member_id)
        return int((await transaction.execute(kept)).scalar_one())


async def test_a_thousand_changes_are_few_rows_and_give_the_tally(desk: Desk) -> None:
    poll, other = await ask(desk), await ask(desk)
    for each in (poll, other):
        await vote(desk, each, OTHER, 0)
        await vote(desk, each, EAGER, 0)
    first = 10_000_000
    changes = [vote(desk, poll, EAGER, number % 3, interaction=first + number) for number in range(1_000)]
    await asyncio.gather(*changes)
    assert await presses_of(desk, EAGER) <= MOST_PRESSES + 1, "and one in the other poll"
    assert await presses_of(desk, OTHER) == 2
    assert await tally(desk, poll) == {0: 2}
    assert await tally(desk, other) == {0: 2}
    async with desk.store.read() as transaction:
        lately = range(first + 990, first + 1_000)
        assert await interaction_rows.acted(transaction, list(lately)) == set(lately), (
            "an answer that was lost is found"
        )


async def test_a_press_that_is_heard_again_after_its_row_has_left_counts_nothing(desk: Desk) -> None:
    poll = await ask(desk)
    for number in range(2 * MOST_PRESSES):
        await vote(desk, poll, EAGER, number % 2, interaction=1_000 + number)
    heard = await desk.services.polls.vote(
        Act(poll.guild_id, Actor(EAGER), 1_000), poll.poll_key, 0, sees=lambda _: True
    )
    assert (heard.outcome, heard.option.position) == (CastOutcome.SAME, 1), "it tells what counts"
    assert await tally(desk, poll) == {1: 1}
    assert await vote(desk, poll, EAGER, 0, interaction=5_000) is CastOutcome.CHANGED


async def test_voting_and_being_forgotten_again_and_again_leaves_no_row_in_the_ledger(desk: Desk) -> None:
    poll = await ask(desk)
    await vote(desk, poll, OTHER, 0)
    for number in range(10):
        await vote(desk, poll, EAGER, 1, interaction=1_000 + number)
        await desk.services.privacy.forget(Act(poll.guild_id, Actor(EAGER), 2_000 + number))
    async with desk.store.read() as transaction:
        kept = (await transaction.execute(select(func.count()).select_from(ballot_ledger))).scalar_one()
    assert kept == 1, "the other member's"
    assert await tally(desk, poll) == {0: 1}
    heard = await desk.services.polls.vote(Act(poll.guild_id, Actor(EAGER), 1_003), poll.poll_key, 1, sees=everywhere)
    assert heard.outcome is CastOutcome.SAME, "a press of before that is heard again"
    assert await tally(desk, poll) == {0: 1}


async def test_what_an_older_version_kept_leaves_in_parts(desk: Desk, database_url: str) -> None:
    poll = await ask(desk)
    await vote(desk, poll, EAGER, 0)
    async with desk.store.write() as transaction:
        poll_id = (await transaction.execute(select(ballots.c.poll_id))).scalar_one()
        entry = {"poll_id": poll_id, "member_id": EAGER, "position": 0, "cast_at": desk.clock.now()}
        await transaction.execute(
            insert(ballot_ledger), [{**entry, "interaction_id": 2_000_000 + number} for number in range(2_500)]
        )
        await transaction.execute(update(ballots).values(interaction_id=None, presses=0))
    async with await CountingStore.open(database_url, clock=desk.clock) as store:
        polls = Polls(store, clock=desk.clock)
        for number in range(3):
            await change(polls, poll, number % 2, interaction_id=3_000_000 + number)
        assert max(store.written) < 1_100
    assert await presses_of(desk, EAGER) <= MOST_PRESSES
    assert await tally(desk, poll) == {0: 1}


async def change(polls: Polls, poll: Poll, position: int, *, interaction_id: int) -> None:
    await polls.vote(Act(poll.guild_id, Actor(EAGER), interaction_id), poll.poll_key, position, sees=lambda _: True)
