"""Click trackers undone without asking anybody: wrapped link -> destination, or None where it cannot be read offline.

One small function per tracker. `WRAPPERS` finds it by the site's name (`beehiiv` for `flight.beehiiv.net`), `PATHS` by
the first path segment for trackers that run under the sender's own host (Sailthru, Amazon SES, Mailgun, customer.io).
A new tracker is one function and one entry; that of a platform stands with the platform. Nothing
here opens a connection: several of these links unsubscribe whoever follows them.

The methods were checked on real links of each tracker; only http(s) destinations are accepted.
"""

import binascii
import re
import zlib
from urllib.parse import SplitResult, unquote, urlsplit

from bot.newsletter import platforms
from bot.newsletter.addresses.domains import site_of
from bot.newsletter.packed import from_base64, json_field, parameter, segments, url_from_base64
from bot.newsletter.platforms.platform import Decode, Tracker
from bot.newsletter.rules import rule

MAX_LEVELS = 12
"""How many wrappers may stand around each other; six google.com/url levels were seen in a real issue."""

MAX_URL = 8_192
"""Longer addresses are no links: browsers and chat services refuse them as well."""

_MAX_INFLATED = 65_536


def unwrap(url: str) -> str:
    """The destination behind up to `MAX_LEVELS` trackers, or the address as it was where nothing can be undone."""
    return destination(url) or url


def destination(url: str) -> str | None:
    """As `unwrap`, but None where a tracker hides no page at all: a mail address or a phone number."""
    for _ in range(MAX_LEVELS):
        inner = _unwrap_once(url)
        if inner is None or inner == url:
            return url
        if not inner.startswith("http"):
            return None
        url = inner
    return url


def may_be_wrapped(host: str, path: str) -> bool:
    """A quick look at host and path: False where no tracker is at work for certain."""
    tracker = WRAPPERS.get(site_of(host))
    return tracker is not None and (tracker.under is None or path[1:].partition("/")[0] in tracker.under)


def _unwrap_once(url: str) -> str | None:
    try:
        parts = urlsplit(url)
        first = parts.path.partition("/")[2].partition("/")[0]
        inner = None
        tracker = WRAPPERS.get(site_of(parts.hostname or ""))
        for decode in (tracker.undo if tracker else None, PATHS.get(first)):
            if inner is None and decode is not None:
                inner = decode(parts)
    except (ValueError, LookupError, TypeError, binascii.Error, zlib.error, RecursionError):
        return None
    if inner is None:
        return None
    inner = inner.strip()
    if inner[:7].lower().startswith(("mailto:", "tel:", "sms:")):
        return inner.lower()
    if len(inner) > MAX_URL or not inner[:8].lower().startswith(("http://", "https://")):
        return None
    return inner[:4].lower() + inner[4:]


def _mailgun(parts: SplitResult) -> str | None:
    named = segments(parts)
    if named[0] != "c" or not named[1].startswith("eJ"):
        return None
    inflated = zlib.decompressobj().decompress(from_base64(named[1]), _MAX_INFLATED)
    return parameter(inflated.decode("utf-8", "replace"), "l")


def _sailthru(parts: SplitResult) -> str | None:
    named = segments(parts)
    return url_from_base64(named[2]) if len(named) > 2 else None


def _amazon_ses(parts: SplitResult) -> str | None:
    # split the raw path first: the destination's own slashes are percent-encoded
    named = segments(parts)
    return unquote(named[1]) if named[0] in {"CL0", "L0"} else None


def _customer_io(parts: SplitResult) -> str | None:
    named = segments(parts)
    return json_field(from_base64(named[2]), "href") if named[:2] == ["e", "c"] else None


def _google(parts: SplitResult) -> str | None:
    if parts.path == "/url":
        return parameter(parts.query, "q", "url")
    found = _GOOGLE_AMP.match(parts.path)
    if found is None:
        return None
    return f"http{found[1] or ''}://{found[2]}" + (f"?{parts.query}" if parts.query else "")


_GOOGLE_AMP = rule(
    r"/amp/(?:(s)/)?([^/]+\.[^/]+(?:/.*)?)\Z",
    "a page as Google shows it to phones: its address, with an `s` where it is https",
    source="https://developers.google.com/amp/cache/",
    specimens=("/amp/s/a.example/x", "/amp/a.example"),
    others=("/amp/s", "/search"),
    flags=re.DOTALL,
    how="match",
)


def _by_parameter(path: str | tuple[str, ...], *names: str) -> Decode:
    def decode(parts: SplitResult) -> str | None:
        return parameter(parts.query, *names) if parts.path.startswith(path) else None

    return decode


def _leaving(parts: SplitResult) -> str | None:
    return parameter(parts.query, "u") if parts.netloc.lower().startswith("l.") else None


def _outlook(parts: SplitResult) -> str | None:
    return parameter(parts.query, "url") if "safelinks" in parts.netloc.lower() else None


# up to the last end: the wrapped address may be one of the same kind
_PROOFPOINT = "https://help.proofpoint.com/Threat_Insight_Dashboard/Concepts/How_do_I_decode_a_rewritten_URL%3F"
_PROOFPOINT_3 = rule(
    r"/v3/__(.+)__;([^!]*)",
    "an address within Proofpoint's third form, and the letters that it stands without",
    source=_PROOFPOINT,
    specimens=("/v3/__https://a.example/x__;Iw!!a", "/v3/__https:/urldefense.com/v3/__https:/a.example__;!!b__;!!a"),
    others=("/v2/url?u=x", "/v3/__https://a.example/x"),
    flags=re.DOTALL,
)
_PROOFPOINT_RUN = rule(
    r"\*(\*.)?",
    "one letter left out, or so many as the letter behind two stars says",
    source=_PROOFPOINT,
    specimens=("*", "a**Bc"),
    others=("a", "%2A"),
)
_RUN_LENGTHS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


