"""The flood brake: when most of a reading looks new, somebody has to look first.

Platforms regenerate ids, move domains and rebuild feeds, and then every item seems to be new; a server that woke up to
fifteen announcements would never forgive it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from bot.errors import NotFoundError
from bot.model.chore import Chore, ChoreKind
from bot.model.delivery import Delivery, DeliveryRecord, Purpose
from bot.model.flood import Flood, FloodDecision
from bot.model.member import Act, Actor
from bot.ports import FloodCard
from bot.services.announcing.announcements import announce_in_guild
from bot.services.announcing.repeats import is_told_elsewhere
from bot.services.delivery.cards import AFTER_THE_ANSWER, Change, enqueue_card, show_changes
from bot.services.delivery.keys import key_of_flood
from bot.services.delivery.kinds import Kind
from bot.services.delivery.portions import PORTION, begin
from bot.services.members.audiences import require_staff
from bot.store import Store, Transaction
from bot.store import floods as flood_rows
from bot.store import guilds as guild_rows
from bot.store import issues as issue_rows
from bot.store import recognition as recognition_rows

FEWEST = 3
"""Fewer new issues at once are never a flood: a small feed has busy weeks."""

MOST_CAUGHT_UP = 5
"""So many may have come out while nobody read, if all of them are dated after what was known; more by its habit."""


class Dated(Protocol):
    """Anything that came out once, as far as that is known."""

    @property
    def published_at(self) -> datetime | None: ...


def is_flood(
    new: Sequence[Dated], *, listed: int, newest_known_at: datetime | None, keeps_rhythm: bool = False
) -> bool:
    """Whether these new ones among `listed` in all are too many to be believed.

    newest_known_at: when the newest issue came out that was known before; None when none has a date. keeps_rhythm:
    by the newsletter's habit so many may have come out since then (`bot.services.reading.cadence`).
    """
    if newest_known_at is not None:
        old = [issue for issue in new if issue.published_at is not None and issue.published_at < newest_known_at]
        if len(old) > MOST_CAUGHT_UP:
            return True  # an older archive was put into the feed, however long that is
    if len(new) < FEWEST or len(new) * 2 <= listed:
        return False
    is_caught_up = newest_known_at is not None and all(
        issue.published_at is not None and issue.published_at > newest_known_at for issue in new
    )
    return not is_caught_up or (len(new) > MOST_CAUGHT_UP and not keeps_rhythm)


async def hold(
    transaction: Transaction,
    *,
    guild_id: int,
    source_id: int,
    issue_keys: Sequence[str],
    listed: int,
    staff_channel_id: int | None,
) -> None:
    """Keep these issues, the oldest first, from being announced until the staff of a server decides.

    Without a channel for its staff, an administrator is told with the next answer (`bot.chat.waiting`).
    """
    key = key_of_flood(guild_id, issue_keys)
    await flood_rows.add(
        transaction,
        flood_key=key,
        guild_id=guild_id,
        source_id=source_id,
        issue_keys=issue_keys,
        listed=listed,
    )
    if staff_channel_id is not None:
        await enqueue_card(
            transaction,
            purpose=Purpose.FLOOD,
            guild_id=guild_id,
            channel_id=staff_channel_id,
            subject_key=key,
        )


async def ask_in(transaction: Transaction, guild_id: int, channel_id: int) -> None:
    """Ask in this channel, which is the staff's from now on, about what nobody was asked yet; about fifty at most."""
    for flood in await flood_rows.untold(transaction, guild_id, limit=PORTION):
        await enqueue_card(
            transaction,
            purpose=Purpose.FLOOD,
            guild_id=guild_id,
            channel_id=channel_id,
            subject_key=flood.flood_key,
        )


async def _card_of(transaction: Transaction, delivery: Delivery | DeliveryRecord) -> FloodCard | None:
    """The card as it is drawn now; None for a flood that is not there any more."""
    flood = await flood_rows.get(transaction, delivery.subject_key, guild_id=delivery.guild_id)
    return None if flood is None else FloodCard(flood)


FLOOD = Kind(
    Purpose.FLOOD,
    needed_while=flood_rows.is_undecided,
    waits_for_people=flood_rows.cards_waiting,
    matter=_card_of,
    refused_words="notice-flood-refused",
)


@dataclass(frozen=True, slots=True)
class Untold:
    """So many floods of which no card asks anybody, the oldest of them, and how many issues they hold back."""

    oldest: Flood
    count: int
    issues: int


class Floods:
    def __init__(self, store: Store) -> None:
        self._store = store

    async def untold(self, guild_id: int, *, actor: Actor) -> Untold | None:
        """What is held back and of which no card asks anybody; None for nothing. Raises RefusedError for members."""
        async with self._store.read() as transaction:
            await require_staff(transaction, guild_id, actor)
            oldest = await flood_rows.untold(transaction, guild_id, limit=1)
            if not oldest:
                return None
            count, issues = await flood_rows.count_untold(transaction, guild_id)
        return Untold(oldest[0], count=count, issues=issues)

    async def decide(self, act: Act, flood_key: str, decision: FloodDecision) -> Flood:
        """Announce what was held back, or a part of it, or nothing; the flood as it is now decided.

        Whoever comes second is shown what the first one decided. Raises NotFoundError for a flood that is gone.
        """
        guild_id = act.guild_id
        async with self._store.effect(act) as transaction:
            await require_staff(transaction, guild_id, act.actor)
            decided = not transaction.is_repeated and await flood_rows.decide(
                transaction, flood_key, decision, guild_id=guild_id
            )
            if decided:
                if decision is not FloodDecision.NONE:
                    await begin(transaction, announcing(guild_id, flood_key), announce_flood)
                change = Change(guild_id, flood_key, after=AFTER_THE_ANSWER)
                await show_changes(transaction, [change])
            flood = await flood_rows.get(transaction, flood_key, guild_id=guild_id)
        if flood is None:
            raise NotFoundError("flood-gone")
        return flood


def announcing(guild_id: int, flood_key: str) -> Chore:
    """Announce what a flood held back, as far as the staff wants it (`announce_flood`)."""
    return Chore(ChoreKind.ANNOUNCE_FLOOD, guild_id, flood_key)


async def announce_flood(transaction: Transaction, chore: Chore) -> int | None:
    """Announce a portion of what was held back, as it was decided, the oldest first. place: how many were done."""
    guild_id = chore.guild_id
    flood = await flood_rows.get(transaction, chore.subject, guild_id=guild_id)
    guild = await guild_rows.get_guild(transaction, guild_id)
    if flood is None or guild is None or flood.decision in {None, FloodDecision.NONE}:
        return None
    wanted = flood.issue_keys if flood.decision is FloodDecision.ALL else flood.issue_keys[-1:]
    for key in wanted[chore.place : chore.place + PORTION]:
        identity = await recognition_rows.identity_of(transaction, key)
        is_all = flood.decision is FloodDecision.ALL
        if is_all and await is_told_elsewhere(transaction, guild, key, here=wanted):
            continue
        if identity is not None and not await issue_rows.is_withdrawn(transaction, key):
            await announce_in_guild(
                transaction,
                guild_id=guild_id,
                source_id=flood.source_id,
                issue_key=key,
                identity=identity,
                may_ping=False,
            )
    done = chore.place + PORTION
    return done if done < len(wanted) else None
