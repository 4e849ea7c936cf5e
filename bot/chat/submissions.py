"""What members send in: the moderators' card, the answers to the member, and how they want to be named."""

from dataclasses import dataclass
from typing import Any

import discord
from discord import ButtonStyle, ui
from discord.utils import format_dt

from bot.chat.context import act_of, actor_of, guild_id_of, language_of, services_of
from bot.chat.kinds import Look
from bot.chat.marks import marks_in, message_mark
from bot.chat.plain import host_of, masked_link, plain, room_of, shorten
from bot.chat.press import Form, Press, chosen_in, written_in
from bot.chat.replies import change_view, open_form, reply, reply_view, say, sentence_view
from bot.chat.views import View
from bot.errors import RefusedError
from bot.model.delivery import Purpose
from bot.model.member import Credit
from bot.model.pasted import addresses_in
from bot.model.submission import Plan, Submission, SubmissionState
from bot.ports import ReviewCard
from bot.services.members.credits import LONGEST_NAME
from bot.services.members.submissions import LONGEST_NOTE, LONGEST_REASON, Decision, Mine, Receipt
from bot.texts import text

_KEY = r"(?P<submission_key>[a-z2-7]{26})"
_LONGEST_TITLE = 100
_LONGEST_LABEL = 38
LONGEST_URL_IN_A_LIST = 200  # of 4,000 characters for ten lines
_LONGEST_REASON_IN_A_LIST = 120
_MOST_LIST = 3300
_MOST_LINKS_ASKED = 25  # as many as a select holds
# With and without whoever decided: a moderator may be forgotten, too.
_DECIDED = {
    SubmissionState.APPROVED: ("review-approved", "review-approved-by-nobody"),
    SubmissionState.DECLINED: ("review-declined", "review-declined-by-nobody"),
}
_MINE = {
    SubmissionState.PENDING: "mine-pending",
    SubmissionState.APPROVED: "mine-approved",
    SubmissionState.DECLINED: "mine-declined",
    SubmissionState.WITHDRAWN: "mine-withdrawn",
}
_MINE_PLANNED = {Plan.PLANNED: "mine-planned", Plan.PASSED: "mine-passed"}


def name_of(submission: Submission, *, longest: int = _LONGEST_TITLE, longest_url: int = 1500) -> str:
    """A submission as a link, with its host beside a title that could pretend; a long address is no link in a list."""
    if not submission.url:
        return "…"  # its finder was forgotten before anybody decided
    if len(submission.url) > longest_url:
        return plain(submission.title or submission.link_key, longest=longest)
    link = masked_link(submission.title or submission.link_key, submission.url, longest=longest)
    return f"{link} · {plain(host_of(submission.url), longest=60)}" if submission.title else link


def fitting(lines: list[str]) -> str:
    """As many of these lines as a message holds beside what else it says."""
    kept: list[str] = []
    for line in lines:
        if sum(map(room_of, kept)) + len(kept) + room_of(line) > _MOST_LIST:
            return "\n".join([*kept, "- …"])
        kept.append(line)
    return "\n".join(kept)


def review_card(
    submission: Submission,
    *,
    language: str,
    wished_name: str | None = None,
    mark: tuple[int | None, int | None] = (None, None),
) -> ui.LayoutView:
    """The card for the moderators, one line once there is nothing to decide; `mark` is what it is found again by.

    `wished_name` is how the finder wants to be named in public, when no moderator has seen that yet.
    """
    view = View()
    card: ui.Container[Any] = ui.Container(id=mark[0])
    if submission.is_waiting:
        card.add_item(ui.TextDisplay[Any](_waiting_text(submission, wished_name, language=language), id=mark[1]))
        card.add_item(
            ui.ActionRow[Any](
                Approve.button(submission, language=language), Decline.button(submission, language=language)
            )
        )
    else:
        card.add_item(ui.TextDisplay[Any](decided_line(submission, language=language), id=mark[1]))
    view.add_item(card)
    return view


def _draw(matter: ReviewCard, *, language: str, delivery_key: str) -> ui.LayoutView:
    return review_card(
        matter.submission, language=language, wished_name=matter.wished_name, mark=message_mark(delivery_key)
    )


