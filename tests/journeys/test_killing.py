"""Killed anywhere, with fixed seeds: one message, one thread, every time."""

from datetime import timedelta
from pathlib import Path

import pytest

from sandbox.model import Channel, Message
from sandbox.permissions import Permission
from tests.journeys.killing import Plan, stage, told

pytestmark = pytest.mark.journey


@pytest.mark.parametrize("seed", range(12))
async def test_killed_wherever_the_dice_say_every_message_is_there_once(seed: int, tmp_path: Path) -> None:
    async with stage(tmp_path) as scene:
        outcome = await told(scene, Plan.of(seed))
        assert outcome.wrong == [], outcome
        assert scene.sandbox.violations == []


@pytest.mark.parametrize("point", ["commit", "notify", "notified"])
async def test_the_staff_is_told_once_wherever_the_process_falls(point: str, tmp_path: Path) -> None:
    async with stage(tmp_path) as scene:
        await scene.set_up()
        news, review = scene.channel("news"), scene.channel("review")
        async with scene.bot() as bot:
            await scene.online()
            reply = await scene.sandbox.member("ada").slash("/setup staff channel:#review")
            assert "I tell the staff" in reply.text, bot.log
            assert news.guild is not None
            assert news.guild.bot is not None
            scene.sandbox.world.permit(news, news.guild.bot, deny=int(Permission.SEND_MESSAGES))
            scene.publish(2)
            await bot.watch(point)
            await bot.move_clock(timedelta(minutes=15))
            for _ in range(3 if point == "commit" else 1):
                await bot.reached(point)
                if point == "commit":
                    await bot.go(point)
            await bot.kill()
        scene.sandbox.world.nonces.clear()
        async with scene.bot() as bot:
            await scene.online()
            for _ in range(3):  # the one before it lived in the future, and may have held the feed
                await bot.move_clock(timedelta(minutes=15))
            await scene.sandbox.wait_for(lambda: _notices(review), timeout=15, what="the notice")
            await bot.move_clock(timedelta(minutes=30))
            assert await bot.stop() == 0, bot.log
        assert len(_notices(review)) == 1
        assert await scene.judged() == []


def _notices(review: Channel) -> list[Message]:
    return [message for message in review.messages.values() if "no longer send anything" in message.text]


@pytest.mark.parametrize("seed", range(100, 106))
async def test_on_postgresql_too(seed: int, tmp_path: Path, postgres_database: str) -> None:
    async with stage(tmp_path, database_url=postgres_database) as scene:
        outcome = await told(scene, Plan.of(seed))
        assert outcome.wrong == [], outcome
