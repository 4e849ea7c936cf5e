"""Messages that show something which changes: which there are, and when they are drawn anew."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.model.delivery import DeliveryRecord, DeliveryState, Purpose
from bot.services.keys import delivery_key
from bot.store import Transaction
from bot.store import installation as installation_row
from bot.store import outbox as outbox_rows

# Who presses sees the card change with the answer; the edit that comes later catches the case that it was lost.
AFTER_THE_ANSWER = timedelta(seconds=3)
# A message older than an hour takes about three edits in six seconds, and its channel has others (unofficial).
APART = timedelta(seconds=5)


@dataclass(frozen=True, slots=True)
class Change:
    """What the cards of an issue, a submission or a poll show is different now.

    They are drawn anew after `after`, and no sooner than `apart` from the last time.
    """

    guild_id: int
    subject_key: str
    after: timedelta = timedelta()
    apart: timedelta = APART


async def show_changes(transaction: Transaction, changes: Iterable[Change], *, now: datetime) -> bool:
    """Let every card concerned be drawn anew; False where all wait for it already, or none is there.

    All of them are locked first, in the order in which they are claimed: two transactions that wait for each other
    would both be lost.
    """
    wanted: dict[str, tuple[Change, DeliveryRecord]] = {}
    installation_id = None
    for change in dict.fromkeys(changes):
        for card in await outbox_rows.cards_of(transaction, guild_id=change.guild_id, subject_key=change.subject_key):
            if card.state is DeliveryState.FAILED and card.message_id is None:
                continue
            installation_id = installation_id or await installation_row.installation_id(transaction, now=now)
            key = delivery_key(
                installation_id=installation_id,
                guild_id=change.guild_id,
                channel_id=card.channel_id,
                identity=change.subject_key,
                purpose=Purpose.REFRESH,
                generation=0,
            )
            wanted[key] = change, card
    if len(wanted) > 1:
        await outbox_rows.lock(transaction, wanted)
    is_new = False
    for key, (change, card) in wanted.items():
        is_new |= await outbox_rows.enqueue_refresh(
            transaction,
            delivery_key=key,
            guild_id=change.guild_id,
            channel_id=card.channel_id,
            subject_key=change.subject_key,
            now=now,
            due_at=now + change.after,
            apart=change.apart,
        )
    return is_new


async def enqueue_card(
    transaction: Transaction,
    *,
    purpose: Purpose,
    guild_id: int,
    channel_id: int,
    subject_key: str,
    now: datetime,
    generation: int = 0,
) -> bool:
    """Queue the card of a submission or a poll, once in a channel; one that was refused there is tried again.

    One that somebody deleted is queued as another `generation`: Discord would take the same one for sent.
    """
    key = delivery_key(
        installation_id=await installation_row.installation_id(transaction, now=now),
        guild_id=guild_id,
        channel_id=channel_id,
        identity=subject_key,
        purpose=purpose,
        generation=generation,
    )
    if await outbox_rows.try_failed_again(transaction, key, now=now):
        return True
    return await outbox_rows.enqueue(
        transaction,
        delivery_key=key,
        purpose=purpose,
        guild_id=guild_id,
        channel_id=channel_id,
        subject_key=subject_key,
        generation=generation,
        now=now,
    )
