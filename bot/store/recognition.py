"""The names by which stored issues are known again, and which of them their source still lists."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from itertools import takewhile
from typing import Any

from sqlalchemy import Row, delete, literal, select, update

from bot.bites import Bites
from bot.model.issue import Stage
from bot.store.group_commit import Transaction
from bot.store.news import was_decided
from bot.store.statements import insert
from bot.store.tables import issue_identities, issues, links, subscriptions

REUSED = "~"
"""Before a name that a feed gives to one issue after the other: none is recognised by it."""

# 96 characters hold every kind of identity, one of them for the mark above; what is longer (a guid that is a whole
# address) stands as its hash.
_LONGEST_IDENTITY = 95
NAMES_AT_ONCE = 100  # a statement with a thousand of them is forty milliseconds of work before it is sent
# A feed holds fewer; what is older cannot be missed in it.
_MOST_LOOKED_THROUGH = 2000
_ISSUES_AT_ONCE = 10  # where all their links are read


async def ids_of(transaction: Transaction, source_id: int, identities: Sequence[str]) -> set[int]:
    """Row ids of the source's issues that have one of these names."""
    named = {stored_identity(identity) for identity in identities}
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
                was_decided(),
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
        .where(issues.c.source_id == source_id, issues.c.is_listed, issues.c.withdrawn_at.is_(None), was_decided())
        .order_by(issues.c.ordered_at.desc(), issues.c.id.desc())
        .limit(limit)
    )
    return list(takewhile(lambda issue_id: issue_id not in present, rows.scalars()))


async def missing_after(
    transaction: Transaction, source_id: int, present: Collection[int], moment: datetime, *, limit: int
) -> list[int]:
    """Issues after `moment` that the source listed once and that are none of `present`, the newest first."""
    rows = await transaction.execute(
        select(issues.c.id)
        .where(
            issues.c.source_id == source_id,
            issues.c.is_listed,
            issues.c.withdrawn_at.is_(None),
            issues.c.ordered_at > moment,
            was_decided(),
        )
        .order_by(issues.c.ordered_at.desc(), issues.c.id.desc())
        .limit(len(present) + limit)
    )
    return [issue_id for issue_id in rows.scalars() if issue_id not in present][:limit]


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
            for issue_id, identity in dict.fromkeys((issue_id, stored_identity(name)) for issue_id, name in names)
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
    wanted = {stored_identity(name): name for name in names}
    again = {_reused_name(name): name for name in names if not name.startswith("content:")}
    asked = [*wanted, *again]
    known: dict[str, KnownIssue] = {}
    reused: set[str] = set()
    bites = Bites()
    for start in range(0, len(asked), NAMES_AT_ONCE):
        rows = await transaction.execute(
            select(*_OF_KNOWN, issue_identities.c.identity.label("name"))
            .join(issue_identities, issue_identities.c.issue_id == issues.c.id)
            .where(
                issue_identities.c.source_id == source_id,
                issue_identities.c.identity.in_(asked[start : start + NAMES_AT_ONCE]),
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
        .where(of_source, issue_identities.c.identity.in_(map(stored_identity, names)))
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


def _reused_name(name: str) -> str:
    return f"{REUSED}{stored_identity(name)}"


def stored_identity(identity: str) -> str:
    if len(identity) <= _LONGEST_IDENTITY:
        return identity
    kind = identity.partition(":")[0][:20]
    return f"{kind}:sha256-{sha256(identity.encode()).hexdigest()}"
