"""Links as they are shown and as they are compared.

`read_link(raw)` gives both: the **shown** address (trackers undone, tracking parameters and the reader's identity
stripped; pressing it works) and the **key**, which is what makes two links the same. The key folds scheme, `www.`, `m.`
and `mobile.`, the default ports, a trailing slash, the fragment, the order of parameters, the ways to write one letter,
x.com and youtu.be, and drops what only says where a reader came from. It is made of the address alone, so
that a link has one wherever it stands; what only context tells is `bot.newsletter.addresses.stamps`. The key of a key
is itself. Keys are stored: whoever changes a rule raises `KEY_VERSION` and keeps the old one in `earlier_keys`.
"""

import re
from base64 import urlsafe_b64decode
from functools import lru_cache
from urllib.parse import SplitResult, quote, unquote, urljoin, urlsplit

from bot.newsletter.addresses.same_pages import MOBILE, SITES, unified
from bot.newsletter.addresses.wrappers import MAX_URL, PATHS, destination, may_be_wrapped
from bot.newsletter.text import key_within

KEY_VERSION = 4
MAX_SHOWN = 2_000
"""A shown address that is longer is no link: no message could hold it."""

MAX_KEY = 500

_IDENTITY = frozenset(
    """access_token accesstoken visit_token user_token session_token jwt_token auth_token authtoken email_hash emailhash
    subscriber_id ck_subscriber_id freesignupemail subscriber_email mid_email mc_eid midtoken midsig otptoken sh_kit
    _kx _ke ml_subscriber ml_subscriber_hash sfmc_sub et_rid spuserid elqtrackid sc_uid bxid cndid inf_contact_key dm_i
    regi_id""".split()
)
"""Parameters that say who reads, wherever in an address they stand. Compared in lower case."""

_DIGEST = re.compile(r"(?:[0-9a-f]{32}|[0-9a-f]{40}|[0-9a-f]{64})\Z", re.IGNORECASE)
_STAMPS: dict[str, re.Pattern[str]] = {
    # of a reader's mail address: MD5, SHA-1, SHA-256
    **dict.fromkeys(
        """email e_mail e-mail user_email useremail emailid email_id emailaddress email_address hasha hashb
        hashc""".split(),
        _DIGEST,
    ),
    "akid": re.compile(r"\d+\.\d+\.[\w-]{4,}\Z", re.ASCII),  # ActionKit: mailing, reader, signature
}
"""Values that say who reads, in parameters whose names are anybody's."""

EVERYDAY = frozenset(_STAMPS) | frozenset(
    "ref ref_id token jwt context sub_id trk trackingid cmp smid smtyp ceid".split()
)
"""Names that are anybody's: by themselves they say nothing of a reader, and what they say may be which page it is.

They belong to the key (RFC 3986 3.4: the query identifies), unless their value is a reader's for certain. What else
shows that they are a newsletter's stamps stands around the link (`bot.newsletter.addresses.stamps`).
"""

_BESIDE_A_READER = frozenset({"token", "jwt"})
"""Those that are the reader's where the address names one, or does something for one."""

_READERS_PAGE = re.compile(
    r"/(?:unsubscribe|opt-?out|(?:email|manage|update)[-_]?preferences|manage[-_]?subscriptions?"
    r"|confirm(?:ation)?|verify|log-?in|sign-?in|magic(?:[-_]link)?)(?![\w-])",
    re.IGNORECASE,
)
"""Where a token is whose reader's it is: nobody else has that page."""

_TRACKING = _IDENTITY | frozenset(
    """fbclid gclid dclid gbraid wbraid msclkid twclid ttclid igshid igsh yclid li_fat_id mkt_tok guccounter
    ref_src ref_url cmpid ncid s_cid xtor __s __hstc __hssc __hsfp hsctatracking _bhlid bhlid last_resource_guid
    _ga _gl trkinfo lipi wickedid ss_email_id rb_clickid epik srsltid mc_cid mc_tc pk_campaign pk_kwd pk_keyword
    pk_source pk_medium pk_content pk_cid pk_vid""".split()
)
"""Parameters that say who reads or where from, on any host."""

