"""Absences: newest issues that are gone from their source, and what is known of whether they were taken back."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import case, delete, exists, or_, select, update

from bot.store.group_commit import Transaction
from bot.store.statements import insert
from bot.store.tables import absences, issue_identities, issues


@dataclass(frozen=True, slots=True)
class Absence:
    """An issue that is gone, where it was, and by what names.

    asks: how often it was asked for. gone_since: when its address first answered, and has since, that nothing is there.
    """

    issue_id: int
    url: str | None
    names: frozenset[str]
    asks: int
    gone_since: datetime | None


async def note(transaction: Transaction, source_id: int, issue_ids: Collection[int]) -> None:
    """A good reading lists none of these; no other newest issue of the source is absent."""
    await transaction.execute(
        delete(absences).where(absences.c.source_id == source_id, absences.c.issue_id.not_in(issue_ids))
    )
    if not issue_ids:
        return
    rows = [
        {
            "issue_id": each,
            "source_id": source_id,
            "readings": 1,
            "asks": 0,
            "ask_at": transaction.now,
            "is_proven": False,
        }
        for each in sorted(issue_ids)
    ]
    await transaction.execute(
        insert(transaction, absences).on_conflict_do_update(
            index_elements=["issue_id"], set_={"readings": absences.c.readings + 1}
        ),
        rows,
    )


async def due(transaction: Transaction, source_id: int, *, horizon: datetime, limit: int) -> list[Absence]:
    """Those to be asked for now; one that is to be asked after `horizon` was noted while the clock was wrong."""
    rows = (
        await transaction.execute(
            select(absences, issues.c.url)
            .join(issues, issues.c.id == absences.c.issue_id)
            .where(
                absences.c.source_id == source_id,
                or_(absences.c.ask_at <= transaction.now, absences.c.ask_at > horizon),
            )
            .order_by(absences.c.ask_at, absences.c.issue_id)
            .limit(limit)
        )
    ).all()
    found = []
    for row in rows:
        names = await transaction.execute(
            select(issue_identities.c.identity).where(issue_identities.c.issue_id == row.issue_id)
        )
        found.append(Absence(row.issue_id, row.url, frozenset(names.scalars()), row.asks, row.gone_since))
    return found


async def answer(
    transaction: Transaction,
    absence: Absence,
    *,
    ask_at: datetime,
    gone_since: datetime | None,
    is_proven: bool,
    readings: int = 1,
) -> None:
    """Keep what was answered, unless somebody else asked meanwhile. readings: as many as the answer is worth."""
    await transaction.execute(
        update(absences)
        .where(absences.c.issue_id == absence.issue_id, absences.c.asks == absence.asks)
        .values(
            asks=absence.asks + 1,
            ask_at=ask_at,
            gone_since=gone_since,
            is_proven=is_proven,
            readings=case((absences.c.readings < readings, readings), else_=absences.c.readings),
        )
    )


async def withdraw_proven(transaction: Transaction, source_id: int, *, readings: int) -> list[str]:
    """Withdraw what is proven to be gone and was missed in so many readings; the keys of those issues."""
    proven = select(absences.c.issue_id).where(
        absences.c.source_id == source_id, absences.c.is_proven, absences.c.readings >= readings
    )
    rows = await transaction.execute(
        update(issues)
        .where(issues.c.id.in_(proven), issues.c.withdrawn_at.is_(None))
        .values(withdrawn_at=transaction.now, is_redrawn=True)
        .returning(issues.c.issue_key)
    )
    keys = list(rows.scalars())
    if keys:
        await transaction.execute(delete(absences).where(absences.c.issue_id.in_(proven)))
    return keys


async def is_any_uncertain(transaction: Transaction, source_id: int, *, readings: int) -> bool:
    """Whether an issue was missed, but not in so many readings yet that it would tell anything."""
    of_source = select(
        or_(
            exists().where(absences.c.source_id == source_id, absences.c.readings < readings),
            exists().where(
                issues.c.source_id == source_id, issues.c.missed_readings > 0, issues.c.withdrawn_at.is_(None)
            ),
        )
    )
    return bool((await transaction.execute(of_source)).scalar_one())
