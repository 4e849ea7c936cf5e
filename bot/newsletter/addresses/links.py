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

from bot.newsletter import platforms
from bot.newsletter.addresses.same_pages import MOBILE, SITES, unified
from bot.newsletter.addresses.wrappers import MAX_URL, PATHS, destination, may_be_wrapped
from bot.newsletter.rules import rule
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

_DIGEST = rule(
    r"(?:[0-9a-f]{32}|[0-9a-f]{40}|[0-9a-f]{64})\Z",
    "a hash of a reader’s mail address: MD5, SHA-1, SHA-256",
    source="https://support.jeeng.com/what-are-merge-tags-and-how-are-they-used",
    specimens=("0f" * 16, "0F" * 20, "0f" * 32),
    others=("0f" * 15, "0f" * 24, "0g" * 16, "announce"),
    flags=re.IGNORECASE,
    how="match",
)
_ACTIONKIT = rule(
    r"\d+\.\d+\.[\w-]{4,}\Z",
    "mailing, reader and signature in links of ActionKit",
    source="https://greenthumbsoftware.com/recognizing-actionkit-users-with-sticky-akid-js",
    specimens=("12.345.aB-_9z",),
    others=("12", "12.345", "12.345.abc", "v1.2.beta"),
    flags=re.ASCII,
    how="match",
)
_STAMPS: dict[str, re.Pattern[str]] = {
    # of a reader's mail address: MD5, SHA-1, SHA-256
    **dict.fromkeys(
        """email e_mail e-mail user_email useremail emailid email_id emailaddress email_address hasha hashb
        hashc""".split(),
        _DIGEST,
    ),
    "akid": _ACTIONKIT,
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

_READERS_PAGE = rule(
    r"/(?:unsubscribe|opt-?out|(?:email|manage|update)[-_]?preferences|manage[-_]?subscriptions?"
    r"|confirm(?:ation)?|verify|log-?in|sign-?in|magic(?:[-_]link)?)(?![\w-])",
    "the path of a page that does something for one reader",
    source="newsletters with pages of this form",
    specimens=(
        *"/unsubscribe /optout /opt-out /email-preferences /manage_preferences /updatepreferences /confirm".split(),
        *"/manage-subscriptions /managesubscription /confirmation /verify /login /log-in /signin /sign-in".split(),
        *"/magic /u/magic_link /magic-link".split(),
    ),
    others=("/verify-yourself", "/logins", "/magic-mushrooms", "/preferences", "/sign"),
    flags=re.IGNORECASE,
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
    **platforms.FIELDS_AT,
    "twitter.com": frozenset({"s", "t", "source", "src", "cn", "cxt"}),
    "youtube.com": frozenset({"si", "feature", "ab_channel", "pp", "app"}),
    "spotify.com": frozenset({"si"}),
    "reddit.com": frozenset({"share_id", "rdt"}),
    "instagram.com": frozenset({"hl"}),
    "tiktok.com": frozenset({"_r", "_t"}),
    "linkedin.com": frozenset({"eid", "rcm", "trk", "trackingid"}),
    "nytimes.com": frozenset({"user_id", "smid", "smtyp"}),
}
"""By the last two labels of the host."""

_DOMAINS = {"x.com": "twitter.com", "youtu.be": "youtube.com", "youtube-nocookie.com": "youtube.com"}
"""Those whose parameters are the ones of another."""

_MEDIUM_SOURCE = rule(
    r"(?:email|rss)-",
    "where a link of Medium was read",
    source="newsletters with links of this form",
    specimens=("email-0f1e2d3c", "rss----0f1e"),
    others=("rss", "newsletter", "my-email-list"),
    flags=re.IGNORECASE,
    how="match",
)
_KEY_ONLY = frozenset({"via", "aff", "affiliate", "referrer", "referral"})
"""Affiliate marks: the shown link keeps them (the newsletter lives of them), the key does not."""

_NO_ADDRESS = frozenset({"", "n/a", "none", "null", "nil", "undefined", "nan", "-"})
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
    r"https?://(?:www\.|m\.)?(?!(?:www|m|mobile)\.[^/]*\.)"
    r"([a-z0-9.-]+\.[a-z]{2,24})((?:/[\w.~!$'()*+,;=:@%/-]*)?)(?:\?([!-\"$-~]*))?\Z",
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
        "https://www.www.mill.example/",
        "https://www.m.mill.example/",
        "https://mobile.mill.example/",
    ),
    flags=re.ASCII,
    how="match",
)
_SCHEME = rule(
    r"[a-zA-Z][a-zA-Z0-9+.-]*:",
    "a scheme",
    source="https://www.rfc-editor.org/rfc/rfc3986#section-3.1",
    specimens=("https://mill.example", "mailto:mia@mill.example", "x-loaf+1.0:a"),
    others=("//mill.example", "/a:b", "1a:b", "loaf"),
    how="match",
)
_UNWANTED = rule(
    r"[\x00-\x1f\x7f\u200b-\u200f\u2028-\u202e\u2060\ufeff\ud800-\udfff]+",
    "letters that nobody sees",
    source="https://url.spec.whatwg.org/#concept-basic-url-parser",
    specimens=("\t", "\n", "\u200b", "\ufeff", "\u202e"),
    others=(" ", "a", "é", "-"),
    how="fullmatch",
)
_PERCENT = rule(
    r"%[0-9a-f]{2}",
    "a percent-encoded byte",
    source="https://www.rfc-editor.org/rfc/rfc3986#section-2.1",
    specimens=("%7e", "%2F"),
    others=("%7", "%zz", "7e"),
    flags=re.IGNORECASE,
)
_READER = r"(?!\.)[\w.:]{0,40}(?:mail|name|subscriber|contact|user|recipient|member|token|hash)[\w.]{0,40}"
MERGE_FIELD = rule(
    rf"PLACEHOLDER|\{{\{{|%7B%7B|\*(?:\||%7C)|(?:\[\[|%5B%5B){_READER}|(?:\$|%24)(?:\{{|%7B)"
    rf"|=(?:\{{|%7B){_READER}(?:\}}|%7D)|(?:\{{|%7B)[\w.]{{0,60}}mail[\w.]{{0,60}}(?:\}}|%7D)"
    r"|=(?:\[|%5B)[\w.]{0,40}mail[\w.]{0,40}(?:\]|%5D)|/(?:\[|%5B)(?-i:EMAIL|UNIQUEID)(?:\]|%5D)"
    r"|=(?:\{|%7B)(?:uid|unsubscribe)(?:\}|%7D)|=(?:\{|%7B)(?:\$|%24)\w{1,60}(?:\}|%7D)"
    r"|=(?:\[|%5B)(?:subscriber|contact|recipient)(?::|%3A)"
    r"|(?:<|%3C)%(?:25|(?![0-9a-f]{2}))|%(?:25)?%(?:25)?[\w.]{1,60}%(?:25)?%"
    r"|%(?:25)?(?:recipient|subscriber|contact|user)[\w.]{0,60}%|=(?:\[|%5B)(?-i:[A-Z_]{2,40})(?:\]|%5D)",
    "what a system that sends should have filled in",
    source="https://knowledge.validity.com/hc/en-us/articles/360047239072",
    specimens=(
        *"ref=PLACEHOLDER e={{x}} e=%7B%7Bx%7D%7D e=*|EMAIL|* e=*%7CEMAIL%7C* e=[[email]]".split(),
        *"e=%5B%5Bname%5D%5D [[subscriber [[contact [[user [[recipient [[member [[token [[hash".split(),
        *"e={x:mail} e={subscriber} e={contact} e={recipient} e={member} e={token} e={hash}".split(),
        *"e=${x} e=%24%7Bx%7D e={name} e=%7Buser%7D /{email} /%7Bemail%7D e=[Email] e=%5BEmail%5D".split(),
        *"/[EMAIL] /%5BUNIQUEID%5D e={uid} e=%7Bunsubscribe%7D e={$x} e=%7B%24x%7D".split(),
        *"e=[subscriber:x e=%5Bcontact%3Ax e=[recipient:x e=<%=x e=%3C%25=x e=%%x%% e=%25%25x%25%".split(),
        *"e=%recipient.x% e=%subscriber% e=%contact% e=%25user% e=[UNIQID] e=%5BFIRST_NAME%5D".split(),
    ),
    others=("place=holder", "e=[loaf]", "/{loaf}", "e=100%25", "e=%7e", "/[loaf]", "a*b"),
    flags=re.IGNORECASE,
)
"""What a sender's system should have filled in: `{{email}}`, `*|EMAIL|*`, `%%email%%`, `[EMAIL]`, `<%=email%>` …"""

