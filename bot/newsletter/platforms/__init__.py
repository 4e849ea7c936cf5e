"""Habits of single platforms, one module each. `unwanted_in` names what to leave out of a platform's HTML.

Each module gives `MARKS` (text that shows the platform at work) and `UNWANTED` (a CSS selector of its furniture).
"""

from bot.newsletter.platforms import beehiiv, buttondown, ghost, substack, wordpress
from bot.newsletter.platforms.cards import Cards

_PLATFORMS = (beehiiv, substack, ghost, wordpress, buttondown)


def opened(source: str) -> str:
    """The document with what platforms keep in attributes, and in elements of their own, as everybody writes it."""
    return substack.with_links_of_embeds(beehiiv.with_captions(source))


def cards_in(source: str) -> Cards | None:
    """What is to be known of the boxes that a platform puts between paragraphs; None where there are none."""
    return ghost.cards_in(source)


def unwanted_in(source: str) -> str:
    """The selector of everything the platforms behind a document put around its content; empty for plain HTML."""
    if "class=" not in source:
        return ""
    return ",".join(platform.UNWANTED for platform in _PLATFORMS if any(mark in source for mark in platform.MARKS))
