"""`/setup`: what a server's newsletters are announced in, and the choice of those that move."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import discord
from discord import ui

from bot.chat.context import act_of, services_of
from bot.chat.plain import fold, plain, shorten
from bot.chat.press import Press, chosen_in
from bot.chat.replies import reply_view, say, sentence_view
from bot.chat.views import View
from bot.errors import RefusedError
from bot.model.guild import Source, Subscription

# What an announcement with its thread needs; history is what finds a message again after a crash.
TO_ANNOUNCE = discord.Permissions(
    view_channel=True, send_messages=True, create_public_threads=True, read_message_history=True
)
TO_TELL = discord.Permissions(view_channel=True, send_messages=True, read_message_history=True)
_ALL = "all"
_MOST_OPTIONS = 25  # of a select
_MOST_NAMED = 15
_LONGEST_TITLE = 100


def require_open(
    interaction: discord.Interaction, channel_id: int, *, needed: discord.Permissions = TO_ANNOUNCE
) -> None:
    """Raise RefusedError unless the bot has these permissions in that channel of the server."""
    channel = interaction.guild.get_channel(channel_id) if interaction.guild else None
    granted = channel.permissions_for(channel.guild.me) if channel else discord.Permissions.none()
    missing = [name for name, is_needed in needed if is_needed and not getattr(granted, name)]
    if missing:
        names = ", ".join(name.replace("_", " ").title() for name in missing)
        raise RefusedError("setup-permissions-missing", channel=str(channel_id), permissions=names)


def places_view(
    interaction: discord.Interaction, sources: Sequence[Source], subscriptions: Sequence[Subscription], *, hint: str
) -> ui.LayoutView:
    """Where each newsletter is announced, and how that is changed."""
    if not sources:
        return sentence_view(say(interaction, "status-none"))
    channels = {each.source_id: each.channel_id for each in subscriptions}
    lines = [
        "- " + say(interaction, "status-source", title=_title(source), channel=str(channels[source.source_id]))
        for source in sources[:_MOST_NAMED]
    ]
    if len(sources) > _MOST_NAMED:
        lines.append(say(interaction, "status-more", count=len(sources) - _MOST_NAMED))
    return sentence_view("\n".join([*lines, "-# " + say(interaction, hint)]))


def moved_view(interaction: discord.Interaction, moved: Sequence[Source], channel_id: int) -> ui.LayoutView:
    """Which newsletters were moved."""
    titles = ", ".join(f"**{_title(source)}**" for source in moved[:_MOST_NAMED])
    if len(moved) > _MOST_NAMED:
        titles += " …"
    return sentence_view(say(interaction, "setup-channel-moved", titles=titles, channel=str(channel_id)))


def _title(source: Source) -> str:
    return plain(source.name, longest=_LONGEST_TITLE)


@dataclass(frozen=True)
class MoveNewsletter(Press, name="move-newsletter", state=r"(?P<channel_id>\d{1,19})"):
    """The choice of what is announced in another channel: one newsletter, or all of them."""

    channel_id: str

    @classmethod
    def view(cls, interaction: discord.Interaction, channel_id: int, sources: Sequence[Source]) -> ui.LayoutView:
        """The question; `sources` are those that are announced elsewhere."""
        view = View()
        view.add_item(ui.TextDisplay[Any](say(interaction, "setup-channel-which", channel=str(channel_id))))
        options = [
            discord.SelectOption(label=shorten(fold(source.name), _LONGEST_TITLE), value=str(source.source_id))
            for source in sources[: _MOST_OPTIONS - 1]
        ]
        options.append(discord.SelectOption(label=say(interaction, "setup-channel-all"), value=_ALL))
        choice = ui.Select[Any](
            custom_id=cls.custom_id(channel_id),
            placeholder=say(interaction, "setup-channel-choose"),
            options=options,
            max_values=len(options),
        )
        view.add_item(ui.ActionRow[Any](choice))
        return view

    async def press(self, interaction: discord.Interaction) -> None:
        services, act, channel_id = services_of(interaction), act_of(interaction), int(self.channel_id)
        chosen = chosen_in(interaction)
        await services.audiences.require_administrator(act.guild_id, act.actor)
        require_open(interaction, channel_id)
        sources = (await services.guilds.status(act.guild_id)).sources
        moved = await services.guilds.move_announcements(
            act,
            channel_id,
            source_ids=[each.source_id for each in sources if _ALL in chosen or str(each.source_id) in chosen],
        )
        await reply_view(interaction, moved_view(interaction, moved, channel_id))
