"""What comes back to a person: replies, forms; and the files that a person sends."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Literal

from sandbox import components as parts
from sandbox import interactions, model

Json = dict[str, Any]
ReplyType = Literal["none", "message", "update", "ack", "choices", "modal"]

_TYPES: dict[int, ReplyType] = {4: "message", 5: "message", 6: "ack", 7: "update", 8: "choices", 9: "modal"}


@dataclass(slots=True, frozen=True)
class File:
    """A file that a person uploads."""

    name: str
    data: bytes


@dataclass(slots=True, frozen=True)
class Modal:
    """A form that the bot opened."""

    interaction: model.Interaction
    body: Json

    @property
    def title(self) -> str:
        return str(self.body["title"])

    @property
    def custom_id(self) -> str:
        return str(self.body["custom_id"])

    @property
    def fields(self) -> dict[str, Json]:
        """The inputs by label, in order; inputs without a label by custom_id."""
        return dict(_fields(self.body["components"]))

    @property
    def text(self) -> str:
        """The texts between the inputs."""
        return "\n".join(parts.text_of("", [], self.body["components"]))


def _fields(components: Iterable[Json]) -> Iterable[tuple[str, Json]]:
    for component in components:
        if component["type"] == parts.LABEL:
            yield component["label"], component["component"]
        elif component["type"] == parts.ROW:
            for inner in component["components"]:
                yield inner.get("label") or inner["custom_id"], inner


@dataclass(slots=True)
class Reply:
    """The bot's answer to one thing a person did; `message` is live and follows later edits."""

    interaction: model.Interaction = field(repr=False)

    @property
    def failed(self) -> bool:
        """No answer came in time: "The application did not respond"."""
        return self.interaction.failed

    @property
    def type(self) -> ReplyType:
        return _TYPES.get(self.interaction.callback_type or 0, "none")

    @property
    def deferred(self) -> bool:
        return self.interaction.callback_type in (interactions.DEFERRED_MESSAGE, interactions.DEFERRED_UPDATE)

    @property
    def message(self) -> model.Message:
        """The answer's message: new, or for updates the one that was pressed."""
        if self.interaction.response is None:
            raise LookupError(f"the reply has no message: {self!r}")
        return self.interaction.response

    @property
    def followups(self) -> list[model.Message]:
        return self.interaction.followups

    @property
    def text(self) -> str:
        return self.message.text

    @property
    def ephemeral(self) -> bool:
        return self.interaction.response is not None and self.interaction.response.ephemeral

    @property
    def modal(self) -> Modal:
        if self.interaction.modal is None:
            raise LookupError(f"the reply is no modal: {self!r}")
        return Modal(self.interaction, self.interaction.modal)

    @property
    def choices(self) -> list[Json]:
        return self.interaction.choices or []

    def __repr__(self) -> str:
        shown = self.interaction.response.text[:80] if self.interaction.response else ""
        return f"<Reply {'failed' if self.failed else self.type} to {self.interaction.name!r} {shown!r}>"
