"""A small Ghost on loopback: its feed, its Content API and its webhooks over the same posts, as Ghost 6 gives them."""

import hashlib
import hmac
import html
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import aiohttp
from aiohttp import web

KEY = "0123456789abcdef0123456789"
BEGAN = datetime(2026, 3, 1, 8, tzinfo=UTC)
DIVIDER = "<!--members-only-->"
_GATED = "https://moths.example/diary"
_SAMPLES = (
    (
        "Owls who read maps",
        "public",
        '<p>They fold them back.</p><h2>At night</h2><p>See <a href="https://owls.example/maps">the atlas</a>.</p>',
    ),
    (
        "A lamp for one page",
        "public",
        '<p>It goes out at the last word: <a href="https://lamps.example/page">the workshop</a>.</p>',
    ),
    (
        "What moths write down",
        "members",
        f'<p>See <a href="https://moths.example/">the moths</a>.</p>{DIVIDER}<p><a href="{_GATED}">A diary</a>.</p>',
    ),
)


@dataclass(frozen=True, slots=True)
class Post:
    """A post as its editor sees it; `body` is all of it."""

    number: int
    title: str
    body: str
    status: str = "published"
    visibility: str = "public"
    excerpt: str | None = None
    picture: str | None = None
    picture_alt: str | None = None
    picture_caption: str | None = None
    authors: tuple[str, ...] = ("Ada Printer", "Bo Binder")
    edits: int = 0
    moved_to: int | None = None  # the day that its editor gave it instead of its own

    @property
    def id(self) -> str:
        return f"{self.number:024x}"

    @property
    def slug(self) -> str:
        return f"issue-{self.number}"

    @property
    def published_at(self) -> datetime:
        return BEGAN + timedelta(days=self.number if self.moved_to is None else self.moved_to)

    @property
    def shown(self) -> str:
        """What who is no member may see: nothing of a post for members, but what stands above its divider."""
        if self.visibility == "public":
            return self.body
        public, divider, _ = self.body.partition(DIVIDER)
        return public if divider else ""


