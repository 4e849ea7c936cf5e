"""Keys of links after their rules changed: stored ones are made anew, a few at a time, wherever it was stopped.

Until that is done, whoever looks a link up asks for its key by the old rules, too (`keys_of`).
"""

from collections.abc import Callable, Collection

from bot.model.guild import Source
from bot.store import Store, Transaction
from bot.store import rekeying as key_rows
from bot.store.rekeying import START, Place

_AT_ONCE = 200


def keys_of(url: str) -> tuple[str, ...]:
    """All keys under which a link may be stored, by the present rules first; none where it is no web address."""
    from bot.newsletter.addresses.links import link_keys  # with the patterns behind it: not before a link is looked up

    return link_keys(url)


def names_of(url: str, sources: Collection[Source]) -> tuple[str, ...]:
    """All keys under which a link may be stored in a server that reads these newsletters: it may bear their stamp."""
    alias = alias_of(url, sources)
    return keys_of(url) if alias is None else (*keys_of(url), alias)


def alias_of(url: str, sources: Collection[Source]) -> str | None:
    """The key of an address without the stamp of one of these newsletters (`?ref=weekly.example`); None without any."""
    from bot.newsletter.addresses.chrome import Own
    from bot.newsletter.addresses.links import link_key
    from bot.newsletter.addresses.stamps import without_own_stamp

    own = Own()
    for source in sources:
        own.add_site(source.home_url or source.url)
        own.titles.add(source.title or "")
    clean = without_own_stamp(url, own)
    return link_key(clean) if clean is not None and clean != url else None


async def follow_submissions(store: Store, goes_on: Callable[[], bool] = lambda: True) -> None:
    """Make the keys of all submissions by the present rules, a few a transaction."""
    from bot.newsletter.addresses.links import KEY_VERSION

    while goes_on():
        async with store.read() as transaction:
            if not await key_rows.are_submissions_stale(transaction, version=KEY_VERSION):
                return
        place: Place | None = START
        while place is not None and goes_on():
            async with store.write() as transaction:
                place = await rekey_submissions(transaction, after=place)


async def follow_links(store: Store, goes_on: Callable[[], bool] = lambda: True) -> None:
    """Make the keys of all links by the present rules, a few a transaction; not of those that another process is at."""
    from bot.newsletter.addresses.links import KEY_VERSION

    async with store.read() as transaction:
        if not await key_rows.are_links_stale(transaction, version=KEY_VERSION):
            return
    place: Place | None = START
    while place is not None and goes_on():
        async with store.write() as transaction:
            place = await rekey_links(transaction, after=place)


async def rekey_links(transaction: Transaction, *, after: Place, limit: int = _AT_ONCE) -> Place | None:
    """Make keys of issues' links anew, a portion behind `after`; where it ended, None when there was none left."""
    from bot.newsletter.addresses.links import KEY_VERSION, link_key

    stale = await key_rows.stale_links(transaction, version=KEY_VERSION, after=after, limit=limit)
    await key_rows.set_link_keys(
        transaction,
        {each.row_id: (link_key(each.url) or each.key, _again(each.alias)) for each in stale},
        version=KEY_VERSION,
    )
    return stale[-1].place if stale else None


async def rekey_submissions(transaction: Transaction, *, after: Place, limit: int = _AT_ONCE) -> Place | None:
    """Make keys of submissions anew, as `rekey_links`.

    Two that are one link now both stay, each with its finder; the earlier one is what a third sender is told of.
    """
    from bot.newsletter.addresses.links import KEY_VERSION, link_key

    stale = await key_rows.stale_submissions(transaction, version=KEY_VERSION, after=after, limit=limit)
    for each in stale:
        key = link_key(each.url) or each.key
        await key_rows.set_submission_key(transaction, each.row_id, key, _again(each.alias), version=KEY_VERSION)
    return stale[-1].place if stale else None


def _again(alias: str | None) -> str | None:
    """An alias by the present rules; the address that it was made of is kept nowhere."""
    from bot.newsletter.addresses.links import link_key

    return alias and (link_key(f"https://{alias}") or alias)
