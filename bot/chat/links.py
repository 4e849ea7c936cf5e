"""All links of an issue, by section, page by page, for the one person who asks."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import discord
from discord import ButtonStyle, ui

from bot.chat.context import guild_id_of, language_of, services_of
from bot.chat.plain import host_of, masked_link, plain, room_of
from bot.chat.press import Press
from bot.chat.replies import change_view, reply_view
from bot.chat.views import View
from bot.model.issue import Issue
from bot.texts import text

# Discord allows 4,000 characters in all; the rest is for the title and the page's number.
_TEXT_ON_A_PAGE = 3300
_LONGEST_LINE = 1500
_LONGEST_LINK_TITLE = 160
_LONGEST_SECTION = 100
_LONGEST_HOST = 60
_ISSUE_KEY = r"[a-z2-7]{26}"


def link_pages(issue: Issue, *, language: str) -> list[str]:
    """The links as Markdown, cut into pages between lines; a section that goes on repeats its heading."""
    pages: list[str] = []
    lines: list[str] = []
    length = 0
    for section in issue.sections:
        if not section.links:
            continue
        heading = f"**{plain(section.title, longest=_LONGEST_SECTION)}**" if section.title else ""
        lines_of_section = [
            _line(link.title, link.url, sponsored=link.sponsored, language=language) for link in section.links
        ]
        for number, line in enumerate(lines_of_section):
            wanted = [heading, line] if heading and (number == 0 or not lines) else [line]
            if lines and length + sum(room_of(each) + 1 for each in wanted) > _TEXT_ON_A_PAGE:
                pages.append("\n".join(lines))
                lines, length = [], 0
                wanted = [heading, line] if heading else [line]
            lines += wanted
            length += sum(room_of(each) + 1 for each in wanted)
    if lines:
        pages.append("\n".join(lines))
    return pages


def links_view(issue: Issue, *, issue_key: str, page: int, language: str) -> ui.LayoutView:
    """One page of the links, with buttons to the pages before and after it."""
    pages = link_pages(issue, language=language)
    page = max(0, min(page, len(pages) - 1))
    view = View()
    title = masked_link(issue.title, issue.url or "", longest=_LONGEST_LINK_TITLE)
    count = text("issue-link-count", language=language, count=len(issue.links))
    view.add_item(ui.TextDisplay[Any](f"### {title}\n-# {count}"))
    view.add_item(ui.TextDisplay[Any](pages[page] if pages else text("links-none", language=language)))
    if len(pages) > 1:
        row: ui.ActionRow[Any] = ui.ActionRow()
        for label, target in (("button-previous", page - 1), ("button-next", page + 1)):
            row.add_item(
                LinksPage.button(
                    issue_key,
                    page=target % len(pages),
                    label=text(label, language=language),
                    disabled=not 0 <= target < len(pages),
                    step=label,
                )
            )
        view.add_item(ui.TextDisplay[Any](text("page-of", language=language, page=page + 1, pages=len(pages))))
        view.add_item(row)
    return view


def _line(title: str, url: str, *, sponsored: bool, language: str) -> str:
    # The host stands beside the title, so that no title can pretend to lead elsewhere.
    notes = [plain(host_of(url), longest=_LONGEST_HOST)]
    if sponsored:
        notes.append(text("link-sponsored", language=language))
    line = f"- {masked_link(title, url, longest=_LONGEST_LINK_TITLE)} · {' · '.join(filter(None, notes))}"
    if len(line) > _LONGEST_LINE:
        return f"- {plain(title, longest=_LONGEST_LINK_TITLE)} · {' · '.join(filter(None, notes))}"
    return line


@dataclass(frozen=True)
class AllLinks(Press, name="links", state=rf"(?P<issue_key>{_ISSUE_KEY})(?::[a-z2-7]{{25}})?"):
    """*All links* on a card: the first page, for the one who presses.

    On an announcement the custom id also carries the start of its delivery key, by which the message is found again.
    """

    issue_key: str

    @classmethod
    def button(cls, issue_key: str, *, delivery_key: str | None, language: str) -> ui.Button[Any]:
        custom_id = cls.custom_id(issue_key, *([delivery_key[:25]] if delivery_key else []))
        return ui.Button(label=text("button-all-links", language=language), custom_id=custom_id)

    async def press(self, interaction: discord.Interaction) -> None:
        stored = await services_of(interaction).issues.by_key(guild_id_of(interaction), self.issue_key)
        language = language_of(interaction)
        await reply_view(interaction, links_view(stored.issue, issue_key=self.issue_key, page=0, language=language))


@dataclass(frozen=True)
class LinksPage(Press, name="links-page", state=rf"(?P<issue_key>{_ISSUE_KEY}):(?P<page>\d{{1,3}}):[a-z-]+"):
    """*Previous* and *Next* on a page of links: the same message shows the other page."""

    issue_key: str
    page: int

    @classmethod
    def read(cls, state: Mapping[str, str | None]) -> Self:
        return cls(str(state["issue_key"]), page=int(state["page"] or 0))

    @classmethod
    def button(cls, issue_key: str, *, page: int, label: str, disabled: bool, step: str) -> ui.Button[Any]:
        custom_id = cls.custom_id(issue_key, page, step)
        return ui.Button(label=label, custom_id=custom_id, disabled=disabled, style=ButtonStyle.secondary)

    async def press(self, interaction: discord.Interaction) -> None:
        stored = await services_of(interaction).issues.by_key(guild_id_of(interaction), self.issue_key)
        view = links_view(stored.issue, issue_key=self.issue_key, page=self.page, language=language_of(interaction))
        await change_view(interaction, view)
