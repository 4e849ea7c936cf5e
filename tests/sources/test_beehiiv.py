"""beehiiv's API over real sockets: which posts are issues, and what the key opens."""

import asyncio
import inspect
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from aiohttp import web

from bot.errors import FetchError, UnreadableError
from bot.fetch import Fetcher
from bot.model.guild import Source
from bot.ports import Reading
from bot.sources.beehiiv import BeehiivSource
from bot.sources.feed import FeedSource
from tests.doubles import MovedClock

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
PUBLICATION = "pub_01234567-89ab-cdef-0123-456789abcdef"
KEY = "a-key:with-a-colon"


def post(number: int, **changes: Any) -> dict[str, Any]:
    """A post as the API gives it, one an hour before `NOW` for each number."""
    return {
        "id": f"post_{number}",
        "title": f"Honey &amp; wax {number}",
        "subtitle": "From the hive",
        "authors": ["Ada Printer", "Ada Printer", ""],
        "created": 1_700_000_000,
        "publish_date": int((NOW - timedelta(hours=number)).timestamp()),
        "status": "confirmed",
        "platform": "both",
        "audience": "free",
        "hidden_from_feed": False,
        "web_url": f"https://hive.example/p/{number}",
        "thumbnail_url": f"https://media.example/{number}.png",
        "content": {
            "free": {
                "web": "<div class='rendered-post'><div id='web-header'><a href='https://hive.example/'>Hive</a></div>"
                f"<div id='content-blocks'><h2>News</h2><p>See <a href='https://a.example/{number}'>the comb</a>.</p>"
                "</div></div>"
            },
            "premium": {"web": "<p><a href='https://paid.example/'>for those who pay</a></p>"},
        },
        **changes,
    }


class Hive:
    """Serves a publication to whoever has its key."""

    def __init__(self) -> None:
        self.posts: list[Any] = []
        self.answer: bytes | None = None
        self.keeps_its_name = False
        self.asked: list[web.Request] = []
        self.moments: list[float] = []

    async def serve(self, request: web.Request) -> web.Response:
        self.asked.append(request)
        self.moments.append(asyncio.get_running_loop().time())
        if request.headers.get("Authorization") != f"Bearer {KEY}":
            return web.Response(status=401)
        if self.answer is not None:
            return web.Response(body=self.answer)
        if request.path.endswith("/posts"):
            page, pages = int(request.query.get("page", 1)), -(-len(self.posts) // 25)
            shown = self.posts[25 * (page - 1) : 25 * page]
            return web.json_response({"data": shown, "page": page, "total_pages": pages})
        if self.keeps_its_name:
            return web.Response(status=403)
        return web.json_response({"data": {"id": PUBLICATION, "name": "The Hive"}})

    def source(self, **changes: Any) -> Source:
        return Source(source_id=1, url=self.address, url_key="", **changes)

    address = ""


@pytest.fixture
async def hive() -> AsyncIterator[Hive]:
    hive = Hive()
    application = web.Application()
    application.router.add_get("/{path:.*}", hive.serve)
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    hive.address = f"http://127.0.0.1:{runner.addresses[0][1]}/v2/publications/{PUBLICATION}"
    yield hive
    await runner.cleanup()


@pytest.fixture
async def reader() -> AsyncIterator[BeehiivSource]:
    async with Fetcher(timeout_seconds=5, max_bytes=10_000_000, allow_private_addresses=True) as fetcher:
        yield BeehiivSource(FeedSource(fetcher, pause_seconds=0), clock=MovedClock(NOW))


async def read(reader: BeehiivSource, hive: Hive, **changes: Any) -> Reading:
    reading = await reader.read(hive.source(**changes), credentials=KEY)
    assert isinstance(reading, Reading)
    return reading


async def test_a_post_is_an_issue(hive: Hive, reader: BeehiivSource) -> None:
    hive.posts = [post(1), post(2)]
    reading = await read(reader, hive)
    assert (reading.title, reading.is_whole, reading.can_be_asked, reading.etag) == ("The Hive", True, True, None)
    assert reading.home_url == "https://hive.example/"
    issue = reading.issues[0]
    assert (issue.title, issue.subtitle, issue.authors) == ("Honey & wax 1", "From the hive", ("Ada Printer",))
    assert (issue.url, issue.published_at) == ("https://hive.example/p/1", NOW - timedelta(hours=1))
    assert issue.identities[:2] == ("guid:post_1", "link:hive.example/p/1")
    assert [(link.key, link.section) for link in issue.links] == [("a.example/1", "News")]
    assert not issue.paywalled


async def test_what_is_out_is_found_behind_many_scheduled_posts(hive: Hive, reader: BeehiivSource) -> None:
    scheduled = [post(100 + number, publish_date=int(NOW.timestamp()) + 60 * number) for number in range(1, 61)]
    hive.posts = [*scheduled[::-1], *(post(number) for number in range(10))]
    assert len((await read(reader, hive, title="T")).issues) == 10
    assert len(hive.asked) == 3
    hive.posts = hive.posts[60:]
    await read(reader, hive, title="T")
    assert len(hive.asked) == 4, "else one page will do"


async def test_a_key_for_posts_alone_will_do(hive: Hive, reader: BeehiivSource) -> None:
    hive.posts, hive.keeps_its_name = [post(1)], True
    reading = await read(reader, hive)
    assert (reading.title, len(reading.issues)) == (None, 1)


@pytest.mark.parametrize(
    "changes",
    [
        {"status": "draft"},
        {"status": "archived"},
        {"platform": "email"},
        {"platform": ["web"]},
        {"hidden_from_feed": True},
        {"publish_date": int(NOW.timestamp()) + 60},
        {"publish_date": None},
        {"publish_date": True},
        {"publish_date": 1e30},
    ],
    ids=str,
)
async def test_what_is_not_out_for_everybody_is_no_issue(
    hive: Hive, reader: BeehiivSource, changes: dict[str, Any]
) -> None:
    hive.posts = [post(1, **changes), post(2)]
    assert [issue.identities[0] for issue in (await read(reader, hive)).issues] == ["guid:post_2"]


async def test_of_a_post_for_paying_readers_only_the_free_part_is_read(hive: Hive, reader: BeehiivSource) -> None:
    hive.posts = [post(1, audience="premium")]
    [issue] = (await read(reader, hive)).issues
    assert issue.paywalled
    assert "paid.example" not in repr(issue)


async def test_what_the_key_opens_is_asked_for_by_name_and_page(hive: Hive, reader: BeehiivSource) -> None:
    hive.posts = [post(1)]
    await read(reader, hive, title="The Hive", etag='"1"')
    [asked] = hive.asked
    assert dict(asked.query) == {
        "status": "confirmed",
        "order_by": "publish_date",
        "direction": "desc",
        "limit": "25",
        "page": "1",
        "expand[]": "free_web_content",
    }
    assert "If-None-Match" not in asked.headers, "or a scheduled post would stay unseen"


async def test_a_query_behind_the_publication_is_left_out(hive: Hive, reader: BeehiivSource) -> None:
    hive.posts = [post(1)]
    hive.address += "/?utm_source=x#posts"
    assert len((await read(reader, hive)).issues) == 1


async def test_the_key_never_travels_in_the_clear(hive: Hive, reader: BeehiivSource) -> None:
    hive.address = f"http://api.example/v2/publications/{PUBLICATION}"
    with pytest.raises(UnreadableError, match="beehiiv-not-secret"):
        await read(reader, hive)


async def test_without_the_right_key_it_is_told_where_to_make_one(hive: Hive, reader: BeehiivSource) -> None:
    with pytest.raises(UnreadableError, match="beehiiv-no-key"):
        await reader.read(hive.source(), credentials=None)
    assert hive.asked == []
    with pytest.raises(UnreadableError, match="beehiiv-key-refused"):
        await reader.read(hive.source(), credentials="wrong")


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (b"{", "unreadable-json"),
        (b"[" * 100_000, "unreadable-json"),
        (b"[]", "beehiiv-no-posts"),
        (b'{"data": {"id": "pub_1"}}', "beehiiv-no-posts"),
    ],
)
async def test_what_is_no_list_of_posts_is_refused(
    hive: Hive, reader: BeehiivSource, answer: bytes, reason: str
) -> None:
    hive.answer = answer
    with pytest.raises(UnreadableError, match=reason):
        await read(reader, hive)


