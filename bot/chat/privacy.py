"""The button that lets everything about a member go."""

from dataclasses import dataclass
from typing import Any

import discord
from discord import ButtonStyle, ui

from bot.chat.context import act_of, services_of
from bot.chat.press import Press
from bot.chat.replies import change_view, promise_answer, say, sentence_view


@dataclass(frozen=True)
class Forget(Press, name="forget", state=r"me"):
    """*Forget me*, after the warning."""

    @classmethod
    def button(cls, interaction: discord.Interaction) -> ui.Button[Any]:
        label = say(interaction, "button-forget")
        return ui.Button(label=label, custom_id=cls.custom_id("me"), style=ButtonStyle.danger)

    async def press(self, interaction: discord.Interaction) -> None:
        await promise_answer(interaction)  # somebody may have sent in thousands of links
        await services_of(interaction).privacy.forget(act_of(interaction))
        await change_view(interaction, sentence_view(say(interaction, "privacy-forgotten")))
