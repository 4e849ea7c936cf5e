"""What members sent in."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, and_, case, delete, exists, func, or_, select, union_all, update

from bot.model.submission import Featured, Plan, Submission, SubmissionState
from bot.store.group_commit import Transaction
from bot.store.statements import insert
from bot.store.tables import guilds, issues, sent_lately, submissions, subscriptions


async def add(
    transaction: Transaction,
    *,
    submission_key: str,
    guild_id: int,
    finder_id: int,
    brought_by_id: int | None,
    url: str,
    link_key: str,
    key_version: int,
    alias: str | None,
    title: str | None,
    note: str,
) -> bool:
    """Store a pending submission; False when the server has one of that link which was not withdrawn."""
    result = await transaction.execute(
        insert(transaction, submissions)
        .values(
            submission_key=submission_key,
            guild_id=guild_id,
            finder_id=finder_id,
            brought_by_id=brought_by_id,
            url=url,
            link_key=link_key,
            key_version=key_version,
            alias=alias,
            open_key=link_key,
            title=title,
            note=note,
            state=SubmissionState.PENDING,
            sent_at=transaction.now,
        )
        .on_conflict_do_nothing(index_elements=["guild_id", "open_key"])
    )
    return bool(result.rowcount)


async def get(transaction: Transaction, submission_key: str, *, guild_id: int) -> Submission | None:
    """A submission of this server."""
    found = _query().where(submissions.c.submission_key == submission_key, submissions.c.guild_id == guild_id)
    row = (await transaction.execute(found)).one_or_none()
    return None if row is None else _submission(row)


async def find_open(transaction: Transaction, link_keys: Collection[str], *, guild_id: int) -> Submission | None:
    """The submission of a link that was not withdrawn."""
    of_guild = submissions.c.guild_id == guild_id
    is_open = submissions.c.open_key.is_not(None)
    # Each by its own index; with OR in one question, every submission of the server is looked at.
    named = union_all(
        select(submissions.c.id).where(of_guild, submissions.c.open_key.in_(link_keys)),
        select(submissions.c.id).where(submissions.c.alias.in_(link_keys), of_guild, is_open),
    )
    found = _query().where(submissions.c.id.in_(named)).order_by(submissions.c.id).limit(1)
    row = (await transaction.execute(found)).one_or_none()
    return None if row is None else _submission(row)


async def decide(
    transaction: Transaction,
    submission_key: str,
    *,
    guild_id: int,
    state: SubmissionState,
    by: int,
    reason: str | None,
    plan: Plan | None,
) -> bool:
    """Decide about a submission that waits; False when it does not (any more): somebody was faster, or it ran."""
    result = await transaction.execute(
        update(submissions)
        .where(
            submissions.c.submission_key == submission_key,
            submissions.c.guild_id == guild_id,
            waits_for_decision(),
        )
        .values(state=state, decided_at=transaction.now, decided_by_id=by, reason=reason, plan=plan)
    )
    return bool(result.rowcount)


async def withdraw(transaction: Transaction, submission_key: str, *, guild_id: int, member_id: int) -> bool:
    """Take a submission back for who found or brought it; False when it is not theirs or too late."""
    result = await transaction.execute(
        update(submissions)
        .where(
            submissions.c.submission_key == submission_key,
            submissions.c.guild_id == guild_id,
            _is_of(member_id),
            submissions.c.featured_issue_id.is_(None),
            or_(
                waits_for_decision(),
                and_(submissions.c.state == SubmissionState.APPROVED, submissions.c.plan == Plan.QUEUED),
            ),
        )
        .values(state=SubmissionState.WITHDRAWN, open_key=None, plan=None)
    )
    return bool(result.rowcount)


async def of_member(transaction: Transaction, *, guild_id: int, member_id: int, limit: int) -> list[Submission]:
    """What a member found or brought: what waits first, then the newest."""
    rows = await transaction.execute(
        _query()
        .where(submissions.c.guild_id == guild_id, _is_of(member_id))
        .order_by(~waits_for_decision(), submissions.c.id.desc())
        .limit(limit)
    )
    return [_submission(row) for row in rows]


async def count_waiting_of_member(transaction: Transaction, *, guild_id: int, member_id: int) -> int:
    """How many submissions that a member sent nobody has decided about; what others brought does not count."""
    result = await transaction.execute(
        select(func.count())
        .select_from(submissions)
        .where(
            submissions.c.guild_id == guild_id,
            _is_sent_by(member_id),
            waits_for_decision(),
        )
    )
    count: int = result.scalar_one()
    return count


async def nth_newest(
    transaction: Transaction,
    nth: int,
    *,
    guild_id: int,
    sender: str | None = None,
    since: datetime,
    until: datetime,
) -> datetime | None:
    """When the `nth` newest submission of that time was sent, whatever became of it; None where there are fewer.

    sender: of what this one sent (`note_sent`); of a whole server without one.
    """
    if sender is None:
        sent_at, theirs = submissions.c.sent_at, submissions.c.guild_id == guild_id
    else:
        sent_at, theirs = sent_lately.c.sent_at, sent_lately.c.sender == sender
    found = select(sent_at).where(theirs, sent_at > since, sent_at <= until)
    rows = await transaction.execute(found.order_by(sent_at.desc()).offset(nth - 1).limit(1))
    moment: datetime | None = rows.scalar_one_or_none()
    return moment


async def note_sent(transaction: Transaction, sender: str) -> None:
    """Count one more for the day of a sender, who is a keyed hash of a server and a member."""
    await transaction.execute(insert(transaction, sent_lately).values(sender=sender, sent_at=transaction.now))


async def forget_sent_before(transaction: Transaction, moment: datetime, *, limit: int) -> int:
    """Let so much not be counted any more that was sent before that moment; how much that was."""
    old = select(sent_lately.c.id).where(sent_lately.c.sent_at < moment).order_by(sent_lately.c.sent_at).limit(limit)
    result = await transaction.execute(delete(sent_lately).where(sent_lately.c.id.in_(old)))
    return result.rowcount


async def pending(transaction: Transaction, guild_id: int, *, after: int, limit: int) -> list[tuple[int, Submission]]:
    """What waits for a decision behind the row `after`, each with its row's id, the oldest first."""
    rows = await transaction.execute(
        _query()
        .where(
            submissions.c.guild_id == guild_id,
            waits_for_decision(),
            submissions.c.id > after,
        )
        .order_by(submissions.c.id)
        .limit(limit)
    )
    return [(row.id, _submission(row)) for row in rows]


