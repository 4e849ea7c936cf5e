"""Two processes on one PostgreSQL, with one token: every message once, whoever is killed."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import text

from bot.store import Store
from tests.journeys.scene import Scene

pytestmark = pytest.mark.journey

_POLL = timedelta(minutes=15)
_STOPPED = timedelta(seconds=10)
"""Longer than a beat counts (three seconds), longer than what a message may take, shorter than a claim."""


@pytest.mark.usefixtures("postgres_database")
async def test_two_processes_share_the_work_and_the_loss_of_one_costs_nothing(scene: Scene) -> None:
    # One process does not ring the other: what it leaves is found at the next knock.
    scene.environment["TEST_KNOCK_SECONDS"] = "1"
    for number in range(100, 108):  # an archive, beside which six new issues are no flood
        scene.publish(number)
    await scene.set_up()
    for number in range(2, 8):
        scene.publish(number)
    async with scene.bot() as first, scene.bot() as second:
        await asyncio.gather(first.logged("connected as="), second.logged("connected as="))
        await asyncio.gather(first.watch("sent"), second.watch("sent"))
        await asyncio.gather(first.move_clock(_POLL), second.move_clock(_POLL))
        # Whichever sends first falls, with a message that stands there and is not booked; one of them surely sends.
        stand = {asyncio.create_task(each.reached("sent")): each for each in (first, second)}
        arrived, waits = await asyncio.wait(stand, return_when=asyncio.FIRST_COMPLETED)
        task = arrived.pop()
        await task
        falls = stand[task]
        stays = second if falls is first else first
        await falls.kill()
        for each in waits:
            each.cancel()
        await stays.watch()
        await stays.go("sent")  # where it stands there, too
        for _ in range(4):
            await stays.move_clock(_POLL)
            try:
                await scene.complete(7, timeout=5)
                break
            except TimeoutError:
                continue
        await scene.complete(7)
        assert await stays.stop() == 0, stays.log
    titles = [message.text.splitlines()[0] for message in scene.announcements()]
    assert len(titles) == len(set(titles)) == 7


@pytest.mark.parametrize("point", ["glance", "send"])
async def test_a_process_that_is_stopped_for_ten_seconds_sends_nothing_that_another_one_took_over(
    scene: Scene, postgres_database: str, point: str
) -> None:
    """Discord knows no nonces here, so only who looks before it sends keeps the message single."""
    scene.sandbox.world.limits.nonce_seconds = 0
    await scene.set_up()
    scene.publish(2)
    async with scene.bot() as first:
        await first.logged("connected as=")
        await first.watch(point)
        await first.move_clock(_POLL)
        await first.reached(point)
        async with scene.bot() as second:
            await second.logged("connected as=")
            await second.move_clock(_POLL)
            first.freeze()
            stopped_for_long = asyncio.create_task(_until_later(postgres_database, _STOPPED))
            await scene.complete(2, timeout=30)
            await second.logged("claims of dead processes ended")
            await second.logged("done purpose=announce")
            await stopped_for_long
            first.thaw()
            await first.watch()
            await first.go(point)
            await first.logged("beats are heard again")
            scene.publish(3)
            await asyncio.gather(first.move_clock(_POLL), second.move_clock(_POLL))
            await scene.complete(3, timeout=30)
            assert (await first.stop(), await second.stop()) == (0, 0), first.log + second.log
    titles = [message.text.splitlines()[0] for message in scene.announcements()]
    assert len(titles) == len(set(titles)) == 3, first.log + second.log


async def _until_later(database_url: str, by: timedelta) -> None:
    """Until the database's clock, by which beats are judged, says that so much time has passed."""
    async with await Store.open(database_url) as store, store.read() as transaction:
        begun = (await transaction.execute(text("SELECT clock_timestamp()"))).scalar_one()
        await transaction.execute(text("SELECT pg_sleep_until(:later)"), {"later": begun + by})
        assert (await transaction.execute(text("SELECT clock_timestamp()"))).scalar_one() >= begun + by


@pytest.mark.usefixtures("postgres_database")
async def test_a_command_that_both_processes_hear_acts_once(scene: Scene) -> None:
    await scene.set_up()
    async with scene.bot() as first, scene.bot() as second:
        await asyncio.gather(first.logged("connected as="), second.logged("connected as="))
        reply = await scene.sandbox.member("mara").slash("/desk repost issue:Issue 1")
        assert "I am posting it" in reply.text or "I am already posting" in reply.text
        await scene.complete(2)
        await scene.sandbox.wait_for(
            lambda: [each for each in scene.announcements() if "was posted again" in each.text], what="the fold"
        )
        assert (await first.stop(), await second.stop()) == (0, 0)
    assert len(scene.announcements()) == 2


async def test_a_copy_of_the_installation_that_runs_beside_it_announces_nothing_twice(scene: Scene) -> None:
    """Somebody copies the folder with the database, and starts both."""
    await scene.set_up()
    copied = scene.folder / "copy.db"
    copied.write_bytes((scene.folder / "pressroom.db").read_bytes())
    scene.sandbox.world.limits.nonce_seconds = 0
    scene.publish(2)
    async with scene.bot() as original:
        await original.logged("connected as=")
        await original.move_clock(_POLL)
        await scene.complete(2)
        scene.environment["DATABASE_URL"] = f"sqlite:///{copied}"
        async with scene.bot() as copy:
            await copy.logged("connected as=")
            await copy.move_clock(_POLL)
            await copy.logged("found what was sent before")
            assert (await copy.stop(), await original.stop()) == (0, 0)
    assert len(scene.announcements()) == 2
