"""Which newsletters a server reads: added after a look at what is there, within its quotas, and let go."""

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from urllib.parse import parse_qs, urlsplit, urlunsplit
from uuid import uuid4

from bot.clock import Clock
from bot.errors import FetchError, NotFoundError, RefusedError, TooMuchError, UnreadableError
from bot.garbage import keeps_what_arrives
from bot.log import keep_secret
from bot.model.guild import FirstAnnouncement, Source, Subscription, folder_address, ghost_api_address
from bot.model.member import Act
from bot.model.pasted import one_address
from bot.ports import IssueSource, Reading, Unchanged
from bot.services.announcing.announcements import announce_newest
from bot.services.announcing.moving import move_newsletter, stop_reading
from bot.services.delivery.channels import choose_channel
from bot.services.members.audiences import require_administrator
from bot.services.members.rekeying import keys_of
from bot.services.reading.attempts import attempt
from bot.services.reading.quotas import DEFAULT_QUOTAS, Quotas
from bot.store import Store, Transaction
from bot.store import attempts as attempt_rows
from bot.store import guilds as guild_rows
from bot.store import recognition as recognition_rows
from bot.store import sources as source_rows
from bot.store.secret_box import SecretBox

log = logging.getLogger(__name__)


class Outcome(StrEnum):
    """What became of the wish to read a newsletter."""

    ADDED = "added"
    KNOWN = "known"  # it was read already, and stays where it is announced
    MOVED = "moved"  # it was read already, and is announced in another channel from now on


@dataclass(frozen=True, slots=True)
class Subscribed:
    """A source that a server reads, where it is announced, and what was seen there: its title and number of issues.

    moved_from: the channel of before. has_new_key: it is read with other credentials from now on. api_url: where its
    platform says more to whoever has a key, if the server does not read it there.
    """

    outcome: Outcome
    source: Source
    channel_id: int
    title: str
    issues: int = 0
    moved_from: int | None = None
    has_new_key: bool = False
    api_url: str | None = None


@dataclass(frozen=True, slots=True)
class _Key:
    """With what a source is read: the key that stands for address and credentials, and these, sealed."""

    url_key: str
    secret: bytes | None


