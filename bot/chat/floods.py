"""The card about a flood, and the staff's decision."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import discord
from discord import ButtonStyle, ui

from bot.chat.context import actor_of, guild_id_of, language_of, services_of
from bot.chat.marks import message_mark
from bot.chat.plain import plain
from bot.chat.press import Press
from bot.chat.views import View
from bot.model.flood import Flood, FloodDecision
from bot.texts import text

_LONGEST_NAME = 100
_BUTTONS = {
    FloodDecision.NEWEST: "button-flood-newest",
    FloodDecision.ALL: "button-flood-all",
    FloodDecision.NONE: "button-flood-none",
}
_DECIDED = {
    FloodDecision.NEWEST: "flood-decided-newest",
    FloodDecision.ALL: "flood-decided-all",
    FloodDecision.NONE: "flood-decided-none",
}


def flood_card(flood: Flood, *, language: str, delivery_key: str | None = None) -> ui.LayoutView:
    """What happened and what may be done about it; one line once that is decided."""
    mark = message_mark(delivery_key) if delivery_key else (None, None)
    view = View()
    box: ui.Container[Any] = ui.Container(id=mark[0], accent_colour=discord.Colour.orange())
    said = text(
        _DECIDED[flood.decision] if flood.decision else "flood-held",
        language=language,
        name=plain(flood.source_name, longest=_LONGEST_NAME),
        title=plain(flood.newest_title, longest=_LONGEST_NAME),
        new=len(flood.issue_keys),
        listed=flood.listed,
    )
    box.add_item(ui.TextDisplay[Any](said, id=mark[1]))
    if flood.decision is None:
        box.add_item(
            ui.ActionRow[Any](
                *(
                    ui.Button[Any](
                        label=text(label, language=language, count=len(flood.issue_keys)),
                        custom_id=FloodChoice.custom_id(flood.flood_key, decision),
                        style=ButtonStyle.primary if decision is FloodDecision.NEWEST else ButtonStyle.secondary,
                    )
                    for decision, label in _BUTTONS.items()
                )
            )
        )
    view.add_item(box)
    return view


@dataclass(frozen=True)
class FloodChoice(Press, name="flood", state=r"(?P<flood_key>[a-z2-7]{26}):(?P<decision>newest|all|none)"):
    """Announce the newest, all or none of what was held back; the card says what was decided."""

    flood_key: str
    decision: FloodDecision

    @classmethod
    def read(cls, state: Mapping[str, str | None]) -> Self:
        return cls(str(state["flood_key"]), FloodDecision(str(state["decision"])))

    async def press(self, interaction: discord.Interaction) -> None:
        flood = await services_of(interaction).floods.decide(
            guild_id_of(interaction),
            self.flood_key,
            self.decision,
            actor=actor_of(interaction),
            interaction_id=interaction.id,
        )
        view = flood_card(flood, language=language_of(interaction))
        await interaction.response.edit_message(view=view, allowed_mentions=discord.AllowedMentions.none())
