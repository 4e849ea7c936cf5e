"""What a server's staff is told, once, in the channel it chose for that."""

from bot.errors import DeliveryError
from bot.model.chore import Chore
from bot.model.delivery import Delivery, DeliveryRecord, Purpose, staff_of
from bot.model.problem import Problem
from bot.ports import Announcer, Notice
from bot.services.delivery.kinds import Kind
from bot.services.delivery.portions import PORTION
from bot.store import Transaction
from bot.store import guilds as guild_rows
from bot.store import outbox as outbox_rows


async def staff_channel_of(transaction: Transaction, announcer: Announcer | None, guild_id: int) -> int | None:
    """Where a server's staff is told: the channel it chose, or the one that Discord itself uses; None for nowhere.

    `staff_of` the server while Discord has not shown it, or is not asked: the outbox looks again when it can.
    """
    guild = await guild_rows.get_guild(transaction, guild_id)
    if guild is not None and guild.staff_channel_id is not None:
        return guild.staff_channel_id
    try:
        return announcer.staff_channel(guild_id) if announcer is not None else staff_of(guild_id)
    except DeliveryError:
        return staff_of(guild_id)


async def move_notices(transaction: Transaction, chore: Chore) -> int | None:
    """Let a portion of what the staff was not told yet go to the channel that the server chose."""
    guild = await guild_rows.get_guild(transaction, chore.guild_id)
    if guild is None or guild.staff_channel_id is None:
        return None
    moved = await outbox_rows.move_to(
        transaction,
        guild_id=chore.guild_id,
        purpose=Purpose.NOTICE,
        channel_id=guild.staff_channel_id,
        limit=PORTION,
    )
    return chore.place + moved if moved == PORTION else None


async def tell_staff(
    transaction: Transaction,
    announcer: Announcer | None,
    *,
    guild_id: int,
    about_channel_id: int,
    occasion: str,
    words: Problem,
) -> bool:
    """Queue a notice, once for each `occasion`; False where the server has no other channel for it.

    Without a channel of its own choice, a server is told where it lets Discord itself tell its staff; never in a
    channel that members read.
    """
    channel_id = await staff_channel_of(transaction, announcer, guild_id)
    if channel_id is None or channel_id == about_channel_id:
        return False
    return await outbox_rows.enqueue(
        transaction,
        purpose=Purpose.NOTICE,
        guild_id=guild_id,
        channel_id=channel_id,
        subject_key="",
        identity=occasion,
        words=words,
    )


async def _notice_of(_transaction: Transaction, delivery: Delivery | DeliveryRecord) -> Notice | None:
    words = delivery.words if isinstance(delivery, Delivery) else None
    return Notice(words) if words is not None else None


NOTICE = Kind(Purpose.NOTICE, needed_while=None, matter=_notice_of)
