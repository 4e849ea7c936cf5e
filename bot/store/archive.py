"""The archive: every link of every issue, read across issues."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, Select, func, or_, select

from bot.model.issue import ArchivedLink, IssueCard, Link, PlacedLink
from bot.store.group_commit import Transaction
from bot.store.tables import issues, links, sections, subscriptions

_ASKED_AT_ONCE = 5000


async def links_by_id(transaction: Transaction, link_ids: Sequence[int]) -> dict[int, Link]:
    rows = await transaction.execute(_links().add_columns(links.c.id).where(links.c.id.in_(link_ids)))
    return {row.id: _link(row) for row in rows}


async def links_by_key(transaction: Transaction, keys: Sequence[str], *, guild_id: int) -> list[Link]:
    """A server's links that lead there, at the newest place of each."""
    rows = await transaction.execute(
        _links()
        .where(_is_called(keys), _is_of(guild_id))
        .order_by(issues.c.ordered_at.desc(), issues.c.id.desc(), links.c.position)
    )
    found: dict[str, Link] = {}
    for row in rows:
        found.setdefault(row.key, _link(row))
    return list(found.values())


async def moments_and_keys(transaction: Transaction, link_ids: Sequence[int]) -> dict[int, tuple[float, str]]:
    """When the issue of each of these links came out (seconds since 1970), and what the link is the same by."""
    found = {}
    for start in range(0, len(link_ids), _ASKED_AT_ONCE):
        rows = await transaction.execute(
            select(links.c.id, links.c.key, issues.c.ordered_at)
            .join(issues, issues.c.id == links.c.issue_id)
            .where(links.c.id.in_(link_ids[start : start + _ASKED_AT_ONCE]))
        )
        found.update({row.id: (row.ordered_at.timestamp(), row.key) for row in rows})
    return found


async def with_runs(transaction: Transaction, found: Sequence[Link], *, guild_id: int, most: int) -> list[ArchivedLink]:
    """The links with the newest `most` issues of a server in which each ran."""
    ran = (
        select(
            links.c.key,
            links.c.alias,
            issues.c.issue_key,
            issues.c.title,
            issues.c.url,
            issues.c.published_at,
            issues.c.ordered_at,
        )
        .join(issues, issues.c.id == links.c.issue_id)
        .where(_is_called([name for link in found for name in _names(link.key, link.alias)]), _is_of(guild_id))
        .distinct()
        .order_by(issues.c.ordered_at.desc())
    )
    rows = (await transaction.execute(ran)).all()
    by_name: dict[str, list[int]] = defaultdict(list)
    for place, row in enumerate(rows):
        for name in _names(row.key, row.alias):
            by_name[name].append(place)
    archived = []
    for link in found:
        places = sorted({place for name in _names(link.key, link.alias) for place in by_name[name]})
        cards = {
            row.issue_key: IssueCard(row.issue_key, row.title, row.url, row.published_at, link_count=0)
            for row in (rows[place] for place in places)
        }
        archived.append(ArchivedLink(link, tuple(cards.values())[:most], times=len(cards)))
    return archived


async def newest_links(transaction: Transaction, *, guild_id: int, offset: int, limit: int) -> list[Link]:
    """The links of a server's newest issues, in the order in which they stand there."""
    rows = await transaction.execute(
        _links()
        .where(_is_of(guild_id))
        .order_by(issues.c.ordered_at.desc(), issues.c.id.desc(), links.c.position)
        .offset(offset)
        .limit(limit)
    )
    return [_link(row) for row in rows]


async def placed_links(
    transaction: Transaction, *, guild_id: int, after: int, limit: int
) -> list[tuple[int, PlacedLink]]:
    """Links of a server with their ids, in the order in which they were stored, from the one after `after`."""
    rows = await transaction.execute(
        _links()
        .add_columns(
            links.c.id,
            links.c.position,
            issues.c.issue_key,
            issues.c.title.label("issue_title"),
            issues.c.url.label("issue_url"),
            issues.c.published_at,
        )
        .where(_is_of(guild_id), links.c.id > after)
        .order_by(links.c.id)
        .limit(limit)
    )
    return [(row.id, _placed(row)) for row in rows]


async def any_link(transaction: Transaction, *, guild_id: int, fraction: float) -> Link | None:
    """The link of a server that stands at `fraction` (0 to 1) of all of them; no advertisement. None without any."""
    wanted = _links().where(_is_of(guild_id), links.c.sponsored.is_(False))
    count = (await transaction.execute(wanted.with_only_columns(func.count()))).scalar_one()
    offset = min(int(count * fraction), max(count - 1, 0))
    row = (await transaction.execute(wanted.order_by(links.c.id).offset(offset).limit(1))).one_or_none()
    return None if row is None else _link(row)


def _links() -> Select[Any]:
    return (
        select(
            links.c.url,
            links.c.key,
            links.c.title,
            links.c.text,
            links.c.excerpt,
            links.c.sponsored,
            links.c.alias,
            sections.c.title.label("section"),
        )
        .join(sections, sections.c.id == links.c.section_id)
        .join(issues, issues.c.id == links.c.issue_id)
    )


def _is_called(names: Sequence[str]) -> Any:
    return or_(links.c.key.in_(names), links.c.alias.in_(names))


def _names(key: str, alias: str | None) -> tuple[str, ...]:
    return (key,) if alias is None else (key, alias)


def _is_of(guild_id: int) -> Any:
    # A server sees the issues of the sources it reads, never another server's.
    return issues.c.source_id.in_(select(subscriptions.c.source_id).where(subscriptions.c.guild_id == guild_id))


def _placed(row: Row[Any]) -> PlacedLink:
    card = IssueCard(row.issue_key, row.issue_title, row.issue_url, row.published_at, link_count=0)
    return PlacedLink(_link(row), card, place=row.position + 1)


def _link(row: Row[Any]) -> Link:
    return Link(
        url=row.url,
        key=row.key,
        title=row.title,
        text=row.text,
        section=row.section,
        excerpt=row.excerpt,
        sponsored=row.sponsored,
        alias=row.alias,
    )
