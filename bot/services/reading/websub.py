"""WebSub: the hub that a feed names tells at once that something is new; what it sends along is not believed.

The bot asks the hub for a lease, the hub calls back to see that it was meant, and from then on each of its calls is a
hint to read the source (https://www.w3.org/TR/websub/). Leases end, so they are asked for again in good time.
"""

import hmac
import logging
from collections.abc import AsyncIterable, Callable, Collection, Coroutine
from datetime import datetime, timedelta
from secrets import token_urlsafe
from typing import Any
from uuid import uuid4

from bot.clock import Clock
from bot.errors import FetchError, NotFoundError, StoreError, StoreGoneError
from bot.log import keep_secret
from bot.model.hub import Hub
from bot.model.problem import Problem
from bot.ports import HubCaller
from bot.services.delivery.side_by_side import work_off
from bot.services.reading.quotas import DEFAULT_QUOTAS, Quotas, soonest_after
from bot.store import Store, Transaction
from bot.store import sources as source_rows
from bot.store import websub as lease_rows
from bot.store.secret_box import SecretBox
from bot.store.websub import Lease

log = logging.getLogger(__name__)

LEASE = timedelta(days=10)
"""What hubs are asked for; they may give less or more."""

SHORTEST_LEASE, LONGEST_LEASE = timedelta(minutes=5), timedelta(days=30)
"""What is believed of a lease that a hub gives."""

_ASKING_LEASE = timedelta(minutes=5)
_NO_CALL_BACK = timedelta(hours=1)
_LONGEST_PAUSE = timedelta(days=1)
_AT_ONCE = 8
# Section 7.1 of the specification. Even SHA-1 will do for what is a hint only, and the most used hubs know no other.
_METHODS = ("sha1", "sha256", "sha384", "sha512")


async def note_hub(transaction: Transaction, source_id: int, hub: Hub | None, *, secrets: SecretBox) -> None:
    """Keep which hub a source names at present; another one than before is asked soon."""
    known = await lease_rows.hub_of(transaction, source_id)
    if hub == known:
        return
    if hub is None:
        await lease_rows.remove_hub(transaction, source_id)
        return
    # In the clear, a secret would be none (section 5.1).
    secret = secrets.seal(token_urlsafe(32)) if hub.url.startswith("https:") else None
    await lease_rows.set_hub(transaction, source_id, hub, token=token_urlsafe(32), secret=secret)


