"""Buttons that live over restarts, and the one door that every press goes through."""

import re
from typing import Any, Protocol, Self, cast

import discord
from discord import ui

from bot.chat.replies import is_refusal, tell_error


class _TakesInHand(Protocol):
    """What the client is told of each press, so that it finishes them before it stops."""

    def take_in_hand(self, interaction_id: int) -> None: ...

    def finished(self, interaction_id: int, *, outcome: str) -> None: ...


class Press(ui.DynamicItem[ui.Button[Any]], template=r"(?!)"):
    """A button whose state stands in its custom id.

    Subclasses set `template` and implement `press`. discord.py only logs what a `DynamicItem` raises, so the callback
    here is the door: it answers the person. A test asserts that every button derives from this class.
    """

    @classmethod
    async def from_custom_id(
        cls, _interaction: discord.Interaction, item: ui.Item[Any], match: re.Match[str], /
    ) -> Self:
        press = cls.__new__(cls)
        super(Press, press).__init__(cast("ui.Button[Any]", item))
        press.read_state(match)
        return press

    def read_state(self, match: re.Match[str]) -> None:
        """Take the state from the custom id."""
        raise NotImplementedError

    async def press(self, interaction: discord.Interaction) -> None:
        """Do what the button is for and answer; PressroomErrors become sentences at the door."""
        raise NotImplementedError

    async def callback(self, interaction: discord.Interaction) -> None:
        client, outcome = cast("_TakesInHand", interaction.client), "done"
        client.take_in_hand(interaction.id)
        try:
            await self.press(interaction)
        except Exception as error:  # noqa: BLE001 - the door: everything is told and logged there
            outcome = "refused" if is_refusal(error) else "failed"
            await tell_error(interaction, error)
        finally:
            client.finished(interaction.id, outcome=outcome)