def _waiting_text(submission: Submission, wished_name: str | None, *, language: str) -> str:
    lines = [f"### {name_of(submission)}"]
    if submission.note:
        lines.append(f"> {plain(submission.note, longest=LONGEST_NOTE)}")
    who = {"finder": str(submission.finder_id or 0), "when": format_dt(submission.sent_at, "R")}
    if submission.brought_by_id is None:
        lines.append(text("review-sent", language=language, **who))
    else:
        lines.append(text("review-brought", language=language, bringer=str(submission.brought_by_id), **who))
    if wished_name is not None:
        lines.append(text("review-name", language=language, name=plain(wished_name, longest=LONGEST_NAME)))
    return "\n".join(lines)


def decided_line(submission: Submission, *, language: str) -> str:
    """What was decided, by whom and when, on one line; or that it ran before anybody did."""
    name, by = name_of(submission), submission.decided_by_id
    if submission.state is SubmissionState.PENDING:
        line = text("review-undecided", language=language, name=name)
    elif submission.decided_at is None or submission.state is SubmissionState.WITHDRAWN:
        line = text("review-withdrawn", language=language, name=name)
    else:
        when, (said, said_of_nobody) = format_dt(submission.decided_at, "R"), _DECIDED[submission.state]
        if by is None:
            line = text(said_of_nobody, language=language, name=name, when=when)
        else:
            line = text(said, language=language, name=name, moderator=str(by), when=when)
    if submission.reason:
        line += f" · {plain(submission.reason, longest=LONGEST_REASON)}"
    return " · ".join([line, *_ran(submission, language=language)])


def _ran(submission: Submission, *, language: str) -> list[str]:
    ran = submission.featured
    if ran is None:
        return []
    title = masked_link(ran.title, ran.url or "", longest=_LONGEST_TITLE)
    return [text("submission-ran", language=language, place=ran.place, title=title)]


@dataclass(frozen=True)
class Approve(Press, name="approve", state=_KEY):
    """One press, and it is in the editor's queue."""

    submission_key: str

    @classmethod
    def button(cls, submission: Submission, *, language: str) -> ui.Button[Any]:
        label, custom_id = text("button-approve", language=language), cls.custom_id(submission.submission_key)
        return ui.Button(label=label, custom_id=custom_id, style=ButtonStyle.success)

    async def press(self, interaction: discord.Interaction) -> None:
        decision = await services_of(interaction).submissions.approve(act_of(interaction), self.submission_key)
        await _show_decision(interaction, decision)


@dataclass(frozen=True)
class Decline(Press, name="decline", state=_KEY):
    """Asks for the reason."""

    submission_key: str

    @classmethod
    def button(cls, submission: Submission, *, language: str) -> ui.Button[Any]:
        label, custom_id = text("button-decline", language=language), cls.custom_id(submission.submission_key)
        return ui.Button(label=label, custom_id=custom_id, style=ButtonStyle.danger)

    async def press(self, interaction: discord.Interaction) -> None:
        services, guild_id = services_of(interaction), guild_id_of(interaction)
        await services.audiences.require_moderator(guild_id, actor_of(interaction))
        submission = await services.submissions.get(guild_id, self.submission_key)
        if not submission.is_waiting:
            await _show_decision(interaction, Decision(submission, is_ours=False))
            return
        form = Form(title=say(interaction, "decline-form-title"), custom_id=Declined.custom_id(self.submission_key))
        field = ui.TextInput[Any](
            custom_id="reason", required=False, max_length=LONGEST_REASON, style=discord.TextStyle.paragraph
        )
        form.ask(say(interaction, "decline-form-reason"), say(interaction, "decline-form-reason-note"), field)
        await open_form(interaction, form)


@dataclass(frozen=True)
class Declined(Press, name="declined", state=_KEY):
    """The form with the reason, sent."""

    submission_key: str

    async def press(self, interaction: discord.Interaction) -> None:
        decision = await services_of(interaction).submissions.decline(
            act_of(interaction), self.submission_key, written_in(interaction).get("reason", "")
        )
        await _show_decision(interaction, decision)


async def _show_decision(interaction: discord.Interaction, decision: Decision) -> None:
    """Fold the card in the answer to whoever decided; tell everybody else who did, and when, or that it ran."""
    if decision.is_ours:
        language = str(interaction.guild_locale or interaction.locale)
        view = review_card(decision.submission, language=language, mark=marks_in(interaction.message))
        await change_view(interaction, view)
    else:
        line = decided_line(decision.submission, language=language_of(interaction))
        has_run = decision.submission.state is SubmissionState.PENDING
        await reply(interaction, "review-ran-before" if has_run else "review-came-late", line=line)


