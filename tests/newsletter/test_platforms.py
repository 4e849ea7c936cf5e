"""What platforms put into their HTML, and where they keep what an issue links to."""

import html
import json
import time

import pytest

from bot.model.issue import Link
from bot.newsletter import read_newsletter
from bot.newsletter.formats.feeds import read_feed
from bot.newsletter.platforms import opened


def of_substack(body: str) -> list[tuple[str, str]]:
    """Address and title of each link in an issue of foo.substack.com."""
    feed = f"""<rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/"><channel><title>Foo</title>
<link>https://foo.substack.com</link><item><title>T</title><guid>1</guid><link>https://foo.substack.com/p/x</link>
<content:encoded><![CDATA[<p>Good morning.</p>{body}]]></content:encoded></item></channel></rss>"""
    return [(link.url, link.title) for link in read_feed(feed.encode()).issues[0].links]


def attributes(**given: object) -> str:
    return html.escape(json.dumps(given))


def test_a_button_to_another_site_is_content_and_the_newsletters_own_are_not() -> None:
    def button(url: str, words: str) -> str:
        return f'<p class="button-wrapper"><a class="button primary" href="{url}"><span>{words}</span></a></p>'

    assert of_substack(
        button("https://shop.example/book", "Buy the book")
        + button("https://foo.substack.com/subscribe?", "Subscribe now")
        + button("https://foo.substack.com/p/x?utm_source=substack&amp;action=share", "Share")
    ) == [("https://shop.example/book", "Buy the book")]


def test_an_embedded_post_is_linked_by_what_it_says() -> None:
    said = attributes(url="https://twitter.com/a/status/1?s=20", full_text="A loaf that sings in the oven")
    assert of_substack(
        f'<div class="twitter-embed" data-attrs="{said}" data-component-name="Twitter2ToDOM"></div>'
    ) == [("https://twitter.com/a/status/1", "A loaf that sings in the oven")]


def test_an_embedded_video_is_linked() -> None:
    said = attributes(videoId="dQw4w9WgXcQ", startTime=None)
    assert of_substack(f'<div id="youtube2-d" class="youtube-wrap" data-attrs="{said}"><div></div></div>') == [
        ("https://www.youtube.com/watch?v=dQw4w9WgXcQ", "Video on YouTube")
    ]


def test_an_embedded_issue_is_linked_by_its_title() -> None:
    assert of_substack(
        '<div class="embedded-post-wrap"><a class="embedded-post" href="https://b.example/p/bun?utm_source=substack">'
        '<div class="embedded-post-header"><span class="embedded-post-publication-name">Bun Weekly</span></div>'
        '<div class="embedded-post-title">A bun that dances</div><div class="embedded-post-body">It began…</div>'
        '<div class="embedded-post-cta-wrapper"><span class="embedded-post-cta">Read more</span></div>'
        '<div class="embedded-post-meta">a year ago · 3 likes</div></a></div>'
    ) == [("https://b.example/p/bun", "A bun that dances")]


def test_what_beehiiv_puts_under_a_picture_is_its_caption() -> None:
    page = (
        '<h1>T</h1><p>Good morning.</p><div class="image"><img alt="" src="https://a.example/fog.jpg"/>'
        '<div class="image__source"><span class="image__source_text"><p>Fog, by <a href="https://b.example/">B</a></p>'
        "</span></div></div><p>And on.</p>"
    )
    images = read_newsletter(page.encode(), source="x.html")[0].images
    assert [image.caption for image in images] == ["Fog, by B"]


def test_many_captions_that_never_close_take_no_time() -> None:
    began = time.process_time()
    opened('<div class="image__source"><span class="image__source_text">a' * 60_000)
    assert time.process_time() - began < 6


@pytest.mark.parametrize("said", ["", "{", "[1]", html.escape('{"url": 1}'), html.escape('{"url": null}'), "[" * 5000])
def test_an_embed_that_says_nothing_is_left_alone(said: str) -> None:
    assert of_substack(f'<div class="twitter-embed" data-attrs="{said}"></div>') == []


def test_many_embeds_that_never_close_take_no_time() -> None:
    began = time.process_time()
    opened('<div class="twitter-embed" ' * 20_000)
    assert time.process_time() - began < 6


def test_a_card_that_is_paid_for_is_flagged_and_nothing_behind_it() -> None:
    def card(label: str, url: str) -> str:
        return (
            f'<div class="kg-card kg-cta-card">{label}<div class="kg-cta-content"><p>Acme bakes better.</p>'
            f'<a href="{url}" class="kg-cta-button">Try it</a></div></div>'
        )

    label = '<div class="kg-cta-sponsor-label"><span>Sponsored</span></div>'
    page = (
        '<html><body><article class="gh-content"><h1>T</h1><p><a href="https://a.example/1">A singing loaf</a> '
        f"{'is what we bake. ' * 20}</p>{card(label, 'https://acme.example/')}"
        '<p><a href="https://b.example/2">A dancing bun</a> comes next.</p></article></body></html>'
    )
    links: list[Link] = list(read_newsletter(page.encode(), source="x.html")[0].links)
    assert [(link.key, link.sponsored) for link in links] == [
        ("a.example/1", False),
        ("acme.example", True),
        ("b.example/2", False),
    ]


@pytest.mark.parametrize(
    "card",
    [
        '<div class="kg-card kg-product-card"><h4 class="kg-product-card-title"><span>A lens</span></h4>{}</div>',
        '<div class="kg-card kg-toggle-card"><div><h4 class="kg-toggle-heading-text">Why</h4></div><div>{}</div></div>',
        '<div class="kg-card kg-header-card"><h2 class="kg-header-card-heading">Big</h2>{}</div>',
        '<div class="kg-card kg-callout-card"><h3>Note</h3>{}</div>',
    ],
)
def test_the_heading_of_a_card_opens_no_section(card: str) -> None:
    inside = '<p><a href="https://b.example/2">A fine lens</a></p>'
    page = (
        f'<h1>T</h1><h2>News</h2><p><a href="https://a.example/1">One loaf</a></p>{card.format(inside)}'
        '<p><a href="https://c.example/3">Two loaves</a></p><h2>More</h2><p><a href="https://d.example/4">Buns</a></p>'
    )
    issue = read_newsletter(page.encode(), source="x.html")[0]
    assert [(s.title, len(s.links)) for s in issue.sections] == [("News", 3), ("More", 1)]


def test_all_of_a_sponsored_card_is_paid_for_and_no_other_card() -> None:
    def card(label: str, host: str) -> str:
        return (
            f'<div class="kg-card kg-cta-card">{label}<div class="kg-cta-content"><a href="https://{host}/p">'
            f'<img src="https://{host}/i.png"></a><div class="kg-cta-text"><p>By <a href="https://{host}/t">shop</a>'
            f'</p></div><a href="https://{host}/b" class="kg-cta-button">Buy</a></div></div>'
        )

    label = '<div class="kg-cta-sponsor-label-wrapper"><div class="kg-cta-sponsor-label"><span>AD</span></div></div>'
    sold, free = card(label, "acme.example"), card("", "own.example")
    page = f"<h1>T</h1><h2>News</h2>{sold}{free}<p><a href='https://a.example/1'>A loaf</a></p>"
    links = read_newsletter(page.encode(), source="x.html")[0].links
    assert {link.key for link in links if link.sponsored} == {f"acme.example/{path}" for path in "ptb"}
    assert {link.key.partition("/")[0] for link in links if not link.sponsored} == {"own.example", "a.example"}
