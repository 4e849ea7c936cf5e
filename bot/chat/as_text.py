"""A message's components as text, for a terminal."""

from typing import Any

from discord import ui


def view_as_text(view: ui.LayoutView) -> str:
    """What a reader would see, a line a part: texts, `[picture] address`, `[ button ]`."""
    lines: list[str] = []
    for item in view.children:
        lines += _lines(item)
    return "\n".join(lines)


def _lines(item: ui.Item[Any]) -> list[str]:
    if isinstance(item, ui.TextDisplay):
        return item.content.splitlines()
    if isinstance(item, ui.MediaGallery):
        return [f"[picture] {picture.media.url}" for picture in item.items]
    if isinstance(item, ui.ActionRow):
        return [" ".join(_button(button) for button in item.children)]
    return [line for child in getattr(item, "children", ()) for line in _lines(child)]


def _button(item: ui.Item[Any]) -> str:
    label = getattr(item, "label", None) or "?"
    target = getattr(item, "url", None)
    return f"[ {label} → {target} ]" if target else f"[ {label} ]"
