"""Where addresses in a document lead: through FeedBurner, from its own page on, to a video that is embedded."""

import json
import time

import pytest

from bot.model.issue import Issue
from bot.newsletter import read_newsletter
from bot.newsletter.markup.players import EMBEDS, with_links_of_videos

OPEN = (
    '<rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/"'
    ' xmlns:feedburner="http://rssnamespace.org/feedburner/ext/1.0" xmlns:pheedo="http://www.pheedo.com/namespace/pheedo">'
)


def rss(item: str, *, home: str = "<link>https://lamp.example/</link>") -> bytes:
    return f"{OPEN}<channel><title>The Lamp Post</title>{home}<item>{item}</item></channel></rss>".encode()


def issue_of(content: bytes, base_url: str | None = None) -> Issue:
    (issue,) = read_newsletter(content, source="feed.xml", base_url=base_url)
    return issue


def body(html: str) -> str:
    return f"<content:encoded><![CDATA[{html}]]></content:encoded>"


@pytest.mark.parametrize("element", ["feedburner:origLink", "pheedo:origLink"])
@pytest.mark.parametrize("base_url", [None, "https://feeds.example/lamp.xml"])
def test_an_item_of_feedburner_has_the_address_that_it_had_before(element: str, base_url: str | None) -> None:
    item = (
        "<title>Three</title><link>http://feedproxy.google.com/~r/lamp/~3/AbC/</link><guid>tag:lamp.example,3</guid>"
        f"<{element}>https://lamp.example/blog/three/</{element}>" + body('<p>A <a href="../two/">story</a> here</p>')
    )
    issue = issue_of(rss(item), base_url)
    assert issue.url == "https://lamp.example/blog/three/"
    assert issue.identities[:3] == (
        "guid:tag:lamp.example,3",
        "link:lamp.example/blog/three",
        "link:feedproxy.google.com/~r/lamp/~3/AbC",
    )


@pytest.mark.parametrize("word", ["N/A", "n/a", "none", "null", "undefined", " N/A "])
@pytest.mark.parametrize("base_url", [None, "https://feeds.example/lamp.xml"])
def test_a_word_for_no_address_is_none(word: str, base_url: str | None) -> None:
    item = f"<title>Three</title><link>{word}</link><guid>{word}</guid>" + body(
        f'<p>A <a href="{word}">story</a> and <a href="https://b.example/2">a loaf</a></p>'
    )
    issue = issue_of(rss(item), base_url)
    assert issue.url is None
    assert [link.url for link in issue.links] == ["https://b.example/2"]
    assert not any(name.startswith("link:") for name in issue.identities)


def test_a_word_for_no_address_is_none_in_json() -> None:
    feed = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": "Lamp",
        "home_page_url": "https://lamp.example/",
        "items": [{"id": "1", "url": "N/A", "title": "Three", "content_html": '<p>A <a href="undefined">x</a> y</p>'}],
    }
    issue = issue_of(json.dumps(feed).encode())
    assert (issue.url, issue.links) == (None, ())


@pytest.mark.parametrize("base_url", [None, "https://feeds.example/deep/lamp.xml", "https://lamp.example/feed/rss.xml"])
def test_relative_addresses_start_from_the_items_own_page(base_url: str | None) -> None:
    item = "<title>Three</title><link>https://lamp.example/blog/three/</link><guid>3</guid>" + body(
        '<p><img src="bridge.png" alt="A bridge" width="900"></p>'
        '<p>A <a href="https://b.example/2">loaf</a> of <a href="//c.example/x">bread</a></p>'
    )
    issue = issue_of(rss(item), base_url)
    assert [image.url for image in issue.images] == ["https://lamp.example/blog/three/bridge.png"]
    assert [link.url for link in issue.links] == ["https://b.example/2", "https://c.example/x"]


@pytest.mark.parametrize("base_url", [None, "https://feeds.example/deep/lamp.xml"])
def test_a_base_that_is_written_in_a_feed_counts(base_url: str | None) -> None:
    content = rss("<title>Three</title><guid>3</guid>" + body('<img src="a.png" width="900">')).replace(
        b"<item>", b'<item xml:base="https://cdn.example/3/"><link>three/</link>'
    )
    issue = issue_of(content, base_url)
    assert issue.url == "https://cdn.example/3/three/"
    assert issue.images[0].url == "https://cdn.example/3/a.png"


@pytest.mark.parametrize("base_url", [None, "https://feeds.example/deep/lamp.xml"])
def test_a_relative_address_of_an_item_starts_from_the_home_page(base_url: str | None) -> None:
    issue = issue_of(
        rss("<title>Three</title><link>/blog/three/</link><guid>3</guid>" + body("<p>Some words</p>")), base_url
    )
    assert issue.url == "https://lamp.example/blog/three/"


