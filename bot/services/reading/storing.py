"""Storing issues: what is new, by all the names under which one may be known; what was edited; what was withdrawn.

A reading may bring a thousand issues with ninety links each, and on SQLite everybody waits for whoever writes. So it is
sorted out first, which only reads, and then stored in pieces, a small transaction each. What a kill leaves behind after
some of them is known at the next reading, and told then: a new issue stays `Stage.NEW` until its reading is at its end.
"""

import json
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from hashlib import sha256

from bot.bites import Bites
from bot.model.guild import Source
from bot.model.issue import Issue, Link, Section, Stage
from bot.services.delivery.keys import issue_key
from bot.services.reading.recognition import Recognised, recognise, with_successors
from bot.store import Transaction
from bot.store import absences as absence_rows
from bot.store import issues as issue_rows
from bot.store import recognition as recognition_rows
from bot.store import sources as source_rows
from bot.store.recognition import KnownIssue

READING_VERSION = 2
"""Raised when issues are understood differently: then a stored one that reads differently was not edited."""

READINGS_MISSED = 3
"""In a row, before an issue counts as withdrawn: a feed that was built badly once is no verdict."""

MOST_ASKED_FOR = 15
"""Issues that one list misses, of a platform that can be asked for each of them."""

MOST_LINKS = 300
"""Of an issue, from its beginning; of 329 real ones, the fullest has 65. It may have as many sections."""

MOST_PICTURES = 50
"""Of an issue."""

MOST_NAMES = 8
"""By which an issue is known; a reading brings no more than three of one."""

MOST_CHANGES = 200
"""Known issues whose content one reading may change; the older ones wait for the next one."""

ISSUES_A_PIECE = 10
LINKS_A_PIECE = 200

_LINKS_ON_A_CARD = 4


@dataclass(frozen=True, slots=True)
class Room:
    """What may be stored now: so many new issues, and so many links of new and of changed ones.

    edited_links: so many of these links may be of changed ones; the others are kept for new ones. more_links: so many
    links more than there are; beyond them a new issue is kept without any, and a known one with no more than it had.
    is_full: there is no room for more issues, whatever the day.
    """

    issues: int
    links: int
    more_links: int
    edited_links: int
    is_full: bool = False


ROOM_FOR_ALL = Room(issues=1_000_000, links=1_000_000_000, more_links=1_000_000_000, edited_links=1_000_000_000)


@dataclass(frozen=True, slots=True)
class Item:
    """An issue with something to be stored, of which so many are `links`; `known` is what it is, None for a new one.

    is_edited: its content is another one than the stored. links_before: how many are stored of it. is_told: servers are
    to be told of it, once it is stored. is_news: it is newer than all that is known, by its date or its place.
    """

    issue: Issue
    known: KnownIssue | None
    digest: str
    is_edited: bool = False
    links: int = 0
    links_before: int = 0
    is_told: bool = True
    is_news: bool = False


@dataclass(frozen=True, slots=True)
class Sorted:
    """A reading, compared with what is stored: what is to be done, the oldest first, and what has to wait.

    seen: row ids of the issues that were known before, in the order in which they came. names: what known ones are
    called besides, by row id. reused: names that say nothing from now on. waiting: new ones there was no room for.
    is_full: they wait whatever the day. edits_waiting: how many changed ones. bare: how many are stored with fewer
    links than they have, for want of room. cut: how many issues have more links than are kept of any.
    """

    items: tuple[Item, ...]
    seen: tuple[int, ...]
    names: tuple[tuple[int, str], ...] = ()
    reused: frozenset[str] = frozenset()
    waiting: tuple[Item, ...] = ()
    is_full: bool = False
    edits_waiting: int = 0
    bare: int = 0
    cut: int = 0

    def pieces(self) -> Iterator[list[Item]]:
        """The items, as many as go together in a transaction."""
        piece: list[Item] = []
        weight = 0
        for item in self.items:
            own = item.links + item.links_before
            if piece and (len(piece) >= ISSUES_A_PIECE or weight + own > LINKS_A_PIECE):
                yield piece
                piece, weight = [], 0
            piece.append(item)
            weight += own
        if piece:
            yield piece


