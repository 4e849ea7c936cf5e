"""Medium: everybody's posts under names of one host."""

from urllib.parse import SplitResult

from bot.newsletter.packed import parameter
from bot.newsletter.platforms.platform import Platform, Tracker
from bot.newsletter.rules import rule

_EMBEDDED = rule(
    r"/media/[^/]+/href\b",
    "where a post of Medium's has something embedded",
    source="feeds of newsletters on Medium",
    specimens=("/media/0f1e2d3c/href",),
    others=("/media/0f1e2d3c", "/@ann/rye-1a"),
    how="match",
)


def _destination(parts: SplitResult) -> str | None:
    return parameter(parts.query, "url") if parts.path.startswith("/r/") else None


PLATFORM = Platform(
    domains=("medium.com",),
    is_for_newsletters=False,
    shared_paths={"medium.com": 1},
    common_hosts=("medium.com",),
    furniture_at={"medium.com": _EMBEDDED},
    fields_at={"medium.com": frozenset({"source"})},
    trackers={"medium": Tracker(_destination, frozenset({"r"}))},
)
