"""Taking in what a source gave: its issues stored in pieces, and at the end what follows from all of them together."""

import asyncio
import logging
from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from bot.clock import Clock
from bot.garbage import MANY_LINKS, living_kept
from bot.metrics import Metrics
from bot.model.guild import Source
from bot.model.issue import News, Stage
from bot.model.problem import Problem
from bot.ports import Announcer, Reading
from bot.services.announcing.floods import Dated, hold, is_flood
from bot.services.announcing.news import tell_news, telling
from bot.services.announcing.repeats import find_repeats, note_repeats
from bot.services.delivery.cards import Change, show_changes
from bot.services.delivery.notices import staff_channel_of
from bot.services.delivery.portions import PORTION, go_on
from bot.services.members.rekeying import follow_submissions
from bot.services.members.submissions import feature_links
from bot.services.reading.absences import withdraw_proven
from bot.services.reading.cadence import MOST_LEARNED_FROM, keeps_rhythm
from bot.services.reading.ladder import Climbed
from bot.services.reading.quotas import Quotas, room_for
from bot.services.reading.slots import next_reading, room_again
from bot.services.reading.storing import (
    MOST_LINKS,
    Sorted,
    Stored,
    look_for_missing,
    sort_out,
    store_names,
    store_piece,
)
from bot.services.reading.watching import Watch
from bot.services.reading.websub import note_hub
from bot.store import Store, Transaction
from bot.store import chores as chore_rows
from bot.store import guilds as guild_rows
from bot.store import issues as issue_rows
from bot.store import news as news_rows
from bot.store import sources as source_rows
from bot.store.secret_box import SecretBox

log = logging.getLogger(__name__)

_ASKED_AT_ONCE = 20
_EVER = datetime.fromtimestamp(0, UTC)
_NEVER = datetime.max.replace(tzinfo=UTC)


class _VoidError(Exception):
    """The source is not this process's any more; somebody subscribed anew, so it is read again at once."""


