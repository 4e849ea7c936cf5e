"""Sources: where newsletters are read from."""

from collections.abc import Sequence
from datetime import datetime
from hashlib import sha256
from typing import Any

from sqlalchemy import Row, case, exists, func, or_, select, update

from bot.model.guild import Source
from bot.model.problem import Problem
from bot.store.group_commit import Transaction
from bot.store.statements import insert
from bot.store.tables import sources, subscriptions


async def add_source(
    transaction: Transaction, *, url: str, url_key: str, secret: bytes | None, now: datetime
) -> Source:
    """The source with this key, made if it is not there. `secret` is sealed already."""
    await transaction.execute(
        insert(transaction, sources)
        .values(url=url, url_key=url_key, secret=secret, failures=0, next_poll_at=now, created_at=now)
        .on_conflict_do_nothing(index_elements=["url_key"])
    )
    row = (await transaction.execute(select(sources).where(sources.c.url_key == url_key))).one()
    return source_of(row)


async def add_plain_source(transaction: Transaction, url: str, *, now: datetime) -> Source:
    """The source at an address without credentials, made if it is not there."""
    return await add_source(transaction, url=url, url_key=plain_key(url), secret=None, now=now)


def plain_key(url: str) -> str:
    """What stands for an address without credentials."""
    return sha256(url.encode()).hexdigest()


async def all_sources(transaction: Transaction) -> list[Source]:
    """Every source, the oldest first."""
    return [source_of(row) for row in await transaction.execute(select(sources).order_by(sources.c.id))]


async def get_secret(transaction: Transaction, source_id: int) -> bytes | None:
    result = await transaction.execute(select(sources.c.secret).where(sources.c.id == source_id))
    secret: bytes | None = result.scalar_one_or_none()
    return secret


