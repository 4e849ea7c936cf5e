"""Ghost: cards for sign-up and related posts. Its call-to-action cards are what newsletters sell to sponsors."""

from bot.model.guild import GHOST_API
from bot.newsletter.platforms.cards import Cards

MARKS = ("kg-card", "gh-post", "ghost.org", "ghost.io")
UNWANTED = ".kg-signup-card,.gh-subscribe,.kg-toggle-card-icon,.kg-cta-sponsor-label"

_LONGEST_HOME = 1_000
_LABEL = "kg-cta-sponsor-label"
_HEADINGS = ",".join(f".kg-card h{level}" for level in range(1, 7))


def api_of(generator: str, home: str | None) -> str | None:
    """The Content API of a site whose feed names Ghost as what made it; None for others."""
    if home is None or len(home) > _LONGEST_HOME or not generator.startswith("Ghost "):
        return None
    return f"{home.rstrip('/')}{GHOST_API}"


def cards_in(source: str) -> Cards | None:
    """What is to be known of a document's cards; None where it has none."""
    if "kg-card" not in source:
        return None
    return Cards(_HEADINGS, label=f".{_LABEL}" if _LABEL in source else "", sponsored="kg-cta-card")
