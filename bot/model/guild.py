"""A server, the sources it reads and the channels it posts to."""

import re
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from urllib.parse import unquote, urlsplit, urlunsplit

from bot.model.problem import Problem

_FOLDER = re.compile(r"(?:folder|file):(?://)?([^\W_][\w .-]{0,99})")

_KEPT_FOLDER = re.compile(r"\Afolder:\d+/")

GHOST_API = "/ghost/api/content/"
"""Where a site of Ghost's has its Content API, whatever stands before it."""


class FirstAnnouncement(StrEnum):
    """What is announced when a source is read for the first time; the rest fills the archive silently."""

    NEWEST = "newest"
    NONE = "none"


class ArchiveAccess(StrEnum):
    """Who may look through the archive of links; some newsletters give it as a reward."""

    EVERYONE = "everyone"
    ROLE = "role"
    OFF = "off"


class StaffRole(StrEnum):
    """What a role that the administrator names is for."""

    MODERATORS = "moderators"
    EDITORS = "editors"


@dataclass(frozen=True, slots=True)
class Guild:
    """A Discord server and its settings. Ids are snowflakes."""

    guild_id: int
    name: str
    ping_role_id: int | None = None
    discussion_threads: bool = True
    first_announcement: FirstAnnouncement = FirstAnnouncement.NEWEST
    staff_channel_id: int | None = None
    publish: bool = False
    review_channel_id: int | None = None
    moderator_role_id: int | None = None
    editor_role_id: int | None = None
    archive_access: ArchiveAccess = ArchiveAccess.EVERYONE
    archive_role_id: int | None = None
    announce_repeats: bool = True


@dataclass(frozen=True, slots=True)
class Source:
    """Where a newsletter is read from, shared by every server that subscribes to the same address.

    `url_key` stands for the address and the credentials together. home_url: its site, as it says itself. rung_url:
    where it is read instead of `url`, which failed and is tried again at `look_up_at`. hinted_guild_id: the server for
    which it is read before its time. silent_since: the last issue before a silence that was told. received_bytes: what
    was received of it on `usage_day`. stored_issues, stored_links: what was stored of it on `stored_day`. issue_count,
    link_count: what is stored of it in all. has_waiting: new issues had no room yet. is_behind: old ones of an archive.
    has_key: it is read with credentials.
    Of one that is claimed to be read: first_guild_id, the server that reads it, of several the first; is_broken_off,
    the process that read it before did not live to say what became of that.
    """

    source_id: int
    url: str
    url_key: str
    title: str | None = None
    etag: str | None = None
    last_modified: str | None = None
    failures: int = 0
    next_poll_at: datetime | None = None
    first_read_at: datetime | None = None
    last_read_at: datetime | None = None
    last_problem: Problem | None = None
    home_url: str | None = None
    rung_url: str | None = None
    look_up_at: datetime | None = None
    hinted_guild_id: int | None = None
    silent_since: datetime | None = None
    usage_day: date | None = None
    received_bytes: int = 0
    stored_day: date | None = None
    stored_issues: int = 0
    stored_links: int = 0
    issue_count: int = 0
    link_count: int = 0
    has_waiting: bool = False
    is_behind: bool = False
    has_key: bool = False
    first_guild_id: int | None = None
    is_broken_off: bool = False

    @property
    def name(self) -> str:
        """What people call it: its title, or its address as far as that may be shown."""
        return self.title or readable(self.url)


@dataclass(frozen=True, slots=True)
class Subscription:
    """A server's channel that gets the issues of a source."""

    subscription_id: int
    guild_id: int
    source_id: int
    channel_id: int
    created_at: datetime


def ghost_api_address(url: str) -> str | None:
    """The address of Ghost's Content API itself that `url` leads into; None for any other address."""
    parts = urlsplit(url)
    before, is_api, _ = f"{parts.path}/".partition(GHOST_API)
    return urlunsplit(parts._replace(path=f"{before}{GHOST_API}", query="", fragment="")) if is_api else None


def folder_address(given: str, guild_id: int) -> str | None:
    """Where a server's `folder:name` is kept, as it is stored; None for any other address.

    The operator laid it ready for that server, and no other one can name it.
    """
    named = _FOLDER.fullmatch(given.strip())
    return None if named is None else f"folder:{guild_id}/{named[1]}"


def said_address(url: str) -> str:
    """An address of a source as the administrators of its server write it."""
    return _KEPT_FOLDER.sub("folder:", url)


def readable(url: str) -> str:
    """An address as it may be shown to anybody: without user and query, which may be secrets."""
    parts = urlsplit(url)
    if not parts.netloc:
        return said_address(url)
    return unquote(f"{parts.netloc.rpartition('@')[2]}{parts.path}").rstrip("/")
