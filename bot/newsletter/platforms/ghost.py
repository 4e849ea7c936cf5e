"""Ghost: cards for sign-up and related posts. Its call-to-action cards are what newsletters sell to sponsors."""

import re

MARKS = ("kg-card", "gh-post", "ghost.org", "ghost.io")
UNWANTED = ".kg-signup-card,.gh-subscribe,.kg-toggle-card-icon,.kg-cta-sponsor-label"

_BUTTON = re.compile(r'<a (?=[^<>]{0,2000}class="kg-cta-button)')


def with_sponsored_buttons(source: str) -> str:
    """The document with buttons that are marked as paid for, where a card says so: its label would not end with it."""
    return _BUTTON.sub('<a rel="sponsored" ', source) if "kg-cta-sponsor-label" in source else source
