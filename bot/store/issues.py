"""Stored issues with their sections, links and pictures."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, bindparam, delete, exists, func, literal, or_, select, update

from bot.model.guild import Source
from bot.model.issue import Image, Issue, IssueCard, IssuePoll, Link, Section, Stage
from bot.store import search as search_rows
from bot.store.group_commit import Transaction
from bot.store.recognition import NAMES_AT_ONCE, add_identities, stored_identity
from bot.store.sources import source_of
from bot.store.statements import insert
from bot.store.tables import issue_identities, issues, links, media, outbox, sections, sources, subscriptions

_LINKS_AT_ONCE = 25


def is_stored(subject: ColumnElement[str]) -> ColumnElement[bool]:
    """Whether the issue is there: it is never announced twice, can be edited, and `/desk why` tells of it."""
    return exists().where(issues.c.issue_key == subject)


async def add_issue(
    transaction: Transaction,
    issue: Issue,
    *,
    source_id: int,
    issue_key: str,
    key_version: int,
    ordered_at: datetime,
    digest: str,
    is_listed: bool,
    stage: Stage | None,
) -> bool:
    """Store a new issue with all its links; False when an issue with this key is there already.

    ordered_at: where it stands among the others. digest: of all that was understood. is_listed: its source has it.
    stage: of its way to the servers; None where nobody is told of it.
    """
    issue_id = (
        await transaction.execute(
            insert(transaction, issues)
            .values(
                source_id=source_id,
                issue_key=issue_key,
                identity=issue.identities[0],
                **_content(issue),
                published_at=issue.published_at,
                stored_at=transaction.now,
                ordered_at=ordered_at,
                digest=digest,
                text_key=issue.text_key,
                said_at=issue.published_at,
                is_listed=is_listed,
                stage=stage,
            )
            .on_conflict_do_nothing(index_elements=["issue_key"])
            .returning(issues.c.id)
        )
    ).scalar_one_or_none()
    if issue_id is None:
        return False
    await add_identities(transaction, issue.identities, source_id=source_id, issue_id=issue_id)
    await _add_parts(transaction, issue, issue_id=issue_id, key_version=key_version)
    return True


async def replace_content(
    transaction: Transaction,
    issue_id: int,
    issue: Issue,
    *,
    key_version: int,
    digest: str,
    is_redrawn: bool,
) -> None:
    """Let a stored issue say what `issue` says, as its newsletter changed it; key, names and place stay.

    is_redrawn: what announces it shows something else now.
    """
    await transaction.execute(
        update(issues)
        .where(issues.c.id == issue_id)
        .values(
            **_content(issue),
            published_at=func.coalesce(issues.c.published_at, issue.published_at),
            digest=digest,
            edited_at=transaction.now,
            text_key=issue.text_key,
            said_at=issue.published_at,
            is_redrawn=or_(issues.c.is_redrawn, literal(is_redrawn)),
        )
    )
    for parts in (links, media, sections):
        await transaction.execute(delete(parts).where(parts.c.issue_id == issue_id))
    await _add_parts(transaction, issue, issue_id=issue_id, key_version=key_version)


async def cut_links(transaction: Transaction, issue_id: int, *, limit: int) -> bool:
    """Delete an issue's last links down to `limit`, so many in one go; False where it has no more than that."""
    last = select(links.c.id).where(links.c.issue_id == issue_id, links.c.position >= limit)
    ids = (await transaction.execute(last.order_by(links.c.position.desc()).limit(limit))).scalars().all()
    await transaction.execute(delete(links).where(links.c.id.in_(ids)))
    return bool(ids)


async def link_counts_of(transaction: Transaction, issue_ids: Sequence[int]) -> dict[int, int]:
    """How many links each of these issues has; it is left out where that is none."""
    counts: dict[int, int] = {}
    for start in range(0, len(issue_ids), NAMES_AT_ONCE):
        rows = await transaction.execute(
            select(links.c.issue_id, func.count().label("links"))
            .where(links.c.issue_id.in_(issue_ids[start : start + NAMES_AT_ONCE]))
            .group_by(links.c.issue_id)
        )
        counts |= {row.issue_id: row.links for row in rows}
    return counts


async def note_address(transaction: Transaction, issue_id: int, url: str) -> None:
    """Where the issue can be read, if nobody said so before."""
    await transaction.execute(update(issues).where(issues.c.id == issue_id, issues.c.url.is_(None)).values(url=url))


