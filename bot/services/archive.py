"""The archive of links: searched, leafed through, and kept findable."""

import logging
import re
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from random import random

from bot.errors import NotFoundError, RefusedError, StoreSlowError
from bot.model.guild import ArchiveAccess, Guild
from bot.model.issue import ArchivedLink, Link, PlacedLink
from bot.model.member import Actor
from bot.model.pasted import one_address
from bot.model.search import Term, terms_of
from bot.services.members.rekeying import follow_links, follow_submissions, names_of
from bot.store import Store, Transaction
from bot.store import archive as archive_rows
from bot.store import guilds as guild_rows
from bot.store import search as search_rows
from bot.store import sources as source_rows
from bot.store.rekeying import START

log = logging.getLogger(__name__)

PAGE = 6
MOST_PAGES = 20
LONGEST_QUERY = 70
"""A query stands in the custom ids of the buttons that turn the page, which hold 100 characters."""

LONGEST_ADDRESS = 2000
"""That of a page has no other pages to turn to."""

_PAGE_ADDRESS = re.compile(r"https?://[^\s/]+\.[^\s/]+/\S+", re.IGNORECASE)
_MOST_RUNS = 3
_MOST_SUGGESTIONS = 10
_LOOKED_THROUGH_WHILE_TYPING = 500
_RENEWED_AT_ONCE = 200
_READ_AT_ONCE = 500
_MOST_PLACES = 10_000  # looked through for a page of different links


@dataclass(frozen=True, slots=True)
class ArchivePage:
    """One page of what was found; `query` is empty for the newest links."""

    query: str
    links: tuple[ArchivedLink, ...]
    page: int
    has_more: bool


class Archive:
    def __init__(self, store: Store) -> None:
        self._store = store

    async def search(self, guild_id: int, query: str, *, page: int, actor: Actor) -> ArchivePage:
        """What says all words of `query`, the best first. Raises RefusedError where the archive is not for `actor` and
        for what takes too long, NotFoundError where nothing is found.
        """
        try:
            return await self._search(guild_id, query, page=page, actor=actor)
        except StoreSlowError:
            log.warning("search broken off guild_id=%s", guild_id)
            raise RefusedError("archive-too-slow") from None

    async def _search(self, guild_id: int, query: str, *, page: int, actor: Actor) -> ArchivePage:
        address = _address_in(query.strip())
        query = query.strip()[:LONGEST_QUERY]
        terms = terms_of(query)
        page = min(max(page, 0), MOST_PAGES - 1)
        async with self._store.read() as transaction:
            await _require_reader(transaction, guild_id, actor)
            if not terms:
                raise RefusedError("archive-no-words")
            found: list[Link] = []
            if address is not None:
                names = names_of(address, await guild_rows.sources_of_guild(transaction, guild_id))
                found = await archive_rows.links_by_key(transaction, names, guild_id=guild_id)
            found = found or await _ranked(transaction, guild_id, terms, most=MOST_PAGES * PAGE + 1)
            if not found:
                raise NotFoundError("archive-nothing-found", query=query)
            return await _page(transaction, guild_id, found[page * PAGE :], page=page, query=query)

    async def suggest(self, guild_id: int, typed: str, *, actor: Actor) -> list[Link]:
        """Links that somebody may be typing the name of; none where the archive is not for them."""
        terms = terms_of(typed[:LONGEST_QUERY], completing=True)
        if not terms:
            return []
        try:
            async with self._store.read() as transaction:
                if not await _may_read(transaction, guild_id, actor):
                    return []
                return await _ranked(
                    transaction, guild_id, terms, most=_MOST_SUGGESTIONS, looked_through=_LOOKED_THROUGH_WHILE_TYPING
                )
        except StoreSlowError:
            return []

    async def latest(self, guild_id: int, *, page: int, actor: Actor) -> ArchivePage:
        """The links of the newest issues. Raises RefusedError and NotFoundError as `search`."""
        page = min(max(page, 0), MOST_PAGES - 1)
        async with self._store.read() as transaction:
            await _require_reader(transaction, guild_id, actor)
            found = await _newest(transaction, guild_id, most=(page + 1) * PAGE + 1)
            if not found:
                raise NotFoundError("archive-empty")
            return await _page(transaction, guild_id, found[page * PAGE :], page=page, query="")

    async def random(self, guild_id: int, *, actor: Actor) -> ArchivedLink:
        """Any link, no advertisement. Raises RefusedError and NotFoundError as `search`."""
        async with self._store.read() as transaction:
            await _require_reader(transaction, guild_id, actor)
            link = await archive_rows.any_link(transaction, guild_id=guild_id, fraction=random())
            if link is None:
                raise NotFoundError("archive-empty")
            return (await archive_rows.with_runs(transaction, [link], guild_id=guild_id, most=_MOST_RUNS))[0]

    async def everything(self, guild_id: int) -> AsyncIterator[PlacedLink]:
        """Every link of a server at each place where it ran, a few at a time: an archive may be larger than memory."""
        last = 0
        while True:
            async with self._store.read() as transaction:
                found = await archive_rows.placed_links(transaction, guild_id=guild_id, after=last, limit=_READ_AT_ONCE)
            if not found:
                return
            for _, placed in found:
                yield placed
            last = found[-1][0]

    async def renew(self, goes_on: Callable[[], bool] = lambda: True) -> datetime | None:
        """Bring what an older version stored to the present rules: the keys of links, and by what they are found.

        A few a transaction, so that a stop loses nothing and nobody waits long; where nothing is stale, nothing is
        written, and an index says so.
        """
        await follow_submissions(self._store, goes_on)
        await follow_links(self._store, goes_on)
        async with self._store.read() as transaction:
            if not await search_rows.are_links_stale(transaction):
                return None
        stale = [START]
        while stale and goes_on():
            async with self._store.write() as transaction:
                stale = await search_rows.stale_links(transaction, after=stale[-1], limit=_RENEWED_AT_ONCE)
                if stale:
                    await search_rows.renew_links(transaction, [each.row_id for each in stale])
        return None


