"""Whatever the bytes are: issues or a sentence, never another exception."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.errors import UnreadableError
from bot.model.issue import Issue
from bot.newsletter import clean_url, issue_as_json, link_key, read_feed, read_newsletter

PIECES = [
    "# ", "### ", "\n\n", "\n", "- ", "**", "\\*\\*", "[link](", "](https://a.example/b?utm_source=c)", ")",
    "![", "<", ">", "<a href='https://a.example/1'>", "</a>", "<p>", "<li>", "<ul>", "<table><tr><td>", "<h2>",
    "<mark>", "<br>", "<hr>", "<img src='x.png'>", "<!--", "-->", "<![CDATA[", "]]>", "&amp;", "&#0;", "&",
    "||\n|:---|\n", "(/login)", "[Login](/login) or [Subscribe](/s) to participate in polls.", "<rss><channel>",
    "<item><title>", "</title></item>", "</channel></rss>", "<feed xmlns='http://www.w3.org/2005/Atom'><entry>",
    "</entry></feed>", '{"items": [', '{"id": 1}', "]}", "Prompt: List the topics in today’s email:",
    "from our sponsor", "1/", "🍞", "\u200d", "\u200b", "\x02", "\x00", "\ufeff",
    "Subscribe to X to read the rest", "By Ada", "May 03, 2023", "here", "link", "a b c. D e f!", "é", "\ud7ff",
]  # fmt: skip

documents = st.one_of(
    st.binary(max_size=400),
    st.text(max_size=400).map(lambda text: text.encode("utf-8", "replace")),
    st.lists(st.sampled_from(PIECES), max_size=40).map(lambda pieces: "".join(pieces).encode()),
    st.tuples(
        st.sampled_from([b"<rss>", b"<feed>", b"{", b"<html>", b"\xff\xfe", b"\xfe\xff"]), st.binary(max_size=200)
    ).map(b"".join),
)
names = st.sampled_from(["x", "x.md", "x.html", "https://a.example/feed.xml", "x.json"])
types = st.sampled_from(
    [None, "text/html", "text/html; charset=utf-16", "application/rss+xml; charset=nonsense", "rot13"]
)


def strings(value: Any) -> Iterator[str]:
    """Every text in an issue, however deep."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from strings(inner)
    elif isinstance(value, (list, tuple)):
        for inner in value:
            yield from strings(inner)


def assert_storable(issue: Issue) -> None:
    """PostgreSQL takes no NUL, UTF-8 no half of a surrogate pair; indexes want short keys."""
    for text in strings(asdict(issue)):
        text.encode()
        assert "\0" not in text
    assert all(len(identity) <= 505 for identity in issue.identities)
    for link in issue.links:
        assert len(link.key) <= 500
        assert len(link.url) <= 2_000
    for url in (issue.url, issue.image_url, *[image.url for image in issue.images]):
        assert url is None or len(url) <= 2_000


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(content=documents, source=names, content_type=types)
def test_anything_gives_issues_or_a_sentence(content: bytes, source: str, content_type: str | None) -> None:
    try:
        issues = read_newsletter(content, source=source, content_type=content_type)
    except UnreadableError:
        return
    assert issues
    for issue in issues:
        assert issue.title
        assert issue.identities
        issue_as_json(issue, source=source)
        assert_storable(issue)
        for link in issue.links:
            assert link.url.startswith(("http://", "https://"))
            assert link.key
            assert 0 < len(link.title) <= 300
            assert "\n" not in link.title + link.text + link.excerpt


odd_texts = st.one_of(
    st.text(st.characters(codec=None), max_size=60),
    st.lists(
        st.sampled_from(["\0", "\ud83e", "\udd79", "&#0;", "&#xD800;", "%00", "a", "é", "<b>", "x" * 700]), max_size=8
    ).map("".join),
)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(a=odd_texts, b=odd_texts, c=odd_texts)
def test_every_text_can_be_stored(a: str, b: str, c: str) -> None:
    body = (
        f"<h2>{a}</h2><p>{b} <a href='https://a.example/{a}?{c}'>{b}</a><img src='/{c}' alt='{a}'></p><ul><li>"
        f"<a href='/1'>{a}x</a></li><li><a href='/2'>{b}y</a></li></ul><p>Login to participate in polls.</p>"
    )
    item = {
        "id": a + b,
        "url": f"https://c.example/{a}?b={b}",
        "title": b,
        "summary": c,
        "content_html": body,
        "image": f"https://d.example/{c}",
        "authors": [{"name": a}],
    }
    feed = {"title": a, "home_page_url": f"https://c.example/{b}", "items": [item, {"id": c, "content_text": a + c}]}
    entry = f"<item><title>{a}</title><guid>{b}</guid><link>https://c.example/{c}</link></item>"
    for content, source in (
        (json.dumps(feed).encode(), "https://c.example/feed.json"),
        (f"<rss version='2.0'><channel>{entry}</channel></rss>".encode("utf-8", "surrogatepass"), "feed.xml"),
        (body.encode("utf-8", "surrogatepass"), "issue.html"),
        (f"# {a}\n\n{b} [{c}](https://a.example/{a})".encode("utf-8", "surrogatepass"), "issue.md"),
    ):
        with suppress(UnreadableError):
            for issue in read_newsletter(content, source=source):
                assert_storable(issue)


@settings(max_examples=200, deadline=None)
@given(content=documents)
def test_a_poller_gets_a_feed_or_a_sentence(content: bytes) -> None:
    with suppress(UnreadableError):
        assert isinstance(read_feed(content).issues, tuple)


@settings(max_examples=400, deadline=None)
@given(st.one_of(st.text(max_size=100), st.from_regex(r"https?://[a-z./?&=%#\[\]@:]{0,40}", fullmatch=True)))
def test_a_shown_address_is_stable_and_keeps_its_key(raw: str) -> None:
    shown = clean_url(raw)
    if shown is not None:
        assert shown.startswith(("http://", "https://"))
        assert clean_url(shown) == shown
        shown.encode()
        assert link_key(shown) == link_key(raw)


def test_importing_the_package_loads_no_parser() -> None:
    code = "import sys, bot.newsletter; print(sorted({'feedparser', 'pyromark', 'selectolax'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
