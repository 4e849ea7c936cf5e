"""Commands that a text names, as something to click.

The catalogue writes a command as code, `/submit mine` between backquotes. Discord shows `</submit mine:ID>` as a
command to click, in the texts of messages only: labels, titles of forms, choices, files and the log keep the code.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any, Protocol, cast

import discord
from discord import app_commands, ui

from bot.chat.views import room_in

CommandIds = Mapping[str, int]
"""Discord's id of each slash command that can be used, by its full name; a subcommand has the id of its parent."""

_MOST_TEXT = 4000  # of a message with components
_NAMED = re.compile(r"`/([a-z]+(?: [a-z]+)?)`")


class _KnowsIds(Protocol):
    command_ids: CommandIds


def ids_of(tree: app_commands.CommandTree[Any], registered: Iterable[app_commands.AppCommand]) -> CommandIds:
    """The ids that Discord gave to the commands of `tree`; nobody can use a group by its bare name."""
    known = {command.name: command.id for command in registered if command.type is discord.AppCommandType.chat_input}
    return {
        command.qualified_name: known[top_level]
        for command in tree.walk_commands()
        if isinstance(command, app_commands.Command)
        if (top_level := command.qualified_name.partition(" ")[0]) in known
    }


def clickable(sentence: str, ids: CommandIds) -> str:
    """The sentence with its commands as mentions; one that has no id stays code."""

    def mention(found: re.Match[str]) -> str:
        return f"</{found[1]}:{ids[found[1]]}>" if found[1] in ids else found[0]

    return _NAMED.sub(mention, sentence)


def with_commands(view: ui.LayoutView, client: discord.Client) -> ui.LayoutView:
    """The same view; its commands are mentions, from the first on as long as the message has room for them."""
    ids = cast("_KnowsIds", client).command_ids
    room = _MOST_TEXT - room_in(view)
    for item in view.walk_children():
        if isinstance(item, ui.TextDisplay):
            said = clickable(item.content, ids)
            room -= len(said) - len(item.content)
            if room < 0:
                break
            item.content = said
    return view
