"""Sources: where newsletters are read from."""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import cache
from hashlib import sha256
from typing import Any

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Integer,
    Row,
    ScalarSelect,
    Select,
    and_,
    bindparam,
    case,
    exists,
    func,
    literal,
    or_,
    select,
    true,
    update,
)

from bot.model.guild import Source
from bot.model.problem import Problem
from bot.model.worker import WorkerName
from bot.store.group_commit import Transaction
from bot.store.statements import insert, plan_by_index
from bot.store.tables import sources, subscriptions

_CHOSEN_FOR_EACH_TAKEN = 8  # so that processes that claim at the same moment find something each
_FREE = {"leased_until": None, "lease_incarnation": None}
# What is read by nobody any more, but was: the moment stays, so that whoever reads it next knows.
_BROKEN_OFF = {"lease_incarnation": None}
_FIRST_READER: ScalarSelect[int] = (
    select(subscriptions.c.guild_id)
    .where(subscriptions.c.source_id == sources.c.id)
    .order_by(subscriptions.c.id)
    .limit(1)
    .scalar_subquery()
)


async def add_source(transaction: Transaction, *, url: str, url_key: str, secret: bytes | None) -> Source:
    """The source with this key, made if it is not there, which nobody deletes before this transaction ends.

    `secret` is sealed already.
    """
    made = (
        insert(transaction, sources)
        .values(
            url=url,
            url_key=url_key,
            secret=secret,
            failures=0,
            next_poll_at=transaction.now,
            created_at=transaction.now,
        )
        .on_conflict_do_nothing(index_elements=["url_key"])
    )
    kept = select(sources).where(sources.c.url_key == url_key).with_for_update(read=True, key_share=True)
    row = None
    while row is None:  # what was there may have been deleted in between
        await transaction.execute(made)
        row = (await transaction.execute(kept)).one_or_none()
    return source_of(row)


async def add_plain_source(transaction: Transaction, url: str) -> Source:
    """The source at an address without credentials, made if it is not there."""
    return await add_source(transaction, url=url, url_key=plain_key(url), secret=None)


async def change_key(
    transaction: Transaction, source_id: int, *, url_key: str, secret: bytes | None, guild_id: int
) -> bool:
    """Let a source that this server alone reads be read with other credentials from now on; False where others do.

    It is read at its own address at once, whatever was read instead. A reading that is under way with the former ones
    is void.
    """
    # Whoever is just beginning to read it keeps its row until that is done, and is seen by what is asked after that.
    await transaction.execute(select(sources.c.id).where(sources.c.id == source_id).with_for_update())
    others = exists().where(subscriptions.c.source_id == source_id, subscriptions.c.guild_id != guild_id)
    taken = select(sources.c.id).where(sources.c.url_key == url_key)
    if (await transaction.execute(taken)).first() is not None:
        return False
    result = await transaction.execute(
        update(sources)
        .where(sources.c.id == source_id, ~others)
        .values(
            url_key=url_key,
            secret=secret,
            etag=None,
            last_modified=None,
            failures=0,
            look_up_at=transaction.now,
            next_poll_at=transaction.now,
            **_FREE,
        )
    )
    transaction.wake(WorkerName.SOURCES)
    return bool(result.rowcount)


def plain_key(url: str) -> str:
    """What stands for an address without credentials."""
    return sha256(url.encode()).hexdigest()


async def all_sources(transaction: Transaction) -> list[Source]:
    """Every source, the oldest first."""
    return [source_of(row) for row in await transaction.execute(select(sources).order_by(sources.c.id))]


async def get_source(transaction: Transaction, source_id: int) -> Source:
    return source_of((await transaction.execute(select(sources).where(sources.c.id == source_id))).one())


async def get_secret(transaction: Transaction, source_id: int) -> bytes | None:
    result = await transaction.execute(select(sources.c.secret).where(sources.c.id == source_id))
    secret: bytes | None = result.scalar_one_or_none()
    return secret