async def approved(
    transaction: Transaction, guild_id: int, *, plans: Collection[Plan], limit: int | None = None, offset: int = 0
) -> list[Submission]:
    """The editor's queue: what was approved and is planned so, and did not run yet.

    In the order of approval, what was passed by at the end.
    """
    rows = await transaction.execute(
        _query()
        .where(_in_queue(guild_id, plans))
        .order_by(submissions.c.plan == Plan.PASSED, submissions.c.decided_at, submissions.c.id)
        .limit(limit)
        .offset(offset)
    )
    return [_submission(row) for row in rows]


async def approved_after(
    transaction: Transaction, guild_id: int, last: Submission | None, *, plans: Collection[Plan], limit: int
) -> list[Submission]:
    """As `approved`, what stands behind `last`; none of it passed by."""
    found = _query().where(_in_queue(guild_id, plans))
    if last is not None:
        place = select(submissions.c.id).where(submissions.c.submission_key == last.submission_key).scalar_subquery()
        found = found.where(
            or_(
                submissions.c.decided_at > last.decided_at,
                and_(submissions.c.decided_at == last.decided_at, submissions.c.id > place),
            )
        )
    rows = await transaction.execute(found.order_by(submissions.c.decided_at, submissions.c.id).limit(limit))
    return [_submission(row) for row in rows]


async def count_approved(transaction: Transaction, guild_id: int, *, plans: Collection[Plan]) -> int:
    """How long the editor's queue is."""
    result = await transaction.execute(select(func.count()).select_from(submissions).where(_in_queue(guild_id, plans)))
    count: int = result.scalar_one()
    return count


async def set_plan(transaction: Transaction, submission_key: str, *, guild_id: int, plan: Plan, by: int) -> bool:
    """Note what the editor means to do with an approved submission; False when it is not one."""
    result = await transaction.execute(
        update(submissions)
        .where(
            submissions.c.submission_key == submission_key,
            submissions.c.guild_id == guild_id,
            submissions.c.state == SubmissionState.APPROVED,
        )
        .values(plan=plan, planned_by_id=by, planned_at=transaction.now)
    )
    return bool(result.rowcount)


async def ran_in(
    transaction: Transaction,
    *,
    issue_key: str,
    link_keys: Collection[str],
    guild_ids: Collection[int] | None,
    sent_since: datetime,
    sent_before: datetime,
    limit: int,
) -> list[int]:
    """Row ids of so many of these links that members sent in that time, as far as it is not noted yet where they ran.

    link_keys: of the issue's links. guild_ids: of these servers; None for all that read the issue's source.
    """
    readers = (
        select(subscriptions.c.guild_id)
        .join(issues, issues.c.source_id == subscriptions.c.source_id)
        .where(issues.c.issue_key == issue_key)
    )
    named = union_all(
        select(submissions.c.id).where(submissions.c.link_key.in_(link_keys)),
        select(submissions.c.id).where(submissions.c.alias.in_(link_keys)),
    )
    rows = await transaction.execute(
        select(submissions.c.id)
        .where(
            submissions.c.guild_id.in_(readers if guild_ids is None else guild_ids),
            submissions.c.id.in_(named),
            submissions.c.sent_at >= sent_since,
            submissions.c.sent_at <= sent_before,
            submissions.c.featured_issue_id.is_(None),
        )
        .order_by(submissions.c.id)
        .limit(limit)
    )
    return list(rows.scalars())


