"""Storing issues: what is new, by all the names under which one may be known; what was edited; what was withdrawn."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256

from bot.model.guild import Source
from bot.model.issue import Issue
from bot.services.keys import issue_key
from bot.store import Transaction
from bot.store import issues as issue_rows


@dataclass(frozen=True, slots=True)
class Stored:
    """What was changed: new issues, oldest first, edited ones, and keys of those whose cards show something else."""

    new: tuple[Issue, ...]
    edited: tuple[Issue, ...]
    changed_cards: tuple[str, ...]


async def store_issues(
    transaction: Transaction,
    source: Source,
    issues: Sequence[Issue],
    *,
    now: datetime,
    undated_at: datetime,
    is_listed: bool,
) -> Stored:
    """Store those of `issues` that are not known by any of their identities, and bring the others up to date.

    undated_at: where an issue stands among the others that does not say when it came out. is_listed: they come from a
    reading of the source itself, where each of them may be missed later.
    """
    from bot.newsletter.links import KEY_VERSION  # with the patterns behind it: not before something is read

    new, edited, changed = [], [], []
    # Feeds list the newest first: turned around before the stable sort, the undated ones stand in order too.
    for issue in sorted(issues[::-1], key=_order):  # noqa: C415
        digest = digest_of(issue)
        known = await issue_rows.find_known(transaction, source.source_id, issue.identities)
        if known is None:
            if await issue_rows.add_issue(
                transaction,
                issue,
                source_id=source.source_id,
                issue_key=issue_key(source.url_key, issue.identities[0]),
                key_version=KEY_VERSION,
                now=now,
                ordered_at=min(issue.published_at or undated_at, now),
                digest=digest,
                is_listed=is_listed,
            ):
                new.append(issue)
            continue
        # A changed guid or address is remembered, so that losing the other names later is no new issue.
        await issue_rows.add_identities(
            transaction, issue.identities, source_id=source.source_id, issue_id=known.issue_id
        )
        if is_listed and (known.is_missing or not known.is_listed):
            await issue_rows.note_listed(transaction, known.issue_id)
        was_edited = known.digest is not None and known.digest != digest
        looks_different = known.is_withdrawn and is_listed
        if was_edited:
            before = await issue_rows.get_issue(transaction, known.issue_key)
            looks_different |= before is None or _card_of(before) != _card_of(issue)
            await issue_rows.replace_content(
                transaction, known.issue_id, issue, key_version=KEY_VERSION, now=now, digest=digest
            )
            edited.append(issue)
        elif known.digest is None:
            await issue_rows.note_digest(transaction, known.issue_id, digest)
        if looks_different:
            changed.append(known.issue_key)
    return Stored(tuple(new), tuple(edited), tuple(changed))


async def look_for_missing(transaction: Transaction, source: Source, issues: Sequence[Issue], *, now: datetime) -> None:
    """Note which issues the source does not list any more although it still lists older ones.

    A feed drops its oldest items, and that is no withdrawal. One that lost most of what it had has moved, or is broken,
    and says nothing of any single issue.
    """
    identities = [identity for issue in issues for identity in issue.identities]
    listed = await issue_rows.ids_of(transaction, source.source_id, identities)
    missing = await issue_rows.newer_than_oldest_of(transaction, source.source_id, listed)
    if missing and len(missing) <= len(listed):
        await issue_rows.note_missing(transaction, missing, now=now)


async def withdraw_missing(transaction: Transaction, source: Source, *, after: timedelta, now: datetime) -> list[str]:
    """Mark as withdrawn what has been missing for so long, reading after reading; the keys of those issues."""
    return await issue_rows.withdraw_missing(transaction, source.source_id, since=now - after, now=now)


def digest_of(issue: Issue) -> str:
    """A hash of all that was understood of an issue, blind to layout, to dates and to where its pictures are kept."""
    understood = [
        issue.title,
        issue.subtitle,
        issue.topics,
        issue.authors,
        issue.url,
        issue.paywalled,
        _picture(issue),
        [
            [section.title, [[link.key, link.title, link.excerpt, link.sponsored] for link in section.links]]
            for section in issue.sections
        ],
        [[poll.question, poll.options] for poll in issue.polls],
    ]
    return sha256(" ".join(json.dumps(understood, ensure_ascii=False).split()).encode()).hexdigest()


def _card_of(issue: Issue) -> tuple[object, ...]:
    """What its announcement shows."""
    return (
        issue.title,
        issue.subtitle,
        issue.topics,
        issue.authors,
        issue.url,
        issue.paywalled,
        _picture(issue),
        len(issue.links),
    )


def _picture(issue: Issue) -> str:
    # Platforms change hosts, sizes and signatures of the same picture; its file name stays.
    return (issue.image_url or "").partition("?")[0].rpartition("/")[2]


def _order(issue: Issue) -> datetime:
    # Dates order, they never decide; an undated item counts as old.
    return issue.published_at or datetime.min.replace(tzinfo=UTC)
