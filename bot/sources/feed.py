"""Reads a feed by a conditional request."""

import asyncio
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from bot.errors import UnreadableError
from bot.fetch import Fetched, Fetcher
from bot.model.guild import Source
from bot.model.hub import Hub
from bot.ports import Reading, Unchanged
from bot.sources.turns import Turns

if TYPE_CHECKING:
    from bot.newsletter.feeds import Feed

T = TypeVar("T")

_LONGEST_ADDRESS = 2_000


class FeedSource:
    """Fulfils `bot.ports.IssueSource` for RSS, Atom and JSON Feed addresses."""

    def __init__(self, fetcher: Fetcher, *, pause_seconds: float = 1.0) -> None:
        self._fetcher = fetcher
        self.turns = Turns(pause_seconds)
        # Large documents are understood one after the other: together they would take the machine's memory.
        self._one_apart = asyncio.Lock()

    async def read(self, source: Source, *, credentials: str | None) -> Reading | Unchanged:
        # Empty marks are left out: servers answer them with a full body or an error.
        marks = {"If-None-Match": source.etag, "If-Modified-Since": source.last_modified}
        await self.turns.wait(source.url)
        fetched = await self._fetcher.get(
            source.url,
            headers={name: value for name, value in marks.items() if value},
            credentials=credentials,
        )
        if fetched.body is None:
            return Unchanged(fetched.fresh_for)
        from bot.newsletter.feeds import read_feed  # with the parsers behind it: not before something is read

        read = partial(
            read_feed,
            fetched.body,
            source=source.url,
            content_type=fetched.content_type,
            base_url=fetched.url,
        )
        feed = await self.understand(fetched.body, read)
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
            hub=_hub(fetched, feed),
        )

    async def find_feeds(self, url: str, *, credentials: str | None) -> list[str]:
        from bot.newsletter.discovery import HEAD_BYTES, find_feeds

        await self.turns.wait(url)
        page = await self._fetcher.get(url, credentials=credentials)
        head, address, content_type = (page.body or b"")[:HEAD_BYTES], page.url, page.content_type
        del page  # a whole page does not wait for its turn
        return await self._apart(head, partial(find_feeds, head, base=address, content_type=content_type))

    async def addresses_for(self, _guild_id: int) -> list[str]:
        return []

    async def understand(self, body: bytes, read: Callable[[], "Feed"]) -> "Feed":
        """What `read` makes of `body`, beside the event loop: even an ordinary feed takes a while to understand.

        The gateway's heartbeat must not wait for it. Raises UnreadableError.
        """
        from bot.sources.quarantine import is_ordinary

        if is_ordinary(body):
            return await asyncio.to_thread(read)
        return await self._apart(body, read)

    async def _apart(self, body: bytes, read: Callable[[], T]) -> T:
        from bot.sources.quarantine import read_apart

        async with self._one_apart:
            return await read_apart(body, read)


def _hub(fetched: Fetched, feed: "Feed") -> Hub | None:
    """Who tells of what is new here. What the server says goes before what stands in the feed (WebSub, section 4)."""
    from bot.newsletter.links import absolute

    hub = absolute(fetched.links.get("hub", ""), fetched.url) or feed.hub_url
    topic = absolute(fetched.links.get("self", ""), fetched.url) or feed.self_url or fetched.url
    return Hub(hub, topic) if hub is not None and max(len(hub), len(topic)) <= _LONGEST_ADDRESS else None
