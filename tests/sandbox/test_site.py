"""The newsletter's site: feeds, conditional requests, corrections, and breaking."""

from collections.abc import AsyncIterator

import aiohttp
import feedparser
import pytest

from sandbox import Site


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    async with Site() as one:
        yield one


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


async def test_the_samples_stand_in_all_three_feeds(site: Site, http: aiohttp.ClientSession) -> None:
    site.publish_samples()
    titles = ["Can a spreadsheet dream?", "A clock with manners", "Letters to a robot"]
    for url in (site.feed_url, site.atom_url):
        parsed = feedparser.parse(await (await http.get(url)).read())
        assert not parsed.bozo
        assert [entry.title for entry in parsed.entries] == titles
        assert "Formulas that explain themselves" in parsed.entries[0].summary
        html = parsed.entries[0].content[0].value
        assert html.count("<a href=") >= 15
        assert "participate in polls" in html
        assert parsed.entries[0].author == "Robin Quill"
        assert (await http.get(parsed.entries[0].link)).status == 200
    items = (await (await http.get(site.json_url)).json(content_type=None))["items"]
    assert [item["title"] for item in items] == titles
    picture = await http.get(items[0]["image"])
    assert (await picture.read()).startswith(b"\x89PNG")


async def test_an_unchanged_feed_is_a_304(site: Site, http: aiohttp.ClientSession) -> None:
    site.publish_samples()
    first = await http.get(site.feed_url)
    tag, moment = first.headers["ETag"], first.headers["Last-Modified"]
    assert (await http.get(site.feed_url, headers={"If-None-Match": tag})).status == 304
    assert (await http.get(site.feed_url, headers={"If-Modified-Since": moment})).status == 304
    site.correct("issue", "spreadsheet dream", "spreadsheet sleep")
    again = await http.get(site.feed_url, headers={"If-None-Match": tag, "If-Modified-Since": moment})
    assert again.status == 200
    assert "Can a spreadsheet sleep?" in await again.text()
    assert site.requests["/feed.xml"] == 4
    assert site.conditional["/feed.xml"] == 3
    assert site.not_modified["/feed.xml"] == 2


async def test_a_withdrawn_issue_is_gone(site: Site, http: aiohttp.ClientSession) -> None:
    post = site.publish_markdown("# Hello\n\n### One 🙂 Two\n\nText with a [link](https://example.com).")
    assert (post.slug, post.title, post.subtitle) == ("hello", "Hello", "One 🙂 Two")
    assert (await http.get(site.post_url("hello"))).status == 200
    site.withdraw("hello")
    assert (await http.get(site.post_url("hello"))).status == 404
    assert feedparser.parse(await (await http.get(site.feed_url)).read()).entries == []
    with pytest.raises(KeyError):
        site.correct("hello", "a", "b")


async def test_the_feed_breaks_as_told_and_mends(site: Site, http: aiohttp.ClientSession) -> None:
    site.publish_samples()
    whole = await (await http.get(site.feed_url)).read()
    site.break_feed("html", times=1)
    assert "text/html" in (await http.get(site.feed_url)).headers["Content-Type"]
    assert await (await http.get(site.feed_url)).read() == whole
    site.break_feed("empty")
    assert await (await http.get(site.feed_url)).read() == b""
    site.break_feed("cut")
    assert await (await http.get(site.feed_url)).read() == whole[: len(whole) // 2]
    site.break_feed("error")
    assert (await http.get(site.feed_url)).status == 500
    site.break_feed("slow")
    with pytest.raises(TimeoutError):
        await http.get(site.feed_url, timeout=aiohttp.ClientTimeout(total=0.05))
    site.mend()
    assert (await http.get(site.feed_url)).status == 200


async def test_correcting_what_does_not_stand_there_is_an_error(site: Site) -> None:
    site.publish_samples()
    with pytest.raises(LookupError, match="does not stand"):
        site.correct("issue", "no such words", "x")
