"""What waits for an administrator, below the answers they get: the one place where a reply is given something more."""

import logging
from typing import Any

import discord
from discord import ui

from bot.chat.context import actor_of, guild_id_of, language_of, services_of
from bot.chat.plain import plain
from bot.chat.views import View, room_in
from bot.errors import PressroomError
from bot.texts import text

log = logging.getLogger(__name__)

DECIDE_FLOODS = "floods"
"""What the button below an answer is known by; `bot.chat.floods` answers its press by `replies`, so it stands above."""

_WHERE = frozenset({"setup", "desk", "help"})
_MOST_TEXT = 4000  # of a Components V2 message, and so many components
_MOST_COMPONENTS = 40
_LONGEST_NAME = 100


async def what_waits(interaction: discord.Interaction) -> ui.LayoutView | None:
    """What waits for whoever asks, with what to do about it; None for nothing, or where nobody would look for it."""
    command = interaction.command
    if command is None or command.qualified_name.partition(" ")[0] not in _WHERE:
        return None
    if not actor_of(interaction).manages_server:
        return None
    try:
        untold = await services_of(interaction).floods.untold(guild_id_of(interaction), actor=actor_of(interaction))
    except PressroomError:  # the answer itself matters more
        log.warning("what waits could not be told interaction_id=%s", interaction.id, exc_info=True)
        return None
    if untold is None:
        return None
    language = language_of(interaction)
    said = text(
        "waiting-floods",
        language=language,
        count=untold.count,
        new=untold.issues,
        name=plain(untold.oldest.source_name, longest=_LONGEST_NAME),
    )
    view = View()
    view.add_item(ui.TextDisplay[Any](said))
    button = ui.Button[Any](label=text("button-flood-decide", language=language), custom_id=DECIDE_FLOODS)
    view.add_item(ui.ActionRow[Any](button))
    return view


def joined(view: ui.LayoutView, more: ui.LayoutView) -> bool:
    """Put what waits below an answer; False where that has no room for it."""
    if room_in(view) + room_in(more) > _MOST_TEXT:
        return False
    if view.total_children_count + more.total_children_count > _MOST_COMPONENTS:
        return False
    for item in list(more.children):
        more.remove_item(item)
        view.add_item(item)
    return True
