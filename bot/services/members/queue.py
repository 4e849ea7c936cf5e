"""The editor's queue: what was approved and did not run yet."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

from bot.errors import NotFoundError
from bot.model.member import Act, Actor
from bot.model.submission import Plan, QueueItem, Submission
from bot.services.members.audiences import require_editor, require_staff
from bot.store import Store, Transaction
from bot.store import credits as credit_rows
from bot.store import submissions as submission_rows

ON_A_PAGE = 10
_READ_AT_ONCE = 500
_OPEN = (Plan.QUEUED, Plan.PLANNED)
_LISTED = (*_OPEN, Plan.PASSED)  # what was passed by stands at the end, where it can be taken up again


@dataclass(frozen=True, slots=True)
class QueuePage:
    """A page of the queue, counted from 0; `count` are all items on all pages, `waiting` those not passed by."""

    items: tuple[QueueItem, ...]
    page: int
    count: int
    waiting: int

    @property
    def pages(self) -> int:
        return max(1, -(-self.count // ON_A_PAGE))


class Queue:
    def __init__(self, store: Store) -> None:
        self._store = store

    async def page(self, guild_id: int, page: int, *, actor: Actor) -> QueuePage:
        """A page of what waits, is planned or was passed by, each in the order of approval; the last one beyond it."""
        async with self._store.read() as transaction:
            await require_staff(transaction, guild_id, actor)
            count = await submission_rows.count_approved(transaction, guild_id, plans=_LISTED)
            waiting = await submission_rows.count_approved(transaction, guild_id, plans=_OPEN)
            page = max(0, min(page, (count - 1) // ON_A_PAGE))
            found = await submission_rows.approved(
                transaction, guild_id, plans=_LISTED, limit=ON_A_PAGE, offset=page * ON_A_PAGE
            )
            items = await _with_credits(transaction, guild_id, found)
        return QueuePage(items, page, count, waiting)

    async def item(self, guild_id: int, submission_key: str, *, actor: Actor) -> QueueItem:
        """One approved submission. Raises NotFoundError."""
        async with self._store.read() as transaction:
            await require_staff(transaction, guild_id, actor)
            return await _item(transaction, guild_id, submission_key)

    async def mark(self, act: Act, submission_key: str, plan: Plan) -> QueueItem:
        """Note what the editor means to do with an item; the last word counts. Raises RefusedError."""
        async with self._store.effect(act) as transaction:
            await require_editor(transaction, act.guild_id, act.actor)
            if not transaction.is_repeated and not await submission_rows.set_plan(
                transaction, submission_key, guild_id=act.guild_id, plan=plan, by=act.actor.member_id
            ):
                raise NotFoundError("queue-item-gone")
            return await _item(transaction, act.guild_id, submission_key)

    async def everything(self, guild_id: int, *, actor: Actor | None = None) -> AsyncIterator[QueueItem]:
        """The whole queue in the order of approval, for an export, a few at a time: it may be larger than memory.

        Without an actor for the operator. Raises RefusedError before the first one.
        """
        last: Submission | None = None
        while True:
            async with self._store.read() as transaction:
                if actor is not None:
                    await require_staff(transaction, guild_id, actor)
                found = await submission_rows.approved_after(
                    transaction, guild_id, last, plans=_OPEN, limit=_READ_AT_ONCE
                )
                items = await _with_credits(transaction, guild_id, found)
            for item in items:
                yield item
            if len(items) < _READ_AT_ONCE:
                return
            last = found[-1]


async def _item(transaction: Transaction, guild_id: int, submission_key: str) -> QueueItem:
    submission = await submission_rows.get(transaction, submission_key, guild_id=guild_id)
    if submission is None or submission.plan is None:
        raise NotFoundError("queue-item-gone")
    return (await _with_credits(transaction, guild_id, [submission]))[0]


async def _with_credits(transaction: Transaction, guild_id: int, found: list[Submission]) -> tuple[QueueItem, ...]:
    finders = {each.finder_id for each in found if each.finder_id is not None}
    names = await credit_rows.names(transaction, guild_id=guild_id, member_ids=finders)
    return tuple(QueueItem(each, names.get(each.finder_id) if each.finder_id else None) for each in found)
