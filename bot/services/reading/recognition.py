"""Which stored issue each item of a reading is, by all the names under which one may be known.

An item is new only when none of its names is known. But some feeds use a name again: the newest issue always stands at
`/latest`, or guids are numbers of places in the list. So each stored issue is at most one item of a reading, the one
that has most in common with it; an item that shares a single name with what another item is, and has a name of its own
besides, is another issue.

The words alone tell least: the same ones come again every week ("Open thread"). They are a name where the item has no
other one, or its date is the known one. And where a corrected headline gave an issue another address and guid, it is
told by its date and what stayed: its text or its links.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.bites import Bites
from bot.model.issue import Issue
from bot.store.recognition import KnownIssue

_WEEK = timedelta(weeks=1)
_NEARLY = timedelta(hours=12)
_FEWEST_THAT_MOVE = 3
_FEWEST_LINKS = 2
_PLACE_IN_THE_LIST = re.compile(r"guid:(?:\S*/)?\d{1,4}")  # an RSS guid is an address below the feed's


@dataclass(frozen=True, slots=True)
class Recognised:
    """An item, and the stored issue that it is; None for a new one.

    reused: a name of the item that was another issue's and says nothing from now on; `issue` is without it.
    """

    issue: Issue
    known: KnownIssue | None
    reused: str | None = None


@dataclass(frozen=True, slots=True)
class _Claim:
    """One item has these names in common with one stored issue."""

    item: int
    known: KnownIssue
    names: frozenset[str]

    @property
    def strength(self) -> int:
        return sum(map(_weight, self.names))

    @property
    def is_by_words(self) -> bool:
        return not _own(self.names)


def recognise(
    issues: Sequence[Issue], known: Mapping[str, KnownIssue], *, trusts_words: bool = False
) -> list[Recognised]:
    """What each of `issues` is. known: stored issues by their names, as far as these are names of the items, too.

    trusts_words: where a date is missing, an item is what is known by its words, whatever names it has.
    """
    claims = [claim for number, issue in enumerate(issues) for claim in _claims(number, issue, known)]
    if not _has_moved(issues, claims):
        claims = [
            claim
            for claim in claims
            if not claim.is_by_words or _may_be(issues[claim.item], claim.known, trusts_words=trusts_words)
        ]
    won: dict[int, _Claim] = {}
    taken: dict[int, _Claim] = {}
    for claim in sorted(claims, key=lambda each: (-each.strength, each.item)):
        if claim.item not in won and claim.known.issue_id not in taken:
            won[claim.item] = taken[claim.known.issue_id] = claim
    lost: dict[int, _Claim] = {}
    for claim in claims:
        if claim.item not in won and (claim.item not in lost or lost[claim.item].strength < claim.strength):
            lost[claim.item] = claim
    return [
        Recognised(issue, won[number].known)
        if number in won
        else _beside(issue, lost[number], taken[lost[number].known.issue_id])
        if number in lost
        else Recognised(issue, None)
        for number, issue in enumerate(issues)
    ]


async def with_successors(
    items: Sequence[Recognised], gone: Sequence[KnownIssue], links: Mapping[int, frozenset[str]]
) -> list[Recognised]:
    """The items of a whole reading; an unknown one is what is gone where only a headline and its address were mended.

    That is told by the date, which is no other's, and by the same text without the title, or the same links. gone:
    listed issues that are none of the items, of unknown items' dates. links: the keys of theirs, by issue. Lets others
    work meanwhile.
    """
    bites = Bites()
    dates = Counter(item.issue.published_at for item in items)
    marks: Counter[str | frozenset[str] | None] = Counter()
    for item in items:
        marks.update((item.issue.text_key, _links_of(item.issue)))
        await bites.rest()
    gone_at: dict[datetime | None, list[KnownIssue]] = {}
    for each in gone:
        gone_at.setdefault(each.said_at, []).append(each)
    found: dict[int, KnownIssue] = {}
    unsure: dict[int, KnownIssue] = {}
    for number, item in enumerate(items):
        moment = item.issue.published_at
        if item.known is not None or moment is None or dates[moment] > 1:
            continue
        await bites.rest()
        others = gone_at.get(moment, [])
        others = [each for each in others if not each.is_withdrawn] or others
        same = _same_marks(item.issue, others[0], links) if len(others) == 1 else []
        if any(marks[mark] == 1 for mark in same):
            found[number] = others[0]
        elif same and _tells_the_hour(moment):
            unsure[number] = others[0]
    # What stands below each issue tells one from another only by the hour, and nothing where most of a feed is new.
    if len(unsure) < _FEWEST_THAT_MOVE:
        found |= unsure
    return [replace(item, known=found.get(number, item.known)) for number, item in enumerate(items)]


def _same_marks(issue: Issue, known: KnownIssue, links: Mapping[int, frozenset[str]]) -> list[str | frozenset[str]]:
    """What of an item, besides its date, is what it was: its text without the title, its links."""
    same: list[str | frozenset[str]] = []
    if issue.text_key is not None and issue.text_key == known.text_key:
        same.append(issue.text_key)
    own = _links_of(issue)
    if len(own) >= _FEWEST_LINKS and own == links.get(known.issue_id):
        same.append(own)
    return same


def _beside(issue: Issue, claim: _Claim, winner: _Claim) -> Recognised:
    """What an item is whose stored issue is another item: the same one listed twice, or another one beside it."""
    own = _own(issue.identities)
    if len(claim.names) > 1:
        return Recognised(issue, claim.known)
    [name] = claim.names
    if name.startswith("content:"):
        # Two that stand side by side under names of their own are two, however alike they are ("Open thread").
        return Recognised(issue, None if own and _own(winner.names) else claim.known)
    if len(own) == 1:
        return Recognised(issue, claim.known)
    names = tuple(each for each in issue.identities if each != name)
    return Recognised(replace(issue, identities=names), None, reused=name)


def _claims(number: int, issue: Issue, known: Mapping[str, KnownIssue]) -> list[_Claim]:
    names: dict[int, set[str]] = {}
    found: dict[int, KnownIssue] = {}
    for name in issue.identities:
        if (each := known.get(name)) is not None:
            found[each.issue_id] = each
            names.setdefault(each.issue_id, set()).add(name)
    return [_Claim(number, found[issue_id], frozenset(shared)) for issue_id, shared in names.items()]


def _may_be(issue: Issue, known: KnownIssue, *, trusts_words: bool) -> bool:
    """Whether an item that has only its words in common with a stored issue is that issue."""
    own = _own(issue.identities)
    dates = [moment for moment in (known.said_at, known.published_at) if moment is not None]
    if not own:
        return True
    if issue.published_at is not None and dates:
        return any(_is_same_moment(issue.published_at, moment) for moment in dates)
    # A file that was given another name says nothing of its day.
    is_file = all(name.startswith("file:") for name in own)
    return trusts_words or (is_file and issue.published_at is None and not dates)


def _has_moved(issues: Sequence[Issue], claims: Sequence[_Claim]) -> bool:
    """Whether the whole newsletter goes by other names and dates now: most is known, each by its words alone.

    Where each came out so many weeks later, it is not the newsletter that moved but its standing posts that came again.
    """
    if len(claims) < _FEWEST_THAT_MOVE or len(claims) * 2 <= len(issues):
        return False
    if not all(claim.is_by_words for claim in claims) or len({claim.known.issue_id for claim in claims}) < len(claims):
        return False
    pauses = [
        moment - claim.known.published_at
        for claim in claims
        if (moment := issues[claim.item].published_at) and claim.known.published_at
    ]
    return not pauses or not all(_are_weeks(pause) for pause in pauses)


def _are_weeks(pause: timedelta) -> bool:
    weeks = round(pause / _WEEK)
    return weeks > 0 and abs(pause - weeks * _WEEK) < _NEARLY


def _is_same_moment(one: datetime, other: datetime) -> bool:
    """To the minute; by the day where one of them tells no hour."""
    if _tells_the_hour(one) and _tells_the_hour(other):
        return abs(one - other) < timedelta(minutes=1)
    return one.date() == other.date()


def _tells_the_hour(moment: datetime) -> bool:
    return (moment.hour, moment.minute, moment.second) != (0, 0, 0)


def _links_of(issue: Issue) -> frozenset[str]:
    return frozenset(link.key for link in issue.links)


def _own(names: Sequence[str] | frozenset[str]) -> list[str]:
    return [name for name in names if not name.startswith("content:")]


def _weight(name: str) -> int:
    """A guid is made to tell issues apart, an address and a text do so by the way; both together tell more."""
    if name.startswith("content:"):
        return 2
    if name.startswith("guid:"):
        return 1 if _PLACE_IN_THE_LIST.fullmatch(name) else 4
    return 3
