"""Click trackers undone without asking anybody: wrapped link -> destination, or None where it cannot be read offline.

One small function per tracker. `WRAPPERS` finds it by the site's name (`beehiiv` for `flight.beehiiv.net`), `PATHS` by
the first path segment for trackers that run under the sender's own host (Sailthru, Amazon SES, Mailgun, customer.io).
A new tracker is one function and one entry. Nothing here opens a connection: several of these links unsubscribe whoever
follows them.

The methods were checked on real links of each tracker; only http(s) destinations are accepted.
"""

import base64
import binascii
import json
import re
import zlib
from collections.abc import Callable
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

from bot.newsletter.addresses.domains import site_of

MAX_LEVELS = 12
"""How many wrappers may stand around each other; six google.com/url levels were seen in a real issue."""

MAX_URL = 8_192
"""Longer addresses are no links: browsers and chat services refuse them as well."""

_MAX_INFLATED = 65_536

Decode = Callable[[SplitResult], str | None]


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
    site = site_of(host)
    if site not in WRAPPERS:
        return False
    segments = _SEGMENTS.get(site)
    return segments is None or path[1:].partition("/")[0] in segments


def _unwrap_once(url: str) -> str | None:
    try:
        parts = urlsplit(url)
        first = parts.path.partition("/")[2].partition("/")[0]
        inner = None
        for decode in (WRAPPERS.get(site_of(parts.hostname or "")), PATHS.get(first)):
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


def _b64(text: str) -> bytes:
    """Both base64 alphabets, padded or not."""
    cleaned = unquote(text).strip().rstrip("=").translate(_URL_SAFE)
    return base64.b64decode(cleaned + "=" * (-len(cleaned) % 4))


_URL_SAFE = str.maketrans("-_", "+/")


def _b64_url(text: str) -> str | None:
    decoded = _b64(text).decode("utf-8", "strict")
    return decoded if decoded.startswith("http") else None


def _json_field(raw: bytes, name: str) -> str | None:
    value = json.loads(raw)
    found = value.get(name) if isinstance(value, dict) else None
    return found if isinstance(found, str) else None


def _segments(parts: SplitResult) -> list[str]:
    return parts.path.split("/")[1:]


def _beehiiv(parts: SplitResult) -> str | None:
    segments = _segments(parts)
    if segments[:2] == ["v2", "clicks"]:
        # a JSON Web Token: header.claims.signature; the claims carry `url`
        return _json_field(_b64(segments[2].split(".")[1]), "url")
    if segments[:1] == ["clicks"]:
        # the older form: each character shifted by 19, the result is hexadecimal JSON
        shifted = _b64(segments[1])
        return _json_field(bytes.fromhex("".join(chr(byte - 19) for byte in shifted)), "url")
    return None


def _substack(parts: SplitResult) -> str | None:
    segments = _segments(parts)
    if segments[:2] == ["redirect", "2"]:
        return _json_field(_b64(segments[2].split(".")[0]), "e")
    if parts.netloc.lower().startswith("email."):
        return _mailgun(parts)
    return None


def _mailgun(parts: SplitResult) -> str | None:
    segments = _segments(parts)
    if segments[0] != "c" or not segments[1].startswith("eJ"):
        return None
    inflated = zlib.decompressobj().decompress(_b64(segments[1]), _MAX_INFLATED)
    return _parameter(inflated.decode("utf-8", "replace"), "l")


def _last_segment(parts: SplitResult) -> str | None:
    return _b64_url(_segments(parts)[-1])


def _sailthru(parts: SplitResult) -> str | None:
    segments = _segments(parts)
    return _b64_url(segments[2]) if len(segments) > 2 else None


def _amazon_ses(parts: SplitResult) -> str | None:
    # split the raw path first: the destination's own slashes are percent-encoded
    segments = _segments(parts)
    return unquote(segments[1]) if segments[0] in {"CL0", "L0"} else None


def _customer_io(parts: SplitResult) -> str | None:
    segments = _segments(parts)
    return _json_field(_b64(segments[2]), "href") if segments[:2] == ["e", "c"] else None


def _mandrill(parts: SplitResult) -> str | None:
    payload = _parameter(parts.query, "p")
    inner = _json_field(_b64(payload), "p") if payload else None
    return _json_field(inner.encode(), "url") if inner else None


def _buttondown(parts: SplitResult) -> str | None:
    segments = _segments(parts)
    if segments[0] != "c":
        return None
    fields = _b64(segments[1]).decode().split("|")
    return next((field for field in fields if field.startswith("http")), None)


def _google(parts: SplitResult) -> str | None:
    if parts.path == "/url":
        return _parameter(parts.query, "q", "url")
    found = _GOOGLE_AMP.match(parts.path)
    if found is None:
        return None
    return f"http{found[1] or ''}://{found[2]}" + (f"?{parts.query}" if parts.query else "")


_GOOGLE_AMP = re.compile(r"/amp/(?:(s)/)?([^/]+\.[^/]+(?:/.*)?)\Z", re.DOTALL)


def _parameter(query: str, *names: str) -> str | None:
    fields = parse_qs(query, max_num_fields=200)
    for name in names:
        if name in fields:
            return fields[name][0]
    return None


def _by_parameter(path: str | tuple[str, ...], *names: str) -> Decode:
    def decode(parts: SplitResult) -> str | None:
        return _parameter(parts.query, *names) if parts.path.startswith(path) else None

    return decode


def _leaving(parts: SplitResult) -> str | None:
    return _parameter(parts.query, "u") if parts.netloc.lower().startswith("l.") else None


