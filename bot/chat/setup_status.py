"""What `/setup` shows: a server as it is set up, and whether that works."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import discord
from discord import app_commands, ui
from discord.utils import format_dt

from bot.chat.integrations import commands_hidden_from
from bot.chat.plain import plain
from bot.chat.replies import say, say_problem
from bot.chat.views import View
from bot.model.delivery import DeliveryRecord
from bot.model.guild import ArchiveAccess, Guild, Source, readable, said_address
from bot.model.hub import Hub
from bot.services.guilds import SetupStatus

# The commands that each of the staff roles is given.
_FOR_MODERATORS = ("desk", "poll")
_FOR_EDITORS = ("queue",)
_MOST_STOPPED = 2
_MOST_FLOODS = 2
_MOST_SOURCES = 4  # each takes up to 600 characters of the 4,000 that a message holds
_LONGEST_TITLE = 100
_LONGEST_ADDRESS = 200


def status_view(interaction: discord.Interaction, status: SetupStatus, role_lines: Sequence[str]) -> ui.LayoutView:
    """All that is set up; `role_lines` say which commands the staff's roles see."""
    channels = {subscription.source_id: subscription.channel_id for subscription in status.subscriptions}
    settings = [
        ping_line(interaction, status.guild),
        say(interaction, "status-threads-on" if status.guild.discussion_threads else "status-threads-off"),
        say(interaction, "status-publish-on" if status.guild.publish else "status-publish-off"),
        *([] if status.guild.announce_repeats else [say(interaction, "status-repeats-off")]),
        staff_line(interaction, status.guild),
        review_line(interaction, status.guild),
        # That it is open to everybody needs no mention.
        *([] if status.guild.archive_access is ArchiveAccess.EVERYONE else [archive_line(interaction, status.guild)]),
        _share_line(interaction, status),
        *role_lines,
    ]
    view = View()
    view.add_item(ui.TextDisplay[Any](say(interaction, "status-heading")))
    for source in status.sources[:_MOST_SOURCES]:
        hub = status.hubs.get(source.source_id)
        lines = _source_lines(interaction, source, channels[source.source_id], hub)
        view.add_item(ui.TextDisplay[Any](lines))
    if len(status.sources) > _MOST_SOURCES:
        more = say(interaction, "status-more", count=len(status.sources) - _MOST_SOURCES)
        view.add_item(ui.TextDisplay[Any](more))
    if status.is_used_up:
        view.add_item(ui.TextDisplay[Any](say(interaction, "status-used-up")))
    for stopped in status.stopped[:_MOST_STOPPED]:
        problem = say_problem(interaction, stopped.problem)
        line = say(interaction, "status-stopped", channel=str(stopped.channel_id), problem=problem)
        view.add_item(ui.TextDisplay[Any](line))
    for threadless in status.threadless[:_MOST_STOPPED]:
        problem = say_problem(interaction, threadless.problem)
        since = format_dt(threadless.since_at, "R")
        channel = str(threadless.channel_id)
        line = say(interaction, "status-threadless", channel=channel, problem=problem, since=since)
        view.add_item(ui.TextDisplay[Any](line))
    for flood in status.floods[:_MOST_FLOODS]:
        name = plain(flood.source_name, longest=_LONGEST_TITLE)
        line = say(interaction, "status-flood", name=name, new=len(flood.issue_keys), listed=flood.listed)
        view.add_item(ui.TextDisplay[Any](line))
    if status.held is not None:
        until = format_dt(status.held.until, "R")
        line = say(interaction, "status-held", count=status.held.count, until=until)
        view.add_item(ui.TextDisplay[Any](line))
    for record in status.troubled:
        view.add_item(ui.TextDisplay[Any](_trouble_line(interaction, record)))
    if not status.sources:
        view.add_item(ui.TextDisplay[Any](say(interaction, "status-none")))
    view.add_item(ui.TextDisplay[Any]("\n".join(settings)))
    return view


def ping_line(interaction: discord.Interaction, guild: Guild) -> str:
    """Which role is mentioned."""
    if guild.ping_role_id is None:
        return say(interaction, "status-ping-off")
    return say(interaction, "status-ping-on", role=str(guild.ping_role_id))


