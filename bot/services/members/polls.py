"""Polls: opened by moderators or found in an issue, one ballot a member, changeable until they close."""

import logging
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.clock import Clock
from bot.errors import NotFoundError, RefusedError
from bot.model.delivery import Delivery, DeliveryRecord, Purpose
from bot.model.issue import IssuePoll
from bot.model.member import Act
from bot.model.poll import Ballot, Cast, CastOutcome, Poll, PollOption
from bot.ports import PollCard
from bot.services.delivery.cards import AFTER_THE_ANSWER, Change, enqueue_card, show_changes
from bot.services.delivery.keys import random_key
from bot.services.delivery.kinds import Kind
from bot.services.delivery.portions import PORTION
from bot.services.members.audiences import require_moderator
from bot.services.members.ballot_box import BallotBox
from bot.services.members.closing import closing_time
from bot.store import Store, Transaction
from bot.store import outbox as outbox_rows
from bot.store import polls as poll_rows

log = logging.getLogger(__name__)

LONGEST_QUESTION = 300
LONGEST_OPTION = 80
LONGEST_ISSUE_OPTION = 300
"""A newsletter's answers are kept whole: two that begin alike are told apart by how they end."""
FEWEST_OPTIONS, MOST_OPTIONS = 2, 10
MOST_CHOICES = 25
# As long as people come back to an issue; its card is edited once more when it closes.
_ISSUE_POLL_OPEN = timedelta(days=7)
# An announcement grows old, and Discord takes few edits of an old message.
_ANNOUNCEMENT_APART = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class Counted:
    """What became of a vote that could be counted: `option` counts now."""

    outcome: CastOutcome
    poll: Poll
    option: PollOption


