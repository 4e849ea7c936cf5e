"""What an announcement looks like: one message, compact enough for one phone screen.

Components V2 allows 40 components and 4,000 characters of text a message; an announcement stays far below, and what
would not fit is left out, topics first, then the picture.
"""

from typing import Any

import discord
from discord import ui

from bot.chat.links import AllLinks
from bot.chat.marks import message_mark
from bot.chat.plain import button_url, fold, masked_link, media_url, plain, shorten
from bot.chat.polls import poll_text, vote_rows
from bot.chat.views import View, room_in
from bot.model.issue import Issue, IssueCard
from bot.ports import Announcement
from bot.texts import text

_LONGEST_TITLE = 250
_LONGEST_BYLINE_NAME = 60
_MOST_AUTHORS = 3
_MOST_CREDITS = 10
_MOST_TOPICS = 6
_LONGEST_TOPIC = 120
_MOST_LINKS_NAMED = 4
_LONGEST_SUBTITLE = 350
_LONGEST_ALT = 256
_MOST_TEXT = 4000


def announcement_view(announcement: Announcement, *, language: str, delivery_key: str | None = None) -> ui.LayoutView:
    """The message about an issue. It carries `delivery_key` in ids and button, so that it can be found again."""
    for with_topics in (True, False):
        view = _view(announcement, language=language, delivery_key=delivery_key, with_topics=with_topics)
        if room_in(view) <= _MOST_TEXT:
            return view
    return view


def allowed_mentions(announcement: Announcement) -> discord.AllowedMentions:
    """Nobody, except the one role that the server asked to be told. Components V2 text pings unless this says no."""
    role_id = announcement.ping_role_id
    return discord.AllowedMentions(
        everyone=False, users=False, replied_user=False, roles=[discord.Object(role_id)] if role_id else False
    )


def thread_name(issue: Issue) -> str:
    """Discord takes 1 to 100 characters."""
    return shorten(fold(issue.title), 100) or "…"


def _view(announcement: Announcement, *, language: str, delivery_key: str | None, with_topics: bool) -> ui.LayoutView:
    issue = announcement.issue
    view = View()
    if announcement.ping_role_id:
        view.add_item(ui.TextDisplay[Any](f"<@&{announcement.ping_role_id}>"))
    mark = message_mark(delivery_key) if delivery_key else (None, None)
    card: ui.Container[Any] = ui.Container(id=mark[0])
    card.add_item(ui.TextDisplay[Any](_head(issue, language=language), id=mark[1]))
    if issue.is_withdrawn:
        view.add_item(card)
        return view
    topics = topics_of(issue)
    if topics and with_topics:
        card.add_item(ui.TextDisplay[Any](topics))
    picture = picture_of(issue)
    if picture is not None:
        gallery: ui.MediaGallery[Any] = ui.MediaGallery()
        gallery.add_item(media=picture, description=_alt(issue))
        card.add_item(gallery)
    notes = [text("issue-link-count", language=language, count=len(issue.links))] if issue.links else []
    if issue.paywalled:
        notes.append(text("issue-paywalled", language=language))
    if announcement.told_in is not None:
        notes.append(told_in(announcement.told_in, language=language))
    if notes:
        card.add_item(ui.TextDisplay[Any](" · ".join(notes)))
    if announcement.credits:
        card.add_item(ui.TextDisplay[Any](credits_of(announcement, language=language)))
    row: ui.ActionRow[Any] = ui.ActionRow()
    read_online = button_url(issue.url)
    if read_online is not None:
        row.add_item(ui.Button(label=text("button-read-online", language=language), url=read_online))
    if issue.links:
        row.add_item(AllLinks.button(announcement.issue_key, delivery_key=delivery_key, language=language))
    if row.children:
        card.add_item(row)
    if announcement.poll is not None:
        card.add_item(ui.Separator[Any]())
        card.add_item(ui.TextDisplay[Any](poll_text(announcement.poll, language=language)))
        for answers in vote_rows(announcement.poll):
            card.add_item(answers)
    view.add_item(card)
    return view


def told_in(digest: IssueCard, *, language: str) -> str:
    """`Also told in The digest of today`."""
    title = masked_link(digest.title, digest.url or "", longest=_LONGEST_TOPIC)
    return text("issue-told-in", language=language, title=title)


def credits_of(announcement: Announcement, *, language: str) -> str:
    """`With links from Ada and Ben`: only those who gave leave."""
    names = [plain(name, longest=_LONGEST_BYLINE_NAME) for name in announcement.credits[:_MOST_CREDITS]]
    more = len(announcement.credits) - len(names)
    return text("issue-credits", language=language, names=", ".join(names), more=more)


def _head(issue: Issue, *, language: str) -> str:
    if issue.is_withdrawn:
        # Its address leads nowhere any more.
        withdrawn = text("issue-withdrawn", language=language)
        return f"## ~~{plain(issue.title, longest=_LONGEST_TITLE)}~~\n-# {withdrawn}"
    title = masked_link(issue.title, issue.url or "", longest=_LONGEST_TITLE)
    parts = [authors_of(issue, language=language)] if issue.authors else []
    if issue.published_at is not None:
        parts.append(discord.utils.format_dt(issue.published_at, "D"))
    return f"## {title}" + (f"\n-# {' · '.join(parts)}" if parts else "")


def authors_of(issue: Issue, *, language: str) -> str:
    """`by Ada Printer, Ben Setter`."""
    byline = [plain(name, longest=_LONGEST_BYLINE_NAME) for name in issue.authors[:_MOST_AUTHORS]]
    return text("issue-by", language=language, authors=", ".join(byline))


def picture_of(issue: Issue) -> str | None:
    """The address of its lead picture, if Discord takes it."""
    return media_url(issue.image_url)


def topics_of(issue: Issue) -> str:
    """The topics as a list, or else the subtitle, or else what the first links are about."""
    if issue.subtitle and not issue.topics:
        return plain(issue.subtitle, longest=_LONGEST_SUBTITLE)
    links = list(dict.fromkeys(link.title for link in issue.links if not link.sponsored))[:_MOST_LINKS_NAMED]
    return "\n".join(f"- {plain(topic, longest=_LONGEST_TOPIC)}" for topic in (issue.topics or links)[:_MOST_TOPICS])


def _alt(issue: Issue) -> str | None:
    """What the newsletter itself says of the picture, never an invention."""
    said = next((image.alt or image.caption for image in issue.images if image.url == issue.image_url), "")
    return shorten(" ".join(said.split()), _LONGEST_ALT) or None