class Subscriptions:
    """interval: between two readings of a source.

    `incarnation` names this process; with `alone`, what earlier processes were trying is over at once.
    """

    def __init__(
        self,
        store: Store,
        *,
        reader: IssueSource,
        secrets: SecretBox,
        clock: Clock,
        interval: timedelta,
        quotas: Quotas = DEFAULT_QUOTAS,
        alone: bool = False,
        incarnation: str | None = None,
    ) -> None:
        self._store = store
        self._reader = reader
        self._secrets = secrets
        self._clock = clock
        self._interval = interval
        self._quotas = quotas
        self._alone = alone
        self._incarnation = incarnation or str(uuid4())
        self._adding: set[int] = set()  # servers

    async def take_over(self) -> None:
        """At the start: what a process before this one was trying when it stopped may be tried again."""
        if not self._alone:
            return
        async with self._store.write() as transaction:
            ended = await attempt_rows.end_all(transaction)
        if ended:
            log.info("attempts of an earlier process ended count=%d", ended)

    @contextmanager
    def one_at_a_time(self, guild_id: int) -> Iterator[None]:
        """Raises TooMuchError for what else the server adds meanwhile, before that costs anything.

        In this process; whichever process it is, `subscribe` refuses.
        """
        if guild_id in self._adding:
            raise TooMuchError("setup-source-busy")
        self._adding.add(guild_id)
        try:
            yield
        finally:
            self._adding.remove(guild_id)

    @keeps_what_arrives
    async def subscribe(
        self,
        act: Act,
        *,
        url: str,
        channel_id: int | None = None,
        first: FirstAnnouncement = FirstAnnouncement.NEWEST,
        key: str | None = None,
    ) -> Subscribed:
        """Read `url` for a server and announce it in `channel_id` from now on; at the first reading, what `first` says.

        Without a channel in that of the server's first newsletter. What the server reads already, at whichever of its
        addresses, moves to the channel instead, and nothing is announced again.

        The address of the newsletter's site will do, if the site says where its feed is or keeps it where others do;
        `folder:name` is what the operator laid ready for this server.
        Credentials in the address (`https://user:password@…`), or the `key` it asks for, are kept apart and sealed;
        the same address with others is another source. Raises RefusedError for what is no web address, while another
        address is tried for the server, where its quotas are used up, when many servers try and its turn does not come,
        and for who may not set up the server; FetchError or UnreadableError when nothing can be read there. Then
        nothing is kept.
        """
        require_administrator(act.actor)
        guild_id = act.guild_id
        address, credentials = folder_address(url, guild_id), None
        if address is None:
            if url.strip().startswith("folder:"):
                raise RefusedError("folder-name")
            address, credentials = split_credentials(url)
            credentials = _typed(key) or credentials
        async with self._store.read() as transaction:
            known = await _read_at(transaction, guild_id, address)
            is_as_before = known is not None and self._is_key_of(known, credentials)
            if known is None:
                self._require_place(await guild_rows.subscriptions_of_guild(transaction, guild_id))
        if known is not None and is_as_before:
            return await self._settle(act, known, channel_id=channel_id)
        async with attempt(self._store, guild_id, self._quotas, clock=self._clock, incarnation=self._incarnation):
            address, seen = await self._look(known.url if known else address, credentials, guild_id)
        reading = seen if isinstance(seen, Reading) else None
        async with self._store.read() as transaction:
            known = await _read_at(transaction, guild_id, address)
            api_url = reading.api_url if reading else None
            if api_url is not None and await _read_at(transaction, guild_id, api_url) is not None:
                api_url = None
            alike = known or await _read_alike(transaction, guild_id, reading, channel_id=channel_id)
        if alike is not None:
            new_key = (
                None if known is None or self._is_key_of(known, credentials) else self._key(known.url, credentials)
            )
            return await self._settle(act, alike, channel_id=channel_id, new_key=new_key)
        source, added_in = await self._add(
            act, address, self._key(address, credentials), channel_id=channel_id, first=first
        )
        if added_in is None:
            return await self._settle(act, source, channel_id=channel_id)
        return Subscribed(
            Outcome.ADDED,
            source,
            added_in,
            title=source.title or (reading and reading.title) or source.name,
            issues=len(reading.issues) if reading else 0,
            api_url=api_url,
        )

    @keeps_what_arrives
    async def change_key(self, act: Act, source_id: int, *, key: str) -> Subscribed:
        """Read a source of the server with another key from now on.

        Raises NotFoundError for a source that the server does not read; FetchError or UnreadableError where the key
        opens nothing, and RefusedError as `subscribe` does. Then the old key stays.
        """
        require_administrator(act.actor)
        async with self._store.read() as transaction:
            read = await guild_rows.sources_of_guild(transaction, act.guild_id)
        source = next((each for each in read if each.source_id == source_id), None)
        if source is None:
            raise NotFoundError("setup-source-unknown")
        credentials = _typed(key)
        if credentials is None:
            raise RefusedError("setup-source-no-key")
        if self._is_key_of(source, credentials):
            return await self._settle(act, source, channel_id=None)
        async with attempt(self._store, act.guild_id, self._quotas, clock=self._clock, incarnation=self._incarnation):
            await self._peek(source.url, credentials, act.guild_id)
        return await self._settle(act, source, channel_id=None, new_key=self._key(source.url, credentials))

    def _require_place(self, read: Sequence[Subscription]) -> None:
        if len(read) >= self._quotas.sources:
            raise RefusedError("setup-too-many-sources", count=self._quotas.sources)

    def _key(self, address: str, credentials: str | None) -> _Key:
        if not credentials:
            return _Key(source_rows.plain_key(address), None)
        return _Key(self._secrets.fingerprint(f"{address}\x1f{credentials}"), self._secrets.seal(credentials))

    def _is_key_of(self, source: Source, credentials: str | None) -> bool:
        """Whether the source is read with these; without any it is read with whatever was given before."""
        return not credentials or self._key(source.url, credentials).url_key == source.url_key

    async def _add(
        self, act: Act, address: str, key: _Key, *, channel_id: int | None, first: FirstAnnouncement
    ) -> tuple[Source, int | None]:
        """The source, and where it is announced from now on; None if the server came to read it meanwhile."""
        guild_id = act.guild_id
        async with self._store.effect(act) as transaction:
            await guild_rows.hold_guild(transaction, guild_id)  # two who add at once are counted one after the other
            source = await source_rows.add_source(transaction, url=address, url_key=key.url_key, secret=key.secret)
            read = await guild_rows.subscriptions_of_guild(transaction, guild_id)
            if transaction.is_repeated or source.source_id in {each.source_id for each in read}:
                return source, None
            channel_id = channel_id or next((each.channel_id for each in read), None)
            if channel_id is None:
                raise RefusedError("setup-channel-needed")
            self._require_place(read)
            await self._subscribe(transaction, source, guild_id=guild_id, channel_id=channel_id, first=first)
        return source, channel_id

    async def _settle(
        self,
        act: Act,
        source: Source,
        *,
        channel_id: int | None,
        new_key: _Key | None = None,
    ) -> Subscribed:
        """Announce in this channel what the server reads already, and read it with the key that was given."""
        guild_id, moved_from = act.guild_id, None
        async with self._store.effect(act) as transaction:
            is_fresh = not transaction.is_repeated
            await guild_rows.hold_guild(transaction, guild_id)
            # Before the source's own row, as a reading that is being stored does.
            await guild_rows.hold_subscriptions_of_guild(transaction, guild_id)
            subscription = await _subscription(transaction, guild_id, source.source_id)
            if (
                is_fresh
                and new_key is not None
                and not await source_rows.change_key(
                    transaction,
                    source.source_id,
                    url_key=new_key.url_key,
                    secret=new_key.secret,
                    guild_id=guild_id,
                )
            ):
                raise RefusedError("setup-source-other-key", title=source.name)
            if is_fresh and channel_id is not None:
                await choose_channel(transaction, guild_id, channel_id)
                if subscription.channel_id != channel_id:
                    moved_from = subscription.channel_id
                    subscription = await move_newsletter(transaction, subscription, channel_id=channel_id)
        return Subscribed(
            Outcome.KNOWN if moved_from is None else Outcome.MOVED,
            source,
            subscription.channel_id,
            title=source.name,
            moved_from=moved_from,
            has_new_key=new_key is not None,
        )

    async def addresses_for(self, guild_id: int) -> list[str]:
        """What the operator laid ready for the server to read: `folder:name`."""
        return await self._reader.addresses_for(guild_id)

    async def _look(self, address: str, credentials: str | None, guild_id: int) -> tuple[str, Reading | Unchanged]:
        """The address of the feed, which may be another one than was given, and what is there now."""
        try:
            seen = await self._peek(address, credentials, guild_id)
            api_url = seen.api_url if isinstance(seen, Reading) else None
            if api_url is None or credentials is None or ":" in credentials or not _is_of_site(api_url, address):
                return address, seen
            return api_url, await self._peek(api_url, credentials, guild_id)  # its key opens nothing else
        except UnreadableError as error:
            # The site of a newsletter will do, also one that shows its pages to nobody, if there is a key.
            if error.message_id not in {"unreadable-page", "site-private"}:
                raise
            for feed in await self._reader.find_feeds(address, credentials=credentials, asked_by=guild_id):
                with suppress(UnreadableError, FetchError):
                    found, _ = _split(feed)
                    own = credentials if _is_of_site(found, address) else None
                    if credentials is None or own is not None:
                        return found, await self._peek(found, own, guild_id)
            raise UnreadableError("unreadable-no-feed") from error

    async def _peek(self, address: str, credentials: str | None, guild_id: int) -> Reading | Unchanged:
        looked_at = Source(source_id=0, url=address, url_key="")
        return await self._reader.read(looked_at, credentials=credentials, asked_by=guild_id)

    async def _subscribe(
        self, transaction: Transaction, source: Source, *, guild_id: int, channel_id: int, first: FirstAnnouncement
    ) -> None:
        now = self._clock.now()
        await choose_channel(transaction, guild_id, channel_id)
        await guild_rows.change_settings(transaction, guild_id, first_announcement=first)
        alone = not await guild_rows.subscriptions_of_source(transaction, source.source_id)
        await guild_rows.subscribe(transaction, guild_id=guild_id, source_id=source.source_id, channel_id=channel_id)
        # As it is now: who waited here for another process waited for its first reading.
        source = await source_rows.get_source(transaction, source.source_id)
        if alone:
            # Nobody has read it for a while: what was missed is stored silently, as at a first reading.
            await source_rows.begin_anew(transaction, source.source_id)
        else:
            # It may have been put off for those who read it so far.
            await source_rows.want(transaction, source.source_id, now + self._interval, guild_id=guild_id)
        if not alone and source.first_read_at is not None:  # else the coming first reading announces
            await announce_newest(transaction, guild_id=guild_id, source_id=source.source_id)

    async def unsubscribe(self, act: Act, source_id: int) -> int | None:
        """Stop reading a source for a server, and drop what is still queued; None when it did not read it.

        Else how many issues waited for a digest and are dropped. Raises RefusedError for who may not set up the server.
        """
        require_administrator(act.actor)
        async with self._store.effect(act) as transaction:
            if transaction.is_repeated:
                return None
            return await stop_reading(transaction, guild_id=act.guild_id, source_id=source_id)