def _outlook(parts: SplitResult) -> str | None:
    return _parameter(parts.query, "url") if "safelinks" in parts.netloc.lower() else None


# up to the last end: the wrapped address may be one of the same kind
_PROOFPOINT_3 = re.compile(r"/v3/__(.+)__;([^!]*)", re.DOTALL)
_PROOFPOINT_RUN = re.compile(r"\*(\*.)?")
_RUN_LENGTHS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


def _proofpoint(parts: SplitResult) -> str | None:
    if parts.path.startswith("/v1/"):
        return _parameter(parts.query, "u")
    if parts.path.startswith("/v2/"):
        wrapped = _parameter(parts.query, "u")
        return unquote(wrapped.replace("-", "%").replace("_", "/")) if wrapped else None
    whole = parts.path + (f"?{parts.query}" if parts.query else "")
    found = _PROOFPOINT_3.search(whole)
    if found is None:
        return None
    substitutes = _b64(found[2]).decode("utf-8", "replace")
    taken = 0

    def restore(run: re.Match[str]) -> str:
        nonlocal taken
        length = _RUN_LENGTHS.index(run[1][1]) + 2 if run[1] else 1
        taken += length
        return substitutes[taken - length : taken]

    return _two_slashes(_PROOFPOINT_RUN.sub(restore, found[1]))


# Check Point's, which was Avanan's: the address stands in plain text, whatever it holds
_CHECKPOINT = re.compile(r"/v\d/(?:r\d\d/)?___(https?:.+)___\.", re.DOTALL)


def _checkpoint(parts: SplitResult) -> str | None:
    found = _CHECKPOINT.match(parts._replace(scheme="", netloc="").geturl())
    return _two_slashes(found[1]) if found else None


def _two_slashes(url: str) -> str:
    """The address with both slashes of its scheme: servers on the way may have folded them into one."""
    return re.sub(r"^(https?:)/+", r"\1//", url)


def _postmark(parts: SplitResult) -> str | None:
    # /3s/<host and path, percent-encoded>/<who reads>…: the `s` says that it is https
    version, address = _segments(parts)[:2]
    return f"{'https' if 's' in version else 'http'}://{unquote(address)}" if "." in address else None


def _sophos(parts: SplitResult) -> str | None:
    address = _parameter(parts.query, "u")
    return _b64_url(address) if address and ".protection." in parts.netloc.lower() else None


def _disqus(parts: SplitResult) -> str | None:
    # the address and its signature, between them a colon
    signed = _parameter(parts.query, "url")
    return re.sub(r":[\w-]{20,}\Z", "", signed) if signed else None


def _streak(parts: SplitResult) -> str | None:
    segments = _segments(parts)
    return unquote(segments[1]) if len(segments) > 1 else None


def _slack(parts: SplitResult) -> str | None:
    return _parameter(parts.query, "url")


WRAPPERS: dict[str, Decode] = {
    "beehiiv": _beehiiv,
    "substack": _substack,
    "convertkit-mail": _last_segment,
    "kit-mail": _last_segment,
    "customeriomail": _customer_io,
    "mandrillapp": _mandrill,
    "buttondown": _buttondown,
    "google": _google,
    "outlook": _outlook,
    "proofpoint": _proofpoint,
    "urldefense": _proofpoint,
    "facebook": _by_parameter("/l.php", "u"),
    "linkedin": _by_parameter(("/redir/redirect", "/redir/general-malware-page", "/safety/go"), "url"),
    "youtube": _by_parameter("/redirect", "q"),
    "slack-redir": _slack,
    "cudasvc": _by_parameter("/url", "a"),
    "streaklinks": _streak,
    "12ft": _by_parameter("/", "q"),
    "pstmrk": _postmark,
    "instagram": _leaving,
    "threads": _leaving,
    "messenger": _by_parameter("/l.php", "u"),
    "medium": _by_parameter("/r/", "url"),
    "umblr": _by_parameter("/redirect", "z"),
    "disq": _disqus,
    "vk": _by_parameter("/away.php", "to"),
    "duckduckgo": _by_parameter("/l/", "uddg"),
    "steamcommunity": _by_parameter("/linkfilter", "url", "u"),
    "bloomberg": _by_parameter("/click", "url"),
    "avanan": _checkpoint,
    "checkpoint": _checkpoint,
    "sophos": _sophos,
    "office": _by_parameter("/evergreen-assets/safelinks/", "url"),  # Teams
}
# sites that hold much more than trackers: the first path segments under which they do
_SEGMENTS: dict[str, frozenset[str]] = {
    "beehiiv": frozenset({"v2", "clicks"}),
    "substack": frozenset({"redirect", "c"}),
    "google": frozenset({"url", "amp"}),
    "facebook": frozenset({"l.php"}),
    "linkedin": frozenset({"redir", "safety"}),
    "youtube": frozenset({"redirect"}),
    "instagram": frozenset({""}),
    "threads": frozenset({""}),
    "medium": frozenset({"r"}),
    "vk": frozenset({"away.php"}),
    "duckduckgo": frozenset({"l"}),
    "steamcommunity": frozenset({"linkfilter"}),
    "bloomberg": frozenset({"click"}),
    "messenger": frozenset({"l.php"}),
    "checkpoint": frozenset({"v1", "v2", "v3"}),
    "sophos": frozenset({""}),
    "office": frozenset({"evergreen-assets"}),
}
PATHS: dict[str, Decode] = {
    "CL0": _amazon_ses,
    "L0": _amazon_ses,
    "click": _sailthru,
    "c": _mailgun,
    "e": _customer_io,
}
