"""The web address in what somebody pasted: with words, brackets, quotes or marks around it, or without its scheme.

Nothing is guessed: what could be two addresses, or one with a piece missing, is asked about.
"""

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

from bot.errors import RefusedError

LONGEST = 2000

# Seen by nobody: joiners, marks of direction, soft hyphens, the byte order mark.
_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff]+")
_SCHEME = re.compile(r"https?://", re.IGNORECASE)
_FEED_SCHEME = re.compile(r"\bfeed:(?://)?(?=https?://)|\bfeed:(?=//)", re.IGNORECASE)
_DOUBLED = re.compile(r"https?:/*(?=https?://)", re.IGNORECASE)  # where one begins to type and then pastes
_ENDS = r"\s<>\"`“”„‟«»‹›「」『』【】《》"
_ADDRESS = re.compile(rf"https?://[^{_ENDS}]*", re.IGNORECASE)
_BARE = re.compile(r"[^\W_][\w-]*(?:\.[\w-]+)+(?::\d+)?(?:[/?#]|$)")
_BARE_IN_WORDS = re.compile(rf"(?<![\w.@/:=-])www\.[^{_ENDS}]+", re.IGNORECASE)
_BESIDE_IT = re.compile(
    rf"(?<![\w@/.-])(?:www\.[\w-]|[^\W_][\w-]*(?:\.[\w-]+)*\.[^\W\d_]{{2,}}/)[^{_ENDS}()\[\]]*", re.IGNORECASE
)
# Before an address that is a part of another one: `?url=https://…`.
_WITHIN = "=?&:#+%@!$"
# They take an address as the end of their own.
_KEEPERS = re.compile(
    r"(?:[\w-]+\.)*(?:archive\.(?:org|ph|is|today|li|md|vn|fo)|[\w-]*web-?archive[\w-]*\.[\w.-]+|12ft\.io|r\.jina\.ai|freedium\.cfd|arquivo\.pt|mementoweb\.org)"
)
_AFTER = ".,;:!?'\"’…。、，；：！？"
_WRAPS = "*_~|"
_BRACKETS = {")": "(", "]": "[", "}": "{", "）": "（", "］": "［"}
# What goes on after a space: `mple.com`, `/path`, `path/x`, `b=c`, `file.html`.
_PIECE = re.compile(r"(?:[./?&#=%:-][^\W_]|\w[\w-]*[./=&#%][^\W_])")
_PAGE = re.compile(r"\.(?:html?|php|aspx?|xml|rss|atom|json|pdf|md)\W*$", re.IGNORECASE)
# Alone behind an address, it may be the rest of its path; with a mark of a sentence, somebody speaks.
# Behind a mark and a space, the end of a name or of a file, and no word that begins a sentence.
_END = re.compile(r"(?:com|net|org|info|edu|gov|io|co|dev|app|html?|php|aspx?|xml|rss|atom|json|pdf|md)\W*")
_PLAIN_WORD = re.compile(r"(?=.*\w)[^.,;:!?…。、，；：！？]+")
_UNFINISHED = tuple("-=&%")
_NO_DOT = re.compile(r"https?://(?!localhost\b)[^./:\[]+$", re.IGNORECASE)


def one_address(written: str, *, invalid: str = "address-invalid") -> str:
    """The one http(s) address that is meant, with its scheme. Raises RefusedError with what is wrong.

    invalid: the text for what is no address at all.
    """
    text = _tidy(written)
    found = list(dict.fromkeys(addresses_in(text)))
    if not found and _SCHEME.search(text) is None:
        found = _bare(text)
    if len(found) > 1:
        raise RefusedError("address-several")
    if not found:
        is_cut = re.search(r"https?\s*:\s*/\s*/\s*\w", text, re.IGNORECASE) or (" " in text and "." in text)
        raise RefusedError("address-spaced" if is_cut else invalid)
    address = found[0]
    if _goes_on(text, address):
        raise RefusedError("address-spaced")
    if (_SCHEME.search(text) or re.search(r"\s", text)) and _is_beside_another(text, address):
        raise RefusedError("address-several")
    if not _is_whole(address):
        raise RefusedError(invalid)
    return address


def addresses_in(text: str) -> list[str]:
    """Every address that stands in a text with its scheme, or begins with `www.`, in order, as they are meant."""
    text = _tidy(text)
    found = []
    for run in _ADDRESS.finditer(text):
        for start, piece in _pieces(run[0]):
            before = text[run.start() + start - 1] if run.start() + start else ""
            address = _without_what_follows(piece, before)
            if len(address) > len("https://"):
                found.append(address)
    if not found:
        for bare in _BARE_IN_WORDS.finditer(text):
            before = text[bare.start() - 1] if bare.start() else ""
            found.append(f"https://{_without_what_follows(bare[0], before)}")
    return [address for address in found if _SCHEME.fullmatch(address) is None]


def _tidy(written: str) -> str:
    text = _INVISIBLE.sub("", written).strip()
    return _DOUBLED.sub("", _FEED_SCHEME.sub(lambda m: "https:" if m[0].endswith(":") else "", text))


