"""A poll in a channel that is hidden from somebody takes no vote of theirs, by whichever way they still reach it."""

from collections.abc import Callable

import pytest
from sqlalchemy import update

from bot.errors import NotFoundError
from bot.model.member import Act, Actor
from bot.model.poll import CastOutcome
from bot.services import Guilds, Polls
from bot.store import Store
from bot.store.tables import outbox
from tests.doubles import MovedClock
from tests.services.conftest import ADMIN, CHANNEL, Desk

GUILD, PLACE, MEMBER = 7001, 8600, 501


async def test_a_press_from_outside_is_answered_as_if_there_were_no_poll(store: Store, clock: MovedClock) -> None:
    await Guilds(store).remember(GUILD, name="Server")
    polls = Polls(store, clock=clock)
    poll = await polls.open(
        Act(GUILD, Actor(31, manages_messages=True), 1),
        question="Which?",
        options="A\nB",
        closes="2 days",
        channel_id=PLACE,
    )
    asked: list[int | None] = []

    async def vote(position: int, interaction_id: int, *, hidden: bool) -> CastOutcome:
        def sees(channel_id: int | None) -> bool:
            asked.append(channel_id)
            return not hidden

        given = await polls.vote(Act(GUILD, Actor(MEMBER), interaction_id), poll.poll_key, position, sees=sees)
        return given.outcome

    assert await vote(0, 2, hidden=False) is CastOutcome.COUNTED
    with pytest.raises(NotFoundError, match="poll-gone"):
        await vote(1, 3, hidden=True)
    assert await polls.ballot_of(poll.poll_key, MEMBER) == 0
    assert await vote(1, 4, hidden=False) is CastOutcome.CHANGED
    assert asked == [PLACE] * 3


@pytest.mark.parametrize("stands", ["announced", "queued", "refused"])
async def test_an_issues_poll_stands_where_the_issue_does(desk: Desk, stands: str) -> None:
    await desk.subscribe()
    await desk.services.sources.read_due()
    polls = desk.services.polls
    if stands == "announced":
        await desk.services.outbox.deliver_due()
        # What is announced there stays there, wherever the next issues go.
        await desk.services.guilds.move_announcements(
            Act(GUILD, ADMIN, next(desk.interactions)), CHANNEL + 1, source_ids=[1]
        )
    elif stands == "refused":
        async with desk.store.write() as transaction:
            await transaction.execute(update(outbox).values(state="failed", due_at=None))
    poll = await polls.newest_open(GUILD)
    assert (poll.issue_key is not None, poll.channel_id) == (True, None)

    async def vote(sees: Callable[[int | None], bool]) -> CastOutcome:
        given = await polls.vote(Act(GUILD, Actor(MEMBER), next(desk.interactions)), poll.poll_key, 0, sees=sees)
        return given.outcome

    with pytest.raises(NotFoundError, match="poll-gone"):
        await vote(lambda channel_id: channel_id != CHANNEL)
    hidden = [CHANNEL, CHANNEL + 5]
    assert await polls.search(GUILD, "", only_open=True, hidden=hidden) == []
    with pytest.raises(NotFoundError):
        await polls.newest_open(GUILD, hidden=hidden)
    with pytest.raises(NotFoundError):
        await polls.pick(GUILD, poll.poll_key, hidden=hidden)
    others = [CHANNEL + 1, CHANNEL + 5]
    assert await polls.pick(GUILD, poll.poll_key, hidden=others) == poll
    assert await polls.search(GUILD, "", only_open=True, hidden=others) == [poll]
    assert await vote(lambda channel_id: channel_id == CHANNEL) is CastOutcome.COUNTED