class WebSub:
    """`public_url`: where hubs reach the bot; None where the operator opened no way in: then none is asked.

    `incarnation` names this process; with `alone`, what earlier processes began to ask is free at once.
    """

    def __init__(
        self,
        store: Store,
        *,
        caller: HubCaller,
        clock: Clock,
        secrets: SecretBox,
        public_url: str | None,
        quotas: Quotas = DEFAULT_QUOTAS,
        alone: bool = False,
        incarnation: str | None = None,
    ) -> None:
        self._alone = alone
        self._incarnation = incarnation or str(uuid4())
        self._quotas = quotas
        self._store = store
        self._caller = caller
        self._clock = clock
        self._secrets = secrets
        self._public_url = public_url
        self._broken_off: dict[int, Lease] = {}
        self._unsure: set[datetime] = set()

    async def take_over(self) -> None:
        """At the start: what a process before this one was asking when it stopped is asked again."""
        if not self._alone:
            return
        async with self._store.write() as transaction:
            await lease_rows.void_other_claims(transaction, incarnation=self._incarnation)

    async def renew_due(self, goes_on: Callable[[], bool] = lambda: True) -> datetime | None:
        """Ask hubs for what ends soon, and let go what nobody reads any more; the moment when there is more to do."""
        if self._public_url is None:
            return None

        async def claim(busy: Collection[int]) -> dict[int, Coroutine[Any, Any, None]]:
            await self._give_back()
            if not goes_on() or len(busy) >= _AT_ONCE:
                return {}
            return {lease.source_id: self._ask_or_break_off(lease) for lease in await self._claim(busy)}

        await work_off(claim, is_over=lambda: not goes_on())
        async with self._store.read() as transaction:
            return await lease_rows.next_asking(transaction)

    async def _claim(self, busy: Collection[int]) -> list[Lease]:
        now = self._clock.now()
        try:
            async with self._store.write() as transaction:
                return await lease_rows.claim_due(
                    transaction,
                    incarnation=self._incarnation,
                    until=now + _ASKING_LEASE,
                    longest=LONGEST_LEASE,
                    limit=_AT_ONCE - len(busy),
                    busy=busy,
                )
        except StoreGoneError:
            self._unsure.add(now + _ASKING_LEASE)  # where only the answer was lost, they are ours
            raise

    async def _ask_or_break_off(self, lease: Lease) -> None:
        try:
            await self._ask(lease)
        except StoreError as error:
            self._broken_off[lease.source_id] = lease
            log.warning("asking a hub broken off by the database source_id=%s error=%s", lease.source_id, error)

    async def _give_back(self) -> None:
        """Let what was broken off be asked for again, as soon as the database takes that. Raises StoreError until then.

        A hub that is asked twice gives the same lease once.
        """
        for source_id, lease in list(self._broken_off.items()):
            async with self._store.write() as transaction:
                await lease_rows.give_back(transaction, lease, ask_at=transaction.now)
            del self._broken_off[source_id]
        for until in list(self._unsure):
            async with self._store.write() as transaction:
                await lease_rows.void_claim(transaction, until=until, ask_at=transaction.now)
            self._unsure.remove(until)

    async def _ask(self, lease: Lease) -> None:
        keep_secret(lease.token)
        form = {
            "hub.mode": "subscribe" if lease.is_read else "unsubscribe",
            "hub.topic": lease.hub.topic,
            "hub.callback": f"{self._public_url}/websub/{lease.token}",
        }
        if lease.is_read:
            form["hub.lease_seconds"] = str(int(LEASE.total_seconds()))
            if lease.secret is not None:
                form["hub.secret"] = self._secrets.open(lease.secret)
        problem = None
        try:
            await self._caller.ask(lease.hub.url, form)
        except FetchError as error:
            problem = Problem.of(error)
            log.warning("hub refused source_id=%s mode=%s problem=%s", lease.source_id, form["hub.mode"], problem)
        async with self._store.write() as transaction:
            if not lease.is_read:
                if problem is not None or lease.leased_until is None or lease.failures:
                    await lease_rows.remove_unread(transaction, lease.token)  # its calls are answered 410 from now on
                else:
                    # It calls back to see that this was meant; if it never does, there is no third time.
                    await lease_rows.put_off(
                        transaction, lease, ask_at=transaction.now + _NO_CALL_BACK, problem=Problem("websub-silent")
                    )
                return
            pause = min(_NO_CALL_BACK * 2 ** min(lease.failures, 8), _LONGEST_PAUSE)
            await lease_rows.put_off(transaction, lease, ask_at=transaction.now + pause, problem=problem)

    async def confirm(self, token: str, *, mode: str, topic: str, lease_seconds: str) -> None:
        """Whether the bot meant what the hub was asked for. Raises NotFoundError where it did not."""
        await self._find(token)
        async with self._store.write() as transaction:
            lease = await lease_rows.find(transaction, token)
            if lease is None or topic != lease.hub.topic:
                raise NotFoundError("websub-unknown")
            if mode == "subscribe" and lease.is_read:
                seconds = int(lease_seconds[:9]) if lease_seconds.isascii() and lease_seconds.isdigit() else 0
                length = min(max(timedelta(seconds=seconds), SHORTEST_LEASE), LONGEST_LEASE)
                await lease_rows.confirm(
                    transaction, token, until=transaction.now + length, ask_at=transaction.now + length * 0.8
                )
            elif mode == "unsubscribe" and not lease.is_read:
                await lease_rows.remove_unread(transaction, token)
            elif mode == "denied":
                await lease_rows.deny(
                    transaction, token, ask_at=transaction.now + _LONGEST_PAUSE, problem=Problem("websub-denied")
                )
            else:
                raise NotFoundError("websub-unknown")
        log.info("hub confirmed source_id=%s mode=%s", lease.source_id, mode)

    async def take(self, token: str, signature: str | None, body: AsyncIterable[bytes]) -> None:
        """The hub says that there is something new: let the source be read soon.

        A call that is not signed as it must be changes nothing, and is not told so (section 7.1). Raises NotFoundError
        for an address that is nobody's (any more).
        """
        now = self._clock.now()
        lease = await self._find(token)
        if not lease.is_read:
            raise NotFoundError("websub-unknown")
        if lease.secret is not None and not await _is_signed(self._secrets.open(lease.secret), signature, body):
            log.warning("hub call not signed source_id=%s", lease.source_id)
            return
        soonest = soonest_after(lease.last_read_at, self._quotas, now=now)
        if lease.is_failing or (lease.wanted_at is not None and lease.wanted_at <= soonest):
            return  # heard already, so nothing would change
        async with self._store.write() as transaction:
            await source_rows.want(transaction, lease.source_id, soonest, guild_id=None)

    async def _find(self, token: str) -> Lease:
        """The lease that a call names; looked up without writing, since anybody may call."""
        async with self._store.read() as transaction:
            lease = await lease_rows.find(transaction, token)
        if lease is None:
            raise NotFoundError("websub-unknown")
        keep_secret(token)
        return lease


async def _is_signed(secret: str, signature: str | None, body: AsyncIterable[bytes]) -> bool:
    method, _, given = (signature or "").partition("=")
    if method not in _METHODS:
        return False
    signed = hmac.new(secret.encode(), digestmod=method)
    async for piece in body:
        signed.update(piece)
    return hmac.compare_digest(signed.hexdigest().encode(), given.strip().lower().encode("utf-8", "replace"))
