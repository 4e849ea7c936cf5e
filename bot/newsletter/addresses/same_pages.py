"""Sites that show one page under several addresses: how such an address is brought to one form, for the key alone.

A function for each site: path (without a slash at its end) and query in, host, path and query
out. Whoever changes one raises `links.KEY_VERSION` and keeps the old one in `earlier_keys`.
"""

import re

from bot.newsletter import platforms
from bot.newsletter.platforms.platform import Place, Unify

_ARXIV = re.compile(r"/(?:abs|pdf|html|format|ps)/((?:[a-z-]+(?:\.[A-Z]{2})?/)?[\d.]+?)(?:v\d+)?(?:\.pdf)?/?\Z")
_YOUTUBE = re.compile(r"/(?:shorts|embed|live|v)/(?!videoseries|live_stream)([\w-]{6,})/?\Z")
_AMAZON = re.compile(r"/(?:dp|gp/product)/([A-Z0-9]{10})(?:/|\Z)")
_WEB_STATUS = re.compile(r"/i/web(?=/status/\d)")
_STATUS = re.compile(r"(/[^/]+/status/\d+)(?:/(?:photo|video)/\d+)+\Z")
_VIDEO = re.compile(r"/([\w-]+)\Z")
_WIKI = re.compile(
    r"(?:\.m)+(\.wik(?:ipedia|tionary|iquote|ibooks|isource|inews|iversity|ivoyage|idata|imedia)\.org)\Z"
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
