"""Reading sources: when, what is new, and what follows from it in one transaction."""

import logging
from base64 import b32encode
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from random import uniform
from urllib.parse import urlsplit, urlunsplit

from bot.clock import Clock
from bot.errors import FetchError, RefusedError, UnreadableError
from bot.model.guild import FirstAnnouncement, Source
from bot.model.issue import Issue
from bot.ports import Bell, IssueSource, Reading
from bot.services.announcements import enqueue_announcement
from bot.store import Store, Transaction
from bot.store import guilds as guild_rows
from bot.store import issues as issue_rows
from bot.store import sources as source_rows
from bot.store.secret_box import SecretBox

log = logging.getLogger(__name__)

# Longer than any fetch may take; a process that dies while reading gives the source back this late.
_READING_LEASE = timedelta(minutes=5)
_LONGEST_BACKOFF = timedelta(hours=6)
_LONGEST_URL = 2000


def issue_key(source_url: str, identity: str) -> str:
    """26 characters that name an issue in buttons and choices: the same in every database that reads this source."""
    digest = sha256(f"{source_url}\x1f{identity}".encode()).digest()
    return b32encode(digest).decode().lower()[:26]


@dataclass(frozen=True, slots=True)
class NewSubscription:
    """A source a server reads from now on, and what was seen there: its title and number of issues."""

    source: Source
    title: str | None
    issues: int


