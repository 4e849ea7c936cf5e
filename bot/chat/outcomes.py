"""What is told to whom the database left alone in the middle: what became of it, or where one can look."""

import asyncio
from typing import Any, Protocol, cast

import discord

from bot.chat.context import services_of
from bot.chat.mentions import with_commands
from bot.chat.replies import promise_answer, reply_sentence, say, sentence_view
from bot.errors import StoreError, StoreFullError, StoreReadOnlyError
from bot.texts import text

_CARD = "the card"
# With what one sees afterwards whether it was stored; None for what only shows something. By the name of a command, or
# the beginning of a custom id.
LOOKED_UP_WITH: dict[str, str | None] = {
    # commands
    "desk post": "/desk why",
    "desk preview": None,
    "desk repost": "/desk why",
    "desk why": None,
    "help": None,
    "issue latest": None,
    "issue show": None,
    "issue topics": None,
    "links latest": None,
    "links random": None,
    "links search": None,
    "poll close": "/results",
    "poll create": None,
    "privacy credit": None,
    "privacy export": None,
    "privacy forget": None,
    "queue export": None,
    "queue list": None,
    "results": None,
    "setup archive": "/setup status",
    "setup channel": "/setup status",
    "setup ping": "/setup status",
    "setup publish": "/setup status",
    "setup push": "/setup status",
    "setup remove": "/setup status",
    "setup repeats": "/setup status",
    "setup review": "/setup status",
    "setup roles": "/setup status",
    "setup source": "/setup status",
    "setup staff": "/setup status",
    "setup status": None,
    "setup threads": "/setup status",
    "submit link": "/submit mine",
    "submit mine": None,
    text("menu-submit"): "/submit mine",
    "vote": "/vote",
    # buttons, menus and forms
    "approve": _CARD,
    "archive": None,
    "ask-poll": "/results",
    "credit": "/privacy credit",
    "credit-name": "/privacy credit",
    "decline": None,
    "declined": _CARD,
    "flood": _CARD,
    "floods": None,
    "forget": "/privacy export",
    "links": None,
    "links-page": None,
    "move-newsletter": "/setup status",
    "new-key": None,
    "new-keyed": "/setup status",
    "pick-link": "/submit mine",
    "push-secret": None,
    "push-signed": "/setup status",
    "queue": None,
    "queue-item": None,
    "queue-mark": "/queue list",
    "source-key": None,
    "source-keyed": "/setup status",
    "withdraw": "/submit mine",
    "withdraw-one": "/submit mine",
}

OPEN_A_FORM = frozenset({"poll create", "credit", "decline", "new-key", "push-secret", "source-key"})
"""What may answer with a form."""

# How long somebody waits for an answer before one is told that it takes longer.
_SOON_SECONDS = 5.0
# An interaction can be answered for fifteen minutes.
_LONGEST_SECONDS = 14 * 60.0


class _Stops(Protocol):
    """A client that is told to stop: then nobody is kept waiting any more."""

    stopping: asyncio.Event


def name_of(interaction: discord.Interaction) -> str:
    """The command that was used, or what begins the custom id of what was pressed."""
    data: dict[str, Any] = dict(interaction.data or {})
    return getattr(interaction.command, "qualified_name", None) or str(data.get("custom_id", "")).partition(":")[0]


async def tell_outcome(interaction: discord.Interaction, error: StoreError, *, incident: str) -> None:
    """Say whether it was stored: asked of the database when it answers again, as long as an answer can be given."""
    look = LOOKED_UP_WITH.get(name_of(interaction))
    if look is None:
        await reply_sentence(interaction, say(interaction, "error-not-read", incident=incident))
        return
    where = say(interaction, "look-at-card") if look == _CARD else say(interaction, "look-with", command=look)
    asking = asyncio.create_task(
        services_of(interaction).interactions.has_acted(interaction.id, interaction.guild_id), name="outcome"
    )
    try:
        message = None
        if not await _is_done(asking, interaction, seconds=_SOON_SECONDS):
            await promise_answer(interaction)  # so that what is told now can be changed
            sentence = say(interaction, "error-outcome-open", look=where)
            message = await reply_sentence(interaction, sentence)
            await _is_done(asking, interaction, seconds=_LONGEST_SECONDS)
        if not asking.done():
            sentence = say(interaction, "error-perhaps-stored", look=where, incident=incident)
        elif asking.result():
            sentence = say(interaction, "error-stored", look=where)
        else:
            takes_none = isinstance(error, StoreFullError | StoreReadOnlyError)
            why = "error-takes-no-changes" if takes_none else "error-not-stored"
            sentence = say(interaction, why, incident=incident)
    finally:
        asking.cancel()
    if message is None:
        await reply_sentence(interaction, sentence)
    else:
        await message.edit(view=with_commands(sentence_view(sentence), interaction.client))


async def _is_done(asking: asyncio.Task[bool], interaction: discord.Interaction, *, seconds: float) -> bool:
    stopping = asyncio.create_task(cast(_Stops, interaction.client).stopping.wait())
    await asyncio.wait({asking, stopping}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    return asking.done()
