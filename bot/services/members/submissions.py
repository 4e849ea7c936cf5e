"""What members send in: checked before it is kept, decided once, credited when it runs."""

import json
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from urllib.parse import urlsplit

from bot.errors import NotFoundError, RefusedError
from bot.model.address import is_public_host
from bot.model.chore import Chore, ChoreKind
from bot.model.delivery import Delivery, DeliveryRecord, Purpose
from bot.model.invitation import invites
from bot.model.issue import Issue
from bot.model.member import Act, Credit
from bot.model.pasted import one_address
from bot.model.submission import Plan, Submission, SubmissionState
from bot.ports import Matter, ReviewCard
from bot.services.delivery.cards import AFTER_THE_ANSWER, Change, enqueue_card, show_changes
from bot.services.delivery.keys import random_key
from bot.services.delivery.kinds import Kind
from bot.services.delivery.portions import PORTION, begin
from bot.services.members.audiences import require_moderator, rights_of
from bot.services.members.credits import name_shown, show_name
from bot.services.members.rekeying import alias_of, keys_of
from bot.store import Store, Transaction
from bot.store import chores as chore_rows
from bot.store import credits as credit_rows
from bot.store import guilds as guild_rows
from bot.store import issues as issue_rows
from bot.store import submissions as submission_rows
from bot.store.outbox import Claim
from bot.store.secret_box import SecretBox

