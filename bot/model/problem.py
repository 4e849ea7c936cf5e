"""What went wrong with a source or a delivery: kept as facts, said where it is read."""

import json
from dataclasses import dataclass, field
from typing import Any, Self

from bot.errors import DomainError
from bot.texts import DEFAULT_LANGUAGE, text


@dataclass(frozen=True, slots=True)
class Problem:
    """A text of the catalogue and its parameters, as they are stored."""

    message_id: str
    params: dict[str, str | int] = field(default_factory=dict)
    because: "Problem | None" = None  # said inside this one, as its `reason`

    @classmethod
    def of(cls, error: Exception) -> Self:
        """What there is to say of an error; of a mistake of ours, its kind."""
        if isinstance(error, DomainError):
            return cls(error.message_id, error.params)
        return cls("problem-unexpected", {"kind": type(error).__name__})

    def as_json(self) -> str:
        return json.dumps([self.message_id, self.params, *([self.because.as_json()] if self.because else [])])

    @classmethod
    def from_json(cls, stored: str | None) -> Self | None:
        if not stored:
            return None
        message_id, params, *because = json.loads(stored)
        return cls(message_id, params, cls.from_json(because[0]) if because else None)

    def said(self, *, language: str = DEFAULT_LANGUAGE) -> str:
        """The sentence for a reader of `language`."""
        params: dict[str, Any] = dict(self.params)
        if self.because is not None:
            params["reason"] = self.because.said(language=language)
        return text(self.message_id, language=language, **params)

    def __str__(self) -> str:
        return self.message_id + "".join(f" {name}={value}" for name, value in self.params.items())