async def feature(
    transaction: Transaction, row_ids: Collection[int], *, issue_key: str, places: Mapping[str, int]
) -> list[Submission]:
    """Note of these that they ran in an issue, once; those noted. places: of the issue's links, by their keys."""
    if not row_ids:
        return []
    issue_id = select(issues.c.id).where(issues.c.issue_key == issue_key).scalar_subquery()
    place = func.coalesce(case(places, value=submissions.c.link_key), case(places, value=submissions.c.alias))
    noted = await transaction.execute(
        update(submissions)
        .where(submissions.c.id.in_(row_ids), submissions.c.featured_issue_id.is_(None))
        .values(featured_issue_id=issue_id, featured_place=place)
        .returning(submissions.c.submission_key)
    )
    keys: Sequence[str] = noted.scalars().all()
    if not keys:
        return []
    rows = await transaction.execute(_query().where(submissions.c.submission_key.in_(keys)).order_by(submissions.c.id))
    return [_submission(row) for row in rows]


async def change_issue(transaction: Transaction, *, guild_id: int, before: str, after: str) -> None:
    """Let what ran in an issue have run in another one, which is the same by another source."""
    row_ids = {key: select(issues.c.id).where(issues.c.issue_key == key).scalar_subquery() for key in (before, after)}
    await transaction.execute(
        update(submissions)
        .where(submissions.c.guild_id == guild_id, submissions.c.featured_issue_id == row_ids[before])
        .values(featured_issue_id=row_ids[after])
    )


async def featured_in(transaction: Transaction, issue_key: str, *, guild_id: int) -> list[Submission]:
    """What a server's members sent in and the issue contains, in the order of its links."""
    rows = await transaction.execute(
        _query()
        .where(issues.c.issue_key == issue_key, submissions.c.guild_id == guild_id)
        .order_by(submissions.c.featured_place, submissions.c.id)
    )
    return [_submission(row) for row in rows]


async def named_on_cards(
    transaction: Transaction, *, guild_id: int, member_id: int, before: int | None, limit: int
) -> list[tuple[int, str]]:
    """What a member found and shows the name, before the row `before` or from the newest on.

    Of each the row's id and the key of what the card is about: the issue in which it ran, or the submission where
    nobody decided about it.
    """
    ran = submissions.c.featured_issue_id.is_not(None)
    found = _query().where(
        submissions.c.guild_id == guild_id, submissions.c.finder_id == member_id, or_(ran, waits_for_decision())
    )
    if before is not None:
        found = found.where(submissions.c.id < before)
    rows = await transaction.execute(found.order_by(submissions.c.id.desc()).limit(limit))
    return [(row.id, row.featured_issue_key or row.submission_key) for row in rows]


def waits_for_decision() -> Any:
    """Of a submission; what ran needs no decision any more, whether anybody took one or not."""
    return and_(submissions.c.state == SubmissionState.PENDING, submissions.c.featured_issue_id.is_(None))


def is_stored(subject: ColumnElement[str]) -> ColumnElement[bool]:
    """Whether the submission is there: who is named on its card may want to be forgotten."""
    return exists().where(submissions.c.submission_key == subject)


def cards_waiting() -> Select[tuple[int, str, int | None]]:
    """Submissions that moderators have to decide on, and the channel in which they review."""
    return (
        select(
            submissions.c.guild_id,
            submissions.c.submission_key.label("subject_key"),
            guilds.c.review_channel_id.label("channel_id"),
        )
        .join(guilds, guilds.c.guild_id == submissions.c.guild_id)
        .where(waits_for_decision(), guilds.c.review_channel_id.is_not(None))
    )


def _is_of(member_id: int) -> Any:
    return or_(submissions.c.finder_id == member_id, submissions.c.brought_by_id == member_id)


def _is_sent_by(member_id: int) -> Any:
    return func.coalesce(submissions.c.brought_by_id, submissions.c.finder_id) == member_id


def _in_queue(guild_id: int, plans: Collection[Plan]) -> Any:
    return and_(
        submissions.c.guild_id == guild_id,
        submissions.c.state == SubmissionState.APPROVED,
        submissions.c.plan.in_(plans),
        submissions.c.featured_issue_id.is_(None),
    )


def _query() -> Select[Any]:
    return select(
        submissions,
        issues.c.issue_key.label("featured_issue_key"),
        issues.c.title.label("featured_title"),
        issues.c.url.label("featured_url"),
    ).outerjoin(issues, issues.c.id == submissions.c.featured_issue_id)


def _submission(row: Row[Any]) -> Submission:
    featured = None
    if row.featured_issue_key is not None:
        featured = Featured(row.featured_issue_key, row.featured_title, row.featured_url, row.featured_place)
    return Submission(
        submission_key=row.submission_key,
        guild_id=row.guild_id,
        finder_id=row.finder_id,
        brought_by_id=row.brought_by_id,
        url=row.url,
        link_key=row.link_key,
        title=row.title,
        note=row.note,
        state=SubmissionState(row.state),
        sent_at=row.sent_at,
        decided_at=row.decided_at,
        decided_by_id=row.decided_by_id,
        reason=row.reason,
        plan=Plan(row.plan) if row.plan else None,
        planned_at=row.planned_at,
        planned_by_id=row.planned_by_id,
        featured=featured,
    )