async def claim_due_sources(
    transaction: Transaction, *, now: datetime, until: datetime, limit: int = 20
) -> list[Source]:
    """Sources whose time has come and that somebody subscribes to; nobody else gets them before `until`."""
    due = (
        select(sources.c.id)
        .where(sources.c.next_poll_at <= now, exists().where(subscriptions.c.source_id == sources.c.id))
        .order_by(sources.c.next_poll_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    rows = await transaction.execute(
        update(sources).where(sources.c.id.in_(due)).values(next_poll_at=until).returning(*sources.c)
    )
    return [source_of(row) for row in rows]


async def hold_claim(transaction: Transaction, claimed: Source) -> Source | None:
    """The source as it is now; None when somebody changed its time since it was claimed: the reading is void then."""
    rows = await transaction.execute(
        select(sources)
        .where(sources.c.id == claimed.source_id, sources.c.next_poll_at == claimed.next_poll_at)
        .with_for_update()
    )
    row = rows.one_or_none()
    return None if row is None else source_of(row)


async def are_all(transaction: Transaction, source_ids: Sequence[int]) -> bool:
    """Whether there is no source besides these."""
    others = select(exists().where(sources.c.id.not_in(source_ids)))
    return not (await transaction.execute(others)).scalar_one()


async def next_poll(transaction: Transaction) -> datetime | None:
    """When the next source is due, None when there is none."""
    result = await transaction.execute(
        select(func.min(sources.c.next_poll_at)).where(exists().where(subscriptions.c.source_id == sources.c.id))
    )
    moment: datetime | None = result.scalar_one()
    return moment


async def is_due_after(transaction: Transaction, horizon: datetime) -> bool:
    """Whether a source is due beyond `horizon`."""
    result = await transaction.execute(select(exists().where(sources.c.next_poll_at > horizon)))
    return bool(result.scalar_one())


async def bring_nearer(transaction: Transaction, *, now: datetime, horizon: datetime) -> None:
    """Let sources that are due beyond `horizon` be due now."""
    await transaction.execute(update(sources).where(sources.c.next_poll_at > horizon).values(next_poll_at=now))


async def record_reading(
    transaction: Transaction,
    source_id: int,
    *,
    title: str | None,
    etag: str | None,
    last_modified: str | None,
    home_url: str | None,
    rung_url: str | None,
    look_up_at: datetime | None,
    problem: Problem | None,
    now: datetime,
    next_poll_at: datetime,
) -> None:
    """The source was read and what it gave is stored in this same transaction: only now may its marks advance."""
    await transaction.execute(
        update(sources)
        .where(sources.c.id == source_id)
        .values(
            title=func.coalesce(title, sources.c.title),
            home_url=func.coalesce(home_url, sources.c.home_url),
            rung_url=rung_url,
            look_up_at=look_up_at,
            etag=etag,
            last_modified=last_modified,
            failures=0,
            last_problem=problem.as_json() if problem is not None else None,
            first_read_at=func.coalesce(sources.c.first_read_at, now),
            last_read_at=now,
            next_poll_at=next_poll_at,
        )
    )


async def record_unchanged(
    transaction: Transaction, source_id: int, *, look_up_at: datetime | None, now: datetime, next_poll_at: datetime
) -> None:
    await transaction.execute(
        update(sources)
        .where(sources.c.id == source_id)
        .values(
            failures=0,
            # What the reading before could not make out is still there; that it failed is over.
            last_problem=case((sources.c.failures > 0, None), else_=sources.c.last_problem),
            look_up_at=look_up_at,
            last_read_at=now,
            next_poll_at=next_poll_at,
        )
    )


async def record_failure(transaction: Transaction, source_id: int, *, problem: Problem, next_poll_at: datetime) -> None:
    await transaction.execute(
        update(sources)
        .where(sources.c.id == source_id)
        .values(failures=sources.c.failures + 1, last_problem=problem.as_json(), next_poll_at=next_poll_at)
    )


async def put_off(transaction: Transaction, source_id: int, *, next_poll_at: datetime) -> None:
    """Read the source then; that is nothing that failed."""
    await transaction.execute(update(sources).where(sources.c.id == source_id).values(next_poll_at=next_poll_at))


async def note_silence(transaction: Transaction, source_id: int, *, since: datetime) -> bool:
    """Keep that the silence after the issue of that moment is told; False when it was told before."""
    result = await transaction.execute(
        update(sources)
        .where(
            sources.c.id == source_id,
            or_(sources.c.silent_since.is_(None), sources.c.silent_since < since),
        )
        .values(silent_since=since)
    )
    return bool(result.rowcount)


async def begin_anew(transaction: Transaction, source_id: int, *, now: datetime) -> None:
    """Let the next reading be a first one, now."""
    await transaction.execute(
        update(sources)
        .where(sources.c.id == source_id)
        .values(
            first_read_at=None,
            rung_url=None,
            look_up_at=None,
            etag=None,
            last_modified=None,
            failures=0,
            next_poll_at=now,
        )
    )


async def be_due_by(transaction: Transaction, source_id: int, moment: datetime) -> None:
    """Let the source be read then at the latest; one that is being read just now is read again after that."""
    await transaction.execute(
        update(sources).where(sources.c.id == source_id, sources.c.next_poll_at > moment).values(next_poll_at=moment)
    )


async def make_due(transaction: Transaction, source_id: int, *, now: datetime) -> None:
    """Let the source be read at the next look."""
    await transaction.execute(update(sources).where(sources.c.id == source_id).values(next_poll_at=now))


def source_of(row: Row[Any]) -> Source:
    return Source(
        source_id=row.id,
        url=row.url,
        url_key=row.url_key,
        title=row.title,
        etag=row.etag,
        last_modified=row.last_modified,
        failures=row.failures,
        next_poll_at=row.next_poll_at,
        first_read_at=row.first_read_at,
        last_read_at=row.last_read_at,
        last_problem=Problem.from_json(row.last_problem),
        home_url=row.home_url,
        rung_url=row.rung_url,
        look_up_at=row.look_up_at,
    )
