"""The same story twice in one publication, deduplicated: a short issue of its own, and a line in that day's digest.

Of 240 short issues of a real newsletter, 239 were linked from a digest and 229 had their link in one within three days.
Both are linked with each other. A server that wants each story once gets the digest alone: what is short waits for it,
where the newsletter has that habit, and is announced when none came.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta

from bot.bites import Bites
from bot.model.chore import Chore
from bot.model.guild import Guild, Source
from bot.model.issue import IssueCard
from bot.services.announcing.announcements import announced_alike
from bot.services.delivery.portions import PORTION
from bot.store import Store, Transaction
from bot.store import chores as chore_rows
from bot.store import guilds as guild_rows
from bot.store import issues as issue_rows
from bot.store import outbox as outbox_rows
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


async def find_repeats(transaction: Transaction, source: Source, fresh: Collection[str]) -> dict[str, str]:
    """Which short issues are told again in which digest, as far as one of the two is among the keys of `fresh` ones.

    That reads much, and changes nothing; `note_repeats` keeps it.
    """
    found: dict[str, str] = {}
    bites = Bites()
    for start, end in _spans(await issue_rows.moments_of(transaction, fresh)):
        stories = await repeat_rows.told_between(transaction, source.source_id, start, end)
        short = [story for story in stories if story.told_in is None and len(story.keys) <= MOST_LINKS_OF_A_STORY]
        digests = _Digests(frozenset().union(*(story.keys for story in short)))
        for story in stories:
            if short and len(story.keys) >= FEWEST_LINKS_OF_A_DIGEST:
                await bites.rest()  # somebody may want to press a button
                digests.add(story)
        for story in short:
            await bites.rest()
            digest = digests.teller_of(story)
            if digest is not None and (story.issue_key in fresh or digest.issue_key in fresh):
                found[story.issue_key] = digest.issue_key
    return found


async def note_repeats(store: Store, found: Mapping[str, str], *, telling: Chore) -> None:
    """Link short issues with their digests, a portion a transaction; the chore `telling` draws their cards anew."""
    pairs = sorted(found.items())
    for start in range(0, len(pairs), PORTION):
        async with store.write() as transaction:
            # Locked before the issues, as the worker does, which begins anew: those that it has done show it, too.
            await chore_rows.leave(transaction, telling)
            await repeat_rows.note_told(transaction, dict(pairs[start : start + PORTION]))


def _spans(moments: Collection[datetime]) -> list[tuple[datetime, datetime]]:
    """The times to look through around these moments; those of neighbours as one."""
    spans: list[tuple[datetime, datetime]] = []
    for moment in sorted(moments):
        if spans and moment - APART <= spans[-1][1]:
            spans[-1] = (spans[-1][0], moment + APART)
        else:
            spans.append((moment - APART, moment + APART))
    return spans


class _Digests:
    """Digests by what they link to: a feed may hold a thousand issues, and each is asked for once.

    keys: of the links that will be asked for.
    """

    def __init__(self, keys: frozenset[str]) -> None:
        self._keys = keys
        self._by_name: dict[str, list[Told]] = {}
        self._by_key: dict[str, dict[str, Told]] = {}

    def add(self, digest: Told) -> None:
        # Under whichever of its domains the publication is at present, the last part of an address stays.
        for name in {mention.rpartition("/")[2] for mention in digest.mentions}:
            self._by_name.setdefault(name, []).append(digest)
        for key in self._keys & digest.keys:
            self._by_key.setdefault(key, {})[digest.issue_key] = digest

    def teller_of(self, story: Told) -> Told | None:
        """The digest that tells the story again, the one nearest to it."""
        linked = _near(story, [digest for name in story.names for digest in self._by_name.get(name, ())])
        if not linked and story.keys:
            first, *others = (self._by_key.get(key, {}) for key in story.keys)
            linked = _near(story, [first[key] for key in first if all(key in other for other in others)])
            # What stands in every digest is no story: the job board, a sponsor.
            if len(linked) > _MOST_TELLERS:
                return None
        return min(linked, key=lambda digest: abs(digest.at - story.at), default=None)


def _near(story: Told, digests: Sequence[Told]) -> list[Told]:
    return [digest for digest in digests if abs(digest.at - story.at) <= APART]


async def is_to_be_told(
    transaction: Transaction, guild: Guild, source_id: int, key: str, *, here: Collection[str]
) -> bool:
    """Whether the server wants a new issue announced now: not what a digest tells it, nor yet what one may.

    What may still be told waits (`release`). A digest counts where it is announced, or its key is among `here`: what is
    about to be.
    """
    if guild.announce_repeats or await issue_rows.story_links(transaction, key) > MOST_LINKS_OF_A_STORY:
        return True
    if await is_told_elsewhere(transaction, guild, key, here=here) is not None:
        return False
    if not await repeat_rows.is_habit(transaction, source_id, since=transaction.now - _HABIT):
        return True
    await repeat_rows.hold(
        transaction, guild_id=guild.guild_id, source_id=source_id, issue_key=key, release_at=transaction.now + WAIT
    )
    return False


async def is_release_due(transaction: Transaction) -> bool:
    """Whether anything waited long enough for a digest."""
    return await repeat_rows.is_release_due(transaction, longest=WAIT)


async def release_portion(transaction: Transaction, chore: Chore) -> int | None:
    """End the waiting of a portion of what waits for a digest in a server that wants repeats (again)."""
    guild = await guild_rows.get_guild(transaction, chore.guild_id)
    if guild is None or not guild.announce_repeats:
        return None
    released = await repeat_rows.release_some(transaction, guild_id=chore.guild_id, limit=PORTION)
    return chore.place + released if released == PORTION else None


async def release(transaction: Transaction) -> list[tuple[int, int, str]]:
    """Server, source and key of each issue that waited long enough for a digest, and of which none told the server.

    Of a portion of them, as long as `is_release_due`.
    """
    released = await repeat_rows.take_released(transaction, longest=WAIT, limit=PORTION)
    untold = []
    for guild_id, source_id, key in released:
        guild = await guild_rows.get_guild(transaction, guild_id)
        if guild is not None and await is_told_elsewhere(transaction, guild, key) is None:
            untold.append((guild_id, source_id, key))
    return untold


async def is_told_elsewhere(
    transaction: Transaction, guild: Guild, key: str, *, here: Collection[str] = ()
) -> IssueCard | None:
    """The digest because of which a server is not told of an issue: it tells the same story and is announced there.

    here: keys of what is about to be announced.
    """
    if guild.announce_repeats:
        return None
    digest = await repeat_rows.teller_of(transaction, key)
    if digest is None or digest.issue_key in here:
        return digest
    if await outbox_rows.announcements_of(transaction, guild_id=guild.guild_id, subject_key=digest.issue_key):
        return digest
    source_id = await issue_rows.source_of_issue(transaction, digest.issue_key)
    for subscription in await guild_rows.subscriptions_of_guild(transaction, guild.guild_id):
        if subscription.source_id == source_id and await announced_alike(transaction, subscription, digest.issue_key):
            return digest
    return None
