"""What is kept of a member is handed out and forgotten, and the polls still add up."""

import asyncio
from datetime import timedelta
from typing import Any

from sqlalchemy import BigInteger, select

from bot.model.member import Act, Actor
from bot.model.submission import Plan, SubmissionState
from bot.services import Polls
from bot.services.members.credits import name_shown
from bot.store import chores as chore_rows
from bot.store import polls as poll_rows
from bot.store import submissions as submission_rows
from bot.store.tables import MemberId, metadata
from tests.doubles import everywhere
from tests.services.conftest import GUILD, Desk
from tests.services.test_polls import ask, tally, vote
from tests.services.test_submissions import (
    MARA,
    MIA,
    NILS,
    approve,
    open_submissions,
    publish,
    ready,
    send,
)


async def mentions_of(desk: Desk, member_id: int) -> list[str]:
    """Every column of every table that holds this number."""
    found = []
    async with desk.store.read() as transaction:
        for table in metadata.tables.values():
            for column in table.columns:
                if isinstance(column.type, BigInteger | MemberId):
                    rows = await transaction.execute(select(column).where(column == member_id))
                    found += [f"{table.name}.{column.name}" for _ in rows.all()]
    return found


async def exported_of(desk: Desk, guild_id: int, member_id: int) -> dict[str, list[dict[str, Any]]]:
    kept: dict[str, list[dict[str, Any]]] = {}
    async for table, rows in desk.services.privacy.export(guild_id, member_id):
        kept.setdefault(table, []).extend(rows)
    return kept


async def forget(desk: Desk, member_id: int) -> None:
    await desk.services.privacy.forget(Act(GUILD, Actor(member_id), next(desk.interactions)))


async def test_whoever_is_forgotten_stands_in_no_table(desk: Desk) -> None:
    await ready(desk)
    member = 987_654_321_012
    everywhere = Actor(member, manages_messages=True, manages_server=True)
    decided = await send(desk, "https://example.com/70", by=NILS)
    brought = (
        await desk.services.submissions.submit(
            Act(GUILD, Actor(member), next(desk.interactions)), "https://example.com/71", finder_id=NILS
        )
    ).submission
    waiting = await send(desk, "https://example.com/72", by=member, note="mine")
    await desk.services.credits.answer(Act(GUILD, Actor(member), next(desk.interactions)), "Me")
    await desk.services.submissions.approve(Act(GUILD, everywhere, next(desk.interactions)), decided.submission_key)
    await desk.services.queue.mark(
        Act(GUILD, everywhere, next(desk.interactions)), decided.submission_key, Plan.PLANNED
    )
    open_poll = await ask(desk)
    closed_poll = await ask(desk)
    for poll in (open_poll, closed_poll):
        await vote(desk, poll, member, 0)
        await vote(desk, poll, member, 1)
        await vote(desk, poll, NILS, 1)
    await desk.services.polls.close(Act(GUILD, everywhere, next(desk.interactions)), closed_poll.poll_key)
    async with desk.store.write() as transaction:
        await chore_rows.leave(transaction, name_shown(GUILD, member))
    assert len(await mentions_of(desk, member)) > 8
    exported = await exported_of(desk, GUILD, member)
    assert {table for table, rows in exported.items() if rows} == set(exported), "every kind of trace is handed out"
    await forget(desk, member)
    assert await mentions_of(desk, member) == []
    assert await tally(desk, open_poll) == {1: 1}, "taken back, so that nobody votes twice"
    assert await tally(desk, closed_poll) == {1: 2}, "what is decided stays decided"
    assert not any((await exported_of(desk, GUILD, member)).values())
    now = await desk.services.submissions.get(GUILD, waiting.submission_key)
    assert (now.state, now.url, now.note) == (SubmissionState.WITHDRAWN, "", "")
    assert (await desk.services.submissions.get(GUILD, brought.submission_key)).finder_id == NILS
    await vote(desk, open_poll, member, 2)
    assert await tally(desk, open_poll) == {1: 1, 2: 1}


