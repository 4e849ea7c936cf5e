"""What is kept for a time only: rows that nobody needs after that, found by their keys, some at a time."""

from datetime import datetime

from sqlalchemy import ColumnElement, and_, delete, exists, or_, select

from bot.model.delivery import Purpose
from bot.store.group_commit import Transaction
from bot.store.tables import floods, interactions, issues, outbox, polls, submissions

_OF_ISSUES = (Purpose.ANNOUNCE, Purpose.PUBLISH, Purpose.EDIT)


async def outbox_portion(
    transaction: Transaction, *, after: int, before: datetime, limit: int
) -> tuple[int | None, list[int]]:
    """Of the next so many deliveries beyond the row `after`: the last row's id, and those that nobody needs any more.

    Needed is what is open, what was queued at `before` or later, what was queued for an issue that is stored (it is
    never announced twice, can be edited, and `/desk why` tells of it), the card of a submission or a poll that is
    stored (who is named on it may want to be forgotten), and the card of a flood that is not decided yet. None when
    there is no row beyond.
    """
    rows = list(
        (
            await transaction.execute(select(outbox.c.id).where(outbox.c.id > after).order_by(outbox.c.id).limit(limit))
        ).scalars()
    )
    if not rows:
        return None, []
    unneeded = await transaction.execute(
        select(outbox.c.id).where(
            outbox.c.id.between(rows[0], rows[-1]),
            outbox.c.due_at.is_(None),
            outbox.c.created_at < before,
            ~_is_needed(),
        )
    )
    return rows[-1], list(unneeded.scalars())


async def delete_deliveries(transaction: Transaction, outbox_ids: list[int]) -> None:
    """Forget these, as far as nobody opened one of them again meanwhile."""
    await transaction.execute(delete(outbox).where(outbox.c.id.in_(outbox_ids), outbox.c.due_at.is_(None)))


async def delete_interactions(transaction: Transaction, *, before: datetime, limit: int) -> int:
    """Forget the oldest presses, if they acted before that moment; how many there were."""
    # Discord numbers them by time.
    oldest = select(interactions.c.interaction_id).order_by(interactions.c.interaction_id).limit(limit)
    result = await transaction.execute(
        delete(interactions).where(interactions.c.interaction_id.in_(oldest), interactions.c.acted_at < before)
    )
    return result.rowcount


def _is_needed() -> ColumnElement[bool]:
    subject = outbox.c.subject_key
    is_stored = exists().where(issues.c.issue_key == subject)
    is_submission = exists().where(submissions.c.submission_key == subject)
    is_poll = exists().where(polls.c.poll_key == subject)
    is_undecided = exists().where(floods.c.flood_key == subject, floods.c.decision.is_(None))
    return or_(
        and_(outbox.c.purpose.in_(_OF_ISSUES), is_stored),
        and_(outbox.c.purpose == Purpose.REVIEW, is_submission),
        and_(outbox.c.purpose == Purpose.POLL, is_poll),
        and_(outbox.c.purpose == Purpose.FLOOD, is_undecided),
    )
