"""Sites that show one page under several addresses: how such an address is brought to one form, for the key alone.

A function for each site: path (without a slash at its end) and query in, host, path and query
out. Whoever changes one raises `links.KEY_VERSION` and keeps the old one in `earlier_keys`.
"""

from bot.newsletter import platforms
from bot.newsletter.platforms.platform import Place, Unify
from bot.newsletter.rules import rule

_ARXIV = rule(
    r"/(?:abs|pdf|html|format|ps)/((?:[a-z-]+(?:\.[A-Z]{2})?/)?[\d.]+?)(?:v\d+)?(?:\.pdf)?/?\Z",
    "a paper on arXiv in any of its forms",
    source="https://info.arxiv.org/help/arxiv_identifier_for_services.html",
    specimens=("/abs/2301.09209", "/pdf/2301.09209v2.pdf", "/abs/math.GT/0309136", "/html/2301.09209v1"),
    others=("/list/cs.AI/new", "/abs/2301.09209/x"),
    how="match",
)
_YOUTUBE = rule(
    r"/(?:shorts|embed|live|v)/(?!videoseries|live_stream)([\w-]{6,})/?\Z",
    "a video on YouTube by another path than /watch",
    source="https://developers.google.com/youtube/player_parameters",
    specimens=("/shorts/dQw4w9WgXcQ", "/embed/dQw4w9WgXcQ", "/live/dQw4w9WgXcQ/"),
    others=("/embed/videoseries", "/embed/live_stream", "/@somebody", "/shorts/a"),
    how="match",
)
_AMAZON = rule(
    r"/(?:dp|gp/product)/([A-Z0-9]{10})(?:/|\Z)",
    "what Amazon sells, by its number",
    source="tests/newsletter/test_links.py",
    specimens=("/Bread-Book/dp/1234567890/ref=sr_1_1", "/gp/product/B00EXAMPLE"),
    others=("/dp/123", "/gp/help/1234567890"),
)
_WEB_STATUS = rule(
    r"/i/web(?=/status/\d)",
    "a post on X without its author's name",
    source="tests/newsletter/test_links.py",
    specimens=("/i/web/status/1",),
    others=("/i/web", "/i/lists/1"),
)
_STATUS = rule(
    r"(/[^/]+/status/\d+)(?:/(?:photo|video)/\d+)+\Z",
    "a picture of a post on X",
    source="tests/newsletter/test_links.py",
    specimens=("/ann/status/1/photo/1", "/ann/status/1/video/2"),
    others=("/ann/status/1", "/ann/status/1/likes"),
)
_VIDEO = rule(
    r"/([\w-]+)\Z",
    "a video by YouTube's short address",
    source="tests/newsletter/test_links.py",
    specimens=("/dQw4w9WgXcQ",),
    others=("/", "/a/b"),
    how="match",
)
_WIKI = rule(
    r"(?:\.m)+(\.wik(?:ipedia|tionary|iquote|ibooks|isource|inews|iversity|ivoyage|idata|imedia)\.org)\Z",
    "a host of Wikimedia's for phones",
    source="https://wikitech.wikimedia.org/wiki/MobileFrontend",
    specimens=("en.m.wikipedia.org", "de.m.wiktionary.org"),
    others=("en.wikipedia.org", "m.wikipedia.org.example"),
)


def _arxiv(path: str, query: str) -> Place:
    """Abstract, PDF and HTML of a paper, in whatever version, are the paper."""
    found = _ARXIV.match(path)
    return ("arxiv.org", f"/abs/{found[1]}", "") if found else ("arxiv.org", path, query)


def _twitter(path: str, query: str) -> Place:
    """Names there are the same in any case; what stands under `/i/` are no names. A picture of a post is the post."""
    path = _WEB_STATUS.sub("/i", path) if path.startswith("/i/") else path.lower()
    if "/photo/" in path or "/video/" in path:
        path = _STATUS.sub(r"\1", path)
    return "twitter.com", path, query


def _youtube(path: str, query: str) -> Place:
    found = _YOUTUBE.match(path)
    if found is None:
        return "youtube.com", path, query
    return "youtube.com", "/watch", f"v={found[1]}"


def _short_youtube(path: str, query: str) -> Place:
    found = _VIDEO.match(path)
    if found is None:
        return "youtu.be", path, query
    fields = [f"v={found[1]}", *(query.split("&") if query else ())]
    return "youtube.com", "/watch", "&".join(sorted(fields))


def _reddit(path: str, query: str) -> Place:
    return "reddit.com", path, query


def _amazon(host: str) -> Unify:
    """What is sold has a number; the rest says how one came there."""

    def unify(path: str, query: str) -> Place:
        found = _AMAZON.search(path)
        return (host, f"/dp/{found[1]}", "") if found else (host, path, query)

    return unify


UNIFY: dict[str, Unify] = {
    "arxiv.org": _arxiv,
    "export.arxiv.org": _arxiv,
    "twitter.com": _twitter,
    "x.com": _twitter,
    "youtube.com": _youtube,
    "youtube-nocookie.com": _youtube,
    "youtu.be": _short_youtube,
    "old.reddit.com": _reddit,
    "new.reddit.com": _reddit,
    "np.reddit.com": _reddit,
}
"""By the host without `www.`, `m.` and `mobile.`: those that `earlier_keys` knew, too."""

_SHOPS = "com co.uk de fr it es ca in co.jp com.au com.br com.mx nl se pl com.tr ae sg sa eg com.be".split()
SITES: dict[str, Unify] = {
    **UNIFY,
    **platforms.SAME_PAGES,
    **{f"amazon.{end}": _amazon(f"amazon.{end}") for end in _SHOPS},
}

MOBILE = ".m.wik"
"""What stands in the middle of hosts that are for phones: `en.m.wikipedia.org`."""


def unified(host: str, path: str, query: str) -> Place:
    """The one form of an address that has several; any other as it is."""
    unify = SITES.get(host)
    if unify is not None:
        return unify(path, query)
    return _WIKI.sub(r"\1", host), path, query
