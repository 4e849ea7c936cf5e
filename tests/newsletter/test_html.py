"""HTML: bodies of several platforms and whole pages."""

import json

import pytest
from markdown_it import MarkdownIt

from bot.errors import UnreadableError
from bot.model.issue import Issue
from bot.newsletter import issue_as_json, read_newsletter


def read(text: str, *, base_url: str | None = None) -> Issue:
    issues = read_newsletter(text.encode(), source="issue.html", base_url=base_url)
    assert len(issues) == 1
    return issues[0]


def test_page_is_read_from_its_head_and_its_article() -> None:
    issue = read(
        "<!doctype html><html><head><title>One | Crumbs</title><meta property='og:title' content='One &amp; only'>"
        "<meta name='description' content='What rises'><meta property='og:image' content='/lead.png'>"
        "<meta property='article:published_time' content='2024-02-03T04:05:06+01:00'><meta name='author' content='Ada'>"
        "<link rel='canonical' href='https://crumbs.example/p/one?utm_source=x'></head><body>"
        "<nav><a href='https://elsewhere.example/'>Elsewhere</a></nav><article><h1>One &amp; only</h1>"
        f"<h2>News</h2><p>{'Bread rises. ' * 20}<a href='https://a.example/1'>oven</a> <a"
        f" href='/p/two'>two</a></p></article>"
        "<footer><a href='https://b.example/'>footer</a></footer></body></html>"
    )
    assert issue.title == "One & only"
    assert issue.subtitle == "What rises"
    assert issue.authors == ("Ada",)
    assert issue.url == "https://crumbs.example/p/one"
    assert issue.image_url == "https://crumbs.example/lead.png"
    assert issue.published_at is not None
    assert issue.published_at.isoformat() == "2024-02-03T03:05:06+00:00"
    assert [(link.key, link.section) for link in issue.links] == [("a.example/1", "News")]
    assert issue.identities[0] == "link:crumbs.example/p/one"


def test_data_script_of_a_beehiiv_page() -> None:
    data = {
        "state": {
            "loaderData": {"routes/p/$slug": {"html": "<h2>News</h2><p><a href='https://a.example/1'>oven</a></p>"}}
        }
    }
    issue = read(
        "<html><head><meta property='og:title' content='One'></head><body><div id='root'></div>"
        f"<script>window.__remixContext = {json.dumps(data)};</script></body></html>"
    )
    assert [(link.key, link.section) for link in issue.links] == [("a.example/1", "News")]


def test_widgets_between_the_paragraphs_are_left_out() -> None:
    issue = read(
        "<p>Bread.</p><div class='subscription-widget-wrap-editor'><p>Thanks for reading!</p>"
        "<a href='https://x.example/s'>Go</a></div><p class='button-wrapper'><a"
        " href='https://x.example/p/b?utm_source=substack&amp;action=share'>Share Crumbs</a></p>"
        "<script>var a = '<a href=\"https://x.example/c\">no</a>';</script><style>p{}</style>"
        "<p><a href='https://a.example/1'>oven</a><a class='footnote-ref' href='https://b.example/rss#fn:1'>1</a></p>"
    )
    assert [link.key for link in issue.links] == ["a.example/1"]


def test_link_around_blocks_counts_once_and_is_named_by_its_text() -> None:
    issue = read(
        "<a href='https://a.example/1'><div><img src='https://a.example/i.png'></div><h3>A loaf</h3><p>More</p></a>"
    )
    assert [(link.key, link.title) for link in issue.links] == [("a.example/1", "A loaf")]


def test_picture_that_opens_itself_is_no_link_and_pixels_are_no_pictures() -> None:
    issue = read(
        "<p>Bread.</p><figure><a href='https://cdn.example/big.png'><img src='https://cdn.example/small.png'"
        " alt='loaf'></a>"
        "<figcaption>A <em>warm</em> loaf</figcaption></figure><img src='https://t.example/o' width='1' height='1'>"
    )
    assert issue.links == ()
    assert [(image.url, image.alt, image.caption) for image in issue.images] == [
        ("https://cdn.example/small.png", "loaf", "A warm loaf")
    ]


def test_poll_whose_options_are_links_to_log_in() -> None:
    issue = read(
        "<h1>One</h1><h2>News</h2><p>Bread.</p><h3>How was it?</h3><ul><li><a href='/login'>Warm</a></li>"
        "<li><a href='/login'>Cold</a></li></ul><p><a href='/login'>Login</a> or <a"
        " href='/subscribe'>Subscribe</a> to participate in polls.</p>"
    )
    assert [(poll.question, poll.options) for poll in issue.polls] == [("How was it?", ("Warm", "Cold"))]
    assert [section.title for section in issue.sections] == ["News"]


