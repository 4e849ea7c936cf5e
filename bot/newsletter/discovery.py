"""From a page to the feed of its site: what the page says of it, and where the platforms keep theirs."""

import re
from urllib.parse import urljoin

from bot.newsletter.encoding import decoded
from bot.newsletter.links import absolute

MOST_FEEDS = 6
_MAX_PAGE = 1_000_000
_KINDS = ("application/rss+xml", "application/atom+xml", "application/feed+json", "application/json", "text/xml")
_BEEHIIV = re.compile(rb"media\.beehiiv\.com|beehiiv-images")
_FEWEST_MARKS = 5  # its own pages are full of them; others link to a picture or two
_USUAL = ("/feed", "/rss", "/feed.xml", "/rss.xml", "/atom.xml", "/index.xml")
"""Where Substack and WordPress, Ghost, and site generators put them."""


def feeds_named(content: bytes, *, base: str, content_type: str | None = None) -> list[str]:
    """Addresses that the page itself calls its feeds (`<link rel=alternate>`), those of comments last."""
    from selectolax.lexbor import LexborHTMLParser

    tree = LexborHTMLParser(decoded(content[:_MAX_PAGE], content_type))
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


def is_beehiiv(content: bytes) -> bool:
    """Whether the page is one of beehiiv's, where a publication has no feed until somebody switches it on."""
    return len(_BEEHIIV.findall(content, 0, _MAX_PAGE)) >= _FEWEST_MARKS
