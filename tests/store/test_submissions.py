"""What members sent in is found by the names of its link, however much a server has of it."""

from datetime import timedelta

from sqlalchemy import insert, text

from bot.store import Store
from bot.store import submissions as submission_rows
from bot.store.tables import submissions
from tests.doubles import NOON
from tests.plans import Explaining

SENT = 3_000


async def test_a_link_is_found_by_key_and_alias_through_their_indexes(store: Store) -> None:
    async with store.write() as transaction:
        await transaction.execute(
            insert(submissions),
            [
                {
                    "submission_key": f"{number:026}",
                    "guild_id": 1 + number % 2,
                    "finder_id": 5,
                    "url": f"https://a.example/{number}?ref=w",
                    "link_key": f"a.example/{number}?ref=w",
                    "key_version": 4,
                    "alias": f"a.example/{number}" if number % 10 == 0 else None,
                    "open_key": f"a.example/{number}?ref=w",
                    "note": "",
                    "state": "pending",
                    "sent_at": NOON,
                }
                for number in range(SENT)
            ],
        )
    async with store.write() as transaction:
        await transaction.execute(text("ANALYZE"))
    async with store.read() as transaction:
        explaining = Explaining.of(transaction)
        for keys in (["a.example/10?ref=w"], ["b.example", "a.example/10"]):
            found = await submission_rows.find_open(explaining, keys, guild_id=1)
            assert found is not None
            assert found.url == "https://a.example/10?ref=w"
            [row_id] = await submission_rows.ran_in(
                explaining,
                issue_key="x",
                link_keys=keys,
                guild_ids=[1],
                sent_since=NOON - timedelta(days=1),
                sent_before=NOON,
                limit=5,
            )
            assert row_id > 0
    for plan in explaining.plans:
        assert "ix_submissions_guild_id" not in plan, plan
        assert "SCAN submissions" not in plan, plan
        assert "Seq Scan on submissions" not in plan, plan
    assert any("ix_submissions_alias" in plan for plan in explaining.plans)
