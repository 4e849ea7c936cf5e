"""Ten times the document takes ten times as long to understand, not a hundred times: of every kind that there is.

What is measured is the processor's time, the shortest of some rounds, so that a busy machine changes nothing.
"""

import gc
import json
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from math import inf
from typing import Any

import pytest

from bot.errors import UnreadableError
from bot.newsletter import read_feed, read_newsletter
from bot.newsletter.discovery import HEAD_BYTES, find_feeds
from bot.newsletter.text import titled

SMALL = 6_000
TIMES = 10
IN_OUR_OWN_PROCESS = 300_000
MOST_TIMES_AS_LONG = 15
ROUNDS = 6
SHORTEST_SECONDS = 0.1  # what takes no longer is too short to be told from the machine's own moods

HEAD = (
    "<rss version='2.0' xmlns:itunes='http://www.itunes.com/dtds/podcast-1.0.dtd'><channel><title>Crumbs</title>"
    "<link>https://crumbs.example/</link>"
)
WORDS = "Rye is back and so is the oven. " * 6


def much(piece: str, size: int) -> str:
    """So much of it, numbered where it says so."""
    count = size // len(piece) + 1
    return "".join([piece.replace("%", str(number)) for number in range(count)]) if "%" in piece else piece * count


def understand_feed(text: str) -> None:
    read_feed(f"{HEAD}{text}</channel></rss>".encode())


def understand_item(text: str) -> None:
    understand_feed(f"<item><title>Loaf</title><guid>1</guid>{text}</item>")


def understand_body(text: str) -> None:
    understand_item(f"<description><![CDATA[<p>Hello</p>{text}]]></description>")


def understand_page(text: str) -> None:
    head = "<title>Loaf</title><script type='application/ld+json'>%s</script>"
    said = {
        "headline": "Loaf",
        "isAccessibleForFree": False,
        "hasPart": {"cssSelector": "q div div .paid"},
    }
    page = f"<!doctype html><html><head>{head % json.dumps(said)}</head><body><p>Hello</p>{text}</body></html>"
    read_newsletter(page.encode(), source="loaf.html")


def understand_json(text: str) -> None:
    item = {"id": 1, "content_text": text}
    read_feed(json.dumps({"version": "https://jsonfeed.org/version/1", "items": [item]}).encode())


