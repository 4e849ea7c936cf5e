"""Reading sources: when, on whose account, and what a failure changes; what they give is taken in by `Intake`.

Polling with conditional requests (ETag, Last-Modified), and with exponential back-off for what fails.
"""

import asyncio
import logging
from collections.abc import Callable, Collection, Coroutine, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from random import uniform
from typing import Any
from uuid import uuid4

from bot.clock import Clock
from bot.errors import DomainError, FetchError, StoreBusyError, StoreError, StoreGoneError
from bot.garbage import keeps_what_arrives
from bot.metrics import Metrics, metered
from bot.model.guild import Source
from bot.model.problem import Problem
from bot.ports import Announcer, IssueAsker, IssueSource, LinkFollower, Unchanged
from bot.services.announcing.announcements import announce_in_guild
from bot.services.announcing.news import telling
from bot.services.announcing.repeats import is_release_due, release
from bot.services.delivery.portions import PORTION
from bot.services.delivery.side_by_side import work_off
from bot.services.reading.absences import MOST_ASKED, Absences, note_answers
from bot.services.reading.following import Following
from bot.services.reading.intake import Intake
from bot.services.reading.ladder import Climbed, Ladder, next_look_up
from bot.services.reading.quotas import (
    DEFAULT_QUOTAS,
    Quotas,
    broken_off_cost,
    charge_readers,
    cost_of,
    is_heavy,
    tomorrow,
    used_up,
)
from bot.services.reading.slots import LONGEST_ASKED, next_reading
from bot.services.reading.storing import MOST_ASKED_FOR
from bot.services.reading.watching import Watch
from bot.store import Store, Transaction
from bot.store import chores as chore_rows
from bot.store import guilds as guild_rows
from bot.store import issues as issue_rows
from bot.store import recognition as recognition_rows
from bot.store import repeats as repeat_rows
from bot.store import sources as source_rows
from bot.store.group_commit import uninterrupted
from bot.store.secret_box import SecretBox

log = logging.getLogger(__name__)

# Beyond the time-out of one fetch. A reading may take several: while it goes on, its lease is renewed.
_LEASE_MARGIN = timedelta(seconds=30)
_DEFAULT_FETCH_TIMEOUT = timedelta(seconds=20)
_BUSY_PAUSE = timedelta(seconds=30)
_SOURCES_AT_ONCE = 8
_OF_ONE_SERVER = 4
_LONGEST_BACKOFF = timedelta(hours=6)


@dataclass(frozen=True, slots=True)
class _Received:
    """What a reading cost, in bytes (`cost_of`), the servers that pay for it, in their order, and how much each."""

    guild_ids: Sequence[int]
    share: int
    source_id: int
    received_bytes: int
    at: datetime


