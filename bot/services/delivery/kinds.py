"""What the outbox has to know of a kind of message: one entry, which the feature declares. The outbox knows no feature.

`bot.services.building` hands all of them to the outbox; `bot.client.LOOKS` says how each looks on Discord.
"""

from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from bot.model.delivery import Delivery, DeliveryRecord, Purpose, Sent
from bot.model.problem import Problem
from bot.ports import Announcer, Matter
from bot.store import Store, Transaction
from bot.store.cards import WaitedFor
from bot.store.outbox import Claim
from bot.store.subjects import Needed, Waiting, missing_tables

FollowUp = Callable[[Transaction], Awaitable[None]]


class Hands(Protocol):
    """What the outbox does for a kind that goes its own way."""

    store: Store
    kinds: "Collection[Kind]"
    announcer: Announcer

    def claim_of(self, delivery: Delivery) -> Claim:
        """The claim by which this process holds the delivery."""
        ...

    async def about(self, transaction: Transaction, delivery: Delivery | DeliveryRecord) -> Matter | None:
        """What the message of this delivery, or of a card, is about now, by its own kind."""
        ...

    async def post(self, delivery: Delivery, matter: Matter) -> Sent | None:
        """The message, sent now or found; None when another process has taken over."""
        ...

    async def finish(
        self,
        delivery: Delivery,
        *,
        thread_id: int | None = None,
        problem: Problem | None = None,
        follow_up: FollowUp | None = None,
    ) -> None:
        """It is done; `follow_up` happens in the same transaction."""
        ...

    async def shown(self, delivery: Delivery, *, apart: timedelta) -> None:
        """A card shows what is true; what changed meanwhile is drawn after `apart`."""
        ...

    async def give_up(self, delivery: Delivery, problem: Problem) -> None:
        """It is not tried again, and nobody is told."""
        ...

    async def put_off(self, delivery: Delivery, problem: Problem, *, at_least_seconds: float = 0.0) -> datetime:
        """Try again later, with back-off; when that is."""
        ...


@dataclass(frozen=True, slots=True)
class Kind:
    """How deliveries of one purpose go out.

    Not said here are how it is drawn, for the rules know no Discord (its `Look` says that), how it is retried, for that
    is the same for all (`Sending`), and whether it is a card, for what has a look and changes is one.

    needed_while: whether what it is about is stored still, by which its rows are kept, its card found and drawn anew;
    None keeps what is done for a time only. waits_for_people: what somebody has to decide on; then a card that was
    deleted is posted again. Both come from the feature's rows. matter: what the message is about, as it is now; None
    where that is gone, and then no message is posted. Raises DeliveryRefusedError. deliver: the kind's own way, where
    posting what `matter` gives is not all; it gives the moment to wait for where the lane has to wait, or None.
    posts: it is a message of its own, so a channel that refuses it is closed to all others; else a change of one.
    refused_words: the text that tells the staff that Discord refused it (`channel` is given); None tells nobody.
    settle: what is decided in the transaction after which the message may arrive; None where its matter is gone by now.
    since: from when on an earlier copy of the database may have posted it; None for when it was queued.
    has_plain_form: refused in its full form, it is tried in a plain one.
    """

    purpose: Purpose
    needed_while: Needed | None
    waits_for_people: Waiting | None = None
    matter: Callable[[Transaction, Delivery | DeliveryRecord], Awaitable[Matter | None]] | None = None
    deliver: Callable[[Hands, Delivery], Awaitable[datetime | None]] | None = None
    posts: bool = True
    refused_words: str | None = None
    settle: Callable[[Transaction, Delivery, Claim, Matter], Awaitable[Matter | None]] | None = None
    since: Callable[[Delivery, Matter], datetime | None] | None = None
    has_plain_form: bool = False


def waited_for(kinds: Collection[Kind]) -> WaitedFor:
    """What each of these that waits for people waits with."""
    return {kind.purpose: kind.waits_for_people for kind in kinds if kind.waits_for_people is not None}


async def require_rows(store: Store, kinds: Collection[Kind]) -> None:
    """Refuse to begin with a kind whose rows have no table. Raises LookupError, which names it."""
    needed = {kind.purpose: kind.needed_while for kind in kinds if kind.needed_while is not None}
    async with store.read() as transaction:
        for purpose, table in await missing_tables(transaction, needed):
            raise LookupError(
                f"The rows of {purpose!s} have no table: add {table} to bot/store/tables.py, with a migration."
            )