def understand_with_items(text: str) -> None:
    understand_feed(text + much("<item><title>Loaf %</title></item>", len(text) // 2))


def understand_atom(base: str) -> None:
    entries = much("<entry><title>Loaf %</title><id>%</id><link href='%'/></entry>", len(base))
    feed = f"<feed xmlns='http://www.w3.org/2005/Atom' xml:base='https://a.example/{base}'>{entries}</feed>"
    read_feed(feed.encode())


def understand_json_with_items(**said: Any) -> None:
    items = [{"id": number, "content_text": "x"} for number in range(len(json.dumps(said)) // 40)]
    read_feed(json.dumps({"version": "https://jsonfeed.org/version/1", "items": items, **said}).encode())


def understand_markdown(text: str) -> None:
    read_newsletter(f"# Loaf\n\n{text}".encode(), source="loaf.md")


def understand_title(text: str) -> None:
    titled(text, limit=len(text))


def look_for_feeds(text: str) -> None:
    # what stands behind the head is not looked at, so a tenth of that is where it begins
    find_feeds(text[: HEAD_BYTES * len(text) // (SMALL * TIMES)].encode(), base="https://a.example/")


KINDS: dict[str, tuple[Callable[[str], None], str]] = {
    "elements in elements": (understand_body, "<div>x"),
    "formatting that is never closed": (understand_body, "<p><b id=%>x"),
    "formatting around blocks": (understand_body, "<b><div>x</b>"),
    "words' elements around blocks": (understand_body, "<q><div>x</q></div>"),
    "long formatting that is never closed": (understand_body, f"<p><b title='{'x' * 300}'>x"),
    "links that are never closed": (understand_body, "<a href='https://a.example/%'><p>x"),
    "formatting in tables": (understand_body, "<table><b id=%><td>x"),
    "closed formatting that hides in comments": (understand_body, "<b id=%><!--</b>--><p>x"),
    "closed formatting that hides in attributes": (understand_body, "<b id=%><img alt='></b>'><p>x</p>"),
    "closed formatting that hides in empty comments": (understand_body, "<b id=%><!--></b>--><p>x</p>"),
    "formatting in each other that is closed": (understand_body, f"<p>{'<b>' * 40}<p></p>x{'</b>' * 40}</p>"),
    "items in items": (understand_body, "<li>x<dd>x"),
    "lists in lists": (understand_body, "<ul><li>x"),
    "words alone": (understand_body, WORDS),
    "entities": (understand_body, "&amp;&nbsp;&#228;"),
    "half tags": (understand_body, "<a <b "),
    "comments that never end": (understand_body, "<!-- x "),
    "comments in attributes": (understand_body, "<p title='<!--'>x</p>"),
    "links in one line": (understand_body, WORDS + "<a href='https://a.example/%'>here</a> "),
    "signed links in one line": (understand_body, "Rye (@rye) <a href='https://a.example/%'>is back</a> "),
    "advertising in one line": (understand_body, "Advertise with us <a href='https://a.example/%'>now</a> "),
    "pictures in one paragraph": (understand_body, f"<img src='https://a.example/%.png'>{WORDS}"),
    "sizes of a picture": (lambda text: understand_body(f"<img srcset='{text} x'>"), "a"),
    "blanks in the size of a picture": (lambda text: understand_body(f"<img src=/a.png style='width:1{text}'>"), " "),
    "frames of videos": (understand_body, "<iframe src='//streamable.com/e/abc%'></iframe>"),
    "drawings that paragraphs end": (lambda text: understand_body(f"{text}</svg>"), "<svg><p>x"),
    "elements like bold ones": (understand_body, "<b-x></b-x><mark-x></mark-x>"),
    "letters that seem misread": (understand_body, "10 Å² Ã© "),
    "frames of polls": (understand_body, "* | to participate in polls "),
    "paragraphs of a page": (understand_page, "<p id=p%><i class=paid>x"),
    "elements of a page": (understand_page, "<div><i class=paid>x</i>"),
    "categories": (understand_item, "<category>%</category>"),
    "addresses within addresses": (understand_item, "<a xml:base='x/'>"),
    "namespaces": (understand_item, "<a xmlns:a%='urn:%'/>"),
    "items": (understand_feed, "<item><title>Loaf %</title><guid>%</guid></item>"),
    "titles of comments": (understand_feed, f"<item><title>{'&lt;!--' * 400}</title></item>"),
    "a title of comments": (understand_title, "<!--"),
    "a title of pictures": (lambda text: understand_title(f"<img {text}>"), "src= "),
    "broken elements": (understand_feed, "<item><title 'x>Loaf"),
    "addresses in plain text": (understand_json, "https://a.example/( [x](https://a.example/% "),
    "lines of Markdown": (understand_markdown, "Rye *is **back\n"),
    "links of Markdown": (understand_markdown, "[x](https://a.example/%) ![y](z "),
    "brackets in a torn poll of Markdown": (
        lambda text: understand_markdown(f"||\n{text}\nto participate in polls"),
        "\\[",
    ),
    "lists of Markdown": (understand_markdown, "- a\n  - b\n"),
    "definitions of Markdown": (understand_markdown, '[a%]: /b "x\n'),
    "tables of Markdown": (understand_markdown, "|a|b|\n|-|-|\n|c|d|\n\n"),
    "the head of a page": (look_for_feeds, "<b><link rel=alternate type=text/xml href='/%'><!-- -->"),
}


NAMES: dict[str, tuple[Callable[[str], None], str]] = {
    "attributes of one element": (lambda text: understand_body(f"<p {text}>Hello</p>"), "a% b%=1 "),
    "attributes of many elements": (understand_body, "<p a% b% c% d%=1>x</p>"),
    "attributes of a few elements": (understand_body, f"<p {' '.join(f'a{n}%' for n in range(99))}>x</p>"),
    "attributes of end tags": (understand_body, "<p>x</p a% b%>"),
    "attributes of elements without an end": (understand_body, "<input a%=1>"),
    "attributes of scripts": (understand_body, "<script a%=1></script>"),
    "attributes of a page": (understand_page, "<p a%>x</p>"),
    "attributes of a head": (understand_page, "<meta a%=1>"),
    "attributes behind a title that hides them": (
        lambda text: understand_body(f"<title><p a='</title><p {text}>'>x"),
        "a% b% ",
    ),
    "attributes behind a script that hides them": (
        lambda text: understand_body(f"<script><!--<script></script><p a='</script>--></script><p {text}>'>x"),
        "a% b% ",
    ),
    "attributes in capitals and other letters": (understand_body, "<p aA%É a%é>x</p>"),
    "elements": (understand_body, "<x-%>x</x-%>"),
    "elements that are not closed": (understand_body, "<x-%>x"),
    "end tags": (understand_body, "</x-%>x"),
    "prefixes": (understand_body, "<a%:b c%:d=1>x</a%:b>"),
    "kinds of documents": (understand_body, "<!DOCTYPE a%>"),
    "elements in a choice": (lambda text: understand_body(f"<select><style>{text}</style>"), "<x-%>"),
    "options": (lambda text: understand_body(f"<select>{text}</select>"), "<option>x<optgroup>"),
    "classes": (understand_body, "<p id=a% class='b% c%'>x</p>"),
    "styles": (understand_body, "<p style='a%:b;width:%px'>x</p>"),
    "entities": (understand_body, "&a%;&notit;&NotEqualTilde;"),
    "pictures in place of their addresses": (understand_body, "<img src='data:image/png;base64,%AAAA'>"),
    "attributes of an element of a feed": (lambda text: understand_item(f"<a {text}/>"), "a%='1' "),
    "prefixes of a feed": (understand_item, "<a%:b xmlns:a%='urn:x'>x</a%:b>"),
}
"""With so many different ones that a table of them gets slow."""

FOR_ALL_ITEMS: dict[str, tuple[Callable[[str], None], str]] = {
    "authors": (understand_with_items, "<c:creator xmlns:c='http://purl.org/dc/elements/1.1/'>a</c:creator>"),
    "links": (understand_with_items, "<link xmlns='http://www.w3.org/2005/Atom' rel='x' href='/%'/>"),
    "its own address": (
        lambda text: understand_with_items(
            f"<link xmlns='http://www.w3.org/2005/Atom' rel='self' href='https://a.example/{text}'/>"
        ),
        "a/",
    ),
    "where addresses start": (understand_atom, "a/"),
    "authors in JSON": (
        lambda text: understand_json_with_items(authors=[{"name": name} for name in text.split()]),
        "a% ",
    ),
    "its own address in JSON": (
        lambda text: understand_json_with_items(feed_url=f"https://a.example/{text}"),
        "a/",
    ),
}
"""What a feed says once, with many items for which it holds."""


def seconds(understand: Callable[[str], None], *texts: str) -> float:
    began = time.process_time()
    for text in texts:
        with suppress(UnreadableError):
            understand(text)
    return time.process_time() - began


@pytest.fixture
def _no_garbage_is_looked_for() -> Iterator[None]:
    """Whose cost depends on all that the process holds."""
    gc.disable()
    yield
    gc.enable()


@pytest.mark.usefixtures("_no_garbage_is_looked_for")
@pytest.mark.parametrize("kind", KINDS)
def test_time_grows_with_the_document_and_no_faster(kind: str) -> None:
    """Beside ten small ones, which take about as long, so that a busy machine is as hard on both."""
    grow(*KINDS[kind], size=SMALL * TIMES)


@pytest.mark.usefixtures("_no_garbage_is_looked_for")
@pytest.mark.parametrize("kind", NAMES)
def test_time_grows_with_the_document_however_many_names_are_in_it(kind: str) -> None:
    """Up to the size that is read in the bot's own process."""
    grow(*NAMES[kind], size=IN_OUR_OWN_PROCESS)


@pytest.mark.usefixtures("_no_garbage_is_looked_for")
@pytest.mark.parametrize("kind", FOR_ALL_ITEMS)
def test_time_grows_with_the_document_whatever_a_feed_says_for_all_its_items(kind: str) -> None:
    grow(*FOR_ALL_ITEMS[kind], size=IN_OUR_OWN_PROCESS // 3)


def grow(understand: Callable[[str], None], piece: str, *, size: int) -> None:
    """Fails where the document of that size takes too long beside ten that are a tenth of it."""
    small, large = much(piece, size // TIMES), much(piece, size)
    seconds(understand, much(piece, SMALL))  # what is imported for it
    shortest = longest = inf
    for _ in range(ROUNDS):
        shortest = min(shortest, seconds(understand, *[small] * TIMES))
        longest = min(longest, seconds(understand, large))
        if longest < MOST_TIMES_AS_LONG / TIMES * max(shortest, SHORTEST_SECONDS):
            return
    assert longest < MOST_TIMES_AS_LONG / TIMES * max(shortest, SHORTEST_SECONDS)