VOTE = "https://crumbs.example/login"
FOOT = f"[Login]({VOTE}) or [Subscribe](https://crumbs.example/subscribe) to participate in polls."
TORN = (
    f"Bye for now.\n\n||\n|:---|\n|### How was the bread?|\n|\\* [Warm]({VOTE})\n\n- [Cold]({VOTE})\n"
    f"- [Stale, toast \\& tears 🥹]({VOTE})|\n  |{FOOT}|\n\n## **NOTES**\n\n[oven](https://a.example/1)\n"
)
SIDE_BY_SIDE = f"Hi.\n\n||\n|:---|\n|### Rye or\\\nwheat?|\n|[Rye]({VOTE})|[Wheat]({VOTE})|\n|{FOOT}|\n\nBye.\n"


@pytest.mark.parametrize("rules", [[], ["table"]])
def test_torn_poll_that_a_plain_renderer_made_into_html(rules: list[str]) -> None:
    issue = read("<h1>One</h1>" + MarkdownIt("commonmark").enable(rules).render(TORN))
    assert [(poll.question, poll.options) for poll in issue.polls] == [
        ("How was the bread?", ("Warm", "Cold", "Stale, toast & tears 🥹"))
    ]
    assert [(link.key, link.section) for link in issue.links] == [("a.example/1", "NOTES")]


def test_torn_poll_with_options_side_by_side() -> None:
    issue = read("<h1>One</h1>" + MarkdownIt("commonmark").render(SIDE_BY_SIDE + "\n" + TORN))
    assert [(poll.question, poll.options) for poll in issue.polls] == [
        ("Rye or wheat?", ("Rye", "Wheat")),
        ("How was the bread?", ("Warm", "Cold", "Stale, toast & tears 🥹")),
    ]
    assert [link.key for link in issue.links] == ["a.example/1"]


def test_poll_in_a_table_of_one_column() -> None:
    issue = read(
        "<h1>One</h1><p>Bread.</p><table><tr><th></th></tr><tr><td><h3>How was it?</h3></td></tr><tr><td><ul>"
        "<li><p><a href='/v/1'>Warm</a></p></li><li><p><a href='/v/2'>Cold</a></p></li></ul></td></tr>"
        "<tr><td><p><a href='/login'>Login</a> or <a href='/subscribe'>Subscribe</a> to participate in polls.</p></td>"
        "</tr></table>",
        base_url="https://crumbs.example/p/one",
    )
    assert [(poll.question, poll.options) for poll in issue.polls] == [("How was it?", ("Warm", "Cold"))]
    assert issue.links == ()


def test_foot_of_a_poll_that_is_not_there_is_left_out_alone() -> None:
    issue = read(
        "<h1>One</h1><p>See <a href='https://a.example/1'>the oven</a> today.</p><p><a href='https://b.example/login'>"
        "Login</a> or <a href='https://b.example/s'>Subscribe</a> to participate in polls.</p>"
    )
    assert issue.polls == ()
    assert [link.key for link in issue.links] == ["a.example/1"]


@pytest.mark.parametrize(
    "home", ["http://127.0.0.1:4321", "http://localhost:4321", "http://192.168.100.20", "http://[::1]:4321"]
)
def test_a_site_without_a_name_owns_its_links(home: str) -> None:
    issue = read(
        f"<h1>One</h1><p><a href='{home}/login'>Vote</a> <a href='/subscribe'>Go</a> <a href='{home}/p/two'>Two</a>"
        " <a href='http://127.0.0.1:9999/x'>another machine</a> <a href='https://a.example/1'>oven</a></p>",
        base_url=f"{home}/p/one",
    )
    assert [link.key for link in issue.links] == ["127.0.0.1:9999/x", "a.example/1"]


def test_broken_markup_is_read_as_browsers_read_it() -> None:
    issue = read("<p>One <b>two<p>three <a href=https://a.example/1>oven<p>four</b></a><table><tr><td>five")
    assert {link.key for link in issue.links} == {"a.example/1"}
    assert issue.title == "One two"


def test_deep_and_crowded_markup_ends_in_time() -> None:
    assert read("<p>x" + "<div>" * 60_000).title == "x"
    assert read("<p " + "".join(f"a{number} " for number in range(60_000)) + ">x").title == "x"
    with pytest.raises(UnreadableError):
        read("<p>" + '<a href="' * 60_000)


