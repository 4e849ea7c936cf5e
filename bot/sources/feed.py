"""Reads a feed by a conditional request."""

from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import urlsplit

from bot.errors import KeyNeededError, UnreadableError
from bot.fetch import Fetched, Fetcher
from bot.model.guild import Source
from bot.model.hub import Hub
from bot.ports import Reading, Unchanged
from bot.sources.places import Lane, Place, Size
from bot.sources.turns import Turns

if TYPE_CHECKING:
    from bot.newsletter.formats.feeds import Feed

T = TypeVar("T")

PATIENCE_SECONDS = 120.0
"""How long a server that tries an address waits for its turn."""

_LONGEST_ADDRESS = 2_000
_PRIVATE = "/private/"
_READ_AT_ONCE = 16  # more than are read regularly side by side
_TRIED_AT_ONCE = 6
_THREADS_FOR_TRIES = 2


class FeedSource:
    """Fulfils `bot.ports.IssueSource` for RSS, Atom and JSON Feed addresses."""

    def __init__(
        self, fetcher: Fetcher, *, pause_seconds: float = 1.0, patience_seconds: float = PATIENCE_SECONDS
    ) -> None:
        self._fetcher = fetcher
        self._regular = Lane(ordinary=_READ_AT_ONCE, turns=Turns(pause_seconds))
        self._tried = Lane(
            ordinary=_TRIED_AT_ONCE,
            apart=2,
            turns=Turns(pause_seconds),
            threads=ThreadPoolExecutor(_THREADS_FOR_TRIES, thread_name_prefix="tries"),
            patience_seconds=patience_seconds,
        )

    async def in_turn(
        self, asked_by: int | None, work: Callable[[Place], Awaitable[T]], *, source: Source | None = None
    ) -> T:
        """What `work` makes of one document, which is read regularly, as part of `source`, or tried by a server.

        Turns go by server, of what is read regularly by the first one that reads it. `work` fetches and understands it
        with `get` and `understand`, in the place that it is given, and may be begun again with a larger one. Raises
        RefusedError when a server's turn does not come in time.
        """
        if asked_by is not None:
            return await self._tried.give_place(asked_by, work)
        return await self._regular.give_place(source.first_guild_id if source is not None else None, work)

    async def read(
        self, source: Source, *, credentials: str | None, asked_by: int | None = None
    ) -> Reading | Unchanged:
        return await self.in_turn(asked_by, partial(self._read, source, credentials), source=source)

    async def _read(self, source: Source, credentials: str | None, place: Place) -> Reading | Unchanged:
        # Empty marks are left out: servers answer them with a full body or an error.
        marks = {"If-None-Match": source.etag, "If-Modified-Since": source.last_modified}
        fetched = await self.get(
            place,
            source.url,
            headers={name: value for name, value in marks.items() if value},
            credentials=credentials,
        )
        if fetched.body is None:
            return Unchanged(fetched.fresh_for)
        _require_open(source.url, fetched)
        from bot.newsletter.formats.feeds import read_feed  # with the parsers behind it: not before something is read

        read = partial(
            read_feed,
            fetched.body,
            source=source.url,
            content_type=fetched.content_type,
            base_url=fetched.url,
        )
        feed = await self.understand(place, fetched.body, read)
        if feed.torn and source.first_read_at is None:
            # What is missing now would count as new at the next reading, and old issues be announced.
            raise UnreadableError("unreadable-cut")
        return Reading(
            title=feed.title,
            issues=tuple(feed.issues),
            # With its marks the server would say "not modified" to whoever asks for the missing rest.
            etag=None if feed.torn else fetched.etag,
            last_modified=None if feed.torn else fetched.last_modified,
            is_whole=not feed.torn,
            fresh_for=fetched.fresh_for,
            home_url=feed.home_url,
            api_url=feed.api_url,
            hub=_hub(fetched, feed),
        )

    async def find_feeds(self, url: str, *, credentials: str | None, asked_by: int | None = None) -> list[str]:
        return await self.in_turn(asked_by, partial(self._find_feeds, url, credentials))

    async def _find_feeds(self, url: str, credentials: str | None, place: Place) -> list[str]:
        from bot.newsletter.discovery import HEAD_BYTES, find_feeds

        page = await self.get(place, url, credentials=credentials, enough_bytes=HEAD_BYTES)
        _require_open(url, page)
        head = page.body or b""
        return await self._apart(place, head, partial(find_feeds, head, base=page.url, content_type=page.content_type))

    async def addresses_for(self, _guild_id: int) -> list[str]:
        return []

    async def get(
        self,
        place: Place,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        credentials: str | None = None,
        enough_bytes: int | None = None,
        is_secret: bool = False,
    ) -> Fetched:
        """What `url` answers, when its host's turn comes; arguments as in `Fetcher.get`. Raises FetchError."""
        await place.lane.turns.wait(url)
        return await self._fetcher.get(
            url,
            headers=headers,
            credentials=credentials,
            need_for=place.need_for,
            enough_bytes=enough_bytes,
            is_tried=place.lane is self._tried,
            is_secret=is_secret,
        )

    async def understand(self, place: Place, body: bytes, read: Callable[[], "Feed"]) -> "Feed":
        """What `read` makes of `body`, beside the event loop: even an ordinary feed takes a while to understand.

        The gateway's heartbeat must not wait for it. Raises UnreadableError.
        """
        from bot.sources.quarantine import is_ordinary

        if is_ordinary(body):
            return await place.lane.run(read)
        return await self._apart(place, body, read)

    async def _apart(self, place: Place, body: bytes, read: Callable[[], T]) -> T:
        from bot.sources.quarantine import read_apart

        place.need(Size.APART)
        place.need_for(len(body))
        return await read_apart(body, read)


def _require_open(url: str, fetched: Fetched) -> None:
    """Raise KeyNeededError where a site leads everybody to its form for a password, as Ghost does."""
    if urlsplit(fetched.url).path.endswith(_PRIVATE) and not urlsplit(url).path.endswith(_PRIVATE):
        raise KeyNeededError("site-private")


def _hub(fetched: Fetched, feed: "Feed") -> Hub | None:
    """Who tells of what is new here. What the server says goes before what stands in the feed (WebSub, section 4)."""
    from bot.newsletter.addresses.links import absolute

    hub = absolute(fetched.links.get("hub", ""), fetched.url) or feed.hub_url
    topic = absolute(fetched.links.get("self", ""), fetched.url) or feed.self_url or fetched.url
    return Hub(hub, topic) if hub is not None and max(len(hub), len(topic)) <= _LONGEST_ADDRESS else None