class Polls:
    def __init__(self, store: Store, *, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._box = BallotBox(self._write)

    async def open(
        self,
        act: Act,
        *,
        question: str,
        options: str,
        closes: str,
        channel_id: int,
    ) -> Poll:
        """Ask a question in a channel; `options` a line each, `closes` as people write it (`closing_time`).

        Raises RefusedError, and opens nothing, for what is no poll and for who may not ask.
        """
        now = self._clock.now()
        question = _one_line(question)
        if not 1 <= len(question) <= LONGEST_QUESTION:
            raise RefusedError("poll-question-length", longest=LONGEST_QUESTION)
        labels = _labels(options)
        closes_at, poll_key = closing_time(closes, now=now), random_key()
        guild_id = act.guild_id
        async with self._store.effect(act) as transaction:
            await require_moderator(transaction, guild_id, act.actor)
            if transaction.is_repeated:
                raise RefusedError("poll-opened-already")
            await poll_rows.add(
                transaction,
                poll_key=poll_key,
                guild_id=guild_id,
                question=question,
                options=labels,
                closes_at=closes_at,
                opened_by_id=act.actor.member_id,
                channel_id=channel_id,
            )
            await enqueue_card(
                transaction,
                purpose=Purpose.POLL,
                guild_id=guild_id,
                channel_id=channel_id,
                subject_key=poll_key,
            )
            return await _get(transaction, guild_id, poll_key)

    async def vote(self, act: Act, poll_key: str, position: int, *, sees: Callable[[int | None], bool]) -> Counted:
        """Count a member's vote, in place of an earlier one; durable when this returns.

        sees: whether the member sees a channel now (None: the place of the press). Raises RefusedError for a poll that
        is closed, NotFoundError for one, or an option, that is not there, or not for them.
        """
        now = self._clock.now()
        cast = await self._box.put(
            Ballot(act.interaction_id, act.guild_id, poll_key, act.actor.member_id, position, now, sees)
        )
        if cast.poll is None:
            raise NotFoundError("poll-gone")
        if cast.outcome is CastOutcome.CLOSED:
            raise RefusedError("poll-closed-already", question=cast.poll.question)
        return Counted(cast.outcome, cast.poll, cast.poll.options[position if cast.position is None else cast.position])

    async def _write(self, ballots: Sequence[Ballot]) -> list[Cast]:
        async with self._store.write() as transaction:
            outcomes = await poll_rows.cast(transaction, ballots)
            moved = {
                cast.poll.poll_key: cast.poll
                for cast in outcomes
                if cast.poll is not None and cast.outcome in {CastOutcome.COUNTED, CastOutcome.CHANGED}
            }
            await _show_tallies(transaction, list(moved.values()))
        return outcomes

    async def close(self, act: Act, poll_key: str) -> Poll:
        """Close a poll now; the poll with its result. Raises RefusedError when it is closed already."""
        guild_id = act.guild_id
        async with self._store.effect(act) as transaction:
            await require_moderator(transaction, guild_id, act.actor)
            closed = not transaction.is_repeated and await poll_rows.close(
                transaction, poll_key, guild_id=guild_id, by=act.actor.member_id
            )
            if closed:
                poll = await _get(transaction, guild_id, poll_key)
                await show_changes(transaction, [Change(guild_id, _subject(poll))])
            else:
                poll = await _get(transaction, guild_id, poll_key)
                if not transaction.is_repeated:
                    raise RefusedError("poll-closed-already", question=poll.question)
        return poll

    async def close_due(self, goes_on: Callable[[], bool] = lambda: True) -> datetime | None:
        """Close every poll whose time is over, also while nobody was there; when the next one's is, or None."""
        now = self._clock.now()
        async with self._store.read() as transaction:
            due = await poll_rows.next_closing(transaction)
        if due is None or due > now:
            return due
        while goes_on():
            async with self._store.write() as transaction:
                closed = await poll_rows.close_due(transaction, limit=PORTION)
                await show_changes(transaction, [Change(poll.guild_id, _subject(poll)) for poll in closed])
            if not closed:
                break
            for poll in closed:
                log.info("poll closed guild_id=%s poll=%s", poll.guild_id, poll.poll_key)
        async with self._store.read() as transaction:
            return await poll_rows.next_closing(transaction)

    async def newest_open(self, guild_id: int, *, hidden: Collection[int] = ()) -> Poll:
        """The newest poll that takes votes; `hidden` are channels that the asker does not see. Raises NotFoundError."""
        async with self._store.read() as transaction:
            found = await poll_rows.newest(transaction, guild_id, only_open_at=transaction.now, hidden=hidden, limit=1)
        if not found:
            raise NotFoundError("poll-none-open")
        return found[0]

    async def pick(
        self,
        guild_id: int,
        wanted: str,
        *,
        only_open: bool = False,
        alone: bool = False,
        hidden: Collection[int] = (),
    ) -> Poll:
        """The poll whose key, or else part of whose question, is `wanted`; with `alone`, only if it is the only one.

        `hidden` are channels that the asker does not see. Raises NotFoundError, RefusedError where several are meant
        and, with `only_open`, where what is meant is closed.
        """
        async with self._store.read() as transaction:
            poll = await poll_rows.get(transaction, wanted, guild_id=guild_id, hidden=hidden)
            if poll is not None:
                return poll
            query, now = wanted.strip(), transaction.now
            found = (
                await poll_rows.newest(
                    transaction,
                    guild_id,
                    query=query,
                    only_open_at=now if only_open else None,
                    hidden=hidden,
                    limit=2,
                )
                if query
                else []
            )
            if query and not found and only_open:
                closed = await poll_rows.newest(transaction, guild_id, query=query, hidden=hidden, limit=1)
                if closed:
                    raise RefusedError("poll-closed-already", question=closed[0].question)
        if not found:
            raise NotFoundError("poll-not-found", question=wanted)
        if alone and len(found) > 1:
            raise RefusedError("poll-ambiguous", question=wanted)
        return found[0]

    async def search(self, guild_id: int, query: str, *, only_open: bool, hidden: Collection[int] = ()) -> list[Poll]:
        """Up to 25 polls to choose from, the newest first."""
        async with self._store.read() as transaction:
            return await poll_rows.newest(
                transaction,
                guild_id,
                query=query.strip(),
                only_open_at=transaction.now if only_open else None,
                hidden=hidden,
                limit=MOST_CHOICES,
            )

    async def ballot_of(self, poll_key: str, member_id: int) -> int | None:
        """The position that a member voted for."""
        async with self._store.read() as transaction:
            return await poll_rows.ballot_of(transaction, poll_key, member_id=member_id)


async def open_issue_poll(
    transaction: Transaction, found: Sequence[IssuePoll], *, guild_id: int, issue_key: str
) -> None:
    """Open the first poll of an issue in a server, once; on whose announcement it then hangs."""
    usable = (poll for poll in found if FEWEST_OPTIONS <= len(poll.options) <= MOST_OPTIONS)
    poll = next(usable, None)
    if poll is not None:
        await poll_rows.add(
            transaction,
            poll_key=random_key(),
            guild_id=guild_id,
            question=poll.question[:LONGEST_QUESTION],
            options=[option[:LONGEST_ISSUE_OPTION] for option in poll.options],
            closes_at=transaction.now + _ISSUE_POLL_OPEN,
            issue_key=issue_key,
        )


async def _card_of(transaction: Transaction, delivery: Delivery | DeliveryRecord) -> PollCard | None:
    """The card as it is drawn now; None for a poll that is not there any more."""
    poll = await poll_rows.get(transaction, delivery.subject_key, guild_id=delivery.guild_id)
    return None if poll is None else PollCard(poll)


POLL = Kind(Purpose.POLL, needed_while=poll_rows.is_stored, matter=_card_of, refused_words="notice-poll-refused")


async def _show_tallies(transaction: Transaction, moved: Sequence[Poll]) -> None:
    changes = []
    for poll in moved:
        if poll.issue_key is None:
            changes.append(Change(poll.guild_id, poll.poll_key, after=AFTER_THE_ANSWER))
        # A published message takes about three edits an hour: it shows the result when the poll is closed.
        elif not await outbox_rows.is_published(transaction, guild_id=poll.guild_id, subject_key=poll.issue_key):
            changes.append(Change(poll.guild_id, poll.issue_key, after=AFTER_THE_ANSWER, apart=_ANNOUNCEMENT_APART))
    await show_changes(transaction, changes)


def _subject(poll: Poll) -> str:
    """What the card is about that shows the poll."""
    return poll.issue_key or poll.poll_key


def _labels(options: str) -> list[str]:
    labels = [label for label in map(_one_line, options.splitlines()) if label]
    if not FEWEST_OPTIONS <= len(labels) <= MOST_OPTIONS:
        raise RefusedError("poll-options-count", fewest=FEWEST_OPTIONS, most=MOST_OPTIONS, count=len(labels))
    if any(len(label) > LONGEST_OPTION for label in labels):
        raise RefusedError("poll-option-length", longest=LONGEST_OPTION)
    if len({label.casefold() for label in labels}) < len(labels):
        raise RefusedError("poll-options-twice")
    return labels


def _one_line(written: str) -> str:
    """What is seen of it, on one line."""
    from bot.newsletter.text import visible  # with all that reads newsletters: not before somebody asks

    return " ".join(visible(written).split())


async def _get(transaction: Transaction, guild_id: int, poll_key: str) -> Poll:
    poll = await poll_rows.get(transaction, poll_key, guild_id=guild_id)
    if poll is None:
        raise NotFoundError("poll-gone")
    return poll
