"""Reads a feed by a conditional request."""

import asyncio

from bot.fetch import Fetcher
from bot.model.guild import Source
from bot.ports import Reading


class FeedSource:
    """Fulfils `bot.ports.IssueSource` for RSS, Atom and JSON Feed addresses."""

    def __init__(self, fetcher: Fetcher) -> None:
        self._fetcher = fetcher

    async def read(self, source: Source, *, credentials: str | None) -> Reading | None:
        # Empty marks are left out: servers answer them with a full body or an error.
        marks = {"If-None-Match": source.etag, "If-Modified-Since": source.last_modified}
        fetched = await self._fetcher.get(
            source.url,
            headers={name: value for name, value in marks.items() if value},
            credentials=credentials,
        )
        if fetched.body is None:
            return None
        from bot.newsletter.feeds import read_feed  # with the parsers behind it: not before something is read

        # A long feed takes a second to understand; the gateway's heartbeat must not wait for it.
        feed = await asyncio.to_thread(
            read_feed,
            fetched.body,
            source=source.url,
            content_type=fetched.content_type,
            base_url=fetched.url,
        )
        return Reading(
            title=feed.title,
            issues=tuple(feed.issues),
            etag=fetched.etag,
            last_modified=fetched.last_modified,
        )