@dataclass
class Ghost:
    """The site: what was published, what was asked for, and who is called.

    instead: what its API answers for a list of posts; trouble: the status that it answers for a single one.
    """

    title: str = "The Hive"
    posts: dict[int, Post] = field(default_factory=dict)
    is_private: bool = False
    key: str = KEY
    instead: bytes | None = None
    trouble: int | None = None
    hooks: list[tuple[str, str | None]] = field(default_factory=list)
    asked: list[web.Request] = field(default_factory=list)
    url: str = ""

    @property
    def api(self) -> str:
        return f"{self.url}/ghost/api/content/"

    @property
    def feed(self) -> str:
        return f"{self.url}/rss/"

    def write(self, number: int, **changes: Any) -> Post:
        """Publish a post, or edit it."""
        before = self.posts.get(number)
        if before is None:
            body = f'<p>News.</p><h2>Wax</h2><p>See <a href="https://wax.example/{number}">the comb</a>.</p>'
            before = Post(number, f"Issue {number}", body)
        self.posts[number] = replace(before, **changes, edits=before.edits + 1)
        return self.posts[number]

    def unpublish(self, number: int) -> None:
        """Make a draft of it again."""
        self.posts[number] = replace(self.posts[number], status="draft")

    def publish_samples(self, now: datetime) -> None:
        """Three posts of these days; the newest is for members from its divider on."""
        today = max((now - BEGAN).days, len(_SAMPLES))
        for number, (title, visibility, body) in enumerate(_SAMPLES, today - len(_SAMPLES) + 1):
            self.write(number, title=title, visibility=visibility, body=body)

    @property
    def newest(self) -> Post:
        """Of all that was written, published or not."""
        return self.posts[max(self.posts)]

    async def call(self, event: str, number: int, *, at: datetime) -> list[int]:
        """Tell everybody who asked to be told; what they answered. There is one try, and 410 ends it."""
        post = self.posts.get(number)
        current = {"id": post.id, "html": post.body, "post_revisions": [{"lexical": post.body}] * 8} if post else {}
        body = json.dumps({"post": {"current": current, "previous": {"event": event}}}).encode()
        answers = []
        async with aiohttp.ClientSession() as http:
            for target, secret in list(self.hooks):
                headers = {"Content-Type": "application/json"}
                if secret is not None:
                    sent = str(int(at.timestamp() * 1000))
                    signature = hmac.new(secret.encode(), body + sent.encode(), "sha256").hexdigest()
                    headers["X-Ghost-Signature"] = f"sha256={signature}, t={sent}"
                async with http.post(target, data=body, headers=headers) as response:
                    answers.append(response.status)
                    if response.status == 410:
                        self.hooks.remove((target, secret))
        return answers

    def _out(self) -> list[Post]:
        out = [post for post in self.posts.values() if post.status == "published"]
        return sorted(out, key=lambda post: post.published_at, reverse=True)

    async def serve(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(request)
        path = request.path
        if path.startswith("/ghost/api/content/"):
            return self._content(request, path.removeprefix("/ghost/api/content/"))
        if path == "/private/":
            return web.Response(text="<!DOCTYPE html><title>Private site</title>", content_type="text/html")
        if self.is_private:
            raise web.HTTPFound(f"/private/?r={path}")
        if path == "/rss/":
            return self._answer(request, self._rss().encode(), "application/rss+xml")
        if path == "/":
            page = (
                '<!DOCTYPE html><head><link rel="alternate" type="application/rss+xml" href="/rss/"></head><p>Hive</p>'
            )
            return web.Response(text=page, content_type="text/html")
        if path.strip("/") in {post.slug for post in self._out()}:
            return web.Response(text="<!DOCTYPE html><p>An issue</p>", content_type="text/html")
        return web.Response(status=404, text="<!DOCTYPE html><p>Page not found</p>", content_type="text/html")

    def _content(self, request: web.Request, path: str) -> web.StreamResponse:
        key = request.query.get("key")
        if key is None:
            return _error(403, "NO_CONTENT_API_KEY")
        if key != self.key:
            return _error(401, "UNKNOWN_CONTENT_API_KEY")
        if path == "settings/":
            return web.json_response({"settings": {"title": self.title, "url": f"{self.url}/", "timezone": "Etc/UTC"}})
        if path == "posts/" and self.instead is not None:
            return web.Response(body=self.instead, content_type="application/json")
        if path == "posts/":
            limit = min(int(request.query.get("limit", "15")), 100)
            posts = [self._json(post) for post in self._out()[:limit]]
            return self._answer(request, json.dumps({"posts": posts, "meta": {}}).encode(), "application/json")
        if self.trouble is not None:
            return _error(self.trouble, None)
        named = [self._json(post) for post in self._out() if path == f"posts/{post.id}/"]
        return web.json_response({"posts": named}) if named else _error(404, None)

    def _json(self, post: Post) -> dict[str, Any]:
        return {
            "id": post.id,
            "slug": post.slug,
            "title": post.title,
            "html": _with_ref(post.shown, self.url),
            "visibility": post.visibility,
            "access": post.visibility == "public",
            "custom_excerpt": post.excerpt,
            "excerpt": post.excerpt or "News. Wax",
            "feature_image": post.picture,
            "feature_image_alt": post.picture_alt,
            "feature_image_caption": post.picture_caption,
            "published_at": post.published_at.isoformat(timespec="milliseconds"),
            "updated_at": (post.published_at + timedelta(minutes=post.edits)).isoformat(timespec="milliseconds"),
            "authors": [{"id": f"{at:024x}", "name": name} for at, name in enumerate(post.authors)],
            "url": f"{self.url}/{post.slug}/",
        }

    def _rss(self) -> str:
        items = "".join(
            f"<item><title><![CDATA[{post.title}]]></title>"
            f"<description><![CDATA[{post.excerpt or '<p>News.</p>'}]]></description>"
            f"<link>{self.url}/{post.slug}/</link><guid isPermaLink='false'>{post.id}</guid>"
            f"<dc:creator><![CDATA[{post.authors[0]}]]></dc:creator>"
            f"<pubDate>{format_datetime(post.published_at, usegmt=True)}</pubDate>"
            f"<content:encoded><![CDATA[{self._with_picture(post)}]]></content:encoded></item>"
            for post in self._out()[:15]
        )
        spaces = 'xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:content="http://purl.org/rss/1.0/modules/content/"'
        head = f"<title>{html.escape(self.title)}</title><link>{self.url}/</link><generator>Ghost 6.65</generator>"
        return (
            f'<?xml version="1.0" encoding="UTF-8"?><rss {spaces} version="2.0"><channel>{head}{items}</channel></rss>'
        )

    def _with_picture(self, post: Post) -> str:
        body = _with_ref(post.shown, self.url)
        image = f'<img src="{post.picture}" alt="{html.escape(post.title)}">' if post.picture else ""
        return body.replace("<p>", f"{image}<p>", 1)

    def _answer(self, request: web.Request, body: bytes, kind: str) -> web.Response:
        etag = f'W/"{len(body):x}-{hashlib.sha256(body).hexdigest()[:27]}"'
        if request.headers.get("If-None-Match") == etag:
            return web.Response(status=304, headers={"ETag": etag})
        headers = {"ETag": etag, "Cache-Control": "public, max-age=0"}
        return web.Response(body=body, content_type=kind, headers=headers)


def _error(status: int, code: str | None) -> web.Response:
    return web.json_response({"errors": [{"message": "No.", "code": code}]}, status=status)


def _with_ref(body: str, url: str) -> str:
    return body.replace('">the', f'?ref={url.partition("//")[2]}">the')


@asynccontextmanager
async def serve_ghost(title: str = "The Hive") -> AsyncIterator[Ghost]:
    """A Ghost of its own on loopback, without posts."""
    ghost = Ghost(title)
    application = web.Application()
    application.router.add_get("/{path:.*}", ghost.serve)
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    ghost.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield ghost
    finally:
        await runner.cleanup()