def test_text_links_and_pictures_among_thousands_of_strange_names_are_read() -> None:
    strange = "".join(f"<x-{number} a{number}='>'>word{number} </x-{number}>" for number in range(2_000))
    choice = "<select><option>rye<option>oats</select>"
    issue = read(
        f"<h1>Loaf</h1><p>{strange}</p><p>The <a b1=1 href='https://a.example/1'>oven</a></p>{choice}"
        "<img c1=2 src='https://a.example/1.png' alt='A loaf'><img c2=3 data-lazy-src='https://a.example/2.png'>"
        "<img c3=4 srcset='https://a.example/3.png 2x'>"
    )
    assert issue.title == "Loaf"
    assert [(link.key, link.title) for link in issue.links] == [("a.example/1", "oven")]
    assert [image.url for image in issue.images] == [f"https://a.example/{number}.png" for number in (1, 2, 3)]


@pytest.mark.parametrize("length", [0, 600])
@pytest.mark.parametrize(
    ("foreign", "end", "titles"),
    [
        ('<svg class="icon" viewBox="0 0 1 1"/>', "<svg></svg>", ["the oven", "the mill"]),
        ("<svg/>", "</svg>", ["the oven", "the mill"]),
        ("<math a='x/'/>", "<math></math>", ["the oven", "the mill"]),
        ("<svg><path d='M0'>", "<svg></svg>", ["the oven", "the mill"]),
        ("<svg class=icon/>", "</svg>", ["the oven", "the mill"]),
        ("<svg class=icon/><title>", "</title></svg>", ["the mill"]),
        ("<svg><foreignObject>", "</foreignObject></svg>", ["the mill"]),
        ("<template/>", "</template>", ["the mill"]),
    ],
)
def test_a_drawing_takes_in_what_it_does_in_browsers(foreign: str, end: str, titles: list[str], length: int) -> None:
    issue = read(
        f"<h1>Loaf</h1><p>See it</p><div>{foreign}<p>In <a href='https://a.example/1'>the oven</a></p>{end}</div>"
        f"<p>And <a href='https://a.example/2'>the mill</a></p>{'<p>Rye is back.</p>' * length}"
    )
    assert [link.title for link in issue.links] == titles


def test_json_has_the_agreed_keys() -> None:
    issue = read(
        "<h1>One</h1><h2>News</h2><p><a href='https://a.example/1'>oven</a></p><img src='https://a.example/i.png'>"
    )
    data = issue_as_json(issue, source="issue.html")
    assert list(data) == [
        "source",
        "title",
        "subtitle",
        "topics",
        "authors",
        "published_at",
        "image_url",
        "paywalled",
        "sections",
        "links",
        "images",
        "polls",
    ]
    link = {
        "url": "https://a.example/1",
        "key": "a.example/1",
        "title": "oven",
        "text": "oven",
        "section": "News",
        "sponsored": False,
    }
    assert data["links"] == [link]
    assert data["sections"] == [{"title": "News", "links": [link]}]
    assert data["images"] == [{"url": "https://a.example/i.png", "alt": "", "caption": ""}]
    assert json.loads(json.dumps(data)) == data


FURNITURE = (
    "<nav><a href='https://n.example/'>Nav</a></nav>{}<aside><a href='https://r.example/'>Blogroll</a></aside>"
    "<footer><a href='https://f.example/'>Footer</a></footer>"
)


@pytest.mark.parametrize("frame", ["{}", "<div id='wrap'>{}</div>", "<form id='aspnet'>{}</form>"])
def test_what_stands_around_the_text_of_a_plain_page_is_no_content(frame: str) -> None:
    page = frame.format(FURNITURE.format("<h1>T</h1><p><a href='https://a.example/1'>oven</a></p>"))
    issue = read(f"<html><head><title>T</title></head><body>{page}</body></html>")
    assert [link.key for link in issue.links] == ["a.example/1"]


@pytest.mark.parametrize("hidden", ["hidden", "style='display:none'", "style='color:red; display: none; x:y'"])
def test_what_is_hidden_is_no_content(hidden: str) -> None:
    issue = read(f"<p {hidden}><a href='https://b.example/2'>mill</a></p><p><a href='https://a.example/1'>oven</a></p>")
    assert [link.key for link in issue.links] == ["a.example/1"]


def test_a_long_comment_is_not_read_for_the_post() -> None:
    issue = read(
        f"<html><head><title>T</title></head><body><article><p>{'Rye. ' * 60}<a href='https://a.example/1'>oven</a></p>"
        f"</article><article class='comment-body'>{'No! ' * 500}<a href='https://b.example/2'>mill</a></article></body>"
    )
    assert [link.key for link in issue.links] == ["a.example/1"]


def test_a_preview_before_the_title_does_not_hide_the_subtitle() -> None:
    issue = read(
        "<html><head><title>Alpha</title></head><body><p>preheader</p><h1>Alpha</h1><h2>Subtitle</h2><h2>News</h2>"
        "<p><a href='https://a.example/1'>oven</a></p></body></html>"
    )
    assert issue.subtitle == "Subtitle"
    assert [section.title for section in issue.sections] == ["News"]
