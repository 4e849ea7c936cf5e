"""Whose an address is: registrable domains, neighbours under one suffix, and equal names on other domains."""

import subprocess
import sys

import pytest

from bot.newsletter import read_newsletter
from bot.newsletter.addresses.domains import domain_of, name_of, site_of


def feed(home: str, *bodies: str) -> bytes:
    items = "".join(
        f"<item><title>Issue {number}</title><link>{home}/p/{number}</link><guid>g{number}</guid>"
        f"<content:encoded><![CDATA[{body}]]></content:encoded></item>"
        for number, body in enumerate(bodies, 1)
    )
    return (
        '<rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/"><channel><title>Notes</title>'
        f"<link>{home}</link>{items}</channel></rss>"
    ).encode()


def keys(home: str, *bodies: str) -> list[list[str]]:
    return [[link.key for link in issue.links] for issue in read_newsletter(feed(home, *bodies), source="x.xml")]


def anchor(url: str, words: str = "the long story") -> str:
    return f'<p>Read <a href="{url}">{words}</a> today.</p>'


@pytest.mark.parametrize(
    ("host", "domain"),
    [
        ("news.bakery.example", "bakery.example"),
        ("bakery.co.uk", "bakery.co.uk"),
        ("www.bakery.co.uk", "bakery.co.uk"),
        ("lyon.asso.fr", "lyon.asso.fr"),
        ("a.kiwi.gen.nz", "kiwi.gen.nz"),
        ("jo.codeberg.page", "jo.codeberg.page"),
        ("jo.github.io", "jo.github.io"),
        ("jo.substack.com", "jo.substack.com"),
        ("substack.com", "substack.com"),
        ("jo.beehiiv.com", "jo.beehiiv.com"),
        ("city.kobe.jp", "city.kobe.jp"),
        ("xn--mnchen-3ya.example", "xn--mnchen-3ya.example"),
        ("a.b.xn--mk0axi.hk", "b.xn--mk0axi.hk"),
        ("bakery.example:8080", "bakery.example"),
        ("localhost:8080", ""),
        ("192.0.2.7", ""),
        ("[::1]", ""),
        ("co.uk", ""),
        ("", ""),
        ("a..example", ""),
    ],
)
def test_a_registrable_domain_is_told_by_the_public_suffix_list(host: str, domain: str) -> None:
    assert domain_of(host) == domain


def test_a_publication_is_known_by_the_name_that_was_registered() -> None:
    assert name_of("news.bakery.co.uk") == "bakery"
    assert name_of("bakery.substack.com") == "bakery"
    assert name_of("www.bakery.asso.fr") == "bakery"
    assert name_of("substack.com") == ""
    assert name_of("localhost") == ""


def test_a_tracker_is_known_by_its_site_whatever_its_country() -> None:
    assert site_of("www.google.co.uk") == "google"
    assert site_of("www.google.com.tr") == "google"
    assert site_of("x.click.kit-mail3.com") == "kit-mail"
    assert site_of("jo.substack.com") == "substack"


@pytest.mark.parametrize(
    ("home", "other"),
    [
        ("https://nature.substack.com", "https://www.nature.com/articles/s41586-024"),
        ("https://python.substack.com", "https://docs.python.org/3/whatsnew"),
        ("https://openai.beehiiv.com", "https://openai.com/index/a-model"),
        ("https://rust.ghost.io", "https://blog.rust-lang.org/2026/10/01/release"),
        ("https://figma.buttondown.email", "https://www.figma.com/blog/a-post"),
        ("https://bbc.substack.com", "https://www.bbc.co.uk/news/1"),
        ("https://crumbs.workers.dev", "https://crumbs.example/about"),
        ("https://news.crumbs.example", "https://crumbs.codeberg.page/about"),
        ("https://crumbs.example", "https://crumbs.org/about"),
    ],
)
def test_an_equal_label_on_another_domain_is_somebody_else(home: str, other: str) -> None:
    ((key,),) = keys(home, anchor(other))
    assert key == other.removeprefix("https://").removeprefix("www.")


@pytest.mark.parametrize(
    ("home", "other"),
    [
        ("https://lyon.asso.fr", "https://lille.asso.fr/agenda"),
        ("https://kiwi.gen.nz", "https://weka.gen.nz/walk"),
        ("https://jo.codeberg.page", "https://mia.codeberg.page/notes"),
        ("https://jo.github.io", "https://mia.github.io/notes"),
        ("https://jo.substack.com", "https://mia.substack.com/p/notes"),
        ("https://jo.bearblog.dev", "https://mia.bearblog.dev/notes"),
        ("https://jo.micro.blog", "https://mia.micro.blog/notes"),
    ],
)
def test_neighbours_under_one_suffix_are_content(home: str, other: str) -> None:
    ((key,),) = keys(home, anchor(other))
    assert key == other.removeprefix("https://")


def test_another_host_of_the_own_domain_is_the_newsletters_own() -> None:
    assert keys("https://news.bakery.co.uk", anchor("https://shop.bakery.co.uk/x") + anchor("https://b.example/2")) == [
        ["b.example/2"]
    ]


@pytest.mark.parametrize(
    "sign",
    [
        '<p><a href="https://www.bakery.example/subscribe">Subscribe</a></p>',
        '<p><a href="https://bakery.example/?rh_ref={{code}}">Share</a></p>',
        '<p><a href="https://bakery.example/login">Log in</a> <a href="https://bakery.example/signup">Sign up</a></p>',
    ],
)
def test_an_equal_label_with_a_second_sign_is_the_newsletters_own(sign: str) -> None:
    body = anchor("https://www.bakery.example/about-us") + anchor("https://b.example/2") + sign
    assert keys("https://bakery.beehiiv.com", body) == [["b.example/2"]]


def test_an_equal_label_in_most_of_many_issues_is_the_newsletters_own() -> None:
    bodies = [anchor(f"https://www.bakery.example/{number}") + anchor("https://b.example/2") for number in range(5)]
    assert keys("https://bakery.beehiiv.com", *bodies, anchor("https://c.example")) == [["b.example/2"]] * 5 + [
        ["c.example"]
    ]


def test_an_equal_label_in_some_issues_is_somebody_else() -> None:
    bodies = [anchor(f"https://www.bakery.example/{number}") for number in range(2)]
    others = [anchor("https://b.example/2")] * 3
    assert keys("https://bakery.beehiiv.com", *bodies, *others)[:2] == [["bakery.example/0"], ["bakery.example/1"]]


def test_pictures_of_an_equal_label_make_nothing_the_newsletters_own() -> None:
    picture = "<img src='https://media.bakery.example/1.png' srcset=\"https://media.bakery.example/2.png 2x\">"
    bodies = [picture + anchor("https://b.example/2")] * 5
    assert keys("https://bakery.beehiiv.com", *bodies, anchor("https://bakery.example/x"))[5] == ["bakery.example/x"]


def test_the_list_of_suffixes_is_not_read_before_a_host_is_asked_for() -> None:
    script = (
        "import bot.newsletter, sys; assert 'publicsuffixlist' not in sys.modules;"
        "bot.newsletter.link_key('https://a.example/b'); assert 'publicsuffixlist' in sys.modules"
    )
    subprocess.run([sys.executable, "-c", script], check=True)
