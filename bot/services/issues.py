"""What the archive answers: which issues a server has, and what stands in them."""

from dataclasses import dataclass

from bot.errors import NotFoundError, RefusedError
from bot.model.issue import Issue, IssueCard
from bot.store import Store
from bot.store import issues as issue_rows

# Discord offers at most this many choices.
MOST_CHOICES = 25
_MOST_TOPIC_ISSUES = 10


@dataclass(frozen=True, slots=True)
class StoredIssue:
    """An issue together with the key by which buttons name it."""

    issue_key: str
    issue: Issue


class Issues:
    def __init__(self, store: Store) -> None:
        self._store = store

    async def latest(self, guild_id: int) -> StoredIssue:
        """The newest issue of what the server reads. Raises NotFoundError while there is none."""
        async with self._store.read() as transaction:
            keys = await issue_rows.newest_keys(transaction, guild_id=guild_id)
            issue = await issue_rows.get_issue(transaction, keys[0], guild_id=guild_id) if keys else None
        if issue is None:
            raise NotFoundError("issue-none-yet")
        return StoredIssue(keys[0], issue)

    async def show(self, guild_id: int, wanted: str) -> StoredIssue:
        """The issue whose key, or else part of whose title, is `wanted`. Raises NotFoundError."""
        async with self._store.read() as transaction:
            issue = await issue_rows.get_issue(transaction, wanted, guild_id=guild_id)
            if issue is not None:
                return StoredIssue(wanted, issue)
            # Somebody typed a title and did not pick from the list.
            cards = await issue_rows.search_titles(transaction, wanted.strip(), guild_id=guild_id, limit=1)
            issue = await issue_rows.get_issue(transaction, cards[0].issue_key, guild_id=guild_id) if cards else None
        if issue is None:
            raise NotFoundError("issue-not-found", title=wanted)
        return StoredIssue(cards[0].issue_key, issue)

    async def pick(self, guild_id: int, wanted: str) -> StoredIssue:
        """The one issue that is meant, for what everybody will see: its key, or a part of one single title.

        Raises NotFoundError where none, RefusedError where several are called like that.
        """
        if not wanted.strip():
            raise NotFoundError("issue-not-found", title=wanted)
        stored = await self.show(guild_id, wanted)
        if stored.issue_key != wanted and len(await self.search_titles(guild_id, wanted)) > 1:
            raise RefusedError("issue-ambiguous", title=wanted)
        return stored

    async def by_key(self, guild_id: int, issue_key: str) -> StoredIssue:
        """The issue that a button names. Raises NotFoundError where the server does not read its source (any more)."""
        async with self._store.read() as transaction:
            issue = await issue_rows.get_issue(transaction, issue_key, guild_id=guild_id)
        if issue is None:
            raise NotFoundError("issue-gone")
        return StoredIssue(issue_key, issue)

    async def search_titles(self, guild_id: int, query: str) -> list[IssueCard]:
        """Up to 25 issues to choose from, newest first."""
        async with self._store.read() as transaction:
            return await issue_rows.search_titles(transaction, query.strip(), guild_id=guild_id, limit=MOST_CHOICES)

    async def topics(self, guild_id: int) -> list[tuple[IssueCard, tuple[str, ...]]]:
        """The newest issues with their topics. Raises NotFoundError while there is none."""
        async with self._store.read() as transaction:
            found = await issue_rows.topics_of_newest(transaction, guild_id=guild_id, limit=_MOST_TOPIC_ISSUES)
        if not found:
            raise NotFoundError("issue-none-yet")
        return found
