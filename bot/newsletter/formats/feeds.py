"""Feeds: RSS, Atom, RDF and JSON Feed -> their items as issues."""

import html
import math
import re
from calendar import timegm
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from time import struct_time
from typing import Any
from urllib.parse import urljoin, urlsplit

from bot.errors import UnreadableError
from bot.model.issue import Issue, Link, Section
from bot.newsletter import platforms
from bot.newsletter.addresses.chrome import Own, called_alike, host_in, is_action, is_chrome, place_in
from bot.newsletter.addresses.domains import domain_of
from bot.newsletter.addresses.links import MAX_KEY, absolute, clean_url, link_key, read_link
from bot.newsletter.addresses.readable import readable_address
from bot.newsletter.addresses.stamps import without_own_stamp
from bot.newsletter.dates import moment_of
from bot.newsletter.formats.api_answers import answered, string
from bot.newsletter.formats.encoding import decoded
from bot.newsletter.formats.parsing import parsed
from bot.newsletter.formats.sniffing import Kind, kind_of
from bot.newsletter.formats.torn import whole_items
from bot.newsletter.text import key_within, literal, plain, titled
from bot.newsletter.understanding.bodies import UNTITLED, issue_from_html
from bot.newsletter.understanding.bylines import authors_in
from bot.newsletter.understanding.letters import letters_of
from bot.newsletter.understanding.mastheads import Known
from bot.newsletter.understanding.pictures import Named, best_of, is_picture

MAX_ITEMS = 1_000
MAX_SUBTITLE = 300
_MAX_SUMMARY = 4 * MAX_SUBTITLE
_LONGEST_NAME = 1_000  # of a newsletter, of which addresses are called alike
_MAX_GUID = 10_000
_MANY = 5  # issues, of which most may say something of their newsletter