async def note_date(transaction: Transaction, issue_id: int, published_at: datetime, *, ordered_at: datetime) -> None:
    """When the issue came out, of which nobody had said so before; it takes its place among the others."""
    await transaction.execute(
        update(issues).where(issues.c.id == issue_id).values(published_at=published_at, ordered_at=ordered_at)
    )


async def note_reading(transaction: Transaction, issue_id: int, issue: Issue, *, digest: str) -> None:
    """Keep how an issue stands in its source now, where that is no other content."""
    await transaction.execute(
        update(issues)
        .where(issues.c.id == issue_id)
        .values(digest=digest, text_key=issue.text_key, said_at=issue.published_at)
    )


@dataclass(frozen=True, slots=True)
class Address:
    """Where a stored link leads, by its row id."""

    row_id: int
    url: str
    key: str
    alias: str | None


async def addresses_of(transaction: Transaction, issue_id: int) -> list[Address]:
    """Where an issue's links lead, in their order."""
    rows = await transaction.execute(
        select(links.c.id, links.c.url, links.c.key, links.c.alias)
        .where(links.c.issue_id == issue_id)
        .order_by(links.c.position)
    )
    return [Address(row.id, row.url, row.key, row.alias) for row in rows]


async def set_addresses(transaction: Transaction, addresses: Sequence[Address], *, key_version: int) -> None:
    """Let stored links lead there; nothing else of them changes, nor is it an edit of their issue."""
    if addresses:
        await transaction.execute(
            update(links)
            .where(links.c.id == bindparam("row_id"))
            .values(
                url=bindparam("new_url"),
                key=bindparam("new_key"),
                alias=bindparam("new_alias"),
                key_version=key_version,
            ),
            [
                {"row_id": each.row_id, "new_url": each.url, "new_key": each.key, "new_alias": each.alias}
                for each in addresses
            ],
        )


async def note_listed(transaction: Transaction, issue_id: int) -> None:
    """The source has the issue (again); what announces one that was taken back shows that."""
    is_redrawn = or_(issues.c.is_redrawn, issues.c.withdrawn_at.is_not(None))
    await transaction.execute(
        update(issues)
        .where(issues.c.id == issue_id)
        .values(is_redrawn=is_redrawn, is_listed=True, missed_readings=0, withdrawn_at=None)
    )


async def get_issue(transaction: Transaction, issue_key: str, *, guild_id: int | None = None) -> Issue | None:
    """The whole issue; with `guild_id`, only if that server reads its source."""
    query = select(issues).where(issues.c.issue_key == issue_key)
    if guild_id is not None:
        query = _of_guild(query, guild_id)
    row = (await transaction.execute(query)).one_or_none()
    return None if row is None else await _whole_issue(transaction, row)


async def moments_of(transaction: Transaction, issue_keys: Collection[str]) -> list[datetime]:
    """Where these issues stand among the others."""
    rows = await transaction.execute(select(issues.c.ordered_at).where(issues.c.issue_key.in_(list(issue_keys))))
    return list(rows.scalars())


async def card_named(transaction: Transaction, issue_key: str) -> IssueCard | None:
    """The issue with this key, if it was not taken back."""
    row = (
        await transaction.execute(_cards().where(issues.c.issue_key == issue_key, issues.c.withdrawn_at.is_(None)))
    ).one_or_none()
    return None if row is None else _card(row)


async def is_withdrawn(transaction: Transaction, issue_key: str) -> bool:
    """Whether the issue's source took it back."""
    result = await transaction.execute(select(issues.c.withdrawn_at).where(issues.c.issue_key == issue_key))
    return result.scalar_one_or_none() is not None


async def polls_of(transaction: Transaction, issue_key: str) -> tuple[IssuePoll, ...]:
    """The polls that stand in the issue."""
    result = await transaction.execute(select(issues.c.polls).where(issues.c.issue_key == issue_key))
    return _polls(result.scalar_one_or_none() or [])


async def source_of_issue(transaction: Transaction, issue_key: str) -> int | None:
    result = await transaction.execute(select(issues.c.source_id).where(issues.c.issue_key == issue_key))
    source_id: int | None = result.scalar_one_or_none()
    return source_id


async def issues_named(
    transaction: Transaction, *, issue_key: str | None, identity: str | None, guild_id: int
) -> list[IssueCard]:
    """Issues with this key or this name, of what the server reads or was ever told of; newest first."""
    named = issues.c.issue_key == issue_key
    if identity is not None:
        named = issues.c.id.in_(
            select(issue_identities.c.issue_id).where(issue_identities.c.identity == stored_identity(identity))
        )
    told = select(outbox.c.subject_key).where(outbox.c.guild_id == guild_id)
    rows = await transaction.execute(
        _cards()
        .where(named, or_(_is_read_by(guild_id), issues.c.issue_key.in_(told)))
        .order_by(issues.c.ordered_at.desc(), issues.c.id.desc())
    )
    return [_card(row) for row in rows]


