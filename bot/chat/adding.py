"""`/setup source`: a newsletter is added, and the key that its platform's API asks for is typed into a form.

What is typed as an option stays in the list of commands that Discord offers again; what is typed into a form does not.
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import discord
from discord import ButtonStyle, ui

from bot.chat.context import act_of, actor_of, guild_id_of, services_of, unless_stopping
from bot.chat.guilds import require_open
from bot.chat.plain import fold, plain, shorten
from bot.chat.press import Form, Press, chosen_in, written_in
from bot.chat.replies import open_form, promise_answer, reply_view, say, say_problem, sentence_view
from bot.chat.views import View
from bot.errors import DomainError, KeyNeededError, RefusedError
from bot.model.guild import FirstAnnouncement, Source
from bot.model.pasted import LONGEST
from bot.model.problem import Problem
from bot.services.reading.subscriptions import Outcome, Subscribed, split_credentials

_LONGEST_KEY = 500
_LONGEST_TITLE = 100
_MOST_OPTIONS = 25  # of a select
_UNAUTHORIZED = 401
_SOURCE = r"(?P<source_id>[0-9]{0,17})"
_PLACE = r"(?P<channel_id>[0-9]{1,19}):(?P<first>newest|none)"  # channel 0: that of the other newsletters
# An address is longer than a custom id may be, so it stands in the message above the button.
_BEFORE, _BEHIND = "-# <", ">"


async def add_source(
    interaction: discord.Interaction,
    address: str,
    *,
    channel_id: int | None,
    first: FirstAnnouncement,
    key: str | None = None,
) -> None:
    """Add a newsletter for an administrator; where a key is missing or wrong, offer the form for it."""
    # Reading an unknown site may take longer than the three seconds that an answer has.
    await promise_answer(interaction, anew=True)
    services, act = services_of(interaction), act_of(interaction)
    await services.audiences.require_administrator(act.guild_id, act.actor)
    await services.guilds.remember(act.guild_id, name=interaction.guild.name if interaction.guild else "")
    if channel_id is not None:
        require_open(interaction, channel_id)
    work = services.subscriptions.subscribe(act, url=address, channel_id=channel_id, first=first, key=key)
    try:
        added = await unless_stopping(interaction, work)
    except DomainError as error:
        if not _is_mended_by_key(error):
            raise
        address, _ = split_credentials(address)
        said = say_problem(interaction, Problem.of(error))
        await reply_view(interaction, _key_view(interaction, said, address, channel_id=channel_id, first=first))
        return
    said = _added(interaction, added, first)
    if key is None and _holds_secret(address):
        said = f"{said}\n{say(interaction, 'setup-source-typed')}"
    if added.api_url is None:
        await reply_view(interaction, sentence_view(said))
        return
    said = f"{said}\n{say(interaction, 'setup-source-ghost')}"
    view = _key_view(interaction, said, added.api_url, channel_id=added.channel_id, first=first)
    await reply_view(interaction, view)


def _is_mended_by_key(error: DomainError) -> bool:
    return isinstance(error, KeyNeededError) or error.params.get("status") == _UNAUTHORIZED


def _holds_secret(address: str) -> bool:
    with suppress(RefusedError):  # for files, which have no address
        return split_credentials(address)[1] is not None
    return False


def _added(interaction: discord.Interaction, added: Subscribed, first: FirstAnnouncement) -> str:
    """What became of an address that was given: a newsletter that is new here, moved, or known."""
    title, where = plain(added.title, longest=_LONGEST_TITLE), str(added.channel_id)
    if added.outcome is Outcome.ADDED:
        announces = first.value if added.issues else FirstAnnouncement.NONE.value
        said = say(interaction, "setup-source-added", title=title, count=added.issues, first=announces, channel=where)
    elif added.outcome is Outcome.MOVED:
        before = str(added.moved_from)
        said = say(interaction, "setup-source-moved", title=title, channel=where, before=before)
    else:
        said = say(interaction, "setup-source-known", title=title, channel=where)
    if added.has_new_key:
        said += " " + say(interaction, "setup-source-new-key")
    return said


def _key_view(
    interaction: discord.Interaction,
    said: str,
    address: str,
    *,
    channel_id: int | None,
    first: FirstAnnouncement,
) -> ui.LayoutView:
    """A sentence, and a button for the form with this address and its key."""
    view = View()
    view.add_item(ui.TextDisplay[Any](said))
    view.add_item(ui.TextDisplay[Any](f"{_BEFORE}{address}{_BEHIND}"))
    view.add_item(ui.ActionRow[Any](_key_button(interaction, EnterKey.custom_id(channel_id or 0, first.value))))
    return view


def _key_button(interaction: discord.Interaction, custom_id: str) -> ui.Button[Any]:
    return ui.Button(label=say(interaction, "button-key"), custom_id=custom_id, style=ButtonStyle.secondary)


def _address_in(message: discord.Message | None) -> str:
    """The address that `_key_view` put there. Raises RefusedError for any other message."""
    for component in message.components if message else ():
        content = getattr(component, "content", "")
        if content.startswith(f"{_BEFORE}http") and content.endswith(_BEHIND):
            return str(content.removeprefix(_BEFORE).removesuffix(_BEHIND))
    raise RefusedError("press-unknown")


def _key_field() -> ui.TextInput[Any]:
    return ui.TextInput(custom_id="key", max_length=_LONGEST_KEY)


@dataclass(frozen=True)
class EnterKey(Press, name="source-key", state=_PLACE):
    """Asks for the key of what is to be added; its address can still be changed."""

    channel_id: str
    first: str

    async def press(self, interaction: discord.Interaction) -> None:
        await services_of(interaction).audiences.require_administrator(guild_id_of(interaction), actor_of(interaction))
        address = _address_in(interaction.message)
        form = Form(
            title=say(interaction, "key-form-title"), custom_id=KeyEntered.custom_id(self.channel_id, self.first)
        )
        field = ui.TextInput[Any](custom_id="address", default=address, max_length=LONGEST)
        form.ask(say(interaction, "key-form-address"), say(interaction, "key-form-address-note"), field)
        form.ask(say(interaction, "key-form-key"), say(interaction, "key-form-key-note"), _key_field())
        await open_form(interaction, form)


@dataclass(frozen=True)
class KeyEntered(Press, name="source-keyed", state=_PLACE):
    """The form with the key, sent."""

    channel_id: str
    first: str

    async def press(self, interaction: discord.Interaction) -> None:
        written = written_in(interaction)
        with services_of(interaction).subscriptions.one_at_a_time(guild_id_of(interaction)):
            await add_source(
                interaction,
                written.get("address", ""),
                channel_id=int(self.channel_id) or None,
                first=FirstAnnouncement(self.first),
                key=written.get("key", ""),
            )


@dataclass(frozen=True)
class NewKey(Press, name="new-key", state=_SOURCE):
    """Asks for another key of a newsletter: that of the button, or the one that was chosen."""

    source_id: str

    @classmethod
    def choice(cls, interaction: discord.Interaction, sources: Sequence[Source]) -> ui.ActionRow[Any]:
        """Which newsletter's key is replaced; `sources` are read with one."""
        options = [
            discord.SelectOption(label=shorten(fold(source.name), _LONGEST_TITLE), value=str(source.source_id))
            for source in sources[:_MOST_OPTIONS]
        ]
        placeholder = say(interaction, "setup-key-choose")
        return ui.ActionRow(ui.Select[Any](custom_id=cls.custom_id(""), placeholder=placeholder, options=options))

    async def press(self, interaction: discord.Interaction) -> None:
        await services_of(interaction).audiences.require_administrator(guild_id_of(interaction), actor_of(interaction))
        source_id = next(iter(chosen_in(interaction)), self.source_id)
        form = Form(title=say(interaction, "key-form-title"), custom_id=NewKeyEntered.custom_id(source_id))
        form.ask(say(interaction, "key-form-key"), say(interaction, "key-form-key-note"), _key_field())
        await open_form(interaction, form)


@dataclass(frozen=True)
class NewKeyEntered(Press, name="new-keyed", state=_SOURCE):
    """The form with another key, sent."""

    source_id: str

    async def press(self, interaction: discord.Interaction) -> None:
        await promise_answer(interaction, anew=True)
        subscriptions, key = services_of(interaction).subscriptions, written_in(interaction).get("key", "")
        with subscriptions.one_at_a_time(guild_id_of(interaction)):
            work = subscriptions.change_key(act_of(interaction), int(self.source_id or 0), key=key)
            try:
                changed = await unless_stopping(interaction, work)
            except DomainError as error:
                if not _is_mended_by_key(error):
                    raise
                view = sentence_view(say_problem(interaction, Problem.of(error)))
                view.add_item(ui.ActionRow[Any](_key_button(interaction, NewKey.custom_id(self.source_id))))
                await reply_view(interaction, view)
                return
            await reply_view(interaction, sentence_view(_added(interaction, changed, FirstAnnouncement.NONE)))
