"""Issues that are gone from their source: taken back, or forgotten by a feed for a while?

A feed alone cannot tell: an old copy of it looks just as if its newest issue were taken back. So the issue is asked for
at its own address, side by side with the readings that miss it; where the platform has an API, whatever that misses is
asked for there, and believed at once. All that was answered is kept, so that a restart changes nothing.
"""

import asyncio
import logging
from datetime import timedelta

from bot.errors import DomainError
from bot.model.guild import Source
from bot.ports import IssueAsker, Standing
from bot.services.reading.storing import READINGS_MISSED
from bot.store import Store, Transaction
from bot.store import absences as absence_rows
from bot.store.absences import Absence

log = logging.getLogger(__name__)

APART = timedelta(minutes=10)
"""Between two answers that nothing is there: a site that is built anew has no pages for a moment."""

MOST_ASKED = 2
"""Of one source by its pages, after one reading."""

_LONGEST_PAUSE = timedelta(days=1)
_BUDGET_SECONDS = 30.0
_SECONDS_FOR_ONE = 15.0


class Absences:
    """`asker` is None where nothing is asked: then the newest issue is withdrawn only once a newer one stands there."""

    def __init__(self, store: Store, *, asker: IssueAsker | None) -> None:
        self._store = store
        self._asker = asker

    async def wants_whole(self, source: Source) -> bool:
        """Whether the next reading has to be a whole one: "not modified" says again what was said once."""
        if source.rung_url is not None:
            return False
        async with self._store.read() as transaction:
            return await absence_rows.is_any_uncertain(transaction, source.source_id, readings=READINGS_MISSED)

    async def ask(
        self, source: Source, *, credentials: str | None, most: int = MOST_ASKED
    ) -> list[tuple[Absence, Standing]]:
        """What is answered about `most` of the source's absent issues, as far as they are due and the time suffices."""
        if self._asker is None:
            return []
        async with self._store.read() as transaction:
            due = await absence_rows.due(
                transaction,
                source.source_id,
                horizon=transaction.now + 2 * _LONGEST_PAUSE,
                limit=most,
            )
        answers = []
        now = asyncio.get_running_loop().time
        ends_at = now() + _BUDGET_SECONDS
        for absence in due:
            if now() >= ends_at:
                break
            standing = Standing.UNKNOWN
            try:
                async with asyncio.timeout_at(min(now() + _SECONDS_FOR_ONE, ends_at)):
                    standing = await self._asker.ask(
                        source, url=absence.url, names=absence.names, credentials=credentials
                    )
            except DomainError as error:
                log.info("absent issue not asked for issue_id=%s because=%s", absence.issue_id, error.message_id)
            except TimeoutError:
                log.info("absent issue not asked for issue_id=%s because=slow", absence.issue_id)
            answers.append((absence, standing))
        return answers


async def note_answers(transaction: Transaction, source: Source, answers: list[tuple[Absence, Standing]]) -> list[str]:
    """Keep what was answered; the keys of issues that are withdrawn by it."""
    for absence, standing in sorted(answers, key=lambda each: each[0].issue_id):
        is_gone, is_certain = standing is Standing.NOTHING_THERE, standing is Standing.TAKEN_BACK
        since = (absence.gone_since or transaction.now) if is_gone else None
        pause = APART if is_gone else min(APART * 2 ** min(absence.asks, 10), _LONGEST_PAUSE)
        await absence_rows.answer(
            transaction,
            absence,
            ask_at=transaction.now + pause,
            gone_since=since,
            # What the platform itself says, no further reading can say better.
            readings=READINGS_MISSED if is_certain else 1,
            is_proven=is_certain or (since is not None and transaction.now - since >= APART),
        )
    return await withdraw_proven(transaction, source)


async def withdraw_proven(transaction: Transaction, source: Source) -> list[str]:
    """Withdraw what enough readings missed and what is proven to be gone; the keys of those issues."""
    return await absence_rows.withdraw_proven(transaction, source.source_id, readings=READINGS_MISSED)
