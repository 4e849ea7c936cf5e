"""Channels that refuse everything: they are left alone until somebody changes something there.

A circuit breaker for each channel: the first refusal opens it, a look now and then or a change on Discord closes it.
"""

import logging
from datetime import timedelta

from bot.model.delivery import StoppedChannel
from bot.model.problem import Problem
from bot.ports import Announcer
from bot.services.delivery.portions import PORTION
from bot.store import Store, Transaction
from bot.store import channels as channel_rows
from bot.store import outbox as outbox_rows

log = logging.getLogger(__name__)

# For causes that no permission shows. A look costs a request only where the permissions seem right.
_FIRST_LOOK = timedelta(minutes=15)
_LONGEST_PAUSE = timedelta(days=1)
_BETWEEN_LOOKS = timedelta(minutes=1)
# What passes by itself when Discord can be reached again.
_PASSING = ("delivery-broken", "delivery-server-unavailable", "delivery-slow", "delivery-trouble")


async def stop_channel(
    transaction: Transaction,
    channel_id: int,
    *,
    guild_id: int,
    problem: Problem,
    is_gone: bool = False,
) -> bool:
    """Send nothing there for some time, longer each time; for ever to one that `is_gone`. True the first time."""
    earlier = await channel_rows.get_stopped(transaction, channel_id)
    pause = channel_pause(earlier.looks + 1 if earlier else 0)
    return await channel_rows.stop_channel(
        transaction,
        channel_id,
        guild_id=guild_id,
        problem=problem,
        look_again_at=None if is_gone else transaction.now + pause,
    )


async def put_off_look(transaction: Transaction, stopped: StoppedChannel) -> None:
    """What stopped the channel can still be seen, so nothing is asked of Discord."""
    await channel_rows.put_off_look(
        transaction, stopped, look_again_at=transaction.now + channel_pause(stopped.looks + 1)
    )


async def choose_channel(transaction: Transaction, guild_id: int, channel_id: int) -> None:
    """An administrator chose this channel, and it was seen to be open: whatever was wrong there is over."""
    stopped = await channel_rows.get_stopped(transaction, channel_id)
    if stopped is not None and stopped.guild_id == guild_id:
        await channel_rows.open_channel(transaction, channel_id)


def channel_pause(looks: int) -> timedelta:
    """How long a channel is left alone that refused so often before."""
    return min(_FIRST_LOOK * float(2 ** min(looks, 10)), _LONGEST_PAUSE)


class Channels:
    def __init__(self, store: Store, *, announcer: Announcer) -> None:
        self._store = store
        self._announcer = announcer

    async def hurry(self) -> None:
        """Discord can be reached again: what only waited for that is due now."""
        is_left = True
        while is_left:  # broken off, it goes on when Discord is back the next time, or when each is due by itself
            async with self._store.write() as transaction:
                is_left = await outbox_rows.make_due(transaction, problems=_PASSING, limit=PORTION) == PORTION

    async def look_again(self, guild_id: int | None) -> None:
        """Something changed in a server (None: in all of them): whatever seems mended there is tried at once."""
        async with self._store.read() as transaction:
            stopped = await channel_rows.stopped_in_guild(transaction, guild_id)
        mended = [channel for channel in stopped if self._announcer.is_open(channel)]
        if not mended:
            return
        for channel in mended:
            async with self._store.write() as transaction:
                if await outbox_rows.waiting_in_channel(transaction, channel.channel_id):
                    # The first look is had at once; after one in vain the next waits, whatever goes on in the server.
                    at = max(transaction.now, channel.looked_at + _BETWEEN_LOOKS) if channel.looks else transaction.now
                    await channel_rows.look_again(transaction, channel.channel_id, at=at)
                else:
                    await channel_rows.open_channel(transaction, channel.channel_id)
        log.info("stopped channels are tried again channel_ids=%s", ",".join(str(each.channel_id) for each in mended))
