"""The newsletter's own web site: feeds, issue pages and pictures, and ways to break them.

`/feed.xml` RSS 2.0, `/atom.xml` Atom, `/feed.json` JSON Feed, `/p/<slug>` pages, `/images/<name>.png` pictures; `/hub`
tells whoever asked when there is something new (WebSub), if the site has one; `/v2/publications/…` answers as beehiiv's
API does.
"""

import asyncio
import hashlib
import re
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from html import escape
from pathlib import Path
from typing import Literal, Self

import orjson
import pyromark
from aiohttp import web

from sandbox import publication
from sandbox.clock import Clock
from sandbox.files import landscape
from sandbox.hub import Hub

SAMPLES = Path(__file__).parent / "sample"

Breakage = Literal["html", "empty", "cut", "error", "slow", "gone"]

FEEDS = {
    "/feed.xml": "application/rss+xml",
    "/atom.xml": "application/atom+xml",
    "/feed.json": "application/feed+json",
}

_DATE = re.compile(r"^(?:Jan|Febr|Mar|Apr|Ma|Jun|Jul|Aug|Sept|Octo|Nov|Dec)[a-z]* \d\d?, \d{4}$")
_AUTHOR = re.compile(r"^!\[Author\]\([^)]*\)\s*\n+\[([^]]+)\]", re.MULTILINE)
_FRONT_MATTER = re.compile(r"\A---[ \t]*\n(.*?)\n---[ \t]*(?:\n|\Z)", re.DOTALL)
_FIELD = re.compile(r"^(title|description|subtitle|author)[ \t]*:[ \t]*[\"']?(.*?)[\"']?[ \t]*$", re.MULTILINE)
_PICTURE = re.compile(r"^!\[(?!Author)[^]]*\]\(([^)]+)\)", re.MULTILINE)


@dataclass(slots=True)
class Post:
    """One issue as the site publishes it; `text` is the Markdown it was made of."""

    slug: str
    title: str
    subtitle: str
    author: str
    text: str
    html: str
    published_at: datetime
    changed_at: datetime
    picture: str | None = None


