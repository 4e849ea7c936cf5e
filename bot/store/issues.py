"""Stored issues with their sections, links and pictures."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from itertools import takewhile
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, delete, func, literal, or_, select, true, update

from bot.bites import Bites
from bot.model.guild import Source
from bot.model.issue import Image, Issue, IssueCard, IssuePoll, Link, News, Section, Stage
from bot.store import search as search_rows
from bot.store.group_commit import Transaction
from bot.store.sources import source_of
from bot.store.statements import insert
from bot.store.tables import issue_identities, issues, links, media, outbox, sections, sources, subscriptions

REUSED = "~"
"""Before a name that a feed gives to one issue after the other: none is recognised by it."""

# 96 characters hold every kind of identity, one of them for the mark above; what is longer (a guid that is a whole
# address) stands as its hash.
_LONGEST_IDENTITY = 95
_NAMES_AT_ONCE = 100  # a statement with a thousand of them is forty milliseconds of work before it is sent
# A feed holds fewer; what is older cannot be missed in it.
_MOST_LOOKED_THROUGH = 2000
_ISSUES_AT_ONCE = 10  # where all their links are read
_LINKS_AT_ONCE = 25


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
    for start in range(0, len(issue_ids), _NAMES_AT_ONCE):
        rows = await transaction.execute(
            select(links.c.issue_id, func.count().label("links"))
            .where(links.c.issue_id.in_(issue_ids[start : start + _NAMES_AT_ONCE]))
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


async def note_listed(transaction: Transaction, issue_id: int) -> None:
    """The source has the issue (again); what announces one that was taken back shows that."""
    is_redrawn = or_(issues.c.is_redrawn, issues.c.withdrawn_at.is_not(None))
    await transaction.execute(
        update(issues)
        .where(issues.c.id == issue_id)
        .values(is_redrawn=is_redrawn, is_listed=True, missed_readings=0, withdrawn_at=None)
    )


async def ids_of(transaction: Transaction, source_id: int, identities: Sequence[str]) -> set[int]:
    """Row ids of the source's issues that have one of these names."""
    named = {_stored_identity(identity) for identity in identities}
    rows = await transaction.execute(
        select(issue_identities.c.issue_id).where(
            issue_identities.c.source_id == source_id, issue_identities.c.identity.in_(named)
        )
    )
    return set(rows.scalars())


async def missing_between(
    transaction: Transaction, source_id: int, present: Collection[int], *, most_older: int
) -> list[int]:
    """Dated issues that the source listed once and that are none of `present`, between those that are.

    Between: something present is newer, and at least `most_older` present ones are older.
    """
    rows = (
        await transaction.execute(
            select(issues.c.id, issues.c.ordered_at)
            .where(
                issues.c.source_id == source_id,
                issues.c.is_listed,
                issues.c.published_at.is_not(None),
                issues.c.withdrawn_at.is_(None),
                _is_decided(),
            )
            .order_by(issues.c.ordered_at.desc(), issues.c.id.desc())
            .limit(_MOST_LOOKED_THROUGH)
        )
    ).all()
    here = [row.ordered_at for row in rows if row.id in present]
    if len(here) < most_older + 1:
        return []
    newest, edge = here[0], here[-most_older]
    return [row.id for row in rows if row.id not in present and edge < row.ordered_at < newest]


async def missing_above(transaction: Transaction, source_id: int, present: Collection[int], *, limit: int) -> list[int]:
    """The newest issues that the source listed once, down to the first that is one of `present`, `limit` at most."""
    rows = await transaction.execute(
        select(issues.c.id)
        .where(issues.c.source_id == source_id, issues.c.is_listed, issues.c.withdrawn_at.is_(None), _is_decided())
        .order_by(issues.c.ordered_at.desc(), issues.c.id.desc())
        .limit(limit)
    )
    return list(takewhile(lambda issue_id: issue_id not in present, rows.scalars()))


async def count_missed(
    transaction: Transaction, source_id: int, issue_ids: Collection[int], *, enough: int
) -> list[str]:
    """These are missed once more, no others are any longer; the keys of those that were `enough` times."""
    waiting = (issues.c.source_id == source_id, issues.c.withdrawn_at.is_(None))
    await transaction.execute(
        update(issues)
        .where(*waiting, issues.c.missed_readings > 0, issues.c.id.not_in(issue_ids))
        .values(missed_readings=0)
    )
    if not issue_ids:
        return []
    await transaction.execute(
        update(issues).where(*waiting, issues.c.id.in_(issue_ids)).values(missed_readings=issues.c.missed_readings + 1)
    )
    rows = await transaction.execute(
        update(issues)
        .where(*waiting, issues.c.missed_readings >= enough)
        .values(withdrawn_at=transaction.now, is_redrawn=True)
        .returning(issues.c.issue_key)
    )
    return list(rows.scalars())


