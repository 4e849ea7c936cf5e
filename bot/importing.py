"""`python -m bot import`: fills the archive from files and addresses, and announces nothing.

Safe to break off and to run again: what is stored is known by its names and passed over.
"""

import stat
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import TextIO
from urllib.parse import quote

from bot.bites import undisturbed
from bot.clock import SystemClock
from bot.errors import DomainError, RefusedError, StartError, UnreadableError
from bot.fetch import Fetcher
from bot.model.guild import Source
from bot.model.issue import Issue
from bot.model.problem import Problem
from bot.newsletter import read_newsletter
from bot.newsletter.addresses.links import clean_url
from bot.services.announcing.news import telling
from bot.services.announcing.repeats import find_repeats, note_repeats
from bot.services.reading.following import Following
from bot.services.reading.storing import sort_out, store_names, store_piece
from bot.services.reading.subscriptions import split_credentials
from bot.services.retention import UNREAD_DAYS
from bot.settings import Settings
from bot.sources.folder import ENDINGS, documents_in, file_content
from bot.sources.following import HttpLinkFollower
from bot.store import Store, Transaction
from bot.store import guilds as guild_rows
from bot.store import retention as retention_rows
from bot.store import sources as source_rows
from bot.store.soundness import opened_store
from bot.texts import text

_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
_ISSUES_A_COMMIT = 25
_BAR = 30


async def import_issues(
    given: Sequence[str], *, source_url: str | None, site: str | None, settings: Settings
) -> "Imported":
    """Store every issue in these files, folders and addresses.

    source_url: whose archive it is, an address of `/setup source`; needed where there are several. site: where the
    issues are on the web, so that a file `slug.md` is the issue at `site/slug`. Raises StartError where it is unclear
    what is meant.
    """
    try:
        site = split_credentials(site)[0] if site is not None else None
    except RefusedError as error:
        raise StartError(
            text("import-bad-option", option="--site", value=str(site), reason=Problem.of(error).said())
        ) from error
    documents = [document for each in given for document in _documents(each)]
    if not documents:
        raise StartError(text("import-nothing", endings=_endings()))
    with undisturbed():
        return await _import(documents, source_url=source_url, site=site, settings=settings)


async def _import(
    documents: Sequence[str], *, source_url: str | None, site: str | None, settings: Settings
) -> "Imported":
    max_bytes = settings.fetch_max_bytes
    async with (
        opened_store(settings.database_url.get_secret_value()) as store,
        Fetcher(
            timeout_seconds=settings.fetch_timeout_seconds,
            max_bytes=max_bytes,
            allow_private_addresses=settings.allow_private_addresses,
        ) as fetcher,
    ):
        source, is_read = await _source(store, source_url)
        filling = _Filling(store, source)
        follower = HttpLinkFollower(fetcher) if settings.follow_links else None
        following = Following(store, follower=follower, clock=SystemClock())
        progress = Progress(len(documents))
        if not is_read:
            progress.say(text("import-unread", address=source.url, days=str(UNREAD_DAYS)))
        drafts = failed = 0
        addresses: dict[str, str] = {}
        for document in documents:
            try:
                issues = await _read(document, fetcher, site=site, max_bytes=max_bytes)
                _require_own_address(document, issues, addresses, site=site)
            except DomainError as error:
                if error.message_id == "unreadable-draft":
                    drafts += 1
                else:
                    failed += 1
                progress.say(f"{document}: {Problem.of(error).said()}")
            else:
                led, is_complete = await following.lead_on(issues)
                while not is_complete:
                    led, is_complete = await following.lead_on(issues)
                await filling.add(led)
            progress.step(PurePosixPath(document).name)
        await filling.flush()
        progress.end()
    return Imported(filling.new, filling.known, drafts=drafts, failed=failed)


@dataclass(frozen=True, slots=True)
class Imported:
    """How many issues were new and known already, and how many documents were drafts or not understood."""

    new: int
    known: int
    drafts: int
    failed: int

    def __str__(self) -> str:
        parts = [text("imported-new", count=self.new), text("imported-known", count=self.known)]
        if self.drafts:
            parts.append(text("imported-drafts", count=self.drafts))
        if self.failed:
            parts.append(text("imported-failed", count=self.failed))
        return ", ".join(parts)


class _Filling:
    """Issues on their way into the store, some to a commit."""

    def __init__(self, store: Store, source: Source) -> None:
        self._store = store
        self._source = source
        self._clock = SystemClock()
        self._waiting: list[Issue] = []
        self.new = self.known = 0

    async def add(self, issues: Sequence[Issue]) -> None:
        self._waiting += issues
        if len(self._waiting) >= _ISSUES_A_COMMIT:
            await self.flush()

    async def flush(self) -> None:
        waiting, self._waiting = self._waiting, []
        async with self._store.read() as transaction:
            found = await sort_out(transaction, self._source, waiting, is_listed=False)
        async with self._store.write() as transaction:
            await store_names(transaction, self._source, found)
        new: list[tuple[str, Issue]] = []
        for piece in found.pieces():  # a bot that runs on the same database waits for one at a time
            async with self._store.write() as transaction:
                stored = await store_piece(
                    transaction,
                    self._source,
                    piece,
                    undated_at=_LONG_AGO,
                    is_listed=False,
                    stage=None,
                )
            new += stored.new
        # What has no date stands nowhere near anything.
        dated = {key for key, issue in new if issue.published_at is not None}
        async with self._store.read() as transaction:
            repeats = await find_repeats(transaction, self._source, dated)
        await note_repeats(self._store, repeats, telling=telling(self._source.source_id))
        self.new += len(new)
        self.known += len(waiting) - len(new)


