"""Substack: subscribe widgets and embeds' controls between the paragraphs, and embeds that keep their links inside."""

import html
import json
import re
from urllib.parse import SplitResult

from bot.newsletter.packed import from_base64, json_field, segments
from bot.newsletter.platforms.paying import PIECE
from bot.newsletter.platforms.platform import Place, Platform, Tracker
from bot.newsletter.rules import rule

_CUT = rule(
    r"<a [^>]{0,500}>\s*Read more\s*</a>\s*(?:</p>\s*)?(?:</div>\s*)*\Z",
    "how the text of a paid post ends in a feed of Substack's",
    source="feeds of newsletters on Substack",
    specimens=('<p>And so</p><p><a href="https://a.substack.com/p/x"> Read more </a></p>',),
    others=('<p><a href="https://a.example/x">Read more</a> on bread.</p>', "Read more"),
    flags=re.IGNORECASE,
)
_EMBED = rule(
    r"<div\b(?=[^>]{0,300}\bclass=\"(twitter-embed|youtube-wrap)\")[^>]{0,300}\bdata-attrs=\"([^\">]{1,20000})\"[^>]{0,300}>",
    "an embedded post or video, of which an attribute tells all",
    source="tests/corpus/substack-embeds.html",
    specimens=(
        '<div class="twitter-embed" data-attrs="{&quot;url&quot;:1}">',
        '<div id="a" class="youtube-wrap" data-attrs="{}">',
    ),
    others=('<div class="embedded-post-wrap" data-attrs="{}">', '<div class="twitter-embed">'),
)
_OFFERS = rule(
    rf"subscribe to .{{1,80}}? to (?:keep|continue) reading this {PIECE}"
    rf"|continue reading this {PIECE} for free, courtesy of|claim my free post"
    r"|keep reading with a \d+-day free trial(?! of\b)",
    "where a post of Substack's breaks off for those who do not pay",
    source="posts of newsletters on Substack",
    specimens=(
        "Subscribe to Crumbs to keep reading this post and get 7 days of free access to the full post archives.",
        "Continue reading this post for free, courtesy of Ann.",
        "Claim my free post",
        "Keep reading with a 7-day free trial",
    ),
    others=(
        "Subscribe to Crumbs to keep reading this newsletter every week.",
        "Keep reading with a 7-day free trial of Audible, our sponsor.",
    ),
    flags=re.IGNORECASE | re.MULTILINE,
)
_PUBLICATION = rule(
    r"/pub/(?!(?:www|m|mobile)/)([a-z0-9-]+)(/p/.+)\Z",
    "a post by the address that Substack's app gives it",
    source="links of newsletters on Substack",
    specimens=("/pub/crumbs/p/rye",),
    others=("/pub/crumbs", "/pub/www/p/rye"),
    flags=re.IGNORECASE,
    how="match",
)
_OWN_PAGES = rule(
    r"(?:/app-link\b|/signup\b|/@[^/]+/note\b|/(?:privacy|tos|ccpa)\b|/?\?|$)",
    "what Substack's own site is linked to for, behind its host",
    source="https://substack.com/tos",
    specimens=("", "/tos", "/app-link/post?x=1", "/signup", "/?utm_source=a", "/@ann/note/c-1"),
    others=("/@ann", "/p/rye", "/tostada"),
    how="match",
)
_OF_THE_APP = rule(
    r"/pub/[^/]+$",
    "a newsletter's own page in Substack's app",
    source="links of newsletters on Substack",
    specimens=("/pub/crumbs",),
    others=("/pub/crumbs/p/rye",),
    how="match",
)
_ACTS = rule(
    r"/action/disable_email|\.substack\.com/p/[^/]+/comments?\b",
    "to unsubscribe from a newsletter on Substack, or to comment on it",
    source="mails of newsletters on Substack",
    specimens=("foo.substack.com/action/disable_email?x=1", "foo.substack.com/p/x/comments"),
    others=("foo.substack.com/p/x", "substack.com/p/x/comments"),
)
_ACTS_BY_QUERY = rule(
    r"[?&](?:action=(?:share|restack)|submitLike=|showSubscribe)",
    "to share, to like, to subscribe: buttons of Substack's, told by their parameters",
    source="tests/corpus/substack-mail.html",
    specimens=(
        "foo.substack.com/p/x?action=share",
        "foo.substack.com/p/x?a=1&submitLike=true",
        "x.example/?showSubscribeModal=1",
    ),
    others=("x.example/?action=show", "x.example/action=share"),
)

