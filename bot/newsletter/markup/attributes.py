"""Attributes of tags in canonical markup: in double quotes, after one space each."""

from bot.newsletter.markup.spacing import unescaped


def attribute(tag: str, opening: str) -> str:
    """The value of an attribute; `opening` is its name between a space and `="`. Empty where there is none."""
    start = tag.find(opening)
    if start < 0:
        return ""
    start += len(opening)
    value = tag[start : tag.find('"', start)]
    return unescaped(value) if "&" in value else value
