"""A process killed between two pieces of a large reading: each issue is stored once and told once, by the next one."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import func, select

from bot.store import Store
from bot.store import sources as source_rows
from bot.store.tables import issues, links
from tests.journeys.conftest import scene
from tests.journeys.scene import Scene
from tests.launch import Launched

__all__ = ["scene"]

pytestmark = pytest.mark.journey

OLD, NEW, LINKS = 8, 8, 90  # of the new ones, two are a piece; beside the old ones they are no flood
LARGE = "# Issue {number}\n\n## Tools\n\n" + "".join(
    f"- Tool {place} - does number {{number}}. ([link](https://tool-{place}.example/{{number}}))\n"
    for place in range(LINKS)
)
_POLL = timedelta(minutes=20)


@pytest.fixture
def story_database(database_url: str) -> str:
    """The story's, which is there until the story was judged."""
    return database_url


async def marks(store: Store) -> tuple[bool, datetime | None]:
    """Whether the source has a mark for its next question, and when it was read."""
    async with store.read() as transaction:
        [source] = await source_rows.all_sources(transaction)
    return source.etag is not None, source.last_read_at


async def stored(store: Store) -> list[int]:
    """How many links each issue has."""
    async with store.read() as transaction:
        rows = await transaction.execute(
            select(func.count(links.c.issue_id)).select_from(issues.outerjoin(links)).group_by(issues.c.id)
        )
        return sorted(rows.scalars())


async def _stored_to(bot: Launched, store: Store, count: int) -> None:
    """Let it go on until so many issues are stored; then it stands before its next commit."""
    await bot.reached("commit")
    while len(await stored(store)) < count:
        await bot.go("commit")
        await bot.reached("commit")


async def test_killed_between_two_pieces_of_a_large_reading_every_issue_is_stored_and_told_once(
    scene: Scene, database_url: str
) -> None:
    for number in range(100, 100 + OLD):
        scene.publish(number)
    await scene.set_up()
    for number in range(2, 2 + NEW):
        scene.publish(number, text=LARGE)
    async with await Store.open(database_url) as store:
        has_mark, read_at = await marks(store)
        assert has_mark
        async with scene.bot() as bot:
            await scene.online()
            await bot.watch("commit")
            await bot.move_clock(_POLL)
            await _stored_to(bot, store, OLD + 1 + NEW // 2)
            await bot.kill()
        assert OLD + 1 + NEW // 2 <= len(await stored(store)) < OLD + 1 + NEW
        assert await marks(store) == (False, read_at), "the next process asks for all of it"
        assert len(scene.announcements()) == 1
        async with scene.bot() as bot:
            await scene.online()
            await bot.move_clock(2 * _POLL)  # the process before it lived in the future
            await scene.complete(1 + NEW)
            assert await bot.stop() == 0, bot.log
        assert await stored(store) == [1] * (OLD + 1) + [LINKS] * NEW
        has_mark, read_again_at = await marks(store)
        assert has_mark
        assert read_again_at != read_at
    titles = [message.text.splitlines()[0] for message in scene.announcements()]
    assert len(titles) == len(set(titles)) == 1 + NEW