async def add_identities(transaction: Transaction, identities: Sequence[str], *, source_id: int, issue_id: int) -> None:
    """Let the issue be known by these names too, as far as they are free."""
    await add_names(transaction, [(issue_id, identity) for identity in identities], source_id=source_id)


async def add_names(transaction: Transaction, names: Sequence[tuple[int, str]], *, source_id: int) -> None:
    """Let issues, each by its row id, be known by a name too, as far as that is free."""
    if not names:
        return
    await transaction.execute(
        insert(transaction, issue_identities).on_conflict_do_nothing(index_elements=["source_id", "identity"]),
        [
            {"source_id": source_id, "identity": identity, "issue_id": issue_id}
            for issue_id, identity in dict.fromkeys((issue_id, _stored_identity(name)) for issue_id, name in names)
        ],
    )


@dataclass(frozen=True, slots=True)
class KnownIssue:
    """What is needed to know of a stored issue when it is met again."""

    issue_id: int
    issue_key: str
    digest: str | None
    text_key: str | None
    has_address: bool
    published_at: datetime | None
    said_at: datetime | None
    is_listed: bool
    is_missing: bool
    is_withdrawn: bool
    stage: Stage | None = None


_OF_KNOWN = (
    issues.c.id,
    issues.c.issue_key,
    issues.c.digest,
    issues.c.text_key,
    issues.c.url.is_not(None).label("has_address"),
    issues.c.published_at,
    issues.c.said_at,
    issues.c.is_listed,
    issues.c.missed_readings,
    issues.c.withdrawn_at,
    issues.c.stage,
)


async def known_by_name(
    transaction: Transaction, source_id: int, names: Collection[str]
) -> tuple[dict[str, KnownIssue], set[str]]:
    """The source's issues by those of these names that they have; and the names that were used again (`reuse_name`)."""
    wanted = {_stored_identity(name): name for name in names}
    again = {_reused_name(name): name for name in names if not name.startswith("content:")}
    asked = [*wanted, *again]
    known: dict[str, KnownIssue] = {}
    reused: set[str] = set()
    bites = Bites()
    for start in range(0, len(asked), _NAMES_AT_ONCE):
        rows = await transaction.execute(
            select(*_OF_KNOWN, issue_identities.c.identity.label("name"))
            .join(issue_identities, issue_identities.c.issue_id == issues.c.id)
            .where(
                issue_identities.c.source_id == source_id,
                issue_identities.c.identity.in_(asked[start : start + _NAMES_AT_ONCE]),
            )
        )
        for row in rows:
            if row.name in again:
                reused.add(again[row.name])
            else:
                known[wanted[row.name]] = _known(row)
        await bites.rest()
    return known, reused


async def listed_on(
    transaction: Transaction, source_id: int, moments: Collection[datetime], *, without: Collection[int]
) -> list[KnownIssue]:
    """Issues that the source listed, and that came out at these moments by what it said last, `without` some.

    Of its newest ones: an older headline is mended by nobody.
    """
    newest = (
        select(*_OF_KNOWN)
        .where(issues.c.source_id == source_id)
        .order_by(issues.c.ordered_at.desc(), issues.c.id.desc())
        .limit(_MOST_LOOKED_THROUGH)
    )
    rows = await transaction.execute(newest)
    return [_known(row) for row in rows if row.is_listed and row.said_at in moments and row.id not in without]


async def link_keys_of(
    transaction: Transaction, issue_ids: Collection[int], *, key_version: int
) -> dict[int, frozenset[str]]:
    """The keys of these issues' links, by issue; without those of other versions, which are no keys of today's."""
    keys: dict[int, set[str]] = {}
    wanted = sorted(issue_ids)
    bites = Bites()
    for start in range(0, len(wanted), _ISSUES_AT_ONCE):
        rows = await transaction.execute(
            select(links.c.issue_id, links.c.key).where(
                links.c.issue_id.in_(wanted[start : start + _ISSUES_AT_ONCE]), links.c.key_version == key_version
            )
        )
        for row in rows:
            keys.setdefault(row.issue_id, set()).add(row.key)
        await bites.rest()
    return {issue_id: frozenset(found) for issue_id, found in keys.items()}


