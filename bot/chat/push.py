"""The address for a platform's calls, and the form for the secret that these are signed with."""

from dataclasses import dataclass
from typing import Any

import discord
from discord import ButtonStyle, ui

from bot.chat.context import act_of, actor_of, guild_id_of, services_of
from bot.chat.press import Form, Press, written_in
from bot.chat.replies import open_form, reply_view, say
from bot.chat.views import View
from bot.services.reading.push import SHORTEST_SECRET, Hooked

_LONGEST_SECRET = 500
_SOURCE = r"(?P<source_id>[0-9]{1,17})"


def address_view(interaction: discord.Interaction, source_id: int, hooked: Hooked) -> ui.LayoutView:
    """The address to give to the platform, with a button that asks for the secret."""
    view = View()
    said = "setup-push-signed" if hooked.is_signed else "setup-push-open"
    view.add_item(ui.TextDisplay[Any](say(interaction, said, address=hooked.address)))
    button = ui.Button[Any](
        label=say(interaction, "button-push-secret"),
        custom_id=PushSecret.custom_id(str(source_id)),
        style=ButtonStyle.secondary,
    )
    view.add_item(ui.ActionRow[Any](button))
    return view


@dataclass(frozen=True)
class PushSecret(Press, name="push-secret", state=_SOURCE):
    """Asks for the secret: what is typed as an option stays in the list of commands that Discord offers again."""

    source_id: str

    async def press(self, interaction: discord.Interaction) -> None:
        await services_of(interaction).audiences.require_administrator(guild_id_of(interaction), actor_of(interaction))
        form = Form(title=say(interaction, "push-form-title"), custom_id=PushSigned.custom_id(self.source_id))
        field = ui.TextInput[Any](custom_id="secret", min_length=SHORTEST_SECRET, max_length=_LONGEST_SECRET)
        form.ask(say(interaction, "push-form-secret"), say(interaction, "push-form-secret-note"), field)
        await open_form(interaction, form)


@dataclass(frozen=True)
class PushSigned(Press, name="push-signed", state=_SOURCE):
    """The form with the secret, sent."""

    source_id: str

    async def press(self, interaction: discord.Interaction) -> None:
        source_id, secret = int(self.source_id), written_in(interaction).get("secret", "").strip()
        hooked = await services_of(interaction).push.open(act_of(interaction), source_id, secret=secret)
        await reply_view(interaction, address_view(interaction, source_id, hooked))
