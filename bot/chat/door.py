"""The door of everything that people do: who comes in, and what is told to whoever acted when something went wrong."""

import logging
import secrets

import aiohttp
import discord

from bot.chat.outcomes import OPEN_A_FORM, name_of, tell_outcome
from bot.chat.pace import Kind, Pace
from bot.chat.replies import answer_in_time, reply_sentence, reply_view, say, say_problem, sentence_view
from bot.errors import DomainError, RefusedError, StoreError, TooMuchError
from bot.model.problem import Problem
from bot.store import Asker, hurry

log = logging.getLogger(__name__)

# The interaction is gone: nobody is left to be told.
_TOO_LATE = {10062, 40060}


def enter(interaction: discord.Interaction, pace: Pace) -> None:
    """Let an interaction come in, until `pace` is told that it leaves.

    Raises RefusedError for one from outside a server, and for one too many of the same member or in the same server.
    """
    name, kind = name_of(interaction), Kind.OTHER
    if interaction.type is discord.InteractionType.autocomplete:
        kind = Kind.TYPING
    else:
        answer_in_time(interaction, opens_form=name in OPEN_A_FORM)
        kind = Kind.VOTE if name == "vote" else Kind.OTHER
    if interaction.guild_id is None:
        hurry()
        raise RefusedError("only-in-servers")
    hurry(Asker(interaction.guild_id, interaction.user.id))
    pace.enter(interaction.id, kind, guild_id=interaction.guild_id, member_id=interaction.user.id)


def is_refusal(error: BaseException) -> bool:
    """Whether a rule refused, which is nothing for the operator."""
    return isinstance(getattr(error, "original", error), DomainError)


async def tell_error(interaction: discord.Interaction, error: BaseException) -> None:
    """Say what went wrong to the person who acted; log what the operator needs, under an id that both can name.

    Where the database went wrong, it may have stored what was done all the same: that is found out first.
    """
    error = getattr(error, "original", error)  # discord.py wraps what a command raises
    if isinstance(error, discord.NotFound | discord.HTTPException) and error.code in _TOO_LATE:
        log.warning("interaction gone before its answer interaction_id=%s code=%s", interaction.id, error.code)
        return
    try:
        if isinstance(error, DomainError):
            # Only which sentence was said: what stands in it may be what somebody typed.
            log.info("interaction refused interaction_id=%s sentence=%s", interaction.id, error.message_id)
            sentence = say_problem(interaction, Problem.of(error))
            if isinstance(error, TooMuchError):
                await reply_sentence(interaction, sentence)
            else:
                await reply_view(interaction, sentence_view(sentence))
            return
        incident = secrets.token_hex(4)
        log.error(
            "interaction failed incident=%s interaction_id=%s used=%s error=%s",
            incident,
            interaction.id,
            name_of(interaction),
            error if isinstance(error, StoreError) else type(error).__name__,
            # What the database complains of is said in its sentence; only mistakes of ours need a traceback.
            exc_info=None if isinstance(error, StoreError) else error,
        )
        if isinstance(error, StoreError):
            await tell_outcome(interaction, error, incident=incident)
        else:
            await reply_sentence(interaction, say(interaction, "error-unexpected", incident=incident))
    except (discord.HTTPException, aiohttp.ClientError, OSError) as failure:
        log.warning("error could not be told interaction_id=%s failure=%s", interaction.id, type(failure).__name__)