LONGEST_NOTE = 300
LONGEST_REASON = 300
_LONGEST_TITLE = 200
_MOST_WAITING = 10  # of one member: a queue that moderators can see the end of
_DAY = timedelta(days=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MOST_MINE = 10
# A link that was sent longer ago than that and runs is taken for a coincidence.
_REMEMBERED = timedelta(days=60)
# Feeds cut seconds off their dates, some of them minutes.
_CUT_OFF = timedelta(minutes=1)
# A name that was changed later than that may not stand on the card that a moderator sees.
_ON_THE_CARD_AFTER = timedelta(seconds=15)


@dataclass(frozen=True, slots=True)
class Limits:
    """How many links are taken within a day of one member, and in one server, whatever becomes of them.

    Moderators are not held up by either.
    """

    of_member: int = 20
    of_server: int = 500


DEFAULT_LIMITS = Limits()


@dataclass(frozen=True, slots=True)
class Receipt:
    """What was sent in, and whether its finder has to be asked how to be named (once in a server)."""

    submission: Submission
    asks_for_credit: bool


@dataclass(frozen=True, slots=True)
class Decision:
    """What became of a submission; `is_ours` when this very press decided it, and not somebody before."""

    submission: Submission
    is_ours: bool


@dataclass(frozen=True, slots=True)
class Mine:
    """What became of a member's submissions, what waits first, then the newest; and how they want to be named."""

    submissions: tuple[Submission, ...]
    credit: Credit | None


class Submissions:
    def __init__(self, store: Store, *, secrets: SecretBox, limits: Limits = DEFAULT_LIMITS) -> None:
        self._store = store
        self._secrets = secrets
        self._limits = limits

    async def submit(
        self, act: Act, url: str, *, note: str = "", title: str | None = None, finder_id: int | None = None
    ) -> Receipt:
        """Keep a link that somebody sends in, or brings for `finder_id`, and show it to the moderators.

        Raises RefusedError, and keeps nothing, for what is no link that may be shown, what was sent before or ran in an
        issue, what is too much of a member, and where nobody would look at it.
        """
        guild_id, member_id = act.guild_id, act.actor.member_id
        shown, link_key, key_version = _safe_link(url)
        known_as = keys_of(shown) or (link_key,)
        if len(note) > LONGEST_NOTE:
            raise RefusedError("submit-note-length", longest=LONGEST_NOTE)
        finder, submission_key = finder_id or member_id, random_key()
        # Counted for the day under this name, which means somebody with the key only: forgetting makes no new day.
        sender = self._secrets.fingerprint(f"sender {guild_id} {member_id}")
        async with self._store.effect(act) as transaction:
            await guild_rows.hold_guild(transaction, guild_id)  # what is sent at once is counted one by one
            guild = await guild_rows.get_guild(transaction, guild_id)
            if guild is None or guild.review_channel_id is None:
                raise RefusedError("submit-closed")
            alias = alias_of(shown, await guild_rows.sources_of_guild(transaction, guild_id))
            known_as = (*known_as, alias) if alias is not None else known_as
            if transaction.is_repeated:
                return await self._earlier(transaction, guild_id, known_as)
            await self._refuse_known(transaction, guild_id, known_as, member_id=member_id)
            asks = finder == member_id and await credit_rows.ask(transaction, guild_id=guild_id, member_id=member_id)
            # Who may decide ends what waits, and collects for others by the dozen.
            if not (await rights_of(transaction, guild_id, act.actor)).moderate:
                await self._refuse_too_many(transaction, guild_id, member_id, sender)
            if not await submission_rows.add(
                transaction,
                submission_key=submission_key,
                guild_id=guild_id,
                finder_id=finder,
                brought_by_id=member_id if finder != member_id else None,
                url=shown,
                link_key=link_key,
                key_version=key_version,
                alias=alias,
                title=title[:_LONGEST_TITLE] if title else None,
                note=note.strip(),
            ):
                # By another process, since it was looked up.
                await self._refuse_known(transaction, guild_id, known_as, member_id=member_id)
                raise RefusedError("submit-known")
            await submission_rows.note_sent(transaction, sender)
            await enqueue_card(
                transaction,
                purpose=Purpose.REVIEW,
                guild_id=guild_id,
                channel_id=guild.review_channel_id,
                subject_key=submission_key,
            )
            submission = await _get(transaction, guild_id, submission_key)
        return Receipt(submission, asks_for_credit=asks)

    async def _earlier(self, transaction: Transaction, guild_id: int, link_keys: Collection[str]) -> Receipt:
        submission = await submission_rows.find_open(transaction, link_keys, guild_id=guild_id)
        if submission is None:
            raise NotFoundError("submission-gone")
        return Receipt(submission, asks_for_credit=False)

    async def _refuse_known(
        self, transaction: Transaction, guild_id: int, link_keys: Collection[str], *, member_id: int
    ) -> None:
        """Raise for a link that ran in an issue this server reads, or that was sent in before."""
        ran = await issue_rows.issues_with_link(transaction, link_keys, guild_id=guild_id, limit=1)
        if ran:
            raise RefusedError("submit-ran", title=ran[0].title, link=ran[0].url or "")
        earlier = await submission_rows.find_open(transaction, link_keys, guild_id=guild_id)
        if earlier is None:
            return
        if member_id in {earlier.finder_id, earlier.brought_by_id}:
            raise RefusedError("submit-known-mine")
        raise RefusedError("submit-known-declined" if earlier.state is SubmissionState.DECLINED else "submit-known")

    async def _refuse_too_many(self, transaction: Transaction, guild_id: int, member_id: int, sender: str) -> None:
        """Raise where enough of a member waits, or enough was sent within a day, by the member or in the server.

        What was taken back or forgotten counts for the day.
        """
        for sent_by, most, sentence in (
            (sender, self._limits.of_member, "submit-enough-of-you"),
            (None, self._limits.of_server, "submit-enough-of-all"),
        ):
            # What seems to come later than tomorrow was sent while the clock was wrong.
            first = await submission_rows.nth_newest(
                transaction,
                most,
                guild_id=guild_id,
                sender=sent_by,
                since=transaction.now - _DAY,
                until=transaction.now + _DAY,
            )
            if first is not None:
                raise RefusedError(sentence, count=most, when=f"<t:{int((first + _DAY).timestamp()) + 1}:R>")
        waiting = await submission_rows.count_waiting_of_member(transaction, guild_id=guild_id, member_id=member_id)
        if waiting >= _MOST_WAITING:
            raise RefusedError("submit-too-many", count=waiting)

    async def mine(self, guild_id: int, member_id: int) -> Mine:
        """What a member found or brought: what waits, and the newest."""
        async with self._store.read() as transaction:
            found = await submission_rows.of_member(
                transaction, guild_id=guild_id, member_id=member_id, limit=_MOST_MINE
            )
            credit = await credit_rows.get(transaction, guild_id=guild_id, member_id=member_id)
        return Mine(tuple(found), credit)

    async def withdraw(self, act: Act, submission_key: str) -> Submission:
        """Take a submission back. Raises RefusedError when it is planned or has run, or not the member's."""
        guild_id, member_id = act.guild_id, act.actor.member_id
        async with self._store.effect(act) as transaction:
            submission = await _get(transaction, guild_id, submission_key)
            if member_id not in {submission.finder_id, submission.brought_by_id}:
                raise NotFoundError("submission-gone")
            if await submission_rows.withdraw(transaction, submission_key, guild_id=guild_id, member_id=member_id):
                await show_changes(transaction, [Change(guild_id, submission_key)])
            submission = await _get(transaction, guild_id, submission_key)
            if submission.state is not SubmissionState.WITHDRAWN:
                raise RefusedError("withdraw-too-late", state=_what_became_of(submission))
        return submission

    async def approve(self, act: Act, submission_key: str) -> Decision:
        """Put a submission into the editor's queue, unless somebody decided before. Raises RefusedError."""
        return await self._decide(act, submission_key, SubmissionState.APPROVED)

    async def decline(self, act: Act, submission_key: str, reason: str) -> Decision:
        """Decline a submission; its finder reads the reason. Unless somebody decided before. Raises RefusedError."""
        if len(reason) > LONGEST_REASON:
            raise RefusedError("decline-reason-length", longest=LONGEST_REASON)
        return await self._decide(act, submission_key, SubmissionState.DECLINED, reason=reason.strip() or None)

    async def _decide(
        self, act: Act, submission_key: str, state: SubmissionState, *, reason: str | None = None
    ) -> Decision:
        guild_id, member_id = act.guild_id, act.actor.member_id
        async with self._store.effect(act) as transaction:
            await require_moderator(transaction, guild_id, act.actor)
            decided = not transaction.is_repeated and await submission_rows.decide(
                transaction,
                submission_key,
                guild_id=guild_id,
                state=state,
                by=member_id,
                reason=reason,
                plan=Plan.QUEUED if state is SubmissionState.APPROVED else None,
            )
            if decided:
                change = Change(guild_id, submission_key, after=AFTER_THE_ANSWER)
                await show_changes(transaction, [change])
            submission = await _get(transaction, guild_id, submission_key)
            if decided and state is SubmissionState.APPROVED and submission.finder_id is not None:
                await self._approve_name(transaction, guild_id, submission.finder_id)
        # Pressed twice, or heard twice.
        was_ours = submission.decided_by_id == member_id and submission.state is state
        return Decision(submission, is_ours=decided or was_ours)

    async def _approve_name(self, transaction: Transaction, guild_id: int, finder_id: int) -> None:
        """Whoever approves a link has seen on its card how its finder wants to be named."""
        if await credit_rows.approve_name(
            transaction, guild_id=guild_id, member_id=finder_id, answered_before=transaction.now - _ON_THE_CARD_AFTER
        ):
            await begin(transaction, name_shown(guild_id, finder_id), show_name)

    async def get(self, guild_id: int, submission_key: str) -> Submission:
        """A submission of this server. Raises NotFoundError."""
        async with self._store.read() as transaction:
            return await _get(transaction, guild_id, submission_key)


async def _card_of(transaction: Transaction, delivery: Delivery | DeliveryRecord) -> ReviewCard | None:
    """The card as it is drawn now; None for what was taken back before anybody decided: its card goes."""
    guild_id = delivery.guild_id
    submission = await submission_rows.get(transaction, delivery.subject_key, guild_id=guild_id)
    if submission is None or submission.is_gone:
        return None
    wish = None
    if submission.finder_id is not None:
        wish = await credit_rows.get(transaction, guild_id=guild_id, member_id=submission.finder_id)
    return ReviewCard(submission, wish.name if wish is not None and not wish.is_reviewed else None)


async def _card_if_there(
    transaction: Transaction, delivery: Delivery, _claim: Claim, _matter: Matter
) -> ReviewCard | None:
    """Once more before the card may arrive: nobody is shown what its sender took back meanwhile."""
    return await _card_of(transaction, delivery)


REVIEW = Kind(
    Purpose.REVIEW,
    needed_while=submission_rows.is_stored,
    waits_for_people=submission_rows.cards_waiting,
    matter=_card_of,
    refused_words="notice-review-refused",
    settle=_card_if_there,
)


async def show_waiting(transaction: Transaction, chore: Chore) -> int | None:
    """Show what waits for a decision where the moderators see submissions now, a portion of it, the oldest first.

    What was shown there already is drawn anew, and so found out where somebody deleted it. place: a row's id.
    """
    guild_id = chore.guild_id
    guild = await guild_rows.get_guild(transaction, guild_id)
    if guild is None or guild.review_channel_id is None:
        return None
    waiting = await submission_rows.pending(transaction, guild_id, after=chore.place, limit=PORTION)
    shown = [
        Change(guild_id, submission.submission_key)
        for _, submission in waiting
        if not await enqueue_card(
            transaction,
            purpose=Purpose.REVIEW,
            guild_id=guild_id,
            channel_id=guild.review_channel_id,
            subject_key=submission.submission_key,
        )
    ]
    await show_changes(transaction, shown)
    return waiting[-1][0] if len(waiting) == PORTION else None


async def feature_links(
    transaction: Transaction,
    issue: Issue,
    *,
    issue_key: str,
    guild_ids: Collection[int],
    unseen_at: datetime | None,
    limit: int = PORTION,
) -> list[Change]:
    """Note which submitted links ran in a new issue, whatever was decided about them; whose cards are to be drawn anew.

    What was sent after the issue came out cannot have been its source: an archive that is read later credits nobody.
    `unseen_at` is when its feed was read before and did not have it, so that it came out later, whatever it says of
    its date; None at a first reading. Of more than `limit`, the worker `chores` notes the others.
    """
    appeared_at = min(issue.published_at or transaction.now, transaction.now)
    sent_before = appeared_at + _CUT_OFF
    if appeared_at.timetz().replace(tzinfo=None) == time():
        sent_before += timedelta(days=1)  # a date without an hour: it may have come out in the evening
    if unseen_at is not None:
        sent_before = max(sent_before, unseen_at)
    sent_since, sent_before = appeared_at - _REMEMBERED, min(sent_before, transaction.now)
    places = _places_of(issue)
    ran = await submission_rows.ran_in(
        transaction,
        issue_key=issue_key,
        link_keys=places,
        guild_ids=guild_ids,
        sent_since=sent_since,
        sent_before=sent_before,
        limit=limit + 1,
    )
    if len(ran) > limit:
        moments = (f"{(moment - _EPOCH) // timedelta(microseconds=1)}" for moment in (sent_since, sent_before))
        subject, details = ":".join((issue_key, *moments)), json.dumps(places)
        await chore_rows.leave(transaction, Chore(ChoreKind.FEATURE, 0, subject, details=details))
    noted = await submission_rows.feature(transaction, ran[:limit], issue_key=issue_key, places=places)
    return [Change(submission.guild_id, submission.submission_key) for submission in noted]


async def feature_portion(transaction: Transaction, chore: Chore) -> int | None:
    """Note of a portion of what members sent in that it ran, and let its cards and the announcements say so.

    subject: the issue's key, and in which time it was sent (microseconds since 1970). place: how many were noted.
    details: the places of its links by their keys, also of those that there was no room for; or else those stored.
    """
    issue_key, *moments = chore.subject.split(":")
    if chore.details is not None:
        places: dict[str, int] = json.loads(chore.details)
    else:
        issue = await issue_rows.get_issue(transaction, issue_key)
        places = _places_of(issue) if issue is not None else {}
    sent_since, sent_before = (_EPOCH + timedelta(microseconds=int(moment)) for moment in moments)
    ran = await submission_rows.ran_in(
        transaction,
        issue_key=issue_key,
        link_keys=places,
        guild_ids=None,
        sent_since=sent_since,
        sent_before=sent_before,
        limit=PORTION,
    )
    noted = await submission_rows.feature(transaction, ran, issue_key=issue_key, places=places)
    changes = [Change(each.guild_id, subject) for each in noted for subject in (each.submission_key, issue_key)]
    await show_changes(transaction, changes)
    return chore.place + len(noted) if len(ran) == PORTION else None


def _places_of(issue: Issue) -> dict[str, int]:
    """Where its links first stand, from 1, by their keys."""
    placed = [(name, place) for place, link in enumerate(issue.links, 1) for name in (link.key, link.alias) if name]
    return dict(reversed(placed))


async def _get(transaction: Transaction, guild_id: int, submission_key: str) -> Submission:
    submission = await submission_rows.get(transaction, submission_key, guild_id=guild_id)
    if submission is None:
        raise NotFoundError("submission-gone")
    return submission


def _what_became_of(submission: Submission) -> str:
    if submission.featured is not None:
        return "ran"
    return str(submission.plan if submission.plan is not None else submission.state)


def _safe_link(url: str) -> tuple[str, str, int]:
    """The address to show, its key, and the key's version. Raises RefusedError for what nobody should press."""
    from bot.newsletter.addresses.links import (  # with the patterns behind it: not before one is sent
        KEY_VERSION,
        read_link,
    )

    url = one_address(url, invalid="submit-no-link")
    link = read_link(url)
    try:
        parts = urlsplit(link[0]) if link else None
        written = urlsplit(url)
    except ValueError:
        parts = None
    if link is None or parts is None:
        raise RefusedError("submit-no-link")
    if written.username is not None or written.password is not None:
        raise RefusedError("submit-credentials")
    if not is_public_host(parts.hostname or ""):
        raise RefusedError("submit-private")
    if invites(url) or invites(link[0]):
        raise RefusedError("submit-invite")
    return link[0], link[1], KEY_VERSION