async def claim_due_sources(
    transaction: Transaction,
    *,
    incarnation: str,
    until: datetime,
    limit: int = 20,
    most_of_one: int = 20,
    busy: Collection[int] = (),
) -> list[Source]:
    """Sources whose time has come, or of which somebody said that there is something new, and that a server reads.

    While this process lives, nobody else gets them before `until`. busy: ids of those that are in hand, whatever became
    of their time meanwhile. most_of_one: so many of one server are in hand at a time, with these. A source of several
    is that of the first: whoever comes later can neither take its place nor multiply their own.
    """
    await plan_by_index(transaction)
    held = Counter((await _first_readers(transaction, busy)).values())
    taken: dict[int, _Due] = {}
    has_more = True
    while has_more and len(taken) < limit:
        full = {guild_id for guild_id, count in held.items() if guild_id is not None and count >= most_of_one}
        found = await _lock_due(transaction, limit - len(taken), busy={*busy, *taken}, full=full)
        before = len(taken)
        for due in found:
            if held[due.guild_id] < most_of_one:
                held[due.guild_id] += 1
                taken[due.source_id] = due
        has_more = before < len(taken) < before + len(found)  # for some there was no room, so look behind them
    if not taken:
        return []
    rows = await transaction.execute(
        update(sources)
        .where(sources.c.id.in_(list(taken)))
        .values(
            next_poll_at=until,
            leased_until=until,
            lease_incarnation=incarnation,
            hinted_guild_id=case((sources.c.next_poll_at > transaction.now, sources.c.wanted_guild_id)),
            wanted_at=None,
            wanted_guild_id=None,
        )
        .returning(*sources.c)
    )
    return [
        replace(source_of(row), first_guild_id=taken[row.id].guild_id, is_broken_off=taken[row.id].is_broken_off)
        for row in rows
    ]


@dataclass(frozen=True, slots=True)
class _Due:
    """A source that is due, the first server that reads it, and whether a reading of it never ended."""

    source_id: int
    guild_id: int | None
    is_broken_off: bool


async def _first_readers(transaction: Transaction, source_ids: Collection[int]) -> dict[int, int | None]:
    """The server that reads each of these sources, of several the first."""
    if not source_ids:
        return {}
    readers = select(sources.c.id, _FIRST_READER.label("guild_id")).where(sources.c.id.in_(source_ids))
    return {row.id: row.guild_id for row in await transaction.execute(readers)}


async def _lock_due(
    transaction: Transaction, limit: int, *, busy: Collection[int], full: Collection[int]
) -> list[_Due]:
    """So many sources that are due; none of these, and none of these servers."""
    chosen: set[int] = set()
    asked = {"now": transaction.now, "most": limit * _CHOSEN_FOR_EACH_TAKEN}
    for first_ones in _due_sources():
        others = first_ones.where(sources.c.id.not_in(busy)) if busy else first_ones
        others = others.where(_FIRST_READER.not_in(full)) if full else others
        chosen.update((await transaction.execute(others, asked)).scalars())
    if not chosen:
        return []
    locked = await transaction.execute(
        select(sources.c.id, sources.c.leased_until, _FIRST_READER.label("guild_id"))
        .where(sources.c.id.in_(chosen), or_(*_is_due(transaction.now)))
        .order_by(sources.c.next_poll_at)
        .limit(limit)
        .with_for_update(skip_locked=True, of=sources)
    )
    return [_Due(row.id, row.guild_id, is_broken_off=row.leased_until is not None) for row in locked]


@cache  # putting them together takes longer than asking them
def _due_sources() -> tuple[Select[tuple[int]], ...]:
    """Ids of the first `most` that are due `now`, and of those that are wished for."""
    now: BindParameter[datetime] = bindparam("now", type_=sources.c.next_poll_at.type)
    is_read = exists().where(subscriptions.c.source_id == sources.c.id)
    return tuple(
        select(sources.c.id).where(condition, is_read).order_by(order).limit(bindparam("most", type_=Integer()))
        for condition, order in zip(_is_due(now), (sources.c.next_poll_at, sources.c.wanted_at), strict=True)
    )


def _is_due(now: Any) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    """Its time has come; or somebody said that there is something new, and nobody reads it."""
    is_free = or_(sources.c.leased_until.is_(None), sources.c.leased_until <= now)
    return sources.c.next_poll_at <= now, and_(sources.c.wanted_at <= now, is_free)


async def void_claims(transaction: Transaction, *, until: datetime | None = None) -> int:
    """Let what is being read be due now: what was claimed until that moment.

    Without one, all; only for a database that one process at a time runs on.
    """
    result = await transaction.execute(
        update(sources)
        .where(
            sources.c.leased_until == sources.c.next_poll_at,
            true() if until is None else sources.c.leased_until == until,
        )
        .values(next_poll_at=transaction.now, **(_BROKEN_OFF if until is None else _FREE))
    )
    return result.rowcount


