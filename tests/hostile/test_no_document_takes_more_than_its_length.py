"""Ten times the document takes ten times as long to understand, not a hundred times: of every kind that there is.

What is measured is the processor's time, the shortest of some rounds, so that a busy machine changes nothing.
"""

import gc
import json
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from math import inf

import pytest

from bot.errors import UnreadableError
from bot.newsletter import read_feed, read_newsletter
from bot.newsletter.discovery import HEAD_BYTES, find_feeds

SMALL = 6_000
TIMES = 10
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


def understand_markdown(text: str) -> None:
    read_newsletter(f"# Loaf\n\n{text}".encode(), source="loaf.md")


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
    "broken elements": (understand_feed, "<item><title 'x>Loaf"),
    "addresses in plain text": (understand_json, "https://a.example/( [x](https://a.example/% "),
    "lines of Markdown": (understand_markdown, "Rye *is **back\n"),
    "links of Markdown": (understand_markdown, "[x](https://a.example/%) ![y](z "),
    "lists of Markdown": (understand_markdown, "- a\n  - b\n"),
    "definitions of Markdown": (understand_markdown, '[a%]: /b "x\n'),
    "tables of Markdown": (understand_markdown, "|a|b|\n|-|-|\n|c|d|\n\n"),
    "the head of a page": (look_for_feeds, "<b><link rel=alternate type=text/xml href='/%'><!-- -->"),
}


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
    understand, piece = KINDS[kind]
    small, large = much(piece, SMALL), much(piece, SMALL * TIMES)
    seconds(understand, small)  # what is imported for it
    shortest = longest = inf
    for _ in range(ROUNDS):
        shortest = min(shortest, seconds(understand, *[small] * TIMES))
        longest = min(longest, seconds(understand, large))
        if longest < MOST_TIMES_AS_LONG / TIMES * max(shortest, SHORTEST_SECONDS):
            return
    assert longest < MOST_TIMES_AS_LONG / TIMES * max(shortest, SHORTEST_SECONDS)