@dataclass(slots=True)
class Site:
    """`async with Site() as site:` serves until the block ends; starts without issues."""

    title: str = "The Morning Sheet"
    host: str = "127.0.0.1"
    port: int = 0
    clock: Clock = time.time
    posts: dict[str, Post] = field(default_factory=dict)
    requests: Counter[str] = field(default_factory=Counter)
    conditional: Counter[str] = field(default_factory=Counter)
    not_modified: Counter[str] = field(default_factory=Counter)
    slow_seconds: float = 60.0
    hub: Hub | None = None
    _broken: Breakage | None = None
    _times: int | None = None
    _runner: web.ServerRunner | None = None

    async def __aenter__(self) -> Self:
        self._runner = web.ServerRunner(web.Server(self._handle, access_log=None), shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, self.host, self.port).start()
        self.port = self._runner.addresses[0][1]
        return self

    async def __aexit__(self, *_: object) -> None:
        if self.hub is not None:
            await self.hub.close()
        if self._runner is not None:
            await self._runner.cleanup()

    # addresses

    @property
    def url(self) -> str:
        return f"http://{self.host}:{self.port}"

    @property
    def feed_url(self) -> str:
        return f"{self.url}/feed.xml"

    @property
    def atom_url(self) -> str:
        return f"{self.url}/atom.xml"

    @property
    def json_url(self) -> str:
        return f"{self.url}/feed.json"

    @property
    def api_url(self) -> str:
        """Where the publication is read as by beehiiv's API, with `publication.KEY`."""
        return f"{self.url}{publication.PATH}"

    def post_url(self, slug: str) -> str:
        return f"{self.url}/p/{slug}"

    # the editor's work

    def publish_markdown(
        self, text: str, *, slug: str | None = None, published_at: datetime | None = None, author: str | None = None
    ) -> Post:
        """Turn a Markdown issue into a feed item and a page.

        The first `# ` line is the title, a `### ` line right after it the subtitle; author and date come from the
        author block. Title, description and author may stand in front matter as well. `{site}` in the text becomes this
        site's address. Publishing a slug again corrects it.
        """
        text, told = _with_headings(text.replace("{site}", self.url))
        author = author or told
        lines = [line.strip() for line in text.splitlines() if line.strip()]
        title = lines[0].lstrip("# ") if lines else "Untitled"
        subtitle = lines[1].removeprefix("### ").strip() if len(lines) > 1 and lines[1].startswith("### ") else ""
        now = self.now
        dated = next((line for line in lines if _DATE.match(line)), None)
        if published_at is None:
            published_at = datetime.strptime(dated, "%B %d, %Y").replace(hour=14, tzinfo=UTC) if dated else now
        named = _AUTHOR.search(text)
        picture = _PICTURE.search(text)
        slug = slug or self.slug_of(text)
        post = Post(
            slug,
            title,
            subtitle,
            author or (named[1] if named else self.title),
            text,
            pyromark.html(text),
            published_at,
            now,
            picture[1] if picture else None,
        )
        self.posts[slug] = post
        self._tell()
        return post

    def _tell(self) -> None:
        if self.hub is not None:
            self.hub.tell({self.feed_url: self.rss(), self.atom_url: self.atom(), self.json_url: self.json_feed()})

    @staticmethod
    def slug_of(text: str) -> str:
        """The last part of the address that an issue gets by its title."""
        text, _ = _with_headings(text)
        title = next((line.strip().lstrip("# ") for line in text.splitlines() if line.strip()), "Untitled")
        return re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-") or "issue"

    def publish_file(self, path: Path, *, published_at: datetime | None = None) -> Post:
        return self.publish_markdown(path.read_text(encoding="utf-8"), slug=path.stem, published_at=published_at)

    def publish_samples(self) -> list[Post]:
        """The three issues that ship with the sandbox, oldest first."""
        return [self.publish_file(path) for path in sorted(SAMPLES.glob("*.md"), key=_date_in)]

    def correct(self, slug: str, old: str, new: str) -> Post:
        """Replace a passage in title, subtitle and text of a published issue."""
        post = self.posts[slug]
        if not any(old in text for text in (post.title, post.subtitle, post.html)):
            raise LookupError(f"{old!r} does not stand in {slug!r}")
        post.title, post.subtitle, post.text, post.html = (
            text.replace(old, new) for text in (post.title, post.subtitle, post.text, post.html)
        )
        post.changed_at = self.now
        self._tell()
        return post

    def retitle(self, slug: str, old: str, new: str) -> Post:
        """Correct a headline as sites do that make an issue's address from it: from now on it stands at another one."""
        post = self.posts[slug]
        if old not in post.title:
            raise LookupError(f"{old!r} does not stand in the headline of {slug!r}")
        del self.posts[slug]
        post.slug = self.slug_of(f"# {post.title.replace(old, new)}")
        self.posts[post.slug] = post
        return self.correct(post.slug, old, new)

    def withdraw(self, slug: str) -> Post:
        """Take the issue off the site: gone from the feeds, 404 at its page."""
        post = self.posts.pop(slug)
        self._tell()
        return post

    def break_feed(self, how: Breakage, *, times: int | None = None) -> None:
        """Break every feed: HTML instead, empty, cut in the middle, status 500, or slow. For so many requests.

        `gone` takes the RSS feed away alone; the others, which the home page names too, go on.
        """
        self._broken, self._times = how, times

    def mend(self) -> None:
        self._broken = self._times = None

    @property
    def broken(self) -> Breakage | None:
        """How the feeds are broken at present."""
        return self._broken

    @property
    def now(self) -> datetime:
        return datetime.fromtimestamp(self.clock(), UTC)

    @property
    def newest_first(self) -> list[Post]:
        return sorted(self.posts.values(), key=lambda post: post.published_at, reverse=True)

    # serving

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        path = request.path
        self.requests[path] += 1
        if "If-None-Match" in request.headers or "If-Modified-Since" in request.headers:
            self.conditional[path] += 1
        if path in FEEDS:
            return await self._feed(request, path)
        if path.startswith(publication.PATH):
            return self._publication(request)
        if path == "/hub" and self.hub is not None:
            return await self.hub.handle(request)
        if path.startswith("/images/"):
            return web.Response(body=landscape(path), content_type="image/png")
        if path == "/":
            items = "".join(f'<li><a href="/p/{p.slug}">{escape(p.title)}</a></li>' for p in self.newest_first)
            return self._page(self.title, f"<ul>{items}</ul>")
        post = self.posts.get(path.removeprefix("/p/"))
        if post is None:
            return web.Response(status=404, text="<h1>Not found</h1>", content_type="text/html")
        return self._page(post.title, post.html)

    def _page(self, title: str, body: str) -> web.Response:
        links = "".join(
            f'<link rel="alternate" type="{kind}" href="{path}" title="{escape(self.title)}">'
            for path, kind in FEEDS.items()
        )
        html = (
            f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>{links}</head>'
            f"<body><article>{body}</article></body></html>"
        )
        return web.Response(text=html, content_type="text/html")

    async def _feed(self, request: web.BaseRequest, path: str) -> web.StreamResponse:
        broken = self._breakage()
        if broken == "gone" and path == "/feed.xml":
            return web.Response(status=404, text="Not found")
        if broken == "error":
            return web.Response(status=500, text="Internal Server Error")
        if broken == "html":
            return web.Response(text="<!doctype html><title>Down</title><p>Back soon.</p>", content_type="text/html")
        if broken == "slow":
            await asyncio.sleep(self.slow_seconds)
        body = {"/feed.xml": self.rss, "/atom.xml": self.atom, "/feed.json": self.json_feed}[path]()
        if broken == "empty":
            return web.Response(body=b"", headers={"Content-Type": FEEDS[path]})
        if broken == "cut":
            return web.Response(body=body[: len(body) // 2], headers={"Content-Type": FEEDS[path]})
        tag = f'"{hashlib.blake2s(body, digest_size=8).hexdigest()}"'
        changed = max((post.changed_at for post in self.posts.values()), default=datetime.fromtimestamp(0, UTC))
        headers = {
            "ETag": tag,
            "Last-Modified": format_datetime(changed.replace(microsecond=0), usegmt=True),
            "Content-Type": f"{FEEDS[path]}; charset=utf-8",
        }
        if _is_fresh(request, tag, changed):
            self.not_modified[path] += 1
            del headers["Content-Type"]
            return web.Response(status=304, headers=headers)
        return web.Response(body=body, headers=headers)

    def _publication(self, request: web.BaseRequest) -> web.Response:
        if not publication.is_allowed(request.headers):
            return web.json_response(
                {"errors": [{"message": "Invalid API key", "code": "INVALID_API_KEY"}]}, status=401
            )
        if request.path == publication.PATH:
            return web.json_response(publication.publication(self.title, self.now))
        entries = [
            publication.Entry(
                post.slug,
                post.title,
                post.subtitle,
                post.author,
                post.html,
                self.post_url(post.slug),
                post.picture,
                post.published_at,
            )
            for post in self.newest_first
        ]
        if request.path.startswith(f"{publication.PATH}/posts/"):
            asked = request.path.rpartition("/")[2]
            found = publication.post_named(entries, asked)
            return web.json_response(found) if found else web.json_response({"errors": []}, status=404)
        return web.json_response(publication.posts(entries, request.query))

    def _breakage(self) -> Breakage | None:
        if self._broken is None or self._times is None:
            return self._broken
        broken, self._times = self._broken, self._times - 1
        if self._times <= 0:
            self.mend()
        return broken

    def rss(self) -> bytes:
        items = "".join(
            f"<item><title>{escape(post.title)}</title><description>{escape(post.subtitle)}</description>"
            f"<link>{self.post_url(post.slug)}</link><guid isPermaLink='true'>{self.post_url(post.slug)}</guid>"
            f"<pubDate>{format_datetime(post.published_at)}</pubDate><dc:creator>{escape(post.author)}</dc:creator>"
            f"{_enclosure(post)}<content:encoded><![CDATA[{_cdata(post.html)}]]></content:encoded></item>"
            for post in self.newest_first
        )
        return (
            '<?xml version="1.0" encoding="UTF-8"?><rss version="2.0" '
            'xmlns:content="http://purl.org/rss/1.0/modules/content/" xmlns:dc="http://purl.org/dc/elements/1.1/" '
            'xmlns:atom="http://www.w3.org/2005/Atom"><channel>'
            f"<title>{escape(self.title)}</title><link>{self.url}/</link><description>A sample newsletter</description>"
            f'<language>en</language><atom:link href="{self.feed_url}" rel="self" type="application/rss+xml"/>'
            f"{self._hub_link('atom:link')}{items}</channel></rss>"
        ).encode()

    def atom(self) -> bytes:
        changed = max((post.changed_at for post in self.posts.values()), default=datetime.fromtimestamp(0, UTC))
        entries = "".join(
            f"<entry><title>{escape(post.title)}</title><id>{self.post_url(post.slug)}</id>"
            f'<link rel="alternate" href="{self.post_url(post.slug)}"/>'
            f"<published>{post.published_at.isoformat()}</published>"
            f"<updated>{post.changed_at.isoformat()}</updated><author><name>{escape(post.author)}</name></author>"
            f'<summary>{escape(post.subtitle)}</summary><content type="html">{escape(post.html)}</content></entry>'
            for post in self.newest_first
        )
        return (
            '<?xml version="1.0" encoding="UTF-8"?><feed xmlns="http://www.w3.org/2005/Atom">'
            f"<title>{escape(self.title)}</title><id>{self.url}/</id><updated>{changed.isoformat()}</updated>"
            f'<link rel="self" href="{self.atom_url}"/><link rel="alternate" href="{self.url}/"/>'
            f"{self._hub_link('link')}{entries}</feed>"
        ).encode()

    def _hub_link(self, element: str) -> str:
        return f'<{element} rel="hub" href="{self.url}/hub"/>' if self.hub is not None else ""

    def json_feed(self) -> bytes:
        return orjson.dumps(
            {
                "version": "https://jsonfeed.org/version/1.1",
                "title": self.title,
                "home_page_url": f"{self.url}/",
                "feed_url": self.json_url,
                **({"hubs": [{"type": "WebSub", "url": f"{self.url}/hub"}]} if self.hub is not None else {}),
                "items": [
                    {
                        "id": self.post_url(post.slug),
                        "url": self.post_url(post.slug),
                        "title": post.title,
                        "summary": post.subtitle,
                        "content_html": post.html,
                        "date_published": post.published_at.isoformat(),
                        "date_modified": post.changed_at.isoformat(),
                        "authors": [{"name": post.author}],
                        **({"image": post.picture} if post.picture else {}),
                    }
                    for post in self.newest_first
                ],
            }
        )


def _enclosure(post: Post) -> str:
    return f'<enclosure url="{escape(post.picture)}" length="0" type="image/png"/>' if post.picture else ""


def _cdata(html: str) -> str:
    return html.replace("]]>", "]]]]><![CDATA[>")


def _is_fresh(request: web.BaseRequest, tag: str, changed: datetime) -> bool:
    """RFC 9110, section 13: If-None-Match decides; If-Modified-Since only where it is missing."""
    tags = request.headers.get("If-None-Match")
    if tags is not None:
        return tags.strip() == "*" or tag in [one.strip().removeprefix("W/") for one in tags.split(",")]
    since = request.headers.get("If-Modified-Since")
    if since is None:
        return False
    try:
        return changed.replace(microsecond=0) <= parsedate_to_datetime(since)
    except (TypeError, ValueError):
        return False


def _with_headings(text: str) -> tuple[str, str | None]:
    """A text whose front matter, if it has one, became its title and subtitle; and the author named there."""
    front = _FRONT_MATTER.match(text)
    if front is None:
        return text, None
    told = dict(_FIELD.findall(front[1]))
    body = text[front.end() :].lstrip()
    if told.get("title") and not body.startswith("# "):
        below = told.get("subtitle") or told.get("description")
        body = f"# {told['title']}\n\n{f'### {below}' if below else ''}\n\n{body}"
    return body, told.get("author") or None


def _date_in(path: Path) -> datetime:
    for line in path.read_text(encoding="utf-8").splitlines():
        if _DATE.match(line.strip()):
            return datetime.strptime(line.strip(), "%B %d, %Y").replace(tzinfo=UTC)
    return datetime.fromtimestamp(0, UTC)
