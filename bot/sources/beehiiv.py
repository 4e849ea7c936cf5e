"""Reads a beehiiv publication by its API, with a key of its own: its feed is off until somebody switches it on."""

import asyncio
import re
from functools import partial
from urllib.parse import unquote, urljoin, urlsplit, urlunsplit

from bot.clock import Clock
from bot.errors import FetchError, UnreadableError
from bot.fetch import Fetched, Fetcher
from bot.model.guild import Source
from bot.ports import Reading, Unchanged
from bot.sources.feed import FeedSource

# https://api.beehiiv.com/v2/publications/pub_…; the path is proof enough, and lets a gateway stand before it.
_PUBLICATION = re.compile(r"/v2/publications/pub_[0-9a-f-]{36}/?\Z")
_LOOPBACK = ("127.0.0.1", "::1", "localhost")
# Newest first. With its content each post takes beehiiv a while, so it is a page and no more.
_NEWEST = "status=confirmed&order_by=publish_date&direction=desc&limit=25&expand[]=free_web_content"


class BeehiivSource:
    """Fulfils `bot.ports.IssueSource` for the addresses of publications in beehiiv's API; `feeds` reads all others.

    Both share the pauses between requests: one a second is far below the 180 a minute that beehiiv allows.
    """

    def __init__(self, feeds: FeedSource, fetcher: Fetcher, *, clock: Clock) -> None:
        self._feeds = feeds
        self._fetcher = fetcher
        self._clock = clock

    async def read(self, source: Source, *, credentials: str | None) -> Reading | Unchanged:
        address = urlsplit(source.url)
        if not _PUBLICATION.search(address.path):
            return await self._feeds.read(source, credentials=credentials)
        if not credentials:
            raise UnreadableError("beehiiv-no-key")
        if address.scheme != "https" and address.hostname not in _LOOPBACK:
            raise UnreadableError("beehiiv-not-secret")
        from bot.newsletter.platforms.beehiiv_api import read_name, read_posts  # not before something is read

        key = unquote(credentials).removesuffix(":")
        publication = urlunsplit(address._replace(path=address.path.rstrip("/"), query="", fragment=""))
        # Without marks: a scheduled post comes out without any change of what beehiiv answers.
        fetched = await self._get(f"{publication}/posts?{_NEWEST}", key=key)
        body = fetched.body or b""
        posts = await self._feeds.understand(body, partial(read_posts, body, now=self._clock.now()))
        title = source.title
        if title is None:
            named = await self._get(publication, key=key)
            title = await asyncio.to_thread(read_name, named.body or b"")
        # The API does not name the site, but every post says where it stands there.
        home = next((urljoin(issue.url, "/") for issue in posts.issues if issue.url), None)
        return Reading(title=title, issues=posts.issues, fresh_for=fetched.fresh_for, home_url=home)

    async def find_feeds(self, url: str, *, credentials: str | None) -> list[str]:
        return await self._feeds.find_feeds(url, credentials=credentials)

    async def addresses_for(self, guild_id: int) -> list[str]:
        return await self._feeds.addresses_for(guild_id)

    async def _get(self, url: str, *, key: str) -> Fetched:
        await self._feeds.turns.wait(url)
        try:
            return await self._fetcher.get(url, headers={"Authorization": f"Bearer {key}"})
        except FetchError as error:
            if error.message_id == "fetch-refused":
                raise UnreadableError("beehiiv-key-refused") from None
            raise
