"""The editor's queue: a list to page through, a choice, and what is meant to happen with it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import discord
from discord import ButtonStyle, ui
from discord.utils import format_dt

from bot.chat.context import act_of, actor_of, guild_id_of, language_of, services_of
from bot.chat.plain import plain, shorten
from bot.chat.press import Press, chosen_in
from bot.chat.replies import change_view
from bot.chat.submissions import LONGEST_URL_IN_A_LIST, fitting, name_of
from bot.chat.views import View
from bot.errors import NotFoundError
from bot.model.submission import Plan, QueueItem, Submission
from bot.services.members.queue import QueuePage
from bot.services.members.submissions import LONGEST_NOTE
from bot.texts import text

_PAGE = r"(?P<page>\d{1,4})"
_PLANS = {Plan.QUEUED: "queue-queued", Plan.PLANNED: "queue-planned", Plan.PASSED: "queue-passed"}
_MARKS = {Plan.PLANNED: "button-planned", Plan.PASSED: "button-passed", Plan.QUEUED: "button-requeue"}


def queue_view(found: QueuePage, *, language: str) -> ui.LayoutView:
    """A page of the queue; what is chosen in its list opens."""
    view = View()
    view.add_item(
        ui.TextDisplay[Any](
            text("queue-heading", language=language, count=found.waiting, passed=found.count - found.waiting)
        )
    )
    if not found.items:
        view.add_item(ui.TextDisplay[Any](text("queue-empty", language=language)))
        return view
    view.add_item(ui.TextDisplay[Any](fitting([_line(item, language=language) for item in found.items])))
    view.add_item(ui.ActionRow[Any](QueueChoice.select(found, language=language)))
    if found.pages > 1:
        view.add_item(ui.TextDisplay[Any](text("page-of", language=language, page=found.page + 1, pages=found.pages)))
        steps = (("button-previous", found.page - 1), ("button-next", found.page + 1))
        view.add_item(
            ui.ActionRow[Any](
                *(
                    ui.Button[Any](
                        label=text(label, language=language),
                        custom_id=QueueTurn.custom_id(max(page, 0), label),
                        disabled=not 0 <= page < found.pages,
                        style=ButtonStyle.secondary,
                    )
                    for label, page in steps
                )
            )
        )
    return view


def item_view(item: QueueItem, *, page: int, language: str) -> ui.LayoutView:
    """One item with all that is known, and the buttons that say what happens with it."""
    submission = item.submission
    lines = [f"### {name_of(submission)}", _plan(submission, language=language)]
    if submission.note:
        lines.append(f"> {plain(submission.note, longest=LONGEST_NOTE)}")
    lines.append(_credit(item, language=language))
    view = View()
    view.add_item(ui.TextDisplay[Any]("\n".join(lines)))
    buttons = [
        ui.Button[Any](
            label=text(label, language=language),
            custom_id=QueueMark.custom_id(submission.submission_key, plan, page),
            style=ButtonStyle.primary if plan is Plan.PLANNED else ButtonStyle.secondary,
        )
        for plan, label in _MARKS.items()
        if plan is not submission.plan
    ]
    back = ui.Button[Any](
        label=text("button-back", language=language),
        custom_id=QueueTurn.custom_id(page, "back"),
        style=ButtonStyle.secondary,
    )
    view.add_item(ui.ActionRow[Any](*buttons, back))
    return view


def _line(item: QueueItem, *, language: str) -> str:
    submission = item.submission
    when = format_dt(submission.decided_at or submission.sent_at, "R")
    parts = [
        name_of(submission, longest=70, longest_url=LONGEST_URL_IN_A_LIST),
        _plan(submission, language=language),
        when,
    ]
    return f"- {' · '.join(parts)}"


def _plan(submission: Submission, *, language: str) -> str:
    return text(_PLANS[submission.plan or Plan.QUEUED], language=language)


def _credit(item: QueueItem, *, language: str) -> str:
    if item.credit is None:
        return text("queue-anonymous", language=language)
    return text("queue-credit", language=language, name=plain(item.credit, longest=80))


@dataclass(frozen=True)
class QueueChoice(Press, name="queue-item", state=_PAGE):
    """The list of a page: what is chosen opens in the same message."""

    page: int

    @classmethod
    def read(cls, state: Mapping[str, str | None]) -> Self:
        return cls(int(state["page"] or 0))

    @classmethod
    def select(cls, found: QueuePage, *, language: str) -> ui.Select[Any]:
        options = [
            discord.SelectOption(
                label=shorten(item.submission.title or item.submission.link_key, 100),
                value=item.submission.submission_key,
            )
            for item in found.items
        ]
        return ui.Select(
            custom_id=cls.custom_id(found.page), placeholder=text("queue-choose", language=language), options=options
        )

    async def press(self, interaction: discord.Interaction) -> None:
        chosen = chosen_in(interaction)
        if not chosen:
            raise NotFoundError("queue-item-gone")
        item = await services_of(interaction).queue.item(
            guild_id_of(interaction), chosen[0], actor=actor_of(interaction)
        )
        await _show(interaction, item_view(item, page=self.page, language=language_of(interaction)))


@dataclass(frozen=True)
class QueueMark(
    Press, name="queue-mark", state=rf"(?P<submission_key>[a-z2-7]{{26}}):(?P<plan>queued|planned|passed):{_PAGE}"
):
    """*Planned*, *Passed* or back into the queue; then the list again."""

    submission_key: str
    plan: Plan
    page: int

    @classmethod
    def read(cls, state: Mapping[str, str | None]) -> Self:
        return cls(str(state["submission_key"]), Plan(str(state["plan"])), int(state["page"] or 0))

    async def press(self, interaction: discord.Interaction) -> None:
        item = await services_of(interaction).queue.mark(act_of(interaction), self.submission_key, self.plan)
        await _show(interaction, item_view(item, page=self.page, language=language_of(interaction)))


@dataclass(frozen=True)
class QueueTurn(Press, name="queue", state=rf"{_PAGE}:[a-z-]+"):
    """To another page, or back to the list."""

    page: int

    @classmethod
    def read(cls, state: Mapping[str, str | None]) -> Self:
        return cls(int(state["page"] or 0))

    async def press(self, interaction: discord.Interaction) -> None:
        found = await services_of(interaction).queue.page(
            guild_id_of(interaction), self.page, actor=actor_of(interaction)
        )
        await _show(interaction, queue_view(found, language=language_of(interaction)))


async def _show(interaction: discord.Interaction, view: ui.LayoutView) -> None:
    await change_view(interaction, view)
