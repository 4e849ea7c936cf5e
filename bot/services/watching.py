"""What the staff is told of the newsletters that their server reads, each once: silence, another rung, long failure."""

import logging
from collections.abc import Collection
from datetime import datetime, timedelta

from bot.model.guild import Source
from bot.model.problem import Problem
from bot.ports import Announcer
from bot.services.cadence import MOST_LEARNED_FROM, missed_at
from bot.services.ladder import FAILURES_ON_A_RUNG, Climbed, words_about
from bot.services.notices import tell_staff
from bot.store import Transaction
from bot.store import guilds as guild_rows
from bot.store import issues as issue_rows
from bot.store import sources as source_rows

log = logging.getLogger(__name__)

LONG_UNREAD = timedelta(days=1)
"""Without a reading, before anybody is told: most failures pass."""


class Watch:
    def __init__(self, announcer: Announcer) -> None:
        self._announcer = announcer

    async def for_silence(self, transaction: Transaction, source: Source, *, now: datetime) -> bool:
        """Tell of an issue that should be here by what was learned of the newsletter's habits; False if nobody was."""
        published = await issue_rows.publishing_times(transaction, source.source_id, limit=MOST_LEARNED_FROM)
        missed = missed_at(published, now=now)
        if missed is None or source.first_read_at is None or missed < source.first_read_at:
            return False
        since = max(moment for moment in published if moment <= now)
        if source.silent_since is not None and source.silent_since >= since:
            return False
        words = Problem(
            "notice-silence",
            {
                "title": source.name,
                "expected": f"<t:{int(missed.timestamp())}:f>",
                "ago": f"<t:{int(missed.timestamp())}:R>",
            },
        )
        occasion = f"silence:{source.source_id}:{int(missed.timestamp())}"
        if not await self._tell_all(transaction, source, words, occasion=occasion, now=now):
            return False  # perhaps somebody can be told later
        await source_rows.note_silence(transaction, source.source_id, since=since)
        return True

    async def tell_of_rung(self, transaction: Transaction, source: Source, climbed: Climbed, *, now: datetime) -> bool:
        """Tell of another address at which it is read now; once a day for each, however often a feed comes and goes."""
        log.warning("source reads elsewhere source_id=%s because=%s", source.source_id, climbed.because)
        occasion = f"rung:{source.source_id}:{climbed.rung_url}:{now.date()}"
        return await self._tell_all(transaction, source, words_about(source, climbed), occasion=occasion, now=now)

    async def tell_of_failure(
        self, transaction: Transaction, source: Source, problem: Problem, *, now: datetime
    ) -> bool:
        """Tell of a source that fails once more, has not been read for long, and found no other rung."""
        since = source.last_read_at
        if since is None:  # it could be read when it was added
            subscribed = await guild_rows.subscriptions_of_source(transaction, source.source_id)
            since = min((subscription.created_at for subscription in subscribed), default=now)
        if now - since < LONG_UNREAD or source.failures + 1 < FAILURES_ON_A_RUNG:
            return False
        words = Problem(
            "notice-unread", {"title": source.name, "since": f"<t:{int(since.timestamp())}:R>"}, because=problem
        )
        occasion = f"unread:{source.source_id}:{int(since.timestamp())}"
        return await self._tell_all(transaction, source, words, occasion=occasion, now=now)

    async def tell(
        self, transaction: Transaction, guild_ids: Collection[int], words: Problem, *, occasion: str, now: datetime
    ) -> bool:
        """Tell the staff of these servers, once for each `occasion`; False if nobody was."""
        told = False
        for guild_id in sorted(guild_ids):
            told |= await tell_staff(
                transaction,
                self._announcer,
                guild_id=guild_id,
                about_channel_id=0,
                occasion=occasion,
                words=words,
                now=now,
            )
        return told

    async def _tell_all(
        self, transaction: Transaction, source: Source, words: Problem, *, occasion: str, now: datetime
    ) -> bool:
        subscribed = await guild_rows.subscriptions_of_source(transaction, source.source_id)
        guild_ids = {subscription.guild_id for subscription in subscribed}
        return await self.tell(transaction, guild_ids, words, occasion=occasion, now=now)
