"""Announcements without components: text and embed where they are handed on to followers, a line with a link in need.

Discord's staff said in 2022 that components do not reach the channels that follow.
"""

from typing import Any

import discord

from bot.chat.announcements import authors_of, picture_of, topics_of
from bot.chat.marks import marked_url, reference
from bot.chat.plain import fold, plain, shorten
from bot.ports import Announcement
from bot.texts import text

_LONGEST_TITLE = 250  # of 256 in an embed
_LONGEST_AUTHOR = 256


def announcement_embed(announcement: Announcement, *, language: str, delivery_key: str) -> dict[str, Any]:
    """Text and embed, as keywords for discord.py. Embeds never ping, so the mention is the text."""
    issue = announcement.issue
    embed = discord.Embed(
        title=shorten(fold(issue.title), _LONGEST_TITLE),
        url=marked_url(issue.url, delivery_key=delivery_key),
        description=topics_of(issue) or None,
        timestamp=issue.published_at,
    )
    if issue.authors:
        embed.set_author(name=shorten(authors_of(issue, language=language), _LONGEST_AUTHOR))
    embed.set_image(url=picture_of(issue))
    if issue.links:
        count = text("issue-link-count", language=language, count=len(issue.links)).replace("*", "")
        embed.set_footer(text=count)
    return {"content": _mention(announcement) or _without_link(embed, delivery_key), "embed": embed}


def plain_announcement(announcement: Announcement, *, delivery_key: str) -> str:
    """Title and link and nothing else: the form that there is no reason to refuse."""
    issue = announcement.issue
    link = marked_url(issue.url, delivery_key=delivery_key)
    lines = [
        _mention(announcement),
        f"**{plain(issue.title, longest=_LONGEST_TITLE)}**",
        link or reference(delivery_key),
    ]
    return "\n".join(filter(None, lines))


def _mention(announcement: Announcement) -> str:
    return f"<@&{announcement.ping_role_id}>" if announcement.ping_role_id else ""


def _without_link(embed: discord.Embed, delivery_key: str) -> str:
    return "" if embed.url else reference(delivery_key)
