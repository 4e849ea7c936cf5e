"""Commands in texts: what Discord lets people click, and what stays as it is written."""

from types import SimpleNamespace
from typing import Any, cast

import discord
from discord import ui

from bot.chat.mentions import clickable, with_commands
from bot.chat.views import View

SUBMIT, VOTE = 1576964484226875402, 1576964484226875403
IDS = {"submit mine": SUBMIT, "submit link": SUBMIT, "vote": VOTE}


def view_of(*texts: str) -> ui.LayoutView:
    view = View()
    for text in texts:
        view.add_item(ui.Container[Any](ui.TextDisplay[Any](text)))
    return view


def texts_of(view: ui.LayoutView) -> list[str]:
    client = cast(discord.Client, SimpleNamespace(command_ids=IDS))
    return [item.content for item in with_commands(view, client).walk_children() if isinstance(item, ui.TextDisplay)]


def test_a_command_in_a_sentence_can_be_clicked() -> None:
    assert clickable("Use `/submit mine` or `/vote`.", IDS) == f"Use </submit mine:{SUBMIT}> or </vote:{VOTE}>."
    assert texts_of(view_of("See `/vote`.", "`/submit link` sends one.")) == [
        f"See </vote:{VOTE}>.",
        f"</submit link:{SUBMIT}> sends one.",
    ]


def test_a_command_without_an_id_stays_code() -> None:
    for sentence in ("`/submit`", "`/setup status`", "`/submit mine now`", "/vote", "`vote`", "`/vote \\`"):
        assert clickable(sentence, IDS) == sentence
    assert clickable("Use `/vote`.", {}) == "Use `/vote`."


def test_a_message_without_room_keeps_its_last_commands_as_code() -> None:
    long = "x" * 3945
    assert texts_of(view_of("`/vote`", long, "`/submit mine` `/vote`")) == [
        f"</vote:{VOTE}>",
        long,
        "`/submit mine` `/vote`",
    ]
