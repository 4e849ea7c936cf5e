"""What is pressed, chosen or filled in, over restarts too: its state stands in its custom id.

discord.py would find such buttons again as a `DynamicItem`, but rebuilds the whole message for each press, which costs
more than the press itself; a form that it does not remember it drops without a word, and with it what somebody wrote.
So both are dispatched here, by the name that begins their custom id.
"""

import logging
import re
from collections.abc import Iterable, Mapping
from typing import Any, ClassVar, Protocol, Self, cast

import discord
from discord import ui

from bot.chat.door import enter, is_refusal, tell_error
from bot.chat.pace import Pace
from bot.errors import RefusedError

log = logging.getLogger(__name__)

LONGEST_CUSTOM_ID = 100  # Discord's limit


class _TakesInHand(Protocol):
    """What the client is told of each press, so that it finishes them before it stops; and how many there may be."""

    pace: Pace

    def take_in_hand(self, interaction_id: int) -> None: ...

    def finished(self, interaction_id: int, *, outcome: str) -> None: ...


class Press:
    """A button, a select or a form, by the state in its custom id: `name:` and what `state` matches.

    Subclasses name themselves (`class AllLinks(Press, name="links", state=…)`), are dataclasses of the groups in
    `state`, and implement `press`.
    """

    name: ClassVar[str]
    _state: ClassVar[re.Pattern[str]]

    def __init_subclass__(cls, *, name: str, state: str, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls.name = name
        cls._state = re.compile(state)

    @classmethod
    def read(cls, state: Mapping[str, str | None]) -> Self:
        """The press whose state is these groups of the custom id."""
        return cls(**state)

    @classmethod
    def custom_id(cls, *state: str | int) -> str:
        """How the state is written."""
        return ":".join((cls.name, *map(str, state)))

    async def press(self, interaction: discord.Interaction) -> None:
        """Do what it is for and answer; PressroomErrors become sentences at the door."""
        raise NotImplementedError

    @classmethod
    def from_custom_id(cls, custom_id: str) -> Self | None:
        """The press that such a custom id stands for; None when its state is none of ours."""
        match = cls._state.fullmatch(custom_id[len(cls.name) + 1 :])
        return cls.read(match.groupdict()) if match else None


class Presses:
    """The one door of everything that is pressed: it answers the person, whatever happens behind it."""

    def __init__(self, kinds: Iterable[type[Press]]) -> None:
        self._kinds = {kind.name: kind for kind in kinds}

    async def answer(self, interaction: discord.Interaction) -> None:
        """Find what was pressed, and let it answer."""
        client, outcome = cast("_TakesInHand", interaction.client), "done"
        client.take_in_hand(interaction.id)
        try:
            enter(interaction, client.pace)
            await self._find(interaction).press(interaction)
        except Exception as error:  # noqa: BLE001 - the door: everything is told and logged there
            outcome = "refused" if is_refusal(error) else "failed"
            client.pace.leave(interaction.id)  # to be told what became of it may take minutes
            await tell_error(interaction, error)
        finally:
            client.pace.leave(interaction.id)
            client.finished(interaction.id, outcome=outcome)

    def _find(self, interaction: discord.Interaction) -> Press:
        custom_id = str(_data(interaction).get("custom_id", ""))
        kind = self._kinds.get(custom_id.partition(":")[0])
        press = kind.from_custom_id(custom_id) if kind else None
        if press is None:
            # A message of an older version, or of nobody.
            log.warning("unknown press name=%s", custom_id.partition(":")[0][:LONGEST_CUSTOM_ID])
            raise RefusedError("press-unknown")
        return press


class Form(ui.Modal):
    """A form that is found by its custom id when it is sent, also by another process than the one that opened it."""

    def __init__(self, *, title: str, custom_id: str) -> None:
        super().__init__(title=title, custom_id=custom_id)
        self.stop()  # so discord.py does not keep it

    def ask(self, label: str, note: str, field: ui.Item[Any]) -> None:
        """Add a field with its label, and a note below that."""
        self.add_item(ui.Label[Any](text=label, description=note, component=field))


def chosen_in(interaction: discord.Interaction) -> list[str]:
    """The values that were chosen in a select."""
    return [str(value) for value in _data(interaction).get("values", ())]


def written_in(interaction: discord.Interaction) -> dict[str, str]:
    """What was written into a form, by the custom ids of its fields."""
    found: dict[str, str] = {}

    def walk(components: Iterable[Any]) -> None:
        for component in components:
            if "value" in component:
                found[str(component["custom_id"])] = str(component["value"] or "")
            walk([component["component"]] if "component" in component else component.get("components", ()))

    walk(_data(interaction).get("components", ()))
    return found


def _data(interaction: discord.Interaction) -> dict[str, Any]:
    return cast("dict[str, Any]", interaction.data or {})