_TRACKING_PREFIXES = ("utm_", "mtm_", "piwik_", "matomo_", "hsa_", "guce_", "_hs", "oly_", "vero_", "ga_")
_BY_DOMAIN: dict[str, frozenset[str]] = {
    "twitter.com": frozenset({"s", "t", "source", "src", "cn", "cxt"}),
    "youtube.com": frozenset({"si", "feature", "ab_channel", "pp", "app"}),
    "spotify.com": frozenset({"si"}),
    "reddit.com": frozenset({"share_id", "rdt"}),
    "instagram.com": frozenset({"hl"}),
    "tiktok.com": frozenset({"_r", "_t"}),
    "linkedin.com": frozenset({"eid", "rcm", "trk", "trackingid"}),
    "medium.com": frozenset({"source"}),
    "nytimes.com": frozenset({"user_id", "smid", "smtyp"}),
    "list-manage.com": frozenset({"e"}),  # the reader, by Mailchimp's number
    "campaign-archive.com": frozenset({"e"}),
    "mailchi.mp": frozenset({"e"}),
}
"""By the last two labels of the host."""

_DOMAINS = {"x.com": "twitter.com", "youtu.be": "youtube.com", "youtube-nocookie.com": "youtube.com"}
"""Those whose parameters are the ones of another."""

_SUBSTACK = frozenset({"r", "s", "isfreemail", "triedredirect", "showwelcome", "publication_id", "post_id", "j", "fbc"})
_SUBSTACK_ALONE = _SUBSTACK - {"r", "s", "j"}
_SUBSTACK_PAGE = re.compile(r"/(?:p/[^/]|(?:i/\d+|subscribe)(?:/|\Z))", re.IGNORECASE)
# the reader is a number in base 36
_SUBSTACK_FIELD = re.compile(
    r"(?:\A|&)(r(?==(?:(?=[a-z]*\d)[0-9a-z]{3,8}|[a-z]{5,8})(?:&|\Z))|s(?==[rw](?:&|\Z))|j(?==eyJ))"
)
_GHOST_LINK = re.compile(r"(?:\A|&)m=[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}(?:&|\Z)")
_GHOST_READER = re.compile(r"(?=(?:.*&)?uuid=[0-9a-f-]{36}(?:&|\Z))(?=(?:.*&)?key=[0-9a-f]{64}(?:&|\Z))")
_MEDIUM_SOURCE = re.compile(r"(?:email|rss)-", re.IGNORECASE)
_KEY_ONLY = frozenset({"via", "aff", "affiliate", "referrer", "referral"})
"""Affiliate marks: the shown link keeps them (the newsletter lives of them), the key does not."""

