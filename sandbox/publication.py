"""The site's publication as beehiiv's API, version 2, would show it to whoever has its key.

The fields are those of beehiiv's own TypeScript SDK (Publication, Post); what the site does not know is left out.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

Json = dict[str, Any]

PUBLICATION = "pub_0b5e55ed-0000-4000-8000-00000000beef"
PATH = f"/v2/publications/{PUBLICATION}"
KEY = "key-of-the-sandbox"


@dataclass(frozen=True, slots=True)
class Entry:
    """A post as the API tells of it; `html` is its text on the web."""

    slug: str
    title: str
    subtitle: str
    author: str
    html: str
    url: str
    picture: str | None
    published_at: datetime


def is_allowed(headers: Mapping[str, str]) -> bool:
    """The request carries the publication's key."""
    return headers.get("Authorization") == f"Bearer {KEY}"


def publication(name: str, created_at: datetime) -> Json:
    """The answer about the publication itself."""
    return {"data": {"id": PUBLICATION, "name": name, "created": int(created_at.timestamp())}}


def posts(entries: Iterable[Entry], query: Mapping[str, str]) -> Json:
    """The answer about its posts, `entries` from the newest on; `expand[]` brings their text along."""
    limit = int(query.get("limit", "10"))
    given = list(entries)
    chosen = given[:limit] if query.get("direction", "asc") == "desc" else given[::-1][:limit]
    with_text = query.get("expand[]") == "free_web_content"
    return {
        "data": [_post(entry, with_text=with_text) for entry in chosen],
        "limit": limit,
        "page": 1,
        "total_results": len(given),
        "total_pages": -(-len(given) // limit),
    }


def post_named(entries: Iterable[Entry], post_id: str) -> Json | None:
    """The answer about one post; None for one that is not there (any more)."""
    return next(({"data": _post(entry, with_text=False)} for entry in entries if f"post_{entry.slug}" == post_id), None)


def _post(entry: Entry, *, with_text: bool) -> Json:
    moment = int(entry.published_at.timestamp())
    return {
        "id": f"post_{entry.slug}",
        "title": entry.title,
        "subtitle": entry.subtitle,
        "authors": [entry.author],
        "created": moment,
        "publish_date": moment,
        "displayed_date": moment,
        "status": "confirmed",
        "platform": "both",
        "audience": "free",
        "hidden_from_feed": False,
        "slug": entry.slug,
        "web_url": entry.url,
        "thumbnail_url": entry.picture,
        "content_tags": [],
        **({"content": {"free": {"web": entry.html}}} if with_text else {}),
    }