@dataclass(frozen=True, slots=True)
class Stored:
    """What pieces changed: new issues, oldest first, and edited ones, each with its key.

    redrawn: keys of edited ones that are announced otherwise now.
    """

    new: list[tuple[str, Issue]] = field(default_factory=list)
    edited: list[tuple[str, Issue]] = field(default_factory=list)
    redrawn: list[str] = field(default_factory=list)

    def add(self, other: "Stored") -> None:
        self.new.extend(other.new)
        self.edited.extend(other.edited)
        self.redrawn.extend(other.redrawn)


async def sort_out(
    transaction: Transaction,
    source: Source,
    issues: Sequence[Issue],
    *,
    is_listed: bool,
    is_whole: bool = False,
    room: Room = ROOM_FOR_ALL,
    told_after: datetime | None = None,
    newest_known_at: datetime | None = None,
) -> Sorted:
    """Find out what is new and what is edited among `issues`; changes nothing, and lets others work meanwhile.

    is_listed: they come from a reading of the source itself, which alone may say that a known issue reads differently
    now. is_whole: of all that it lists, so that what is not among them is gone. told_after: servers are told only of
    what is dated later, or listed above all that is known; of everything where it is None. newest_known_at: when the
    newest known issue came out.
    """
    from bot.newsletter.addresses.links import KEY_VERSION  # with the patterns behind it: not before something is read

    bites = Bites()
    cut = sum(issue.link_count > MOST_LINKS for issue in issues)
    issues = [_bounded(issue) for issue in issues]
    recognised, known_names = await _recognised(transaction, source, issues, trusts_words=not is_listed)
    if is_listed and is_whole:
        recognised = await _with_successors(transaction, source, recognised, key_version=KEY_VERSION)
    reused = frozenset(each.reused for each in recognised if each.reused is not None)
    taken = known_names | reused
    items: list[Item] = []
    names: dict[tuple[int, str], None] = {}
    seen: dict[int, None] = {}
    newer_from: int | None = None  # the place among the items where those begin that are listed above all known ones
    # Feeds list the newest first: turned around before the stable sort, the undated ones stand in order too.
    for each in sorted(recognised[::-1], key=_order):  # noqa: C415 - sorted(reverse=True) would turn equals around, too
        issue, known = each.issue, each.known
        digest = digest_of(issue, key_version=KEY_VERSION)
        await bites.rest()  # a long reading takes seconds of work, during which somebody may press a button
        item = Item(issue, known, digest, links=issue.link_count)
        if known is None:
            items.append(item)
            continue
        is_first = is_listed and known.issue_id not in seen
        is_edited = is_first and _is_edited(known.digest, digest)
        if is_first and known.stage is not Stage.NEW:
            seen[known.issue_id] = None
            newer_from = len(items)
        # A changed guid or address is remembered, so that losing the other names later is no new issue.
        names |= {(known.issue_id, name): None for name in issue.identities if name not in taken}
        if is_edited or _has_more_to_say(item, is_listed=is_first):
            items.append(replace(item, is_edited=is_edited, links=item.links if is_edited else 0))
    for place, item in enumerate(items):
        is_news = _is_after(item.issue, newest_known_at) or (newer_from is not None and place >= newer_from)
        is_told = told_after is None or _is_after(item.issue, told_after) or (is_listed and is_news)
        items[place] = replace(item, is_news=is_news, is_told=is_told)
    found = Sorted((), tuple(seen), tuple(names), reused if is_listed else frozenset(), cut=cut)
    return _within(found, await _with_counts(transaction, items), room)


async def store_names(transaction: Transaction, source: Source, found: Sorted) -> None:
    """Before the first piece: what known issues are called now.

    All at once, for that decides what the others of a reading are: a newsletter that moved is told by all its issues.
    """
    await recognition_rows.reuse_names(transaction, source.source_id, found.reused)
    await recognition_rows.add_names(transaction, found.names, source_id=source.source_id)


