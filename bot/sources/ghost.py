"""Reads a site of Ghost's by its Content API, with a key of its own: it says what its feed keeps to itself."""

import re
from collections.abc import Collection
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote, urlsplit, urlunsplit

from bot.errors import FetchError, KeyNeededError, UnreadableError
from bot.fetch import Fetched
from bot.log import keep_secret
from bot.model.guild import GHOST_API, Source, ghost_api_address
from bot.ports import Reading, Standing, Unchanged
from bot.sources.beehiiv import BeehiivSource
from bot.sources.feed import FeedSource
from bot.sources.places import Place

if TYPE_CHECKING:
    from bot.newsletter.formats.ghost_api import Site

_KEY = re.compile(r"[0-9a-f]{26}")
_POST = re.compile(r"guid:([0-9a-f]{24})")
_ADMIN_KEY = re.compile(r"[0-9a-f]{24}:[0-9a-f]{64}")
_NO_API = frozenset({"fetch-nothing-there", "unreadable-json", "ghost-no-posts"})
_LOOPBACK = ("127.0.0.1", "::1", "localhost")
_VERSION = {"Accept-Version": "v6.0"}
_PAGE = 15  # as many as stand in its feed
_NEWEST = f"&limit={_PAGE}&include=authors"


class GhostSource:
    """Fulfils `bot.ports.IssueSource` for sites of Ghost's by their API; `others` reads all other addresses.

    `feeds` is who reads the feeds of `others`: both share the pauses between requests to a host.
    """

    def __init__(self, others: BeehiivSource, feeds: FeedSource) -> None:
        self._others = others
        self._feeds = feeds

    async def read(
        self, source: Source, *, credentials: str | None, asked_by: int | None = None
    ) -> Reading | Unchanged:
        api = ghost_api_address(source.url)
        if api is None:
            return await self._others.read(source, credentials=_not_of_api(credentials), asked_by=asked_by)
        key = _key(api, credentials)
        reading = await self._feeds.in_turn(asked_by, partial(self._read, source, api, key), source=source)
        if isinstance(reading, Unchanged) or (source.title and source.home_url):
            return reading
        site = await self._feeds.in_turn(asked_by, partial(self._site, api, key), source=source)
        return replace(reading, title=source.title or site.title, home_url=site.url)

    async def _read(self, source: Source, api: str, key: str, place: Place) -> Reading | Unchanged:
        from bot.newsletter.formats.ghost_api import read_posts  # not before something is read

        fetched = await self._get(place, api, "posts/", query=_NEWEST, key=key, etag=source.etag)
        if fetched.body is None:
            return Unchanged(fetched.fresh_for)
        posts = await self._feeds.understand(place, fetched.body, partial(read_posts, fetched.body))
        return Reading(
            title=source.title,
            issues=posts.issues,
            etag=fetched.etag,
            can_be_asked=True,
            lists_all=len(posts.issues) < _PAGE,
            fresh_for=fetched.fresh_for,
        )

    async def _site(self, api: str, key: str, place: Place) -> "Site":
        from bot.newsletter.formats.ghost_api import read_site

        fetched = await self._get(place, api, "settings/", key=key)
        return await place.lane.run(partial(read_site, fetched.body or b""))

    async def standing(self, source: Source, *, names: Collection[str], credentials: str | None) -> Standing | None:
        """How Ghost says that a post stands; None for what is no post of a site's. Raises FetchError."""
        post = next((found[1] for name in names if (found := _POST.fullmatch(name))), None)
        api = ghost_api_address(source.url)
        if post is None or not credentials or api is None:
            return await self._others.standing(source, names=names, credentials=credentials)
        key = _key(api, credentials)
        try:
            await self._feeds.in_turn(None, partial(self._post, api, post, key), source=source)
        except FetchError as error:
            if error.message_id == "fetch-nothing-there":
                return Standing.TAKEN_BACK
            raise
        return Standing.UNKNOWN

    async def _post(self, api: str, post: str, key: str, place: Place) -> None:
        await self._get(place, api, f"posts/{post}/", query="&fields=id", key=key)

    async def find_feeds(self, url: str, *, credentials: str | None, asked_by: int | None = None) -> list[str]:
        """The API of the site, for whoever tries it with a key that opens it; else as `others`.

        Raises UnreadableError for a key that does not.
        """
        if asked_by is not None and credentials is not None and _is_key(credentials):
            for api in _apis_of(url):
                key = _key(api, credentials)
                try:
                    await self._feeds.in_turn(asked_by, partial(self._site, api, key))
                except (FetchError, UnreadableError) as error:
                    if error.message_id not in _NO_API:
                        raise
                else:
                    return [api]
        return await self._others.find_feeds(url, credentials=_not_of_api(credentials), asked_by=asked_by)

    async def addresses_for(self, guild_id: int) -> list[str]:
        return await self._others.addresses_for(guild_id)

    async def _get(
        self, place: Place, api: str, path: str, *, key: str, query: str = "", etag: str | None = None
    ) -> Fetched:
        try:
            return await self._feeds.get(
                place,
                f"{api}{path}?key={quote(key, safe='')}{query}",
                headers=_VERSION | ({"If-None-Match": etag} if etag else {}),
                is_secret=True,
            )
        except FetchError as error:
            if error.message_id == "fetch-refused":
                raise KeyNeededError("ghost-key-refused") from None
            raise


def _apis_of(url: str) -> list[str]:
    """Where the API of a page's site may be: in the folder of the page, else on the host itself."""
    parts = urlsplit(url)
    folders = dict.fromkeys((parts.path.rstrip("/"), ""))
    return [urlunsplit(parts._replace(path=f"{folder}{GHOST_API}", query="", fragment="")) for folder in folders]


def _key(api: str, credentials: str | None) -> str:
    """The key for this API. Raises UnreadableError where there is none, or others could read it."""
    if not credentials:
        raise KeyNeededError("ghost-no-key")
    address = urlsplit(api)
    if address.scheme != "https" and address.hostname not in _LOOPBACK:
        raise UnreadableError("ghost-not-secret")
    key = unquote(credentials).removesuffix(":")
    keep_secret(key)
    _require_no_admin(key)
    return key


def _is_key(credentials: str) -> bool:
    return _KEY.fullmatch(unquote(credentials).removesuffix(":")) is not None


def _not_of_api(credentials: str | None) -> str | None:
    """Credentials for pages and feeds: a key of the API opens none of them. Raises UnreadableError as below."""
    _require_no_admin(unquote(credentials or ""))
    return None if credentials is not None and _is_key(credentials) else credentials


def _require_no_admin(key: str) -> None:
    """Raise UnreadableError for a key that may publish and list members: it is sent nowhere."""
    if _ADMIN_KEY.fullmatch(key.removesuffix(":")):
        raise KeyNeededError("ghost-key-refused")
