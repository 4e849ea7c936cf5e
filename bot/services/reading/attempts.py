"""One address at a time is tried for a server, on its account: what it may receive stands before anything is asked."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from uuid import uuid4

from bot.clock import Clock
from bot.errors import RefusedError, TooMuchError
from bot.metrics import metered
from bot.services.reading.quotas import Quotas, charge, cost_of, reserve_attempt
from bot.store import Store
from bot.store import attempts as attempt_rows

ATTEMPT_SECONDS = 180.0
"""How long an attempt may take, with all that the address leads to."""

_LEASE = timedelta(seconds=ATTEMPT_SECONDS + 60)


@asynccontextmanager
async def attempt(
    store: Store, guild_id: int, quotas: Quotas, *, clock: Clock, incarnation: str
) -> AsyncIterator[None]:
    """Whatever is received inside the block is on the server's account, and so is the attempt itself.

    Raises RefusedError while another one of the server goes on, and where enough was read for it today. What a killed
    process, which `incarnation` names, was trying ends when its other claims do, and some minutes after it began.
    """
    now, token = clock.now(), str(uuid4())
    async with store.write() as transaction:
        if not await attempt_rows.claim(
            transaction, guild_id, token=token, incarnation=incarnation, until=now + _LEASE
        ):
            raise TooMuchError("setup-source-busy")
        most_bytes = await reserve_attempt(transaction, guild_id, quotas)
    with metered(most_bytes=most_bytes) as meter:
        try:
            async with asyncio.timeout(ATTEMPT_SECONDS):
                yield
        except TimeoutError:
            raise RefusedError("setup-source-slow", minutes=f"{ATTEMPT_SECONDS / 60:g}") from None
        finally:
            async with store.write() as transaction:
                await attempt_rows.end(transaction, guild_id, token=token)
                await charge(transaction, [guild_id], cost_of(meter), day=transaction.now.date())