@dataclass(frozen=True, slots=True)
class Before:
    """What was known before the reading. is_own: it is of the source's own address. published: when issues came out."""

    is_own: bool
    has_moved: bool
    guild_ids: frozenset[int]
    newest_known_at: datetime | None
    published: Sequence[datetime]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a reading brings about, once what it gave is stored.

    is_first: of all that is new only the newest is told, and silence means nothing yet. is_held: most of it looks new,
    so the staff is asked first. has_waiting: for some of it there is no room yet. is_behind: nobody is told of that
    when its turn comes. looks_for_missing: what is known and not listed may be gone. asked_back_to: of a platform that
    can be asked, when the oldest issue of its list came out. tells_of_place: it is read elsewhere than before. title,
    home_url: what the newsletter calls itself, and where it is at home, from now on; None to keep what is known. etag,
    last_modified: the marks for the next conditional request; none where that has to bring all of it once more.
    not_before: when the next reading may be at the soonest. problem: what could not be read. announced: how many issues
    servers are told of.
    """

    is_first: bool
    is_held: bool
    has_waiting: bool
    is_behind: bool
    looks_for_missing: bool
    asked_back_to: datetime | None
    tells_of_place: bool
    title: str | None
    home_url: str | None
    etag: str | None
    last_modified: str | None
    not_before: datetime
    problem: Problem | None
    announced: int


def decide(
    source: Source, reading: Reading, before: Before, found: Sorted, news: Sequence[News], *, now: datetime
) -> Verdict:
    """What becomes of what a reading gave. news: what of it is stored now and was told to nobody."""
    is_first = source.first_read_at is None
    new: list[Dated] = [*news, *(item.issue for item in found.waiting if item.is_told)]
    moments = [each.published_at for each in new if each.published_at is not None]
    is_held = not is_first and is_flood(
        new,
        listed=len(reading.issues),
        newest_known_at=before.newest_known_at,
        keeps_rhythm=keeps_rhythm(moments, before.published, now=now),
    )
    # With its marks, what has to wait would come when something else changes.
    is_whole = not found.waiting and not found.edits_waiting
    # What nobody would have been told of now, nobody is told of when there is room for it.
    tells_no_older = is_first or is_held or _told_after(source, before) is not None
    return Verdict(
        is_first=is_first,
        is_held=is_held,
        has_waiting=bool(found.waiting),
        is_behind=tells_no_older and any(not item.is_news for item in found.waiting),
        # What a known issue says, and whether it is there at all, is for the source's own address to tell.
        looks_for_missing=before.is_own and reading.is_whole,
        asked_back_to=_asked_back_to(reading),
        tells_of_place=before.has_moved,
        title=reading.title if before.is_own or source.title is None else None,
        home_url=reading.home_url if before.is_own else None,
        etag=reading.etag if is_whole else None,
        last_modified=reading.last_modified if is_whole else None,
        not_before=room_again(now, is_full=found.is_full) if found.waiting else now,
        problem=reading.problem or _problem_of(found),
        announced=0 if is_held else min(len(news), 1) if is_first else len(news),
    )


class Intake:
    """`incarnation` names this process, whose claim on a source is looked at again in each transaction."""

    def __init__(
        self,
        store: Store,
        *,
        announcer: Announcer,
        watch: Watch,
        secrets: SecretBox,
        clock: Clock,
        metrics: Metrics,
        quotas: Quotas,
        interval: timedelta,
        incarnation: str,
    ) -> None:
        self._store = store
        self._announcer = announcer
        self._watch = watch
        self._secrets = secrets
        self._clock = clock
        self._metrics = metrics
        self._quotas = quotas
        self._interval = interval
        self._incarnation = incarnation
        # Of several readings one piece at a time, so that whoever votes waits for one.
        self._turn = asyncio.Lock()
        # What is looked through at length is one reading at a time, too: SQLite has four readers, for people as well.
        self._looking = asyncio.Lock()

    async def take_in(self, source: Source, climbed: Climbed, reading: Reading) -> None:
        """Store what is new and queue its announcements; the source's marks advance with the last of it.

        Broken off anywhere, the next reading goes on: what it finds stored and not decided about is new to it, too.
        """
        # A submission whose key is by older rules would not be recognised, and an issue is new only once.
        await follow_submissions(self._store)
        is_large = sum(issue.link_count for issue in reading.issues) > MANY_LINKS
        try:
            with living_kept() if is_large else nullcontext():
                await self._take_in(source, climbed, reading)
        except _VoidError:
            log.info("reading is void source_id=%s", source.source_id)

    async def _take_in(self, source: Source, climbed: Climbed, reading: Reading) -> None:
        now = self._clock.now()
        async with self._looking, self._store.read() as transaction:
            source = await source_rows.get_source(transaction, source.source_id)
            before = await _known_before(transaction, source, climbed)
            room = await room_for(transaction, source, before.guild_ids, self._quotas)
            told_after = _told_after(source, before)
            found = await sort_out(
                transaction,
                source,
                reading.issues,
                is_listed=before.is_own,
                is_whole=reading.is_whole,
                room=room,
                told_after=told_after,
                newest_known_at=before.newest_known_at,
            )
        stored = await self._store_all(source, found, before, now=now)
        async with self._looking, self._store.read() as transaction:
            news = await news_rows.news_of(transaction, source.source_id, Stage.NEW)
            repeats = await find_repeats(transaction, source, {each.issue_key for each in news})
        await note_repeats(self._store, repeats, telling=telling(source.source_id))
        verdict = decide(source, reading, before, found, news, now=now)
        if verdict.is_held and news:
            await self._hold(source, news, before, listed=len(reading.issues))
        gone = await self._apply(source, climbed, reading, verdict, found=found, stored=stored, new=len(news))
        self._metrics.count("source_readings", "read")
        self._metrics.count("issues_stored", by=len(stored.new))
        log.info(
            "source read source_id=%s items=%d new=%d edited=%d withdrawn=%d announced=%d waiting=%d",
            source.source_id,
            len(reading.issues),
            len(stored.new),
            len(stored.edited),
            gone,
            verdict.announced,
            len(found.waiting) + found.edits_waiting,
        )
        if found.cut or found.bare:
            log.info("links left out source_id=%s cut=%d bare=%d", source.source_id, found.cut, found.bare)
        await self.tell(source.source_id)

    @asynccontextmanager
    async def _piece(self, source: Source) -> AsyncIterator[tuple[Transaction, Source]]:
        """A transaction for a piece of the work, with the source as it is now. Raises _VoidError."""
        async with self._turn, self._store.write() as transaction:
            held = await source_rows.hold_claim(transaction, source.source_id, incarnation=self._incarnation)
            if held is None:
                raise _VoidError
            yield transaction, held

    async def _store_all(self, source: Source, found: Sorted, before: Before, *, now: datetime) -> Stored:
        all_stored = Stored()
        if found.items or found.names or found.reused:
            async with self._piece(source) as (transaction, _):
                await source_rows.take_back_marks(transaction, source.source_id)
                await store_names(transaction, source, found)
        for piece in found.pieces():
            for item in piece:
                while item.known is not None and item.links_before > MOST_LINKS:
                    async with self._piece(source) as (transaction, _):
                        if not await issue_rows.cut_links(transaction, item.known.issue_id, limit=MOST_LINKS):
                            break
            async with self._piece(source) as (transaction, held):
                stored = await store_piece(
                    transaction,
                    held,
                    piece,
                    undated_at=now,
                    is_listed=before.is_own,
                    stage=Stage.NEW,
                )
                featured = await _feature(transaction, held, stored, before.guild_ids)
                await show_changes(transaction, featured)
            all_stored.add(stored)
        return all_stored

    async def _hold(self, source: Source, news: Sequence[News], before: Before, *, listed: int) -> None:
        """Most of it looks new: nobody is told of anything before somebody looked."""
        log.warning("source flooded source_id=%s new=%d items=%d", source.source_id, len(news), listed)
        guild_ids = sorted(before.guild_ids)
        for start in range(0, len(guild_ids), _ASKED_AT_ONCE):
            async with self._piece(source) as (transaction, _):
                for guild_id in guild_ids[start : start + _ASKED_AT_ONCE]:
                    await hold(
                        transaction,
                        guild_id=guild_id,
                        source_id=source.source_id,
                        issue_keys=[each.issue_key for each in news],
                        listed=listed,
                        staff_channel_id=await staff_channel_of(transaction, self._announcer, guild_id),
                    )

    async def _apply(
        self,
        source: Source,
        climbed: Climbed,
        reading: Reading,
        verdict: Verdict,
        *,
        found: Sorted,
        stored: Stored,
        new: int,
    ) -> int:
        """Do as it was decided, all of it or nothing; how much is withdrawn. Raises _VoidError."""
        withdrawn = 0
        async with self._turn, self._store.write() as transaction:
            await chore_rows.hold(transaction, telling(source.source_id))  # before the source, as the worker does
            held = await source_rows.hold_claim(transaction, source.source_id, incarnation=self._incarnation)
            if held is None:
                raise _VoidError
            if verdict.looks_for_missing:
                withdrawn += len(
                    await look_for_missing(transaction, held, found.seen, new=new, asked_back_to=verdict.asked_back_to)
                )
                withdrawn += len(await withdraw_proven(transaction, held))
            if verdict.is_first:
                newest = await news_rows.newest_of_source(transaction, held.source_id, is_decided=False)
                await news_rows.decide_first(transaction, held.source_id, newest and newest[0])
            else:
                await news_rows.decide_news(transaction, held.source_id, None if verdict.is_held else Stage.NEWS)
            # Told of in part while they were being stored, some of these may count as drawn.
            await news_rows.redraw(transaction, stored.redrawn)
            await chore_rows.leave(transaction, telling(held.source_id))
            await note_hub(transaction, held.source_id, reading.hub, secrets=self._secrets)
            if verdict.tells_of_place:
                await self._watch.tell_of_rung(transaction, held, climbed)
            if not verdict.is_first:
                await self._watch.for_silence(transaction, held)
            await source_rows.record_reading(
                transaction,
                held.source_id,
                title=verdict.title,
                home_url=verdict.home_url,
                rung_url=climbed.rung_url,
                look_up_at=climbed.look_up_at,
                etag=verdict.etag,
                last_modified=verdict.last_modified,
                problem=verdict.problem,
                has_waiting=verdict.has_waiting,
                is_behind=verdict.is_behind,
                next_poll_at=next_reading(
                    verdict.not_before, url_key=held.url_key, interval=self._interval, fresh_for=reading.fresh_for
                ),
                wanted_from=transaction.now + self._quotas.shortest_pause,
            )
        return withdrawn

    async def tell(self, source_id: int) -> None:
        """Tell the first servers at once; the worker `chores` tells the others."""
        async with self._turn, self._store.write() as transaction:
            chore = await chore_rows.hold(transaction, telling(source_id))
            if chore is None:
                return  # the worker was faster
            if await news_rows.next_to_tell(transaction, source_id) is None:
                await chore_rows.end(transaction, chore)
            else:
                await go_on(transaction, chore, tell_news)


async def _known_before(transaction: Transaction, source: Source, climbed: Climbed) -> Before:
    subscribed = await guild_rows.subscriptions_of_source(transaction, source.source_id)
    return Before(
        is_own=climbed.rung_url is None,
        has_moved=climbed.rung_url != source.rung_url,
        guild_ids=frozenset(subscription.guild_id for subscription in subscribed),
        newest_known_at=await news_rows.newest_published_at(transaction, source.source_id),
        published=await news_rows.publishing_times(transaction, source.source_id, limit=MOST_LEARNED_FROM),
    )


def _asked_back_to(reading: Reading) -> datetime | None:
    """What came out later and is not listed, its platform is asked for; None where that cannot be asked."""
    if not reading.can_be_asked:
        return None
    dates = [each.published_at for each in reading.issues if each.published_at is not None]
    # A list of nothing is an answer about another site rather than about each issue.
    return _EVER if dates and reading.lists_all else min(dates, default=_NEVER)


def _told_after(source: Source, before: Before) -> datetime | None:
    """Where older issues may come that were never seen, from which moment on they are news.

    Another rung may hold such ones, its own address is judged as ever; and those had to wait that were too many.
    """
    if source.first_read_at is None:
        return None
    if (before.has_moved and not before.is_own) or source.is_behind:
        return before.newest_known_at or _NEVER
    return None


async def _feature(
    transaction: Transaction, source: Source, stored: Stored, guild_ids: Collection[int]
) -> list[Change]:
    """Credit the members whose links run, before the announcement is queued that names them.

    What an edit added was there before for all we know, and so were new issues that had to wait: their source is what
    was sent before the issue came out.
    """
    unseen_at = source.last_read_at if source.first_read_at is not None and not source.has_waiting else None
    changes: list[Change] = []
    new = [(key, issue, unseen_at) for key, issue in stored.new]
    for key, issue, since in (*new, *((key, issue, None) for key, issue in stored.edited)):
        ran = await feature_links(
            transaction,
            issue,
            issue_key=key,
            guild_ids=guild_ids,
            unseen_at=since,
            limit=PORTION - len(changes),
        )
        if ran:
            log.info("submitted links ran issue=%s count=%d", key, len(ran))
        changes += ran
    return changes


def _problem_of(found: Sorted) -> Problem | None:
    """What had to be left out of a reading, said once in the words for the most of it."""
    if found.waiting:
        return Problem("reading-no-room" if found.is_full else "reading-new-waits", {"count": len(found.waiting)})
    if found.bare:
        return Problem("reading-no-room-for-links")
    if found.edits_waiting:
        return Problem("reading-edits-wait", {"count": found.edits_waiting})
    if found.cut:
        return Problem("reading-links-cut", {"count": found.cut, "most": MOST_LINKS})
    return None