async def test_posts_without_the_usual_fields_break_nothing(hive: Hive, reader: BeehiivSource) -> None:
    bare = {"status": "confirmed", "publish_date": 1_700_000_000}
    odd = dict.fromkeys(post(1), 7) | bare
    hive.posts = [None, "x", [], bare, odd, post(1, content={"free": None}, authors="Ada"), post(2, content=[])]
    issues = (await read(reader, hive)).issues
    assert [issue.identities[0] for issue in issues[-2:]] == ["guid:post_1", "guid:post_2"]


async def test_many_posts_are_read_like_few(hive: Hive, reader: BeehiivSource) -> None:
    long = "<p>" + "Wax and honey. " * 2_000 + "</p>"
    hive.posts = [post(number, content={"free": {"web": long}}) for number in range(1, 26)]
    assert len(json.dumps(hive.posts)) > 300_000
    assert len((await read(reader, hive)).issues) == 25


async def test_every_other_address_is_a_feed(hive: Hive, reader: BeehiivSource) -> None:
    hive.address = hive.address.replace(PUBLICATION, "pub_1")
    with pytest.raises(FetchError, match="fetch-refused"):
        await reader.read(hive.source(), credentials=None)


async def test_every_request_to_the_api_waits_for_its_turn(hive: Hive) -> None:
    hive.posts = [post(1)]
    async with Fetcher(timeout_seconds=5, max_bytes=10_000_000, allow_private_addresses=True) as fetcher:
        patient = BeehiivSource(FeedSource(fetcher, pause_seconds=0.1), clock=MovedClock(NOW))
        await asyncio.gather(*(read(patient, hive) for _ in range(2)))
    assert len(hive.moments) == 4, "posts and publication, twice"
    assert all(after - before > 0.08 for before, after in pairwise(hive.moments))


def test_a_request_a_second_is_far_below_what_beehiiv_allows() -> None:
    default = inspect.signature(FeedSource.__init__).parameters["pause_seconds"].default
    assert 60 / default <= 180 / 2