async def store_piece(
    transaction: Transaction,
    source: Source,
    piece: Sequence[Item],
    *,
    undated_at: datetime,
    is_listed: bool,
    stage: Stage | None,
) -> Stored:
    """Store a piece of what was sorted out.

    undated_at: where an issue stands among the others that does not say when it came out. stage: of the new ones that
    are told.
    """
    from bot.newsletter.addresses.links import KEY_VERSION

    stored, links, written = Stored(), 0, 0
    for item in piece:
        if item.known is not None:
            if await _bring_up_to_date(transaction, item, is_listed=is_listed):
                stored.redrawn.append(item.known.issue_key)
            if item.is_edited:
                stored.edited.append((item.known.issue_key, item.issue))
                links += item.links - item.links_before
                written += item.links
            continue
        issue = item.issue
        names = [name for name in issue.identities if not name.startswith("content:")] or issue.identities
        twice = await recognition_rows.ids_of(transaction, source.source_id, names)
        if twice:  # the same one listed twice, or stored by somebody else since
            await recognition_rows.add_identities(transaction, names, source_id=source.source_id, issue_id=min(twice))
            continue
        key = issue_key(source.url_key, issue.identities[0])
        if await issue_rows.add_issue(
            transaction,
            issue if item.links else replace(issue, sections=()),
            source_id=source.source_id,
            issue_key=key,
            key_version=KEY_VERSION,
            ordered_at=min(issue.published_at or undated_at, transaction.now),
            digest=item.digest,
            is_listed=is_listed,
            stage=stage if item.is_told else None,
        ):
            stored.new.append((key, issue))
            links += item.links
            written += item.links
    await source_rows.note_stored(
        transaction, source.source_id, issues=len(stored.new), links=links, written=written, day=transaction.now.date()
    )
    return stored


async def _bring_up_to_date(transaction: Transaction, item: Item, *, is_listed: bool) -> bool:
    """Store what is different of a known issue; whether its announcements show something else now."""
    from bot.newsletter.addresses.links import KEY_VERSION

    issue, known = item.issue, item.known
    assert known is not None  # noqa: S101 - of the others nothing is stored yet
    if known.published_at is None and issue.published_at is not None:
        moment = min(issue.published_at, transaction.now)
        await issue_rows.note_date(transaction, known.issue_id, issue.published_at, ordered_at=moment)
    if not known.has_address and issue.url is not None:  # an import that is repeated with the site's address
        await issue_rows.note_address(transaction, known.issue_id, issue.url)
    if not is_listed:
        return False
    is_redrawn = known.is_withdrawn
    if known.is_missing or known.is_withdrawn or not known.is_listed:
        await issue_rows.note_listed(transaction, known.issue_id)
    if item.is_edited:
        before = await issue_rows.get_issue(transaction, known.issue_key)
        is_redrawn |= before is None or _card_of(before) != _card_of(issue)
        await issue_rows.replace_content(
            transaction,
            known.issue_id,
            _with_links(issue, item.links),
            key_version=KEY_VERSION,
            digest=item.digest,
            is_redrawn=is_redrawn,
        )
    elif _reads_otherwise(item):
        if known.digest is not None and _rules_of(known.digest) != _rules_of(item.digest):
            await _bring_addresses_back(transaction, item)
        await issue_rows.note_reading(transaction, known.issue_id, issue, digest=item.digest)
    return is_redrawn