async def test_forgetting_leaves_other_members_and_other_servers_alone(desk: Desk) -> None:
    await open_submissions(desk)
    await open_submissions(desk, GUILD + 1, 8801)
    here, there = await send(desk), await send(desk, guild_id=GUILD + 1)
    theirs = await send(desk, "https://example.com/9", by=NILS)
    await forget(desk, MIA)
    assert (await desk.services.submissions.get(GUILD, here.submission_key)).finder_id is None
    assert (await desk.services.submissions.get(GUILD + 1, there.submission_key)).finder_id == MIA
    assert (await desk.services.submissions.get(GUILD, theirs.submission_key)).finder_id == NILS
    assert not any((await exported_of(desk, GUILD, MIA)).values())
    assert any((await exported_of(desk, GUILD + 1, MIA)).values())


async def test_an_export_names_nobody_else(desk: Desk) -> None:
    await open_submissions(desk)
    submission = await send(desk)
    await approve(desk, submission)
    kept = await exported_of(desk, GUILD, MIA)
    assert str(MARA) not in str(kept["submissions"])
    decided = await exported_of(desk, GUILD, MARA)
    assert decided["submissions"][0]["decided_by_id"] == str(MARA)
    assert decided["submissions"][0]["finder_id"] is None


async def test_an_announcement_loses_a_forgotten_name(desk: Desk) -> None:
    await ready(desk)
    submission = await send(desk)
    await desk.services.credits.answer(Act(GUILD, Actor(MIA), next(desk.interactions)), "Mia")
    await publish(desk, 7)
    await desk.services.outbox.deliver_due()
    await forget(desk, MIA)
    desk.clock.move(timedelta(seconds=10))
    await desk.services.outbox.deliver_due()
    announced = [matter for _, matter in desk.channel.refreshed if hasattr(matter, "credits")]
    assert announced[-1].credits == ()
    async with desk.store.read() as transaction:
        now = await submission_rows.get(transaction, submission.submission_key, guild_id=GUILD)
    assert now is not None
    assert now.featured is not None


async def test_forgetting_twice_changes_nothing_more(desk: Desk) -> None:
    await open_submissions(desk)
    poll = await ask(desk)
    await vote(desk, poll, MIA, 0)
    await forget(desk, MIA)
    await forget(desk, MIA)
    async with desk.store.read() as transaction:
        assert await poll_rows.recount(transaction, poll.poll_key) == {}
    assert await tally(desk, poll) == {}


async def test_who_is_forgotten_while_changing_a_vote_leaves_a_right_tally(desk: Desk) -> None:
    poll = await ask(desk)
    await vote(desk, poll, MIA, 0)
    for _ in range(8):
        await asyncio.gather(
            vote(desk, poll, MIA, 1), forget(desk, MIA), vote(desk, poll, MIA, 2), vote(desk, poll, NILS, 0)
        )
        assert set((await tally(desk, poll)).values()) <= {1, 2}


async def test_votes_forgetting_closing_and_drawing_at_once_wait_for_each_other_in_one_order(desk: Desk) -> None:
    polls = [await ask(desk) for _ in range(4)]
    await desk.services.outbox.deliver_due()

    async def crowd(start: int) -> None:
        for number in range(12):
            await vote(desk, polls[(start + number) % 4], 100 + start, number % 3)

    async def drawing() -> None:
        for _ in range(15):
            desk.clock.move(timedelta(seconds=6))
            await desk.services.outbox.deliver_due()

    others = [Polls(desk.store, clock=desk.clock) for _ in range(2)]
    votes = [
        other.vote(
            Act(GUILD, Actor(500 + number), 70_000 + number), polls[(number * 3) % 4].poll_key, 1, sees=everywhere
        )
        for number, other in enumerate(others * 10)
    ]
    await asyncio.gather(*(crowd(start) for start in range(8)), drawing(), forget(desk, 100), *votes)
    for poll in polls:
        await tally(desk, poll)