async def void_claims_of(transaction: Transaction, incarnations: Collection[str], *, have_died: bool = True) -> int:
    """Let what these processes were reading be due now; of such that end as they should, like any other."""
    held = (
        select(sources.c.id)
        .where(sources.c.lease_incarnation.in_(list(incarnations)), sources.c.lease_incarnation.is_not(None))
        .order_by(sources.c.id)
        .with_for_update(skip_locked=True)
    )
    left = _BROKEN_OFF if have_died else _FREE
    result = await transaction.execute(
        update(sources).where(sources.c.id.in_(held)).values(next_poll_at=transaction.now, **left)
    )
    return result.rowcount


async def renew_claims(
    transaction: Transaction, source_ids: Collection[int], *, incarnation: str, until: datetime
) -> None:
    """Let what this process reads stay with it until then, but for what is not its any more."""
    await transaction.execute(
        update(sources)
        .where(sources.c.id.in_(source_ids), sources.c.lease_incarnation == incarnation)
        .values(next_poll_at=until, leased_until=until)
    )


async def hold_claim(transaction: Transaction, source_id: int, *, incarnation: str) -> Source | None:
    """The source as it is now; None when it is not this process's any more: the reading is void then.

    Somebody subscribed anew, so that it is read again at once, or another process has taken it over.
    """
    rows = await transaction.execute(
        select(sources).where(sources.c.id == source_id, sources.c.lease_incarnation == incarnation).with_for_update()
    )
    row = rows.one_or_none()
    return None if row is None else source_of(row)


async def are_all(transaction: Transaction, source_ids: Sequence[int]) -> bool:
    """Whether there is no source besides these."""
    others = select(exists().where(sources.c.id.not_in(source_ids)))
    return not (await transaction.execute(others)).scalar_one()


async def next_poll(transaction: Transaction) -> datetime | None:
    """When the next source is due, None when there is none."""
    moments = [(await transaction.execute(each)).scalar_one() for each in _next_polls()]
    return min((moment for moment in moments if moment is not None), default=None)


@cache
def _next_polls() -> tuple[Select[tuple[datetime | None]], ...]:
    is_read = exists().where(subscriptions.c.source_id == sources.c.id)
    due = select(func.min(sources.c.next_poll_at)).where(is_read)
    wanted = select(func.min(sources.c.wanted_at)).where(is_read, sources.c.leased_until.is_(None))
    return due, wanted


async def is_due_after(transaction: Transaction, horizon: datetime) -> bool:
    """Whether a source is due beyond `horizon`."""
    result = await transaction.execute(select(exists().where(sources.c.next_poll_at > horizon)))
    return bool(result.scalar_one())


async def bring_nearer(transaction: Transaction, *, horizon: datetime, limit: int) -> int:
    """Let so many sources that are due beyond `horizon` be due now; how many they were."""
    astray = select(sources.c.id).where(sources.c.next_poll_at > horizon).order_by(sources.c.next_poll_at).limit(limit)
    ids = (await transaction.execute(astray)).scalars().all()
    result = await transaction.execute(
        update(sources).where(sources.c.id.in_(ids)).values(next_poll_at=transaction.now)
    )
    return result.rowcount


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
    has_waiting: bool,
    is_behind: bool,
    next_poll_at: datetime,
    wanted_from: datetime,
) -> None:
    """The source was read and what it gave is stored, the last of it in this transaction: now its marks may advance.

    has_waiting: of its new issues some had to wait. is_behind: such ones of which nobody will be told.
    """
    await transaction.execute(
        update(sources)
        .where(sources.c.id == source_id)
        .values(
            **_put_back(wanted_from),
            title=func.coalesce(title, sources.c.title),
            home_url=func.coalesce(home_url, sources.c.home_url),
            rung_url=rung_url,
            look_up_at=look_up_at,
            etag=etag,
            last_modified=last_modified,
            failures=0,
            last_problem=problem.as_json() if problem is not None else None,
            first_read_at=func.coalesce(sources.c.first_read_at, transaction.now),
            has_waiting=has_waiting,
            is_behind=is_behind,
            last_read_at=transaction.now,
            next_poll_at=next_poll_at,
        )
    )


async def record_unchanged(
    transaction: Transaction,
    source_id: int,
    *,
    look_up_at: datetime | None,
    next_poll_at: datetime,
    wanted_from: datetime,
) -> None:
    await transaction.execute(
        update(sources)
        .where(sources.c.id == source_id)
        .values(
            **_put_back(wanted_from),
            failures=0,
            # What the reading before could not make out is still there; that it failed is over.
            last_problem=case((sources.c.failures > 0, None), else_=sources.c.last_problem),
            look_up_at=look_up_at,
            last_read_at=transaction.now,
            next_poll_at=next_poll_at,
        )
    )


