"""Stories that a newsletter tells twice: in a short issue of their own, and in a digest."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, delete, exists, func, or_, select, tuple_, update

from bot.bites import Bites
from bot.model.issue import IssueCard
from bot.model.worker import WorkerName
from bot.store.group_commit import Transaction
from bot.store.issues import card_named
from bot.store.statements import insert
from bot.store.tables import held_issues, issue_identities, issues, links

_MOST_STORIES = 2_000
_AT_ONCE = 10


@dataclass(frozen=True, slots=True)
class Told:
    """What of a stored issue says which stories it tells.

    keys: of its content links. names: the last parts of its own addresses. mentions: keys of the publication's own
    pages that it links to. told_in: the key of the issue that tells its story again, if one is known.
    """

    issue_key: str
    at: datetime
    keys: frozenset[str]
    names: frozenset[str]
    mentions: tuple[str, ...]
    told_in: str | None


@dataclass(frozen=True, slots=True)
class Held:
    """How many issues wait for a digest, and when the last of them is announced without one."""

    count: int
    until: datetime


async def told_between(transaction: Transaction, source_id: int, start: datetime, end: datetime) -> list[Told]:
    """What a source told in this time, the newest first and no more than is bearable; without what it took back."""
    rows = (
        await transaction.execute(
            select(issues.c.id, issues.c.issue_key, issues.c.ordered_at, issues.c.mentions, issues.c.told_in)
            .where(
                issues.c.source_id == source_id,
                issues.c.ordered_at.between(start, end),
                issues.c.withdrawn_at.is_(None),
            )
            .order_by(issues.c.ordered_at.desc(), issues.c.id.desc())
            .limit(_MOST_STORIES)
        )
    ).all()
    stories: list[Told] = []
    bites = Bites()
    # A few at a time: each may have hundreds of links, and others want to work meanwhile.
    for place in range(0, len(rows), _AT_ONCE):
        some = rows[place : place + _AT_ONCE]
        chosen = [row.id for row in some]
        keys: dict[int, set[str]] = {}
        names: dict[int, set[str]] = {}
        link_rows = await transaction.execute(
            select(links.c.issue_id, links.c.key).where(links.c.issue_id.in_(chosen), ~links.c.sponsored)
        )
        for link in link_rows:
            keys.setdefault(link.issue_id, set()).add(link.key)
        name_rows = await transaction.execute(
            select(issue_identities.c.issue_id, issue_identities.c.identity).where(
                issue_identities.c.issue_id.in_(chosen), issue_identities.c.identity.startswith("link:")
            )
        )
        for name in name_rows:
            names.setdefault(name.issue_id, set()).add(name.identity.rpartition("/")[2])
        stories.extend(
            Told(
                issue_key=row.issue_key,
                at=row.ordered_at,
                keys=frozenset(keys.get(row.id, ())),
                names=frozenset(names.get(row.id, ())),
                mentions=tuple(row.mentions or ()),
                told_in=row.told_in,
            )
            for row in some
        )
        await bites.rest()
    return stories


async def note_told(transaction: Transaction, told_in: Mapping[str, str]) -> None:
    """Keep for these short issues which issue tells their story again; what announces them says so."""
    for issue_key, other in told_in.items():
        await transaction.execute(
            update(issues).where(issues.c.issue_key == issue_key).values(told_in=other, is_redrawn=True)
        )


async def teller_of(transaction: Transaction, issue_key: str) -> IssueCard | None:
    """The issue that tells this one's story again, if it was not taken back."""
    result = await transaction.execute(select(issues.c.told_in).where(issues.c.issue_key == issue_key))
    other = result.scalar_one_or_none()
    return None if other is None else await card_named(transaction, other)


async def is_habit(transaction: Transaction, source_id: int, *, since: datetime) -> bool:
    """Whether a source told short issues again since then, in more than one digest: once may be chance."""
    digests = select(func.count(issues.c.told_in.distinct())).where(
        issues.c.source_id == source_id, issues.c.ordered_at >= since
    )
    count: int = (await transaction.execute(digests)).scalar_one()
    return count > 1


