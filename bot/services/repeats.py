"""The same story twice in one publication: a short issue of its own, and a line in the digest of that day.

Of 240 short issues of a real newsletter, 239 were linked from a digest and 229 had their link in one within three days.
Both are linked with each other. A server that wants each story once gets the digest alone: what is short waits for it,
where the newsletter has that habit, and is announced when none came.
"""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from bot.model.guild import Guild, Source
from bot.model.issue import Issue, IssueCard
from bot.services.keys import issue_key
from bot.store import Transaction
from bot.store import issues as issue_rows
from bot.store import repeats as repeat_rows
from bot.store.repeats import Told

MOST_LINKS_OF_A_STORY = 3
FEWEST_LINKS_OF_A_DIGEST = 5

APART = timedelta(days=3)
"""A digest tells what came out so long before it or after it, at most."""

WAIT = timedelta(hours=12)
"""For the digest; the newsletter that this was learned from has its digest within five hours."""

_HABIT = timedelta(days=60)
_MOST_TELLERS = 2


async def link_repeats(transaction: Transaction, source: Source, new: Sequence[Issue]) -> list[str]:
    """Note which short issues are told again in a digest, as far as one of the two is new; keys of these short ones."""
    if not new:
        return []
    fresh = {issue_key(source.url_key, issue.identities[0]) for issue in new}
    found: dict[str, str] = {}
    for start, end in _spans(await issue_rows.moments_of(transaction, fresh)):
        stories = await repeat_rows.told_between(transaction, source.source_id, start, end)
        digests = [story for story in stories if len(story.keys) >= FEWEST_LINKS_OF_A_DIGEST]
        for story in stories:
            if story.told_in is None and len(story.keys) <= MOST_LINKS_OF_A_STORY:
                digest = _teller(story, digests)
                if digest is not None and (story.issue_key in fresh or digest.issue_key in fresh):
                    found[story.issue_key] = digest.issue_key
    await repeat_rows.note_told(transaction, found)
    await repeat_rows.drop_held(transaction, found)
    return sorted(found)


def _spans(moments: Collection[datetime]) -> list[tuple[datetime, datetime]]:
    """The times to look through around these moments; those of neighbours as one."""
    spans: list[tuple[datetime, datetime]] = []
    for moment in sorted(moments):
        if spans and moment - APART <= spans[-1][1]:
            spans[-1] = (spans[-1][0], moment + APART)
        else:
            spans.append((moment - APART, moment + APART))
    return spans


def _teller(story: Told, digests: Sequence[Told]) -> Told | None:
    """The digest that tells the story again, the one nearest to it."""
    near = [digest for digest in digests if abs(digest.at - story.at) <= APART]
    linked = [digest for digest in near if _is_mentioned(story, digest)]
    if not linked and story.keys:
        linked = [digest for digest in near if story.keys <= digest.keys]
        # What stands in every digest is no story: the job board, a sponsor.
        if len(linked) > _MOST_TELLERS:
            return None
    return min(linked, key=lambda digest: abs(digest.at - story.at), default=None)


def _is_mentioned(story: Told, digest: Told) -> bool:
    """It is linked there by its own address, under whichever of its domains the publication is at present."""
    return any(mention.rpartition("/")[2] in story.names for mention in digest.mentions)


async def is_to_be_told(
    transaction: Transaction, guild: Guild, source: Source, issue: Issue, *, key: str, now: datetime
) -> bool:
    """Whether the server wants the issue announced now: not what a digest told, nor (yet) what one may tell."""
    if guild.announce_repeats or len({link.key for link in issue.links}) > MOST_LINKS_OF_A_STORY:
        return True
    if await repeat_rows.teller_of(transaction, key) is not None:
        return False
    if await repeat_rows.is_habit(transaction, source.source_id, since=now - _HABIT):
        await repeat_rows.hold(
            transaction, guild_id=guild.guild_id, source_id=source.source_id, issue_key=key, release_at=now + WAIT
        )
        return False
    return True


async def is_told_elsewhere(transaction: Transaction, guild: Guild, key: str) -> IssueCard | None:
    """The digest because of which a server is not told of an issue; None where it is told."""
    return None if guild.announce_repeats else await repeat_rows.teller_of(transaction, key)
