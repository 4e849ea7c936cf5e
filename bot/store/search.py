"""Full text over the links: FTS5 on SQLite, tsvector on PostgreSQL; the one place where the two differ.

Both are given the same folded words (`bot.model.search`) in four weights: the link's title, then its host, then section
and issue, then what stands around it. What is deleted from the links goes by itself (a trigger, a foreign key).
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import bindparam, select, text, update

from bot.model.search import Term, folded
from bot.store.group_commit import Transaction
from bot.store.rekeying import Place, in_portions, keep_order_of_index
from bot.store.tables import issues, links, sections

SEARCH_VERSION = 2
"""Of the folding; links that were added under another one are added anew (`stale_links`)."""

_ADD = {
    "sqlite": "INSERT INTO link_search (rowid, title, host, place, excerpt, source_id)"
    " VALUES (:link_id, :title, :host, :place, :excerpt, :source_id)",
    "postgresql": "INSERT INTO link_search (link_id, source_id, document) VALUES (:link_id, :source_id,"
    " setweight(to_tsvector('simple', :title), 'A') || setweight(to_tsvector('simple', :host), 'B') ||"
    " setweight(to_tsvector('simple', :place), 'C') || setweight(to_tsvector('simple', :excerpt), 'D'))"
    " ON CONFLICT (link_id) DO NOTHING",  # two processes may bring the same ones up to date
}
_REMOVE = {
    "sqlite": "DELETE FROM link_search WHERE rowid IN :link_ids",
    "postgresql": "DELETE FROM link_search WHERE link_id IN :link_ids",
}
# Top of the list by rank alone: joined before, either database would join everything that matches.
_FIND = {
    "sqlite": "SELECT rowid AS link_id, -rank AS score FROM link_search WHERE link_search MATCH :query{scope}"
    " ORDER BY rank LIMIT :limit",  # a second key would cost FTS5 its own order
    "postgresql": "SELECT link_id, ts_rank('{{0.1, 0.3, 0.5, 1.0}}', document, query) AS score"
    " FROM link_search, to_tsquery('simple', :query) AS query WHERE document @@ query{scope}"
    " ORDER BY score DESC, link_id DESC LIMIT :limit",
}


async def add_links(transaction: Transaction, link_ids: Sequence[int]) -> None:
    """Let these links, which are not known here yet, be found."""
    rows = await transaction.execute(
        select(
            links.c.id,
            links.c.title,
            links.c.key,
            links.c.excerpt,
            sections.c.title.label("section"),
            issues.c.title.label("issue"),
            issues.c.source_id,
        )
        .join(sections, sections.c.id == links.c.section_id)
        .join(issues, issues.c.id == links.c.issue_id)
        .where(links.c.id.in_(link_ids))
    )
    documents = [
        {
            "link_id": row.id,
            "title": folded(row.title),
            "host": folded(_host_in(row.key)),
            "place": folded(f"{row.section or ''} {row.issue}"),
            "excerpt": folded(row.excerpt),
            "source_id": row.source_id,
        }
        for row in rows
    ]
    if documents:
        await transaction.execute(text(_ADD[transaction.dialect_name]), documents)


def _host_in(key: str) -> str:
    """As it stands in the key; a name in letters beyond ASCII also as people write it."""
    host = key.partition("/")[0]
    if "xn--" not in host:
        return host
    try:
        return f"{host} {host.encode('ascii').decode('idna')}"
    except UnicodeError:
        return host


async def renew_links(transaction: Transaction, link_ids: Sequence[int]) -> None:
    """Let these links be found by what they say now, whether they were found before or not."""
    remove = text(_REMOVE[transaction.dialect_name]).bindparams(bindparam("link_ids", expanding=True))
    await transaction.execute(remove, {"link_ids": list(link_ids)})
    await add_links(transaction, link_ids)
    await transaction.execute(update(links).where(links.c.id.in_(link_ids)).values(search_version=SEARCH_VERSION))


async def are_links_stale(transaction: Transaction) -> bool:
    """Whether any link cannot be found yet, or by an older folding only."""
    stale = select(links.c.id).where(links.c.search_version < SEARCH_VERSION)
    found = await transaction.execute(stale.order_by(links.c.search_version, links.c.id).limit(1))
    return found.first() is not None


async def stale_links(transaction: Transaction, *, after: Place, limit: int) -> list[Place]:
    """The links that cannot be found yet, or by an older folding only, behind `after`."""
    await keep_order_of_index(transaction)
    stale = in_portions(
        select(links.c.search_version, links.c.id),
        links.c.search_version,
        links.c.id,
        below=SEARCH_VERSION,
        after=after,
    )
    # What another process is at is skipped: both would wait for each other.
    rows = await transaction.execute(stale.limit(limit).with_for_update(skip_locked=True))
    return [Place(row.search_version, row.id) for row in rows]


def looked_through(transaction: Transaction) -> int:
    """How many of the best are asked for, so that those of equal rank are among them.

    FTS5 gives equals in the order in which they were stored, PostgreSQL the newest first, and takes longer for each.
    """
    return 10_000 if transaction.dialect_name == "sqlite" else 1_000


async def find_links(
    transaction: Transaction, terms: Sequence[Term], *, source_ids: Sequence[int] | None, limit: int
) -> list[tuple[int, float]]:
    """The links that say all of `terms`, the best first, with their scores.

    source_ids: of these sources only; None for all there are, which spares the database the question.
    """
    dialect = transaction.dialect_name
    query = (_fts5 if dialect == "sqlite" else _tsquery)(terms)
    scope = "" if source_ids is None else " AND source_id IN :source_ids"
    statement = text(_FIND[dialect].format(scope=scope))
    parameters: dict[str, Any] = {"query": query, "limit": limit}
    if source_ids is not None:
        statement = statement.bindparams(bindparam("source_ids", expanding=True))
        parameters["source_ids"] = list(source_ids)
    rows = await transaction.execute(statement, parameters)
    return [(row.link_id, row.score) for row in rows]


def _fts5(terms: Sequence[Term]) -> str:
    # Words are letters and digits only, so nothing in them could be an operator.
    return " ".join(f'"{" ".join(term.words)}"{"*" if term.is_prefix else ""}' for term in terms)


def _tsquery(terms: Sequence[Term]) -> str:
    phrases = (" <-> ".join(term.words) + (":*" if term.is_prefix else "") for term in terms)
    return " & ".join(f"({phrase})" for phrase in phrases)