async def reuse_names(transaction: Transaction, source_id: int, names: Collection[str]) -> None:
    """The feed uses these names again and again: no issue is recognised by them any more, though some were told so."""
    if not names:
        return
    of_source = issue_identities.c.source_id == source_id
    await transaction.execute(
        delete(issue_identities).where(of_source, issue_identities.c.identity.in_(map(_reused_name, names)))
    )
    await transaction.execute(
        update(issue_identities)
        .where(of_source, issue_identities.c.identity.in_(map(_stored_identity, names)))
        .values(identity=literal(REUSED) + issue_identities.c.identity)
    )


def _known(row: Row[Any]) -> KnownIssue:
    return KnownIssue(
        issue_id=row.id,
        issue_key=row.issue_key,
        digest=row.digest,
        text_key=row.text_key,
        has_address=row.has_address,
        published_at=row.published_at,
        said_at=row.said_at,
        is_listed=row.is_listed,
        is_missing=row.missed_readings > 0,
        is_withdrawn=row.withdrawn_at is not None,
        stage=Stage(row.stage) if row.stage else None,
    )


async def get_issue(transaction: Transaction, issue_key: str, *, guild_id: int | None = None) -> Issue | None:
    """The whole issue; with `guild_id`, only if that server reads its source."""
    query = select(issues).where(issues.c.issue_key == issue_key)
    if guild_id is not None:
        query = _of_guild(query, guild_id)
    row = (await transaction.execute(query)).one_or_none()
    return None if row is None else await _whole_issue(transaction, row)


async def identity_of(transaction: Transaction, issue_key: str) -> str | None:
    """The identity that the issue was first stored under."""
    result = await transaction.execute(select(issues.c.identity).where(issues.c.issue_key == issue_key))
    identity: str | None = result.scalar_one_or_none()
    return identity


async def names_of(transaction: Transaction, issue_key: str) -> list[str]:
    """All names by which an issue is known."""
    rows = await transaction.execute(
        select(issue_identities.c.identity)
        .join(issues, issues.c.id == issue_identities.c.issue_id)
        .where(issues.c.issue_key == issue_key)
    )
    return list(rows.scalars())


async def alike(transaction: Transaction, issue_key: str, *, guild_id: int, channel_id: int) -> str | None:
    """The key of the same issue by another source that the server reads in this channel: one with the same address."""
    one, other = issue_identities.alias("one"), issue_identities.alias("other")
    wanted = issues.alias("wanted")
    rows = await transaction.execute(
        select(issues.c.issue_key)
        .join(other, other.c.issue_id == issues.c.id)
        .join(one, one.c.identity == other.c.identity)
        .join(wanted, wanted.c.id == one.c.issue_id)
        .join(subscriptions, subscriptions.c.source_id == issues.c.source_id)
        .where(
            wanted.c.issue_key == issue_key,
            issues.c.id != wanted.c.id,
            one.c.identity.startswith("link:"),
            # by the index of a source's names; a server may have been told of a thousand issues
            other.c.source_id == subscriptions.c.source_id,
            subscriptions.c.guild_id == guild_id,
            subscriptions.c.channel_id == channel_id,
        )
        .order_by(issues.c.id)
        .limit(1)
    )
    key: str | None = rows.scalar_one_or_none()
    return key


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
            select(issue_identities.c.issue_id).where(issue_identities.c.identity == _stored_identity(identity))
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
    ran = select(links.c.issue_id).where(links.c.key.in_(keys))
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


async def publishing_times(transaction: Transaction, source_id: int, *, limit: int) -> list[datetime]:
    """When the newest issues of a source came out, as far as it says so."""
    rows = await transaction.execute(
        select(issues.c.published_at)
        .where(issues.c.source_id == source_id, issues.c.published_at.is_not(None), _is_decided())
        .order_by(issues.c.published_at.desc())
        .limit(limit)
    )
    return list(rows.scalars())


