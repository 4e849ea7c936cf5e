"""Kit, once ConvertKit: its clicks, and what stands under its mails."""

from urllib.parse import SplitResult

from bot.newsletter.packed import segments, url_from_base64
from bot.newsletter.platforms.platform import Platform, Tracker
from bot.newsletter.rules import rule

_OWN_PAGES = rule(
    r"/(?:privacy|terms)\b",
    "what Kit's own site is linked to for, behind its host",
    source="https://kit.com/privacy",
    specimens=("/privacy", "/terms"),
    others=("", "/ann", "/termsheet"),
    how="match",
)


def _destination(parts: SplitResult) -> str | None:
    return url_from_base64(segments(parts)[-1])


PLATFORM = Platform(
    called=("kit", "convertkit"),
    domains=("convertkit.com", "ck.page", "kit.com"),
    furniture_at={"kit.com": _OWN_PAGES, "convertkit.com": _OWN_PAGES},
    trackers={"convertkit-mail": Tracker(_destination), "kit-mail": Tracker(_destination)},
)
