"""Sessions at the gateway: never so many that Discord takes the token away."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

from bot.errors import StoreFullError
from bot.services import Gateway
from bot.store import Store, Transaction
from tests.services.conftest import Desk


async def begin(desk: Desk, gateway: Gateway, shard_id: int = 0) -> timedelta:
    """Begin a session as soon as it may begin; how long that took."""
    begun = desk.clock.now()
    beginning = asyncio.create_task(gateway.begin_session(shard_id))
    while not beginning.done():
        await asyncio.wait({beginning}, timeout=0.002)
        if not beginning.done() and gateway.waits_until is not None:
            desk.clock.move(gateway.waits_until - desk.clock.now())
    await beginning
    return desk.clock.now() - begun


async def test_who_tries_things_out_is_not_held_up(desk: Desk) -> None:
    assert [await begin(desk, desk.services.gateway) for _ in range(10)] == [timedelta()] * 10


async def test_a_process_that_crashes_at_its_start_waits_longer_each_time_over_restarts(desk: Desk) -> None:
    waits = []
    for _ in range(17):
        restarted = Gateway(desk.store, clock=desk.clock, metrics=desk.metrics)
        waits.append(await begin(desk, restarted))
    assert waits[10:] == [timedelta(seconds=5 * 2**number) for number in range(7)]


async def test_a_day_of_invalid_sessions_stays_far_below_discords_thousand(desk: Desk) -> None:
    begun, sessions = desk.clock.now(), 0
    while desk.clock.now() - begun < timedelta(days=1):
        await begin(desk, desk.services.gateway)
        desk.clock.move(timedelta(seconds=5))
        sessions += 1
    assert sessions < 500
    assert desk.metrics.value("gateway_identifies") == sessions


async def test_shards_wait_each_for_itself(desk: Desk) -> None:
    for _ in range(12):
        await begin(desk, desk.services.gateway)
    assert await begin(desk, desk.services.gateway, shard_id=1) == timedelta()


async def test_a_clock_that_was_put_back_holds_nobody_up(desk: Desk) -> None:
    for _ in range(12):
        await begin(desk, desk.services.gateway)
    desk.clock.set_back(timedelta(days=2))
    assert await begin(desk, desk.services.gateway) == timedelta()


async def test_a_database_that_is_down_ends_no_connection_and_its_sessions_count_all_the_same(
    desk: Desk, tmp_path: Path
) -> None:
    class Down(Store):
        @asynccontextmanager
        async def write(self) -> AsyncIterator[Transaction]:
            async with super().write() as transaction:
                yield transaction
                raise StoreFullError("no room")

    async with await Down.open(f"sqlite:///{tmp_path}/down.db") as down:  # without tables it cannot be read either
        gateway = Gateway(down, clock=desk.clock, metrics=desk.metrics)
        waits = [await begin(desk, gateway) for _ in range(12)]
    assert waits[:10] == [timedelta()] * 10
    assert waits[10:] == [timedelta(seconds=5), timedelta(seconds=10)]