class Progress:
    """A bar on a terminal; elsewhere a line for each tenth."""

    def __init__(self, total: int, out: TextIO | None = None) -> None:
        self._out = out or sys.stderr
        self._total = total
        self._done = 0

    def step(self, name: str) -> None:
        before, self._done = self._done, self._done + 1
        if self._out.isatty():
            filled = _BAR * self._done // self._total
            bar = "#" * filled + "." * (_BAR - filled)
            shown = "".join(char if char.isprintable() else "?" for char in name[:40])
            self._out.write(f"\r[{bar}] {self._done}/{self._total} {shown:<40}")
            self._out.flush()
        elif 10 * self._done // self._total > 10 * before // self._total:
            self._out.write(f"{self._done} of {self._total}\n")

    def say(self, sentence: str) -> None:
        """A line of its own."""
        self._out.write(f"\r{sentence:<80}\n" if self._out.isatty() else f"{sentence}\n")

    def end(self) -> None:
        if self._out.isatty():
            self._out.write("\n")


def _documents(given: str) -> Iterator[str]:
    if given.lower().startswith(("http://", "https://")):
        scheme, _, rest = given.partition("://")
        yield f"{scheme.lower()}://{rest}"
        return
    if not given.strip():
        raise StartError(text("import-empty-path"))
    path = Path(given)
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        raise StartError(text("import-no-path", path=given)) from None
    except (OSError, ValueError) as error:
        problem = str(getattr(error, "strerror", None) or error)
        raise StartError(text("import-unreadable-path", path=given[:200], problem=problem)) from None
    if stat.S_ISDIR(mode):
        yield from map(str, documents_in(path))
    elif stat.S_ISREG(mode):
        yield given
    else:
        raise StartError(text("import-odd-path", path=given))


async def _source(store: Store, wanted: str | None) -> tuple[Source, bool]:
    """Whose archive is filled: the source with this address, made if it is not there; or the only one.

    And whether any server reads it.
    """
    async with store.write() as transaction:
        source = await _find_source(transaction, wanted)
        await retention_rows.count_unread_anew(transaction, source.source_id)
        return source, bool(await guild_rows.subscriptions_of_source(transaction, source.source_id))


async def _find_source(transaction: Transaction, wanted: str | None) -> Source:
    known = await source_rows.all_sources(transaction)
    if wanted is not None:
        for source in known:
            if source.url == wanted:
                return source
        try:
            address, credentials = split_credentials(wanted)
        except RefusedError as error:
            raise StartError(text("import-bad-source", value=wanted, reason=Problem.of(error).said())) from error
        if credentials:
            raise StartError(text("import-plain-source"))
        for source in known:
            if address in {source.url, source.rung_url} or _is_home(address, source):
                return source
        return await source_rows.add_plain_source(transaction, address)
    if len(known) == 1:
        return known[0]
    listed = "".join(f"\n  --source {source.url}" for source in known)
    raise StartError(text("import-which-source", sources=listed) if known else text("import-no-source"))


async def _read(document: str, fetcher: Fetcher, *, site: str | None, max_bytes: int) -> list[Issue]:
    if document.startswith(("http://", "https://")):
        fetched = await fetcher.get(document)
        return read_newsletter(
            fetched.body or b"", source=document, content_type=fetched.content_type, base_url=fetched.url
        )
    base = _address(document, site) if site else None
    return read_newsletter(file_content(Path(document), max_bytes=max_bytes), source=document, base_url=base)


def _address(document: str, site: str) -> str:
    """Where a file is on the site; what is called `index` stands for its folder, as in page bundles."""
    path = PurePosixPath(document)
    if document.startswith(("http://", "https://")):
        return document
    name = path.parent.name if path.stem in {"index", "_index"} and path.parent.name else path.stem
    return f"{site.rstrip('/')}/{quote(name.encode('utf-8', 'surrogateescape'), safe='')}"


def _require_own_address(
    document: str, issues: Sequence[Issue], addresses: dict[str, str], *, site: str | None
) -> None:
    """Raise UnreadableError where a file of another folder has the same name, and so the same address on the site."""
    derived = clean_url(_address(document, site)) if site is not None else None
    if derived is None or all(issue.url != derived for issue in issues):
        return
    other = addresses.setdefault(derived, document)
    if PurePosixPath(other).with_suffix("") != PurePosixPath(document).with_suffix(""):
        raise UnreadableError("import-same-address", other=other)


def _is_home(address: str, source: Source) -> bool:
    """It is the address of the newsletter's site: that is what people give to /setup source."""
    return source.home_url is not None and address.rstrip("/") == source.home_url.rstrip("/")


def _endings() -> str:
    return ", ".join(sorted(ENDINGS))