@pytest.mark.parametrize("base_url", [None, "https://feeds.example/deep/lamp.xml"])
def test_relative_addresses_of_a_link_blog_start_from_its_home_page(base_url: str | None) -> None:
    item = "<title>Three</title><link>https://somebody.example/story/</link><guid>3</guid>"
    issue = issue_of(rss(item + body('<img src="/a.png" width="900"><p>Words</p>')), base_url)
    assert issue.images[0].url == "https://lamp.example/a.png"


def test_a_page_may_say_where_its_relative_addresses_start() -> None:
    page = (
        '<html><head><base href="https://cdn.example/3/"><title>Three</title>'
        '<link rel="canonical" href="https://lamp.example/three"></head>'
        '<body><p>A <a href="x">story</a> is told</p></body></html>'
    )
    (issue,) = read_newsletter(page.encode(), source="x.html", base_url="https://lamp.example/three?x=1")
    assert [link.url for link in issue.links] == ["https://cdn.example/3/x"]


SPECIMENS = [(embedded, watched) for each in EMBEDS for embedded, watched in each.specimens]


@pytest.mark.parametrize(("embedded", "watched"), SPECIMENS)
def test_an_embedded_video_is_a_link_to_where_it_is_watched(embedded: str, watched: str) -> None:
    issue = issue_of(
        rss(
            "<title>Three</title><link>https://lamp.example/3</link><guid>3</guid>"
            + body(
                '<p>Before <a href="https://b.example/2">it</a></p>'
                f'<p><iframe width="560" src="{embedded}"></iframe></p>'
            )
        )
    )
    assert [link.url for link in issue.links] == ["https://b.example/2", watched]
    assert issue.links[1].title


@pytest.mark.parametrize("embedded", [other for each in EMBEDS for other in each.others])
def test_what_only_looks_like_an_embedded_video_is_none(embedded: str) -> None:
    frame = f'<iframe src="{embedded}"></iframe>'
    assert with_links_of_videos(frame) == frame


def test_every_rule_for_embeds_says_where_it_is_from_and_what_it_means() -> None:
    for each in EMBEDS:
        assert each.source.startswith("https://")
        assert each.specimens
        assert each.others


@pytest.mark.parametrize(
    ("html", "watched"),
    [
        (
            "<iframe data-src='https://www.youtube.com/embed/dQw4w9WgXcQ' loading=lazy></iframe>",
            "youtube.com/watch?v=dQw4w9WgXcQ",
        ),
        ("<IFRAME SRC=//player.vimeo.com/video/76979871></IFRAME>", "vimeo.com/76979871"),
        ('<lite-youtube videoid="dQw4w9WgXcQ"></lite-youtube>', "youtube.com/watch?v=dQw4w9WgXcQ"),
        ('<amp-youtube data-videoid="dQw4w9WgXcQ"></amp-youtube>', "youtube.com/watch?v=dQw4w9WgXcQ"),
        ('<video controls src="//lamp.example/media/lamp.mp4"></video>', "lamp.example/media/lamp.mp4"),
        (
            '<figure><video controls><source src="https://cdn.example/lamp.webm" type="video/webm"></video></figure>',
            "cdn.example/lamp.webm",
        ),
        (
            '<iframe title="Rye > oats" src="https://www.youtube.com/embed/dQw4w9WgXcQ"></iframe>',
            "youtube.com/watch?v=dQw4w9WgXcQ",
        ),
        (
            "<iframe title=Rye's src=https://www.youtube.com/embed/dQw4w9WgXcQ></iframe><p>It's it</p>",
            "youtube.com/watch?v=dQw4w9WgXcQ",
        ),
        (
            (
                '<p><a href="https://vimeo.com/76979871?share=copy#t=5">film</a></p>'
                '<iframe src="//player.vimeo.com/video/76979871"></iframe>'
            ),
            "vimeo.com/76979871?share=copy",
        ),
        ('<video src="blob:x"><img src="/a.png"><source src="//b.example/1.mp4"></video>', "b.example/1.mp4"),
        ("<video controls src='https://b.example/my film.mp4'></video>", "b.example/my%20film.mp4"),
        ('<iframe src=" https://player.vimeo.com/video/76979871?title=a b "></iframe>', "vimeo.com/76979871"),
        (
            '<iframe src="about:blank" data-src="https://www.youtube.com/embed/dQw4w9WgXcQ"></iframe>',
            "youtube.com/watch?v=dQw4w9WgXcQ",
        ),
        (
            '<iframe data-x=" src=//streamable.com/e/no" src="https://streamable.com/e/moo4x"></iframe>',
            "streamable.com/moo4x",
        ),
        (
            '<iframe src="https://cdn.embedly.com/widgets/media.html?url=https%3A%2F%2Fb.example%2Fa%252520b"></iframe>',
            "b.example/a%2520b",
        ),
        (
            f'<iframe src="//cdn.embedly.com/widgets/media.html?{"a&" * 60}url=https%3A%2F%2Fb.example%2F1"></iframe>',
            "b.example/1",
        ),
    ],
)
def test_a_video_is_a_link_however_it_is_embedded(html: str, watched: str) -> None:
    page = f"<h1>Three</h1><p>Some words to begin with.</p>{html}<p>And some words after it.</p>"
    (issue,) = read_newsletter(page.encode(), source="x.html", base_url="https://news.example/3")
    assert [link.key for link in issue.links] == [watched]


