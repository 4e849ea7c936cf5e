"""A poll in a channel that is hidden from somebody takes no vote of theirs, by whichever way they still reach it."""

import pytest

from bot.errors import NotFoundError
from bot.model.member import Actor
from bot.model.poll import CastOutcome
from bot.services import Guilds, Polls
from bot.store import Store
from tests.doubles import MovedClock, QuietBell

GUILD, PLACE, MEMBER = 7001, 8600, 501


async def test_a_press_from_outside_is_answered_as_if_there_were_no_poll(store: Store) -> None:
    clock, bell = MovedClock(), QuietBell()
    await Guilds(store, clock=clock, bell=bell).remember(GUILD, name="Server")
    polls = Polls(store, clock=clock, bell=bell)
    poll = await polls.open(
        GUILD,
        question="Which?",
        options="A\nB",
        closes="2 days",
        channel_id=PLACE,
        actor=Actor(31, manages_messages=True),
        interaction_id=1,
    )
    asked: list[int | None] = []

    async def vote(position: int, interaction_id: int, *, hidden: bool) -> CastOutcome:
        def sees(channel_id: int | None) -> bool:
            asked.append(channel_id)
            return not hidden

        given = await polls.vote(
            GUILD, poll.poll_key, position, member_id=MEMBER, interaction_id=interaction_id, sees=sees
        )
        return given.outcome

    assert await vote(0, 2, hidden=False) is CastOutcome.COUNTED
    with pytest.raises(NotFoundError, match="poll-gone"):
        await vote(1, 3, hidden=True)
    assert await polls.ballot_of(poll.poll_key, MEMBER) == 0
    assert await vote(1, 4, hidden=False) is CastOutcome.CHANGED
    assert asked == [PLACE] * 3
