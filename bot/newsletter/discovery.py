"""From a page to the feed of its site: what the page says of it, and where the platforms keep theirs."""

import re
from urllib.parse import urljoin

from bot.errors import UnreadableError
from bot.newsletter.addresses.links import absolute
from bot.newsletter.formats.encoding import decoded

MOST_FEEDS = 6
HEAD_BYTES = 250_000
"""So much of a page is looked at: its head, with room for the scripts and styles that some write into it."""

_MOST_TAGS = 500
_LONGEST_TAG = 4_000
_KINDS = ("application/rss+xml", "application/atom+xml", "application/feed+json", "application/json", "text/xml")
_BEEHIIV = re.compile(rb"media\.beehiiv\.com|beehiiv-images")
_FEWEST_MARKS = 5  # its own pages are full of them; others link to a picture or two
_USUAL = ("/feed", "/rss", "/feed.xml", "/rss.xml", "/atom.xml", "/index.xml", "/feed.json", "/feed.rss")
"""Where Substack and WordPress, Ghost, site generators, and those that write JSON Feed put them."""

# The tags that are wanted, and what may hold the like of them and is passed over: to its end, or to the page's.
_TAG = re.compile(
    r"<!--.*?(?:-->|\Z)|<(script|style|title|textarea)\b.*?(?:</\1|\Z)"
    r"|(<(?:link|base)\s(?>(?:[^<>\"']+|\"[^\"]{0,2000}\"|'[^']{0,2000}'){0,40})>)",
    re.DOTALL | re.IGNORECASE,
)


def find_feeds(content: bytes, *, base: str, content_type: str | None = None) -> list[str]:
    """Where the feed of a page's site may be: what the page names, else where feeds usually are.

    Raises UnreadableError for a page of beehiiv's that names none: there is none before somebody switches it on.
    """
    content = content[:HEAD_BYTES]
    named = feeds_named(content, base=base, content_type=content_type)
    if not named and _is_beehiiv(content):
        raise UnreadableError("unreadable-beehiiv-off")
    return named or feeds_guessed(base)


def feeds_named(content: bytes, *, base: str, content_type: str | None = None) -> list[str]:
    """Addresses that the page itself calls its feeds (`<link rel=alternate>`), those of comments last.

    The parser is given these tags alone: its time grows with the square of what pages can hold besides.
    """
    from selectolax.lexbor import LexborHTMLParser

    found_tags = _TAG.finditer(decoded(content[:HEAD_BYTES], content_type))
    tags = [found[2] for found in found_tags if found[2] and len(found[2]) <= _LONGEST_TAG]
    tree = LexborHTMLParser("".join(tags[:_MOST_TAGS]))
    named = tree.css_first("base[href]")
    base = (absolute(named.attributes.get("href") or "", base) if named is not None else None) or base
    found: dict[str, bool] = {}
    for node in tree.css("link[rel][href]"):
        attributes = node.attributes
        rel = (attributes.get("rel") or "").lower().split()
        kind = (attributes.get("type") or "").partition(";")[0].strip().lower()
        address = absolute(attributes.get("href") or "", base)
        if "alternate" in rel and kind in _KINDS and address is not None:
            said = f"{attributes.get('title') or ''} {address}".lower()
            found.setdefault(address, "comment" in said)
    return sorted(found, key=lambda address: found[address])[:MOST_FEEDS]


def feeds_guessed(address: str) -> list[str]:
    """Where a feed usually is on a site whose page names none."""
    return [urljoin(address, path) for path in _USUAL]


def _is_beehiiv(content: bytes) -> bool:
    return len(_BEEHIIV.findall(content)) >= _FEWEST_MARKS
