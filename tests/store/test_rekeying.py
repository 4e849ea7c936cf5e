"""What older rules made is found by an index, whatever the database believes of how much of it there is."""

from collections.abc import Awaitable, Callable
from typing import Any

from sqlalchemy import insert, text, update

from bot.store import Store, Transaction
from bot.store import rekeying as key_rows
from bot.store import search as search_rows
from bot.store.rekeying import START, Place
from bot.store.tables import issues, links, sections, sources, submissions
from tests.doubles import NOON
from tests.plans import Explaining

ROWS, PRESENT = 5_000, 5

Ask = Callable[[Transaction], Awaitable[Any]]
QUESTIONS: dict[str, Ask] = {
    "links, any": lambda transaction: key_rows.are_links_stale(transaction, version=PRESENT),
    "links, first": lambda transaction: key_rows.stale_links(transaction, version=PRESENT, after=START, limit=200),
    "links, next": lambda transaction: key_rows.stale_links(
        transaction, version=PRESENT, after=Place(1, 2_500), limit=200
    ),
    "submissions, any": lambda transaction: key_rows.are_submissions_stale(transaction, version=PRESENT),
    "submissions, next": lambda transaction: key_rows.stale_submissions(
        transaction, version=PRESENT, after=Place(1, 2_500), limit=200
    ),
    "search, any": search_rows.are_links_stale,
    "search, next": lambda transaction: search_rows.stale_links(transaction, after=Place(0, 2_500), limit=200),
}


async def fill(store: Store, *, key_version: int, search_version: int) -> None:
    """Links and submissions, all of one version."""
    async with store.write() as transaction:
        await transaction.execute(
            insert(sources).values(id=1, url="x", url_key="x", failures=0, next_poll_at=NOON, created_at=NOON)
        )
        await transaction.execute(
            insert(issues).values(
                id=1,
                source_id=1,
                issue_key="k",
                identity="guid:1",
                title="An issue",
                folded_title="an issue",
                topics=[],
                authors=[],
                paywalled=False,
                polls=[],
                stored_at=NOON,
                ordered_at=NOON,
            )
        )
        await transaction.execute(insert(sections).values(id=1, issue_id=1, position=0))
        await transaction.execute(
            insert(links),
            [
                {
                    "id": number,
                    "issue_id": 1,
                    "section_id": 1,
                    "position": number,
                    "url": f"https://example.com/{number}",
                    "key": f"example.com/{number}",
                    "key_version": key_version,
                    "search_version": search_version,
                    "title": "A link",
                    "text": "A link",
                    "excerpt": "",
                    "sponsored": False,
                }
                for number in range(1, ROWS + 1)
            ],
        )
        await transaction.execute(
            insert(submissions),
            [
                {
                    "id": number,
                    "submission_key": f"s{number}",
                    "guild_id": 1,
                    "url": "https://example.com",
                    "link_key": f"example.com/{number}",
                    "key_version": key_version,
                    "note": "",
                    "state": "pending",
                    "sent_at": NOON,
                }
                for number in range(1, ROWS + 1)
            ],
        )


async def believe(store: Store) -> None:
    """Let the database look at what is in its tables now, and hold that for true from now on."""
    async with store.write() as transaction:
        await transaction.execute(text("ANALYZE"))


async def set_versions(store: Store, *, key_version: int, search_version: int) -> None:
    async with store.write() as transaction:
        await transaction.execute(update(links).values(key_version=key_version, search_version=search_version))
        await transaction.execute(update(submissions).values(key_version=key_version))


async def require_index(store: Store) -> None:
    for question, ask in QUESTIONS.items():
        async with store.write() as transaction:
            explaining = Explaining.of(transaction)
            await ask(explaining)
        [plan] = explaining.plans
        assert "version" in plan.partition("ix_")[2], (question, plan)
        for whole in ("SCAN ", "Seq Scan", "TEMP B-TREE", "Sort"):
            assert whole not in plan, (question, plan)


async def test_where_nothing_is_stale_and_the_database_believes_that_all_is(store: Store) -> None:
    await fill(store, key_version=1, search_version=0)
    await believe(store)
    await set_versions(store, key_version=PRESENT, search_version=search_rows.SEARCH_VERSION)
    await require_index(store)


async def test_where_all_is_stale_and_the_database_believes_that_nothing_is(store: Store) -> None:
    await fill(store, key_version=PRESENT, search_version=search_rows.SEARCH_VERSION)
    await believe(store)
    await set_versions(store, key_version=1, search_version=0)
    await require_index(store)


async def test_where_the_database_knows_nothing_of_its_tables(store: Store) -> None:
    await fill(store, key_version=1, search_version=0)
    await require_index(store)
