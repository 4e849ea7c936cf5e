"""Polls: the card with its buttons, the vote, the form to ask, and the result."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Self

import discord
from discord import ui
from discord.utils import format_dt

from bot.chat.context import act_of, actor_of, guild_id_of, is_seen, language_of, services_of
from bot.chat.kinds import Look
from bot.chat.marks import message_mark
from bot.chat.plain import fold, plain, shorten, told_apart
from bot.chat.press import Form, Press, written_in
from bot.chat.replies import reply_plainly, reply_view, say, say_problem, sentence_view
from bot.chat.views import View
from bot.errors import RefusedError
from bot.model.delivery import Purpose
from bot.model.poll import CastOutcome, Poll, PollOption
from bot.model.problem import Problem
from bot.ports import PollCard
from bot.services.members.polls import LONGEST_ISSUE_OPTION, LONGEST_OPTION, LONGEST_QUESTION
from bot.texts import text

_KEY = r"[a-z2-7]{26}"
_LONGEST_LABEL = 38  # what a phone shows of a button
_MOST_OF_OPTIONS = 1500  # of the 4,000 characters of a message, for all answers together
_BAR = 10
_BUTTONS_IN_A_ROW = 5
_LONGEST_OPTIONS_WRITTEN = 1000
_COUNTED = {
    CastOutcome.COUNTED: "vote-counted",
    CastOutcome.CHANGED: "vote-changed",
    CastOutcome.SAME: "vote-same",
}


def poll_card(poll: Poll, *, language: str, delivery_key: str | None = None) -> ui.LayoutView:
    """The poll as a message of its own: question, tally and a button for each answer; the result once it is closed."""
    mark = message_mark(delivery_key) if delivery_key else (None, None)
    view = View()
    card: ui.Container[Any] = ui.Container(id=mark[0])
    card.add_item(ui.TextDisplay[Any](poll_text(poll, language=language), id=mark[1]))
    for row in vote_rows(poll):
        card.add_item(row)
    view.add_item(card)
    return view


def _draw(matter: PollCard, *, language: str, delivery_key: str) -> ui.LayoutView:
    return poll_card(matter.poll, language=language, delivery_key=delivery_key)


def poll_text(poll: Poll, *, language: str, own: int | None = None) -> str:
    """Question, tally and until when it is open. `own` is the position that the reader voted for."""
    lines = [f"### {plain(poll.question, longest=LONGEST_QUESTION)}"]
    lines += [_option_line(option, poll, language=language, is_own=option.position == own) for option in poll.options]
    count = text("poll-votes", language=language, count=poll.votes)
    if poll.closed_at is not None:
        until = text("poll-closed-at", language=language, when=format_dt(poll.closed_at, "R"))
    else:
        until = text("poll-open-until", language=language, when=format_dt(poll.closes_at, "R"))
    return "\n".join([*lines, f"-# {count} · {until}"])


def vote_rows(poll: Poll) -> list[ui.ActionRow[Any]]:
    """A button for each answer; none once the poll is closed."""
    if poll.is_closed:
        return []
    buttons = vote_buttons(poll)
    return [
        ui.ActionRow(*buttons[start : start + _BUTTONS_IN_A_ROW]) for start in range(0, len(buttons), _BUTTONS_IN_A_ROW)
    ]


def vote_buttons(poll: Poll) -> list[ui.Button[Any]]:
    """A button for each answer, with its number where its name does not say all."""
    names = told_apart([option.label for option in poll.options], longest=_LONGEST_LABEL)
    return [Vote.button(poll, option, name) for option, name in zip(poll.options, names, strict=True)]


def question_text(poll: Poll) -> str:
    """The question alone; with its answers where their buttons do not hold them whole."""
    names = told_apart([option.label for option in poll.options], longest=_LONGEST_LABEL)
    lines = [f"**{plain(poll.question, longest=LONGEST_QUESTION)}**"]
    if names != [fold(option.label) for option in poll.options]:
        lines += [_numbered(option, poll) for option in poll.options]
    return "\n".join(lines)


def _numbered(option: PollOption, poll: Poll) -> str:
    longest = min(LONGEST_ISSUE_OPTION, _MOST_OF_OPTIONS // len(poll.options))
    return f"{option.position + 1}\\. {plain(option.label, longest=longest)}"


def _option_line(option: PollOption, poll: Poll, *, language: str, is_own: bool) -> str:
    share = option.tally / poll.votes if poll.votes else 0.0
    # Numbers before bars: a screen reader says the first and skips the second.
    bar = "▰" * round(share * _BAR) + "▱" * (_BAR - round(share * _BAR))
    yours = f" · {text('poll-yours', language=language)}" if is_own else ""
    return f"{_numbered(option, poll)}: **{option.tally}** ({share:.0%}) {bar}{yours}"


@dataclass(frozen=True)
class Vote(Press, name="vote", state=rf"(?P<poll_key>{_KEY}):(?P<position>\d{{1,2}})"):
    """An answer on a poll: counted, in place of an earlier one, before it is acknowledged."""

    poll_key: str
    position: int

    @classmethod
    def read(cls, state: Mapping[str, str | None]) -> Self:
        return cls(str(state["poll_key"]), int(state["position"] or 0))

    @classmethod
    def button(cls, poll: Poll, option: PollOption, name: str) -> ui.Button[Any]:
        return ui.Button(label=name, custom_id=cls.custom_id(poll.poll_key, option.position))

    async def press(self, interaction: discord.Interaction) -> None:
        await vote(interaction, self.poll_key, self.position)


async def vote(interaction: discord.Interaction, poll_key: str, position: int) -> None:
    """Count the vote and say so; the one way for buttons and for `/vote`."""
    counted = await services_of(interaction).polls.vote(
        act_of(interaction), poll_key, position, sees=partial(is_seen, interaction)
    )
    sentence = say(
        interaction,
        _COUNTED[counted.outcome],
        option=plain(counted.option.label, longest=LONGEST_ISSUE_OPTION),
        until=format_dt(counted.poll.closes_at, "R"),
    )
    # The busiest answer of all.
    await reply_plainly(interaction, sentence)


async def show_ballot(interaction: discord.Interaction, poll: Poll) -> None:
    """The poll for one person, with the answer that they gave marked."""
    own = await services_of(interaction).polls.ballot_of(poll.poll_key, interaction.user.id)
    view = View()
    view.add_item(ui.TextDisplay[Any](poll_text(poll, language=language_of(interaction), own=own)))
    for row in vote_rows(poll):
        view.add_item(row)
    await reply_view(interaction, view)


def require_place(interaction: discord.Interaction, channel_id: int) -> None:
    """Raise RefusedError unless a poll of this person may be asked there: a text channel in which both may write.

    Not in a thread: what is there is not found again by the bot's own means (`bot.chat.delivering`).
    """
    place = interaction.guild.get_channel(channel_id) if interaction.guild else None
    if isinstance(place, discord.TextChannel) and isinstance(interaction.user, discord.Member):
        granted = [place.permissions_for(who) for who in (place.guild.me, interaction.user)]
        if all(each.view_channel and each.send_messages for each in granted):
            return
    raise RefusedError("poll-not-there", channel=str(channel_id))


@dataclass(frozen=True)
class AskPoll(Press, name="ask-poll", state=r"(?P<channel_id>\d{1,19})"):
    """The form in which a moderator asks: what was written comes back when it is no poll."""

    channel_id: str

    @classmethod
    def form(cls, channel_id: int, *, language: str) -> Form:
        form = Form(title=text("poll-form-title", language=language), custom_id=cls.custom_id(channel_id))
        fields: tuple[tuple[str, str, ui.TextInput[Any]], ...] = (
            (
                "poll-form-question",
                "poll-form-question-note",
                ui.TextInput(custom_id="question", max_length=LONGEST_QUESTION),
            ),
            (
                "poll-form-options",
                "poll-form-options-note",
                ui.TextInput(
                    custom_id="options",
                    style=discord.TextStyle.paragraph,
                    max_length=_LONGEST_OPTIONS_WRITTEN,
                    placeholder=text("poll-form-options-example", language=language),
                ),
            ),
            (
                "poll-form-closes",
                "poll-form-closes-note",
                ui.TextInput(custom_id="closes", default=text("poll-form-closes-default"), max_length=40),
            ),
        )
        for label, note, field in fields:
            form.ask(text(label, language=language), text(note, language=language), field)
        return form

    async def press(self, interaction: discord.Interaction) -> None:
        written, services = written_in(interaction), services_of(interaction)
        await services.audiences.require_moderator(guild_id_of(interaction), actor_of(interaction))
        require_place(interaction, int(self.channel_id))
        try:
            poll = await services.polls.open(
                act_of(interaction),
                question=written.get("question", ""),
                options=written.get("options", ""),
                closes=written.get("closes", ""),
                channel_id=int(self.channel_id),
            )
        except RefusedError as error:
            # A refused form is gone; what somebody wrote must not be.
            answers = [plain(line, longest=LONGEST_OPTION) for line in written.get("options", "").splitlines()]
            kept = say(
                interaction,
                "poll-form-kept",
                question=plain(written.get("question", ""), longest=LONGEST_QUESTION),
                options=shorten("\n".join(answers), _LONGEST_OPTIONS_WRITTEN),
            )
            refusal = say_problem(interaction, Problem.of(error))
            await reply_view(interaction, sentence_view(f"{refusal}\n{kept}"))
            return
        when = format_dt(poll.closes_at, "F")
        await reply_view(
            interaction, sentence_view(say(interaction, "poll-opened", channel=self.channel_id, when=when))
        )


POLL = Look(Purpose.POLL, _draw, presses=(Vote,))
