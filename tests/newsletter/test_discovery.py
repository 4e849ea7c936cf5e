"""From a page to its feed."""

from bot.newsletter.discovery import feeds_named


def test_an_address_starts_from_where_the_page_says() -> None:
    page = b"<head><base href='/blog/'><link rel=alternate type='text/xml' href='feed.xml'></head>"
    assert feeds_named(page, base="https://a.example/x") == ["https://a.example/blog/feed.xml"]


def test_a_base_that_is_no_web_address_is_left_out() -> None:
    page = b"<head><base href='data:x'><link rel=alternate type='application/rss+xml' href='/feed'></head>"
    assert feeds_named(page, base="https://a.example/x") == ["https://a.example/feed"]
