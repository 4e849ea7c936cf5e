"""Ghost's Content API over real sockets: which posts are issues, and what the key opens."""

import logging
from collections.abc import AsyncIterator
from typing import Any

import pytest

from bot.errors import FetchError, UnreadableError
from bot.fetch import Fetcher
from bot.model.guild import Source
from bot.ports import Reading, Standing, Unchanged
from bot.sources.asking import HttpIssueAsker
from bot.sources.beehiiv import BeehiivSource
from bot.sources.feed import FeedSource
from bot.sources.ghost import GhostSource
from sandbox.ghost import DIVIDER, KEY, Ghost, serve_ghost
from tests.doubles import MovedClock

WRONG = "f" * 26


@pytest.fixture
async def ghost() -> AsyncIterator[Ghost]:
    async with serve_ghost() as ghost:
        yield ghost


def reader_of(fetcher: Fetcher) -> GhostSource:
    feeds = FeedSource(fetcher, pause_seconds=0)
    return GhostSource(BeehiivSource(feeds, clock=MovedClock()), feeds)


@pytest.fixture
async def reader() -> AsyncIterator[GhostSource]:
    async with Fetcher(timeout_seconds=5, max_bytes=10_000_000, allow_private_addresses=True) as fetcher:
        yield reader_of(fetcher)


def at(url: str, **changes: Any) -> Source:
    return Source(source_id=1, url=url, url_key="", **changes)


async def read(reader: GhostSource, url: str, key: str | None = KEY, **changes: Any) -> Reading:
    reading = await reader.read(at(url, **changes), credentials=key)
    assert isinstance(reading, Reading)
    return reading


async def test_a_post_is_an_issue_with_what_its_feed_keeps_to_itself(ghost: Ghost, reader: GhostSource) -> None:
    ghost.write(
        1,
        title="Honey & *wax*",
        excerpt="From the hive",
        picture="https://media.example/comb.png",
        picture_alt="A comb in the sun",
        picture_caption='By <a href="https://photos.example/ada">Ada</a>',
    )
    reading = await read(reader, ghost.api)
    assert (reading.title, reading.home_url) == ("The Hive", f"{ghost.url}/")
    assert reading.is_whole
    assert reading.can_be_asked
    [issue] = reading.issues
    assert (issue.title, issue.subtitle, issue.authors) == (
        "Honey & *wax*",
        "From the hive",
        ("Ada Printer", "Bo Binder"),
    )
    assert issue.url == f"{ghost.url}/issue-1/"
    assert issue.published_at == ghost.posts[1].published_at
    assert issue.image_url == "https://media.example/comb.png"
    assert [(image.alt, image.caption) for image in issue.images] == [("A comb in the sun", "By Ada")]
    assert [(link.url, link.section) for link in issue.links] == [("https://wax.example/1", "Wax")]
    assert not issue.paywalled


async def test_a_post_has_the_names_that_it_has_in_the_feed(ghost: Ghost, reader: GhostSource) -> None:
    for number in range(1, 4):
        ghost.write(number, picture="https://media.example/comb.png", picture_alt="A comb")
    by_api, by_feed = await read(reader, ghost.api), await read(reader, ghost.feed, None)
    assert [issue.identities[:2] for issue in by_api.issues] == [issue.identities[:2] for issue in by_feed.issues]
    assert [[link.key for link in issue.links] for issue in by_api.issues] == [
        [link.key for link in issue.links] for issue in by_feed.issues
    ]


@pytest.mark.parametrize("visibility", ["members", "paid", "tiers"])
async def test_of_a_post_for_members_only_the_public_part_is_read(
    ghost: Ghost, reader: GhostSource, visibility: str
) -> None:
    gated = '<p>See <a href="https://gated.example/">the queen</a>.</p>'
    ghost.write(1, visibility=visibility, body=gated)
    ghost.write(2, visibility=visibility, body=f'<p>See <a href="https://free.example/">bees</a>.</p>{DIVIDER}{gated}')
    cut, whole = (await read(reader, ghost.api)).issues
    assert cut.paywalled
    assert whole.paywalled
    assert [link.key for link in cut.links] == ["free.example"]
    assert "gated.example" not in repr([cut, whole])


async def test_what_is_not_cut_is_kept_only_where_it_is_for_everybody(ghost: Ghost, reader: GhostSource) -> None:
    from bot.newsletter.formats.ghost_api import read_posts

    whole = (
        b'{"posts": [{"id": "1", "title": "T", "visibility": "paid", "access": true,'
        b' "html": "<p><a href=\'https://gated.example/\'>queen</a></p>"}]}'
    )
    [issue] = read_posts(whole).issues
    assert issue.paywalled
    assert issue.links == ()


async def test_what_did_not_change_is_not_sent_again(ghost: Ghost, reader: GhostSource) -> None:
    ghost.write(1)
    first = await read(reader, ghost.api)
    marked = at(ghost.api, etag=first.etag, title="The Hive", home_url=ghost.url)
    assert isinstance(await reader.read(marked, credentials=KEY), Unchanged)
    ghost.write(1, title="Mended")
    again = await reader.read(marked, credentials=KEY)
    assert isinstance(again, Reading)
    assert [issue.title for issue in again.issues] == ["Mended"]
    assert {request.headers["Accept-Version"] for request in ghost.asked} == {"v6.0"}
    assert len(ghost.asked) == 4, "what the site says of itself is asked for once"