def _proofpoint(parts: SplitResult) -> str | None:
    if parts.path.startswith("/v1/"):
        return parameter(parts.query, "u")
    if parts.path.startswith("/v2/"):
        wrapped = parameter(parts.query, "u")
        return unquote(wrapped.replace("-", "%").replace("_", "/")) if wrapped else None
    whole = parts.path + (f"?{parts.query}" if parts.query else "")
    found = _PROOFPOINT_3.search(whole)
    if found is None:
        return None
    substitutes = from_base64(found[2]).decode("utf-8", "replace")
    taken = 0

    def restore(run: re.Match[str]) -> str:
        nonlocal taken
        length = _RUN_LENGTHS.index(run[1][1]) + 2 if run[1] else 1
        taken += length
        return substitutes[taken - length : taken]

    return _two_slashes(_PROOFPOINT_RUN.sub(restore, found[1]))


# Check Point's, which was Avanan's: the address stands in plain text, whatever it holds
_CHECKPOINT = rule(
    r"/v\d/(?:r\d\d/)?___(https?:.+)___\.",
    "an address within Check Point's",
    source="tests/newsletter/test_links.py",
    specimens=("/v2/___https://a.example/x___.YXAx", "/v2/r01/___https://a.example___.YXAx"),
    others=("/v2/https://a.example/x", "/v2/___a.example___."),
    flags=re.DOTALL,
    how="match",
)


def _checkpoint(parts: SplitResult) -> str | None:
    found = _CHECKPOINT.match(parts._replace(scheme="", netloc="").geturl())
    return _two_slashes(found[1]) if found else None


def _two_slashes(url: str) -> str:
    """The address with both slashes of its scheme: servers on the way may have folded them into one."""
    return re.sub(r"^(https?:)/+", r"\1//", url)


def _postmark(parts: SplitResult) -> str | None:
    # /3s/<host and path, percent-encoded>/<who reads>…: the `s` says that it is https
    version, address = segments(parts)[:2]
    return f"{'https' if 's' in version else 'http'}://{unquote(address)}" if "." in address else None


def _sophos(parts: SplitResult) -> str | None:
    address = parameter(parts.query, "u")
    return url_from_base64(address) if address and ".protection." in parts.netloc.lower() else None


def _disqus(parts: SplitResult) -> str | None:
    # the address and its signature, between them a colon
    signed = parameter(parts.query, "url")
    return re.sub(r":[\w-]{20,}\Z", "", signed) if signed else None


def _streak(parts: SplitResult) -> str | None:
    named = segments(parts)
    return unquote(named[1]) if len(named) > 1 else None


def _slack(parts: SplitResult) -> str | None:
    return parameter(parts.query, "url")


WRAPPERS: dict[str, Tracker] = {
    **platforms.TRACKERS,
    "customeriomail": Tracker(_customer_io),
    "google": Tracker(_google, frozenset({"amp", "url"})),
    "outlook": Tracker(_outlook),
    "proofpoint": Tracker(_proofpoint),
    "urldefense": Tracker(_proofpoint),
    "facebook": Tracker(_by_parameter("/l.php", "u"), frozenset({"l.php"})),
    "linkedin": Tracker(
        _by_parameter(("/redir/redirect", "/redir/general-malware-page", "/safety/go"), "url"),
        frozenset({"redir", "safety"}),
    ),
    "youtube": Tracker(_by_parameter("/redirect", "q"), frozenset({"redirect"})),
    "slack-redir": Tracker(_slack),
    "cudasvc": Tracker(_by_parameter("/url", "a")),
    "streaklinks": Tracker(_streak),
    "12ft": Tracker(_by_parameter("/", "q")),
    "pstmrk": Tracker(_postmark),
    "instagram": Tracker(_leaving, frozenset({""})),
    "threads": Tracker(_leaving, frozenset({""})),
    "messenger": Tracker(_by_parameter("/l.php", "u"), frozenset({"l.php"})),
    "umblr": Tracker(_by_parameter("/redirect", "z")),
    "disq": Tracker(_disqus),
    "vk": Tracker(_by_parameter("/away.php", "to"), frozenset({"away.php"})),
    "duckduckgo": Tracker(_by_parameter("/l/", "uddg"), frozenset({"l"})),
    "steamcommunity": Tracker(_by_parameter("/linkfilter", "url", "u"), frozenset({"linkfilter"})),
    "bloomberg": Tracker(_by_parameter("/click", "url"), frozenset({"click"})),
    "avanan": Tracker(_checkpoint),
    "checkpoint": Tracker(_checkpoint, frozenset({"v1", "v2", "v3"})),
    "sophos": Tracker(_sophos, frozenset({""})),
    "office": Tracker(_by_parameter("/evergreen-assets/safelinks/", "url"), frozenset({"evergreen-assets"})),  # Teams
}
PATHS: dict[str, Decode] = {
    "CL0": _amazon_ses,
    "L0": _amazon_ses,
    "click": _sailthru,
    "c": _mailgun,
    "e": _customer_io,
}
