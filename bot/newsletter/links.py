"""Links as they are shown and as they are compared.

`read_link(raw)` gives both: the **shown** address (trackers undone, tracking parameters and the reader's identity
stripped; pressing it works) and the **key**, which is what makes two links the same. The key folds scheme, `www.`/`m.`,
the default port, a trailing slash, the fragment, the order of parameters, x.com and youtu.be, and drops what only says
where a reader came from. Keys are stored: whoever changes a rule raises `KEY_VERSION`.
"""

import re
from contextvars import ContextVar
from urllib.parse import SplitResult, urljoin, urlsplit

from bot.newsletter.same_pages import MOBILE, UNIFY, unified
from bot.newsletter.text import key_within
from bot.newsletter.wrappers import MAX_URL, PATHS, destination, may_be_wrapped

KEY_VERSION = 3
MAX_SHOWN = 2_000
"""A shown address that is longer is no link: no message could hold it."""

MAX_KEY = 500

_TRACKING = frozenset(
    """ref fbclid gclid dclid gbraid wbraid msclkid twclid ttclid igshid igsh yclid li_fat_id mkt_tok guccounter
    ref_src ref_url cmp cmpid ncid s_cid smid smtyp xtor __s __hstc __hssc __hsfp hsctatracking _bhlid bhlid
    last_resource_guid _ga _gl trk trkinfo trackingid lipi wickedid ss_email_id rb_clickid epik srsltid
    access_token token visit_token jwt_token auth_token email user_email e_mail subscriber_id ck_subscriber_id
    freesignupemail subscriber_email emailaddress email_address mid_email sub_id""".split()
)
"""Parameters that say who reads or where from, on any host. Compared in lower case."""

_TRACKING_PREFIXES = ("utm_", "mtm_", "pk_", "piwik_", "matomo_", "hsa_", "guce_", "mc_", "_hs", "oly_", "vero_", "ga_")

_BY_SITE: dict[str, frozenset[str]] = {
    "twitter.com": frozenset({"s", "t", "source", "src", "cn", "cxt"}),
    "youtube.com": frozenset({"si", "feature", "ab_channel", "pp", "app"}),
    "youtu.be": frozenset({"si", "feature", "ab_channel", "pp"}),
    "open.spotify.com": frozenset({"si"}),
    "reddit.com": frozenset({"share_id", "rdt", "context"}),
    "instagram.com": frozenset({"hl"}),
    "list-manage.com": frozenset({"e"}),  # the reader, by Mailchimp's number
}
_SUBSTACK = frozenset({"r", "s", "isfreemail", "triedredirect", "showwelcome", "publication_id", "post_id", "j", "fbc"})
_ALIASES_BEFORE = {"x.com": "twitter.com", "mobile.twitter.com": "twitter.com", "youtu.be": "youtube.com"}
"""What version 1 of the keys knew of sites with several addresses for a page."""

_version: ContextVar[int] = ContextVar("version", default=KEY_VERSION)
"""By which version of the rules keys are made; 3 knows what Mailchimp calls a reader."""

_KEY_ONLY = frozenset({"via", "aff", "affiliate", "ref_id", "referrer", "referral"})
"""Affiliate marks: the shown link keeps them (the newsletter lives of them), the key does not."""

_ALL_UTM = re.compile(r"(?>(?:utm_\w++=[^&?%{]*+&?)+)", re.ASCII)
_PLAIN = re.compile(
    r"https?://(?:www\.|m\.)?([a-z0-9.-]+\.[a-z]{2,24})((?:/[\w.~!$'()*+,;=:@%/-]*)?)(?:\?([!-\"$-~]*))?\Z", re.ASCII
)
_SCHEME = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*:")
_UNWANTED = re.compile(r"[\x00-\x20\x7f\u200b-\u200f\u2028-\u202e\u2060\ufeff\ud800-\udfff]+")
_LEFTOVER = re.compile(r"(?:[?&]|%3[Ff]|%26)utm_\w+(?:=|%3[Dd])[^&#]*")
_PERCENT = re.compile(r"%[0-9a-f]{2}", re.IGNORECASE)
_MERGE_FIELD = re.compile(r"PLACEHOLDER|\{\{|%7B%7B", re.IGNORECASE)
_HOST = re.compile(r"[^\s/?#@:\[\]\\]+\Z|\[[0-9a-fA-F:.]+\]\Z")


def read_link(raw: str, base: str | None = None) -> tuple[str, str] | None:
    """(shown address, key) of a link; None where it is no web address (mailto, in-page, relative without a base)."""
    plain = _PLAIN.match(raw)
    if plain is not None and len(raw) <= MAX_SHOWN:
        host, path, query = plain.group(1, 2, 3)
        if path[1:].partition("/")[0] not in PATHS and not may_be_wrapped(host, path):
            if not query:
                return raw if query is None else raw[:-1], _key(host, path, "")
            start = raw[: plain.start(3) - 1]
            if _ALL_UTM.fullmatch(query):
                return start, _key(host, path, "")
            shown, kept = _queries(host, path, query)
            return (f"{start}?{shown}" if shown else start), _key(host, path, kept)
    return _read_slowly(raw, base)


