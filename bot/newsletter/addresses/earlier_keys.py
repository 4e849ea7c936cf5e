"""Link keys by the rules of versions 1 and 2, which stored rows may still have.

Nothing here changes any more: it goes when no row has such a key. The rules in force are `links` and `same_pages`.
"""

import re
from urllib.parse import SplitResult, urlsplit

from bot.newsletter.addresses.links import MAX_KEY, MAX_SHOWN, absolute, authority, fold_percent
from bot.newsletter.addresses.same_pages import UNIFY
from bot.newsletter.addresses.wrappers import PATHS, destination, may_be_wrapped
from bot.newsletter.platforms.platform import Unify
from bot.newsletter.rules import rule
from bot.newsletter.text import key_within

_TRACKING = frozenset(
    """ref fbclid gclid dclid gbraid wbraid msclkid twclid ttclid igshid igsh yclid li_fat_id mkt_tok guccounter
    ref_src ref_url cmp cmpid ncid s_cid smid smtyp xtor __s __hstc __hssc __hsfp hsctatracking _bhlid bhlid
    last_resource_guid _ga _gl trk trkinfo trackingid lipi wickedid ss_email_id rb_clickid epik srsltid
    access_token token visit_token jwt_token auth_token email user_email e_mail subscriber_id ck_subscriber_id
    freesignupemail subscriber_email emailaddress email_address mid_email sub_id""".split()
)
_TRACKING_PREFIXES = ("utm_", "mtm_", "pk_", "piwik_", "matomo_", "hsa_", "guce_", "mc_", "_hs", "oly_", "vero_", "ga_")

_BY_SITE: dict[str, frozenset[str]] = {
    "twitter.com": frozenset({"s", "t", "source", "src", "cn", "cxt"}),
    "youtube.com": frozenset({"si", "feature", "ab_channel", "pp", "app"}),
    "youtu.be": frozenset({"si", "feature", "ab_channel", "pp"}),
    "open.spotify.com": frozenset({"si"}),
    "reddit.com": frozenset({"share_id", "rdt", "context"}),
    "instagram.com": frozenset({"hl"}),
}
_SUBSTACK = frozenset({"r", "s", "isfreemail", "triedredirect", "showwelcome", "publication_id", "post_id", "j", "fbc"})
_ALIASES_BEFORE = {"x.com": "twitter.com", "mobile.twitter.com": "twitter.com", "youtu.be": "youtube.com"}
"""What version 1 of the keys knew of sites with several addresses for a page."""

_KEY_ONLY = frozenset({"via", "aff", "affiliate", "ref_id", "referrer", "referral"})
_ALL_UTM = rule(
    r"(?>(?:utm_\w++=[^&?%{]*+&?)+)",
    "a query of nothing but campaign parameters",
    source="https://support.google.com/analytics/answer/10917952",
    specimens=("utm_source=loaf", "utm_source=loaf&utm_medium=email"),
    others=("utm_source=loaf&id=1", "utm_source={{x}}", "id=1"),
    flags=re.ASCII,
    how="fullmatch",
)
_PLAIN = rule(
    r"https?://(?:www\.|m\.)?([a-z0-9.-]+\.[a-z]{2,24})((?:/[\w.~!$'()*+,;=:@%/-]*)?)(?:\?([!-\"$-~]*))?\Z",
    "an address that is read without taking it apart",
    source="https://www.rfc-editor.org/rfc/rfc3986#section-3",
    specimens=(
        "https://mill.example",
        "http://mill.example/loaf",
        "https://www.mill.example/?a=1",
        "https://m.mill.example/",
    ),
    others=(
        "https://mill.example:8080/",
        "https://Mill.example/",
        "https://mia@mill.example/",
        "ftp://mill.example/",
        "https://mill.example/#a",
    ),
    flags=re.ASCII,
    how="match",
)
_UNWANTED = rule(
    r"[\x00-\x20\x7f\u200b-\u200f\u2028-\u202e\u2060\ufeff\ud800-\udfff]+",
    "letters that nobody sees, and blanks",
    source="https://url.spec.whatwg.org/#concept-basic-url-parser",
    specimens=(" ", "\n", "\u200b", "\ufeff", "\u202e"),
    others=("a", "é", "-"),
    how="fullmatch",
)
_LEFTOVER = rule(
    r"(?:[?&]|%3[Ff]|%26)utm_\w+(?:=|%3[Dd])[^&#]*",
    "a campaign parameter within another address",
    source="https://support.google.com/analytics/answer/10917952",
    specimens=(
        "?utm_source=loaf",
        "&utm_source=loaf",
        "%3Futm_source=loaf",
        "%3futm_medium=x",
        "%26utm_source%3Dloaf",
        "%26utm_source%3dloaf",
    ),
    others=("utm_source=loaf", "?source=loaf", "?utm=loaf"),
    how="match",
)
_PERCENT = rule(
    r"%[0-9a-f]{2}",
    "a percent-encoded byte",
    source="https://www.rfc-editor.org/rfc/rfc3986#section-2.1",
    specimens=("%7e", "%2F"),
    others=("%7", "%zz", "7e"),
    flags=re.IGNORECASE,
)
_MERGE_FIELD = rule(
    r"PLACEHOLDER|\{\{|%7B%7B",
    "what a system that sends should have filled in",
    source="newsletters of the shared corpora",
    specimens=("ref=PLACEHOLDER", "email={{email}}", "email=%7b%7bemail%7D%7D"),
    others=("email={email}", "place=holder"),
    flags=re.IGNORECASE,
)
_HOST = rule(
    r"[^\s/?#@:\[\]\\]+\Z|\[[0-9a-fA-F:.]+\]\Z",
    "a name of a host, or an address of one in brackets",
    source="https://www.rfc-editor.org/rfc/rfc3986#section-3.2.2",
    specimens=("mill.example", "[2001:db8::1]"),
    others=("mill example", "mia@mill.example", "", "mill.example:80", "[mill]"),
    how="match",
)


