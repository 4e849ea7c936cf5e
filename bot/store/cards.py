"""Cards on which somebody has to press something: which stand where, and when that was last looked at."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import CTE, ColumnElement, Select, and_, exists, func, literal, or_, select, union_all, update

from bot.model.delivery import DeliveryRecord, DeliveryState, Purpose
from bot.store.group_commit import Transaction
from bot.store.outbox import record_of
from bot.store.subjects import Waiting
from bot.store.tables import outbox, stopped_channels

WaitedFor = Mapping[Purpose, Waiting]
"""Of each kind of card that waits for people, what it waits with; at least one."""


async def due_for_a_look(
    transaction: Transaction, waited_for: WaitedFor, *, before: datetime, together: datetime, limit: int
) -> list[DeliveryRecord]:
    """Cards of one channel that somebody has to press, by the order in which they were posted.

    One of them was last looked at (or posted) by `before`, all of them by `together`. A look that lies in the future
    was noted while the clock was wrong.
    """
    looked_at = func.coalesce(outbox.c.looked_at, outbox.c.sent_at)
    first = await transaction.execute(
        _standing(waited_for, outbox.c.channel_id)
        .where(_is_by(looked_at, before, transaction.now))
        .order_by(looked_at)
        .limit(1)
    )
    channel_id = first.scalar_one_or_none()
    if channel_id is None:
        return []
    rows = await transaction.execute(
        _standing(waited_for, *outbox.c)
        .where(outbox.c.channel_id == channel_id, _is_by(looked_at, together, transaction.now))
        .order_by(outbox.c.message_id)
        .limit(limit)
    )
    return [record_of(row) for row in rows]


async def next_look(transaction: Transaction, waited_for: WaitedFor) -> datetime | None:
    """The last look of the card that was not looked at for the longest time; None when nothing is waited for."""
    looked_at = func.coalesce(outbox.c.looked_at, outbox.c.sent_at)
    oldest = await transaction.execute(_standing(waited_for, func.min(looked_at)))
    moment: datetime | None = oldest.scalar_one()
    return moment


async def still_waited_for(
    transaction: Transaction, waited_for: WaitedFor, delivery_keys: Collection[str]
) -> list[DeliveryRecord]:
    """Those of these cards that somebody has to press, and that are the last ones of their matter in their channel."""
    rows = await transaction.execute(
        _standing(waited_for, *outbox.c).where(outbox.c.delivery_key.in_(list(delivery_keys)))
    )
    return [record_of(row) for row in rows]


async def note_look(transaction: Transaction, delivery_keys: Collection[str], *, at: datetime) -> None:
    await transaction.execute(update(outbox).where(outbox.c.delivery_key.in_(list(delivery_keys))).values(looked_at=at))


def _is_by(looked_at: ColumnElement[Any], moment: datetime, now: datetime) -> ColumnElement[bool]:
    return or_(looked_at <= moment, looked_at > now)


def _standing(waited_for: WaitedFor, *columns: Any) -> Select[Any]:
    """Of cards that are posted, in channels that take messages; of each matter in a channel the last one."""
    asked = _asked(waited_for)
    newer = outbox.alias("newer")
    return (
        select(*columns)
        .select_from(outbox)
        .join(
            asked,
            and_(
                asked.c.guild_id == outbox.c.guild_id,
                asked.c.subject_key == outbox.c.subject_key,
                asked.c.purpose == outbox.c.purpose,
                or_(asked.c.channel_id.is_(None), asked.c.channel_id == outbox.c.channel_id),
            ),
        )
        .where(
            outbox.c.state == DeliveryState.DONE,
            outbox.c.message_id.is_not(None),
            ~exists().where(
                newer.c.guild_id == outbox.c.guild_id,
                newer.c.subject_key == outbox.c.subject_key,
                newer.c.channel_id == outbox.c.channel_id,
                newer.c.purpose == outbox.c.purpose,
                newer.c.generation > outbox.c.generation,
            ),
            ~exists().where(stopped_channels.c.channel_id == outbox.c.channel_id),
        )
    )


def _asked(waited_for: WaitedFor) -> CTE:
    """What somebody has to decide on, and the channel in which they are asked (null: in whichever it is)."""
    return union_all(
        *(waiting().add_columns(literal(str(purpose)).label("purpose")) for purpose, waiting in waited_for.items())
    ).cte("asked")
