"""Opaque links are asked where they lead, if the operator allows it: once each, never what acts or names a reader."""

import asyncio
import logging
from collections.abc import Sequence
from datetime import datetime, timedelta

from bot.bites import Bites
from bot.clock import Clock
from bot.errors import FetchError
from bot.model.issue import Issue
from bot.ports import LinkFollower
from bot.store import Store
from bot.store import following as followed_rows
from bot.store.following import Followed

log = logging.getLogger(__name__)

MOST_AT_ONCE = 60
"""Asked for one reading; what is left is asked at the next."""

_BUDGET_SECONDS = 90.0
_AGAIN_AFTER = timedelta(days=1)
_MOST_TRIES = 3


class Following:
    """`follower` is None where the operator does not allow it: then links stay as they are."""

    def __init__(self, store: Store, *, follower: LinkFollower | None, clock: Clock) -> None:
        self._store = store
        self._follower = follower
        self._clock = clock

    async def lead_on(self, issues: Sequence[Issue]) -> tuple[tuple[Issue, ...], bool]:
        """The issues with their opaque links replaced by where they lead, and whether all that may be asked was."""
        if self._follower is None:
            return tuple(issues), True
        from bot.newsletter.addresses.opaque import asked_for, with_destinations  # not before something is read

        bites = Bites()
        asked_of: list[list[str]] = []
        for issue in issues:
            asked_of.append(asked_for(issue))
            await bites.rest()
        addresses = list(dict.fromkeys(address for some in asked_of for address in some))
        if not addresses:
            return tuple(issues), True
        async with self._store.read() as transaction:
            known = await followed_rows.known(transaction, addresses)
        due = [address for address in addresses if _is_due(known.get(address), now=self._clock.now())]
        destinations = {address: found.destination for address, found in known.items()}
        asked = await self._ask(self._follower, due[:MOST_AT_ONCE])
        destinations |= asked
        led: list[Issue] = []
        for issue, some in zip(issues, asked_of, strict=True):
            is_known = any(destinations.get(address) is not None for address in some)
            led.append(with_destinations(issue, destinations.get) if is_known else issue)
            await bites.rest()
        return tuple(led), len(asked) == len(due)

    async def _ask(self, follower: LinkFollower, addresses: Sequence[str]) -> dict[str, str | None]:
        """What came of asking, address by address, as far as the time sufficed."""
        found: dict[str, str | None] = {}
        try:
            async with asyncio.timeout(_BUDGET_SECONDS):
                for address in addresses:
                    try:
                        found[address] = await follower.follow(address)
                    except FetchError as error:
                        log.info("link not followed because=%s", error.message_id)
                        found[address] = None
        except TimeoutError:
            log.info("following broken off asked=%d of=%d", len(found), len(addresses))
            found[addresses[len(found)]] = None  # what took so long is not told
        async with self._store.write() as transaction:
            # In one order, in which two readings that meet cannot hold each other up.
            for address, destination in sorted(found.items()):
                await followed_rows.note(transaction, address, destination)
        return found


def _is_due(found: Followed | None, *, now: datetime) -> bool:
    if found is None:
        return True
    return found.destination is None and found.tries < _MOST_TRIES and abs(now - found.asked_at) >= _AGAIN_AFTER
