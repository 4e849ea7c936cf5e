"""Asking for an issue that is not listed any more, over real sockets: what proves that it is gone, what does not."""

from collections.abc import AsyncIterator

import pytest
from aiohttp import web

from bot.errors import FetchError, UnreadableError
from bot.fetch import Fetcher
from bot.model.guild import Source
from bot.ports import Standing
from bot.sources.asking import HttpIssueAsker
from bot.sources.beehiiv import BeehiivSource
from bot.sources.feed import FeedSource
from tests.doubles import MovedClock

PUBLICATION = "/v2/publications/pub_01234567-89ab-cdef-0123-456789abcdef"
FEED = Source(source_id=1, url="https://news.example/feed", url_key="")


class Web:
    """Answers each path with a status, and posts of the API with what they say."""

    def __init__(self) -> None:
        self.statuses: dict[str, int] = {}
        self.posts: dict[str, object] = {}
        self.asked: list[web.Request] = []
        self.address = ""

    async def serve(self, request: web.Request) -> web.Response:
        self.asked.append(request)
        if request.path.startswith(PUBLICATION):
            if request.headers.get("Authorization") != "Bearer key":
                return web.Response(status=401)
            post = self.posts.get(request.path.rpartition("/")[2])
            return web.json_response({"data": post}) if post is not None else web.Response(status=404)
        status = self.statuses.get(request.path, 200)
        return web.Response(status=status, headers={"Location": "/"} if status in {301, 302, 307, 308} else {})


@pytest.fixture
async def pages() -> AsyncIterator[Web]:
    pages = Web()
    application = web.Application()
    application.router.add_route("*", "/{path:.*}", pages.serve)
    runner = web.AppRunner(application)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    pages.address = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield pages
    await runner.cleanup()


@pytest.fixture
async def asker() -> AsyncIterator[HttpIssueAsker]:
    async with Fetcher(timeout_seconds=5, max_bytes=10_000, allow_private_addresses=True) as fetcher:
        beehiiv = BeehiivSource(FeedSource(fetcher, pause_seconds=0), clock=MovedClock())
        yield HttpIssueAsker(fetcher, beehiiv, pause_seconds=0)


@pytest.mark.parametrize("status", [404, 410])
async def test_nothing_there_is_what_its_own_address_says(pages: Web, asker: HttpIssueAsker, status: int) -> None:
    pages.statuses["/p/5"] = status
    asked = await asker.ask(FEED, url=f"{pages.address}/p/5", names=["guid:5"], credentials="user:secret")
    assert asked is Standing.NOTHING_THERE
    assert [(each.method, each.path) for each in pages.asked] == [("GET", "/p/5")]
    assert "Authorization" not in pages.asked[0].headers, "a key is for the source alone"


@pytest.mark.parametrize("status", [200, 204, 301, 302, 307, 308, 400, 401, 403, 405, 418, 429, 500, 502, 503])
async def test_nothing_else_proves_anything(pages: Web, asker: HttpIssueAsker, status: int) -> None:
    pages.statuses |= {"/p/5": status, "/": 404}
    assert await asker.ask(FEED, url=f"{pages.address}/p/5", names=[], credentials=None) is Standing.UNKNOWN
    assert len(pages.asked) == 1, "no redirect is followed"


@pytest.mark.parametrize("url", [None, "mailto:desk@news.example", "file:///etc/passwd"])
async def test_without_an_address_on_the_web_there_is_nothing_to_ask(asker: HttpIssueAsker, url: str | None) -> None:
    assert await asker.ask(FEED, url=url, names=["file:5.md"], credentials=None) is Standing.UNKNOWN


async def test_a_private_network_is_not_asked(pages: Web) -> None:
    async with Fetcher(timeout_seconds=5, max_bytes=10_000, allow_private_addresses=False) as fetcher:
        asker = HttpIssueAsker(fetcher, BeehiivSource(FeedSource(fetcher), clock=MovedClock()))
        with pytest.raises(FetchError, match="fetch-private"):
            await asker.ask(FEED, url=f"{pages.address}/p/5", names=[], credentials=None)
    assert pages.asked == []


@pytest.mark.parametrize(
    ("post", "standing"),
    [
        ({"id": "post_5", "status": "draft"}, Standing.TAKEN_BACK),
        ({"id": "post_5", "status": "archived"}, Standing.TAKEN_BACK),
        ({"id": "post_5", "status": "confirmed"}, Standing.UNKNOWN),
        ({"id": "post_5"}, Standing.UNKNOWN),
        (["nonsense"], Standing.UNKNOWN),
        (None, Standing.TAKEN_BACK),
    ],
    ids=["a draft", "archived", "still out", "without a status", "nonsense", "deleted"],
)
async def test_of_a_post_of_beehiiv_its_api_says_how_it_stands(
    pages: Web, asker: HttpIssueAsker, post: object, standing: Standing
) -> None:
    if post is not None:
        pages.posts["post_5"] = post
    pages.statuses["/p/5"] = 404
    source = Source(source_id=1, url=f"{pages.address}{PUBLICATION}/", url_key="")
    names = ["link:news.example/p/5", "guid:post_5"]
    assert await asker.ask(source, url=f"{pages.address}/p/5", names=names, credentials="key:") is standing
    assert [each.path for each in pages.asked] == [f"{PUBLICATION}/posts/post_5"]
    with pytest.raises(UnreadableError):
        await asker.ask(source, url=None, names=names, credentials="other:")
