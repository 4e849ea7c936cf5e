"""An issue of a newsletter as it was understood: what every reader, store and message works with."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class Link:
    """One content link at one place of an issue.

    `url` is shown and works when pressed (unwrapped, without trackers or identities); `key` is what makes two links
    the same (see `bot.newsletter.addresses.links`). `text` is the anchor as written, `title` a name that means
    something even where the anchor says "here". `section` is the title of the section it stands in, or None before
    the first. `alias` is the key of the address as it was written, where that carries a stamp of the newsletter's own.
    """

    url: str
    key: str
    title: str
    text: str
    section: str | None = None
    excerpt: str = ""
    sponsored: bool = False
    alias: str | None = None


@dataclass(frozen=True, slots=True)
class PlacedLink:
    """A link at the place where it ran: the issue, and its number among all links there, from 1."""

    link: Link
    issue: "IssueCard"
    place: int


@dataclass(frozen=True, slots=True)
class ArchivedLink:
    """A link of the archive, with the issues in which it ran, the newest first, and how many those are in all."""

    link: Link
    ran_in: "tuple[IssueCard, ...]"
    times: int


@dataclass(frozen=True, slots=True)
class Section:
    """A heading and the links below it, in order. `title` is None for what stands before the first heading."""

    title: str | None
    links: tuple[Link, ...] = ()


@dataclass(frozen=True, slots=True)
class Image:
    """A picture of the issue; `alt` and `caption` are what the newsletter wrote, never invented."""

    url: str
    alt: str = ""
    caption: str = ""


@dataclass(frozen=True, slots=True)
class IssuePoll:
    """A poll as it stands in the issue: its question and at least two options."""

    question: str
    options: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Issue:
    """One issue of a newsletter.

    `identities` are all the keys by which the issue may be known again (guid, link key, platform id, content hash),
    each with its kind as a prefix (`guid:…`, `link:…`, `content:…`), strongest first. `url` is None where the source
    names no address (a file). `published_at` is aware UTC or None. `links` are all content links in order; `sections`
    holds the same links grouped. `is_withdrawn` says that its source took it back. `mentions` are the keys of the
    publication's own pages that it links to; they are no content. `text_key` stands for its text without its title;
    None where there is none besides.
    """

    title: str
    identities: tuple[str, ...]
    url: str | None = None
    subtitle: str | None = None
    topics: tuple[str, ...] = ()
    authors: tuple[str, ...] = ()
    published_at: datetime | None = None
    image_url: str | None = None
    paywalled: bool = False
    sections: tuple[Section, ...] = ()
    images: tuple[Image, ...] = ()
    polls: tuple[IssuePoll, ...] = ()
    is_withdrawn: bool = False
    mentions: tuple[str, ...] = ()
    text_key: str | None = None

    @property
    def links(self) -> tuple[Link, ...]:
        """All content links in reading order, once per place."""
        return tuple(link for section in self.sections for link in section.links)

    @property
    def link_count(self) -> int:
        return sum(len(section.links) for section in self.sections)


class Stage(StrEnum):
    """How far the news of a stored issue are on their way to the servers that read it."""

    NEW = "new"  # stored by a reading that is not at its end: nobody decided yet what is told of it
    FIRST = "first"  # the newest of a first reading: told to servers that want one at the beginning
    NEWS = "news"  # told to every server


@dataclass(frozen=True, slots=True)
class News:
    """A stored issue that is on its way to the servers; `identity` is the one that it was first stored under."""

    issue_key: str
    identity: str
    published_at: datetime | None
    stored_at: datetime
    stage: Stage | None


@dataclass(frozen=True, slots=True)
class IssueCard:
    """An issue in a list: enough to name and to find it."""

    issue_key: str
    title: str
    url: str | None
    published_at: datetime | None
    link_count: int
