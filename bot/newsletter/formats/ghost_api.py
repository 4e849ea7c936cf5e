"""Ghost's Content API: a site's posts as issues.

It lists what is out on the web and nothing else; of a post for members it gives the part that everybody may read. The
fields are those of https://docs.ghost.org/content-api/posts, as Ghost 6 answers them.
"""

import html
from dataclasses import dataclass
from typing import Any

from bot.errors import UnreadableError
from bot.model.issue import Issue
from bot.newsletter.addresses.chrome import Own
from bot.newsletter.addresses.links import clean_url
from bot.newsletter.addresses.stamps import without_own_stamp
from bot.newsletter.dates import moment_of
from bot.newsletter.formats.api_answers import answered, names_of, string
from bot.newsletter.formats.feeds import MAX_ITEMS, MAX_SUBTITLE, Feed, with_own_identities
from bot.newsletter.text import literal, plain
from bot.newsletter.understanding.bodies import issue_from_html
from bot.newsletter.understanding.bylines import authors_in
from bot.newsletter.understanding.mastheads import Known
from bot.newsletter.understanding.paywalls import public_part
from bot.newsletter.understanding.pictures import Named, best_of


@dataclass(frozen=True, slots=True)
class Site:
    """What a site says of itself."""

    title: str | None
    url: str | None


def read_posts(content: bytes) -> Feed:
    """The posts in an answer of `/posts/`. Raises UnreadableError for anything else."""
    posts = answered(content).get("posts")
    if not isinstance(posts, list):
        raise UnreadableError("ghost-no-posts")
    issues = [_issue(post) for post in posts[:MAX_ITEMS] if isinstance(post, dict)]
    return Feed(None, None, with_own_identities(issues, None))


def read_site(content: bytes) -> Site:
    """The site in an answer of `/settings/`. Raises UnreadableError for anything else."""
    settings = answered(content).get("settings")
    if not isinstance(settings, dict):
        raise UnreadableError("ghost-no-posts")
    return Site(literal(string(settings.get("title"))) or None, clean_url(string(settings.get("url"))))


def _issue(post: dict[str, Any]) -> Issue:
    own = Own()
    url = clean_url(string(post.get("url")))
    own.add_site(url)
    url = without_own_stamp(url, own)
    body, is_gated = _public(post)
    picture = string(post.get("feature_image"))
    authors = [author for author in _list(post.get("authors")) if isinstance(author, dict)]
    known = Known(
        title=literal(string(post.get("title"))) or None,
        subtitle=literal(string(post.get("custom_excerpt")), limit=MAX_SUBTITLE) or None,
        authors=authors_in([string(author.get("name")) for author in authors]),
        published_at=moment_of(post.get("published_at")),
        image_url=best_of([Named(picture)]),
        paywalled=is_gated,
        url=url,
        base=url,
        own=own,
    )
    first = _figure(picture, string(post.get("feature_image_alt")), string(post.get("feature_image_caption")))
    return issue_from_html(first + body, known, identities=names_of(post, url))


def _public(post: dict[str, Any]) -> tuple[str, bool]:
    """The HTML that everybody may read, and whether there is more for others."""
    body = string(post.get("html"))
    if post.get("access") is False:
        return body, True  # Ghost cut it
    if post.get("visibility", "public") == "public":
        return body, False
    public, is_cut = public_part(body)
    return public if is_cut else "", True


def _figure(src: str, alt: str, caption: str) -> str:
    """The picture above a post, as the first of its text. Its caption names who made it: no link of the issue."""
    if not src:
        return ""
    words = html.escape(plain(caption))
    below = f"<figcaption>{words}</figcaption>" if words else ""
    return f'<figure><img src="{html.escape(src)}" alt="{html.escape(alt)}">{below}</figure>\n'


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
