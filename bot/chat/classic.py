"""Announcements without components: text and embed where they are handed on to followers, a line with a link in need.

Discord's staff said in 2022 that components do not reach the channels that follow.
"""

from typing import Any

import discord

from bot.chat.announcements import authors_of, credits_of, picture_of, told_in, topics_of
from bot.chat.marks import marked_url, reference
from bot.chat.plain import fold, plain, shorten
from bot.chat.polls import poll_text, question_text, vote_buttons
from bot.chat.views import Buttons
from bot.ports import Announcement
from bot.texts import text

_LONGEST_TITLE = 250  # of 256 in an embed
_LONGEST_AUTHOR = 256


def announcement_embed(announcement: Announcement, *, language: str, delivery_key: str) -> dict[str, Any]:
    """Text and embed, as keywords for discord.py. Embeds never ping, so the mention is the text."""
    issue = announcement.issue
    if issue.is_withdrawn:
        withdrawn = discord.Embed(
            title=f"~~{shorten(fold(issue.title), _LONGEST_TITLE - 4)}~~",
            url=marked_url(issue.url, delivery_key=delivery_key),
            description=text("issue-withdrawn", language=language),
        )
        return {"content": _without_link(withdrawn, delivery_key), "embed": withdrawn}
    embed = discord.Embed(
        title=shorten(fold(issue.title), _LONGEST_TITLE),
        url=marked_url(issue.url, delivery_key=delivery_key),
        description=_description(announcement, language=language) or None,
        timestamp=issue.published_at,
    )
    if issue.authors:
        embed.set_author(name=shorten(authors_of(issue, language=language), _LONGEST_AUTHOR))
    embed.set_image(url=picture_of(issue))
    if issue.links:
        count = text("issue-link-count", language=language, count=len(issue.links)).replace("*", "")
        embed.set_footer(text=count)
    return {"content": _mention(announcement) or _without_link(embed, delivery_key), "embed": embed}


def _description(announcement: Announcement, *, language: str) -> str:
    parts = [topics_of(announcement.issue)]
    if announcement.credits:
        parts.append(credits_of(announcement, language=language))
    if announcement.told_in is not None:
        parts.append(told_in(announcement.told_in, language=language))
    poll = announcement.poll
    if poll is not None:
        # A published message takes about three edits an hour, so it shows no tally before the end.
        parts.append(poll_text(poll, language=language) if poll.is_closed else question_text(poll))
    return "\n\n".join(filter(None, parts))


def poll_buttons(announcement: Announcement) -> Buttons | None:
    """The answers of the issue's poll, for the members of this server: followers get no buttons."""
    poll = announcement.poll
    if poll is None or poll.is_closed or announcement.issue.is_withdrawn:
        return None
    buttons = Buttons()
    for button in vote_buttons(poll):
        buttons.add_item(button)
    return buttons


def plain_announcement(announcement: Announcement, *, delivery_key: str) -> str:
    """Title and link and nothing else: the form that there is no reason to refuse."""
    issue = announcement.issue
    title = f"**{plain(issue.title, longest=_LONGEST_TITLE)}**"
    link = marked_url(issue.url, delivery_key=delivery_key)
    lines = [
        _mention(announcement),
        f"~~{title}~~" if issue.is_withdrawn else title,
        link or reference(delivery_key),
    ]
    return "\n".join(filter(None, lines))


def _mention(announcement: Announcement) -> str:
    return f"<@&{announcement.ping_role_id}>" if announcement.ping_role_id else ""


def _without_link(embed: discord.Embed, delivery_key: str) -> str:
    return "" if embed.url else reference(delivery_key)
