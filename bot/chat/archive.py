"""Pages of the archive: links, each with the issues in which it ran."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import discord
from discord import ButtonStyle, ui
from discord.utils import format_dt

from bot.chat.context import actor_of, guild_id_of, language_of, services_of
from bot.chat.plain import host_of, masked_link, plain, room_of
from bot.chat.press import Press
from bot.chat.replies import change_view
from bot.chat.views import View
from bot.model.issue import ArchivedLink, IssueCard
from bot.services.archive import LONGEST_QUERY, ArchivePage
from bot.texts import text

_LONGEST_TITLE = 120
_LONGEST_ISSUE = 80
_LONGEST_HOST = 60
_LEAST_TEXT = 400  # with less left an entry would be cut in the middle
_MOST_TEXT = 3600  # of the 4,000 characters that a message holds


def archive_view(found: ArchivePage, *, language: str) -> ui.LayoutView:
    """One page of what was found, with buttons to the pages before and after it."""
    view = View()
    if found.query:
        heading = text("archive-found", language=language, query=plain(found.query, longest=LONGEST_QUERY))
    else:
        heading = text("archive-latest", language=language)
    view.add_item(ui.TextDisplay[Any](heading))
    left = _MOST_TEXT
    for link in found.links:
        if left < _LEAST_TEXT:
            break
        entry = entry_text(link, language=language, longest=left)
        left -= room_of(entry)
        view.add_item(ui.TextDisplay[Any](entry))
    if found.page or found.has_more:
        view.add_item(ui.ActionRow[Any](*_turns(found, language=language)))
    return view


def entry_text(link: ArchivedLink, *, language: str, longest: int = _MOST_TEXT) -> str:
    """A link, where it leads, and where it ran; with names only where its addresses would be too long."""
    found = link.link
    host = plain(host_of(found.url), longest=_LONGEST_HOST)
    notes = [host, text("link-sponsored", language=language) if found.sponsored else ""]
    issues = [_issue(card) for card in link.ran_in]
    more = link.times - len(issues)
    if more > 0:
        issues.append(text("archive-more-issues", language=language, count=more))
    first = " · ".join(filter(None, [masked_link(found.title, found.url, longest=_LONGEST_TITLE), *notes]))
    entry = f"{first}\n-# {text('archive-ran', language=language, issues=' · '.join(issues))}"
    if room_of(entry) <= min(longest, _MOST_TEXT // 2):
        return entry
    names = " · ".join(plain(card.title, longest=_LONGEST_ISSUE) for card in link.ran_in)
    bare = f"{plain(found.title, longest=_LONGEST_TITLE)} · {host}\n-# {names}"
    return bare[: max(longest * len(bare) // room_of(bare), 1)]


def _issue(card: IssueCard) -> str:
    title = masked_link(card.title, card.url or "", longest=_LONGEST_ISSUE)
    return title if card.published_at is None else f"{title} ({format_dt(card.published_at, 'd')})"


def _turns(found: ArchivePage, *, language: str) -> list[ui.Button[Any]]:
    steps = (("button-previous", found.page - 1, found.page > 0), ("button-next", found.page + 1, found.has_more))
    return [
        ui.Button(
            label=text(label, language=language),
            custom_id=ArchiveTurn.custom_id(max(page, 0), label.removeprefix("button-"), found.query),
            disabled=not is_there,
            style=ButtonStyle.secondary,
        )
        for label, page, is_there in steps
    ]


@dataclass(frozen=True)
class ArchiveTurn(Press, name="archive", state=r"(?P<page>\d{1,2}):(?:previous|next):(?P<query>(?s:.{0,70}))"):
    """*Previous* and *Next*: the same message shows the other page of the same question, as the archive is now."""

    page: int
    query: str

    @classmethod
    def read(cls, state: Mapping[str, str | None]) -> Self:
        return cls(int(state["page"] or 0), state["query"] or "")

    async def press(self, interaction: discord.Interaction) -> None:
        archive, guild_id, actor = services_of(interaction).archive, guild_id_of(interaction), actor_of(interaction)
        if self.query:
            found = await archive.search(guild_id, self.query, page=self.page, actor=actor)
        else:
            found = await archive.latest(guild_id, page=self.page, actor=actor)
        view = archive_view(found, language=language_of(interaction))
        await change_view(interaction, view)
