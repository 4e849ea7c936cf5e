"""The worker that does what rules left to be done in portions (`bot.services.delivery.portions`)."""

import logging
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from bot.clock import Clock
from bot.errors import StoreError
from bot.model.chore import Chore, ChoreKind
from bot.services.announcing.announcements import let_go
from bot.services.announcing.floods import announce_flood
from bot.services.announcing.moving import move_waiting
from bot.services.announcing.news import tell_news
from bot.services.announcing.repeats import release_portion
from bot.services.delivery.notices import move_notices
from bot.services.delivery.portions import Portion, go_on
from bot.services.members.credits import show_name
from bot.services.members.privacy import forget_portion
from bot.services.members.submissions import feature_portion, show_waiting
from bot.services.reading.quotas import charge_portion
from bot.services.reading.watching import tell_staffs
from bot.store import Store
from bot.store import chores as chore_rows

log = logging.getLogger(__name__)

_PAUSE_AFTER_FAILURE = timedelta(minutes=1)

PORTIONS: Mapping[ChoreKind, Portion] = {
    ChoreKind.SHOW_WAITING: show_waiting,
    ChoreKind.SHOW_NAME: show_name,
    ChoreKind.MOVE_ANNOUNCEMENTS: move_waiting,
    ChoreKind.MOVE_NOTICES: move_notices,
    ChoreKind.LET_GO: let_go,
    ChoreKind.RELEASE: release_portion,
    ChoreKind.ANNOUNCE_FLOOD: announce_flood,
    ChoreKind.FORGET: forget_portion,
    ChoreKind.FEATURE: feature_portion,
    ChoreKind.TELL_NEWS: tell_news,
    ChoreKind.TELL_STAFFS: tell_staffs,
    ChoreKind.CHARGE: charge_portion,
}


class Chores:
    def __init__(self, store: Store, *, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def work_off(self, goes_on: Callable[[], bool] = lambda: True) -> datetime | None:
        """Do all that is left, a portion a transaction, each chore in turn; when there is more to do, or None."""
        while goes_on():
            async with self._store.read() as transaction:
                due = await chore_rows.next_due(transaction)
            if due is None or due > self._clock.now():
                return due
            if not await self._do_some():
                return None  # other processes are at all of it
        return None

    async def _do_some(self) -> bool:
        """Do a portion of one chore; False when there is none that nobody is at."""
        chore: Chore | None = None
        try:
            async with self._store.write() as transaction:
                chore = await chore_rows.take_due(transaction)
                if chore is None:
                    return False
                is_left = await go_on(transaction, chore, PORTIONS[chore.kind])
        except StoreError:
            raise
        except Exception:
            if chore is None:
                raise
            # A mistake of ours in one chore must not keep the others from being done.
            log.exception("chore broke kind=%s guild_id=%s subject=%s", chore.kind, chore.guild_id, chore.subject)
            async with self._store.write() as transaction:
                await chore_rows.put_off(transaction, chore, until=transaction.now + _PAUSE_AFTER_FAILURE)
            return True
        if not is_left:
            log.info("chore done kind=%s guild_id=%s subject=%s", chore.kind, chore.guild_id, chore.subject)
        return True