@pytest.mark.parametrize(
    "html",
    [
        '<video autoplay loop muted src="/media/moves.mp4"></video>',
        '<video src="blob:https://lamp.example/1"></video>',
        '<iframe src="https://ads.example/frame"></iframe>',
        "<pre>&lt;iframe src=&quot;https://www.youtube.com/embed/dQw4w9WgXcQ&quot;&gt;</pre>",
    ],
)
def test_what_moves_by_itself_and_other_frames_are_no_links(html: str) -> None:
    page = f"<h1>Three</h1><p>Some words to begin with.</p>{html}<p>And some words after it.</p>"
    (issue,) = read_newsletter(page.encode(), source="x.html", base_url="https://news.example/3")
    assert issue.links == ()


def test_a_video_with_a_link_beside_it_counts_once() -> None:
    page = (
        '<h1>Three</h1><p>See <a href="https://www.youtube.com/watch?v=dQw4w9WgXcQ">the talk</a> here.</p>'
        '<iframe title="YouTube video player" src="https://www.youtube.com/embed/dQw4w9WgXcQ?rel=0"></iframe>'
    )
    (issue,) = read_newsletter(page.encode(), source="x.html")
    assert [link.text for link in issue.links] == ["the talk"]


@pytest.mark.parametrize(
    "link",
    [
        "<a href='https://www.youtube.com/watch?v=dQw4w9WgXcQ'>the talk</a>",
        "<a class=x href=https://youtu.be/dQw4w9WgXcQ>the talk</a>",
        '<a href="http://m.youtube.com/watch?v=dQw4w9WgXcQ&amp;feature=share">the talk</a>',
        '<a href="https://www.youtube.com/shorts/dQw4w9WgXcQ?utm_source=x">the talk</a>',
        '<a href="https://youtu.be/dQw4w9WgXcQ?t=42">the talk</a>',
        '<a href="https://www.youtube.com/watch?list=PL12&amp;t=30s&amp;v=dQw4w9WgXcQ">the talk</a>',
    ],
)
def test_a_video_that_is_linked_in_another_spelling_counts_once(link: str) -> None:
    frame = '<iframe src="https://www.youtube.com/embed/dQw4w9WgXcQ"></iframe>'
    page = f"<h1>Three</h1><p>See {link} here.</p>{frame}{frame.replace('.com', '-nocookie.com')}"
    (issue,) = read_newsletter(page.encode(), source="x.html")
    assert [link.text for link in issue.links] == ["the talk"]


@pytest.mark.parametrize(
    "piece", ["<iframe src=//", "<iframe ", "<video ", "<video>", "<video><source ", "<iframe src='//a"]
)
def test_frames_that_never_end_cost_no_more_than_their_length(piece: str) -> None:
    began = time.process_time()
    with_links_of_videos(piece * 100_000)
    assert time.process_time() - began < 2


def test_an_embedded_video_is_called_by_its_title() -> None:
    page = (
        "<h1>Three</h1><p>Some words.</p>"
        '<iframe title="How bread is made" src="https://www.youtube.com/embed/dQw4w9WgXcQ?rel=0"></iframe>'
        '<iframe title="YouTube video player" src="https://www.youtube.com/embed/aaaaaaaaaaa"></iframe>'
    )
    (issue,) = read_newsletter(page.encode(), source="x.html")
    assert [link.text for link in issue.links] == ["How bread is made", "Video on YouTube"]


def test_a_video_in_markdown_is_a_link() -> None:
    text = (
        '# Three\n\nSome words.\n\n<iframe src="https://www.youtube.com/embed/dQw4w9WgXcQ"></iframe>\n\nMore words.\n'
    )
    (issue,) = read_newsletter(text.encode(), source="x.md")
    assert [link.key for link in issue.links] == ["youtube.com/watch?v=dQw4w9WgXcQ"]
