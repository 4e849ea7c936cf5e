"""Floods: readings in which most looked new, and that wait for the staff."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, and_, delete, exists, func, select, update

from bot.model.delivery import DeliveryState, Purpose
from bot.model.flood import Flood, FloodDecision
from bot.store.group_commit import Transaction
from bot.store.statements import insert
from bot.store.subjects import WHEREVER
from bot.store.tables import floods, issues, outbox, sources, stopped_channels


async def add(
    transaction: Transaction,
    *,
    flood_key: str,
    guild_id: int,
    source_id: int,
    issue_keys: Sequence[str],
    listed: int,
) -> None:
    """Keep what is held back; nothing changes where the same was kept before."""
    await transaction.execute(
        insert(transaction, floods)
        .values(
            flood_key=flood_key,
            guild_id=guild_id,
            source_id=source_id,
            issue_keys=list(issue_keys),
            listed=listed,
            found_at=transaction.now,
        )
        .on_conflict_do_nothing(index_elements=["flood_key"])
    )


async def get(transaction: Transaction, flood_key: str, *, guild_id: int) -> Flood | None:
    """A flood of this server."""
    wanted = _floods().where(floods.c.flood_key == flood_key, floods.c.guild_id == guild_id)
    row = (await transaction.execute(wanted)).one_or_none()
    return None if row is None else await _whole(transaction, row)


async def holding(transaction: Transaction, issue_key: str, *, guild_id: int, source_id: int) -> Flood | None:
    """The last flood of a source in which an issue was held back from a server."""
    found = await transaction.execute(
        _floods().where(floods.c.guild_id == guild_id, floods.c.source_id == source_id).order_by(floods.c.id.desc())
    )
    row = next((row for row in found if issue_key in row.issue_keys), None)
    return None if row is None else await _whole(transaction, row)


def is_undecided(subject: ColumnElement[str]) -> ColumnElement[bool]:
    """Whether the staff has not decided yet."""
    return exists().where(floods.c.flood_key == subject, floods.c.decision.is_(None))


def cards_waiting() -> Select[tuple[int, str, int | None]]:
    """Floods that the staff has to decide on."""
    return select(floods.c.guild_id, floods.c.flood_key.label("subject_key"), WHEREVER).where(
        floods.c.decision.is_(None)
    )


async def waiting(transaction: Transaction, guild_id: int, *, limit: int) -> list[Flood]:
    """The newest that nobody decided about."""
    undecided = _floods().where(floods.c.guild_id == guild_id, floods.c.decision.is_(None))
    wanted = undecided.order_by(floods.c.id.desc()).limit(limit)
    return [await _whole(transaction, row) for row in (await transaction.execute(wanted)).all()]


async def untold(transaction: Transaction, guild_id: int, *, limit: int) -> list[Flood]:
    """The oldest that nobody decided about and that no card asks about, or is going to."""
    wanted = _floods().where(_is_untold(guild_id)).order_by(floods.c.id).limit(limit)
    return [await _whole(transaction, row) for row in (await transaction.execute(wanted)).all()]


async def count_untold(transaction: Transaction, guild_id: int) -> tuple[int, int]:
    """How many there are of those, and how many issues they hold back."""
    issues = func.coalesce(func.sum(func.json_array_length(floods.c.issue_keys)), 0)
    counted = select(func.count().label("floods"), issues.label("issues")).where(_is_untold(guild_id))
    row = (await transaction.execute(counted)).one()
    return row.floods, row.issues


def _is_untold(guild_id: int) -> ColumnElement[bool]:
    """A card in a stopped channel asks nobody: it waits there, or nobody can be sure to see it."""
    asked = exists().where(
        outbox.c.guild_id == floods.c.guild_id,
        outbox.c.subject_key == floods.c.flood_key,
        outbox.c.purpose == Purpose.FLOOD,
        outbox.c.state != DeliveryState.FAILED,
        ~exists().where(stopped_channels.c.channel_id == outbox.c.channel_id),
    )
    return and_(floods.c.guild_id == guild_id, floods.c.decision.is_(None), ~asked)


async def count_waiting(transaction: Transaction) -> int:
    """How many wait for a decision, in all servers."""
    waiting = select(func.count()).select_from(floods).where(floods.c.decision.is_(None))
    count: int = (await transaction.execute(waiting)).scalar_one()
    return count


async def decide(transaction: Transaction, flood_key: str, decision: FloodDecision, *, guild_id: int) -> bool:
    """Take the decision; False when somebody was faster."""
    result = await transaction.execute(
        update(floods)
        .where(floods.c.flood_key == flood_key, floods.c.guild_id == guild_id, floods.c.decision.is_(None))
        .values(decision=decision, decided_at=transaction.now)
    )
    return bool(result.rowcount)


async def drop_waiting(transaction: Transaction, *, guild_id: int, source_id: int, limit: int) -> int:
    """Forget so much that is held back of a source that the server does not read any more; how much that was."""
    waiting = select(floods.c.id).where(
        floods.c.guild_id == guild_id, floods.c.source_id == source_id, floods.c.decision.is_(None)
    )
    ids = (await transaction.execute(waiting.order_by(floods.c.id).limit(limit))).scalars().all()
    result = await transaction.execute(delete(floods).where(floods.c.id.in_(ids), floods.c.decision.is_(None)))
    return result.rowcount


def _floods() -> Select[Any]:
    return select(floods, sources.c.title.label("source_title"), sources.c.url.label("source_url")).join(
        sources, sources.c.id == floods.c.source_id
    )


async def _whole(transaction: Transaction, row: Row[Any]) -> Flood:
    newest = select(issues.c.title).where(issues.c.issue_key == row.issue_keys[-1])
    return Flood(
        flood_key=row.flood_key,
        guild_id=row.guild_id,
        source_id=row.source_id,
        source_name=row.source_title or row.source_url,
        issue_keys=tuple(row.issue_keys),
        listed=row.listed,
        newest_title=(await transaction.execute(newest)).scalar_one_or_none() or "",
        found_at=row.found_at,
        decision=FloodDecision(row.decision) if row.decision else None,
    )