def clean_url(raw: str, base: str | None = None) -> str | None:
    """The address to show for a link: unwrapped, without trackers and identities; None where it is no web address."""
    link = read_link(raw, base)
    return link[0] if link else None


def link_key(raw: str, base: str | None = None) -> str | None:
    """What makes two links the same, for example `arxiv.org/abs/2301.09209`; None where it is no web address."""
    link = read_link(raw, base)
    return link[1] if link else None


def link_keys(raw: str) -> tuple[str, ...]:
    """The key by the present rules, then those by earlier ones where these were others: stored rows may have them."""
    keys: dict[str, None] = {}
    for version in range(KEY_VERSION, 0, -1):
        token = _version.set(version)
        try:
            key = link_key(raw)
        finally:
            _version.reset(token)
        if key is not None:
            keys[key] = None
    return tuple(keys)


def absolute(raw: str, base: str | None) -> str | None:
    """An http(s) address, resolved against `base`; None for everything else."""
    if len(raw) <= MAX_URL and _PLAIN.match(raw):
        return raw
    text = _UNWANTED.sub("", raw) if raw.isascii() else _UNWANTED.sub("", raw).replace("\u00ad", "")
    if not text or len(text) > MAX_URL:
        return None
    try:
        if text.startswith("//"):
            text = "https:" + text
        elif not _SCHEME.match(text):
            if not base or text.startswith("#"):
                return None
            text = urljoin(base, text)
        parts = urlsplit(text)
    except ValueError:
        return None
    return text if parts.scheme.lower() in {"http", "https"} and parts.netloc else None


def _read_slowly(raw: str, base: str | None) -> tuple[str, str] | None:
    text = absolute(raw, base)
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
    shown, kept = _queries(folded, parts.path, parts.query)
    # credentials in an address identify somebody and are never needed to read an article
    where = _authority(hostname, port, parts.scheme.lower())
    path = parts.path.replace("\\", "/")
    url = SplitResult(parts.scheme.lower(), where, path, shown, parts.fragment).geturl()
    if "utm_" in url:
        url = _LEFTOVER.sub("", url)
        kept = _LEFTOVER.sub("", f"?{kept}").lstrip("?")
        path = _LEFTOVER.sub("", path)
    if len(url) > MAX_SHOWN or not url.startswith("http"):
        return None
    route = f"#{parts.fragment}" if parts.fragment.startswith(("!", "/")) else ""
    key = _key(folded, path, kept, port=port if where != hostname and port else None)
    return url, key_within(key + route, MAX_KEY)


def _authority(hostname: str, port: int | None, scheme: str) -> str:
    where = f"[{hostname}]" if ":" in hostname else hostname
    if port is None or port == {"http": 80, "https": 443}[scheme]:
        return where
    return f"{where}:{port}"


def _fold_host(host: str) -> str:
    host = host.lower().rstrip(".")
    for prefix in ("www.", "m.", "mobile."):
        if host.startswith(prefix) and host.count(".") > 1:
            host = host[len(prefix) :]
    return host


def _queries(host: str, path: str, query: str) -> tuple[str, str]:
    """The parameters to show and, sorted, those that belong to the key."""
    if not query or _ALL_UTM.fullmatch(query):
        return "", ""
    site = "twitter.com" if host == "x.com" else host
    if host.endswith(".list-manage.com") and _version.get() > 2:
        site = "list-manage.com"
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
        # an unfilled merge field tells the newsletter's own buttons from content (`bot.newsletter.chrome`)
        if tracks and not _MERGE_FIELD.search(field):
            continue
        shown.append(field)
        if name not in _KEY_ONLY:
            kept.append(field)
    if len(kept) > 1:
        kept.sort()
    return "&".join(shown), "&".join(kept)


def _key(host: str, path: str, query: str, *, port: int | None = None) -> str:
    if host in UNIFY or host.endswith(MOBILE):
        unify = unified if _version.get() > 1 else _unified_at_first
        host, path, query = unify(host, path, query)
    if "%" in path:
        path = _PERCENT.sub(_fold_percent, path)
    where = f"{host}:{port}" if port else host
    path = path.rstrip("/")
    key = f"{where}{path}?{query}" if query else where + path
    return key if len(key) <= MAX_KEY else key_within(key, MAX_KEY)


def _unified_at_first(host: str, path: str, query: str) -> tuple[str, str, str]:
    if host == "youtu.be" and len(path) > 1:
        return "youtube.com", "/watch", f"v={path[1:].rstrip('/')}" + (f"&{query}" if query else "")
    return _ALIASES_BEFORE.get(host, host) if host != "youtu.be" else host, path, query


def _fold_percent(escape: re.Match[str]) -> str:
    """`%7e` is `~` (RFC 3986 6.2.2.2); other escapes in capitals (6.2.2.1)."""
    char = chr(int(escape[0][1:], 16))
    return char if char.isascii() and (char.isalnum() or char in "-._~") else escape[0].upper()
