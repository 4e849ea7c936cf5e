"""Buttondown: footnote marks that look like outside links because they were made absolute against the feed."""

from urllib.parse import SplitResult

from bot.newsletter.packed import from_base64, segments
from bot.newsletter.platforms.platform import Platform, Tracker
from bot.newsletter.rules import rule

_OWN_PAGES = rule(
    r"(?:\?|/(?:refer|legal)\b|$)",
    "what Buttondown's own site is linked to for, behind its host",
    source="https://buttondown.com/legal",
    specimens=("", "?utm_source=a", "/refer/crumbs", "/legal/privacy"),
    others=("/crumbs/archive/rye", "/legality"),
    how="match",
)


def _destination(parts: SplitResult) -> str | None:
    named = segments(parts)
    if named[0] != "c":
        return None
    fields = from_base64(named[1]).decode().split("|")
    return next((each for each in fields if each.startswith("http")), None)


PLATFORM = Platform(
    marks=("footnote-ref", "footnote-backref", "buttondown"),
    furniture=(".footnote-ref", ".footnote-backref"),
    text_at=(".email-body",),
    called=("buttondown",),
    domains=("buttondown.email", "buttondown.com"),
    shared_paths={"buttondown.com": 1, "buttondown.email": 1},
    furniture_at={"buttondown.com": _OWN_PAGES, "buttondown.email": _OWN_PAGES},
    trackers={"buttondown": Tracker(_destination)},
)
