"""Claiming: only what is open is looked at, and lanes keep their order whoever claims at the same moment."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from random import Random
from typing import Any

import pytest
from sqlalchemy import Connection, Row, delete, event, insert, text, update

from bot.model.delivery import Delivery, DeliveryState, Purpose
from bot.model.problem import Problem
from bot.store import Store, Transaction
from bot.store import channels as channel_rows
from bot.store import outbox as outbox_rows
from bot.store import sources as source_rows
from bot.store.outbox import Claim, delivery_key
from bot.store.tables import guilds, installation, outbox, sources, subscriptions
from tests.doubles import NOON

NOW = NOON
LATER = NOW + timedelta(minutes=1)

only_postgresql = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)


async def queue(store: Store, *channels: int, purpose: Purpose = Purpose.ANNOUNCE, due_at: datetime = NOW) -> None:
    async with store.write() as transaction:
        for number, channel_id in enumerate(channels):
            await outbox_rows.enqueue(
                transaction,
                purpose=purpose,
                guild_id=1,
                channel_id=channel_id,
                subject_key=f"issue-{number}",
                identity=f"{due_at}-{number}",
                due_at=due_at,
            )


async def test_what_is_queued_is_known_by_each_of_its_facts_and_by_nothing_else(store: Store) -> None:
    facts: dict[str, Any] = {
        "purpose": Purpose.ANNOUNCE,
        "guild_id": 1,
        "channel_id": 2,
        "identity": "guid:1",
        "generation": 0,
    }
    others = {"purpose": Purpose.REVIEW, "guild_id": 12, "channel_id": 3, "identity": "guid:2", "generation": 1}
    async with store.write() as transaction:
        assert await outbox_rows.enqueue(transaction, **facts, subject_key="issue")
        assert not await outbox_rows.enqueue(transaction, **facts, subject_key="another", due_at=LATER)
        for name, other in others.items():
            assert await outbox_rows.enqueue(transaction, **{**facts, name: other}, subject_key="issue"), name


async def test_the_staff_is_told_once_wherever_that_is(store: Store) -> None:
    async with store.write() as transaction:
        told = [
            await outbox_rows.enqueue(
                transaction,
                purpose=Purpose.NOTICE,
                guild_id=1,
                channel_id=channel_id,
                subject_key="",
                identity="the feed is gone",
            )
            for channel_id in (2, 3)
        ]
    assert told == [True, False]


async def test_a_delivery_key_is_the_same_in_every_version_and_another_one_in_every_installation(store: Store) -> None:
    facts: dict[str, Any] = {"purpose": Purpose.ANNOUNCE, "guild_id": 1, "channel_id": 2, "identity": "guid:1"}
    async with store.write() as transaction:
        await transaction.execute(insert(installation).values(id=1, installation_id="here", created_at=NOW))
        key = await delivery_key(transaction, **facts)
        assert key == "caw5gn7yen5evwxx2t3erulaa4muvz6342dw6fp7npy54i6uj3wq"
        await transaction.execute(update(installation).values(installation_id="there"))
        assert await delivery_key(transaction, **facts) != key


async def claim_in(transaction: Transaction, incarnation: str, limit: int) -> list[Delivery]:
    return await outbox_rows.claim_due(transaction, incarnation=incarnation, lease_until=LATER, limit=limit)


async def claim(store: Store, incarnation: str = "this", limit: int = 24) -> list[Delivery]:
    async with store.write() as transaction:
        return await claim_in(transaction, incarnation, limit)


async def fill(store: Store, *, finished: int, open_: int) -> None:
    """Many finished rows beside few open ones, and statistics of the empty tables."""
    moment = "timestamptz '2026-01-01 00:00:00+00'" if store.dialect == "postgresql" else "'2026-01-01 00:00:00.000000'"
    numbers = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {last})"
    async with store.write() as transaction:
        if store.dialect == "postgresql":
            for table in ("outbox", "sources"):
                await transaction.execute(text(f"ALTER TABLE {table} SET (autovacuum_enabled = false)"))
                await transaction.execute(text(f"ANALYZE {table}"))
        for state, count, due_at in (("done", finished, "NULL"), ("pending", open_, moment)):
            await transaction.execute(
                text(
                    "INSERT INTO outbox (delivery_key, purpose, guild_id, channel_id, subject_key, generation, state,"
                    f" due_at, attempts, created_at) {numbers.format(last=count)} SELECT '{state}' || i, 'announce', 1,"
                    f" i, 'issue', 0, '{state}', {due_at}, 0, {moment} FROM n"
                )
            )


async def plans_of(store: Store, act: Any) -> list[str]:
    """How the database goes about each statement that chooses rows in `act`."""
    asked: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        # But for the time limits that a transaction begins with, which choose none.
        if statement.lstrip().startswith(("SELECT", "UPDATE")) and "set_config" not in statement:
            asked.append((statement, parameters))

    engine = store._writer.sync_engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        async with store.write() as transaction:
            await act(transaction)
            event.remove(engine, "before_cursor_execute", note)
            explain = "EXPLAIN " if store.dialect == "postgresql" else "EXPLAIN QUERY PLAN "
            found = []
            for statement, parameters in asked:
                rows = await transaction.run_sync(_asked(explain + statement, parameters))
                found.append("\n".join(str(row[-1]) for row in rows))
            return found
    finally:
        if event.contains(engine, "before_cursor_execute", note):
            event.remove(engine, "before_cursor_execute", note)


def _asked(statement: str, parameters: Any) -> Callable[[Connection], Sequence[Row[Any]]]:
    return lambda connection: connection.exec_driver_sql(statement, parameters).all()


def reads_a_table_whole(plan: str) -> bool:
    lines = [line.strip(" ->") for line in plan.splitlines()]
    return any(
        line.startswith(("Seq Scan on", "SCAN outbox", "SCAN sources")) and "INDEX" not in line for line in lines
    )


async def test_what_is_due_is_found_without_what_is_finished(store: Store) -> None:
    await fill(store, finished=20_000, open_=50)
    plans = await plans_of(store, lambda transaction: claim_in(transaction, "this", 24))
    assert "ix_outbox_due_at" in plans[0]
    assert "pk_outbox" not in plans[0]
    assert not any(reads_a_table_whole(plan) for plan in plans)


@pytest.mark.parametrize("question", ["next_due", "is_due_after", "count_open", "oldest_waiting", "guilds_waited_for"])
async def test_what_is_asked_at_every_look_is_answered_without_what_is_finished(store: Store, question: str) -> None:
    await fill(store, finished=20_000, open_=50)
    arguments = (NOW,) if question == "is_due_after" else ()
    plans = await plans_of(store, lambda transaction: getattr(outbox_rows, question)(transaction, *arguments))
    assert plans
    assert all("ix_outbox_" in plan for plan in plans)
    assert not any(reads_a_table_whole(plan) for plan in plans)


CHANGES: dict[str, Callable[[Transaction], Awaitable[object]]] = {
    "make_due": lambda transaction: outbox_rows.make_due(transaction, problems=["delivery-slow"], limit=50),
    "bring_nearer": lambda transaction: outbox_rows.bring_nearer(transaction, horizon=LATER, limit=50),
    "move_to": lambda transaction: outbox_rows.move_to(
        transaction, guild_id=1, purpose=Purpose.NOTICE, channel_id=9, limit=50
    ),
    "cancel_guild": lambda transaction: outbox_rows.cancel_guild(
        transaction, 1, problem=Problem("delivery-cancelled"), limit=50
    ),
}


@pytest.mark.parametrize("change", CHANGES)
async def test_what_is_open_is_changed_without_a_look_at_what_is_finished(store: Store, change: str) -> None:
    await fill(store, finished=20_000, open_=50)
    chosen, *_ = await plans_of(store, CHANGES[change])
    assert "ix_outbox_due_at" in chosen or "ix_outbox_lane" in chosen, chosen
    assert not reads_a_table_whole(chosen)


async def test_what_is_in_trouble_is_found_without_what_is_finished_or_was_moved(store: Store) -> None:
    await fill(store, finished=20_000, open_=50)
    went_wrong, moved = Problem("delivery-broken").as_json(), Problem("delivery-moved", {"channel": "3"}).as_json()
    changes: dict[int, dict[str, Any]] = {
        1: {"state": DeliveryState.PENDING},
        2: {"state": DeliveryState.FAILED, "purpose": Purpose.EDIT},
        3: {"state": DeliveryState.FAILED, "purpose": Purpose.PUBLISH},
        4: {"state": DeliveryState.DONE},
        5: {"state": DeliveryState.CLAIMED},
        6: {"state": DeliveryState.FAILED, "purpose": Purpose.NOTICE},
        7: {"state": DeliveryState.FAILED, "guild_id": 2},
        8: {"state": DeliveryState.FAILED, "last_problem": moved},
        9: {"state": DeliveryState.PENDING, "due_at": NOW},
    }
    async with store.write() as transaction:
        for channel_id in (2, 9):  # what waits there is told with the channel, what was refused is not
            await channel_rows.stop_channel(
                transaction, channel_id, guild_id=1, problem=Problem("delivery-not-allowed"), look_again_at=None
            )
        for number, changed in changes.items():
            row = outbox.c.delivery_key == f"done{number}"
            await transaction.execute(update(outbox).where(row).values({"last_problem": went_wrong, **changed}))
        later = outbox.c.delivery_key.startswith("done1") & (outbox.c.channel_id >= 10)
        await transaction.execute(update(outbox).where(later).values(state=DeliveryState.FAILED, last_problem=moved))
    [plan] = await plans_of(store, lambda transaction: outbox_rows.troubled(transaction, 1, limit=3))
    assert "ix_outbox_troubled" in plan, plan
    assert not reads_a_table_whole(plan)
    assert "Sort" not in plan
    assert "TEMP B-TREE" not in plan
    async with store.read() as transaction:
        troubled = await outbox_rows.troubled(transaction, 1, limit=5)
        newest = await outbox_rows.troubled(transaction, 1, limit=1)
    assert [each.delivery_key for each in troubled] == ["done3", "done2", "done1"]
    assert [each.delivery_key for each in newest] == ["done3"]


async def test_behind_what_waits_nothing_of_its_lane_is_taken(store: Store) -> None:
    await queue(store, 1, due_at=LATER)
    await queue(store, 1, 2)
    await queue(store, 1, purpose=Purpose.NOTICE)
    assert [(each.channel_id, each.purpose) for each in await claim(store)] == [
        (2, Purpose.ANNOUNCE),
        (1, Purpose.NOTICE),
    ]


async def test_a_lane_is_taken_in_its_order_though_its_first_was_put_off_for_longer(store: Store) -> None:
    await queue(store, 1, 1, 1)
    async with store.write() as transaction:
        first = (await claim_in(transaction, "this", 1))[0]
        put_off = NOW + timedelta(seconds=-1)
        await transaction.execute(update(outbox).where(outbox.c.id > first.outbox_id).values(due_at=put_off))
        await outbox_rows.give_back(transaction, Claim(first.outbox_id, "this"), due_at=NOW)
    taken: list[int] = []
    while claimed := await claim(store, limit=1):
        taken += [each.outbox_id for each in claimed]
        async with store.write() as transaction:
            for each in claimed:
                await outbox_rows.mark_done(transaction, Claim(each.outbox_id, "this"))
    assert taken == sorted(taken)
    assert len(taken) == 3


@only_postgresql
async def test_what_another_process_is_just_taking_is_neither_taken_nor_overtaken(store: Store) -> None:
    await queue(store, 1, 1, 2)
    async with store.write() as transaction:
        assert [each.channel_id for each in await claim_in(transaction, "one", 1)] == [1]
        assert [each.channel_id for each in await claim(store, "two")] == [2]
    assert await claim(store, "two") == []


@only_postgresql
@pytest.mark.parametrize("seed", range(3))
async def test_many_claimers_part_no_lane_and_leave_nothing(store: Store, seed: int) -> None:
    dice = Random(seed)
    channels = [dice.randrange(12) for _ in range(150)]
    await queue(store, *channels)
    begun: dict[int, list[int]] = {}
    held: Counter[int] = Counter()

    async def work(name: str) -> None:
        while True:
            claimed = await claim(store, name, limit=dice.choice([1, 3, 8]))
            if not claimed:
                async with store.read() as transaction:
                    if await outbox_rows.next_due(transaction) is None:
                        return
            lanes = {each.channel_id for each in claimed}
            for lane in lanes:
                held[lane] += 1
                assert held[lane] == 1, "two processes hold one lane"
            for each in claimed:
                begun.setdefault(each.channel_id, []).append(each.outbox_id)
            await asyncio.sleep(0)
            async with store.write() as transaction:
                for lane in lanes:
                    held[lane] -= 1
                for each in claimed:
                    await outbox_rows.mark_done(transaction, Claim(each.outbox_id, name))

    await asyncio.gather(*(work(f"process {number}") for number in range(4)))
    assert sum(map(len, begun.values())) == len(channels)
    assert all(taken == sorted(taken) for taken in begun.values())


@pytest.mark.parametrize("rows", [300, 3_000])
async def test_a_long_lane_whose_first_was_put_off_goes_on_and_holds_up_no_other(store: Store, rows: int) -> None:
    """As a channel that opens again: its first was tried after all others had become due."""
    await fill(store, finished=1, open_=1)
    async with store.write() as transaction:
        await transaction.execute(delete(outbox))
        values = {"purpose": "announce", "guild_id": 1, "subject_key": "issue", "generation": 0, "state": "pending"}
        before = {**values, "attempts": 0, "created_at": NOW}
        await transaction.execute(
            outbox.insert(),
            [
                {
                    **before,
                    "delivery_key": f"long-{n}",
                    "channel_id": 1,
                    "due_at": NOW - timedelta(seconds=1 if n else 0),
                }
                for n in range(rows)
            ],
        )
        await transaction.execute(outbox.insert().values(**before, delivery_key="other", channel_id=2, due_at=NOW))
    taken = await claim(store)
    assert sorted({each.channel_id for each in taken}) == [1, 2]
    assert [each.delivery_key for each in taken if each.channel_id == 1] == [f"long-{n}" for n in range(23)]


async def test_no_more_is_taken_than_asked_for(store: Store) -> None:
    await queue(store, *range(1, 31))
    counts = [len(await claim(store, limit=24)), len(await claim(store, limit=24)), len(await claim(store, limit=24))]
    assert counts == [24, 6, 0]


async def test_next_due_is_the_first_of_all_lanes_and_of_every_refresh(store: Store) -> None:
    await queue(store, 1, due_at=NOW + timedelta(minutes=9))
    await queue(store, 1, due_at=NOW + timedelta(minutes=1))  # waits behind the one before
    await queue(store, 2, purpose=Purpose.REFRESH, due_at=NOW + timedelta(minutes=7))
    await queue(store, 2, purpose=Purpose.REFRESH, due_at=NOW + timedelta(minutes=5))
    async with store.read() as transaction:
        assert await outbox_rows.next_due(transaction) == NOW + timedelta(minutes=5)


async def test_open_is_what_has_a_time(store: Store) -> None:
    """The indices of open rows stand on it."""
    await queue(store, 1, 2, 3, 4)
    done, failed, put_off, held = [Claim(each.outbox_id, "this") for each in await claim(store)]
    problem = Problem("delivery-trouble", {"status": 503})
    async with store.write() as transaction:
        await outbox_rows.mark_done(transaction, done)
        await outbox_rows.mark_failed(transaction, failed, problem=problem)
        await outbox_rows.put_off(transaction, put_off, problem=problem, due_at=LATER)
    async with store.read() as transaction:
        rows = (await transaction.execute(outbox.select())).all()
    closed = {DeliveryState.DONE, DeliveryState.FAILED}
    assert {row.id for row in rows if row.due_at is None} == {done.outbox_id, failed.outbox_id}
    assert all((row.state in closed) == (row.due_at is None) for row in rows)
    assert held.outbox_id in {row.id for row in rows if row.state == DeliveryState.CLAIMED}


async def add_sources(store: Store, count: int, *, next_poll_at: datetime) -> None:
    name = f"{next_poll_at:%H-%M}"
    async with store.write() as transaction:
        if next_poll_at == NOW:
            await transaction.execute(
                guilds.insert().values(
                    guild_id=1, name="Here", discussion_threads=True, first_announcement="newest", created_at=NOW
                )
            )
        made = await transaction.execute(
            sources.insert().returning(sources.c.id),
            [
                {
                    "url": f"https://{name}-{number}.example/",
                    "url_key": f"{name}-{number}",
                    "failures": 0,
                    "next_poll_at": next_poll_at,
                    "created_at": NOW,
                }
                for number in range(count)
            ],
        )
        ids: Sequence[int] = list(made.scalars())
        await transaction.execute(
            subscriptions.insert(),
            [{"guild_id": 1, "source_id": each, "channel_id": 1, "created_at": NOW} for each in ids],
        )


async def test_due_sources_are_found_without_those_that_are_not(store: Store) -> None:
    await fill(store, finished=1, open_=1)
    await add_sources(store, 30, next_poll_at=NOW)
    await add_sources(store, 2_000, next_poll_at=LATER)
    plans = await plans_of(
        store,
        lambda transaction: source_rows.claim_due_sources(transaction, incarnation="this", until=LATER, limit=8),
    )
    assert any("ix_sources_next_poll_at" in plan for plan in plans)
    assert not any(reads_a_table_whole(plan) for plan in plans)


@only_postgresql
async def test_processes_take_different_sources_at_the_same_moment(store: Store) -> None:
    await add_sources(store, 40, next_poll_at=NOW)

    async def take() -> list[int]:
        async with store.write() as transaction:
            claimed = await source_rows.claim_due_sources(transaction, incarnation="this", until=LATER, limit=8)
        return [source.source_id for source in claimed]

    taken = [each for claimed in await asyncio.gather(*(take() for _ in range(4))) for each in claimed]
    assert len(taken) == len(set(taken)) == 32