_NO_ADDRESS = frozenset({"", "n/a", "none", "null", "nil", "undefined", "nan", "-"})
_ALL_UTM = re.compile(r"(?>(?:utm_\w++=[^&?%{]*+&?)+)", re.ASCII)
_PLAIN = re.compile(
    r"https?://(?:www\.|m\.)?(?!(?:www|m|mobile)\.[^/]*\.)"
    r"([a-z0-9.-]+\.[a-z]{2,24})((?:/[\w.~!$'()*+,;=:@%/-]*)?)(?:\?([!-\"$-~]*))?\Z",
    re.ASCII,
)
_SCHEME = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*:")
_UNWANTED = re.compile(r"[\x00-\x1f\x7f\u200b-\u200f\u2028-\u202e\u2060\ufeff\ud800-\udfff]+")
_PERCENT = re.compile(r"%[0-9a-f]{2}", re.IGNORECASE)
_READER = r"(?!\.)[\w.:]{0,40}(?:mail|name|subscriber|contact|user|recipient|member|token|hash)[\w.]{0,40}"
MERGE_FIELD = re.compile(
    rf"PLACEHOLDER|\{{\{{|%7B%7B|\*(?:\||%7C)|(?:\[\[|%5B%5B){_READER}|(?:\$|%24)(?:\{{|%7B)"
    rf"|=(?:\{{|%7B){_READER}(?:\}}|%7D)|(?:\{{|%7B)[\w.]{{0,60}}mail[\w.]{{0,60}}(?:\}}|%7D)"
    r"|=(?:\[|%5B)[\w.]{0,40}mail[\w.]{0,40}(?:\]|%5D)|/(?:\[|%5B)(?-i:EMAIL|UNIQUEID)(?:\]|%5D)"
    r"|=(?:\{|%7B)(?:uid|unsubscribe)(?:\}|%7D)|=(?:\{|%7B)(?:\$|%24)\w{1,60}(?:\}|%7D)"
    r"|=(?:\[|%5B)(?:subscriber|contact|recipient)(?::|%3A)"
    r"|(?:<|%3C)%(?:25|(?![0-9a-f]{2}))|%(?:25)?%(?:25)?[\w.]{1,60}%(?:25)?%"
    r"|%(?:25)?(?:recipient|subscriber|contact|user)[\w.]{0,60}%|=(?:\[|%5B)(?-i:[A-Z_]{2,40})(?:\]|%5D)",
    re.IGNORECASE,
)
"""What a sender's system should have filled in: `{{email}}`, `*|EMAIL|*`, `%%email%%`, `[EMAIL]`, `<%=email%>` …"""

_MOST_FOLDS = 16  # escapes may be made of escapes; each pass costs the length of the text
_FOREIGN = re.compile("[^\x00-\x7f]+")
# what stands between fields, also percent-encoded, once or more often: an address within an address
_BETWEEN = re.compile(r"([?&;]|%(?:25)*(?:3F|26|3B))", re.IGNORECASE)
_EQUALS = re.compile(r"=|%(?:25)*3D", re.IGNORECASE)
# any identity has one of these
_SUSPECT = (
    "utm_", "mail", "token", "jwt", "subscriber", "@", "%40", "2540", "eyj", "eid", "midsig", "sh_kit", "_kx", "_ke",
    "sfmc", "et_rid", "spuserid", "elqtrack", "sc_uid", "bxid", "cndid", "hash", "akid", "inf_con", "dm_i", "regi_id",
)  # fmt: skip
_ESCAPED_TWICE = re.compile(r"&(?:amp;)+|(%(?:25)*26)(?:amp(?:;|%(?:25)*3B))+", re.IGNORECASE)  # by who wrote the page
_ASKED_FOR = frozenset("q query search resource uri acct title author".split())
"""Parameters that say what is asked for, also where their value has the form of a mail address."""

_ASKED_OF = {
    "calendar.google.com": _ASKED_FOR | {"src", "cid"},
    "mail.google.com": _ASKED_FOR | {"to", "cc"},
    "groups.google.com": _ASKED_FOR | {"from"},
}
_NO_READER = re.compile(r"(?=[^@]*\d)[^@]{28,}@|\d{8,}\.|[^@]+@(?:[\w-]+\.)*calendar\.google\.com\Z", re.IGNORECASE)
"""It has the form of a mail address, but is a calendar's, or a message's (RFC 5322 3.6.4)."""

_MAIL_ADDRESS = re.compile(r"[^@\s/?&=]+@[^@\s/?&=]+\.[a-z]{2,24}\Z", re.IGNORECASE)
# nine letters in base64: no byte of them has its highest bit
_ENCODED = re.compile(r"=(?:[A-Za-f][A-HQ-Xg-nw-z0-3][ABEFIJMNQRUVYZcdghkloptswx014589][\w+/-]){3}", re.ASCII)
_TOKEN = re.compile(r"eyJ[\w-]+\.[\w-]+\.[\w-]*\Z", re.ASCII)
_PREFIXES = ("www.", "m.", "mobile.")
_HOST = re.compile(r"[^\s/?#@:\[\]\\]+\Z|\[[0-9a-fA-F:.]+\]\Z")


