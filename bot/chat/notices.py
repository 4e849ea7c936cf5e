"""What the staff of a server is told, and what an announcement says that was replaced."""

import re
from typing import Any

import discord
from discord import ui

from bot.chat.kinds import Look
from bot.chat.marks import message_mark
from bot.chat.plain import plain, safe_url
from bot.chat.views import View
from bot.model.delivery import Delivery, Purpose
from bot.model.problem import Problem
from bot.ports import Notice

_LONGEST_PARAMETER = 200
# What we made ourselves: the address of a message, a moment in Discord's notation.
_OWN = re.compile(r"https://discord\.com/channels/\d+/\d+/\d+|<t:-?\d+:[a-zA-Z]>")


def notice_view(words: Problem, *, language: str, delivery_key: str) -> ui.LayoutView:
    """The notice, with the marks by which it is found again."""
    mark = message_mark(delivery_key)
    view = View()
    box: ui.Container[Any] = ui.Container(id=mark[0], accent_colour=discord.Colour.orange())
    box.add_item(ui.TextDisplay[Any](problem_said(words, language=language), id=mark[1]))
    view.add_item(box)
    return view


def _draw(matter: Notice, *, language: str, delivery_key: str) -> ui.LayoutView:
    return notice_view(matter.words, language=language, delivery_key=delivery_key)


NOTICE = Look(Purpose.NOTICE, _draw, names_commands=True)


def folded_view(delivery: Delivery, *, language: str) -> ui.LayoutView:
    """One line in the place of a card."""
    view = View()
    view.add_item(ui.TextDisplay[Any](words_said(delivery, language=language)))
    return view


def words_said(delivery: Delivery, *, language: str) -> str:
    """What the delivery has to say; its parameters are data, never markup."""
    assert delivery.words is not None  # noqa: S101 - edits are queued with their words
    return problem_said(delivery.words, language=language)


def _readable(name: str, value: str | int) -> str | int:
    if not isinstance(value, str) or _OWN.fullmatch(value):
        return value
    if name == "link":
        # Shown whole, so that it cannot pretend to lead elsewhere; in brackets, so that it shows no preview.
        target = safe_url(value)
        return f"<{target}>" if target is not None and len(target) <= _LONGEST_PARAMETER else ""
    return plain(value, longest=_LONGEST_PARAMETER)


def problem_said(problem: Problem, *, language: str) -> str:
    """A stored sentence in `language`; names and titles in it can neither format nor mention."""
    readable = {name: _readable(name, value) for name, value in problem.params.items()}
    if problem.because is not None:
        readable["reason"] = problem_said(problem.because, language=language)
    return Problem(problem.message_id, readable).said(language=language)
