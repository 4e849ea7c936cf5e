"""The newsletter's site: feeds, conditional requests, corrections, and breaking."""

import asyncio
from collections.abc import AsyncIterator

import aiohttp
import feedparser
import pytest
from aiohttp import web

from sandbox import Site
from sandbox.hub import Hub
from sandbox.publication import KEY


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
        assert parsed.entries[0].authors[0]["name"] == "Robin Quill"
        assert (await http.get(parsed.entries[0].link)).status == 200
    items = (await (await http.get(site.json_url)).json(content_type=None))["items"]
    assert [item["title"] for item in items] == titles
    picture = await http.get(items[0]["image"])
    assert (await picture.read()).startswith(b"\x89PNG")


def test_front_matter_names_the_issue_and_is_not_shown() -> None:
    text = "---\ntitle: 'Moss as a clock'\ndescription: Two millimetres\nauthor: Edda\n---\n## The wall\n\nIt grows.\n"
    site = Site()
    post = site.publish_markdown(text)
    assert (post.title, post.subtitle, post.author) == ("Moss as a clock", "Two millimetres", "Edda")
    assert post.slug == site.slug_of(text) == "moss-as-a-clock"
    assert "title:" not in post.html
    assert "<h1>Moss as a clock</h1>" in post.html


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


async def test_a_mended_headline_moves_to_the_address_that_is_made_from_it(
    site: Site, http: aiohttp.ClientSession
) -> None:
    before = site.publish_markdown("# On paprika\n\nAll about paper.\n").slug
    after = site.retitle(before, "paprika", "paper").slug
    assert (before, after) == ("on-paprika", "on-paper")
    [entry] = feedparser.parse(await (await http.get(site.feed_url)).read()).entries
    assert (entry.title, entry.link, entry.id) == ("On paper", site.post_url(after), site.post_url(after))
    assert (await http.get(site.post_url(before))).status == 404
    with pytest.raises(LookupError):
        site.retitle(after, "paprika", "paper")


async def test_the_api_tells_of_one_post_as_long_as_it_is_there(site: Site, http: aiohttp.ClientSession) -> None:
    slug = site.publish_markdown("# On paper\n").slug
    key = {"Authorization": f"Bearer {KEY}"}
    async with http.get(f"{site.api_url}/posts/post_{slug}", headers=key) as answer:
        assert (await answer.json())["data"]["status"] == "confirmed"
    site.withdraw(slug)
    async with http.get(f"{site.api_url}/posts/post_{slug}", headers=key) as answer:
        assert answer.status == 404


async def test_the_rss_feed_may_be_gone_while_the_others_go_on(site: Site, http: aiohttp.ClientSession) -> None:
    site.publish_samples()
    site.break_feed("gone")
    assert [(await http.get(url)).status for url in (site.feed_url, site.atom_url, site.json_url)] == [404, 200, 200]


async def test_whoever_has_the_key_reads_the_publication_as_by_an_api(site: Site, http: aiohttp.ClientSession) -> None:
    site.publish_samples()
    assert (await http.get(site.api_url)).status == 401
    key = {"Authorization": f"Bearer {KEY}"}
    named = await (await http.get(site.api_url, headers=key)).json()
    assert named["data"]["name"] == site.title
    asked = "?order_by=publish_date&direction=desc&limit=2&expand[]=free_web_content"
    answer = await (await http.get(f"{site.api_url}/posts{asked}", headers=key)).json()
    assert [post["title"] for post in answer["data"]] == ["Can a spreadsheet dream?", "A clock with manners"]
    assert answer["data"][0]["content"]["free"]["web"].count("<a href=") >= 15
    bare = await (await http.get(f"{site.api_url}/posts", headers=key)).json()
    assert bare["data"][0]["title"] == "Letters to a robot"
    assert "content" not in bare["data"][0]


async def test_a_hub_tells_who_asked_and_meant_it(http: aiohttp.ClientSession) -> None:
    hub, told = Hub(), asyncio.Event()

    async def answer(request: web.BaseRequest) -> web.Response:
        if request.method == "GET":
            asked = request.query
            return web.Response(text=asked["hub.challenge"] if "yes" in asked["hub.topic"] else "no")
        assert request.headers["X-Hub-Signature"].startswith("sha256=")
        told.set()
        return web.Response(status=410)

    runner = web.ServerRunner(web.Server(answer, access_log=None), shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    callback = f"http://127.0.0.1:{runner.addresses[0][1]}/"
    async with Site(hub=hub) as site:
        for topic in ("no", "yes"):
            form = {"hub.mode": "subscribe", "hub.topic": topic, "hub.callback": callback, "hub.secret": "s"}
            assert (await http.post(f"{site.url}/hub", data=form)).status == 202
        assert (await http.post(f"{site.url}/hub", data={"hub.mode": "publish"})).status == 400
        await hub.until(lambda: hub.subscribers.get("yes"))
        assert not hub.subscribers.get("no")
        hub.tell({"yes": b"news", "no": b"news"})
        await asyncio.wait_for(told.wait(), 30)
        await hub.until(lambda: not hub.subscribers["yes"])
    await runner.cleanup()