def archive_line(interaction: discord.Interaction, guild: Guild) -> str:
    """Whom the archive is for."""
    if guild.archive_access is ArchiveAccess.ROLE:
        return say(interaction, "status-archive-role", role=str(guild.archive_role_id))
    is_off = guild.archive_access is ArchiveAccess.OFF
    return say(interaction, "status-archive-off" if is_off else "status-archive-everyone")


def staff_line(interaction: discord.Interaction, guild: Guild) -> str:
    """Where the staff is told."""
    if guild.staff_channel_id is not None:
        return say(interaction, "status-staff", channel=str(guild.staff_channel_id))
    updates = interaction.guild.public_updates_channel if interaction.guild else None
    if updates is not None:
        return say(interaction, "status-staff", channel=str(updates.id))
    return say(interaction, "status-staff-none")


def review_line(interaction: discord.Interaction, guild: Guild) -> str:
    """Where submissions are decided."""
    if guild.review_channel_id is None:
        return say(interaction, "status-review-none")
    return say(interaction, "status-review", channel=str(guild.review_channel_id))


def _share_line(interaction: discord.Interaction, status: SetupStatus) -> str:
    """How much of the archive is the server's, and how much that may be."""
    share, quotas = status.share, status.quotas
    return say(
        interaction,
        "status-share",
        issues=share.issues,
        most_issues=quotas.issues_of_a_server,
        links=share.links,
        most_links=quotas.links_of_a_server,
        issues_a_day=quotas.issues_a_day,
        links_a_day=quotas.links_a_day,
    )


def _source_lines(interaction: discord.Interaction, source: Source, channel_id: int, hub: Hub | None) -> str:
    lines = [
        say(
            interaction,
            "status-source",
            title=plain(source.name, longest=_LONGEST_TITLE),
            channel=str(channel_id),
        ),
        say(interaction, "status-address", address=plain(said_address(source.url), longest=_LONGEST_ADDRESS)),
    ]
    if source.rung_url:
        lines.append(
            say(interaction, "status-rung", address=plain(readable(source.rung_url), longest=_LONGEST_ADDRESS))
        )
    if source.last_problem and source.next_poll_at:
        problem = say_problem(interaction, source.last_problem)
        lines.append(say(interaction, "status-problem", problem=problem, when=format_dt(source.next_poll_at, "R")))
    elif source.last_read_at:
        lines.append("-# " + say(interaction, "status-read", when=format_dt(source.last_read_at, "R")))
    else:
        lines.append("-# " + say(interaction, "status-not-yet"))
    if hub is not None:
        host = plain(urlsplit(hub.url).netloc, longest=_LONGEST_TITLE)
        lines.append(say(interaction, "status-hub", hub=host))
    return "\n".join(lines)


def _trouble_line(interaction: discord.Interaction, record: DeliveryRecord) -> str:
    problem = say_problem(interaction, record.last_problem) if record.last_problem else ""
    if record.due_at is None:
        return say(interaction, "status-refused", channel=str(record.channel_id), problem=problem)
    when = format_dt(record.due_at, "R")
    return say(interaction, "status-troubled", channel=str(record.channel_id), problem=problem, when=when)


async def role_lines(interaction: discord.Interaction, guild: Guild, tree: app_commands.CommandTree[Any]) -> list[str]:
    """For each staff role, which commands its people do not see yet, and where that is changed."""
    lines = []
    for role_id, chosen, missing, names in (
        (guild.moderator_role_id, "status-moderators", "status-moderators-none", _FOR_MODERATORS),
        (guild.editor_role_id, "status-editors", "status-editors-none", _FOR_EDITORS),
    ):
        role = interaction.guild.get_role(role_id) if interaction.guild and role_id else None
        if role is None:
            lines.append(say(interaction, missing))
            continue
        lines.append(say(interaction, chosen, role=str(role.id)))
        try:
            hidden = await commands_hidden_from(tree, role, names)
        except (discord.HTTPException, aiohttp.ClientError, OSError):
            lines.append(say(interaction, "status-commands-unknown"))
            continue
        if hidden:
            commands = ", ".join(f"`/{name}`" for name in hidden)
            lines.append(say(interaction, "status-commands-hidden", role=str(role.id), commands=commands))
        else:
            commands = ", ".join(f"`/{name}`" for name in names)
            lines.append(say(interaction, "status-commands-seen", role=str(role.id), commands=commands))
    return lines