_BLOCK_TAG = re.compile(r"<(?:p|div|ul|ol|li|h[1-6]|table|blockquote|figure|img|a)\b", re.IGNORECASE)
_MARKUP = re.compile(r"\A\s*<|</|<[a-z][^<>]*=", re.IGNORECASE)
_SILENT = re.compile(r"<(script|style|figcaption)\b.*?(?:</\1\s*>|\Z)", re.DOTALL | re.IGNORECASE)
_TEXT_LINK = re.compile(
    r"\[([^\[\]\n]{1,300})\]\((https?://(?>(?:[^\s()<>]|\([^\s()<>]*\)){1,2000}))\)"
    r"|\bhttps?://(?>(?:[^\s<>\[\]()\"]|\([^\s<>\[\]()\"]*\)){1,2000})"
)
_ENTITY_TAG = re.compile(r"&lt;/?(?:p|div|br|a|img|h[1-6]|ul|ol|li|b|strong|em|i|span)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Feed:
    """A feed as it was read. `torn` says that it broke off and only its whole items are here.

    hub_url, self_url: who tells of what is new, and the feed's own address, where it names them (WebSub, section 4).
    api_url: where its platform says more to whoever has a key.
    """

    title: str | None
    home_url: str | None
    issues: tuple[Issue, ...]
    torn: bool = False
    hub_url: str | None = None
    self_url: str | None = None
    api_url: str | None = None


def read_feed(
    content: bytes, *, source: str = "", content_type: str | None = None, base_url: str | None = None
) -> Feed:
    """The feed in `content`; `base_url` is the address it came from.

    Raises UnreadableError for everything else, naming what it seems to be: an empty answer, a page, a document cut off
    before its first whole item. A feed without items is a feed. Items of a feed that breaks off are given as far as
    they are whole; the torn last one is left for the next time.
    """
    kind = kind_of(content, source=source, content_type=content_type)
    base = base_url or (source if source.startswith(("http://", "https://")) else None)
    if kind is Kind.JSON:
        return read_json_feed(content, base=base)
    if kind is Kind.HTML:
        raise UnreadableError("unreadable-page")
    if kind is not Kind.FEED:
        raise UnreadableError("unreadable-plain")
    return read_xml_feed(content, base=base, content_type=content_type)


def read_xml_feed(content: bytes, *, base: str | None, content_type: str | None) -> Feed:
    """An RSS, Atom or RDF feed. feedparser's `bozo` is no verdict: ill-formed feeds are used as far as they go."""
    # in one character set from here on, which `decoded` finds out better: feedparser trusts what is declared
    whole, torn = whole_items(decoded(content, content_type).encode("utf-8", "replace"))
    found = parsed(whole)
    entries = found.get("entries") or []
    head = found.get("feed") or {}
    if not found.get("version") and not entries and not head:
        raise UnreadableError("unreadable-feed")
    is_atom = string(found.get("version")).startswith("atom")
    title = _title(head, is_atom=is_atom)
    home = clean_url(string(head.get("link")), base)
    newest = _newest(entries)
    bodies = [_body(entry) for entry in newest]
    site = _site(home, [string(entry.get("link")) for entry in newest])
    vouched = _vouched(site, [body for body, _ in bodies])
    links = head.get("links") or []
    self_url = _linked(links, "self", base)
    said = _Said(
        string(head.get("title"))[:_LONGEST_NAME],
        home,
        site,
        base,
        vouched,
        is_atom,
        _authors(head),
        _own_pages(base, self_url),
    )
    issues = [_issue(entry, body, said) for entry, body in zip(newest, bodies, strict=True)]
    return Feed(
        title,
        home,
        with_own_identities(issues, home),
        torn,
        hub_url=_linked(links, "hub", base),
        self_url=self_url,
        api_url=platforms.api_of(string(head.get("generator")), home),
    )


def _linked(links: list[Any], relation: str, base: str | None) -> str | None:
    """The first address that a feed gives for a relation of its own."""
    named = (string(link.get("href")) for link in links if link.get("rel") == relation)
    return next((address for each in named if (address := absolute(each, base))), None)


def _newest(entries: list[Any]) -> list[Any]:
    """At most `MAX_ITEMS` entries from the end of the feed that is newer; most feeds begin with the newest."""
    if len(entries) <= MAX_ITEMS:
        return entries
    first, last = _date(entries[0]), _date(entries[-1])
    return entries[-MAX_ITEMS:] if first and last and last > first else entries[:MAX_ITEMS]


@dataclass(frozen=True, slots=True)
class _Said:
    """What a feed says for all its items, looked for once: there may be many of both.

    site: an address that tells where the newsletter stands; home: the one of its home page, which may tell nothing.
    own_pages: keys of the feed's own addresses.
    """

    title: str
    home: str | None
    site: str | None
    base: str | None
    vouched: Collection[str]
    is_atom: bool
    authors: tuple[str, ...]
    own_pages: Collection[str]


def _issue(entry: Any, content: tuple[str, str], said: _Said) -> Issue:
    """One item of a feedparser result; `content` is its text, and where its relative links start from."""
    home, base = said.home, said.base
    addresses = [string(entry.get(name)) for name in (*platforms.ORIGINAL_LINKS, "link")]
    urls = [url for address in addresses if (url := clean_url(address, home or base))]
    own = _own(said.site, urls[0] if urls else None, said.vouched, title=said.title)
    urls = [without_own_stamp(url, own) or url for url in urls]
    url = urls[0] if urls else None
    body, body_base = content
    summary = string(entry.get("summary"))
    if said.is_atom and string((entry.get("summary_detail") or {}).get("type")) == "text/plain":
        summary = html.escape(summary)  # RFC 4287 3.1.1.1: no markup stands in it
    elif body == html.escape(summary):
        summary = body  # feedparser gives an entry's text for its summary, too
    own.keys.update(said.own_pages)
    title = string(entry.get("title"))
    own_subtitle = string(entry.get("subtitle"))
    known = Known(
        title=_title(entry, is_atom=said.is_atom),
        subtitle=_subtitle(own_subtitle or summary, _words_of(own_subtitle or summary), body, title),
        authors=_authors(entry) or said.authors,
        published_at=_date(entry),
        image_url=_picture(entry),
        paywalled=platforms.is_cut(body),
        url=url,
        base=absolute(body_base, home or base) or _own_page(url, home) or base,
        own=own,
    )
    return issue_from_html(body or summary, known, identities=_identities(entry, urls, base))


def _own_page(url: str | None, home: str | None) -> str | None:
    """Where an item's relative addresses start: at its own page, which is not the one that a link blog writes about."""
    if url is None or home is None or _domain_in(link_key(url) or "") == _domain_in(link_key(home) or ""):
        return url or home
    return home


def _site(home: str | None, addresses: Sequence[str]) -> str | None:
    """The home page; where everybody's are (us7.campaign-archive.com), the place that all items have in common."""
    own = _own(home, None, ())
    if home is None or own.hosts or own.paths:
        return home
    places = {place_in(link_key(address) or "") for address in addresses}
    place = places.pop() if len(places) == 1 else ""
    return f"https://{place}/" if place else home


def _own(site: str | None, url: str | None, vouched: Collection[str], *, title: str = "") -> Own:
    own = Own()
    own.titles.add(literal(title))
    # items of link blogs point elsewhere, so an item's host counts only where no home page is named
    own.add_site(site or url)
    for domain in vouched:
        own.vouch(domain)
    return own


def _vouched(site: str | None, bodies: Sequence[str]) -> set[str]:
    """Domains that are called like the newsletter, and that most of many issues link to."""
    if len(bodies) < _MANY:
        return set()
    own = _own(site, None, ())
    counted = Counter(domain for body in bodies for domain in called_alike(own, body))
    return {domain for domain, count in counted.items() if count > len(bodies) / 2}


def _title(entry: Any, *, is_atom: bool) -> str | None:
    """The title of a feed or an item; only Atom says in which form it is written."""
    title = string(entry.get("title"))
    kind = string((entry.get("title_detail") or {}).get("type"))
    if is_atom and "html" not in kind:
        return literal(title) or None
    return titled(title, is_html=is_atom) or None


def _body(entry: Any) -> tuple[str, str]:
    """The longest text of an item as HTML, with the address its relative links start from."""
    best, base = "", ""
    details = [*(entry.get("content") or []), entry.get("summary_detail") or {}]
    for detail in details:
        value = string(detail.get("value"))
        if len(value) <= len(best):
            continue
        kind = string(detail.get("type")).lower()
        if kind == "text/plain" and "<" in value and not _BLOCK_TAG.search(value):
            value = html.escape(value)
        best, base = value, string(detail.get("base"))
    if _ENTITY_TAG.search(best) and not _BLOCK_TAG.search(best):
        best = html.unescape(best)
    return best, base


def _words_of(summary: str) -> str:
    """What a summary says, literally where nothing shows that it is HTML; empty where it is an article."""
    if not _MARKUP.search(summary):
        return titled(summary, limit=_MAX_SUMMARY)
    blocks = _BLOCK_TAG.findall(summary)
    if len(blocks) > 1:
        return ""
    return plain(summary, limit=_MAX_SUMMARY) if blocks else titled(summary, limit=_MAX_SUMMARY, is_html=True)


def _subtitle(summary: str, text: str, body: str, title: str = "") -> str | None:
    """The words of a summary that add something: few, neither the text's beginning nor an excerpt cut by a machine."""
    if not text or len(summary) > _MAX_SUMMARY or summary == body:
        return None
    if len(text) > MAX_SUBTITLE or text.endswith(("[…]", "[...]", "…", "...", "[&hellip;]")):
        return None
    beginning = letters_of(plain(_SILENT.sub(" ", body[: 20 * MAX_SUBTITLE]), limit=8 * MAX_SUBTITLE))
    said, name = letters_of(text), letters_of(title)
    if not said:
        return text
    # excerpts are cut from the text with or without the heading that repeats the title
    starts = {said, said.removeprefix(name)} - {""}
    return None if any(each.startswith(tuple(starts)) for each in (beginning, beginning.removeprefix(name))) else text


def _authors(entry: Any) -> tuple[str, ...]:
    names = [string(author.get("name")) for author in entry.get("authors") or [] if hasattr(author, "get")]
    if not any(names):
        names = [string((entry.get("author_detail") or {}).get("name")), string(entry.get("author"))][:1]
    return authors_in(names)


def _date(entry: Any) -> datetime | None:
    for field in ("published", "created", "updated"):
        moment = moment_of(string(entry.get(field))) if field in entry else None
        if moment is not None:
            return moment
        value = entry.get(f"{field}_parsed") if f"{field}_parsed" in entry else None
        if isinstance(value, struct_time):
            try:
                return datetime.fromtimestamp(timegm(value), UTC)
            except (ValueError, OverflowError, OSError):
                continue
    return None


def _picture(entry: Any) -> str | None:
    """The item's own picture: media:content, an enclosure, media:thumbnail or an iTunes image."""
    media = [
        Named(
            string(each.get("url")),
            string(each.get("width")),
            string(each.get("height")),
            string(each.get("isdefault")).lower() == "true",
        )
        for each in entry.get("media_content") or []
        if is_picture(string(each.get("type")), string(each.get("medium")), string(each.get("url")), may_be_untold=True)
    ]
    files = [(string(each.get("href") or each.get("url")), each) for each in entry.get("enclosures") or []]
    enclosures = [Named(src) for src, each in files if is_picture(string(each.get("type")), "", src)]
    thumbnails = [
        Named(string(each.get("url")), string(each.get("width")), string(each.get("height")))
        for each in entry.get("media_thumbnail") or []
    ]
    own = [Named(string((entry.get("image") or {}).get("href")))]
    return next((best for named in (media, enclosures, thumbnails, own) if (best := best_of(named))), None)


def _identities(entry: Any, urls: Sequence[str], base: str | None) -> list[str]:
    """`guid:…` and `link:…` of an item, its best address first; feedparser gives `id` for guid, atom:id, rdf:about."""
    guid = string(entry.get("id"))
    if base and guid and entry.get("guid_is_address"):
        guid = _joined(base, guid)
    names = _names(_guid(guid), urls[0] if urls else None)
    return list(dict.fromkeys([*names, *(name for url in urls[1:] for name in _names("", url))]))


def _joined(base: str, guid: str) -> str:
    try:
        return urljoin(base, guid)
    except ValueError:
        return guid


def _names(guid: str, url: str | None) -> list[str]:
    # A place within a page is another item than the page: a comment on an issue is not that issue.
    place = urlsplit(url).fragment if url else ""
    is_within = bool(guid and place) and not place.startswith(("/", "!"))  # those are pages of their own
    key = link_key(url) if url and not is_within else None
    return ([f"guid:{guid}"] if guid else []) + ([f"link:{key}"] if key else [])


def _guid(identity: str) -> str:
    return key_within(plain(identity, limit=_MAX_GUID), MAX_KEY)


def with_own_identities(issues: list[Issue], home: str | None) -> tuple[Issue, ...]:
    """The issues without identities that tell nothing apart.

    Those are what different items share, and beside a guid the address of the home page or of somebody else's page:
    link blogs point to what they write about, and so does the next one.
    """
    seen: dict[str, set[str]] = {}
    for issue in issues:
        for identity in issue.identities:
            seen.setdefault(identity, set()).add(issue.identities[-1])
    shared = {identity for identity, contents in seen.items() if len(contents) > 1}
    shared |= _repeated_words(issues)
    home_key = link_key(home) if home else None
    if home_key and Counter(f"link:{home_key}" in issue.identities for issue in issues)[True] > 1:
        shared.add(f"link:{home_key}")
    addressed = [name for issue in issues if issue.identities[0].startswith("guid:") for name in issue.identities[1:2]]
    shared |= _foreign(addressed, home_key)
    if not shared:
        return tuple(issues)
    # The last name, that by its content, stays where it is the only one.
    return tuple(
        replace(i, identities=tuple(x for x in i.identities if x not in shared) or i.identities[-1:]) for i in issues
    )


def _domain_in(key: str) -> str:
    host = host_in(key.partition("#")[0])
    return domain_of(host) or host


def _foreign(names: Sequence[str], home_key: str | None) -> set[str]:
    """Those of these `link:` names that lead to the home page itself, or to other sites than most of them do."""
    sites = {name: _domain_in(name[5:]) for name in names if name.startswith("link:")}
    counted = Counter(sites.values())
    own = {site for site, count in counted.items() if count > len(sites) / 2 and (count > 1 or home_key is None)}
    if home_key is not None:
        own.add(_domain_in(home_key))
    return {name for name, site in sites.items() if site not in own or name[5:] == home_key}


def _repeated_words(issues: list[Issue]) -> set[str]:
    """Names by content that issues of different days and addresses share: "Open thread", every week."""
    alike: dict[str, list[Issue]] = {}
    for issue in issues:
        alike.setdefault(issue.identities[-1], []).append(issue)
    return {
        content
        for content, others in alike.items()
        if len(others) > 1
        and len({issue.identities[0] for issue in others})
        == len({issue.published_at for issue in others})
        == len(others)
    }


def read_json_feed(content: bytes, *, base: str | None) -> Feed:
    """A JSON Feed (jsonfeed.org, versions 1 and 1.1)."""
    data = answered(content)
    if not isinstance(data.get("items"), list):
        raise UnreadableError("unreadable-no-json-feed")
    home = clean_url(string(data.get("home_page_url")), base)
    feed_base = home or absolute(string(data.get("feed_url")), base) or base
    items = [item for item in data["items"][:MAX_ITEMS] if isinstance(item, dict)]
    site = _site(home, [string(item.get("url")) for item in items])
    vouched = _vouched(site, [string(item.get("content_html")) or string(item.get("content_text")) for item in items])
    self_url = absolute(string(data.get("feed_url")), base)
    own_pages = _own_pages(absolute(string(data.get("feed_url")), feed_base))
    said = _Said(
        string(data.get("title"))[:_LONGEST_NAME],
        home,
        site,
        feed_base,
        vouched,
        is_atom=False,
        authors=_json_authors(data),
        own_pages=own_pages,
    )
    issues = [_json_issue(item, said) for item in items]
    hubs = (
        [hub for hub in data.get("hubs") or [] if isinstance(hub, dict)] if isinstance(data.get("hubs"), list) else []
    )
    named = (string(hub.get("url")) for hub in hubs if string(hub.get("type")).lower() in {"websub", "pubsubhubbub"})
    return Feed(
        literal(string(data.get("title"))) or None,
        home,
        with_own_identities(issues, home),
        hub_url=next((address for each in named if (address := absolute(each, base))), None),
        self_url=self_url,
    )


def _json_issue(item: dict[str, Any], said: _Said) -> Issue:
    base = said.base
    url = clean_url(string(item.get("url")), base)
    body = string(item.get("content_html"))
    text = string(item.get("content_text"))
    summary = string(item.get("summary"))
    if not body and text:
        body = "".join(f"<p>{_linked_text(part)}</p>" for part in re.split(r"\n\s*\n", text[:500_000]))
    own = _own(said.site, url, said.vouched, title=said.title)
    url = without_own_stamp(url, own)
    own.keys.update(said.own_pages)
    known = Known(
        title=literal(string(item.get("title"))) or None,
        subtitle=_subtitle(summary, titled(summary, limit=_MAX_SUMMARY), body, string(item.get("title")))
        if body
        else None,
        authors=_json_authors(item) or said.authors,
        published_at=moment_of(item.get("date_published")) or moment_of(item.get("date_modified")),
        image_url=best_of([Named(string(item.get("image"))), Named(string(item.get("banner_image")))]),
        paywalled=platforms.is_cut(body),
        url=url,
        base=url or base,
        own=own,
    )
    identity = item.get("id")
    if isinstance(identity, float):
        identity = int(identity) if math.isfinite(identity) and identity.is_integer() else repr(identity)
    guid = _guid(str(identity)) if isinstance(identity, (str, int)) and not isinstance(identity, bool) else ""
    issue = issue_from_html(body or html.escape(summary), known, identities=_names(guid, url))
    external = read_link(string(item.get("external_url")), base)
    return _with_external(issue, external, own) if external is not None else issue


def _linked_text(text: str) -> str:
    """Plain text as HTML, with its addresses and Markdown links as links."""
    pieces: list[str] = []
    last = 0
    for found in _TEXT_LINK.finditer(text):
        words, address = (found[1], found[2]) if found[2] else (found[0], found[0])
        ending = ""
        if not found[2]:
            address = words = found[0].rstrip(".,;:!?*_'\"")
            ending = found[0][len(address) :]
        pieces += html.escape(text[last : found.start()]), f'<a href="{html.escape(address)}">{html.escape(words)}</a>'
        pieces.append(html.escape(ending))
        last = found.end()
    return "".join([*pieces, html.escape(text[last:])])


def _with_external(issue: Issue, external: tuple[str, str], own: Own) -> Issue:
    """The issue with what it is about (JSON Feed's `external_url`) as its first link."""
    url, key = external
    if any(link.key == key for link in issue.links) or is_chrome(key, "", own) or is_action(key):
        return issue
    title = issue.title if issue.title != UNTITLED else readable_address(key)
    link = Link(url, key, title, "")
    first = issue.sections[0] if issue.sections else None
    if first is not None and first.title is None:
        return replace(issue, sections=(replace(first, links=(link, *first.links)), *issue.sections[1:]))
    return replace(issue, sections=(Section(None, (link,)), *issue.sections))


def _own_pages(*addresses: str | None) -> list[str]:
    """Keys of the feed's own addresses: what leads there is a footnote made absolute, or furniture."""
    return [key for address in addresses if address and (key := link_key(address)) and "/" in key]


def _json_authors(item: dict[str, Any]) -> tuple[str, ...]:
    listed = item.get("authors")
    authors = listed if isinstance(listed, list) else [item.get("author")]
    return authors_in([string(author.get("name")) for author in authors if isinstance(author, dict)])
