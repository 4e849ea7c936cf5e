"""What is kept for a time only leaves once a day, in portions: no transaction grows with what is stored."""

import logging
from collections.abc import Awaitable, Callable, Collection
from datetime import datetime, timedelta

from bot.clock import Clock
from bot.services.delivery.kinds import Kind
from bot.store import Store, Transaction
from bot.store import following as followed_rows
from bot.store import retention as retention_rows
from bot.store import submissions as submission_rows
from bot.store import usage as usage_rows

log = logging.getLogger(__name__)

HISTORY_DAYS = 90
UNREAD_DAYS = 30
"""So long is kept what no server reads any more."""

_UNREAD_AT_ONCE = 20
_LINKS_AT_ONCE = 300
_PAUSE = timedelta(days=1)
_USAGE_KEPT = timedelta(days=7)
_SENT_KEPT = timedelta(days=1)
_DESTINATIONS_KEPT = timedelta(days=365)
_AT_ONCE = 500


class Retention:
    """Lets go of finished deliveries and decided floods that nobody needs and of presses after `history`.

    And, once a day, of how much somebody sent in more than a day ago, of what was received for a server after a week,
    of where links lead, which is asked anew, after a year, and of newsletters that no server reads any more, with their
    issues, after `UNREAD_DAYS`.
    """

    def __init__(
        self,
        store: Store,
        *,
        clock: Clock,
        kinds: Collection[Kind],
        history: timedelta = timedelta(days=HISTORY_DAYS),
    ) -> None:
        self._store = store
        self._clock = clock
        self._history = history
        self._needed = {kind.purpose: kind.needed_while for kind in kinds}

    async def clear(self, goes_on: Callable[[], bool] = lambda: True) -> datetime | None:
        """Delete what is old, and say when to look again; stopped in between, the next call begins anew."""
        now = self._clock.now()
        before = now - self._history
        count = await self._clear_outbox(before, goes_on)

        async def presses(transaction: Transaction) -> int:
            return await retention_rows.delete_interactions(transaction, before=before, limit=_AT_ONCE)

        async def floods(transaction: Transaction) -> int:
            return await retention_rows.delete_floods(transaction, before=before, limit=_AT_ONCE)

        async def usage(transaction: Transaction) -> int:
            return await usage_rows.forget_before(transaction, now.date() - _USAGE_KEPT, limit=_AT_ONCE)

        async def sent(transaction: Transaction) -> int:
            return await submission_rows.forget_sent_before(transaction, now - _SENT_KEPT, limit=_AT_ONCE)

        async def destinations(transaction: Transaction) -> int:
            return await followed_rows.forget_before(transaction, now - _DESTINATIONS_KEPT, limit=_AT_ONCE)

        async def unread(transaction: Transaction) -> int:
            return await retention_rows.note_unread(transaction, limit=_AT_ONCE)

        for portion in (presses, floods, usage, sent, destinations):
            count += await self._clear(portion, goes_on)
        await self._clear(unread, goes_on)
        count += await self._clear_unread(now - timedelta(days=UNREAD_DAYS), goes_on)
        if count:
            log.info("what was kept for its time has left rows=%d", count)
        return self._clock.now() + _PAUSE

    async def _clear_unread(self, before: datetime, goes_on: Callable[[], bool]) -> int:
        count = 0
        async with self._store.read() as transaction:
            unread = await retention_rows.long_unread(transaction, before=before)
        for source_id in unread:
            is_left = True
            while is_left and goes_on():
                async with self._store.write() as transaction:
                    gone = await retention_rows.delete_unread(
                        transaction, source_id, limit=_UNREAD_AT_ONCE, links_limit=_LINKS_AT_ONCE
                    )
                count, is_left = count + gone, gone > 0
        return count

    async def _clear_outbox(self, before: datetime, goes_on: Callable[[], bool]) -> int:
        count, after = 0, 0
        while goes_on():
            async with self._store.read() as transaction:
                last, unneeded = await retention_rows.outbox_portion(
                    transaction, self._needed, after=after, before=before, limit=_AT_ONCE
                )
            if last is None:
                break
            if unneeded:
                async with self._store.write() as transaction:
                    await retention_rows.delete_deliveries(transaction, unneeded)
            count, after = count + len(unneeded), last
        return count

    async def _clear(self, portion: Callable[[Transaction], Awaitable[int]], goes_on: Callable[[], bool]) -> int:
        count = 0
        while goes_on():
            async with self._store.write() as transaction:
                gone = await portion(transaction)
            count += gone
            if gone < _AT_ONCE:
                break
        return count