class Sources:
    def __init__(
        self,
        store: Store,
        *,
        reader: IssueSource,
        secrets: SecretBox,
        clock: Clock,
        bell: Bell,
        interval: timedelta,
    ) -> None:
        self._store = store
        self._reader = reader
        self._secrets = secrets
        self._clock = clock
        self._bell = bell
        self._interval = interval

    async def subscribe(self, guild_id: int, *, url: str, channel_id: int) -> NewSubscription:
        """Read `url` for a server and announce it in `channel_id` from now on.

        Credentials in the address (`https://user:password@…`) are taken out and kept sealed. Raises RefusedError for
        what is no web address, FetchError or UnreadableError when nothing can be read there: then nothing is stored.
        """
        address, credentials = split_credentials(url)
        seen = await self._reader.read(Source(source_id=0, url=address), credentials=credentials)
        sealed = self._secrets.seal(credentials) if credentials else None
        now = self._clock.now()
        async with self._store.write() as transaction:
            source = await source_rows.add_source(transaction, url=address, secret=sealed, now=now)
            await guild_rows.subscribe(
                transaction, guild_id=guild_id, source_id=source.source_id, channel_id=channel_id, now=now
            )
            if source.first_read_at is not None:
                await self._announce_newest(transaction, source, guild_id=guild_id, now=now)
            else:
                await source_rows.make_due(transaction, source.source_id, now=now)
        self._bell.ring("sources")
        self._bell.ring("outbox")
        return NewSubscription(
            source=source,
            title=source.title or (seen.title if seen else None),
            issues=len(seen.issues) if seen else 0,
        )

    async def unsubscribe(self, guild_id: int, source_id: int) -> bool:
        """Stop reading a source for a server; False when it did not."""
        async with self._store.write() as transaction:
            return await guild_rows.unsubscribe(transaction, guild_id=guild_id, source_id=source_id)

    async def read_due(self) -> datetime | None:
        """Read every source whose time has come; the moment when the next one's has, or None."""
        while True:
            now = self._clock.now()
            async with self._store.write() as transaction:
                due = await source_rows.claim_due_sources(transaction, now=now, until=now + _READING_LEASE)
            if not due:
                async with self._store.read() as transaction:
                    return await source_rows.next_poll(transaction)
            for source in due:
                await self._read(source)

    async def _read(self, source: Source) -> None:
        try:
            reading = await self._reader.read(source, credentials=await self._credentials(source))
        except (FetchError, UnreadableError) as error:
            await self._record_failure(source, str(error))
            return
        except Exception:
            # One source must not stop the others, and a bug in reading must not make it be read again at once.
            log.exception("source could not be read source_id=%s", source.source_id)
            await self._record_failure(source, "an unexpected error; the log has it")
            return
        if reading is None:
            await self._record_unchanged(source)
        else:
            await self._take_in(source, reading)

    async def _take_in(self, source: Source, reading: Reading) -> None:
        """Store what is new and queue its announcements; the source's marks advance in the same transaction."""
        now = self._clock.now()
        async with self._store.write() as transaction:
            new = await self._store_new(transaction, source, reading.issues, now=now)
            to_announce = new
            if source.first_read_at is None and new:
                to_announce = new[-1:]
            await self._announce(transaction, source, to_announce, now=now)
            await source_rows.record_reading(
                transaction,
                source.source_id,
                title=reading.title,
                etag=reading.etag,
                last_modified=reading.last_modified,
                now=now,
                next_poll_at=now + self._interval,
            )
        log.info(
            "source read source_id=%s items=%d new=%d announced=%d",
            source.source_id,
            len(reading.issues),
            len(new),
            len(to_announce),
        )
        if to_announce:
            self._bell.ring("outbox")

    async def _store_new(
        self, transaction: Transaction, source: Source, issues: tuple[Issue, ...], *, now: datetime
    ) -> list[Issue]:
        """Those of `issues` that were not known by any of their identities, now stored; oldest first."""
        from bot.newsletter.links import KEY_VERSION  # with the patterns behind it: not before something is read

        new: list[Issue] = []
        # Feeds list the newest first: turned around before the stable sort, the undated ones stand in order too.
        for issue in sorted(issues[::-1], key=_order):  # noqa: C415
            known = await issue_rows.find_by_identity(transaction, source.source_id, issue.identities)
            if known is not None:
                # A changed guid or address is remembered, so that losing the other names later is no new issue.
                await issue_rows.add_identities(
                    transaction, issue.identities, source_id=source.source_id, issue_id=known
                )
                continue
            if await issue_rows.add_issue(
                transaction,
                issue,
                source_id=source.source_id,
                issue_key=issue_key(source.url, issue.identities[0]),
                key_version=KEY_VERSION,
                now=now,
            ):
                new.append(issue)
        return new

    async def _announce(self, transaction: Transaction, source: Source, issues: list[Issue], *, now: datetime) -> None:
        if not issues:
            return
        for subscription in await guild_rows.subscriptions_of_source(transaction, source.source_id):
            guild = await guild_rows.get_guild(transaction, subscription.guild_id)
            silent = guild is None or guild.first_announcement is FirstAnnouncement.NONE
            if source.first_read_at is None and silent:
                continue
            for issue in issues:
                await enqueue_announcement(
                    transaction,
                    subscription,
                    issue_key=issue_key(source.url, issue.identities[0]),
                    identity=issue.identities[0],
                    now=now,
                )

    async def _announce_newest(self, transaction: Transaction, source: Source, *, guild_id: int, now: datetime) -> None:
        """A server that joins a source others read already gets the newest issue, as at a first reading."""
        guild = await guild_rows.get_guild(transaction, guild_id)
        if guild is None or guild.first_announcement is FirstAnnouncement.NONE:
            return
        newest = await issue_rows.newest_of_source(transaction, source.source_id)
        for subscription in await guild_rows.subscriptions_of_guild(transaction, guild_id):
            if newest is not None and subscription.source_id == source.source_id:
                key, identity = newest
                await enqueue_announcement(transaction, subscription, issue_key=key, identity=identity, now=now)

    async def _credentials(self, source: Source) -> str | None:
        async with self._store.read() as transaction:
            sealed = await source_rows.get_secret(transaction, source.source_id)
        return self._secrets.open(sealed) if sealed is not None else None

    async def _record_unchanged(self, source: Source) -> None:
        now = self._clock.now()
        async with self._store.write() as transaction:
            await source_rows.record_unchanged(
                transaction, source.source_id, now=now, next_poll_at=now + self._interval
            )

    async def _record_failure(self, source: Source, problem: str) -> None:
        backoff = min(self._interval * 2 ** min(source.failures, 16), _LONGEST_BACKOFF)
        # Jitter keeps sources that failed together from coming back together.
        due_at = self._clock.now() + max(backoff, self._interval) * uniform(0.9, 1.1)
        async with self._store.write() as transaction:
            await source_rows.record_failure(transaction, source.source_id, problem=problem, next_poll_at=due_at)
        log.warning(
            "source failed source_id=%s failures=%d next=%s problem=%s",
            source.source_id,
            source.failures + 1,
            due_at.isoformat(timespec="seconds"),
            problem,
        )


def split_credentials(url: str) -> tuple[str, str | None]:
    """An address without its `user:password@`, and that part. Raises RefusedError for what is no web address."""
    try:
        parts = urlsplit(url.strip())
        host = parts.hostname
        _ = parts.port  # a port that is no number raises here
    except ValueError:
        host = None
    if host is None or parts.scheme not in {"http", "https"} or len(url) > _LONGEST_URL or " " in url.strip():
        raise RefusedError("That is no web address.", message_id="address-invalid")
    credentials, at, netloc = parts.netloc.rpartition("@")
    return urlunsplit(parts._replace(netloc=netloc)), credentials if at else None


def _order(issue: Issue) -> datetime:
    # Dates order, they never decide; an undated item counts as old.
    return issue.published_at or datetime.min.replace(tzinfo=UTC)
