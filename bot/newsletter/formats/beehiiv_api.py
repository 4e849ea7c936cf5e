"""beehiiv's API, version 2: a publication's posts as issues.

What a post says of itself is believed: drafts, archived and scheduled posts, those that are hidden from the feed and
those that went out by e-mail only are no issues. The fields are those of beehiiv's own TypeScript SDK (Post).
"""

from datetime import UTC, datetime
from typing import Any

from bot.errors import UnreadableError
from bot.model.issue import Issue
from bot.newsletter.addresses.chrome import Own
from bot.newsletter.addresses.links import clean_url
from bot.newsletter.formats.api_answers import answered, names_of, string
from bot.newsletter.formats.feeds import MAX_ITEMS, MAX_SUBTITLE, Feed, with_own_identities
from bot.newsletter.text import literal
from bot.newsletter.understanding.bodies import issue_from_html
from bot.newsletter.understanding.bylines import authors_in
from bot.newsletter.understanding.mastheads import Known
from bot.newsletter.understanding.pictures import Named, best_of

_ON_THE_WEB = ("web", "both")


def read_posts(content: bytes, *, now: datetime) -> Feed:
    """The posts in an answer of `/posts` that are out by `now`. Raises UnreadableError for anything else."""
    posts = _data(content)
    if not isinstance(posts, list):
        raise UnreadableError("beehiiv-no-posts")
    issues = [_issue(post) for post in posts[:MAX_ITEMS] if isinstance(post, dict) and _is_out(post, now=now)]
    return Feed(None, None, with_own_identities(issues, None))


def is_last_page(content: bytes, page: int) -> bool:
    """Whether nothing stands behind this answer of `/posts`, the `page`th."""
    pages = answered(content).get("total_pages")
    return not isinstance(pages, int) or page >= pages


def read_status(content: bytes) -> str | None:
    """The status in an answer about a post: `confirmed`, `draft`, `archived`. Raises UnreadableError for no answer."""
    post = _data(content)
    return string(post.get("status")) or None if isinstance(post, dict) else None


def read_name(content: bytes) -> str | None:
    """The name in an answer about a publication; None where it has none. Raises UnreadableError for anything else."""
    publication = _data(content)
    return literal(string(publication.get("name"))) or None if isinstance(publication, dict) else None


def _data(content: bytes) -> Any:
    return answered(content).get("data")


def _is_out(post: dict[str, Any], *, now: datetime) -> bool:
    published_at = _moment(post.get("publish_date"))
    return (
        post.get("status") == "confirmed"
        and not post.get("hidden_from_feed")
        and post.get("platform", "web") in _ON_THE_WEB
        and published_at is not None
        and published_at <= now  # `confirmed` holds what is scheduled, too
    )


def _issue(post: dict[str, Any]) -> Issue:
    url = clean_url(string(post.get("web_url")))
    content = post.get("content")
    free = content.get("free") if isinstance(content, dict) else None
    body = string(free.get("web")) if isinstance(free, dict) else ""
    subtitle = literal(string(post.get("subtitle")) or string(post.get("preview_text")), limit=MAX_SUBTITLE)
    authors = post.get("authors")
    own = Own()
    own.add_site(url)
    known = Known(
        title=literal(string(post.get("title"))) or None,
        subtitle=subtitle or None,
        authors=authors_in(map(string, authors)) if isinstance(authors, list) else (),
        published_at=_moment(post.get("publish_date")),
        image_url=best_of([Named(string(post.get("thumbnail_url")))]),
        paywalled=post.get("audience") == "premium",
        url=url,
        base=url,
        own=own,
    )
    return issue_from_html(body, known, identities=names_of(post, url))


def _moment(value: Any) -> datetime | None:
    """From seconds since 1970."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        return datetime.fromtimestamp(value, UTC)
    except (ValueError, OverflowError, OSError):
        return None