async def _bring_addresses_back(transaction: Transaction, item: Item) -> None:
    """Let stored links have what earlier rules cut from their addresses and today's keep. That is no edit.

    Those are the same that stand as often in the issue when both are without it, in their order.
    """
    from bot.newsletter.addresses.links import KEY_VERSION, as_before_everyday

    assert item.known is not None  # noqa: S101 - of the others nothing is stored yet
    read: dict[str, list[Link]] = {}
    for link in item.issue.links:
        read.setdefault(as_before_everyday(link.url), []).append(link)
    stored: dict[str, list[issue_rows.Address]] = {}
    for address in await issue_rows.addresses_of(transaction, item.known.issue_id):
        stored.setdefault(as_before_everyday(address.url), []).append(address)
    again = [
        issue_rows.Address(address.row_id, link.url, link.key, link.alias)
        for before, addresses in stored.items()
        if len(addresses) == len(read.get(before, ()))
        for address, link in zip(addresses, read[before], strict=True)
        if (address.url, address.alias) != (link.url, link.alias)
    ]
    await issue_rows.set_addresses(transaction, again, key_version=KEY_VERSION)


def _has_more_to_say(item: Item, *, is_listed: bool) -> bool:
    """Whether a known issue says something beside its content that is not stored yet."""
    known = item.known
    assert known is not None  # noqa: S101 - of the others nothing is stored yet
    if (known.published_at is None and item.issue.published_at is not None) or (
        not known.has_address and item.issue.url is not None
    ):
        return True
    if not is_listed:
        return False
    return known.is_missing or known.is_withdrawn or not known.is_listed or _reads_otherwise(item)


def _reads_otherwise(item: Item) -> bool:
    known = item.known
    return known is not None and (known.digest, known.text_key, known.said_at) != (
        item.digest,
        item.issue.text_key,
        item.issue.published_at,
    )


async def _with_counts(transaction: Transaction, items: Sequence[Item]) -> list[Item]:
    """The items, those that were edited with the number of links that are stored of them."""
    edited = [item.known.issue_id for item in items if item.is_edited and item.known is not None]
    before = await issue_rows.link_counts_of(transaction, edited)
    return [
        replace(item, links_before=before.get(item.known.issue_id, 0)) if item.known is not None else item
        for item in items
    ]


def _within(found: Sorted, items: Sequence[Item], room: Room) -> Sorted:
    """What was found, with those items that there is room for, new ones before changed ones.

    Of the new ones, news come first, in the order in which they came out: so what waits is still news. Then the older
    ones, the newest first.
    """
    news = [item for item in items if item.known is None and item.is_news]
    older = [item for item in items[::-1] if item.known is None and not item.is_news]
    edited = [item for item in items[::-1] if item.known is not None]
    issues, links, more_links, changes = room.issues, room.links, room.more_links, MOST_CHANGES
    edited_links = room.edited_links
    kept: list[Item] = []
    waiting: list[Item] = []
    edits_waiting = bare = 0
    is_full = False
    for item in (*news, *older, *edited):
        if item.links - item.links_before > max(more_links, 0):
            item = replace(item, links=min(item.links, item.links_before))  # noqa: PLW2901 - as it is stored
            bare += 1
        if item.known is None:
            # All that is older waits with it: else it would come between others that were told long ago.
            if waiting or issues < 1 or links < item.links:
                is_full = is_full or (room.is_full and issues < 1)
                waiting.append(item)
                continue
            issues -= 1
        elif item.is_edited:
            if edits_waiting or changes < 1 or min(links, edited_links) < item.links:
                edits_waiting += 1
                continue
            changes -= 1
        links -= item.links
        edited_links -= item.links
        more_links -= item.links - item.links_before
        kept.append(item)
    places = {id(item.issue): place for place, item in enumerate(items)}
    return replace(
        found,
        items=tuple(sorted(kept, key=lambda item: places[id(item.issue)])),
        waiting=tuple(waiting),
        is_full=is_full,
        edits_waiting=edits_waiting,
        bare=bare,
    )


def _is_after(issue: Issue, moment: datetime | None) -> bool:
    return moment is not None and issue.published_at is not None and issue.published_at > moment


def _bounded(issue: Issue) -> Issue:
    """The issue with no more than is kept of it."""
    if issue.link_count > MOST_LINKS or len(issue.sections) > MOST_LINKS:
        issue = _with_links(issue, MOST_LINKS)
    if len(issue.images) > MOST_PICTURES or len(issue.identities) > MOST_NAMES:
        issue = replace(issue, images=issue.images[:MOST_PICTURES], identities=issue.identities[:MOST_NAMES])
    return issue


