"""Storing issues: what is new, by all the names under which an issue may be known."""

from collections.abc import Sequence
from datetime import UTC, datetime

from bot.model.guild import Source
from bot.model.issue import Issue
from bot.services.keys import issue_key
from bot.store import Transaction
from bot.store import issues as issue_rows


async def store_new(
    transaction: Transaction, source: Source, issues: Sequence[Issue], *, now: datetime, undated_at: datetime
) -> list[Issue]:
    """Those of `issues` that were not known by any of their identities, now stored; oldest first.

    undated_at: where an issue stands among the others that does not say when it came out.
    """
    from bot.newsletter.links import KEY_VERSION  # with the patterns behind it: not before something is read

    new: list[Issue] = []
    # Feeds list the newest first: turned around before the stable sort, the undated ones stand in order too.
    for issue in sorted(issues[::-1], key=_order):  # noqa: C415
        known = await issue_rows.find_by_identity(transaction, source.source_id, issue.identities)
        if known is not None:
            # A changed guid or address is remembered, so that losing the other names later is no new issue.
            await issue_rows.add_identities(transaction, issue.identities, source_id=source.source_id, issue_id=known)
            continue
        if await issue_rows.add_issue(
            transaction,
            issue,
            source_id=source.source_id,
            issue_key=issue_key(source.url_key, issue.identities[0]),
            key_version=KEY_VERSION,
            now=now,
            ordered_at=min(issue.published_at or undated_at, now),
        ):
            new.append(issue)
    return new


def _order(issue: Issue) -> datetime:
    # Dates order, they never decide; an undated item counts as old.
    return issue.published_at or datetime.min.replace(tzinfo=UTC)
