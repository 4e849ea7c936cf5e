"""Answers to one person: always ephemeral, never a traceback, and in time.

Discord wants to hear of an interaction within three seconds. Where the answer takes longer, it is promised meanwhile,
so all answers go through here: what comes after a promise is another request than what comes without.
"""

import asyncio
import logging
from typing import Any

import aiohttp
import discord
from discord import ui

from bot.chat.context import language_of
from bot.chat.mentions import with_commands
from bot.chat.notices import problem_said
from bot.chat.views import View
from bot.chat.waiting import joined, what_waits
from bot.errors import RefusedError
from bot.model.problem import Problem
from bot.texts import Parameter, text

log = logging.getLogger(__name__)

# Of three: an interaction is under way for a while before it is here, and so is the promise.
_PROMISED_AFTER_SECONDS = 2.0
# A form is no answer any more after a promise.
_FORM_AFTER_SECONDS = 2.5
_promising: set[asyncio.Task[None]] = set()


def answer_in_time(interaction: discord.Interaction, *, opens_form: bool = False) -> None:
    """See to it that Discord is promised an answer if there is none soon."""

    def promise_now() -> None:
        task = asyncio.create_task(_promise_if_needed(interaction), name="promise")
        _promising.add(task)
        task.add_done_callback(_promising.discard)

    seconds = _FORM_AFTER_SECONDS if opens_form else _PROMISED_AFTER_SECONDS
    asyncio.get_running_loop().call_later(seconds, promise_now)


async def promise_answer(interaction: discord.Interaction, *, anew: bool = False) -> None:
    """Tell Discord that the answer takes a while, unless it knows. A message that was pressed stays as it is.

    anew: the person sees that something is coming, which then cannot be a change of what was pressed.
    """
    async with _turn_to_answer(interaction):
        if not interaction.response.is_done():
            # What was pressed may have to show something else then, which takes this kind of promise.
            await interaction.response.defer(ephemeral=True, thinking=anew or interaction.message is None)


async def _promise_if_needed(interaction: discord.Interaction) -> None:
    try:
        await promise_answer(interaction)
    except (discord.HTTPException, aiohttp.ClientError, OSError) as failure:
        log.warning("answer could not be promised interaction_id=%s failure=%s", interaction.id, type(failure).__name__)


def _turn_to_answer(interaction: discord.Interaction) -> asyncio.Lock:
    """Of an answer and a promise, one comes first, and the other knows."""
    lock: asyncio.Lock = interaction.extras.setdefault("turn to answer", asyncio.Lock())
    return lock


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
    """Answer, or complete an answer that was promised, with a message that only this person sees."""
    waiting = await what_waits(interaction)
    if waiting is not None and joined(view, waiting):
        waiting = None
    for each in [view] if waiting is None else [view, waiting]:
        await _send(interaction, each)


async def reply_sentence(interaction: discord.Interaction, sentence: str) -> discord.WebhookMessage | None:
    """Answer with this sentence and nothing beside it; the message, where an answer was promised before."""
    return await _send(interaction, sentence_view(sentence))


async def _send(interaction: discord.Interaction, view: ui.LayoutView) -> discord.WebhookMessage | None:
    none = discord.AllowedMentions.none()
    with_commands(view, interaction.client)
    async with _turn_to_answer(interaction):
        if interaction.response.is_done():
            return await interaction.followup.send(view=view, ephemeral=True, allowed_mentions=none, wait=True)
        await interaction.response.send_message(view=view, ephemeral=True, allowed_mentions=none)
        return None


async def reply_plainly(interaction: discord.Interaction, sentence: str) -> None:
    """Answer with plain text, which is the least that Discord and the bot have to do."""
    none = discord.AllowedMentions.none()
    async with _turn_to_answer(interaction):
        if interaction.response.is_done():
            await interaction.followup.send(sentence, ephemeral=True, allowed_mentions=none)
        else:
            await interaction.response.send_message(sentence, ephemeral=True, allowed_mentions=none)


async def change_view(interaction: discord.Interaction, view: ui.LayoutView) -> None:
    """Let the message that was pressed show something else."""
    none = discord.AllowedMentions.none()
    with_commands(view, interaction.client)
    async with _turn_to_answer(interaction):
        if interaction.response.is_done():
            await interaction.edit_original_response(view=view, allowed_mentions=none)
        else:
            await interaction.response.edit_message(view=view, allowed_mentions=none)


async def open_form(interaction: discord.Interaction, form: ui.Modal) -> None:
    """Answer with a form. Raises RefusedError where an answer is promised already: a form is none then."""
    async with _turn_to_answer(interaction):
        if interaction.response.is_done():
            raise RefusedError("form-too-late")
        await interaction.response.send_modal(form)


def sentence_view(sentence: str) -> ui.LayoutView:
    """A message of one text."""
    view = View()
    view.add_item(ui.TextDisplay[Any](sentence))
    return view
