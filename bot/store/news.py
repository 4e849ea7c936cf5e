"""Stored issues on their way to the servers, and when the newest came out."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, or_, select, true, update

from bot.model.issue import News, Stage
from bot.store.group_commit import Transaction
from bot.store.tables import issues


async def publishing_times(transaction: Transaction, source_id: int, *, limit: int) -> list[datetime]:
    """When the newest issues of a source came out, as far as it says so."""
    rows = await transaction.execute(
        select(issues.c.published_at)
        .where(issues.c.source_id == source_id, issues.c.published_at.is_not(None), was_decided())
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
        .where(issues.c.source_id == source_id, issues.c.published_at <= transaction.now, was_decided())
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
                was_decided() if is_decided else true(),
            )
            .order_by(issues.c.ordered_at.desc(), issues.c.id.desc())
            .limit(1)
        )
    ).one_or_none()
    return None if row is None else (row.issue_key, row.identity)


def was_decided() -> ColumnElement[bool]:
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