class Sources:
    """`incarnation` names this process; with `alone`, what earlier processes began to read is free at once."""

    def __init__(
        self,
        store: Store,
        *,
        reader: IssueSource,
        secrets: SecretBox,
        clock: Clock,
        interval: timedelta,
        metrics: Metrics,
        announcer: Announcer,
        quotas: Quotas = DEFAULT_QUOTAS,
        follower: LinkFollower | None = None,
        asker: IssueAsker | None = None,
        alone: bool = False,
        incarnation: str | None = None,
        fetch_timeout: timedelta = _DEFAULT_FETCH_TIMEOUT,
    ) -> None:
        self._lease = fetch_timeout + _LEASE_MARGIN
        self._renewed_at = 0.0
        self._alone = alone
        self._incarnation = incarnation or str(uuid4())
        self._watch = Watch(announcer)
        self._quotas = quotas
        self._metrics = metrics
        self._store = store
        self._ladder = Ladder(store, reader=reader, clock=clock)
        self._following = Following(store, follower=follower, clock=clock)
        self._absences = Absences(store, asker=asker)
        self._secrets = secrets
        self._intake = Intake(
            store,
            announcer=announcer,
            watch=self._watch,
            secrets=secrets,
            clock=clock,
            metrics=metrics,
            quotas=quotas,
            interval=interval,
            incarnation=self._incarnation,
        )
        self._clock = clock
        self._interval = interval
        self._broken_off: dict[int, tuple[Source, timedelta]] = {}
        self._one_suspect = asyncio.Lock()
        self._unsure: set[datetime] = set()
        self._uncharged: list[_Received] = []

    async def take_over(self) -> None:
        """At the start: what a process before this one was reading when it stopped is due again."""
        if not self._alone:
            return
        async with self._store.write() as transaction:
            freed = await source_rows.void_claims(transaction)
        if freed:
            log.info("readings of an earlier process ended count=%d", freed)

    async def read_due(self, goes_on: Callable[[], bool] = lambda: True) -> datetime | None:
        """Read every source whose time has come, some side by side; the moment when the next one's has, or None.

        When `goes_on` says no, readings under way are broken off, wherever they are, and are due again.
        """

        async def claim(busy: Collection[int]) -> dict[int, Coroutine[Any, Any, None]]:
            # Each time: with many slow sources, there may be no moment in which none is read.
            await self._give_back()
            await self._look_around()
            await self._renew(busy)
            if not goes_on() or len(busy) >= _SOURCES_AT_ONCE:
                return {}
            return {source.source_id: self._read_or_break_off(source) for source in await self._claim(busy)}

        await work_off(claim, is_over=lambda: not goes_on())
        async with self._store.read() as transaction:
            moments = [await source_rows.next_poll(transaction), await repeat_rows.next_release(transaction)]
        return min((moment for moment in moments if moment is not None), default=None)

    async def _claim(self, busy: Collection[int]) -> list[Source]:
        now = self._clock.now()
        try:
            async with self._store.write() as transaction:
                return await source_rows.claim_due_sources(
                    transaction,
                    incarnation=self._incarnation,
                    until=now + self._lease,
                    limit=_SOURCES_AT_ONCE - len(busy),
                    most_of_one=_OF_ONE_SERVER,
                    busy=busy,
                )
        except (StoreGoneError, asyncio.CancelledError):
            self._unsure.add(now + self._lease)  # where only the answer was lost, they are ours
            raise

    async def _read_or_break_off(self, source: Source) -> None:
        """Read one source; what the database does meanwhile is no failure of the source, whose claim is given back."""
        try:
            await self._read_or_give_back(source)
        except StoreError as error:
            pause = timedelta() if isinstance(error, StoreGoneError) else self._interval
            pause = _BUSY_PAUSE if isinstance(error, StoreBusyError) else pause
            self._broken_off[source.source_id] = (source, pause)
            self._metrics.count("source_readings", "broken off")
            log.warning("reading broken off by the database source_id=%s error=%s", source.source_id, error)

    async def _give_back(self) -> None:
        """Let what was broken off be read again, as soon as the database takes that. Raises StoreError until then."""
        await self._charge()
        for source_id, (source, pause) in list(self._broken_off.items()):
            async with self._store.write() as transaction:
                if await self._hold_claim(transaction, source) is not None:
                    await source_rows.put_off(transaction, source_id, next_poll_at=transaction.now + pause)
            del self._broken_off[source_id]
        for until in list(self._unsure):
            async with self._store.write() as transaction:
                await source_rows.void_claims(transaction, until=until)
            self._unsure.remove(until)

    async def _renew(self, busy: Collection[int]) -> None:
        """Keep what is being read for as long again, some time before the lease ends."""
        now = self._clock.monotonic()
        if not busy:
            self._renewed_at = now
        if now - self._renewed_at < self._lease.total_seconds() / 3:
            return
        async with self._store.write() as transaction:
            await source_rows.renew_claims(
                transaction, busy, incarnation=self._incarnation, until=transaction.now + self._lease
            )
        self._renewed_at = now

    async def _look_around(self) -> None:
        """Announce what waited for a digest that did not come, and mend what a wrong clock has written.

        No source waits longer than the longest pause: what is due later was written while the clock was wrong.
        """
        horizon = self._clock.now() + max(_LONGEST_BACKOFF, LONGEST_ASKED, self._interval) * 2
        async with self._store.read() as transaction:
            astray = await source_rows.is_due_after(transaction, horizon)
            waited = await is_release_due(transaction)
        if astray:
            log.warning("sources were due in a far future, so the clock was wrong")
        while astray:
            async with self._store.write() as transaction:
                astray = await source_rows.bring_nearer(transaction, horizon=horizon, limit=PORTION) > 0
        while waited:
            waited = await self._release()

    async def _read_or_give_back(self, source: Source) -> None:
        try:
            await self._read(source)
        except asyncio.CancelledError:
            # A slow site, a long document or a large issue is no reason to be slow in stopping: it is read again.
            async with self._store.write() as transaction:
                if await self._hold_claim(transaction, source) is not None:
                    await source_rows.put_off(transaction, source.source_id, next_poll_at=transaction.now)
            await self._charge()
            log.info("reading given back source_id=%s", source.source_id)
            raise

    async def _hold_claim(self, transaction: Transaction, source: Source) -> Source | None:
        return await source_rows.hold_claim(transaction, source.source_id, incarnation=self._incarnation)

    async def _read(self, source: Source) -> None:
        """Read one source on the account of the servers that subscribe to it, as far as these have any left."""
        now = self._clock.now()
        async with self._store.read() as transaction:
            subscribed = await guild_rows.subscriptions_of_source(transaction, source.source_id)
            guild_ids = {subscription.guild_id for subscription in subscribed}
            without = await used_up(transaction, guild_ids, self._quotas)
        if is_heavy(source, self._quotas, now=now):
            await self._put_off(source, "notice-heavy", occasion=f"heavy:{source.source_id}", now=now)
            return
        paying = guild_ids.difference(without)
        if without and not paying:
            await self._put_off(source, "notice-used-up", occasion="used-up", now=now)
            return
        if source.hinted_guild_id in paying:
            paying = {source.hinted_guild_id}
        if not source.is_broken_off:
            await self._read_for(source, paying)
            return
        # Charged before it is read: else what kills the process could do so again and again for nothing. One after the
        # other: what was in hand beside it is not charged in step with it.
        async with self._one_suspect:
            self._note_cost(source, paying, broken_off_cost(self._quotas))
            await self._charge()
            await self._read_for(source, paying)

    async def _read_for(self, source: Source, paying: Collection[int]) -> None:
        """Read one source, and charge these servers with what it costs."""
        with metered() as meter:
            try:
                await self._read_and_take_in(source)
            finally:
                if cost := cost_of(meter):
                    self._note_cost(source, paying, cost)
        await self._charge()

    def _note_cost(self, source: Source, paying: Collection[int], cost: int) -> None:
        share = -(-cost // max(len(paying), 1))
        self._uncharged.append(_Received(sorted(paying), share, source.source_id, cost, self._clock.now()))

    async def _charge(self) -> None:
        """Charge what was received, whatever became of it, as soon as the database takes that.

        Raises StoreError until then. Where only its answer was lost, what counted already counts twice.
        """
        while self._uncharged:
            await uninterrupted(self._charge_for(self._uncharged.pop()))

    async def _charge_for(self, received: _Received) -> None:
        source_id, at = received.source_id, received.at
        try:
            async with self._store.write() as transaction:
                await charge_readers(transaction, source_id, received.guild_ids, received.share, at=at)
                await source_rows.charge(transaction, source_id, received.received_bytes, day=at.date())
        except Exception:
            self._uncharged.append(received)
            raise

    async def _put_off(self, source: Source, words: str, *, occasion: str, now: datetime) -> None:
        """Enough was received for today: read the source tomorrow, and tell the servers that read it once."""
        due_at = self._next_reading(source, not_before=tomorrow(now))
        told: dict[str, str | int] = {"title": source.name, "when": f"<t:{int(due_at.timestamp())}:f>"}
        async with self._store.write() as transaction:
            if await self._hold_claim(transaction, source) is not None:
                await source_rows.put_off(transaction, source.source_id, next_poll_at=due_at)
                await self._watch.tell(transaction, source, Problem(words, told), occasion=f"{occasion}:{now.date()}")
        log.warning("source put off source_id=%s because=%s next=%s", source.source_id, words, due_at.isoformat())

    @keeps_what_arrives
    async def _read_and_take_in(self, source: Source) -> None:
        """Read one source and take in what is new; whatever goes wrong with it is its own problem."""
        try:
            credentials = await self._credentials(source)
            if (source.etag or source.last_modified) and await self._absences.wants_whole(source):
                source = replace(source, etag=None, last_modified=None)
            climbed = await self._ladder.read(source, credentials=credentials)
            most_asked = MOST_ASKED
            if isinstance(climbed.reading, Unchanged):
                await self._record_unchanged(source, climbed, fresh_for=climbed.reading.fresh_for)
            else:
                issues, is_complete = await self._following.lead_on(climbed.reading.issues)
                reading = replace(climbed.reading, issues=issues)
                if not is_complete:  # with its marks, nothing would be asked about the rest before something changes
                    reading = replace(reading, etag=None, last_modified=None)
                await self._intake.take_in(source, climbed, reading)
                most_asked = MOST_ASKED_FOR if reading.can_be_asked else MOST_ASKED
            if climbed.rung_url is None:
                await self._ask_for_absent(source, credentials=credentials, most=most_asked)
        except StoreError:
            raise
        except FetchError as error:
            asked = min(timedelta(seconds=error.retry_after_seconds), LONGEST_ASKED)
            await self._record_failure(source, Problem.of(error), asked=asked)
        except DomainError as error:
            await self._record_failure(source, Problem.of(error))
        except Exception as error:
            # One source must not stop the others, and a mistake of ours must not be repeated without a pause.
            log.exception("source could not be read source_id=%s", source.source_id)
            await self._record_failure(source, Problem.of(error))

    async def _ask_for_absent(self, source: Source, *, credentials: str | None, most: int) -> None:
        """Ask what became of newest issues that are not listed any more, and withdraw what is proven to be gone."""
        answers = await self._absences.ask(source, credentials=credentials, most=most)
        if not answers:
            return
        async with self._store.write() as transaction:
            await chore_rows.hold(transaction, telling(source.source_id))  # before the issues, as the worker does
            gone = await note_answers(transaction, source, answers)
            if gone:
                await chore_rows.leave(transaction, telling(source.source_id))
        if gone:
            log.info("issues withdrawn source_id=%s count=%d", source.source_id, len(gone))
            await self._intake.tell(source.source_id)

    async def _release(self) -> bool:
        """Announce some of what waited for a digest that did not come; whether there is more."""
        async with self._store.write() as transaction:
            released = await release(transaction)
            for guild_id, source_id, key in released:
                identity = await recognition_rows.identity_of(transaction, key)
                if identity is None or await issue_rows.is_withdrawn(transaction, key):
                    continue
                await announce_in_guild(
                    transaction, guild_id=guild_id, source_id=source_id, issue_key=key, identity=identity
                )
            return await is_release_due(transaction)

    async def _credentials(self, source: Source) -> str | None:
        async with self._store.read() as transaction:
            sealed = await source_rows.get_secret(transaction, source.source_id)
        return self._secrets.open(sealed) if sealed is not None else None

    async def _record_unchanged(self, source: Source, climbed: Climbed, *, fresh_for: timedelta | None) -> None:
        self._metrics.count("source_readings", "unchanged")
        async with self._store.write() as transaction:
            if await self._hold_claim(transaction, source) is not None:
                await self._watch.for_silence(transaction, source)
                await source_rows.record_unchanged(
                    transaction,
                    source.source_id,
                    look_up_at=climbed.look_up_at,
                    next_poll_at=self._next_reading(source, fresh_for=fresh_for),
                    wanted_from=transaction.now + self._quotas.shortest_pause,
                )

    def _next_reading(
        self, source: Source, *, fresh_for: timedelta | None = None, not_before: datetime | None = None
    ) -> datetime:
        return next_reading(
            not_before or self._clock.now(), url_key=source.url_key, interval=self._interval, fresh_for=fresh_for
        )

    async def _record_failure(self, source: Source, problem: Problem, *, asked: timedelta = timedelta()) -> None:
        backoff = min(self._interval * 2 ** min(source.failures, 16), _LONGEST_BACKOFF)
        # Jitter keeps sources that failed together from coming back together.
        now = self._clock.now()
        due_at = now + max(max(backoff, self._interval) * uniform(0.9, 1.1), asked)
        async with self._store.write() as transaction:
            if await self._hold_claim(transaction, source) is not None:
                await source_rows.record_failure(
                    transaction,
                    source.source_id,
                    problem=problem,
                    look_up_at=next_look_up(source, now=now),
                    next_poll_at=due_at,
                )
                await self._watch.tell_of_failure(transaction, source, problem)
                await self._watch.for_silence(transaction, source)
        self._metrics.count("source_readings", "failed")
        log.warning(
            "source failed source_id=%s failures=%d next=%s problem=%s",
            source.source_id,
            source.failures + 1,
            due_at.isoformat(timespec="seconds"),
            problem,
        )