# the member's side


async def show_receipt(interaction: discord.Interaction, receipt: Receipt) -> None:
    """Say that it was received, with *Undo*; ask once how to be named."""
    submission = receipt.submission
    view = View()
    view.add_item(ui.TextDisplay[Any](say(interaction, "submit-received", name=name_of(submission))))
    view.add_item(ui.ActionRow[Any](Withdraw.button(submission, language=language_of(interaction))))
    if receipt.asks_for_credit:
        view.add_item(ui.Separator[Any]())
        view.add_item(ui.TextDisplay[Any](say(interaction, "credit-question")))
        view.add_item(credit_row(interaction))
    await reply_view(interaction, view)


def which_link_view(interaction: discord.Interaction, addresses: list[str], finder_id: int | None) -> ui.LayoutView:
    """The links of a message as a numbered list, and a choice of the one that is meant."""
    lines = [f"{number}. <{address}>" for number, address in enumerate(addresses, 1)]
    while sum(map(room_of, lines)) > _MOST_LIST or len(lines) > _MOST_LINKS_ASKED:
        lines.pop()
    options = [
        discord.SelectOption(label=shorten(f"{place + 1}. {host_of(address)} · {address}", 100), value=str(place))
        for place, address in enumerate(addresses[: len(lines)])
    ]
    view = View()
    view.add_item(ui.TextDisplay[Any]("\n".join([say(interaction, "submit-which-link"), *lines])))
    choice = ui.Select[Any](
        custom_id=PickLink.custom_id(finder_id or 0),
        placeholder=say(interaction, "submit-which-link-choose"),
        options=options,
    )
    view.add_item(ui.ActionRow[Any](choice))
    return view


@dataclass(frozen=True)
class PickLink(Press, name="pick-link", state=r"(?P<finder_id>\d{1,20})"):
    """The choice among the links of a message; these stand in the text above it, where alone there is room for them."""

    finder_id: str

    async def press(self, interaction: discord.Interaction) -> None:
        shown = interaction.message.components[0] if interaction.message and interaction.message.components else None
        addresses = addresses_in(getattr(shown, "content", ""))
        chosen = [addresses[int(place)] for place in chosen_in(interaction) if place in map(str, range(len(addresses)))]
        if not chosen:
            raise RefusedError("press-unknown")
        receipt = await services_of(interaction).submissions.submit(
            act_of(interaction), chosen[0], finder_id=int(self.finder_id) or None
        )
        await show_receipt(interaction, receipt)


@dataclass(frozen=True)
class Withdraw(Press, name="withdraw", state=_KEY):
    """*Undo* on the answer to a submission."""

    submission_key: str

    @classmethod
    def button(cls, submission: Submission, *, language: str) -> ui.Button[Any]:
        label, custom_id = text("button-undo", language=language), cls.custom_id(submission.submission_key)
        return ui.Button(label=label, custom_id=custom_id, style=ButtonStyle.secondary)

    async def press(self, interaction: discord.Interaction) -> None:
        submission = await services_of(interaction).submissions.withdraw(act_of(interaction), self.submission_key)
        sentence = say(interaction, "submit-withdrawn", name=name_of(submission))
        await change_view(interaction, sentence_view(sentence))


def mine_view(interaction: discord.Interaction, mine: Mine) -> ui.LayoutView:
    """What became of the reader's submissions, with a choice of those that can be taken back."""
    view = View()
    view.add_item(ui.TextDisplay[Any](say(interaction, "mine-heading")))
    if not mine.submissions:
        view.add_item(ui.TextDisplay[Any](say(interaction, "mine-none")))
    else:
        lines = [_mine_line(interaction, submission) for submission in mine.submissions]
        view.add_item(ui.TextDisplay[Any](fitting(lines)))
    open_ones = [submission for submission in mine.submissions if submission.can_be_withdrawn]
    if open_ones:
        view.add_item(ui.ActionRow[Any](WithdrawOne.select(interaction, open_ones)))
    view.add_item(ui.TextDisplay[Any](credit_said(interaction, mine.credit)))
    return view


