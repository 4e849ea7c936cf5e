"""Pictures that a source names beside the text of an issue: looked at like all others, the best of them leads."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from bot.newsletter.markup.pictures import SMALL, counts_readers, is_emoji, is_placeholder, is_portrait
from bot.newsletter.rules import rule

_PICTURE_FILE = rule(
    r"\.(?:png|jpe?g|jpe|gif|webp|avif|bmp)(?:\Z|[?#])",
    "an address that ends as a picture does",
    source="https://developer.wordpress.org/reference/functions/wp_get_mime_types/",
    specimens=(
        *".png .jpg .jpeg .jpe .gif .webp .avif .bmp .PNG?w=600 .jpg#top".split(),
        "https://mill.example/loaf.png",
    ),
    others=("https://mill.example/png", "loaf.pngs", "loaf.jpg.html"),
    flags=re.IGNORECASE,
)
_OTHER_FILE = rule(
    r"\.(?:mp[34]|m4[abv]|aac|og[agv]|opus|wav|flac|webm|mov|avi|mkv|m3u8|pdf|epub|zip|swf|html?|php|js)(?:\Z|[?#])",
    "an address that ends as another kind of file does",
    source="https://developer.wordpress.org/reference/functions/wp_get_mime_types/",
    specimens=(
        *".mp3 .mp4 .m4a .aac .ogg .opus .wav .flac .webm .mov .avi .mkv .m3u8 .pdf .epub .zip .swf".split(),
        *".html .htm .php .js?v=2 .pdf#page=3".split(),
    ),
    others=("https://mill.example/loaf.png", "https://mill.example/pdf", "talk.mp3.jpg"),
    flags=re.IGNORECASE,
)
_ANY_FILE = frozenset({"", "application/octet-stream", "binary/octet-stream", "application/unknown"})
_NUMBER = rule(
    r"\s*(\d{1,5})(?:\.\d+)?\s*(?:px)?\s*\Z",
    "a size in pixels",
    source="https://html.spec.whatwg.org/multipage/common-microsyntaxes.html#rules-for-parsing-dimension-values",
    specimens=("600", " 600 px ", "600.5"),
    others=("100%", "1000000", "auto", "-5", "40em"),
    how="match",
)


@dataclass(frozen=True, slots=True)
class Named:
    """A picture as a source names it; sizes in pixels as written, empty where they are not stated."""

    src: str
    width: str = ""
    height: str = ""
    is_default: bool = False


def best_of(named: Iterable[Named]) -> str | None:
    """The one that its source prefers, else the widest, else the first; None where none is a picture to show."""
    shown = [each for each in named if _is_shown(each)]
    best = max(shown, key=lambda each: (each.is_default, _number(each.width) or 0), default=None)
    return best.src if best is not None else None


def is_picture(kind: str, medium: str, src: str, *, may_be_untold: bool = False) -> bool:
    """It is one by its media type or medium, else by how its file ends.

    `may_be_untold` says that neither need be there (Media RSS): then it is one unless the file is of another kind.
    """
    kind = kind.partition(";")[0].strip().lower()
    if medium:
        return medium.lower() == "image"
    if kind not in _ANY_FILE:
        return kind.startswith("image/")
    if may_be_untold and not kind:
        return _OTHER_FILE.search(src) is None
    return _PICTURE_FILE.search(src) is not None


def _is_shown(named: Named) -> bool:
    src = named.src.strip()
    sizes = [size for size in (_number(named.width), _number(named.height)) if size is not None]
    return (
        bool(src)
        and min(sizes, default=SMALL) >= SMALL
        and not (is_portrait(src) or counts_readers(src) or is_placeholder(src) or is_emoji(src))
    )


def _number(size: str) -> int | None:
    found = _NUMBER.match(size)
    return int(found[1]) if found else None
