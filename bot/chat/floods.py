"""The card about a flood, and the staff's decision: in its channel, or for whoever was asked by no card."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import discord
from discord import ButtonStyle, ui

from bot.chat.context import act_of, actor_of, guild_id_of, language_of, services_of
from bot.chat.kinds import Look
from bot.chat.marks import message_mark
from bot.chat.plain import plain
from bot.chat.press import Press
from bot.chat.replies import change_view, reply_view
from bot.chat.views import View
from bot.chat.waiting import DECIDE_FLOODS
from bot.errors import NotFoundError
from bot.model.delivery import Purpose
from bot.model.flood import Flood, FloodDecision
from bot.ports import FloodCard
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
    return _cards([flood], language=language, mark=mark)


def _draw(matter: FloodCard, *, language: str, delivery_key: str) -> ui.LayoutView:
    return flood_card(matter.flood, language=language, delivery_key=delivery_key)


def _cards(
    floods: Sequence[Flood], *, language: str, mark: tuple[int | None, int | None] = (None, None)
) -> ui.LayoutView:
    view = View()
    for flood in floods:
        view.add_item(_card(flood, language=language, mark=mark))
    return view


def _card(flood: Flood, *, language: str, mark: tuple[int | None, int | None]) -> "ui.Container[Any]":
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
    return box


@dataclass(frozen=True)
class FloodChoice(Press, name="flood", state=r"(?P<flood_key>[a-z2-7]{26}):(?P<decision>newest|all|none)"):
    """Announce the newest, all or none of what was held back; the card says what was decided."""

    flood_key: str
    decision: FloodDecision

    @classmethod
    def read(cls, state: Mapping[str, str | None]) -> Self:
        return cls(str(state["flood_key"]), FloodDecision(str(state["decision"])))

    async def press(self, interaction: discord.Interaction) -> None:
        flood = await services_of(interaction).floods.decide(act_of(interaction), self.flood_key, self.decision)
        shown = [flood]
        if interaction.message is not None and interaction.message.flags.ephemeral:
            shown += await _waiting(interaction)
        view = _cards(shown, language=language_of(interaction))
        await change_view(interaction, view)


@dataclass(frozen=True)
class DecideFloods(Press, name=DECIDE_FLOODS, state=""):
    """Show whoever presses the card of a flood that nobody was asked about; once it is decided, that of the next."""

    async def press(self, interaction: discord.Interaction) -> None:
        waiting = await _waiting(interaction)
        if not waiting:
            raise NotFoundError("flood-gone")
        await reply_view(interaction, _cards(waiting, language=language_of(interaction)))


async def _waiting(interaction: discord.Interaction) -> list[Flood]:
    """The oldest of which no card asks anybody, if there is one."""
    untold = await services_of(interaction).floods.untold(guild_id_of(interaction), actor=actor_of(interaction))
    return [] if untold is None else [untold.oldest]


FLOOD = Look(Purpose.FLOOD, _draw, presses=(FloodChoice,), names_commands=True)
