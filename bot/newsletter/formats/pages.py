"""HTML pages: what their head says about the issue, and where they keep its text."""

import json
import re
from typing import TYPE_CHECKING, Any

from bot.model.issue import Issue
from bot.newsletter import platforms
from bot.newsletter.addresses.chrome import Own
from bot.newsletter.addresses.links import absolute, clean_url
from bot.newsletter.dates import moment_of
from bot.newsletter.markup.blocks import read_blocks
from bot.newsletter.markup.canonical import canonical_html, is_bare, parsed
from bot.newsletter.text import MAX_TITLE, literal, titled
from bot.newsletter.understanding.bodies import MAX_HTML, issue_from_html
from bot.newsletter.understanding.bylines import authors_in
from bot.newsletter.understanding.mastheads import Known
from bot.newsletter.understanding.pictures import Named, best_of

if TYPE_CHECKING:
    from selectolax.lexbor import LexborHTMLParser, LexborNode

_WANTED = ",".join(
    (*platforms.TEXT_AT, "[itemprop=articleBody]", "article:not(.comment):not(.comment-body)", "main", "[role=main]")
)
_AROUND = "nav,aside,body>header,footer,.blogroll"  # a form may hold a whole page
_SELECTOR = re.compile(
    r"(?:[a-z]{0,12}(?:[.#][A-Za-z_][\w-]{0,60})? ){0,3}[a-z]{0,12}[.#][A-Za-z_][\w-]{0,60}", re.ASCII
)
_LONGEST_HEADING = 20_000
_HEAD = re.compile(r"<(?:head|meta|title|html)[\s>]", re.IGNORECASE)


def issue_from_page(source: str, *, url: str | None) -> Issue:
    """The issue in a page or in a bare HTML body."""
    source = source[:MAX_HTML]
    known = Known(url=url, base=url, own=Own())
    bare = is_bare(source)
    if bare or _HEAD.search(source[:50_000]) is None:
        known.own.add_site(url)
        return issue_from_html(source, known, bare=bare)
    tree = parsed(source)
    _read_head(tree, known)
    known.own.add_site(known.url)
    body = platforms.page_body(source)
    if body:
        return issue_from_html(body, known, wanted=_WANTED, around=_AROUND)
    return issue_from_html(source, known, wanted=_WANTED, around=_AROUND, tree=tree)


def _read_head(tree: "LexborHTMLParser", known: Known) -> None:
    """Take title, description, address, date, authors and picture from meta elements and JSON-LD."""
    meta: dict[str, str] = {}
    for node in tree.css("meta[content]"):
        attributes = node.attributes
        name = (attributes.get("property") or attributes.get("name") or attributes.get("itemprop") or "").lower()
        meta.setdefault(name, attributes.get("content") or "")
    linked = _linked_data([node.text() for node in tree.css('script[type="application/ld+json"]')[:10]])
    title = tree.css_first("title")
    heading = tree.css_first("article h1, main h1, h1")
    canonical = tree.css_first("link[rel=canonical]")
    times = tree.css_first("time[datetime]")
    known.title = (
        literal(meta.get("og:title") or _text(linked.get("headline")))
        or literal(_words_of(heading, known.base))
        or literal(title.text() if title else "")
        or None
    )
    known.subtitle = titled(meta.get("og:description") or meta.get("description"), limit=MAX_TITLE) or None
    if known.subtitle and known.subtitle.endswith(("…", "...")):
        known.subtitle = None
    address = (canonical.attributes.get("href") if canonical else None) or meta.get("og:url") or ""
    known.url = clean_url(address, known.base) or known.url
    written = tree.css_first("base[href]")
    based = absolute((written.attributes.get("href") if written else "") or "", known.base)
    known.base = based or absolute(address, known.base) or known.base
    known.own.titles.add(literal(meta.get("og:site_name")))
    date = meta.get("article:published_time") or _text(linked.get("datePublished"))
    known.published_at = moment_of(date) or moment_of((times.attributes.get("datetime") if times else "") or "")
    width, height = meta.get("og:image:width", ""), meta.get("og:image:height", "")
    known.image_url = best_of([Named(meta.get("og:image", ""), width, height)]) or best_of(
        [Named(meta.get("twitter:image", ""))]
    )
    names = _names(linked.get("author")) or [meta.get("author") or meta.get("article:author") or ""]
    known.authors = authors_in(names)
    known.paywalled = linked.get("isAccessibleForFree") in {False, "False", "false"}
    if known.paywalled:
        parts = linked.get("hasPart")
        listed = [part for part in (parts if isinstance(parts, list) else [parts]) if isinstance(part, dict)]
        named = [each.strip() for part in listed for each in _text(part.get("cssSelector")).split(",")]
        # each step more is looked for in all that stands around, for each way to take the steps before
        known.paid = tuple(" ".join(each.split()[-2:]) for each in named if _SELECTOR.fullmatch(each))[:10]


def _words_of(heading: "LexborNode | None", base: str | None) -> str:
    """The words of a heading without the mark by which it is linked to."""
    if heading is None:
        return ""
    if heading.first_child is not None and heading.first_child.next is None and heading.first_child.is_text_node:
        return heading.text()
    written = canonical_html((heading.html or "")[:_LONGEST_HEADING], bare=False)
    return " ".join([block.text for block in read_blocks(written, base=base)])


def _linked_data(scripts: list[str]) -> dict[str, Any]:
    """The first JSON-LD object that describes an article."""
    for script in scripts:
        try:
            data = json.loads(script)
        except (ValueError, RecursionError):
            continue
        candidates = data if isinstance(data, list) else data.get("@graph", [data]) if isinstance(data, dict) else []
        for candidate in candidates if isinstance(candidates, list) else []:
            if isinstance(candidate, dict) and ("headline" in candidate or "datePublished" in candidate):
                return candidate
    return {}


def _names(author: Any) -> list[str]:
    listed = author if isinstance(author, list) else [author]
    return [_text(a.get("name")) if isinstance(a, dict) else _text(a) for a in listed if a]


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