def _address_in(query: str) -> str | None:
    """The query, where it is the address of a page."""
    try:
        address = one_address(query)
    except RefusedError:
        return None
    return address if _PAGE_ADDRESS.fullmatch(address) else None


async def _newest(transaction: Transaction, guild_id: int, *, most: int) -> list[Link]:
    """Each link once, at its newest place."""
    found: dict[str, Link] = {}
    for offset in range(0, _MOST_PLACES, _READ_AT_ONCE):
        places = await archive_rows.newest_links(transaction, guild_id=guild_id, offset=offset, limit=_READ_AT_ONCE)
        for link in places:
            found.setdefault(link.key, link)
        if len(found) >= most or len(places) < _READ_AT_ONCE:
            break
    return list(found.values())[:most]


async def _ranked(
    transaction: Transaction, guild_id: int, terms: Sequence[Term], *, most: int, looked_through: int | None = None
) -> list[Link]:
    """Each link once, by rank; among equals the one that ran last, then the one that stands first in its issue.

    Equals are put in order whole. Every page is cut from the same list, so `most` has to be the same for all of them.
    """
    read = [source.source_id for source in await guild_rows.sources_of_guild(transaction, guild_id)]
    scope = None if await source_rows.are_all(transaction, read) else read
    limit = looked_through or search_rows.looked_through(transaction)
    while True:
        scored = await search_rows.find_links(transaction, terms, source_ids=scope, limit=limit)
        found = await _different(transaction, scored, most=most)
        # A link that ran in many issues is found many times and hides the others.
        if len(found) >= most or len(scored) < limit or limit >= _MOST_PLACES or looked_through is not None:
            break
        limit = _MOST_PLACES
    links = await archive_rows.links_by_id(transaction, found[:most])
    return [links[link_id] for link_id in found[:most]]


async def _different(transaction: Transaction, scored: Sequence[tuple[int, float]], *, most: int) -> list[int]:
    """Ids of links, the best first, each page once; at least `most` if there are so many."""
    # Scores mean something beside each other only: a word that stands in most links scores next to nothing.
    shares = {link_id: round(score / (scored[0][1] or 1.0), 2) for link_id, score in scored}
    found: dict[str, int] = {}
    some: list[int] = []
    for _, equals in groupby(shares, key=shares.__getitem__):
        some += equals
        if len(some) >= 2 * most:
            await _put_in_order(transaction, some, shares, into=found)
            some = []
            if len(found) >= most:
                break
    await _put_in_order(transaction, some, shares, into=found)
    return list(found.values())


async def _put_in_order(
    transaction: Transaction, link_ids: Sequence[int], shares: Mapping[int, float], *, into: dict[str, int]
) -> None:
    places = await archive_rows.moments_and_keys(transaction, link_ids) if link_ids else {}
    for link_id in sorted(places, key=lambda each: (-shares[each], -places[each][0], each)):
        into.setdefault(places[link_id][1], link_id)


async def _page(
    transaction: Transaction, guild_id: int, found: Sequence[Link], *, page: int, query: str
) -> ArchivePage:
    shown = await archive_rows.with_runs(transaction, found[:PAGE], guild_id=guild_id, most=_MOST_RUNS)
    has_more = len(found) > PAGE and page + 1 < MOST_PAGES
    return ArchivePage(query=query, links=tuple(shown), page=page, has_more=has_more)


async def _may_read(transaction: Transaction, guild_id: int, actor: Actor) -> bool:
    try:
        await _require_reader(transaction, guild_id, actor)
    except RefusedError:
        return False
    return True


async def _require_reader(transaction: Transaction, guild_id: int, actor: Actor) -> None:
    """Raise RefusedError for whom the server's archive is not open; who manages the server reads it, too."""
    guild = await guild_rows.get_guild(transaction, guild_id) or Guild(guild_id=guild_id, name="")
    if guild.archive_access is ArchiveAccess.OFF:
        raise RefusedError("archive-off")
    is_for_role = guild.archive_access is ArchiveAccess.ROLE and guild.archive_role_id is not None
    if is_for_role and guild.archive_role_id not in actor.role_ids and not actor.manages_server:
        raise RefusedError("archive-only-role", role=str(guild.archive_role_id))