_MOST_FOLDS = 16  # escapes may be made of escapes; each pass costs the length of the text
_FOREIGN = rule(
    "[^\x00-\x7f]+",
    "letters beyond ASCII",
    source="https://www.rfc-editor.org/rfc/rfc3986#section-2.5",
    specimens=("münchen", "日本"),
    others=("munich", "%C3%BC"),
)
_BETWEEN = rule(
    r"([?&;]|%(?:25)*(?:3F|26|3B))",
    "what stands between fields, also percent-encoded, as in an address within an address",
    source="https://www.rfc-editor.org/rfc/rfc3986#section-2.2",
    specimens=("?", "&", ";", "%3F", "%26", "%3b", "%253F", "%252526"),
    others=("=", "%25", "%3D", "/"),
    flags=re.IGNORECASE,
    how="fullmatch",
)
_EQUALS = rule(
    r"=|%(?:25)*3D",
    "what stands between the name of a field and its value, also percent-encoded",
    source="https://www.rfc-editor.org/rfc/rfc3986#section-2.2",
    specimens=("=", "%3D", "%253d"),
    others=("&", "%3F", "%25"),
    flags=re.IGNORECASE,
    how="fullmatch",
)
# any identity has one of these
_SUSPECT = (
    "utm_", "mail", "token", "jwt", "subscriber", "@", "%40", "2540", "eyj", "eid", "midsig", "sh_kit", "_kx", "_ke",
    "sfmc", "et_rid", "spuserid", "elqtrack", "sc_uid", "bxid", "cndid", "hash", "akid", "inf_con", "dm_i", "regi_id",
)  # fmt: skip
_ESCAPED_TWICE = rule(
    r"&(?:amp;)+|(%(?:25)*26)(?:amp(?:;|%(?:25)*3B))+",
    "an ampersand that was escaped once too often by who wrote the page",
    source="https://html.spec.whatwg.org/multipage/syntax.html#character-references",
    specimens=("&amp;", "&amp;amp;", "%26amp;", "%26amp%3B", "%2526amp%253B"),
    others=("&", "&lt;", "%26", "amp;"),
    flags=re.IGNORECASE,
    how="fullmatch",
)
_ASKED_FOR = frozenset("q query search resource uri acct title author".split())
"""Parameters that say what is asked for, also where their value has the form of a mail address."""