def earlier_key(raw: str, version: int) -> str | None:
    """What made two links the same by version 1 or 2 of the rules; None where it is no web address."""
    plain = _PLAIN.match(raw)
    if plain is not None and len(raw) <= MAX_SHOWN:
        host, path, query = plain.group(1, 2, 3)
        if path[1:].partition("/")[0] not in PATHS and not may_be_wrapped(host, path):
            return _key(host, path, _query(host, path, query or "")[1], version=version)
    return _read_slowly(raw, version)


def _read_slowly(raw: str, version: int) -> str | None:
    text = absolute(raw, None)
    if text is None:
        return None
    unwrapped = destination(text)
    if unwrapped is None:
        return None
    text = _UNWANTED.sub("", unwrapped)
    try:
        parts = urlsplit(text)
        hostname = parts.hostname or ""
        port = parts.port
    except ValueError:
        return None
    if not _HOST.match(hostname) and ":" not in hostname:
        return None
    folded = _fold_host(hostname)
    shown, kept = _query(folded, parts.path, parts.query)
    where = authority(hostname, port, parts.scheme.lower())
    path = parts.path.replace("\\", "/")
    url = SplitResult(parts.scheme.lower(), where, path, shown, parts.fragment).geturl()
    if "utm_" in url:
        url = _LEFTOVER.sub("", url)
        kept = _LEFTOVER.sub("", f"?{kept}").lstrip("?")
        path = _LEFTOVER.sub("", path)
    if len(url) > MAX_SHOWN or not url.startswith("http"):
        return None
    route = f"#{parts.fragment}" if parts.fragment.startswith(("!", "/")) else ""
    key = _key(folded, path, kept, port=port if where != hostname and port else None, version=version)
    return key_within(key + route, MAX_KEY)


def _fold_host(host: str) -> str:
    host = host.lower().rstrip(".")
    for prefix in ("www.", "m.", "mobile."):
        if host.startswith(prefix) and host.count(".") > 1:
            host = host[len(prefix) :]
    return host


def _query(host: str, path: str, query: str) -> tuple[str, str]:
    if not query or _ALL_UTM.fullmatch(query):
        return "", ""
    site = "twitter.com" if host == "x.com" else host
    dropped = _BY_SITE.get(site)
    if path.startswith("/p/") or host.endswith("substack.com"):
        dropped = _SUBSTACK
    shown = []
    kept = []
    for field in query.replace("?", "&").split("&") if "?utm_" in query else query.split("&"):
        name = field.partition("=")[0].lower()
        if not name:
            continue
        tracks = name.startswith(_TRACKING_PREFIXES) or name in _TRACKING or (dropped is not None and name in dropped)
        if tracks and not _MERGE_FIELD.search(field):
            continue
        shown.append(field)
        if name not in _KEY_ONLY:
            kept.append(field)
    if len(kept) > 1:
        kept.sort()
    return "&".join(shown), "&".join(kept)


def _key(host: str, path: str, query: str, *, port: int | None = None, version: int) -> str:
    if host in _UNIFY or host.endswith(_MOBILE):
        unify = _unified if version > 1 else _unified_at_first
        host, path, query = unify(host, path, query)
    if "%" in path:
        path = _PERCENT.sub(fold_percent, path)
    where = f"{host}:{port}" if port else host
    path = path.rstrip("/")
    key = f"{where}{path}?{query}" if query else where + path
    return key if len(key) <= MAX_KEY else key_within(key, MAX_KEY)


def _unified(host: str, path: str, query: str) -> tuple[str, str, str]:
    unify = _UNIFY.get(host)
    if unify is not None:
        return unify(path, query)
    return host.removesuffix(_MOBILE) + ".wikipedia.org", path, query


def _twitter(path: str, query: str) -> tuple[str, str, str]:
    return "twitter.com", path if path.startswith("/i/") else path.lower(), query


def _short_youtube(path: str, query: str) -> tuple[str, str, str]:
    if len(path) < 2:
        return "youtu.be", path, query
    fields = [f"v={path[1:].rstrip('/')}", *(query.split("&") if query else ())]
    return "youtube.com", "/watch", "&".join(sorted(fields))


_UNIFY: dict[str, Unify] = {
    **UNIFY,
    "twitter.com": _twitter,
    "x.com": _twitter,
    "mobile.twitter.com": _twitter,
    "youtu.be": _short_youtube,
}
_MOBILE = ".m.wikipedia.org"


def _unified_at_first(host: str, path: str, query: str) -> tuple[str, str, str]:
    if host == "youtu.be" and len(path) > 1:
        return "youtube.com", "/watch", f"v={path[1:].rstrip('/')}" + (f"&{query}" if query else "")
    return _ALIASES_BEFORE.get(host, host) if host != "youtu.be" else host, path, query