def read_link(raw: str, base: str | None = None) -> tuple[str, str] | None:
    """(shown address, key) of a link; None where it is no web address (mailto, in-page, relative without a base)."""
    plain = _PLAIN.match(raw)
    if plain is not None and len(raw) <= MAX_SHOWN:
        host, path, query = plain.group(1, 2, 3)
        is_odd = "%" in path or ";" in path
        if (
            path[1:].partition("/")[0] not in PATHS
            and not may_be_wrapped(host, path)
            and not (is_odd and _is_suspect(path))
        ):
            if is_odd:
                path = _fold_escapes(path)
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
    """The key by the present rules, then those by earlier ones where these were others: stored rows may have them.

    Earlier ones took parameters of everyday names for tracking; by theirs it would be another page.
    """
    from bot.newsletter.addresses.earlier_keys import earlier_key  # not before a stored row is looked up

    key = link_key(raw)
    if key is None or without_everyday(key) != key:
        return () if key is None else (key,)
    earlier = (earlier_key(raw, version) for version in (2, 1))
    return tuple(dict.fromkeys(each for each in (key, *earlier) if each is not None))


def without_everyday(address: str) -> str:
    """An address or a key without parameters of everyday names, as those before version 4 of the keys were."""
    before, mark, query = address.partition("?")
    if not mark:
        return address
    query, fragment_mark, fragment = query.partition("#")
    fields = [field for field in query.split("&") if field.partition("=")[0].lower() not in EVERYDAY]
    return before + ("?" if fields else "") + "&".join(fields) + fragment_mark + fragment


def as_before_everyday(url: str) -> str:
    """What a shown address was cut down to before version 4 of the keys: without blanks and everyday parameters."""
    before, mark, fragment = url.partition("#")
    return without_everyday(before).replace("%20", "") + mark + fragment


def absolute(raw: str, base: str | None) -> str | None:
    """An http(s) address, resolved against `base`; None for everything else."""
    if len(raw) <= MAX_URL and _PLAIN.match(raw):
        return raw
    text = _in_one_piece(raw) if raw.isascii() else _in_one_piece(raw.replace("\u00ad", ""))
    if not text or len(text) > MAX_URL:
        return None
    try:
        if text.startswith("//"):
            text = "https:" + text
        elif not _SCHEME.match(text):
            if not base or text.startswith("#") or is_no_address(text):
                return None
            text = urljoin(base, text)
        parts = urlsplit(text)
    except ValueError:
        return None
    return text if parts.scheme.lower() in {"http", "https"} and parts.netloc else None


def _in_one_piece(text: str) -> str:
    """As browsers read an address (WHATWG URL 4.4): without what stands around it, tabs and line breaks, with `%20` for
    a blank within. What nobody sees goes, too.
    """
    return _UNWANTED.sub("", text).strip(" ").replace(" ", "%20")


def is_no_address(text: str) -> bool:
    """What programs write where there is no address: `N/A`."""
    return text.strip().lower() in _NO_ADDRESS


def _read_slowly(raw: str, base: str | None) -> tuple[str, str] | None:
    text = absolute(raw, base)
    if text is None:
        return None
    unwrapped = destination(text)
    if unwrapped is None:
        return None
    text = _in_one_piece(unwrapped)
    try:
        parts = urlsplit(text)
        hostname = parts.hostname or ""
        if "%" in hostname:  # as browsers read it (WHATWG URL, host parsing)
            hostname = unquote(hostname, errors="strict").lower()
        port = parts.port
    except ValueError:
        return None
    if (not _HOST.match(hostname) and ":" not in hostname) or "%20" in hostname:
        return None
    folded = _fold_host(_in_ascii(hostname))
    if not folded:
        return None
    # a field within a path ends with its part of it
    path = "/".join([_sifted(part) for part in parts.path.replace("\\", "/").split("/")])
    one_path = _fold_escapes(path)
    shown, kept = _queries(folded, one_path, parts.query)
    fragment = _sifted(_unescaped(parts.fragment), is_fields=not parts.fragment.startswith(("!", "/", ":")))
    if fragment.startswith("/feedback/"):
        fragment = fragment.partition("?")[0]  # Ghost's votes name the reader there
    # credentials in an address identify somebody and are never needed to read an article
    where = authority(hostname, port, parts.scheme.lower())
    url = SplitResult(parts.scheme.lower(), where, path, shown, fragment).geturl()
    if len(url) > MAX_SHOWN or not url.startswith("http"):
        return None
    route = f"#{fragment}" if fragment.startswith(("!", "/")) else ""
    key = _key(f"[{folded}]" if ":" in folded else folded, one_path, kept, port=port if port not in {80, 443} else None)
    return url, key_within(key + route, MAX_KEY)


