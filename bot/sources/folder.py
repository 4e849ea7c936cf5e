"""Reads a newsletter from a file, or from a folder of files, one an issue: where generators and editors put them.

Only what the operator lays into `NEWSLETTERS_FOLDER` is read, and each server has a folder of its own there, named by
its id: an administrator of one can name neither another one's files nor any other of this machine.
"""

import asyncio
import logging
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from bot.clock import Clock
from bot.errors import FetchError, UnreadableError
from bot.model.guild import Source, folder_address
from bot.model.issue import Issue
from bot.model.problem import Problem
from bot.ports import IssueSource, Reading, Unchanged
from bot.sources.feed import FeedSource
from bot.sources.places import Place

if TYPE_CHECKING:
    from bot.newsletter.formats.feeds import Feed

log = logging.getLogger(__name__)

ENDINGS = frozenset({".md", ".markdown", ".html", ".htm", ".xml", ".rss", ".atom", ".json"})
MOST_DOCUMENTS = 1_000
"""Of a folder, those that were changed last; older ones are for `python -m bot import`."""

STILL_WRITING = timedelta(seconds=5)
"""A file that was changed so lately may not be whole yet; it is left for the next time."""

_ADDRESS = re.compile(r"folder:(\d+)/([^/\\]+)\Z")
_FEEDS = frozenset({".xml", ".rss", ".atom", ".json"})


@dataclass(frozen=True, slots=True)
class _Document:
    path: Path
    name: str
    changed_at: datetime
    size: int
    stamp: str


class FolderSource:
    """Fulfils `bot.ports.IssueSource` for files below `root`; `others` reads what has a web address."""

    def __init__(
        self, others: IssueSource, feeds: FeedSource, *, root: Path | None, max_bytes: int, clock: Clock
    ) -> None:
        self._others = others
        self._feeds = feeds
        self._root = root
        self._max_bytes = max_bytes
        self._clock = clock

    async def read(
        self, source: Source, *, credentials: str | None, asked_by: int | None = None
    ) -> Reading | Unchanged:
        named = _ADDRESS.match(source.url)
        if named is None:
            return await self._others.read(source, credentials=credentials, asked_by=asked_by)
        place = self._place(int(named[1]), named[2])
        documents = await asyncio.to_thread(lambda: list(_documents_of(place)))
        if not documents:
            raise UnreadableError("folder-empty", name=named[2], endings=", ".join(sorted(ENDINGS)))
        settled = [each for each in documents if abs(self._clock.now() - each.changed_at) >= STILL_WRITING]
        if len(settled) < len(documents) and source.first_read_at is None:
            # What is missing now would count as new at the next reading, and old issues be announced.
            raise UnreadableError("folder-writing", name=named[2])
        mark = _mark_of(settled)
        if source.etag == mark:
            return Unchanged()
        taken = sorted(settled, key=lambda each: each.changed_at)[-MOST_DOCUMENTS:]
        issues, problem, scheduled = await self._read_all(taken, source, is_alone=place.is_file(), asked_by=asked_by)
        if problem is not None and not issues and len(taken) == 1:
            raise UnreadableError(problem.message_id, **problem.params)
        return Reading(
            title=named[2] if place.is_dir() else None,
            issues=tuple(issues),
            # With a mark, what is scheduled would stay unseen when its time comes.
            etag=None if scheduled else mark,
            is_whole=problem is None and len(taken) == len(documents),
            problem=problem,
        )

    async def find_feeds(self, url: str, *, credentials: str | None, asked_by: int | None = None) -> list[str]:
        return await self._others.find_feeds(url, credentials=credentials, asked_by=asked_by)

    async def addresses_for(self, guild_id: int) -> list[str]:
        if self._root is None:
            return []
        return await asyncio.to_thread(_addresses_in, self._root / str(guild_id))

    def _place(self, guild_id: int, name: str) -> Path:
        if self._root is None:
            raise UnreadableError("folder-closed")
        home = self._root / str(guild_id)
        place = home / name
        if name.startswith(".") or not place.exists() or not _is_below(place, home):
            raise UnreadableError("folder-missing", name=name, server=str(guild_id))
        return place

    async def _read_all(
        self, documents: list[_Document], source: Source, *, is_alone: bool, asked_by: int | None
    ) -> tuple[list[Issue], Problem | None, bool]:
        """The issues in these documents, what is wrong with some of them, and whether any is still to come."""
        issues: list[Issue] = []
        wrong: list[tuple[str, Problem]] = []
        scheduled = False
        for document in documents:
            try:
                feed = await self._feeds.in_turn(asked_by, partial(self._understand, document), source=source)
            except (FetchError, UnreadableError) as error:
                if error.message_id != "unreadable-draft":
                    log.warning("document passed over name=%s because=%s", document.name, error.message_id)
                    wrong.append((document.name, Problem.of(error)))
                continue
            for issue in feed.issues:
                if issue.published_at is not None and issue.published_at > self._clock.now():
                    scheduled = True
                elif document.path.suffix.lower() in _FEEDS:
                    issues.append(issue)
                else:
                    issues.append(_named(issue, document.name, is_alone=is_alone))
        if len(wrong) == 1 and len(documents) == 1:
            return issues, wrong[0][1], scheduled
        problem = (
            Problem("folder-passed-over", {"count": len(wrong), "name": wrong[0][0]}, because=wrong[0][1])
            if wrong
            else None
        )
        return issues, problem, scheduled

    async def _understand(self, document: _Document, place: Place) -> "Feed":
        place.need_for(document.size)
        body = await asyncio.to_thread(file_content, document.path, max_bytes=self._max_bytes)
        return await self._feeds.understand(place, body, partial(_feed_of, body, document.name))


