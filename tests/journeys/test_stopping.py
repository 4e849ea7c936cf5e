"""SIGTERM: nothing new is begun, what is in hand is finished within a deadline, everything is closed in reverse."""

import asyncio
from datetime import timedelta

import pytest

from bot.app import Parts
from bot.jobs import CUT_OFF_SECONDS
from bot.store import Store
from bot.store import gateway as session_rows
from bot.store import sources as source_rows
from tests.journeys.scene import Scene

pytestmark = pytest.mark.journey

_POLL = timedelta(minutes=15)


async def test_what_is_on_its_way_is_finished_and_nothing_new_is_begun(scene: Scene) -> None:
    await scene.set_up()
    scene.publish(2)
    scene.publish(3)
    async with scene.bot() as bot:
        await scene.online()
        await bot.watch("send")
        await bot.move_clock(_POLL)
        await bot.reached("send")
        stopping = asyncio.create_task(bot.stop())
        await bot.logged("stopping")
        await bot.watch()
        await bot.go("send")
        assert await stopping == 0, bot.log
    messages = scene.announcements()
    assert len(messages) == 2, "the one behind it was not begun"
    assert all(message.thread for message in messages), "the thread belongs to what was in hand"
    async with scene.bot() as bot:
        await scene.online()
        await bot.move_clock(_POLL)  # the process before it lived in the future
        await scene.complete(3)
        assert await bot.stop() == 0, bot.log


async def test_what_does_not_end_is_cut_off_at_the_deadline_and_done_once_by_the_next_process(scene: Scene) -> None:
    scene.environment["TEST_DRAIN_SECONDS"] = "0.5"
    await scene.set_up()
    scene.publish(2)
    async with scene.bot() as bot:
        await scene.online()
        await bot.watch("sent")
        await bot.move_clock(_POLL)
        await bot.reached("sent")  # it stands in the channel, and the process hears nothing of it any more
        assert await bot.stop() == 0, bot.log
        assert "worker cut off worker=outbox" in bot.log
    async with scene.bot() as bot:
        await scene.online()
        await bot.move_clock(_POLL)
        await scene.complete(2)
        assert await bot.stop() == 0, bot.log
    assert len(scene.announcements()) == 2


async def test_a_command_that_was_given_before_the_stop_is_answered(scene: Scene) -> None:
    await scene.set_up()
    async with scene.bot() as bot:
        await scene.online()
        await bot.watch("commit")
        asking = asyncio.create_task(scene.sandbox.member("ada").slash("/setup threads on:False"))
        await bot.reached("commit")
        stopping = asyncio.create_task(bot.stop())
        await bot.logged("stopping")
        await bot.watch()
        await bot.go("commit")
        reply = await asking
        assert "get no thread" in reply.text, bot.log
        assert await stopping == 0, bot.log


def test_a_stop_is_promised_within_five_seconds_but_for_messages_and_commands() -> None:
    """The tests below show that nothing which can be begun anew outlasts these, however long anybody waits there."""
    assert Parts.break_off_seconds + CUT_OFF_SECONDS + Parts.closing_seconds <= 5
    assert Parts.drain_seconds + CUT_OFF_SECONDS + Parts.closing_seconds <= 25


async def test_a_reading_is_broken_off_by_the_stop_and_begun_anew_by_the_next_process(scene: Scene) -> None:
    """It stands at `fetch` for ever, as before a site that never answers: nobody lets it go on."""
    scene.environment["TEST_DRAIN_SECONDS"] = "120"
    await scene.set_up()
    scene.publish(2)
    async with scene.bot() as bot:
        await scene.online()
        await bot.watch("fetch")
        await bot.move_clock(_POLL)
        await bot.reached("fetch")
        assert await bot.stop() == 0, bot.log
        assert "reading given back source_id=1" in bot.log
        assert "worker cut off" not in bot.log
    async with scene.bot() as bot:
        await scene.online()
        await bot.move_clock(_POLL)  # the process before it lived in the future
        await scene.complete(2)
        assert await bot.stop() == 0, bot.log


async def test_a_reading_that_does_not_heed_the_stop_is_ended_with_the_process(scene: Scene) -> None:
    """Neither the time that messages have, nor any other that is longer than its own, is waited for."""
    await scene.set_up()
    scene.publish(2)
    heedful = dict(scene.environment)
    scene.environment |= {"TEST_DRAIN_SECONDS": "120", "TEST_BREAK_OFF_SECONDS": "0.5", "TEST_CLOSING_SECONDS": "1"}
    scene.environment["TEST_STUBBORN_AT"] = "fetch"
    async with scene.bot() as bot:
        await scene.online()
        await bot.watch("fetch")
        await bot.move_clock(_POLL)
        await bot.reached("fetch")
        assert await bot.stop() == 1, bot.log
        assert "worker cut off worker=sources" in bot.log
        assert "Timeout (" in bot.log, "it says where it stood"
    scene.environment = heedful
    async with scene.bot() as bot:
        await scene.online()
        await bot.move_clock(_POLL)
        await scene.complete(2)
        assert await bot.stop() == 0, bot.log


async def test_an_export_is_broken_off_by_the_stop_and_its_editor_is_told(scene: Scene) -> None:
    """It stands at the sending of the file, for longer than anybody waits here."""
    scene.environment["TEST_DRAIN_SECONDS"] = "120"
    await scene.set_up()
    async with scene.bot() as bot:
        await scene.online()
        slow = scene.sandbox.faults.delay("POST", r"/webhooks/", 120)
        reply = asyncio.create_task(scene.sandbox.member("ada").slash("/queue export what:links format:csv"))
        await scene.sandbox.wait_for(lambda: slow.is_spent, what="the sending of the file")
        assert await bot.stop() == 0, bot.log
        assert "interactions cut off" not in bot.log
        assert "try again in a minute" in (await reply).text


async def test_a_bot_that_waits_for_its_session_reads_and_announces_afterwards(scene: Scene) -> None:
    await scene.set_up()
    scene.publish(2)
    async with await Store.open(scene.environment["DATABASE_URL"]) as store, store.write() as transaction:
        for _ in range(16):
            await session_rows.record_session(transaction, 0)
        await source_rows.make_due(transaction, 1)
    begun = len(scene.sandbox.gateway.identifies)
    async with scene.bot() as bot:
        await bot.logged("too many gateway sessions")
        await bot.logged("source read source_id=1 items=2 new=1")
        assert len(scene.sandbox.gateway.identifies) == begun, "it still waits"
        assert len(scene.announcements()) == 1
        await bot.move_clock(_POLL)
        await scene.complete(2)
        assert await bot.stop() == 0, bot.log


async def test_a_start_while_discord_is_out_ends_with_a_sentence(scene: Scene) -> None:
    await scene.set_up()
    scene.sandbox.outage()
    async with scene.bot() as bot:
        await bot.logged("Discord", patience_seconds=20)
        assert await bot.exit_code() != 0
    scene.sandbox.recover()


async def test_a_stop_while_waiting_for_the_turn_of_a_session_ends_at_once(scene: Scene) -> None:
    await scene.set_up()
    async with await Store.open(scene.environment["DATABASE_URL"]) as store, store.write() as transaction:
        for _ in range(16):
            await session_rows.record_session(transaction, 0)
    begun = len(scene.sandbox.gateway.identifies)
    async with scene.bot() as bot:
        await bot.logged("too many gateway sessions")
        assert await bot.stop() == 0, bot.log
    assert len(scene.sandbox.gateway.identifies) == begun
