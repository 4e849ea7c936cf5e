"""Which newsletters a server reads: added after a look at what is there, within its quotas, and let go."""

from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import urlsplit, urlunsplit

from bot.clock import Clock
from bot.errors import FetchError, RefusedError, UnreadableError
from bot.metrics import metered
from bot.model.guild import FirstAnnouncement, Source, folder_address
from bot.model.pasted import one_address
from bot.ports import Bell, IssueSource, Reading, Unchanged
from bot.services.announcements import announce_newest
from bot.services.channels import choose_channel
from bot.services.guilds import stop_reading
from bot.services.quotas import ATTEMPT_BYTES, DEFAULT_QUOTAS, Quotas, charge, require_room
from bot.store import Store, Transaction
from bot.store import guilds as guild_rows
from bot.store import interactions as interaction_rows
from bot.store import sources as source_rows
from bot.store.secret_box import SecretBox


@dataclass(frozen=True, slots=True)
class NewSubscription:
    """A source a server reads from now on, and what was seen there: its title and number of issues.

    is_new: it was not read by this server before.
    """

    source: Source
    title: str | None
    issues: int
    is_new: bool = True


class Subscriptions:
    """interval: between two readings of a source."""

    def __init__(
        self,
        store: Store,
        *,
        reader: IssueSource,
        secrets: SecretBox,
        clock: Clock,
        bell: Bell,
        interval: timedelta,
        quotas: Quotas = DEFAULT_QUOTAS,
    ) -> None:
        self._store = store
        self._reader = reader
        self._secrets = secrets
        self._clock = clock
        self._bell = bell
        self._interval = interval
        self._quotas = quotas

    async def subscribe(
        self,
        guild_id: int,
        *,
        url: str,
        channel_id: int,
        interaction_id: int,
        first: FirstAnnouncement = FirstAnnouncement.NEWEST,
        key: str | None = None,
    ) -> NewSubscription:
        """Read `url` for a server and announce it in `channel_id` from now on; at the first reading, what `first` says.

        The address of the newsletter's site will do, if the site says where its feed is or keeps it where others do;
        `folder:name` is what the operator laid ready for this server.
        Credentials in the address (`https://user:password@…`), or the `key` it asks for, are kept apart and sealed;
        the same address with others is another source. Raises RefusedError for what is no web address and where the
        server's quotas are used up, FetchError or UnreadableError when nothing can be read there. Then nothing is kept.
        """
        address, credentials = folder_address(url, guild_id), None
        if address is None:
            if url.strip().startswith("folder:"):
                raise RefusedError("folder-name")
            address, credentials = split_credentials(url)
            credentials = (key or "").strip() or credentials
        async with self._store.read() as transaction:
            await require_room(transaction, guild_id, self._quotas, now=self._clock.now())
            read = await guild_rows.sources_of_guild(transaction, guild_id)
            if address not in {source.url for source in read} and len(read) >= self._quotas.sources:
                raise RefusedError("setup-too-many-sources", count=self._quotas.sources)
        with metered() as meter:
            try:
                address, seen = await self._look(address, credentials)
            finally:
                await self._charge(guild_id, ATTEMPT_BYTES + meter.received_bytes)
        sealed = self._secrets.seal(credentials) if credentials else None
        url_key = (
            self._secrets.fingerprint(f"{address}\x1f{credentials}") if credentials else source_rows.plain_key(address)
        )
        now = self._clock.now()
        async with self._store.write() as transaction:
            source = await source_rows.add_source(transaction, url=address, url_key=url_key, secret=sealed, now=now)
            fresh = await interaction_rows.record_effect(transaction, interaction_id, guild_id=guild_id, now=now)
            await guild_rows.hold_guild(transaction, guild_id)  # two who add at once are counted one after the other
            before = await guild_rows.subscriptions_of_source(transaction, source.source_id)
            read_ids = {each.source_id for each in await guild_rows.sources_of_guild(transaction, guild_id)}
            if source.source_id not in read_ids and len(read_ids) >= self._quotas.sources:
                raise RefusedError("setup-too-many-sources", count=self._quotas.sources)
            if fresh:
                await self._subscribe(transaction, source, guild_id=guild_id, channel_id=channel_id, first=first)
        for worker in ("sources", "outbox", "polls"):
            self._bell.ring(worker)
        return NewSubscription(
            source=source,
            title=source.title or (seen.title if isinstance(seen, Reading) else None),
            issues=len(seen.issues) if isinstance(seen, Reading) else 0,
            is_new=not any(subscription.guild_id == guild_id for subscription in before),
        )

    async def addresses_for(self, guild_id: int) -> list[str]:
        """What the operator laid ready for the server to read: `folder:name`."""
        return await self._reader.addresses_for(guild_id)

    async def _look(self, address: str, credentials: str | None) -> tuple[str, Reading | Unchanged]:
        """The address of the feed, which may be another one than was given, and what is there now."""
        try:
            return address, await self._peek(address, credentials)
        except UnreadableError as error:
            if error.message_id != "unreadable-page":
                raise
            for feed in await self._reader.find_feeds(address, credentials=credentials):
                with suppress(UnreadableError, FetchError):
                    found, _ = _split(feed)
                    # Credentials are for the site that they were given for.
                    own = credentials if urlsplit(found)[:2] == urlsplit(address)[:2] else None
                    if credentials is None or own is not None:
                        return found, await self._peek(found, own)
            raise UnreadableError("unreadable-no-feed") from error

    async def _peek(self, address: str, credentials: str | None) -> Reading | Unchanged:
        return await self._reader.read(Source(source_id=0, url=address, url_key=""), credentials=credentials)

    async def _subscribe(
        self, transaction: Transaction, source: Source, *, guild_id: int, channel_id: int, first: FirstAnnouncement
    ) -> None:
        now = self._clock.now()
        await choose_channel(transaction, guild_id, channel_id)
        await guild_rows.change_settings(transaction, guild_id, first_announcement=first)
        alone = not await guild_rows.subscriptions_of_source(transaction, source.source_id)
        await guild_rows.subscribe(
            transaction, guild_id=guild_id, source_id=source.source_id, channel_id=channel_id, now=now
        )
        # As it is now: who waited here for another process waited for its first reading.
        source = await source_rows.get_source(transaction, source.source_id)
        if alone:
            # Nobody has read it for a while: what was missed is stored silently, as at a first reading.
            await source_rows.begin_anew(transaction, source.source_id, now=now)
        else:
            # It may have been put off for those who read it so far.
            await source_rows.want(transaction, source.source_id, now + self._interval, guild_id=guild_id)
        if not alone and source.first_read_at is not None:  # else the coming first reading announces
            await announce_newest(transaction, guild_id=guild_id, source_id=source.source_id, now=now)

    async def unsubscribe(self, guild_id: int, source_id: int, *, interaction_id: int) -> int | None:
        """Stop reading a source for a server, and drop what is still queued; None when it did not read it.

        Else how many issues waited for a digest and are dropped.
        """
        now = self._clock.now()
        async with self._store.write() as transaction:
            if not await interaction_rows.record_effect(transaction, interaction_id, guild_id=guild_id, now=now):
                return None
            dropped = await stop_reading(transaction, guild_id=guild_id, source_id=source_id, now=now)
        if dropped is not None:
            self._bell.ring("hubs")
            self._bell.ring("chores")
        return dropped

    async def _charge(self, guild_id: int, received_bytes: int) -> None:
        async with self._store.write() as transaction:
            await charge(transaction, [guild_id], received_bytes, now=self._clock.now())


def split_credentials(written: str) -> tuple[str, str | None]:
    """The one address in what somebody wrote, without its `user:password@`, and that part. Raises RefusedError."""
    return _split(one_address(written))


def _split(address: str) -> tuple[str, str | None]:
    parts = urlsplit(address)
    credentials, at, netloc = parts.netloc.rpartition("@")
    return urlunsplit(parts._replace(netloc=netloc)), credentials if at else None
