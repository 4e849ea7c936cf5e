"""Reads a beehiiv publication by its API, with a key of its own: its feed is off until somebody switches it on."""

import re
from collections.abc import Collection
from datetime import timedelta
from functools import partial
from urllib.parse import quote, unquote, urljoin, urlsplit, urlunsplit

from bot.clock import Clock
from bot.errors import FetchError, KeyNeededError, UnreadableError
from bot.fetch import Fetched
from bot.model.guild import Source
from bot.model.issue import Issue
from bot.ports import Reading, Standing, Unchanged
from bot.sources.feed import FeedSource
from bot.sources.places import Place

# https://api.beehiiv.com/v2/publications/pub_…; the path is proof enough, and lets a gateway stand before it.
_PUBLICATION = re.compile(r"/v2/publications/pub_[0-9a-f-]{36}/?\Z")
_LOOPBACK = ("127.0.0.1", "::1", "localhost")
# Newest first, and what is scheduled before all that. With its content each post takes beehiiv a while, so it is one
# page, and more only where few of its posts are out.
_FEWEST = 5
_TAKEN_BACK = frozenset({"draft", "archived"})
_MOST_PAGES = 8
_NEWEST = "status=confirmed&order_by=publish_date&direction=desc&limit=25&expand[]=free_web_content"


class BeehiivSource:
    """Fulfils `bot.ports.IssueSource` for the addresses of publications in beehiiv's API; `feeds` reads all others.

    Both share the pauses between requests: one a second is far below the 180 a minute that beehiiv allows.
    """

    def __init__(self, feeds: FeedSource, *, clock: Clock) -> None:
        self._feeds = feeds
        self._clock = clock

    async def read(
        self, source: Source, *, credentials: str | None, asked_by: int | None = None
    ) -> Reading | Unchanged:
        address = urlsplit(source.url)
        if not _PUBLICATION.search(address.path):
            return await self._feeds.read(source, credentials=credentials, asked_by=asked_by)
        if not credentials:
            raise KeyNeededError("beehiiv-no-key")
        if address.scheme != "https" and address.hostname not in _LOOPBACK:
            raise UnreadableError("beehiiv-not-secret")
        key = _key(credentials)
        issues, fresh_for = await self._posts(source, key, asked_by)
        title = source.title or await self._name(source, key, asked_by)
        # The API does not name the site, but every post says where it stands there.
        home = next((urljoin(issue.url, "/") for issue in issues if issue.url), None)
        return Reading(title=title, issues=tuple(issues), can_be_asked=True, fresh_for=fresh_for, home_url=home)

    async def _posts(self, source: Source, key: str, asked_by: int | None) -> tuple[list[Issue], timedelta | None]:
        """The newest posts that are out, and for how long that holds."""
        issues: list[Issue] = []
        fresh_for = None
        publication = _publication(source.url)
        for page in range(1, _MOST_PAGES + 1):
            found, fresh_for, is_last = await self._feeds.in_turn(
                asked_by, partial(self._page, publication, key, page), source=source
            )
            issues += found
            if is_last or len(issues) >= _FEWEST:
                break
        return issues, fresh_for

    async def _page(
        self, publication: str, key: str, page: int, place: Place
    ) -> tuple[tuple[Issue, ...], timedelta | None, bool]:
        """Posts of one page, for how long that holds, and whether it is the last that is wanted."""
        from bot.newsletter.formats.beehiiv_api import is_last_page, read_posts  # not before something is read

        # Without marks: a scheduled post comes out without any change of what beehiiv answers.
        fetched = await self._get(place, f"{publication}/posts?{_NEWEST}&page={page}", key=key)
        body = fetched.body or b""
        posts = await self._feeds.understand(place, body, partial(read_posts, body, now=self._clock.now()))
        is_last = len(posts.issues) >= _FEWEST or await place.lane.run(partial(is_last_page, body, page))
        return tuple(posts.issues), fetched.fresh_for, is_last

    async def _name(self, source: Source, key: str, asked_by: int | None) -> str | None:
        try:
            return await self._feeds.in_turn(
                asked_by, partial(self._read_name, _publication(source.url), key), source=source
            )
        except UnreadableError:
            return None  # a key may be for posts alone

    async def _read_name(self, publication: str, key: str, place: Place) -> str | None:
        from bot.newsletter.formats.beehiiv_api import read_name

        named = await self._get(place, publication, key=key)
        return await place.lane.run(partial(read_name, named.body or b""))

    async def standing(self, source: Source, *, names: Collection[str], credentials: str | None) -> Standing | None:
        """How beehiiv says that a post stands; None for what is no post of a publication. Raises FetchError."""
        post = next((name[5:] for name in names if name.startswith("guid:post_")), None)
        if post is None or not credentials or not _PUBLICATION.search(urlsplit(source.url).path):
            return None
        address = f"{_publication(source.url)}/posts/{quote(post, safe='')}"
        try:
            status = await self._feeds.in_turn(
                None, partial(self._read_status, address, _key(credentials)), source=source
            )
        except FetchError as error:
            if error.message_id == "fetch-nothing-there":
                return Standing.TAKEN_BACK
            raise
        return Standing.TAKEN_BACK if status in _TAKEN_BACK else Standing.UNKNOWN

    async def _read_status(self, address: str, key: str, place: Place) -> str | None:
        from bot.newsletter.formats.beehiiv_api import read_status

        fetched = await self._get(place, address, key=key)
        return await place.lane.run(partial(read_status, fetched.body or b""))

    async def find_feeds(self, url: str, *, credentials: str | None, asked_by: int | None = None) -> list[str]:
        return await self._feeds.find_feeds(url, credentials=credentials, asked_by=asked_by)

    async def addresses_for(self, guild_id: int) -> list[str]:
        return await self._feeds.addresses_for(guild_id)

    async def _get(self, place: Place, url: str, *, key: str) -> Fetched:
        try:
            return await self._feeds.get(place, url, headers={"Authorization": f"Bearer {key}"})
        except FetchError as error:
            if error.message_id == "fetch-refused":
                raise KeyNeededError("beehiiv-key-refused") from None
            raise


def _key(credentials: str) -> str:
    return unquote(credentials).removesuffix(":")


def _publication(url: str) -> str:
    """The address of a publication, to which those of its posts are added."""
    address = urlsplit(url)
    return urlunsplit(address._replace(path=address.path.rstrip("/"), query="", fragment=""))