def documents_in(folder: Path) -> Iterator[Path]:
    """The files of a folder, and of those in it, that may hold issues; hidden ones and drafts (`_name`) do not."""
    for path in sorted(folder.rglob("*")):
        inner = path.relative_to(folder).parts
        if path.suffix.lower() in ENDINGS and path.is_file() and not any(part[0] in "._" for part in inner):
            yield path


def file_content(path: Path, *, max_bytes: int) -> bytes:
    """What is in a file. Raises FetchError where it cannot be read, UnreadableError where it is too large."""
    try:
        with path.open("rb") as file:
            content = file.read(max_bytes + 1)
    except OSError as error:
        raise FetchError("file-unreadable", reason=error.strerror or type(error).__name__) from error
    except ValueError:
        raise FetchError("file-no-name") from None
    if len(content) > max_bytes:
        raise UnreadableError("unreadable-too-large", megabytes=f"{max_bytes / 1_000_000:g}")
    return content


def _documents_of(place: Path) -> Iterator[_Document]:
    """Those that lie there; a link that leads out of the folder is none of them."""
    for path in [place] if place.is_file() else documents_in(place):
        if path != place and not _is_below(path, place):
            continue
        try:
            state = path.stat()
        except OSError:
            continue  # taken away since the folder was listed
        name = path.name if place.is_file() else path.relative_to(place).as_posix()
        name = name.encode("utf-8", "replace").decode()  # what is no UTF-8 could not be stored
        changed_at = datetime.fromtimestamp(state.st_mtime, UTC)
        yield _Document(path, name, changed_at, state.st_size, f"{name}\x1f{state.st_mtime_ns}\x1f{state.st_size}")


def _is_below(path: Path, folder: Path) -> bool:
    """Where it really lies: a link may lead anywhere."""
    try:
        return folder.resolve() in path.resolve().parents
    except (OSError, RuntimeError):  # a link in a circle
        return False


def _mark_of(documents: list[_Document]) -> str:
    return sha256("\x1e".join(document.stamp for document in documents).encode("utf-8", "replace")).hexdigest()


def _addresses_in(folder: Path) -> list[str]:
    if not folder.is_dir():
        return []
    names = [
        each.name
        for each in folder.iterdir()
        if each.name[0] not in "._" and (each.is_dir() or each.suffix.lower() in ENDINGS) and _is_below(each, folder)
    ]
    return [given for name in sorted(names) if folder_address(given := f"folder:{name}", 0) is not None]


def _feed_of(content: bytes, name: str) -> "Feed":
    from bot.newsletter import read_newsletter  # with the parsers behind it: not before something is read
    from bot.newsletter.formats.feeds import Feed

    return Feed(None, None, tuple(read_newsletter(content, source=name)))


def _named(issue: Issue, name: str, *, is_alone: bool) -> Issue:
    """The issue with its file as a name: corrected, it is the same one.

    A file that stands alone holds one issue after the other; there a new title is a new issue.
    """
    own = f"file:{name}\x1f{issue.title}" if is_alone else f"file:{name}"
    return replace(issue, identities=(own, *issue.identities))