async def test_without_the_right_key_it_is_said_where_it_is(
    ghost: Ghost, reader: GhostSource, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    with pytest.raises(UnreadableError, match="ghost-no-key"):
        await reader.read(at(ghost.api), credentials=None)
    assert ghost.asked == []
    with pytest.raises(UnreadableError, match="ghost-key-refused") as refused:
        await reader.read(at(ghost.api), credentials=WRONG)
    assert WRONG not in repr(refused.value)
    assert WRONG not in caplog.text


async def test_a_key_that_may_publish_is_sent_nowhere(ghost: Ghost, reader: GhostSource) -> None:
    admin = f"{'a' * 24}:{'b' * 64}"
    for url in (ghost.api, ghost.feed, f"{ghost.url}/"):
        with pytest.raises(UnreadableError, match="ghost-key-refused"):
            await reader.read(at(url), credentials=admin)
    assert ghost.asked == []


async def test_the_key_never_travels_in_the_clear(reader: GhostSource) -> None:
    with pytest.raises(UnreadableError, match="ghost-not-secret"):
        await reader.read(at("http://hive.example/ghost/api/content/"), credentials=KEY)


async def test_a_private_network_is_not_asked(ghost: Ghost) -> None:
    async with Fetcher(timeout_seconds=5, max_bytes=10_000, allow_private_addresses=False) as fetcher:
        with pytest.raises(FetchError, match="fetch-private"):
            await reader_of(fetcher).read(at(ghost.api), credentials=KEY)
    assert ghost.asked == []


async def test_from_a_site_and_a_key_its_api_is_found(ghost: Ghost, reader: GhostSource) -> None:
    ghost.write(1)
    for page in (f"{ghost.url}/", f"{ghost.url}/issue-1/"):
        assert await reader.find_feeds(page, credentials=KEY, asked_by=7) == [ghost.api]
    with pytest.raises(UnreadableError, match="ghost-key-refused"):
        await reader.find_feeds(f"{ghost.url}/", credentials=WRONG, asked_by=7)
    assert all("Authorization" not in request.headers for request in ghost.asked)


async def test_without_a_key_and_on_the_ladder_the_feed_is_found(ghost: Ghost, reader: GhostSource) -> None:
    assert await reader.find_feeds(f"{ghost.url}/", credentials=None, asked_by=7) == [ghost.feed]
    assert await reader.find_feeds(f"{ghost.url}/", credentials=KEY) == [ghost.feed]
    await reader.read(at(ghost.feed), credentials=KEY)
    assert all("Authorization" not in request.headers for request in ghost.asked), "the key is for the API alone"


async def test_a_private_site_is_read_by_its_api_alone(ghost: Ghost, reader: GhostSource) -> None:
    ghost.write(1)
    ghost.is_private = True
    with pytest.raises(UnreadableError, match="site-private"):
        await reader.read(at(ghost.feed), credentials=None)
    with pytest.raises(UnreadableError, match="site-private"):
        await reader.find_feeds(f"{ghost.url}/", credentials=None, asked_by=7)
    assert await reader.find_feeds(f"{ghost.url}/", credentials=KEY, asked_by=7) == [ghost.api]
    assert len((await read(reader, ghost.api)).issues) == 1


async def test_of_a_post_its_api_says_whether_it_still_stands(ghost: Ghost) -> None:
    ghost.write(1)
    names = ["link:hive.example/issue-1", f"guid:{ghost.posts[1].id}"]
    async with Fetcher(timeout_seconds=5, max_bytes=10_000, allow_private_addresses=True) as fetcher:
        asker = HttpIssueAsker(fetcher, reader_of(fetcher), pause_seconds=0)
        url = f"{ghost.url}/issue-1/"
        assert await asker.ask(at(ghost.api), url=url, names=names, credentials=KEY) is Standing.UNKNOWN
        ghost.unpublish(1)
        assert await asker.ask(at(ghost.api), url=url, names=names, credentials=KEY) is Standing.TAKEN_BACK
        assert await asker.ask(at(ghost.feed), url=url, names=names, credentials=None) is Standing.NOTHING_THERE
        with pytest.raises(UnreadableError, match="ghost-key-refused"):
            await asker.ask(at(ghost.api), url=url, names=names, credentials=WRONG)


async def test_long_posts_are_read_like_short_ones(ghost: Ghost, reader: GhostSource) -> None:
    for number in range(1, 20):
        ghost.write(number, body="<p>" + "Wax and honey. " * 2_000 + "</p>")
    issues = (await read(reader, ghost.api)).issues
    assert [issue.title for issue in issues] == [f"Issue {number}" for number in range(19, 4, -1)]


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (b"{", "unreadable-json"),
        (b"[" * 100_000, "unreadable-json"),
        (b"[]", "ghost-no-posts"),
        (b'{"posts": {"id": 1}}', "ghost-no-posts"),
    ],
)
def test_what_is_no_list_of_posts_is_refused(answer: bytes, reason: str) -> None:
    from bot.newsletter.formats.ghost_api import read_posts

    with pytest.raises(UnreadableError, match=reason):
        read_posts(answer)


def test_posts_without_the_usual_fields_break_nothing() -> None:
    from bot.newsletter.formats.ghost_api import read_posts

    odd = b'{"id": 7, "title": 7, "html": 7, "authors": [7], "published_at": "soon", "url": 7, "visibility": 7}'
    issues = read_posts(b'{"posts": [null, "x", [], {}, %s, {"id": "1", "authors": "Ada"}]}' % odd).issues
    assert issues[-1].identities[0] == "guid:1"