def _put_back(wanted_from: datetime | None) -> dict[str, Any]:
    """The end of a claim; what was wished for meanwhile is due at `wanted_from` at the soonest, or not at all."""
    wanted_at = None
    if wanted_from is not None:
        wanted_at = case((sources.c.wanted_at.is_not(None), literal(wanted_from, sources.c.wanted_at.type)))
    return {**_FREE, "hinted_guild_id": None, "wanted_at": wanted_at}


async def record_failure(
    transaction: Transaction, source_id: int, *, problem: Problem, look_up_at: datetime | None, next_poll_at: datetime
) -> None:
    await transaction.execute(
        update(sources)
        .where(sources.c.id == source_id)
        .values(
            **_put_back(None),
            failures=sources.c.failures + 1,
            last_problem=problem.as_json(),
            look_up_at=look_up_at,
            next_poll_at=next_poll_at,
        )
    )


async def put_off(transaction: Transaction, source_id: int, *, next_poll_at: datetime) -> None:
    """Read the source then; that is nothing that failed."""
    await transaction.execute(
        update(sources).where(sources.c.id == source_id).values(**_put_back(None), next_poll_at=next_poll_at)
    )


async def note_silence(transaction: Transaction, source_id: int, *, since: datetime) -> None:
    """Keep that the silence after the issue of that moment is told."""
    await transaction.execute(update(sources).where(sources.c.id == source_id).values(silent_since=since))


async def begin_anew(transaction: Transaction, source_id: int) -> None:
    """Let the next reading be a first one, now."""
    await transaction.execute(
        update(sources)
        .where(sources.c.id == source_id)
        .values(
            first_read_at=None,
            has_waiting=False,
            is_behind=False,
            unread_since=None,
            rung_url=None,
            look_up_at=None,
            etag=None,
            last_modified=None,
            failures=0,
            next_poll_at=transaction.now,
            **_FREE,
        )
    )
    transaction.wake(WorkerName.SOURCES)


async def want(transaction: Transaction, source_id: int, moment: datetime, *, guild_id: int | None) -> None:
    """Let the source be read then at the latest, for this server or for all; a reading under way goes on.

    Nothing is hurried that failed: its pauses are what keeps the bot polite.
    """
    await transaction.execute(
        update(sources)
        .where(
            sources.c.id == source_id,
            sources.c.failures == 0,
            or_(sources.c.wanted_at.is_(None), sources.c.wanted_at > moment),
        )
        .values(wanted_at=moment, wanted_guild_id=guild_id)
    )
    transaction.wake(WorkerName.SOURCES)


async def charge(transaction: Transaction, source_id: int, received_bytes: int, *, day: date) -> None:
    """So much was received of the source on that day."""
    before = case((sources.c.usage_day == day, sources.c.received_bytes), else_=0)
    await transaction.execute(
        update(sources).where(sources.c.id == source_id).values(received_bytes=before + received_bytes, usage_day=day)
    )


async def note_stored(
    transaction: Transaction, source_id: int, *, issues: int, links: int, written: int, day: date
) -> None:
    """So many more issues and links are stored of the source; written: links that were, also in place of others."""
    is_today = sources.c.stored_day == day
    await transaction.execute(
        update(sources)
        .where(sources.c.id == source_id)
        .values(
            stored_issues=case((is_today, sources.c.stored_issues), else_=0) + issues,
            stored_links=case((is_today, sources.c.stored_links), else_=0) + written,
            stored_day=day,
            issue_count=sources.c.issue_count + issues,
            link_count=sources.c.link_count + links,
        )
    )


async def take_back_marks(transaction: Transaction, source_id: int) -> None:
    """What the source gave is stored in part: until the rest is, it must not say that nothing has changed."""
    await transaction.execute(update(sources).where(sources.c.id == source_id).values(etag=None, last_modified=None))


async def make_due(transaction: Transaction, source_id: int) -> None:
    """Let the source be read at the next look."""
    await transaction.execute(
        update(sources).where(sources.c.id == source_id).values(next_poll_at=transaction.now, **_FREE)
    )
    transaction.wake(WorkerName.SOURCES)


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
        hinted_guild_id=row.hinted_guild_id,
        silent_since=row.silent_since,
        usage_day=row.usage_day,
        received_bytes=row.received_bytes,
        stored_day=row.stored_day,
        stored_issues=row.stored_issues,
        stored_links=row.stored_links,
        issue_count=row.issue_count,
        link_count=row.link_count,
        has_waiting=row.has_waiting,
        is_behind=row.is_behind,
        has_key=row.secret is not None,
    )
