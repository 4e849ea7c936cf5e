"""Which stored issue each item of a reading is, by all the names under which one may be known.

An item is new only when none of its names is known. But some feeds use a name again: the newest issue always stands at
`/latest`, or guids are numbers of places in the list. So each stored issue is at most one item of a reading, the one
that has most in common with it; an item that shares a single name with what another item is, and has a name of its own
besides, is another issue.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from bot.model.issue import Issue
from bot.store.issues import KnownIssue

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


def recognise(issues: Sequence[Issue], known: Mapping[str, KnownIssue]) -> list[Recognised]:
    """What each of `issues` is. known: stored issues by their names, as far as these are names of the items, too."""
    claims = [claim for number, issue in enumerate(issues) for claim in _claims(number, issue, known)]
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


def _own(names: Sequence[str] | frozenset[str]) -> list[str]:
    return [name for name in names if not name.startswith("content:")]


def _weight(name: str) -> int:
    """A guid is made to tell issues apart, an address and a text do so by the way; both together tell more."""
    if name.startswith("content:"):
        return 2
    if name.startswith("guid:"):
        return 1 if _PLACE_IN_THE_LIST.fullmatch(name) else 4
    return 3
