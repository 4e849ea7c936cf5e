"""Feeds: items as issues, identities that last, and what is refused."""

import json
from contextlib import suppress
from pathlib import Path

import pytest

from bot.errors import UnreadableError
from bot.model.issue import Issue
from bot.newsletter import read_feed, read_newsletter

ITEM = (
    "<item><title>Loaf &amp;amp; roll {n}</title><link>https://crumbs.example/p/{n}?utm_source=rss</link>"
    '<guid isPermaLink="false">id-{n}</guid><pubDate>Thu, 12 Jun 2025 08:30:00 +0200</pubDate>'
    "<dc:creator>Ada</dc:creator><description>What rises</description>"
    "<content:encoded><![CDATA[<div class='beehiiv'><style>p{{}}</style><h2>News</h2>"
    "<p>See <a href='https://a.example/{n}'>"
    "the oven</a> and <a href='/p/old'>an old one</a>.</p><div class='beehiiv__footer'>"
    "<a href='https://www.beehiiv.com/?utm_medium=post_rss'>Powered by beehiiv</a></div></div>]]>"
    "</content:encoded></item>"
)
HEAD = (
    '<?xml version="1.0"?><rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/"'
    ' xmlns:dc="http://purl.org/dc/elements/1.1/"><channel><title>Crumbs</title><link>https://crumbs.example/</link>'
)
TAIL = "</channel></rss>"


def rss(*items: str) -> bytes:
    return (HEAD + "".join(items) + TAIL).encode()


def test_an_item_is_an_issue() -> None:
    feed = read_feed(rss(ITEM.format(n=1), ITEM.format(n=2)))
    assert (feed.title, feed.home_url, feed.torn, len(feed.issues)) == ("Crumbs", "https://crumbs.example/", False, 2)
    issue = feed.issues[0]
    assert issue.title == "Loaf & roll 1"
    assert issue.subtitle == "What rises"
    assert issue.url == "https://crumbs.example/p/1"
    assert issue.authors == ("Ada",)
    assert issue.published_at is not None
    assert issue.published_at.isoformat() == "2025-06-12T06:30:00+00:00"
    assert [(link.key, link.section) for link in issue.links] == [("a.example/1", "News")]
    assert issue.identities[:2] == ("guid:id-1", "link:crumbs.example/p/1")
    assert issue.identities[2].startswith("content:")


def test_untitled_and_undated_items_work() -> None:
    feed = read_feed(rss("<item><description>Rye is back, &lt;b&gt;again&lt;/b&gt;. Really.</description></item>"))
    assert feed.issues[0].title == "Rye is back, again."
    assert feed.issues[0].published_at is None


def test_long_identities_are_told_apart_by_their_end() -> None:
    feed = read_feed(rss(*(ITEM.format(n=n).replace(f">id-{n}<", f">{'id ' * 300}{n}<") for n in (1, 2))))
    first, second = (issue.identities[0] for issue in feed.issues)
    assert first.startswith("guid:id id")
    assert first != second
    assert len(first) <= 505


def test_the_same_words_on_different_days_are_different_issues() -> None:
    items = [
        f"<item><title>Open thread</title><guid isPermaLink='false'>t-{day}</guid><description>Talk.</description>"
        f"<pubDate>0{day} Mar 2026 10:00:00 GMT</pubDate></item>"
        for day in (2, 9)
    ]
    issues = read_feed(f"<rss version='2.0'><channel><title>x</title>{''.join(items)}</channel></rss>".encode()).issues
    assert [issue.identities for issue in issues] == [("guid:t-2",), ("guid:t-9",)]


def test_every_issue_keeps_a_name() -> None:
    item = "<item><title>Open thread</title>{guid}<pubDate>{day} Mar 2026 10:00:00 GMT</pubDate></item>"
    first = item.format(day="02", guid="<guid isPermaLink='false'>t</guid>")
    issues = read_feed(rss(first, item.format(day="09", guid=""))).issues
    assert [len(issue.identities) for issue in issues] == [1, 1]
    assert len({issue.identities for issue in issues}) == 2


def test_an_identity_that_different_items_share_is_none() -> None:
    feed = read_feed(rss(ITEM.format(n=1), ITEM.format(n=2).replace("id-2", "id-1")))
    assert all("guid:id-1" not in issue.identities for issue in feed.issues)
    assert all(any(identity.startswith("link:") for identity in issue.identities) for issue in feed.issues)


