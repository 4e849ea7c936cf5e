"""From a page to its feed."""

from bot.newsletter.discovery import feeds_named, find_feeds


def test_an_address_starts_from_where_the_page_says() -> None:
    page = b"<head><base href='/blog/'><link rel=alternate type='text/xml' href='feed.xml'></head>"
    assert feeds_named(page, base="https://a.example/x") == ["https://a.example/blog/feed.xml"]


def test_a_base_that_is_no_web_address_is_left_out() -> None:
    page = b"<head><base href='data:x'><link rel=alternate type='application/rss+xml' href='/feed'></head>"
    assert feeds_named(page, base="https://a.example/x") == ["https://a.example/feed"]


def test_a_page_that_names_none_is_looked_for_in_all_usual_places() -> None:
    found = find_feeds(b"<title>W</title>", base="https://a.example/about")
    assert {"https://a.example/feed.rss", "https://a.example/feed.json", "https://a.example/feed"} <= set(found)