def _mine_line(interaction: discord.Interaction, submission: Submission) -> str:
    language = language_of(interaction)
    planned = _MINE_PLANNED.get(submission.plan) if submission.plan else None
    said = text(planned or _MINE[submission.state], language=language)
    if submission.reason:
        said += f": {plain(submission.reason, longest=_LONGEST_REASON_IN_A_LIST)}"
    # Where it ran, nobody asks what was meant to happen with it.
    parts = _ran(submission, language=language) or [said]
    if submission.brought_by_id is not None and submission.brought_by_id != interaction.user.id:
        parts.append(text("mine-brought", language=language))
    name = name_of(submission, longest=60, longest_url=LONGEST_URL_IN_A_LIST)
    return f"- {name} · {format_dt(submission.sent_at, 'R')} · {' · '.join(parts)}"


@dataclass(frozen=True)
class WithdrawOne(Press, name="withdraw-one", state=r"mine"):
    """The choice in `/submit mine`."""

    @classmethod
    def select(cls, interaction: discord.Interaction, submissions: list[Submission]) -> ui.Select[Any]:
        options = [
            discord.SelectOption(
                label=shorten(submission.title or submission.link_key, 100), value=submission.submission_key
            )
            for submission in submissions
        ]
        return ui.Select(
            custom_id=cls.custom_id("mine"), placeholder=say(interaction, "mine-withdraw"), options=options
        )

    async def press(self, interaction: discord.Interaction) -> None:
        service = services_of(interaction).submissions
        for submission_key in chosen_in(interaction)[:1]:
            await service.withdraw(act_of(interaction), submission_key)
        mine = await service.mine(guild_id_of(interaction), interaction.user.id)
        await change_view(interaction, mine_view(interaction, mine))


# how members want to be named


def credit_said(interaction: discord.Interaction, wish: Credit | None) -> str:
    """How the reader is named at present, and where that is changed."""
    if wish is None or wish.name is None:
        return say(interaction, "mine-anonymous")
    if not wish.is_reviewed:
        return say(interaction, "mine-named-soon", name=plain(wish.name, longest=LONGEST_NAME))
    return say(interaction, "mine-named", name=plain(wish.name, longest=LONGEST_NAME))


def credit_row(interaction: discord.Interaction) -> ui.ActionRow[Any]:
    """The name that is shown, another one, or none."""
    language = language_of(interaction)
    shown = shorten(interaction.user.display_name, _LONGEST_LABEL - 3)
    labels = {
        "shown": text("button-credit-shown", language=language, name=shown),
        "other": text("button-credit-other", language=language),
        "none": text("button-credit-none", language=language),
    }
    return ui.ActionRow(
        *(
            ui.Button[Any](label=label, custom_id=CreditChoice.custom_id(choice), style=ButtonStyle.secondary)
            for choice, label in labels.items()
        )
    )


@dataclass(frozen=True)
class CreditChoice(Press, name="credit", state=r"(?P<choice>shown|other|none)"):
    """The answer to how somebody wants to be named."""

    choice: str

    async def press(self, interaction: discord.Interaction) -> None:
        if self.choice == "other":
            form = Form(title=say(interaction, "credit-form-title"), custom_id=CreditName.custom_id("other"))
            field = ui.TextInput[Any](custom_id="name", max_length=LONGEST_NAME)
            form.ask(say(interaction, "credit-form-name"), say(interaction, "credit-form-name-note"), field)
            await open_form(interaction, form)
            return
        name = interaction.user.display_name if self.choice == "shown" else None
        await answer_credit(interaction, name)


@dataclass(frozen=True)
class CreditName(Press, name="credit-name", state=r"other"):
    """The form with another name, sent."""

    async def press(self, interaction: discord.Interaction) -> None:
        await answer_credit(interaction, written_in(interaction).get("name", ""), in_own_words=True)


async def answer_credit(interaction: discord.Interaction, name: str | None, *, in_own_words: bool = False) -> None:
    """Keep how the member wants to be named, and say so."""
    kept = await services_of(interaction).credits.answer(act_of(interaction), name, in_own_words=in_own_words)
    if kept.name is None:
        await reply(interaction, "credit-anonymous")
    else:
        said = "credit-named" if kept.is_reviewed else "credit-named-soon"
        await reply(interaction, said, name=plain(kept.name, longest=LONGEST_NAME))


REVIEW = Look(Purpose.REVIEW, _draw, presses=(Approve, Decline), for_staff=True)