def test_a_torn_feed_gives_its_whole_items_only() -> None:
    whole = rss(ITEM.format(n=1), ITEM.format(n=2))
    for cut in range(whole.index(b"id-2"), whole.rindex(b"</item>"), 40):
        feed = read_feed(whole[:cut])
        assert feed.torn
        assert [issue.identities[0] for issue in feed.issues] == ["guid:id-1"]


def test_a_feed_torn_in_its_first_item_is_refused() -> None:
    whole = rss(ITEM.format(n=1))
    with pytest.raises(UnreadableError, match="unreadable-torn"):
        read_feed(whole[: whole.index(b"id-1")])


def test_an_empty_feed_is_a_feed_but_no_issue() -> None:
    assert read_feed(rss()).issues == ()
    with pytest.raises(UnreadableError, match="unreadable-no-items"):
        read_newsletter(rss(), source="feed.xml")


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "empty"),
        (b" \n\t", "empty"),
        (b"\xef\xbb\xbf", "empty"),
        (b"\x89PNG\r\n\x1a\n123", "PNG"),
        (b"\x1f\x8b\x08\x00", "gzip"),
        (b"%PDF-1.7", "PDF"),
        (bytes(range(256)) * 20, "binary"),
        (b"<!doctype html><title>Log in</title>", "unreadable-page"),
        (b"<html><body>Just a moment...</body></html>", "unreadable-page"),
        (b"just some words", "unreadable-plain"),
        (b'{"error": "not found"}', "unreadable-no-json-feed"),
        (b'{"items": [{"id": "1", "content_te', "unreadable-json"),
    ],
)
def test_what_is_no_feed_is_named(content: bytes, sentence: str) -> None:
    with pytest.raises(UnreadableError, match=sentence):
        read_feed(content)


def test_atom_with_unusual_content_type_and_a_comment_before_the_prolog() -> None:
    feed = read_feed(
        b"<!-- made by hand -->\n<?xml version='1.0'?><feed xmlns='http://www.w3.org/2005/Atom'><title>Crumbs</title>"
        b"<link href='https://crumbs.example/'/><entry><id>tag:1</id><title type='html'>Rye &amp;lt;3</title>"
        b"<updated>2024-02-03T04:05:06Z</updated><content type='CDATA'><![CDATA[<p><a href='https://a.example/'>oven</a>"
        b"</p>]]></content></entry></feed>"
    )
    assert feed.issues[0].title == "Rye <3"
    assert [link.key for link in feed.issues[0].links] == ["a.example"]


def test_json_feed() -> None:
    data = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": "Crumbs",
        "home_page_url": "https://crumbs.example/",
        "items": [
            {
                "id": 7,
                "url": "https://crumbs.example/p/7",
                "title": "Seven",
                "content_html": "<p><a href='https://a.example/7'>oven</a></p>",
                "date_published": "2024-02-03T04:05:06+01:00",
                "authors": [{"name": "Ada"}, {"name": "Ada"}],
            },
            {"id": "8", "content_text": "Only words here. And more."},
            "not an item",
        ],
    }
    issues = read_newsletter(json.dumps(data).encode(), source="https://crumbs.example/feed.json")
    assert [issue.title for issue in issues] == ["Seven", "Only words here."]
    assert issues[0].identities[:2] == ("guid:7", "link:crumbs.example/p/7")
    assert issues[0].authors == ("Ada",)
    assert issues[0].published_at is not None
    assert issues[0].published_at.isoformat() == "2024-02-03T03:05:06+00:00"


def test_a_paid_post_that_breaks_off_is_marked() -> None:
    body = "<p>A free beginn</p><p>\n<a href='https://crumbs.example/p/1'>\nRead more\n</a>\n</p>"
    feed = read_feed(rss(f"<item><title>One</title><content:encoded><![CDATA[{body}]]></content:encoded></item>"))
    assert feed.issues[0].paywalled


def test_real_feeds_give_issues(corpus: Path) -> None:
    expected = {"adventuroussystems.substack.xml": 2, "ghost-changelog-4.18.xml": 1, "wordpress-untitled.rss": 10}
    for path in sorted((corpus / "feeds").iterdir()):
        issues = read_newsletter(path.read_bytes(), source=str(path))
        assert issues
        assert all(issue.title for issue in issues)
        assert len(issues) >= expected.get(path.name, 1)


