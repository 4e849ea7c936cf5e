"""How a kind of message looks on Discord: one entry, which the feature's module declares beside its view.

`bot.client.LOOKS` holds all of them, and `bot.services.building.KINDS` what the rules know of each.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from discord import ui

from bot.model.delivery import LONGEST_PURPOSE, Purpose
from bot.services.delivery.kinds import Kind
from bot.texts import message_ids

if TYPE_CHECKING:
    from bot.chat.press import Press


class Draw(Protocol):
    """Makes the message of a kind's matter, with the marks of its delivery by which it is found again."""

    def __call__(self, matter: Any, /, *, language: str, delivery_key: str) -> ui.LayoutView: ...


@dataclass(frozen=True, slots=True)
class Look:
    """How a kind looks, and what can be pressed on it.

    names_commands: commands in it are made clickable. for_staff: it is never sent where everybody sees it.
    """

    purpose: Purpose
    draw: Draw
    presses: "tuple[type[Press], ...]" = ()
    names_commands: bool = False
    for_staff: bool = False


def require_whole(
    kinds: Collection[Kind],
    looks: Collection[Look],
    presses: "Collection[type[Press]]",
    *,
    cogs: Collection[str] = (),
    extensions: Collection[str] = (),
) -> None:
    """Refuse to begin with a feature of which something was forgotten. Raises LookupError, which names it.

    cogs: the modules with commands that there are. extensions: those of them that are loaded.
    """
    for cog in sorted(set(cogs).difference(extensions)):
        raise LookupError(f"The commands in {cog} are not loaded: add it to EXTENSIONS in bot/client.py.")
    shown = {look.purpose for look in looks} | {Purpose.ANNOUNCE}  # which has forms of its own
    known = {kind.purpose for kind in kinds if kind.posts}
    texts = message_ids()
    for entries in (kinds, looks):
        purposes = [entry.purpose for entry in entries]
        for purpose in purposes:
            if len(purpose) > LONGEST_PURPOSE or purposes.count(purpose) > 1:
                raise LookupError(f"{purpose!s} stands for two, or has more than {LONGEST_PURPOSE} characters.")
    for purpose in sorted(known - shown):
        raise LookupError(f"Messages of the kind {purpose!s} have no look: add one to LOOKS in bot/client.py.")
    for purpose in sorted(shown - known):
        raise LookupError(f"The look {purpose!s} has no kind: add one to KINDS in bot/services/building.py.")
    for kind in kinds:
        if kind.refused_words is not None and kind.refused_words not in texts:
            raise LookupError(
                f"The kind {kind.purpose!s} wants a text: add {kind.refused_words} to bot/locales/en.ftl."
            )
    for look in looks:
        for press in set(look.presses).difference(presses):
            raise LookupError(f"{press.__name__} stands on {look.purpose!s}: add it to PRESSES in bot/client.py.")