_ASKED_OF = {
    "calendar.google.com": _ASKED_FOR | {"src", "cid"},
    "mail.google.com": _ASKED_FOR | {"to", "cc"},
    "groups.google.com": _ASKED_FOR | {"from"},
}
_NO_READER = rule(
    r"(?=[^@]*\d)[^@]{28,}@|\d{8,}\.|[^@]+@(?:[\w-]+\.)*calendar\.google\.com\Z",
    "it has the form of a mail address, but is a calendar’s, or a message’s",
    source="https://www.rfc-editor.org/rfc/rfc5322#section-3.6.4",
    specimens=(
        "20260131.abc@mill.example",
        "0f1e2d3c4b5a69788796a5b4c3d2e1f0@mill.example",
        "mill@group.calendar.google.com",
        "mill@calendar.google.com",
    ),
    others=("mia@mill.example", "mia2026@mill.example", "averyveryveryverylongnamehere@mill.example"),
    flags=re.IGNORECASE,
    how="match",
)
"""It has the form of a mail address, but is a calendar's, or a message's (RFC 5322 3.6.4)."""

_MAIL_ADDRESS = rule(
    r"[^@\s/?&=]+@[^@\s/?&=]+\.[a-z]{2,24}\Z",
    "a mail address",
    source="https://www.rfc-editor.org/rfc/rfc5322#section-3.4.1",
    specimens=("mia@mill.example", "mia+loaf@news.mill.example"),
    others=("@mia", "mia@mill", "mia at mill.example", "/a@mill.example", "mia@mill.example/loaf"),
    flags=re.IGNORECASE,
    how="match",
)
_ENCODED = rule(
    r"=(?:[A-Za-f][A-HQ-Xg-nw-z0-3][ABEFIJMNQRUVYZcdghkloptswx014589][\w+/-]){3}",
    "a value whose first nine letters may be text in base64: no byte has its highest bit",
    source="https://www.rfc-editor.org/rfc/rfc4648#section-4",
    specimens=("e=bWlhQG1pbGwu", "e=bWlhQG1pbGwuZXhhbXBsZQ=="),
    others=("e=bWlh", "e=zzzzzzzzzzzz", "bWlhQG1pbGwu"),
    flags=re.ASCII,
)
_TOKEN = rule(
    r"eyJ[\w-]+\.[\w-]+\.[\w-]*\Z",
    "a signed token, whose first part is JSON in base64",
    source="https://www.rfc-editor.org/rfc/rfc7519#section-3.1",
    specimens=("eyJhbGciOiJub25lIn0.eyJzdWIiOiIxIn0.", "eyJh.eyJ1.c2ln"),
    others=("eyJh", "eyJh.eyJ1", "abc.def.ghi", "eyJh.eyJ1.c2ln.more"),
    flags=re.ASCII,
    how="match",
)
_PREFIXES = ("www.", "m.", "mobile.")
_HOST = rule(
    r"[^\s/?#@:\[\]\\]+\Z|\[[0-9a-fA-F:.]+\]\Z",
    "a name of a host, or an address of one in brackets",
    source="https://www.rfc-editor.org/rfc/rfc3986#section-3.2.2",
    specimens=("mill.example", "[2001:db8::1]"),
    others=("mill example", "mia@mill.example", "", "mill.example:80", "[mill]"),
    how="match",
)


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
    for told in platforms.FIELDS_OF_READERS:
        if names := told(path, query):
            dropped = dropped.union(names)
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
