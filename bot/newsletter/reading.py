"""The way in: bytes -> issues, whatever format they are in."""

from dataclasses import replace
from datetime import datetime

from bot.errors import UnreadableError
from bot.model.issue import Issue
from bot.newsletter.addresses.chrome import Own
from bot.newsletter.addresses.links import clean_url
from bot.newsletter.dates import day_of_file, find_day
from bot.newsletter.formats.encoding import decoded, mended
from bot.newsletter.formats.feeds import read_feed
from bot.newsletter.formats.front_matter import take_front_matter
from bot.newsletter.formats.pages import issue_from_page
from bot.newsletter.formats.sniffing import Kind, kind_of
from bot.newsletter.markup.markdown import MAX_MARKDOWN
from bot.newsletter.understanding.bodies import MAX_HTML, UNTITLED, issue_from_markdown
from bot.newsletter.understanding.bylines import authors_in
from bot.newsletter.understanding.mastheads import Known

MAX_BYTES = 50_000_000


def read_newsletter(
    content: bytes,
    *,
    source: str,
    content_type: str | None = None,
    base_url: str | None = None,
    with_drafts: bool = False,
) -> list[Issue]:
    """The issues in `content`: one per item of a feed, exactly one of everything else.

    `source` is the path or address the bytes came from and helps to tell the format; `base_url` is what relative links
    start from. Raises UnreadableError with a sentence that says what the bytes seem to be, also for a file that says
    of itself that it is a draft, unless `with_drafts` are wanted.
    """
    if len(content) > MAX_BYTES:
        raise UnreadableError("unreadable-too-large", megabytes=f"{len(content) / 1e6:.0f}")
    kind = kind_of(content, source=source, content_type=content_type)
    if kind in {Kind.FEED, Kind.JSON}:
        feed = read_feed(content, source=source, content_type=content_type, base_url=base_url)
        if not feed.issues:
            raise UnreadableError("unreadable-no-items")
        return list(feed.issues)
    text = decoded(content, content_type).lstrip("\ufeff").replace("\0", "")
    text = mended(text[: MAX_HTML if kind is Kind.HTML else MAX_MARKDOWN])
    url = clean_url(base_url or source)
    if kind is Kind.HTML:
        issue = issue_from_page(text, url=url)
    else:
        front, text = take_front_matter(text)
        if front.is_draft and not with_drafts:
            raise UnreadableError("unreadable-draft")
        url = clean_url(front.url) or url
        known = Known(
            title=front.title or None,
            subtitle=front.subtitle or None,
            authors=authors_in(front.authors),
            published_at=front.published_at,
            paywalled=front.is_paid,
            url=url,
            base=base_url or url,
            own=Own(),
        )
        known.own.add_site(url)
        issue = issue_from_markdown(text, known)
    if issue.published_at is None:
        issue = replace(issue, published_at=_day_named(source, issue.title))
    if issue.title == UNTITLED and not issue.links and not issue.images:
        raise UnreadableError("unreadable-no-words")
    return [issue]


def _day_named(source: str, title: str) -> datetime | None:
    """The day in the file's name, else the one in the title, which may be the day that the issue is about."""
    named = find_day(title)
    return day_of_file(source.partition("?")[0].rpartition("/")[2]) or (named[0] if named else None)
