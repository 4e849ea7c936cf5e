"""Keys of links, wherever they are stored, and the version of the rules by which each was made."""

from collections.abc import Collection, Mapping

from sqlalchemy import bindparam, case, exists, select, update

from bot.store.group_commit import Transaction
from bot.store.tables import links, submissions

Stale = tuple[int, str, str]
"""Row id, address, and the key by older rules."""


async def stale_links(transaction: Transaction, *, version: int, limit: int) -> list[Stale]:
    """Those that no other process is at."""
    rows = await transaction.execute(
        select(links.c.id, links.c.url, links.c.key)
        .where(links.c.key_version < version)
        .order_by(links.c.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return [(row.id, row.url, row.key) for row in rows]


async def set_link_keys(transaction: Transaction, keys: Mapping[int, str], *, version: int) -> None:
    if keys:
        await transaction.execute(
            update(links)
            .where(links.c.id == bindparam("row_id"))
            .values(key=bindparam("new_key"), key_version=version, search_version=0),  # it is found by its host, too
            [{"row_id": row_id, "new_key": key} for row_id, key in keys.items()],
        )


async def stale_submissions(
    transaction: Transaction, *, version: int, guild_ids: Collection[int] | None, limit: int
) -> list[Stale]:
    """The oldest first; those that were forgotten have no address any more, and need no key."""
    wanted = select(submissions.c.id, submissions.c.url, submissions.c.link_key).where(
        submissions.c.key_version < version, submissions.c.url != ""
    )
    if guild_ids is not None:
        wanted = wanted.where(submissions.c.guild_id.in_(guild_ids))
    rows = await transaction.execute(wanted.order_by(submissions.c.id).limit(limit).with_for_update())
    return [(row.id, row.url, row.link_key) for row in rows]


async def set_submission_key(transaction: Transaction, row_id: int, key: str, *, version: int) -> None:
    """The key by the present rules; the place of the link in its server stays with whoever has it by them already."""
    other = submissions.alias()
    own = select(submissions.c.guild_id).where(submissions.c.id == row_id).scalar_subquery()
    taken = exists().where(other.c.guild_id == own, other.c.open_key == key, other.c.id != row_id)
    await transaction.execute(
        update(submissions)
        .where(submissions.c.id == row_id)
        .values(
            link_key=key,
            key_version=version,
            open_key=case((submissions.c.open_key.is_(None) | taken, None), else_=key),
        )
    )