def test_torture_feeds_give_issues_or_a_sentence(corpus: Path) -> None:
    readable = 0
    for path in sorted((corpus / "torture").rglob("*.xml")):
        content = path.read_bytes()
        with suppress(UnreadableError):
            readable += bool(read_newsletter(content, source=str(path)))
        for cut in range(0, len(content), max(1, len(content) // 5)):
            with suppress(UnreadableError):
                read_feed(content[:cut])
    assert readable > 30


@pytest.mark.parametrize("seen_as", ["mac_roman", "latin-1"])
def test_misread_text_is_put_right_in_feeds_too(seen_as: str) -> None:
    def misread(text: str) -> str:
        return text.encode().decode(seen_as)

    feed = f"""<?xml version="1.0" encoding="utf-8"?><rss version="2.0"><channel><title>Paper</title>
<link>https://paper.example</link><item><title>{misread("Tea — and “ink”")}</title><guid>1</guid>
<link>https://paper.example/1</link><description><![CDATA[<h2>{misread("🫦 Bites")}</h2>
<p>A sound line.</p><p><a href="https://cup.example/">{misread("A cup’s tale")}</a></p>]]></description>
</item></channel></rss>"""
    (issue,) = read_feed(feed.encode()).issues
    assert issue.title == "Tea — and “ink”"
    assert [(link.section, link.title) for link in issue.links] == [("🫦 Bites", "A cup’s tale")]


HUBBED = (
    b'<rss version="2.0" xmlns:atom="http://www.w3.org/2005/Atom"><channel><title>T</title><link>https://t.example/</link>'
    b'<atom:link rel="hub" href="%s"/><atom:link rel="self" href="/feed"/><item><title>One</title>'
    b"<guid>1</guid></item></channel></rss>"
)


@pytest.mark.parametrize(
    ("content", "hub", "own"),
    [
        (HUBBED % b"https://hub.example/", "https://hub.example/", "https://t.example/feed"),
        (HUBBED % b"javascript:alert(1)", None, "https://t.example/feed"),
        (
            (
                b'<feed xmlns="http://www.w3.org/2005/Atom"><title>T</title><link rel="hub" href="https://hub.example/a"/>'
                b'<link rel="hub" href="https://hub.example/b"/><entry><id>1</id><title>One</title></entry></feed>'
            ),
            "https://hub.example/a",
            None,
        ),
        (
            (
                b'{"version": "https://jsonfeed.org/version/1.1", "feed_url": "https://t.example/f", "items": [],'
                b' "hubs": [5, {"type": "rssCloud", "url": "https://cloud.example/"},'
                b' {"type": "WebSub", "url": "https://hub.example/"}]}'
            ),
            "https://hub.example/",
            "https://t.example/f",
        ),
        (b'{"version": "1", "items": [], "hubs": {"type": "WebSub"}}', None, None),
    ],
    ids=["rss", "no web address", "atom", "json", "json of another shape"],
)
def test_a_feed_says_who_tells_of_what_is_new(content: bytes, hub: str | None, own: str | None) -> None:
    feed = read_feed(content, base_url="https://t.example/f.xml")
    assert (feed.hub_url, feed.self_url) == (hub, own)


def json_issue(**item: str) -> Issue:
    feed = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": "Crumbs",
        "home_page_url": "https://crumbs.example/",
        "feed_url": "https://crumbs.example/feed.json",
        "items": [{"id": "1", "url": "https://crumbs.example/1", "title": "Loaves", **item}],
    }
    (issue,) = read_feed(json.dumps(feed).encode()).issues
    return issue


def test_addresses_and_markdown_links_in_plain_text_are_links() -> None:
    issue = json_issue(
        content_text="Read [the rye](https://a.example/rye_(bread)?a=1&b=2) <b>now</b>.\n\nOr https://b.example/oats."
    )
    assert [(link.url, link.text) for link in issue.links] == [
        ("https://a.example/rye_(bread)?a=1&b=2", "the rye"),
        ("https://b.example/oats", "https://b.example/oats"),
    ]


def test_what_an_item_is_about_is_its_first_link() -> None:
    issue = json_issue(
        external_url="https://a.example/rye?utm_source=x", content_html="<p><a href='https://b.example/'>Oats</a></p>"
    )
    assert [(link.url, link.title) for link in issue.links] == [
        ("https://a.example/rye", "Loaves"),
        ("https://b.example/", "Oats"),
    ]


@pytest.mark.parametrize(
    "external", ["https://crumbs.example/2", "https://discord.gg/x", "nonsense", "mailto:a@b.example"]
)
def test_what_an_item_is_about_counts_only_elsewhere(external: str) -> None:
    assert json_issue(external_url=external, content_html="<p>Oats</p>").links == ()


def test_footnotes_made_absolute_against_the_feed_are_no_content() -> None:
    body = (
        "<p>A loaf<a href='https://buttondown.com/crumbs/rss#fn:1'>1</a> and "
        "<a href='https://buttondown.com/crumbs/archive/x/#fn:2'>2</a> <a href='https://a.example/1'>rye</a></p>"
        "<p>See <a href='https://buttondown.com/crumbs/rss#fnref:1'>back</a></p>"
    )
    feed = (
        "<rss version='2.0'><channel><title>Crumbs</title><link>https://buttondown.com/crumbs</link><item><title>Loaves"
        "</title><link>https://buttondown.com/crumbs/archive/x/</link><description><![CDATA["
        f"{body}]]></description></item></channel></rss>"
    )
    for base in (None, "https://buttondown.com/crumbs/rss"):
        (issue,) = read_feed(feed.encode(), base_url=base).issues
        assert [link.key for link in issue.links] == ["a.example/1"]


def _names(*items: tuple[str, str], home: str = "https://paper.example/") -> list[list[str]]:
    """By what each item (guid, link) of a feed is known, its text apart."""
    listed = "".join(
        f"<item><title>T{n}</title><guid>{guid}</guid><link>{link}</link><description>D{n}</description></item>"
        for n, (guid, link) in enumerate(items)
    )
    feed = f"<rss version='2.0'><channel><title>Paper</title><link>{home}</link>{listed}</channel></rss>"
    return [list(issue.identities[:-1]) for issue in read_feed(feed.encode()).issues]


def test_an_item_that_links_to_the_home_page_is_known_by_its_guid() -> None:
    assert _names(("a", "https://paper.example/")) == [["guid:a"]]


@pytest.mark.parametrize("route", ["#/post/1", "#!/post/1"])
def test_a_page_behind_a_fragment_is_a_page_of_its_own(route: str) -> None:
    assert _names(("a", f"https://paper.example/{route}")) == [["guid:a", f"link:paper.example{route}"]]


def test_a_comment_on_an_issue_is_not_that_issue() -> None:
    assert _names(("c", "https://paper.example/1#comment-13")) == [["guid:c"]]


def test_an_item_of_a_link_blog_is_not_known_by_the_page_it_writes_about() -> None:
    assert _names(
        ("a", "https://bbc.example/story"),
        ("b", "https://paper.example/2"),
        ("c", "https://paper.example/3"),
    ) == [["guid:a"], ["guid:b", "link:paper.example/2"], ["guid:c", "link:paper.example/3"]]
    assert _names(("a", "https://bbc.example/story")) == [["guid:a"]]


def test_a_newsletter_whose_feed_names_another_home_keeps_its_addresses() -> None:
    items = [(str(number), f"https://new.example/{number}") for number in range(3)]
    assert _names(*items, home="https://paper.example/") == [
        [f"guid:{number}", f"link:new.example/{number}"] for number in range(3)
    ]


@pytest.mark.parametrize(
    ("generator", "home", "api"),
    [
        ("Ghost 6.65", "https://hive.example/", "https://hive.example/ghost/api/content/"),
        ("Ghost 4.18", "https://hive.example/blog", "https://hive.example/blog/ghost/api/content/"),
        ("Ghostwriter 1", "https://hive.example/", None),
        ("WordPress", "https://hive.example/", None),
        ("Ghost 6.65", "", None),
        ("Ghost 6.65", f"https://hive.example/{'a' * 1_500}", None),
    ],
    ids=range(6),
)
def test_the_feed_of_a_ghost_site_says_where_its_api_is(generator: str, home: str, api: str | None) -> None:
    feed = f"<rss version='2.0'><channel><title>T</title><link>{home}</link><generator>{generator}</generator>"
    assert read_feed(f"{feed}<item><title>A</title></item></channel></rss>".encode()).api_url == api