def _bare(text: str) -> list[str]:
    """`example.com/feed` is taken for `https://example.com/feed`, where nothing else is written."""
    if re.search(r"\s", text):
        return []
    text = text.lstrip("<([{\"'`“„«*|")
    text = _without_what_follows(re.split(f"[{_ENDS}]", text, maxsplit=1)[0], "")
    return [f"https://{text}"] if _BARE.match(text) else []


def _pieces(run: str) -> Iterator[tuple[int, str]]:
    """A run of characters without a space, parted where a second address begins that is none of the first one's own."""
    start = 0
    for scheme in _SCHEME.finditer(run):
        at = scheme.start()
        if at > start and not _is_part(run[start:at]):
            yield start, run[start:at]
            start = at
    yield start, run[start:]


def _is_part(outer: str) -> bool:
    """Whether an address goes on with another one that is a part of it."""
    if outer[-1] == "/":
        host = _SCHEME.sub("", outer).partition("/")[0].partition(":")[0].lower()
        return ("?" in outer and outer[-2:-1] in _WITHIN) or _KEEPERS.fullmatch(host) is not None
    return outer[-1] in _WITHIN


def _without_what_follows(address: str, before: str) -> str:
    """An address as it stands in a sentence: without the marks behind it, but with brackets of its own."""
    while address:
        last = address[-1]
        is_foreign_bracket = last in _BRACKETS and address.count(last) > address.count(_BRACKETS[last])
        is_opened_bracket = last in _BRACKETS.values()
        is_wrap = last in _WRAPS and (last == before or last in "*|")
        if not (last in _AFTER or is_foreign_bracket or is_opened_bracket or is_wrap):
            break
        address = address[:-1]
    return address


def _goes_on(text: str, address: str) -> bool:
    """Whether what follows the address after a space looks like a piece of it."""
    written = address if address in text else address.partition("://")[2]
    start = text.rindex(written)
    rest = text[start + len(written) :]
    if _is_parted_within(text[:start], rest) or (_NO_DOT.match(address) is not None and rest.strip(_AFTER)):
        return True
    behind = rest.lstrip(_AFTER)
    if not behind[:1].isspace():
        return False
    words = behind.split()
    if behind != rest:  # a mark stands between, as in a sentence
        first = words[0] if words else ""
        is_another = _BESIDE_IT.match(first) is not None
        return _END.fullmatch(first) is not None or (_PIECE.match(first) is not None and not is_another)
    return bool(words) and (
        _PIECE.match(words[0]) is not None
        or address.endswith(_UNFINISHED)
        or _NO_DOT.match(address) is not None
        or any(_PAGE.search(word) for word in words)
        or (len(words) == 1 and _is_first(text, written) and _PLAIN_WORD.fullmatch(words[0]) is not None)
    )


def _is_parted_within(before: str, rest: str) -> bool:
    """Whether a space stands in the marks that hold an address together: `<…>`, or `[words](…)` without a title."""
    for opened, closed in (("<", ">"), ("](", ")")):
        if before.endswith(opened):
            inner, is_closed, _ = rest.partition(closed)
            return bool(is_closed) and inner[:1].isspace() and inner.strip()[:1] not in {"", '"', "'", "("}
    return False


def _is_first(text: str, written: str) -> bool:
    return text.lstrip("([{*_~|'").startswith(written)


def _is_beside_another(text: str, address: str) -> bool:
    """Whether an address without its scheme stands there too, and is not this one or the name of its site."""
    name = _SCHEME.sub("", address)
    name = re.escape(name.removeprefix("www.").rstrip("/"))
    itself = re.compile(rf"(?:www\.)?{name}/?(?![/?#&=%.-]*\w)", re.IGNORECASE)
    return any(
        not _is_short_for(bare[0], address) for bare in _BESIDE_IT.finditer(itself.sub(" ", _ADDRESS.sub(" ", text)))
    )


def _is_short_for(bare: str, address: str) -> bool:
    """Whether a text stands for an address: by the name of its site, or by its beginning and dots."""
    shown = _without_what_follows(bare, "").rstrip("/")
    if shown == shown.partition("/")[0]:
        return _host(shown) == _host(address)
    is_cut = bare.rstrip(")]").endswith(("…", "..."))
    return is_cut and _SCHEME.sub("", address).removeprefix("www.").startswith(shown.removeprefix("www."))


def _host(address: str) -> str:
    """Where it leads, as far as that tells two addresses apart."""
    return re.split(r"[/:?#]", _SCHEME.sub("", address), maxsplit=1)[0].lower().removeprefix("www.").rstrip(".])")


def _is_whole(address: str) -> bool:
    try:
        parts = urlsplit(address)
        _ = parts.port  # a port that is no number raises here
    except ValueError:
        return False
    host = parts.hostname or ""
    if not host or len(address) > LONGEST or "\\" in parts.netloc or any(ord(each) < 0x20 for each in address):
        return False
    return ":" in host or all(host.rstrip(".").split("."))