def authority(hostname: str, port: int | None, scheme: str) -> str:
    """Host and port as an address has them: without the port of the scheme."""
    where = f"[{hostname}]" if ":" in hostname else hostname
    if port is None or port == {"http": 80, "https": 443}[scheme]:
        return where
    return f"{where}:{port}"


def _in_ascii(host: str) -> str:
    """`xn--mnchen-3ya.example` for `münchen.example`; what is no such name stays as it is."""
    if host.isascii():
        return host
    try:
        return host.encode("idna").decode("ascii")
    except UnicodeError:
        return host


def _fold_host(host: str) -> str:
    host = host.lower().rstrip(".")
    while host.count(".") > 1 and host.startswith(_PREFIXES):
        host = host.partition(".")[2]
    return host


def _queries(host: str, path: str, query: str) -> tuple[str, str]:
    """The parameters to show and, sorted, those that belong to the key."""
    if not query or _ALL_UTM.fullmatch(query):
        return "", ""
    if "amp" in query:
        query = _unescaped(query)
    asked = _ASKED_OF.get(host, _ASKED_FOR)
    lowered = query.lower()
    names_reader = ("token=" in lowered or "jwt=" in lowered) and (
        _READERS_PAGE.search(path) is not None
        or any(not each.startswith("utm_") and _identifies(each, asked) for each in query.split("&"))
    )
    if "%" in query or ";" in query or "?" in query:
        query = _sifted(query, is_fields=True, asked=asked)
    may_identify = (
        "@" in query
        or "eyJ" in query
        or ("%" in query and ("%40" in query or "%2540" in query))
        or _ENCODED.search(query) is not None
    )
    dropped = _dropped_at(host)
    if names_reader:
        dropped = dropped.union(_BESIDE_A_READER)
    start = path[:10].lower()
    if start.startswith(("/p/", "/i/", "/subscribe")) and _SUBSTACK_PAGE.match(path):
        # under a host of the newsletter's own, by what stands there: other shops have pages of that name, too
        dropped = dropped.union(_SUBSTACK_ALONE, _SUBSTACK_FIELD.findall(query))
    elif start.startswith("/r/") and _GHOST_LINK.search(query):
        dropped = dropped.union("m")
    if "uuid=" in query and _GHOST_READER.match(query):
        dropped = dropped.union(("uuid", "key"))
    shown = []
    kept = []
    for field in query.split("&"):
        name = field.partition("=")[0].lower()
        if not name:
            continue
        if "%" in name:
            name = unquote(name).lower()
        tracks = (
            name.startswith(_TRACKING_PREFIXES)
            or name in _TRACKING
            or (name in EVERYDAY and _says_nothing(field, name))
            or name in dropped
            or (name == "source" and _MEDIUM_SOURCE.match(unquote(field.partition("=")[2])) is not None)
        )
        # an unfilled merge field tells the newsletter's own buttons from content (`bot.newsletter.addresses.chrome`)
        if (tracks or (may_identify and _identifies(field, asked))) and not MERGE_FIELD.search(field):
            continue
        shown.append(field)
        if name not in _KEY_ONLY:
            kept.append(_fold_escapes(field) if "%" in field or not field.isascii() else field)
    if len(kept) > 1:
        kept.sort()
    return "&".join(shown), "&".join(kept)


