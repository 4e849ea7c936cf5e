"""Storing issues: what is new, by all the names under which one may be known; what was edited; what was withdrawn."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from hashlib import sha256

from bot.model.guild import Source
from bot.model.issue import Issue
from bot.services.keys import issue_key
from bot.services.recognition import Recognised, recognise, with_successors
from bot.store import Transaction
from bot.store import absences as absence_rows
from bot.store import issues as issue_rows

READING_VERSION = 1
"""Raised when issues are understood differently: then a stored one that reads differently was not edited."""

READINGS_MISSED = 3
"""In a row, before an issue counts as withdrawn: a feed that was built badly once is no verdict."""

_LINKS_ON_A_CARD = 4


@dataclass(frozen=True, slots=True)
class Stored:
    """What was changed: new issues, oldest first; edited ones by their keys; keys of cards that show something else.

    seen: row ids of the issues that were known before, in the order in which they came.
    """

    new: tuple[Issue, ...]
    edited: tuple[tuple[str, Issue], ...]
    changed_cards: tuple[str, ...]
    seen: tuple[int, ...]


async def store_issues(
    transaction: Transaction,
    source: Source,
    issues: Sequence[Issue],
    *,
    now: datetime,
    undated_at: datetime,
    is_listed: bool,
    is_whole: bool = False,
) -> Stored:
    """Store those of `issues` that are not known by any of their identities, and bring the others up to date.

    undated_at: where an issue stands among the others that does not say when it came out. is_listed: they come from a
    reading of the source itself, which alone may say that a known issue reads differently now. is_whole: of all that
    it lists, so that what is not among them is gone.
    """
    from bot.newsletter.links import KEY_VERSION  # with the patterns behind it: not before something is read

    new, edited, changed, seen = [], [], [], []
    stored_here: dict[str, str] = {}
    recognised = await _recognised(transaction, source, issues, trusts_words=not is_listed)
    if is_listed and is_whole:
        recognised = await _with_successors(transaction, source, recognised, key_version=KEY_VERSION)
    reused = {item.reused for item in recognised if item.reused is not None}
    # Feeds list the newest first: turned around before the stable sort, the undated ones stand in order too.
    for item in sorted(recognised[::-1], key=_order):  # noqa: C415 - sorted(reverse=True) would turn equals around, too
        issue, known = item.issue, item.known
        digest = digest_of(issue, key_version=KEY_VERSION)
        if known is None:
            names = [name for name in issue.identities if not name.startswith("content:")] or issue.identities
            twice = next((stored_here[name] for name in names if name in stored_here), None)
            if twice is not None:
                for issue_id in await issue_rows.ids_of(transaction, source.source_id, [twice]):
                    await issue_rows.add_identities(transaction, names, source_id=source.source_id, issue_id=issue_id)
                continue
            stored_here |= dict.fromkeys(names, names[0])
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
        names = [name for name in issue.identities if name not in reused]
        await issue_rows.add_identities(transaction, names, source_id=source.source_id, issue_id=known.issue_id)
        if known.published_at is None and issue.published_at is not None:
            moment = min(issue.published_at, now)
            await issue_rows.note_date(transaction, known.issue_id, issue.published_at, ordered_at=moment)
        if not known.has_address and issue.url is not None:  # an import that is repeated with the site's address
            await issue_rows.note_address(transaction, known.issue_id, issue.url)
        if not is_listed or known.issue_id in seen:
            continue
        seen.append(known.issue_id)
        if known.is_missing or known.is_withdrawn or not known.is_listed:
            await issue_rows.note_listed(transaction, known.issue_id)
        looks_different = known.is_withdrawn
        if _is_edited(known.digest, digest):
            before = await issue_rows.get_issue(transaction, known.issue_key)
            looks_different |= before is None or _card_of(before) != _card_of(issue)
            await issue_rows.replace_content(
                transaction, known.issue_id, issue, key_version=KEY_VERSION, digest=digest, now=now
            )
            edited.append((known.issue_key, issue))
        elif (known.digest, known.text_key, known.said_at) != (digest, issue.text_key, issue.published_at):
            await issue_rows.note_reading(transaction, known.issue_id, issue, digest=digest)
        if looks_different:
            changed.append(known.issue_key)
    if is_listed:
        for name in sorted(reused):
            await issue_rows.reuse_name(transaction, source.source_id, name)
    return Stored(tuple(new), tuple(edited), tuple(changed), tuple(seen))


async def look_for_missing(transaction: Transaction, source: Source, stored: Stored, *, now: datetime) -> list[str]:
    """Count for each issue how many readings in a row it is missed in; the keys of those that are withdrawn now.

    Missed is what the source listed before, between issues that it still lists: newer ones and enough older ones. A
    feed drops its oldest items, keeps an old one at its top, forgets its newest for a while: none of that is a
    withdrawal. One that lost more than a few has moved, or is broken, and says nothing of any single issue.

    Of the newest the reading alone says too little; which of those it misses is kept for `bot.services.absences`.
    """
    present = set(stored.seen)
    # One older item alone may be pinned, while those above it grow old and go; where two are all, nobody can tell.
    most_older = max(2, len(present) // 3) if len(present) > 2 else 1
    between = await issue_rows.missing_between(transaction, source.source_id, present, most_older=most_older)
    a_few = max(1, len(present) // 4)
    if (stored.new and len(stored.new) >= len(present)) or len(between) > a_few:
        between = []
    newest = await issue_rows.missing_above(transaction, source.source_id, present, limit=a_few + 1)
    if stored.new or len(newest) > a_few:
        newest = []
    await absence_rows.note(transaction, source.source_id, newest, now=now)
    return await issue_rows.count_missed(transaction, source.source_id, between, enough=READINGS_MISSED, now=now)


async def _with_successors(
    transaction: Transaction, source: Source, items: Sequence[Recognised], *, key_version: int
) -> list[Recognised]:
    """The items, with those that are issues under a mended headline."""
    moments = {item.issue.published_at for item in items if item.known is None and item.issue.published_at is not None}
    if not moments:
        return list(items)
    here = {item.known.issue_id for item in items if item.known is not None}
    gone = await issue_rows.listed_on(transaction, source.source_id, moments, without=here)
    if not gone:
        return list(items)
    ids = [each.issue_id for each in gone]
    return with_successors(items, gone, await issue_rows.link_keys_of(transaction, ids, key_version=key_version))


async def _recognised(
    transaction: Transaction, source: Source, issues: Sequence[Issue], *, trusts_words: bool
) -> list[Recognised]:
    """What each item is, without the names that were found to be used again and again."""
    names = {name for issue in issues for name in issue.identities}
    known, reused = await issue_rows.known_by_name(transaction, source.source_id, names)
    if reused:
        issues = [
            replace(
                issue,
                identities=tuple(name for name in issue.identities if name not in reused) or issue.identities[-1:],
            )
            for issue in issues
        ]
    return recognise(issues, known, trusts_words=trusts_words)


def digest_of(issue: Issue, *, key_version: int) -> str:
    """A hash of all that was understood of an issue, blind to layout, to dates and to where its pictures are kept.

    Before it stand the versions of the rules: those of another version say nothing about an edit.
    """
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
    hashed = sha256(" ".join(json.dumps(understood, ensure_ascii=False).split()).encode()).hexdigest()
    return f"{READING_VERSION}.{key_version}:{hashed}"


def _is_edited(before: str | None, digest: str) -> bool:
    if before is None or before.partition(":")[0] != digest.partition(":")[0]:
        return False
    return before != digest


def _card_of(issue: Issue) -> tuple[object, ...]:
    """What its announcement shows."""
    named = [] if issue.topics or issue.subtitle else [link.title for link in issue.links[: 3 * _LINKS_ON_A_CARD]]
    return (
        issue.title,
        issue.subtitle,
        issue.topics,
        issue.authors,
        issue.url,
        issue.paywalled,
        _picture(issue),
        len(issue.links),
        named,
    )


def _picture(issue: Issue) -> str:
    # Platforms change hosts, sizes and signatures of the same picture; its file name stays.
    return (issue.image_url or "").partition("?")[0].rpartition("/")[2]


def _order(item: Recognised) -> datetime:
    # Dates order, they never decide; an undated item counts as old.
    return item.issue.published_at or datetime.min.replace(tzinfo=UTC)