_READERS_PAGE = rule(
    r"/(?:p/[^/]|(?:i/\d+|subscribe)(?:/|\Z))",
    "the path of a post, of one picture of it, or of the way to subscribe, on Substack",
    source="newsletters of the shared corpora",
    specimens=("/p/loaf", "/i/12", "/i/12/loaf", "/subscribe", "/subscribe/"),
    others=("/p/", "/i/loaf", "/subscribers", "/loaf/p/1"),
    flags=re.IGNORECASE,
    how="match",
)
_READERS_FIELD = rule(
    r"(?:\A|&)(r(?==(?:(?=[a-z]*\d)[0-9a-z]{3,8}|[a-z]{5,8})(?:&|\Z))|s(?==[rw](?:&|\Z))|j(?==eyJ))",
    "a parameter of Substack that says who reads, a number in base 36, or how they came",
    source="newsletters with links of this form",
    specimens=("r=1a2b", "r=hkxqz", "a=1&r=1a2b&b=2", "s=w", "a=1&s=r&b=2", "j=eyJ1IjoiMWEyYiJ9"),
    others=("r=rye", "r=loaf-of-rye", "s=x", "hr=1a2b", "j=2"),
)
_FIELDS = frozenset({"r", "s", "isfreemail", "triedredirect", "showwelcome", "publication_id", "post_id", "j", "fbc"})
_FIELDS_ALONE = _FIELDS - {"r", "s", "j"}


def with_links_of_embeds(source: str) -> str:
    """The document with a link before each embedded post or video: what the embed shows is in its attribute alone."""
    if "twitter-embed" not in source and "youtube-wrap" not in source:
        return source
    return _EMBED.sub(lambda found: _link_of(found[1], found[2]) + found[0], source)


def _link_of(kind: str, attributes: str) -> str:
    try:
        said = json.loads(html.unescape(attributes))
    except (ValueError, RecursionError):
        return ""
    if not isinstance(said, dict):
        return ""
    url, words = said.get("url"), said.get("full_text")
    if kind == "youtube-wrap":
        url, words = f"https://www.youtube.com/watch?v={said.get('videoId')}", "Video on YouTube"
    if not isinstance(url, str):
        return ""
    shown = words if isinstance(words, str) and words.strip() else url
    return f'<p><a href="{html.escape(url)}">{html.escape(shown)}</a></p>'


def is_cut(body: str) -> bool:
    """A paid post's feed body breaks off and ends in "Read more"."""
    return _CUT.search(body[-1_500:]) is not None


def _destination(parts: SplitResult) -> str | None:
    named = segments(parts)
    return json_field(from_base64(named[2].split(".")[0]), "e") if named[:2] == ["redirect", "2"] else None


def _fields_of_readers(path: str, query: str) -> tuple[str, ...]:
    """Also under a host of the newsletter's own, by what stands there: other shops have pages of that name, too."""
    if path[:10].lower().startswith(("/p/", "/i/", "/subscribe")) and _READERS_PAGE.match(path):
        return (*_FIELDS_ALONE, *_READERS_FIELD.findall(query))
    return ()


def _open_substack(path: str, query: str) -> Place:
    found = _PUBLICATION.match(path)
    return (f"{found[1].lower()}.substack.com", found[2], query) if found else ("open.substack.com", path, query)


PLATFORM = Platform(
    marks=(
        "subscription-widget",
        "subscribe-widget",
        "button-wrap",
        "pencraft",
        "footnote-anchor",
        "post-ufi",
        "paywall",
        "embedded-post",
    ),
    furniture=(
        ".subscription-widget-wrap-editor",
        ".subscription-widget-wrap",
        ".subscription-widget",
        ".subscribe-widget",
        ".captioned-button-wrap",
        ".pencraft button",
        ".image-link-expand",
        ".footnote-anchor",
        ".post-ufi",
        ".post-footer",
        ".paywall",
        ".community-chat",
        ".install-substack-app-embed",
        ".embedded-post-header",
        ".embedded-post-body",
        ".embedded-post-cta-wrapper",
        ".embedded-post-meta",
    ),
    text_at=(".available-content",),
    paid=(".paywall-jump",),
    opened=with_links_of_embeds,
    is_cut=is_cut,
    ends=(_OFFERS,),
    called=("substack",),
    sources=("substack",),
    domains=("substack.com",),
    shared_paths={"open.substack.com": 2},
    common_hosts=("substack.com",),
    furniture_at={"substack.com": _OWN_PAGES, "open.substack.com": _OF_THE_APP},
    furniture_words=(
        "read in app",
        "open in app",
        "leave a comment",
        "view comments",
        "give a gift subscription",
        "get a group subscription",
        "restack",
        "start writing",
        "get the app",
    ),
    acts=(_ACTS,),
    acts_by_query=(_ACTS_BY_QUERY,),
    signs_up=("freesignupemail=",),
    # /c/ is Mailgun's, which sent its mails
    trackers={"substack": Tracker(_destination, frozenset({"redirect", "c"}))},
    fields_at=dict.fromkeys(("substack.com", "sbstck.com"), _FIELDS),
    fields_of_readers=_fields_of_readers,
    same_pages={"open.substack.com": _open_substack},
)
