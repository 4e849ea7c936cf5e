"""From the feed to the channel with a process that is stopped and killed on the way: one message, one thread."""

from datetime import timedelta

import pytest

from tests.journeys.scene import ISSUE, Scene

pytestmark = pytest.mark.journey

HALF_AN_HOUR = timedelta(minutes=30)


async def test_an_issue_travels_from_the_feed_to_the_channel(scene: Scene) -> None:
    await scene.set_up()
    scene.publish(2)
    async with scene.bot() as bot:
        await scene.online()
        await bot.move_clock(HALF_AN_HOUR)
        await scene.complete(2)
        assert await bot.stop() == 0, bot.log
    assert [message.text.splitlines()[0] for message in scene.announcements()] == [
        f"## [Issue {number}](<{scene.site.post_url(f'issue-{number}')}>)" for number in (1, 2)
    ]
    assert scene.site.conditional["/feed.xml"] > 0


async def killed_at(scene: Scene, point: str) -> None:
    """An issue is on its way, the process is killed at `point`, and another one goes on."""
    await scene.set_up()
    scene.publish(2)
    async with scene.bot() as bot:
        await scene.online()
        await bot.watch(point)
        await bot.move_clock(HALF_AN_HOUR)
        await bot.reached(point)
        await bot.kill()
    async with scene.bot() as bot:
        await scene.online()
        # The next process starts at the real time again, half an hour behind the one before it.
        await bot.move_clock(2 * HALF_AN_HOUR)
        await scene.complete(2)
        assert await bot.stop() == 0, bot.log


@pytest.mark.parametrize("point", ["fetch", "fetched", "commit", "glance", "send", "sent", "thread", "threaded"])
async def test_killed_anywhere_on_the_way_there_is_one_message_with_one_thread(scene: Scene, point: str) -> None:
    await killed_at(scene, point)
    assert len(scene.announcements()) == 2
    assert len({message.text for message in scene.announcements()}) == 2


@pytest.mark.usefixtures("postgres_database")
@pytest.mark.parametrize("point", ["send", "sent"])
async def test_on_postgresql_a_killed_process_leaves_one_message_too(scene: Scene, point: str) -> None:
    await killed_at(scene, point)
    assert len(scene.announcements()) == 2


@pytest.mark.parametrize("text", [ISSUE, "# Issue {number}\n\nNothing but words.\n"], ids=["links", "no links"])
async def test_a_lost_answer_and_a_long_outage_leave_one_message(scene: Scene, text: str) -> None:
    await scene.set_up()
    scene.publish(2, text=text)
    lost = scene.sandbox.faults.lose_answer("POST", r"/channels/\d+/messages")
    async with scene.bot("sent") as bot:
        await scene.online()
        await bot.move_clock(HALF_AN_HOUR)
        await scene.sandbox.wait_for(lambda: lost.hits, what="the lost answer")
        await bot.kill()
    scene.sandbox.world.limits.nonce_seconds = 0
    async with scene.bot() as bot:
        await scene.online()
        await bot.move_clock(2 * HALF_AN_HOUR)
        await scene.complete(2)
        assert await bot.stop() == 0, bot.log
    assert len(scene.announcements()) == 2


async def test_trouble_at_discord_delays_the_message_and_does_not_double_it(scene: Scene) -> None:
    await scene.set_up()
    scene.publish(2)
    scene.sandbox.faults.fail("POST", r"/channels/\d+/messages", 503, times=2)
    async with scene.bot() as bot:
        await scene.online()
        await bot.move_clock(HALF_AN_HOUR)
        await scene.sandbox.wait_for(
            lambda: not scene.sandbox.faults.planned or all(fault.is_spent for fault in scene.sandbox.faults.planned),
            timeout=60,
            what="the trouble's end",
        )
        await bot.move_clock(HALF_AN_HOUR)
        await scene.complete(2)
        assert await bot.stop() == 0, bot.log
    assert len(scene.announcements()) == 2


@pytest.mark.parametrize("how", ["html", "empty", "cut", "error"])
async def test_a_broken_feed_posts_nothing_loses_nothing_and_keeps_the_loop_alive(scene: Scene, how: str) -> None:
    await scene.set_up()
    scene.publish(2)
    scene.site.break_feed(how)  # type: ignore[arg-type]
    async with scene.bot("fetched") as bot:
        await scene.online()
        await bot.move_clock(HALF_AN_HOUR)
        await bot.reached("fetched")
        scene.site.mend()
        await bot.watch("commit")
        await bot.go("fetched")
        await bot.reached("commit")  # the failure and the time of the next attempt
        await bot.watch()
        await bot.go("commit")
        assert len(scene.announcements()) == 1
        await bot.move_clock(HALF_AN_HOUR)
        await scene.complete(2)
        assert await bot.stop() == 0, bot.log
    assert len(scene.announcements()) == 2
