"""Habits of single platforms, one module each. `unwanted_in` names what to leave out of a platform's HTML.

Each module gives `MARKS` (text that shows the platform at work) and `UNWANTED` (a CSS selector of its furniture).
"""

from bot.newsletter.platforms import beehiiv, buttondown, ghost, substack, videos, wordpress

_PLATFORMS = (beehiiv, substack, ghost, wordpress, buttondown)


def opened(source: str) -> str:
    """The document with what platforms keep in attributes, and say beside a link, where everybody can read it."""
    return videos.with_links_of_videos(ghost.with_sponsored_buttons(substack.with_links_of_embeds(source)))


def unwanted_in(source: str) -> str:
    """The selector of everything the platforms behind a document put around its content; empty for plain HTML."""
    if "class=" not in source:
        return ""
    return ",".join(platform.UNWANTED for platform in _PLATFORMS if any(mark in source for mark in platform.MARKS))
