"""What the staff is told of the newsletters that their server reads, each once: silence, another rung, long failure."""

import logging
from datetime import timedelta
from functools import partial
from hashlib import sha256

from bot.model.chore import Chore, ChoreKind
from bot.model.guild import Source
from bot.model.problem import Problem
from bot.ports import Announcer
from bot.services.delivery.notices import tell_staff
from bot.services.delivery.portions import begin
from bot.services.reading.cadence import MOST_LEARNED_FROM, missed_at
from bot.services.reading.ladder import FAILURES_ON_A_RUNG, Climbed, words_about
from bot.store import Transaction
from bot.store import guilds as guild_rows
from bot.store import news as news_rows
from bot.store import sources as source_rows

log = logging.getLogger(__name__)

LONG_UNREAD = timedelta(days=1)
"""Without a reading, before anybody is told: most failures pass."""

TOLD_AT_ONCE = 20
"""Staffs a transaction."""


class Watch:
    def __init__(self, announcer: Announcer) -> None:
        self._announcer = announcer

    async def for_silence(self, transaction: Transaction, source: Source) -> None:
        """Tell of an issue that should be here by what was learned of the newsletter's habits."""
        published = await news_rows.publishing_times(transaction, source.source_id, limit=MOST_LEARNED_FROM)
        missed = missed_at(published, now=transaction.now)
        if missed is None or source.first_read_at is None or missed < source.first_read_at:
            return
        since = max(moment for moment in published if moment <= transaction.now)
        if source.silent_since is not None and source.silent_since >= since:
            return
        words = Problem(
            "notice-silence",
            {
                "title": source.name,
                "expected": f"<t:{int(missed.timestamp())}:f>",
                "ago": f"<t:{int(missed.timestamp())}:R>",
            },
        )
        occasion = f"silence:{source.source_id}:{int(missed.timestamp())}"
        if await self.tell(transaction, source, words, occasion=occasion):  # else perhaps somebody can be later
            await source_rows.note_silence(transaction, source.source_id, since=since)

    async def tell_of_rung(self, transaction: Transaction, source: Source, climbed: Climbed) -> None:
        """Tell of another address at which it is read now; once a day for each, however often a feed comes and goes."""
        log.warning("source reads elsewhere source_id=%s because=%s", source.source_id, climbed.because)
        rung = sha256((climbed.rung_url or "").encode()).hexdigest()[:16]
        occasion = f"rung:{source.source_id}:{rung}:{transaction.now.date()}"
        await self.tell(transaction, source, words_about(source, climbed), occasion=occasion)

    async def tell_of_failure(self, transaction: Transaction, source: Source, problem: Problem) -> None:
        """Tell of a source that fails once more, has not been read for long, and found no other rung."""
        since = source.last_read_at
        if since is None:  # it could be read when it was added
            subscribed = await guild_rows.subscriptions_of_source(transaction, source.source_id)
            since = min((subscription.created_at for subscription in subscribed), default=transaction.now)
        if transaction.now - since < LONG_UNREAD or source.failures + 1 < FAILURES_ON_A_RUNG:
            return
        words = Problem(
            "notice-unread", {"title": source.name, "since": f"<t:{int(since.timestamp())}:R>"}, because=problem
        )
        occasion = f"unread:{source.source_id}:{int(since.timestamp())}"
        await self.tell(transaction, source, words, occasion=occasion)

    async def tell(self, transaction: Transaction, source: Source, words: Problem, *, occasion: str) -> bool:
        """Tell the staffs of the servers that read a source, once for each `occasion`; False if nobody was.

        The first of them at once; the worker `chores` tells the others.
        """
        told: list[int] = []
        chore = Chore(ChoreKind.TELL_STAFFS, 0, f"{source.source_id}:{occasion}", details=words.as_json())
        portion = partial(tell_staffs, announcer=self._announcer, told=told)
        return await begin(transaction, chore, portion) or bool(told)


async def tell_staffs(
    transaction: Transaction,
    chore: Chore,
    *,
    announcer: Announcer | None = None,
    told: list[int] | None = None,
) -> int | None:
    """Tell the staffs of a portion of the servers that read a source; which of them were is added to `told`.

    subject: the source's id and the occasion. details: the words. place: the id of the last server.
    """
    source_id, _, occasion = chore.subject.partition(":")
    words = Problem.from_json(chore.details)
    guild_ids = await guild_rows.readers_after(transaction, int(source_id), after=chore.place, limit=TOLD_AT_ONCE)
    for guild_id in guild_ids:
        if words is not None and await tell_staff(
            transaction,
            announcer,
            guild_id=guild_id,
            about_channel_id=0,
            occasion=occasion,
            words=words,
        ):
            (told if told is not None else []).append(guild_id)
    return guild_ids[-1] if len(guild_ids) == TOLD_AT_ONCE else None