@lru_cache(4_096)  # issues of one newsletter share most of their hosts
def _dropped_at(host: str) -> frozenset[str]:
    """The parameters that say who reads, or where from, at this host alone."""
    domain = ".".join(host.rsplit(".", 2)[-2:])
    if domain in {"substack.com", "sbstck.com"}:
        return _SUBSTACK
    return _BY_DOMAIN.get(_DOMAINS.get(domain, domain), frozenset())


def _unescaped(text: str) -> str:
    return _ESCAPED_TWICE.sub(lambda found: found[1] or "&", text)


def _sifted(text: str, *, is_fields: bool = False, asked: frozenset[str] = _ASKED_FOR) -> str:
    """Path, query or fragment without the fields that say who reads, also in addresses within the address.

    `is_fields` says that it begins with a field, as a query does; `asked` names those that say what is asked for.
    """
    if not _is_suspect(text):
        return text
    first, *rest = _BETWEEN.split(text)
    kept = [first]
    gone = before = ""  # what stood before the field that is being left out, and before the first of several
    if is_fields and _identifies(first, asked):
        kept, gone = [], "&"
    for between, field in zip(rest[::2], rest[1::2], strict=True):
        if gone and len(between) > len(gone):
            continue  # of its value: escaped once more than the field itself
        if _identifies(field, asked):
            gone, before = between, before or between
            continue
        # where the first of several goes, the next one comes after the question mark
        start = before if len(before) == len(between) else between
        kept += start if kept else "", field
        gone = before = ""
    return "".join(kept)


def _is_suspect(text: str) -> bool:
    """The text may say who reads."""
    text = text.lower()
    return any(word in text for word in _SUSPECT)  # a pattern of them takes four times as long


def _identifies(field: str, asked: frozenset[str]) -> bool:
    """The field says who reads, by its name or by its value: an e-mail address, a signed token."""
    parts = _EQUALS.split(field, maxsplit=1)
    name = unquote(parts[0]).lower()
    if name.startswith("utm_"):
        return True
    if MERGE_FIELD.search(field):
        return False
    if len(parts) > 1 and name in _IDENTITY:
        return True
    value = unquote(unquote(parts[-1]))
    if len(parts) > 1 and name in _STAMPS and _STAMPS[name].match(value):
        return True
    if _TOKEN.match(value):
        return True
    if name in asked:
        return False
    if _MAIL_ADDRESS.match(value) is None:
        return len(parts) > 1 and _MAIL_ADDRESS.match(_decoded(value)) is not None
    return _NO_READER.match(value) is None


def _says_nothing(field: str, name: str) -> bool:
    """A parameter that may say which page it is, but is empty or a reader's stamp."""
    value = field.partition("=")[2]
    pattern = _STAMPS.get(name)
    return ("=" in field and not value) or (pattern is not None and pattern.match(unquote(value)) is not None)


def _decoded(value: str) -> str:
    """What stands in base64; empty where nothing readable does."""
    text = value[:400].rstrip("=")
    try:
        return urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode("ascii")
    except ValueError:
        return ""


def _key(host: str, path: str, query: str, *, port: int | None = None) -> str:
    path = path.rstrip("/")
    if host in SITES or MOBILE in host:
        host, path, query = unified(host, path, query)
        if "%" in path:
            path = _fold_escapes(path)
    where = f"{host}:{port}" if port else host
    key = f"{where}{path}?{query}" if query else where + path
    return key if len(key) <= MAX_KEY else key_within(key, MAX_KEY)


def _fold_escapes(text: str) -> str:
    """The one way to write a letter: as itself where it needs no escape, else as one in capitals."""
    if not text.isascii():
        text = _FOREIGN.sub(lambda letters: quote(letters[0]), text)
    for _ in range(_MOST_FOLDS if "%" in text else 0):
        folded = _PERCENT.sub(fold_percent, text)
        if folded == text:
            break
        text = folded
    return text


def fold_percent(escape: re.Match[str]) -> str:
    """`%7e` is `~` (RFC 3986 6.2.2.2); other escapes in capitals (6.2.2.1)."""
    char = chr(int(escape[0][1:], 16))
    return char if char.isascii() and (char.isalnum() or char in "-._~") else escape[0].upper()
