"""Messages that show something which changes: which there are, and when they are drawn anew."""

import logging
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.clock import Clock
from bot.errors import ChannelClosedError, DeliveryError, DeliveryRefusedError, DiscordClosedError
from bot.model.delivery import Delivery, DeliveryRecord, DeliveryState, Purpose
from bot.model.problem import Problem
from bot.ports import Announcer
from bot.services.delivery.kinds import Hands, Kind, waited_for
from bot.store import Store, Transaction
from bot.store import cards as card_rows
from bot.store import outbox as outbox_rows
from bot.store.outbox import Refresh

log = logging.getLogger(__name__)

# Who presses sees the card change with the answer; the edit that comes later catches the case that it was lost.
AFTER_THE_ANSWER = timedelta(seconds=3)
# A message older than an hour takes about three edits in six seconds, and its channel has others (unofficial).
APART = timedelta(seconds=5)
_BETWEEN_LOOKS = timedelta(days=1)
# What was posted since the last look is looked at with the others of its channel, so that they share their requests.
_TOGETHER = timedelta(hours=1)
_AFTER_TROUBLE = timedelta(hours=1)
_LOOKED_AT_ONCE = 100


@dataclass(frozen=True, slots=True)
class Change:
    """What the cards of an issue, a submission or a poll show is different now.

    They are drawn anew after `after`, and no sooner than `apart` from the last time.
    """

    guild_id: int
    subject_key: str
    after: timedelta = timedelta()
    apart: timedelta = APART


async def show_changes(transaction: Transaction, changes: Iterable[Change]) -> None:
    """Let every card concerned be drawn anew."""
    refreshes = []
    for change in dict.fromkeys(changes):
        for card in await outbox_rows.cards_of(transaction, guild_id=change.guild_id, subject_key=change.subject_key):
            if card.state is not DeliveryState.FAILED or card.message_id is not None:
                due_at = transaction.now + change.after
                refreshes.append(
                    Refresh(change.guild_id, card.channel_id, change.subject_key, due_at=due_at, apart=change.apart)
                )
    await outbox_rows.enqueue_refreshes(transaction, refreshes)


async def enqueue_card(
    transaction: Transaction,
    *,
    purpose: Purpose,
    guild_id: int,
    channel_id: int,
    subject_key: str,
    generation: int = 0,
) -> bool:
    """Queue the card of a submission or a poll, once in a channel; one that was refused there is tried again.

    One that somebody deleted is queued as another `generation`: Discord would take the same one for sent.
    """
    earlier = await outbox_rows.find_delivery(
        transaction,
        purpose=purpose,
        guild_id=guild_id,
        channel_id=channel_id,
        identities=[subject_key],
        generation=generation,
    )
    if earlier is not None:
        return await outbox_rows.try_failed_again(transaction, earlier.delivery_key)
    return await outbox_rows.enqueue(
        transaction,
        purpose=purpose,
        guild_id=guild_id,
        channel_id=channel_id,
        subject_key=subject_key,
        generation=generation,
    )


@dataclass(frozen=True, slots=True)
class _Look:
    """What was found out: which of these cards are gone, and when they are looked at next."""

    gone: frozenset[int]
    pause: timedelta


async def post_anew(transaction: Transaction, kinds: Collection[Kind], delivery_keys: Collection[str]) -> int:
    """Post cards once more that somebody deleted, as far as they are waited for; how many are queued.

    What somebody has to decide on would be stuck without its card. What nobody has to press (an announcement, a poll,
    a notice) is not posted again: whoever deleted it meant it.
    """
    queued = 0
    for card in await card_rows.still_waited_for(transaction, waited_for(kinds), delivery_keys):
        queued += await enqueue_card(
            transaction,
            purpose=card.purpose,
            guild_id=card.guild_id,
            channel_id=card.channel_id,
            subject_key=card.subject_key,
            generation=card.generation + 1,
        )
    return queued


class Cards:
    """Looks once a day whether what somebody has to decide on still stands where it was shown.

    All cards of a channel together: a request shows a hundred messages. One channel after the other, a hundred cards at
    a time; when each was last looked at is kept, so a restart goes on where it stopped.
    """

    def __init__(self, store: Store, *, announcer: Announcer, clock: Clock, kinds: Collection[Kind]) -> None:
        self._store = store
        self._announcer = announcer
        self._clock = clock
        self._kinds = kinds

    async def look_due(self, goes_on: Callable[[], bool] = lambda: True) -> datetime | None:
        """Look at all cards whose day is over; when the next one's is, or None."""
        while goes_on():
            now = self._clock.now()
            async with self._store.read() as transaction:
                cards = await card_rows.due_for_a_look(
                    transaction,
                    waited_for(self._kinds),
                    before=now - _BETWEEN_LOOKS,
                    together=now - _TOGETHER,
                    limit=_LOOKED_AT_ONCE,
                )
            if not cards:
                break
            try:
                look = await self._look(cards)
            except DiscordClosedError as error:
                return now + timedelta(seconds=error.retry_after_seconds)
            gone = [card.delivery_key for card in cards if card.message_id in look.gone]
            async with self._store.write() as transaction:
                looked_at = now - _BETWEEN_LOOKS + look.pause
                await card_rows.note_look(transaction, [card.delivery_key for card in cards], at=looked_at)
                count = await post_anew(transaction, self._kinds, gone) if gone else 0
            if count:
                log.info("cards that were deleted are posted anew channel_id=%s count=%d", cards[0].channel_id, count)
        async with self._store.read() as transaction:
            last = await card_rows.next_look(transaction, waited_for(self._kinds))
        return last + _BETWEEN_LOOKS if last is not None else None

    async def _look(self, cards: Sequence[DeliveryRecord]) -> _Look:
        try:
            return _Look(await self._announcer.gone_among(cards), _BETWEEN_LOOKS)
        except DiscordClosedError:
            raise
        except (ChannelClosedError, DeliveryRefusedError):
            return _Look(frozenset(), _BETWEEN_LOOKS)  # the next message for this channel finds out what is wrong there
        except DeliveryError as error:
            log.warning("cards could not be looked at channel_id=%s error=%s", cards[0].channel_id, error)
            return _Look(frozenset(), _AFTER_TROUBLE)


async def _refresh(hands: Hands, delivery: Delivery) -> datetime | None:
    """Let a card show what is true now, and one of what is gone go.

    Read as late as possible, so that one edit shows many changes.
    """
    async with hands.store.read() as transaction:
        cards = await outbox_rows.cards_of(transaction, guild_id=delivery.guild_id, subject_key=delivery.subject_key)
        card = next((each for each in cards if each.channel_id == delivery.channel_id), None)
        matter = await hands.about(transaction, card) if card is not None else None
    if card is not None and card.state is not DeliveryState.FAILED:
        if card.message_id is None:
            # It may be on its way with what was true before.
            return await hands.put_off(delivery, Problem("delivery-not-there-yet"))
        try:
            if matter is None:
                await hands.announcer.remove(card)
            else:
                await hands.announcer.refresh(card, matter)
        except DeliveryRefusedError as error:
            if error.message_id != "delivery-message-gone" or not await _was_posted_anew(hands, card):
                raise
    await hands.shown(delivery, apart=APART)
    return None


async def _was_posted_anew(hands: Hands, card: DeliveryRecord) -> bool:
    """Somebody deleted the card: post it once more if somebody has to decide on it."""
    async with hands.store.write() as transaction:
        return bool(await post_anew(transaction, hands.kinds, [card.delivery_key]))


REFRESH = Kind(Purpose.REFRESH, needed_while=None, deliver=_refresh, posts=False)