async def _subscription(transaction: Transaction, guild_id: int, source_id: int) -> Subscription:
    for subscription in await guild_rows.subscriptions_of_guild(transaction, guild_id):
        if subscription.source_id == source_id:
            return subscription
    raise NotFoundError("setup-source-unknown")  # removed meanwhile


async def _read_at(transaction: Transaction, guild_id: int, address: str) -> Source | None:
    """What the server reads at this address, however that is written: with or without https, `www.`, a slash …"""
    wanted = _folded(address)
    for source in await guild_rows.sources_of_guild(transaction, guild_id):
        if wanted in {_folded(source.url), _folded(source.rung_url or source.url)}:
            return source
    return None


async def _read_alike(
    transaction: Transaction, guild_id: int, reading: Reading | None, *, channel_id: int | None
) -> Source | None:
    """What the server reads of the same newsletter for another channel: it has the same title and newest issue.

    In the same channel a newsletter may come by two addresses: there each issue is announced once in any case.
    """
    if reading is None or reading.title is None or not reading.issues:
        return None
    newest = max(reading.issues, key=lambda issue: issue.published_at or datetime.min.replace(tzinfo=UTC))
    names = [name for name in newest.identities if name.startswith("link:")]
    channels = {
        each.source_id: each.channel_id for each in await guild_rows.subscriptions_of_guild(transaction, guild_id)
    }
    for source in await guild_rows.sources_of_guild(transaction, guild_id):
        if (
            channels[source.source_id] != channel_id
            and (source.title or "").casefold() == reading.title.casefold()
            and await recognition_rows.ids_of(transaction, source.source_id, names)
        ):
            return source
    return None


def _is_of_site(found: str, address: str) -> bool:
    """Whether credentials that were given for `address` are for what was found there, too."""
    return urlsplit(found)[:2] == urlsplit(address)[:2]


def _typed(key: str | None) -> str | None:
    """What somebody typed as a key, which no log shows from now on; None for nothing."""
    key = (key or "").strip()
    keep_secret(key)
    return key or None


def _folded(address: str) -> str:
    return next(iter(keys_of(address)), address) if "://" in address else address


def split_credentials(written: str) -> tuple[str, str | None]:
    """The one address in what somebody wrote, without the credentials in it, and these. Raises RefusedError.

    Those are `user:password@`, and the key in an address of Ghost's API, which is cut down to the API itself.
    """
    return _split(one_address(written))


def _split(address: str) -> tuple[str, str | None]:
    parts = urlsplit(address)
    credentials, at, netloc = parts.netloc.rpartition("@")
    address = urlunsplit(parts._replace(netloc=netloc))
    if (api := ghost_api_address(address)) is not None:
        return api, next(iter(parse_qs(parts.query).get("key", [])), None)
    return address, credentials if at else None