def _with_links(issue: Issue, most: int) -> Issue:
    """The issue with its first links only."""
    if issue.link_count <= most and len(issue.sections) <= MOST_LINKS:
        return issue
    sections: list[Section] = []
    left = most
    for section in issue.sections[:MOST_LINKS]:
        sections.append(replace(section, links=section.links[:left]))
        left -= len(sections[-1].links)
        if not left:
            break
    return replace(issue, sections=tuple(sections))


async def look_for_missing(
    transaction: Transaction, source: Source, seen: Collection[int], *, new: int, asked_back_to: datetime | None = None
) -> list[str]:
    """Count for each issue how many readings in a row it is missed in; the keys of those that are withdrawn now.

    seen: row ids of what the reading lists and was known before. new: how many it lists besides. asked_back_to: of a
    platform that can be asked, when the oldest issue of its list came out; which later ones that misses is kept for
    `Absences`.

    Missed is what the source listed before, between issues that it still lists: newer ones and enough older ones. A
    feed drops its oldest items, keeps an old one at its top, forgets its newest for a while: none of that is a
    withdrawal. One that lost more than a few has moved, or is broken, and says nothing of any single issue.

    Of the newest the reading alone says too little; which of those it misses is kept for `Absences`.
    """
    present = set(seen)
    if asked_back_to is not None:
        missing = await recognition_rows.missing_after(
            transaction, source.source_id, present, asked_back_to, limit=MOST_ASKED_FOR
        )
        await absence_rows.note(transaction, source.source_id, missing)
        return await recognition_rows.count_missed(transaction, source.source_id, (), enough=READINGS_MISSED)
    # One older item alone may be pinned, while those above it grow old and go; where two are all, nobody can tell.
    most_older = max(2, len(present) // 3) if len(present) > 2 else 1
    between = await recognition_rows.missing_between(transaction, source.source_id, present, most_older=most_older)
    a_few = max(1, len(present) // 4)
    if (new and new >= len(present)) or len(between) > a_few:
        between = []
    newest = await recognition_rows.missing_above(transaction, source.source_id, present, limit=a_few + 1)
    if new or len(newest) > a_few:
        newest = []
    await absence_rows.note(transaction, source.source_id, newest)
    return await recognition_rows.count_missed(transaction, source.source_id, between, enough=READINGS_MISSED)


async def _with_successors(
    transaction: Transaction, source: Source, items: Sequence[Recognised], *, key_version: int
) -> list[Recognised]:
    """The items, with those that are issues under a mended headline."""
    moments = {item.issue.published_at for item in items if item.known is None and item.issue.published_at is not None}
    if not moments:
        return list(items)
    here = {item.known.issue_id for item in items if item.known is not None}
    gone = await recognition_rows.listed_on(transaction, source.source_id, moments, without=here)
    if not gone:
        return list(items)
    ids = [each.issue_id for each in gone]
    links = await recognition_rows.link_keys_of(transaction, ids, key_version=key_version)
    return await with_successors(items, gone, links)


async def _recognised(
    transaction: Transaction, source: Source, issues: Sequence[Issue], *, trusts_words: bool
) -> tuple[list[Recognised], set[str]]:
    """What each item is, without the names that were found to be used again and again; and which others are known."""
    names = {name for issue in issues for name in issue.identities}
    known, reused = await recognition_rows.known_by_name(transaction, source.source_id, names)
    if reused:
        issues = [
            replace(
                issue,
                identities=tuple(name for name in issue.identities if name not in reused) or issue.identities[-1:],
            )
            for issue in issues
        ]
    return recognise(issues, known, trusts_words=trusts_words), set(known)


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
    return before is not None and _rules_of(before) == _rules_of(digest) and before != digest


def _rules_of(digest: str) -> str:
    return digest.partition(":")[0]


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
