"""Answers to one person: always ephemeral, never a traceback."""

import logging
import secrets
from typing import Any

import aiohttp
import discord
from discord import ui

from bot.chat.context import language_of
from bot.chat.notices import problem_said
from bot.chat.views import View
from bot.chat.waiting import joined, what_waits
from bot.errors import DomainError, StoreError
from bot.model.problem import Problem
from bot.texts import Parameter, text

log = logging.getLogger(__name__)

# The interaction is gone: nobody is left to be told.
_TOO_LATE = {10062, 40060}


def say(interaction: discord.Interaction, message_id: str, **parameters: Parameter) -> str:
    """A text of the catalogue in the language of the person who acts."""
    return text(message_id, language=language_of(interaction), **parameters)


def say_problem(interaction: discord.Interaction, problem: Problem) -> str:
    """What went wrong, in the language of the person who acts."""
    return problem_said(problem, language=language_of(interaction))


async def reply(interaction: discord.Interaction, message_id: str, **parameters: Parameter) -> None:
    """Answer with a sentence that only this person sees."""
    await reply_view(interaction, sentence_view(say(interaction, message_id, **parameters)))


async def reply_view(interaction: discord.Interaction, view: ui.LayoutView) -> None:
    """Answer, or complete an answer that was deferred, with a message that only this person sees."""
    waiting = await what_waits(interaction)
    if waiting is not None and joined(view, waiting):
        waiting = None
    for each in [view] if waiting is None else [view, waiting]:
        await _send(interaction, each)


async def _send(interaction: discord.Interaction, view: ui.LayoutView) -> None:
    none = discord.AllowedMentions.none()
    if interaction.response.is_done():
        await interaction.followup.send(view=view, ephemeral=True, allowed_mentions=none)
    else:
        await interaction.response.send_message(view=view, ephemeral=True, allowed_mentions=none)


def sentence_view(sentence: str) -> ui.LayoutView:
    """A message of one text."""
    view = View()
    view.add_item(ui.TextDisplay[Any](sentence))
    return view


def _what_was_used(interaction: discord.Interaction) -> str:
    data: dict[str, Any] = dict(interaction.data or {})
    return getattr(interaction.command, "qualified_name", None) or str(data.get("custom_id"))


def is_refusal(error: BaseException) -> bool:
    """Whether a rule refused, which is nothing for the operator."""
    return isinstance(getattr(error, "original", error), DomainError)


async def tell_error(interaction: discord.Interaction, error: BaseException) -> None:
    """Say what went wrong to the person who acted; log what the operator needs, under an id that both can name."""
    error = getattr(error, "original", error)  # discord.py wraps what a command raises
    if isinstance(error, discord.NotFound | discord.HTTPException) and error.code in _TOO_LATE:
        log.warning("interaction gone before its answer interaction_id=%s code=%s", interaction.id, error.code)
        return
    if isinstance(error, DomainError):
        # Only which sentence was said: what stands in it may be what somebody typed.
        log.info("interaction refused interaction_id=%s sentence=%s", interaction.id, error.message_id)
        sentence = say_problem(interaction, Problem.of(error))
    else:
        incident = secrets.token_hex(4)
        log.error(
            "interaction failed incident=%s interaction_id=%s command=%s error=%s",
            incident,
            interaction.id,
            _what_was_used(interaction),
            error if isinstance(error, StoreError) else type(error).__name__,
            # What the database complains of is said in its sentence; only mistakes of ours need a traceback.
            exc_info=None if isinstance(error, StoreError) else error,
        )
        text_id = "error-not-stored" if isinstance(error, StoreError) else "error-unexpected"
        sentence = say(interaction, text_id, incident=incident)
    try:
        await reply_view(interaction, sentence_view(sentence))
    except (discord.HTTPException, aiohttp.ClientError, OSError) as failure:
        log.warning("error could not be told interaction_id=%s failure=%s", interaction.id, type(failure).__name__)