async def newest_published_at(transaction: Transaction, source_id: int) -> datetime | None:
    """When the source's newest dated issue came out; a date that lies in the future is somebody's mistake.

    What a reading brings that is not at its end counts neither here nor below.
    """
    newest = (
        select(issues.c.published_at)
        .where(issues.c.source_id == source_id, issues.c.published_at <= transaction.now, _is_decided())
        .order_by(issues.c.published_at.desc())
        .limit(1)
    )
    moment: datetime | None = (await transaction.execute(newest)).scalar_one_or_none()
    return moment


async def newest_of_source(
    transaction: Transaction, source_id: int, *, is_decided: bool = True
) -> tuple[str, str] | None:
    """Key and identity of the source's newest issue that it did not take back.

    is_decided: of those only that do not belong to a reading which is not at its end.
    """
    row = (
        await transaction.execute(
            select(issues.c.issue_key, issues.c.identity)
            .where(
                issues.c.source_id == source_id,
                issues.c.withdrawn_at.is_(None),
                _is_decided() if is_decided else true(),
            )
            .order_by(issues.c.ordered_at.desc(), issues.c.id.desc())
            .limit(1)
        )
    ).one_or_none()
    return None if row is None else (row.issue_key, row.identity)


def _is_decided() -> ColumnElement[bool]:
    return issues.c.stage.is_distinct_from(Stage.NEW)


_NEWS = (issues.c.issue_key, issues.c.identity, issues.c.published_at, issues.c.stored_at, issues.c.stage)


async def news_of(transaction: Transaction, source_id: int, stage: Stage) -> list[News]:
    """The source's issues at this stage, the oldest first; a reading brings no more than so many."""
    rows = await transaction.execute(
        select(*_NEWS)
        .where(issues.c.source_id == source_id, issues.c.stage == stage, _has_news())
        .order_by(issues.c.ordered_at, issues.c.id)
    )
    return [_news(row) for row in rows]


async def next_to_tell(transaction: Transaction, source_id: int) -> News | None:
    """The source's oldest issue of which servers are to be told, or whose announcements are to be drawn anew."""
    is_told = issues.c.stage.in_((Stage.FIRST, Stage.NEWS))
    rows = await transaction.execute(
        select(*_NEWS)
        .where(
            issues.c.source_id == source_id, _has_news(), or_(is_told, issues.c.is_redrawn & (issues.c.stage.is_(None)))
        )
        .order_by(issues.c.stage.is_(None), issues.c.ordered_at, issues.c.id)
        .limit(1)
    )
    row = rows.one_or_none()
    return None if row is None else _news(row)


async def decide_news(transaction: Transaction, source_id: int, stage: Stage | None) -> None:
    """Let the source's new issues go on to this stage: nothing of them is to be drawn anew, for nobody was told yet."""
    await transaction.execute(
        update(issues)
        .where(issues.c.source_id == source_id, issues.c.stage == Stage.NEW, _has_news())
        .values(stage=stage, is_redrawn=False)
    )


async def decide_first(transaction: Transaction, source_id: int, newest: str | None) -> None:
    """Of a first reading, let the issue with this key go on, and no other."""
    await decide_news(transaction, source_id, None)
    await transaction.execute(update(issues).where(issues.c.issue_key == newest).values(stage=Stage.FIRST))


async def end_news(transaction: Transaction, news: News) -> None:
    """Everybody was told of it; or, where that was at its end, all that announces it is drawn anew.

    What changed while servers were told is still to be drawn: those that were told first saw it as it was.
    """
    ended = {"is_redrawn": False} if news.stage is None else {"stage": None}
    await transaction.execute(update(issues).where(issues.c.issue_key == news.issue_key).values(**ended))


async def redraw(transaction: Transaction, issue_keys: Collection[str]) -> None:
    """What announces these shows something else now."""
    await transaction.execute(update(issues).where(issues.c.issue_key.in_(issue_keys)).values(is_redrawn=True))


def _has_news() -> ColumnElement[bool]:
    # As the index says it.
    return or_(issues.c.stage.is_not(None), issues.c.is_redrawn)


def _news(row: Row[Any]) -> News:
    stage = Stage(row.stage) if row.stage else None
    return News(row.issue_key, row.identity, row.published_at, row.stored_at, stage)


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


def _reused_name(name: str) -> str:
    return f"{REUSED}{_stored_identity(name)}"


def _stored_identity(identity: str) -> str:
    if len(identity) <= _LONGEST_IDENTITY:
        return identity
    kind = identity.partition(":")[0][:20]
    return f"{kind}:sha256-{sha256(identity.encode()).hexdigest()}"
