"""What nobody needs leaves after a stated time; what somebody needs stays."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import Table, func, insert, select, text

from bot.model.chore import Chore, ChoreKind
from bot.model.delivery import Purpose
from bot.model.flood import FloodDecision
from bot.model.member import Act, Actor
from bot.ports import ReviewCard
from bot.services.building import KINDS
from bot.services.retention import HISTORY_DAYS, Retention
from bot.store import Store
from bot.store import chores as chore_rows
from bot.store import outbox as outbox_rows
from bot.store import push as push_rows
from bot.store import usage as usage_rows
from bot.store.tables import floods, followed_links, guild_usage, interactions, outbox, push_calls
from tests.doubles import MovedClock
from tests.services.conftest import ADMIN, CHANNEL, GUILD, Desk
from tests.services.full import CountingStore
from tests.services.test_floods import flooded
from tests.services.test_polls import ask
from tests.services.test_submissions import MIA, MODERATOR, approve, open_submissions, send

OLD = timedelta(days=HISTORY_DAYS + 1)


def retention(desk: Desk) -> Retention:
    return Retention(desk.store, clock=desk.clock, kinds=KINDS)


async def purposes(store: Store) -> list[str]:
    async with store.read() as transaction:
        return sorted((await transaction.execute(select(outbox.c.purpose))).scalars())


async def finished(desk: Desk, purpose: Purpose, *, subject_key: str = "", count: int = 1) -> None:
    now = desk.clock.now()
    async with desk.store.write() as transaction:
        for number in range(count):
            await outbox_rows.enqueue(
                transaction,
                identity=f"{subject_key}-{number}",
                purpose=purpose,
                guild_id=GUILD,
                channel_id=CHANNEL + 1,
                subject_key=subject_key,
            )
        rows = outbox.c.purpose == purpose
        await transaction.execute(outbox.update().where(rows).values(state="done", due_at=None, sent_at=now))


async def test_what_was_said_of_an_issue_stays_and_the_rest_leaves_after_its_time(desk: Desk) -> None:
    await desk.subscribe()
    await desk.read()
    await desk.titles_sent()
    await finished(desk, Purpose.NOTICE, count=3)
    await finished(desk, Purpose.REFRESH, subject_key="gone")
    await finished(desk, Purpose("greeting"), subject_key="of another version")
    desk.clock.move(OLD)
    await finished(desk, Purpose.FLOOD, subject_key="today's")
    again = await retention(desk).clear()
    assert await purposes(desk.store) == ["announce", "flood", "greeting"]
    assert again == desk.clock.now() + timedelta(days=1)
    issue = await desk.services.issues.latest(GUILD)
    findings = await desk.services.explanations.why(GUILD, issue.issue_key)
    assert "why-sent" in [finding.message_id for finding in findings]


async def test_what_a_flood_held_back_by_decision_is_said_however_long_ago_that_was(desk: Desk) -> None:
    await flooded(desk)
    [flood] = (await desk.services.guilds.status(GUILD)).floods
    decide = desk.services.floods.decide
    await decide(Act(GUILD, MODERATOR, 40), flood.flood_key, FloodDecision.NONE)
    await desk.services.outbox.deliver_due()
    desk.clock.move(OLD)
    await retention(desk).clear()
    findings = await desk.services.explanations.why(GUILD, flood.issue_keys[0])
    assert "why-flood-none" in [finding.message_id for finding in findings]
    assert "flood" not in await purposes(desk.store)


@pytest.mark.parametrize(
    ("decision", "kept"), [(FloodDecision.ALL, 0), (FloodDecision.NEWEST, 1), (FloodDecision.NONE, 1)]
)
async def test_a_decided_flood_leaves_when_why_tells_of_it_no_more(
    desk: Desk, decision: FloodDecision, kept: int
) -> None:
    await flooded(desk)
    await desk.services.outbox.deliver_due()
    [flood] = (await desk.services.guilds.status(GUILD)).floods
    desk.clock.move(OLD)
    await retention(desk).clear()
    await desk.services.floods.decide(Act(GUILD, MODERATOR, 40), flood.flood_key, decision)
    desk.clock.move(timedelta(days=1))
    await desk.services.outbox.deliver_due()
    desk.clock.move(OLD - timedelta(days=2))
    await retention(desk).clear()
    assert await count(desk.store, floods) == 1, "its time begins with the decision"
    desk.clock.move(timedelta(days=2))
    await retention(desk).clear()
    assert await count(desk.store, floods) == kept
    await desk.services.subscriptions.unsubscribe(Act(GUILD, ADMIN, 42), flood.source_id)
    await retention(desk).clear()
    assert await count(desk.store, floods) == 0


async def test_a_flood_stays_until_all_of_it_is_announced_and_its_card_drawn(desk: Desk) -> None:
    await flooded(desk)
    await desk.services.outbox.deliver_due()
    [flood] = (await desk.services.guilds.status(GUILD)).floods
    await desk.services.floods.decide(Act(GUILD, MODERATOR, 40), flood.flood_key, FloodDecision.ALL)
    async with desk.store.write() as transaction:  # as if there was more of it
        await chore_rows.leave(transaction, Chore(ChoreKind.ANNOUNCE_FLOOD, GUILD, flood.flood_key))
    desk.clock.move(OLD)
    await retention(desk).clear()
    assert await count(desk.store, floods) == 1
    await desk.services.chores.work_off()
    await retention(desk).clear()
    assert await count(desk.store, floods) == 1, "its card is not drawn yet"
    await desk.services.outbox.deliver_due()
    await retention(desk).clear()
    assert await count(desk.store, floods) == 0


async def test_decided_floods_leave_in_portions(desk: Desk, database_url: str) -> None:
    await desk.subscribe()
    gone, now = GUILD + 1, desk.clock.now()
    decided = {"guild_id": gone, "source_id": 1, "issue_keys": ["a"], "listed": 1, "found_at": now, "decision": "none"}
    async with desk.store.write() as transaction:
        rows = [{**decided, "flood_key": str(number), "decided_at": now} for number in range(1_200)]
        await transaction.execute(insert(floods), rows)
    clock = MovedClock(now + OLD)
    async with await CountingStore.open(database_url, clock=clock) as store:
        await Retention(store, clock=clock, kinds=KINDS).clear()
        assert await count(store, floods) == 0
        assert max(store.written) <= 500


async def test_whoever_is_named_on_an_old_card_can_still_be_forgotten_there(desk: Desk) -> None:
    await open_submissions(desk)
    submission = await send(desk)
    await desk.services.outbox.deliver_due()
    await approve(desk, submission)
    desk.clock.move(timedelta(minutes=5))
    await desk.services.outbox.deliver_due()
    desk.clock.move(OLD)
    await retention(desk).clear()
    assert await purposes(desk.store) == ["review"]
    before = len(desk.channel.refreshed)
    await desk.services.privacy.forget(Act(GUILD, Actor(MIA), 41))
    desk.clock.move(timedelta(minutes=5))
    await desk.services.outbox.deliver_due()
    [(_, card)] = desk.channel.refreshed[before:]
    assert isinstance(card, ReviewCard)
    assert card.submission.finder_id is None


async def test_the_card_of_a_poll_stays_known_as_long_as_the_poll_is_stored(desk: Desk) -> None:
    await desk.services.guilds.remember(GUILD, name="Here")
    await finished(desk, Purpose.REVIEW, subject_key="gone")
    await finished(desk, Purpose.POLL, subject_key="gone")
    await ask(desk)
    await desk.services.outbox.deliver_due()
    desk.clock.move(OLD)
    await desk.services.polls.close_due()
    await desk.services.outbox.deliver_due()
    desk.clock.move(OLD)
    await retention(desk).clear()
    assert await purposes(desk.store) == ["poll"]


async def test_what_is_not_done_stays_however_old_it_is(desk: Desk) -> None:
    async with desk.store.write() as transaction:
        await outbox_rows.enqueue(
            transaction,
            purpose=Purpose.NOTICE,
            guild_id=GUILD,
            channel_id=CHANNEL,
            subject_key="",
        )
    desk.clock.move(OLD)
    await retention(desk).clear()
    assert await purposes(desk.store) == ["notice"]


async def test_presses_are_forgotten_when_they_are_old_in_portions(desk: Desk) -> None:
    async def press(first: int, count: int, at: datetime) -> None:
        async with desk.store.write() as transaction:
            rows = [{"interaction_id": first + number, "acted_at": at} for number in range(count)]
            await transaction.execute(insert(interactions), rows)

    await press(1, 1_200, desk.clock.now())
    desk.clock.move(OLD)
    await press(5_000, 3, desk.clock.now())
    await retention(desk).clear()
    async with desk.store.write() as transaction:
        kept = (await transaction.execute(text("SELECT count(*) FROM interactions"))).scalar_one()
        assert kept == 3
    async with desk.store.effect(Act(GUILD, ADMIN, 5_000)) as transaction:
        assert transaction.is_repeated


async def test_what_was_received_and_where_links_lead_is_forgotten_in_portions(desk: Desk, database_url: str) -> None:
    now = desk.clock.now()
    async with desk.store.write() as transaction:
        used = [{"guild_id": number, "day": now.date(), "received_bytes": 1} for number in range(1_200)]
        asked = [{"address_key": str(number), "asked_at": now, "tries": 1} for number in range(1_200)]
        await transaction.execute(insert(guild_usage), used)
        await transaction.execute(insert(followed_links), asked)
        await transaction.execute(insert(push_calls), [{"call_key": str(n), "called_at": now} for n in range(250)])
    later = now + timedelta(days=366)
    clock = MovedClock(now + timedelta(days=7))
    async with await CountingStore.open(database_url, clock=clock) as store:
        await Retention(store, clock=clock, kinds=KINDS).clear()
        assert await counts(store) == [1_200, 1_200, 250], "a week is not over yet"
        clock.move(timedelta(days=359))
        async with store.write() as transaction:
            await usage_rows.add(transaction, [1], day=later.date(), received_bytes=1)
        await Retention(store, clock=clock, kinds=KINDS).clear()
        assert await counts(store) == [1, 0, 250]
        async with store.write() as transaction:
            assert await push_rows.record_call(transaction, "new", forget_before=later)
        assert await counts(store) == [1, 0, 151], "they leave with each that comes"
        assert max(store.written) <= 500


async def counts(store: Store) -> list[int]:
    return [await count(store, table) for table in (guild_usage, followed_links, push_calls)]


async def count(store: Store, table: Table) -> int:
    async with store.read() as transaction:
        return int((await transaction.execute(select(func.count()).select_from(table))).scalar_one())


async def test_it_stops_when_the_bot_does_and_ends_the_work_next_time(desk: Desk) -> None:
    await finished(desk, Purpose.NOTICE, count=1_200)
    desk.clock.move(OLD)
    portions = iter([True, False])
    await retention(desk).clear(lambda: next(portions, False))
    assert len(await purposes(desk.store)) == 700
    await retention(desk).clear()
    assert await purposes(desk.store) == []


async def test_how_long_is_a_setting(desk: Desk) -> None:
    await finished(desk, Purpose.NOTICE)
    desk.clock.move(timedelta(days=8))
    await Retention(desk.store, clock=MovedClock(desk.clock.now()), kinds=KINDS, history=timedelta(days=7)).clear()
    assert await purposes(desk.store) == []
