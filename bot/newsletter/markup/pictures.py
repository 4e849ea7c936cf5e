"""Pictures of a document: which address shows one, and which are none (counters of readers, portraits, frames)."""

import re
from dataclasses import dataclass

from bot.newsletter.markup.attributes import attribute
from bot.newsletter.text import visible

SMALL = 100
"""Pixels: what is stated to be smaller, in width or in height, is an icon."""

# an attribute or a declaration of style, in pixels
_STATED_SIZE = re.compile(
    r"(?<![\w-])(?:width|height)(?:=\"|\s*:)\s*(\d{1,5})(?:\.\d+)?\s*+(?:px\s*+)?(?=[\";!])", re.IGNORECASE
)
_ICON = re.compile(r"class=\"[^\"]*(?<![a-z])(?:icon|logo|avatar|lucide)\b|/icons?/|favicon", re.IGNORECASE)
# where mail services count who opened an issue; a picture of that name ends in what pictures end in
_COUNTER = re.compile(
    r"/(?:ss/o|e/o|track/open|wf/open)[/.?]|^(?:https?:)?//[^/?#]+/o/|/open(?:\.(?:gif|php|aspx))?/?(?:\?|\Z)|[?&]idsite=\d",
    re.IGNORECASE,
)
_PORTRAIT = re.compile(
    r"gravatar\.com|/avatars?/|//(?:[\w-]+\.)?(?:un|ui-)?avatars?\d*\.|/avatars?[-_]?\d*\.(?:png|jpe?g|webp|gif)"
    r"|profile_(?:picture|image)|/userpics?/|//robohash\.org/|dicebear\.com/",
    re.IGNORECASE,
)
# what stands where a script puts the picture later: the whole name of a file, for words in it name real pictures, too
_PLACEHOLDER = re.compile(
    r"\A(?:data:|about:|#)|(?:\A|/)(?:(?:image|img|lazy(?:[-_]?load)?|blank|transparent)[-_]?)?"
    r"(?:(?:blank|placeholder)(?:[-_]?[\dx]+)?\.(?:gif|png|svg|jpe?g|webp)"
    r"|(?:spacer|transparent|empty|1x1|lazy(?:[-_]?load)?|loading|loader|clear|pixel)"
    r"(?:[-_]?\d+x\d+)?\.(?:gif|svg|png))(?:\Z|[?#])",
    re.IGNORECASE,
)
# where scripts that load pictures late keep their addresses, and those in several sizes
_LATE = ("lazy-src", "src", "original", "lazy", "orig", "full-src", "echo", "cfsrc", "url")
_LATE_SETS = ("srcset", "lazy-srcset")
_FILE = re.compile(r"\.(?:png|jpe?g|gif|webp|svg|avif|bmp)(?:\Z|[?#])", re.IGNORECASE)
_SOURCE = re.compile(r"([^\s,]\S*+)((?<!,)[^,]*+|)")
_SIZE = re.compile(r"(?:\s++([0-9]{1,6}(?:\.[0-9]{1,4})?)[wx])?(?:\s++[0-9]{1,6}h)?\s*+\Z")

ATTRIBUTES = frozenset({"alt", "src", "srcset"} | {f"data-{name}" for name in (*_LATE, *_LATE_SETS)})
"""The attributes that say which picture is shown, and what it shows."""

_WITHOUT_SCRIPTS = re.compile(
    r"<img\b[^<>]*+>\s*+<noscript\b[^<>]*+>\s*+(<img\b[^<>]*+>)\s*+</noscript\s*+>", re.IGNORECASE
)


@dataclass(slots=True)
class Picture:
    """A picture as written: address, alternative text, and whether it is no more than an icon."""

    src: str
    alt: str
    is_icon: bool = False


def read_picture(tag: str, sources: str = "") -> Picture | None:
    """The picture of an `img` tag; `sources` is what a `<source>` before it offers.

    Pictures of one pixel count readers and are none, nor are WordPress's emoji.
    """
    src = _address(tag, sources)
    if not src or "wp-smiley" in tag or is_emoji(src) or counts_readers(src):
        return None
    has_size = "width" in tag or "height" in tag
    size = min(map(int, _STATED_SIZE.findall(tag)), default=SMALL) if has_size else SMALL
    if size <= 1:
        return None
    is_icon = size < SMALL
    if "icon" in tag or "logo" in tag or "avatar" in tag or "ucide" in tag:
        is_icon = is_icon or _ICON.search(tag) is not None
    return Picture(src, " ".join(visible(attribute(tag, ' alt="')).split()), is_icon)


def with_shown_pictures(source: str) -> str:
    """The document with the pictures for those who run no scripts, instead of what stands there until one has run."""
    return _WITHOUT_SCRIPTS.sub(r"\1", source) if "<noscript" in source else source


def _address(tag: str, sources: str) -> str:
    """Where the picture is that a reader sees in the end: widest of several, and not what stands there meanwhile."""
    src = attribute(tag, ' src="').strip()
    if src and not is_placeholder(src):
        return src
    if " data-" in tag:
        for name in _LATE:
            late = attribute(tag, f' data-{name}="').strip()
            if late and _is_address(late) and not is_placeholder(late):
                return late
    return widest(sources_of(tag)) or widest(sources)


def _is_address(late: str) -> bool:
    """It is no setting of a script, and no words."""
    if any(map(str.isspace, late)):
        return late.startswith(("https://", "http://", "/")) or _FILE.search(late) is not None
    return "/" in late or _FILE.search(late) is not None


def sources_of(tag: str) -> str:
    """The `srcset` of an `img` or a `source`, or what a script will put there; empty where neither is given."""
    for name in _LATE_SETS if " data-" in tag else ():
        if late := attribute(tag, f' data-{name}="'):
            return late
    return attribute(tag, ' srcset="')


def widest(sources: str) -> str:
    """The address of the widest picture of a `srcset` (HTML standard, 4.8.4.2.1); empty where none is given."""
    best, most = "", -1.0
    for address, said in _SOURCE.findall(sources):
        size = _SIZE.match(said)
        given = float(size[1] or 1) if size is not None else -1.0
        if given > most and not is_placeholder(address.rstrip(",")):
            best, most = address.rstrip(","), given
    return best


def is_placeholder(src: str) -> bool:
    """It stands where a script puts a picture later."""
    return _PLACEHOLDER.search(src) is not None


def is_portrait(src: str) -> bool:
    """The picture is one of somebody who writes."""
    return _PORTRAIT.search(src) is not None


def is_emoji(src: str) -> bool:
    """WordPress shows letters so."""
    return "/images/core/emoji/" in src


def counts_readers(src: str) -> bool:
    """Who shows it tells a mail service that the issue was opened."""
    return ("/o" in src or "idsite=" in src) and _COUNTER.search(src) is not None
