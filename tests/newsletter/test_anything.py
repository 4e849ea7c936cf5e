"""Whatever the bytes are: issues or a sentence, never another exception."""

import subprocess
import sys
from contextlib import suppress

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.errors import UnreadableError
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
        data = issue_as_json(issue, source=source)
        str(data).encode()
        for link in issue.links:
            assert link.url.startswith(("http://", "https://"))
            assert link.key
            assert 0 < len(link.title) <= 300
            assert "\n" not in link.title + link.text + link.excerpt


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
        assert link_key(shown) == link_key(raw)


def test_importing_the_package_loads_no_parser() -> None:
    code = "import sys, bot.newsletter; print(sorted({'feedparser', 'markdown_it', 'selectolax'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
