"""The judge itself: a history that keeps everything, and for each invariant one that breaks it and nothing else."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.chat.marks import message_mark
from sandbox.api import Seen
from tests.history.invariants import INVARIANTS, judge
from tests.history.recording import History, Pressed, State, Told

NOON = datetime(2026, 11, 9, 12, 0, tzinfo=UTC)
SERVER, NEWS, REVIEW, GENERAL = 1, 10, 11, 12
MIA, NILS, MARA, EDDA = 100, 101, 102, 103
ISSUES, SUBMISSION, POLL = ("i" * 26, "j" * 26), "s" * 26, "p" * 26


def delivery(number: int, purpose: str, subject: str, channel_id: int, **more: Any) -> dict[str, Any]:
    row = {
        "id": number,
        "delivery_key": f"{number}".replace("0", "a") * 2 + "b" * 62,
        "purpose": purpose,
        "guild_id": SERVER,
        "channel_id": channel_id,
        "subject_key": subject,
        "generation": 0,
        "state": "done",
        "last_problem": None,
        "sent_at": NOON + timedelta(days=number),
    }
    return row | more


def message(number: int, row: dict[str, Any], text: str, **more: Any) -> Told:
    ids = frozenset(message_mark(row["delivery_key"]))
    told = Told(number, SERVER, row["channel_id"], float(number), states=[State(float(number), text, ids)])
    for name, value in more.items():
        setattr(told, name, value)
    return told


def whole() -> History:
    """Two issues, of which the first was posted again, a link, and a poll."""
    first = delivery(1, "announce", ISSUES[0], NEWS)
    second = delivery(2, "announce", ISSUES[1], NEWS)
    again = delivery(3, "announce", ISSUES[0], NEWS, generation=1)
    card = delivery(4, "review", SUBMISSION, REVIEW)
    asked = delivery(5, "poll", POLL, GENERAL)
    messages = [
        message(1001, first, "## Issue 1", has_thread=True, roles_pinged=(7,)),
        message(1002, second, "## Issue 2\n-# With links from Mia, Nils", has_thread=True, roles_pinged=(7,)),
        message(1003, again, "## Issue 1", has_thread=True),
        message(1004, card, f"-# ✓ a link · approved by <@{MARA}>"),
        message(1005, asked, "### Q?\n1\\. A: **1** (100%) ▰\n2\\. B: **0** (0%) ▱"),
    ]
    messages[0].states.append(State(1003.5, "-# **Issue 1** was posted again: here"))
    presses = [
        Pressed(1, SERVER, MIA, "/submit link", "Received: a link."),
        Pressed(2, SERVER, MIA, "credit:shown", "The newsletter names you as **Mia** when it uses your link. Ever."),
        Pressed(3, SERVER, MARA, f"approve:{SUBMISSION}", f"-# ✓ a link · approved by <@{MARA}>", is_private=False),
        Pressed(4, SERVER, EDDA, f"approve:{SUBMISSION}", f"Somebody was faster: approved by <@{MARA}>"),
        Pressed(5, SERVER, EDDA, "/desk repost", "I am posting it in <#10>."),
        Pressed(6, SERVER, MARA, "ask-poll:12", "I am posting your poll in <#12>."),
        Pressed(7, SERVER, MIA, f"vote:{POLL}:0", "Your vote for **A** counts."),
        Pressed(8, SERVER, NILS, f"vote:{POLL}:1", None),
    ]
    submission = {"submission_key": SUBMISSION, "finder_id": MIA, "brought_by_id": None, "state": "approved"}
    history = History(
        {told.message_id: told for told in messages},
        presses,
        [Seen("POST", "/channels/10/messages/1001/crosspost", 200, None, 1.0)],
        published=("Issue 1", "Issue 2"),
        is_settled=True,
    )
    history.database = {
        "guilds": [{"guild_id": SERVER, "discussion_threads": True}],
        "outbox": [first, second, again, card, asked],
        "submissions": [submission | {"note": "a secret why", "reason": "a secret reason"}],
        "member_credits": [{"name": "Nils", "is_reviewed": True}, {"name": "Mia", "is_reviewed": False}],
        "polls": [{"id": 1, "poll_key": POLL, "issue_key": None}],
        "poll_options": [
            {"poll_id": 1, "position": 0, "label": "A", "tally": 1},
            {"poll_id": 1, "position": 1, "label": "B", "tally": 0},
        ],
        "ballots": [{"poll_id": 1, "member_id": MIA, "position": 0}],
    }
    return history


def _twice(history: History) -> None:
    again = delivery(1, "announce", ISSUES[0], NEWS)
    history.messages[1006] = message(1006, again, "-# **Issue 1** was posted again: here", has_thread=True)


def _unasked(history: History) -> None:
    history.messages[1006] = Told(1006, SERVER, GENERAL, 1.0, states=[State(1.0, "Hello, everybody")])


def _marked_before_sent(history: History) -> None:
    del history.messages[1004]


def _never_announced(history: History) -> None:
    history.published += ("Issue 3",)


def _out_of_order(history: History) -> None:
    first, second = history.messages.pop(1001), history.messages.pop(1002)
    first.message_id, second.message_id = 1002, 1001
    history.messages |= {1001: second, 1002: first}


def _without_thread(history: History) -> None:
    history.messages[1002].has_thread = False


def _published_twice(history: History) -> None:
    history.requests *= 2


def _not_folded(history: History) -> None:
    del history.messages[1001].states[1:]


def _two_pings(history: History) -> None:
    history.messages[1003].roles_pinged = (7,)
    history.database["outbox"][2]["sent_at"] = NOON + timedelta(days=2, hours=3)  # type: ignore[index]


def _not_reposted(history: History) -> None:
    history.presses.append(Pressed(9, SERVER, EDDA, "/desk repost", "I am posting it in <#10>."))


def _link_lost(history: History) -> None:
    history.presses.append(Pressed(9, SERVER, NILS, "/submit link", "Received: another link."))


def _decided_twice(history: History) -> None:
    told = f"-# ✗ a link · declined by <@{EDDA}>"
    history.presses.append(Pressed(9, SERVER, EDDA, f"declined:{SUBMISSION}", told, is_private=False))


def _vote_lost(history: History) -> None:
    history.presses.append(Pressed(9, SERVER, NILS, f"vote:{POLL}:1", "Your vote for **B** counts."))


def _stale_card(history: History) -> None:
    history.messages[1005].states[-1] = State(9.0, "### Q?\n1\\. A: **0** (0%)\n2\\. B: **0** (0%)")
    history.messages[1005].states.insert(0, State(1.0, "", frozenset(message_mark(_key_of(history, 4)))))


def _key_of(history: History, place: int) -> str:
    return str(history.database["outbox"][place]["delivery_key"])


def _named_without_leave(history: History) -> None:
    history.presses.pop(1)


def _told_to_all(history: History) -> None:
    history.messages[1002].states.append(State(9.0, "a secret reason"))


def _in_another_server(history: History) -> None:
    history.messages[1005].guild_id = 2


def _direct_message(history: History) -> None:
    history.messages[1006] = Told(1006, None, 99, 1.0, states=[State(1.0, "Your link runs")])


def _said_aloud(history: History) -> None:
    history.presses[6].is_private = False


def _too_early(history: History) -> None:
    history.refused_by_limits = 1


BREAKS: dict[str, Callable[[History], None]] = {
    "stands_once": _twice,
    "nothing_is_posted_unasked": _unasked,
    "what_is_done_stands": _marked_before_sent,
    "what_was_published_is_announced": _never_announced,
    "a_lane_keeps_its_order": _out_of_order,
    "an_announcement_has_its_thread": _without_thread,
    "published_once": _published_twice,
    "an_issue_stands_unfolded_once": _not_folded,
    "one_ping_a_day": _two_pings,
    "what_was_promised_is_kept": _not_reposted,
    "what_was_received_is_kept": _link_lost,
    "one_decision_a_submission": _decided_twice,
    "each_acknowledged_vote_counts_once": _vote_lost,
    "a_card_shows_what_is_true": _stale_card,
    "a_name_stands_with_leave": _named_without_leave,
    "what_is_private_stays_so": _told_to_all,
    "servers_see_nothing_of_each_other": _in_another_server,
    "nobody_is_written_to_unasked": _direct_message,
    "personal_answers_are_private": _said_aloud,
    "limits_are_kept": _too_early,
}


def test_a_history_that_keeps_everything_is_not_blamed() -> None:
    assert judge(whole()) == []


@pytest.mark.parametrize("name", BREAKS)
def test_the_judge_names_what_is_broken_and_nothing_else(name: str) -> None:
    history = whole()
    BREAKS[name](history)
    assert {violation.name for violation in judge(history)} == {name}


def test_each_invariant_has_a_history_that_breaks_it() -> None:
    assert [check.__name__ for check in INVARIANTS] == list(BREAKS)


def test_what_follows_a_clock_that_was_put_back_or_a_story_that_is_not_over_is_no_blame() -> None:
    for name, excuse in (
        ("one_ping_a_day", {"was_put_back": True}),
        ("what_was_published_is_announced", {"is_settled": False}),
        ("an_issue_stands_unfolded_once", {"is_settled": False}),
        ("a_card_shows_what_is_true", {"is_settled": False}),
    ):
        history = whole()
        BREAKS[name](history)
        for field, value in excuse.items():
            setattr(history, field, value)
        assert judge(history) == [], name


def test_whoever_let_everything_about_them_go_misses_nothing() -> None:
    history = whole()
    _link_lost(history)
    _vote_lost(history)
    history.presses.append(Pressed(10, SERVER, NILS, "forget:me", "I forgot you."))
    assert judge(history) == []