async def issues_with_link(
    transaction: Transaction, keys: Collection[str], *, guild_id: int, limit: int
) -> list[IssueCard]:
    """Issues of a server in which the link with one of these keys ran, newest first."""
    ran = select(links.c.issue_id).where(or_(links.c.key.in_(keys), links.c.alias.in_(keys)))
    rows = await transaction.execute(
        _of_guild(_cards(), guild_id)
        .where(issues.c.id.in_(ran))
        .order_by(issues.c.ordered_at.desc(), issues.c.id.desc())
        .limit(limit)
    )
    return [_card(row) for row in rows]


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where an issue came from, and what its newsletter did with it since.

    is_listed: a reading of the source held it; else it was imported. missed_readings: in a row, among older and newer
    issues, when it was taken back or up to now. stage: of its way to the servers; None at its end.
    """

    source: Source
    stored_at: datetime
    edited_at: datetime | None
    withdrawn_at: datetime | None
    is_listed: bool
    missed_readings: int
    stage: Stage | None


async def provenance(transaction: Transaction, issue_key: str) -> Provenance:
    """What is known of a stored issue besides its content."""
    kept = (
        issues.c.stored_at,
        issues.c.edited_at,
        issues.c.withdrawn_at,
        issues.c.is_listed,
        issues.c.missed_readings,
        issues.c.stage,
    )
    row = (
        await transaction.execute(
            select(*kept, *sources.c)
            .join(sources, sources.c.id == issues.c.source_id)
            .where(issues.c.issue_key == issue_key)
        )
    ).one()
    return Provenance(
        source_of(row),
        stored_at=row.stored_at,
        edited_at=row.edited_at,
        withdrawn_at=row.withdrawn_at,
        is_listed=row.is_listed,
        missed_readings=row.missed_readings,
        stage=Stage(row.stage) if row.stage else None,
    )


async def story_links(transaction: Transaction, issue_key: str) -> int:
    """How many links an issue has that are different and no advertisements."""
    counted = (
        select(func.count(links.c.key.distinct()))
        .join(issues, issues.c.id == links.c.issue_id)
        .where(issues.c.issue_key == issue_key, ~links.c.sponsored)
    )
    count: int = (await transaction.execute(counted)).scalar_one()
    return count


async def newest_keys(transaction: Transaction, *, guild_id: int, limit: int = 1) -> list[str]:
    """Keys of the newest issues that a server reads and that were not taken back."""
    rows = await transaction.execute(
        _of_guild(select(issues.c.issue_key), guild_id)
        .where(issues.c.withdrawn_at.is_(None))
        .order_by(issues.c.ordered_at.desc(), issues.c.id.desc())
        .limit(limit)
    )
    return [row.issue_key for row in rows]


async def search_titles(transaction: Transaction, query: str, *, guild_id: int, limit: int = 25) -> list[IssueCard]:
    """Issues of a server whose title contains `query` (any case), newest first; all where it is empty."""
    found = _of_guild(_cards(), guild_id)
    if query:
        found = found.where(issues.c.folded_title.contains(query.casefold(), autoescape=True))
    rows = await transaction.execute(found.order_by(issues.c.ordered_at.desc(), issues.c.id.desc()).limit(limit))
    return [_card(row) for row in rows]


async def topics_of_newest(
    transaction: Transaction, *, guild_id: int, limit: int
) -> list[tuple[IssueCard, tuple[str, ...]]]:
    """The newest issues that name topics, each with them."""
    rows = await transaction.execute(
        _of_guild(_cards().add_columns(issues.c.topics), guild_id)
        .order_by(issues.c.ordered_at.desc(), issues.c.id.desc())
        .limit(limit)
    )
    return [(_card(row), tuple(row.topics)) for row in rows]


def _cards() -> Select[Any]:
    link_count = select(func.count()).where(links.c.issue_id == issues.c.id).scalar_subquery().label("link_count")
    return select(issues.c.issue_key, issues.c.title, issues.c.url, issues.c.published_at, link_count)


def _card(row: Row[Any]) -> IssueCard:
    return IssueCard(
        issue_key=row.issue_key,
        title=row.title,
        url=row.url,
        published_at=row.published_at,
        link_count=row.link_count,
    )


def _of_guild(query: Select[Any], guild_id: int) -> Select[Any]:
    # A server sees the issues of the sources it reads, never another server's.
    return query.where(_is_read_by(guild_id))


def _is_read_by(guild_id: int) -> ColumnElement[bool]:
    return issues.c.source_id.in_(select(subscriptions.c.source_id).where(subscriptions.c.guild_id == guild_id))


def _content(issue: Issue) -> dict[str, Any]:
    return {
        "title": issue.title,
        "folded_title": issue.title.casefold(),
        "url": issue.url,
        "subtitle": issue.subtitle,
        "topics": list(issue.topics),
        "authors": list(issue.authors),
        "image_url": issue.image_url,
        "paywalled": issue.paywalled,
        "polls": [{"question": poll.question, "options": list(poll.options)} for poll in issue.polls],
        "mentions": list(issue.mentions),
    }


async def _add_parts(transaction: Transaction, issue: Issue, *, issue_id: int, key_version: int) -> None:
    await _add_links(transaction, issue, issue_id=issue_id, key_version=key_version)
    if issue.images:
        await transaction.execute(
            media.insert(),
            [
                {"issue_id": issue_id, "position": place, "url": image.url, "alt": image.alt, "caption": image.caption}
                for place, image in enumerate(issue.images)
            ],
        )


async def _add_links(transaction: Transaction, issue: Issue, *, issue_id: int, key_version: int) -> None:
    if not issue.sections:
        return
    places = await transaction.execute(
        sections.insert().returning(sections.c.position, sections.c.id),
        [
            {"issue_id": issue_id, "position": place, "title": section.title}
            for place, section in enumerate(issue.sections)
        ],
    )
    section_ids: dict[int, int] = {row.position: row.id for row in places}
    placed = [(section_ids[place], link) for place, section in enumerate(issue.sections) for link in section.links]
    if not placed:
        return
    # Each await lets others work: what is made ready for a statement is made in one go.
    added = await transaction.execute(
        links.insert().returning(links.c.id).execution_options(insertmanyvalues_page_size=_LINKS_AT_ONCE),
        [
            {
                "issue_id": issue_id,
                "section_id": section_id,
                "position": position,
                "url": link.url,
                "key": link.key,
                "key_version": key_version,
                "alias": link.alias,
                "title": link.title,
                "text": link.text,
                "excerpt": link.excerpt,
                "sponsored": link.sponsored,
                "search_version": search_rows.SEARCH_VERSION,
            }
            for position, (section_id, link) in enumerate(placed)
        ],
    )
    ids = added.scalars().all()
    for start in range(0, len(ids), _LINKS_AT_ONCE):
        await search_rows.add_links(transaction, ids[start : start + _LINKS_AT_ONCE])


async def _whole_issue(transaction: Transaction, row: Row[Any]) -> Issue:
    identities = await transaction.execute(
        select(issue_identities.c.identity).where(issue_identities.c.issue_id == row.id)
    )
    section_rows = await transaction.execute(
        select(sections).where(sections.c.issue_id == row.id).order_by(sections.c.position)
    )
    link_rows = await transaction.execute(
        select(links, sections.c.title.label("section_title"))
        .join(sections, sections.c.id == links.c.section_id)
        .where(links.c.issue_id == row.id)
        .order_by(links.c.position)
    )
    by_section: dict[int, list[Link]] = {}
    for link in link_rows:
        by_section.setdefault(link.section_id, []).append(
            Link(
                url=link.url,
                key=link.key,
                title=link.title,
                text=link.text,
                section=link.section_title,
                excerpt=link.excerpt,
                sponsored=link.sponsored,
                alias=link.alias,
            )
        )
    pictures = await transaction.execute(select(media).where(media.c.issue_id == row.id).order_by(media.c.position))
    return Issue(
        title=row.title,
        identities=(row.identity, *(other.identity for other in identities if other.identity != row.identity)),
        url=row.url,
        subtitle=row.subtitle,
        topics=tuple(row.topics),
        authors=tuple(row.authors),
        published_at=row.published_at,
        image_url=row.image_url,
        paywalled=row.paywalled,
        sections=tuple(
            Section(title=section.title, links=tuple(by_section.get(section.id, ()))) for section in section_rows
        ),
        images=tuple(Image(url=picture.url, alt=picture.alt, caption=picture.caption) for picture in pictures),
        polls=_polls(row.polls),
        is_withdrawn=row.withdrawn_at is not None,
        mentions=tuple(row.mentions or ()),
        text_key=row.text_key,
    )


def _polls(stored: list[dict[str, Any]]) -> tuple[IssuePoll, ...]:
    return tuple(IssuePoll(question=poll["question"], options=tuple(poll["options"])) for poll in stored)
