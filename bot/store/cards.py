"""Cards on which somebody has to press something: which stand where, and when that was last looked at."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import CTE, ColumnElement, Select, and_, exists, func, literal, null, or_, select, union_all, update

from bot.model.delivery import DeliveryRecord, DeliveryState, Purpose
from bot.store.group_commit import Transaction
from bot.store.outbox import record_of
from bot.store.submissions import waits_for_decision
from bot.store.tables import floods, guilds, outbox, stopped_channels, submissions


async def due_for_a_look(
    transaction: Transaction, *, before: datetime, together: datetime, limit: int
) -> list[DeliveryRecord]:
    """Cards of one channel that somebody has to press, by the order in which they were posted.

    One of them was last looked at (or posted) by `before`, all of them by `together`. A look that lies in the future
    was noted while the clock was wrong.
    """
    looked_at = func.coalesce(outbox.c.looked_at, outbox.c.sent_at)
    first = await transaction.execute(
        _waited_for(outbox.c.channel_id).where(_is_by(looked_at, before, transaction.now)).order_by(looked_at).limit(1)
    )
    channel_id = first.scalar_one_or_none()
    if channel_id is None:
        return []
    rows = await transaction.execute(
        _waited_for(*outbox.c)
        .where(outbox.c.channel_id == channel_id, _is_by(looked_at, together, transaction.now))
        .order_by(outbox.c.message_id)
        .limit(limit)
    )
    return [record_of(row) for row in rows]


async def next_look(transaction: Transaction) -> datetime | None:
    """The last look of the card that was not looked at for the longest time; None when nothing is waited for."""
    oldest = await transaction.execute(_waited_for(func.min(func.coalesce(outbox.c.looked_at, outbox.c.sent_at))))
    moment: datetime | None = oldest.scalar_one()
    return moment


async def still_waited_for(transaction: Transaction, delivery_keys: Collection[str]) -> list[DeliveryRecord]:
    """Those of these cards that somebody has to press, and that are the last ones of their matter in their channel."""
    rows = await transaction.execute(_waited_for(*outbox.c).where(outbox.c.delivery_key.in_(list(delivery_keys))))
    return [record_of(row) for row in rows]


async def note_look(transaction: Transaction, delivery_keys: Collection[str], *, at: datetime) -> None:
    await transaction.execute(update(outbox).where(outbox.c.delivery_key.in_(list(delivery_keys))).values(looked_at=at))


def _is_by(looked_at: ColumnElement[Any], moment: datetime, now: datetime) -> ColumnElement[bool]:
    return or_(looked_at <= moment, looked_at > now)


def _waited_for(*columns: Any) -> Select[Any]:
    """Of cards that are posted, in channels that take messages; of each matter in a channel the last one."""
    asked = _asked()
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


def _asked() -> CTE:
    """What the staff has to decide on, and the channel in which it is asked (null: in whichever it is).

    A poll is not among it: nobody has to answer, `/vote` takes votes without its card, and who deletes one means it.
    """
    waiting = (
        select(
            submissions.c.guild_id,
            submissions.c.submission_key.label("subject_key"),
            literal(str(Purpose.REVIEW)).label("purpose"),
            guilds.c.review_channel_id.label("channel_id"),
        )
        .join(guilds, guilds.c.guild_id == submissions.c.guild_id)
        .where(waits_for_decision(), guilds.c.review_channel_id.is_not(None))
    )
    undecided = select(
        floods.c.guild_id, floods.c.flood_key, literal(str(Purpose.FLOOD)), null().label("channel_id")
    ).where(floods.c.decision.is_(None))
    return union_all(waiting, undecided).cte("asked")
