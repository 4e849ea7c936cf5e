"""The moderators' card: whatever a member, or the site behind the link, wrote is text and nothing else."""

from dataclasses import replace

import pytest

from bot.chat.as_text import view_as_text
from bot.chat.submissions import fitting, review_card
from bot.model.submission import Featured, Submission, SubmissionState
from tests.doubles import NOON

HOSTILE = "[x](https://evil.example) **@everyone** <@1> `/setup` # \u202e || discord.gg/abc"
SENT = Submission(
    submission_key="a" * 26,
    guild_id=1,
    finder_id=2,
    url="https://tools.example/x",
    link_key="tools.example/x",
    title=HOSTILE,
    note=HOSTILE,
    state=SubmissionState.PENDING,
    sent_at=NOON,
)


@pytest.mark.parametrize("state", list(SubmissionState))
def test_hostile_words_are_text_in_every_state_of_the_card(state: SubmissionState) -> None:
    submission = replace(SENT, state=state, decided_at=NOON, decided_by_id=3, reason=HOSTILE)
    said = view_as_text(review_card(submission, language="en", wished_name=HOSTILE))
    assert "](https://evil" not in said
    assert "@everyone" not in said
    assert "<@1>" not in said.replace("\\", "")
    assert "\u202e" not in said
    assert "discord.gg/abc" not in said
    assert "tools.example" in said


def test_a_decided_card_is_one_line() -> None:
    decided = replace(SENT, state=SubmissionState.APPROVED, decided_at=NOON, decided_by_id=3)
    assert len(view_as_text(review_card(decided, language="en")).splitlines()) == 1


@pytest.mark.parametrize("state", list(SubmissionState))
def test_a_card_of_a_link_that_ran_says_so_on_one_line_without_a_button(state: SubmissionState) -> None:
    ran = replace(SENT, state=state, featured=Featured("b" * 26, "Issue 9", "https://news.example/9", 3))
    if state in {SubmissionState.APPROVED, SubmissionState.DECLINED}:
        ran = replace(ran, decided_at=NOON, decided_by_id=3)
    view = review_card(ran, language="en")
    [line] = view_as_text(view).splitlines()
    assert "**in the issue** [Issue 9](<https://news.example/9>), link number 3" in line
    assert not any(item.is_dispatchable() for item in view.walk_children())
    assert ("needs no decision" in line) == (state is SubmissionState.PENDING)


def test_a_list_holds_what_a_message_holds() -> None:
    listed = fitting(["x" * 400] * 20)
    assert len(listed) < 3400
    assert listed.endswith("- …")
    assert fitting(["one", "two"]) == "one\ntwo"
