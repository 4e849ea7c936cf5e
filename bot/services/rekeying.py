"""Keys of links after their rules changed: stored ones are made anew, a few at a time, wherever it was stopped.

Until that is done, whoever looks a link up asks for its key by the old rules, too (`keys_of`).
"""

from collections.abc import Collection

from bot.store import Transaction
from bot.store import keys as key_rows


def keys_of(url: str) -> tuple[str, ...]:
    """All keys under which a link may be stored, by the present rules first; none where it is no web address."""
    from bot.newsletter.links import link_keys  # with the patterns behind it: not before a link is looked up

    return link_keys(url)


async def rekey_links(transaction: Transaction, *, limit: int) -> int:
    """Make keys of issues' links anew; how many there were, 0 when all are by the present rules."""
    from bot.newsletter.links import KEY_VERSION, link_key

    stale = await key_rows.stale_links(transaction, version=KEY_VERSION, limit=limit)
    await key_rows.set_link_keys(
        transaction, {link_id: link_key(url) or key for link_id, url, key in stale}, version=KEY_VERSION
    )
    return len(stale)


async def rekey_submissions(transaction: Transaction, *, limit: int, guild_ids: Collection[int] | None = None) -> int:
    """Make keys of submissions anew, of some servers or all; how many there were.

    Two that are one link now both stay, each with its finder; the earlier one is what a third sender is told of.
    """
    from bot.newsletter.links import KEY_VERSION, link_key

    stale = await key_rows.stale_submissions(transaction, version=KEY_VERSION, guild_ids=guild_ids, limit=limit)
    for row_id, url, key in stale:
        await key_rows.set_submission_key(transaction, row_id, link_key(url) or key, version=KEY_VERSION)
    return len(stale)
