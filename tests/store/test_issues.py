"""What each reading asks of a source's issues is found by an index, however many there are."""

from datetime import timedelta

from sqlalchemy import insert, text

from bot.model.issue import Stage
from bot.store import Store
from bot.store import news as news_rows
from bot.store.tables import issues, sources
from tests.doubles import NOON
from tests.plans import Explaining

ISSUES = 4_000


async def test_when_issues_came_out_is_found_by_an_index(store: Store) -> None:
    async with store.write() as transaction:
        for source_id in (1, 2):
            await transaction.execute(
                insert(sources).values(
                    id=source_id, url="x", url_key=f"{source_id}", failures=0, next_poll_at=NOON, created_at=NOON
                )
            )
        await transaction.execute(
            insert(issues),
            [
                {
                    "source_id": 1 + number % 2,
                    "issue_key": f"{number}",
                    "identity": f"guid:{number}",
                    "title": "An issue",
                    "folded_title": "an issue",
                    "topics": [],
                    "authors": [],
                    "paywalled": False,
                    "polls": [],
                    "published_at": None if number % 10 > 7 else NOON - timedelta(hours=number),
                    "stored_at": NOON,
                    "ordered_at": NOON,
                    "stage": Stage.NEW if number in {0, 1} else None,
                }
                for number in range(-4, ISSUES)
            ],
        )
    async with store.write() as transaction:
        await transaction.execute(text("ANALYZE"))
    async with store.read() as transaction:
        explaining = Explaining.of(transaction)
        newest = await news_rows.newest_published_at(explaining, 1)
        times = await news_rows.publishing_times(explaining, 1, limit=3)
    assert newest == NOON - timedelta(hours=2)
    assert times == [NOON + timedelta(hours=4), NOON - timedelta(hours=2), NOON - timedelta(hours=4)]
    assert len(explaining.plans) == 2
    for plan in explaining.plans:
        assert "ix_issues_source_id_published_at" in plan, plan
        for whole in ("SCAN ", "Seq Scan", "TEMP B-TREE", "Sort"):
            assert whole not in plan, plan