async def hold(
    transaction: Transaction, *, guild_id: int, source_id: int, issue_key: str, release_at: datetime
) -> None:
    """Let a server's announcement wait until then."""
    await transaction.execute(
        insert(transaction, held_issues)
        .values(guild_id=guild_id, source_id=source_id, issue_key=issue_key, release_at=release_at)
        .on_conflict_do_nothing(index_elements=["guild_id", "issue_key"])
    )


async def release_at(transaction: Transaction, *, guild_id: int, issue_key: str) -> datetime | None:
    """Until when a server's announcement waits; None when it does not."""
    moment: datetime | None = (
        await transaction.execute(
            select(held_issues.c.release_at).where(
                held_issues.c.guild_id == guild_id, held_issues.c.issue_key == issue_key
            )
        )
    ).scalar_one_or_none()
    return moment


async def release_some(transaction: Transaction, *, guild_id: int, limit: int) -> int:
    """End the waiting of so many that wait for a digest in a server, so that they are released next; how many."""
    waiting = (
        select(held_issues.c.issue_key)
        .where(held_issues.c.guild_id == guild_id, held_issues.c.release_at > transaction.now)
        .order_by(held_issues.c.release_at)
        .limit(limit)
    )
    keys = (await transaction.execute(waiting)).scalars().all()
    result = await transaction.execute(
        update(held_issues)
        .where(held_issues.c.guild_id == guild_id, held_issues.c.issue_key.in_(keys))
        .values(release_at=transaction.now)
    )
    transaction.wake(WorkerName.SOURCES)
    return result.rowcount


async def held_in(transaction: Transaction, guild_id: int) -> Held | None:
    """What waits for a digest in a server; None where nothing does."""
    row = (
        await transaction.execute(
            select(func.count().label("held"), func.max(held_issues.c.release_at).label("until")).where(
                held_issues.c.guild_id == guild_id
            )
        )
    ).one()
    return Held(row.held, row.until) if row.held else None


async def take_released(transaction: Transaction, *, longest: timedelta, limit: int) -> list[tuple[int, int, str]]:
    """End the waiting of what waited longest: server, source and key of each issue, in the order of its coming.

    What is to wait longer than anything waits was written while the clock was wrong.
    """
    chosen = (
        select(held_issues.c.guild_id, held_issues.c.issue_key)
        .where(_waited_enough(transaction.now, longest))
        .order_by(held_issues.c.release_at)
        .limit(limit)
    )
    keys = [tuple(row) for row in await transaction.execute(chosen)]
    rows = await transaction.execute(
        delete(held_issues)
        .where(
            tuple_(held_issues.c.guild_id, held_issues.c.issue_key).in_(keys), _waited_enough(transaction.now, longest)
        )
        .returning(held_issues.c.release_at, held_issues.c.guild_id, held_issues.c.source_id, held_issues.c.issue_key)
    )
    return [(row.guild_id, row.source_id, row.issue_key) for row in sorted(rows, key=tuple)]


async def is_release_due(transaction: Transaction, *, longest: timedelta) -> bool:
    """Whether `take_released` would give any."""
    found = await transaction.execute(select(exists().where(_waited_enough(transaction.now, longest))))
    return bool(found.scalar_one())


def _waited_enough(now: datetime, longest: timedelta) -> ColumnElement[bool]:
    return or_(held_issues.c.release_at <= now, held_issues.c.release_at > now + 2 * longest)


async def count_held_of(transaction: Transaction, *, guild_id: int, source_id: int) -> int:
    """How many issues of a source wait in a server."""
    held = select(func.count()).where(held_issues.c.guild_id == guild_id, held_issues.c.source_id == source_id)
    count: int = (await transaction.execute(held)).scalar_one()
    return count


async def drop_held_of(transaction: Transaction, *, guild_id: int, source_id: int, limit: int) -> int:
    """The server does not read the source any more: forget so many that wait; how many they were."""
    held = select(held_issues.c.issue_key).where(
        held_issues.c.guild_id == guild_id, held_issues.c.source_id == source_id
    )
    keys = (await transaction.execute(held.limit(limit))).scalars().all()
    result = await transaction.execute(
        delete(held_issues).where(held_issues.c.guild_id == guild_id, held_issues.c.issue_key.in_(keys))
    )
    return result.rowcount


async def next_release(transaction: Transaction) -> datetime | None:
    moment: datetime | None = (await transaction.execute(select(func.min(held_issues.c.release_at)))).scalar_one()
    return moment
