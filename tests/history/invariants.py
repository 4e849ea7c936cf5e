"""What is true of every history, whoever was killed and whatever was lost on the way.

Each invariant is a function of the history that names what breaks it; its first line is the sentence that is broken. A
feature adds its own with `@invariant`, and a history that breaks it to `test_invariants.py`.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise

from tests.history.recording import History, Row, Told

Check = Callable[[History], Iterator[str]]
INVARIANTS: list[Check] = []

_POSTS = frozenset({"announce", "notice", "review", "poll", "flood"})
_CREDITS = re.compile(r"^(?:-# )?With links from (.+?)(?: and \d+ more)?$", re.MULTILINE)
_LEAVE = re.compile(r"The newsletter names you as \*\*(.+?)\*\* when it uses your link\.")
_COUNTED = ("Your vote for", "Changed: your vote", "You already voted for")
_PERSONAL = ("/submit", "/vote", "/privacy", "/results", "vote:", "withdraw", "credit", "forget", "pick-link")
_TELLING = 4  # characters; fewer stand anywhere by chance
_DAY = timedelta(hours=23)  # a mention is counted when it is taken, not when its message comes


@dataclass(frozen=True, slots=True)
class Violation:
    """Which invariant is broken, and by what."""

    name: str
    sentence: str
    by: str

    def __str__(self) -> str:
        return f"{self.name}: {self.by} ({self.sentence})"


def invariant(check: Check) -> Check:
    """Let the judge look for it in every history."""
    INVARIANTS.append(check)
    return check


def judge(history: History) -> list[Violation]:
    """All that is broken in a history."""
    return [
        Violation(check.__name__, (check.__doc__ or "").partition("\n")[0], by)
        for check in INVARIANTS
        for by in check(history)
    ]


# what is posted


@invariant
def stands_once(history: History) -> Iterator[str]:
    """What was to be posted was posted once, however often it was tried."""
    for row in _posts(history):
        made = history.made_by(row["delivery_key"])
        if len(made) > 1:
            yield f"{_name(row)} stands {len(made)} times: {[told.message_id for told in made]}"


@invariant
def nothing_is_posted_unasked(history: History) -> Iterator[str]:
    """Each message of the bot that everybody sees is one that was queued, or the answer to somebody."""
    expected = {told.message_id for row in _posts(history) for told in history.made_by(row["delivery_key"])}
    answers = "\n".join(press.answer for press in history.presses if press.answer)
    for told in history.public():
        words = next((state.text for state in told.states if state.text), "")
        if words and told.message_id not in expected and words not in answers:
            yield f"message {told.message_id} in channel {told.channel_id}: {words[:60]!r}"


@invariant
def what_is_done_stands(history: History) -> Iterator[str]:
    """A delivery that counts as done has a message that was there."""
    for row in _posts(history):
        if row["state"] == "done" and not history.made_by(row["delivery_key"]):
            yield f"{_name(row)} was never seen"


@invariant
def what_was_published_is_announced(history: History) -> Iterator[str]:
    """When nothing is due any more, each issue of the newsletter was announced."""
    if history.is_settled:
        shown = [state.text for told in history.public() for state in told.states]
        for title in history.published:
            if not any(title in text for text in shown):
                yield title


@invariant
def a_lane_keeps_its_order(history: History) -> Iterator[str]:
    """Announcements come into a channel in the order in which they were queued."""
    lanes: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for row in _posts(history):
        if row["purpose"] == "announce" and row["generation"] == 0:
            made = history.made_by(row["delivery_key"])
            lanes[row["channel_id"]] += [(row["id"], told.message_id) for told in made[:1]]
    for channel_id, found in lanes.items():
        in_order = [message_id for _, message_id in sorted(found)]
        if in_order != sorted(in_order):
            yield f"channel {channel_id}: {sorted(found)}"


@invariant
def an_announcement_has_its_thread(history: History) -> Iterator[str]:
    """An announcement that is done has its thread, where the server wants one and Discord did not refuse it."""
    wanting = {row["guild_id"] for row in history.rows("guilds") if row["discussion_threads"]}
    for row in history.rows("outbox"):
        if row["purpose"] == "announce" and row["state"] == "done" and row["guild_id"] in wanting:
            for told in history.made_by(row["delivery_key"]):
                if not told.has_thread and told.deleted_at is None and row["last_problem"] is None:
                    yield f"{_name(row)} has no thread under message {told.message_id}"


@invariant
def published_once(history: History) -> Iterator[str]:
    """A message is handed on to the channels that follow once."""
    done = Counter(
        seen.path for seen in history.requests if seen.path.endswith("/crosspost") and 200 <= seen.status < 300
    )
    yield from (f"{path} {count} times" for path, count in done.items() if count > 1)


@invariant
def an_issue_stands_unfolded_once(history: History) -> Iterator[str]:
    """When nothing is due any more, one announcement an issue and channel is whole; earlier ones lead to it."""
    if not history.is_settled:
        return
    whole: dict[tuple[int, str], list[int]] = defaultdict(list)
    for row in history.rows("outbox"):
        if row["purpose"] == "announce":
            for told in history.made_by(row["delivery_key"]):
                if told.deleted_at is None and "was posted again" not in told.now.text:
                    whole[row["channel_id"], row["subject_key"]].append(told.message_id)
    for (channel_id, subject), found in whole.items():
        if len(found) > 1:
            yield f"issue {subject} in channel {channel_id}: {found}"


@invariant
def one_ping_a_day(history: History) -> Iterator[str]:
    """A server's role is called once a day at most."""
    if history.was_put_back:
        return  # a day that comes again may call again
    called: dict[int, list[Row]] = defaultdict(list)
    for row in _posts(history):
        if row["sent_at"] is not None and any(told.roles_pinged for told in history.made_by(row["delivery_key"])):
            called[row["guild_id"]].append(row)
    for guild_id, rows in called.items():
        for earlier, later in pairwise(sorted(row["sent_at"] for row in rows)):
            if later - earlier < _DAY:
                yield f"server {guild_id}: {earlier} and {later}"


# what people were told


@invariant
def what_was_promised_is_kept(history: History) -> Iterator[str]:
    """Whoever was told that something will be posted can rely on it."""
    again = sum(1 for row in history.rows("outbox") if row["purpose"] == "announce" and row["generation"] > 0)
    asked = sum(1 for row in history.rows("polls") if row["issue_key"] is None)
    for prefix, words, kept in (("/desk repost", "I am posting it", again), ("ask-poll", "I am posting your", asked)):
        told = sum(press.name.startswith(prefix) and words in (press.answer or "") for press in history.presses)
        if told > kept:
            yield f"{prefix} was promised {told} times, and {kept} are stored"


@invariant
def what_was_received_is_kept(history: History) -> Iterator[str]:
    """A link that was acknowledged to its sender is stored, or was forgotten at their wish."""
    kept = Counter(row["brought_by_id"] or row["finder_id"] for row in history.rows("submissions"))
    forgotten = {press.member_id for press in history.presses if press.name.startswith("forget")}
    received = Counter(
        press.member_id for press in history.presses if press.answer and press.answer.startswith("Received:")
    )
    for member_id, count in received.items():
        if count > kept[member_id] and member_id not in forgotten:
            yield f"{member_id} was told {count} times, and {kept[member_id]} are stored"


@invariant
def one_decision_a_submission(history: History) -> Iterator[str]:
    """A submission is decided once: one moderator is told that it was them, and it is what is stored."""
    states = {row["submission_key"]: row["state"] for row in history.rows("submissions")}
    told: dict[str, set[tuple[int, str]]] = defaultdict(set)
    for press in history.presses:
        act, _, key = press.name.partition(":")
        if act in {"approve", "declined"} and key in states and f"by <@{press.member_id}>" in (press.answer or ""):
            told[key].add((press.member_id, "approved" if act == "approve" else "declined"))
    for key, deciders in told.items():
        if len(deciders) > 1 or states[key] not in {next(iter(deciders))[1], "withdrawn"}:
            yield f"{key} is {states[key]}, and {sorted(deciders)} were told that they decided"


@invariant
def each_acknowledged_vote_counts_once(history: History) -> Iterator[str]:
    """Whoever was told that their vote counts has one ballot for that answer, and the tally is the ballots."""
    ballots: dict[int, list[Row]] = defaultdict(list)
    for row in history.rows("ballots"):
        ballots[row["poll_id"]].append(row)
    forgotten = {press.member_id for press in history.presses if press.name.startswith("forget")}
    for poll in history.rows("polls"):
        key, of_poll = poll["poll_key"], ballots[poll["id"]]
        yield from (
            f"{key}: {member} has {count} ballots"
            for member, count in Counter(row["member_id"] for row in of_poll).items()
            if count > 1
        )
        counted = Counter(row["position"] for row in of_poll)
        for option in history.rows("poll_options"):
            if option["poll_id"] == poll["id"] and option["tally"] != counted[option["position"]]:
                yield f"{key}: {option['label']} has {option['tally']} for {counted[option['position']]} ballots"
        held = {row["member_id"]: row["position"] for row in of_poll}
        for member, position in _told_to_count(history, key).items():
            if held.get(member) != position and member not in forgotten:
                yield f"{key}: {member} was told of answer {position}, and has {held.get(member)}"


def _told_to_count(history: History, poll_key: str) -> dict[int, int]:
    """Whose vote counts for which answer, as they were told; nobody whose last press had no answer."""
    lasts: dict[int, int] = {}
    for press in history.presses:
        if press.name.startswith(f"vote:{poll_key}:"):
            if press.answer is not None and press.answer.startswith(_COUNTED):
                lasts[press.member_id] = int(press.name.rpartition(":")[2])
            else:
                lasts.pop(press.member_id, None)
    return lasts


@invariant
def a_card_shows_what_is_true(history: History) -> Iterator[str]:
    """When nothing is due any more, a poll's card shows its tally, and a submission's what was decided."""
    if not history.is_settled:
        return
    submissions = {row["submission_key"]: row for row in history.rows("submissions")}
    polls = {row["issue_key"] or row["poll_key"]: row for row in history.rows("polls")}
    for row in _posts(history):
        for told in history.made_by(row["delivery_key"]):
            if told.deleted_at is not None or "was posted again" in told.now.text:
                continue
            if row["purpose"] == "review" and row["subject_key"] in submissions:
                state, text = submissions[row["subject_key"]]["state"], told.now.text
                if state in {"approved", "declined"} and (f" {state} " not in text or told.now.labels):
                    yield f"{_name(row)} is {state}, and its card says {text[:60]!r}"
            elif row["purpose"] in {"poll", "announce"} and row["subject_key"] in polls:
                yield from _stale(history, polls[row["subject_key"]], told)


def _stale(history: History, poll: Row, told: Told) -> Iterator[str]:
    for option in history.rows("poll_options"):
        if option["poll_id"] == poll["id"]:
            shown = re.search(rf"^{option['position'] + 1}\\?\. .*: \*\*(\d+)\*\* \(", told.now.text, re.MULTILINE)
            # An announcement for followers has the buttons alone.
            if int(shown[1]) != option["tally"] if shown else poll["issue_key"] is None:
                yield f"{poll['poll_key']}: {option['label']} has {option['tally']}, shown {shown and shown[1]}"


# what nobody may see


@invariant
def a_name_stands_with_leave(history: History) -> Iterator[str]:
    """Nobody is named in public who did not say how."""
    allowed = {row["name"] for row in history.rows("member_credits") if row["is_reviewed"]}
    allowed |= {name for press in history.presses for name in _LEAVE.findall(press.answer or "")}
    for told in history.public():
        shown = {name for state in told.states for names in _CREDITS.findall(state.text) for name in names.split(", ")}
        for name in sorted(shown - {name for name in allowed if name}):
            yield f"{name} in message {told.message_id}"


@invariant
def what_is_private_stays_so(history: History) -> Iterator[str]:
    """What a member wrote to the moderators, and a moderator's reason, stands in no channel but theirs."""
    theirs = {row["channel_id"] for row in history.rows("outbox") if row["purpose"] == "review"}
    secrets = {words for row in history.rows("submissions") for words in (row["note"], row["reason"]) if words}
    secrets = {words for words in secrets if len(words) >= _TELLING}
    for told in history.public():
        if told.channel_id not in theirs:
            for words in secrets:
                if any(words in state.text for state in told.states):
                    yield f"{words!r} in message {told.message_id} of channel {told.channel_id}"


@invariant
def servers_see_nothing_of_each_other(history: History) -> Iterator[str]:
    """A delivery's message stands in the server that it is for."""
    for row in _posts(history):
        for told in history.made_by(row["delivery_key"]):
            if told.guild_id != row["guild_id"]:
                yield f"{_name(row)} of server {row['guild_id']} stands in {told.guild_id}"


@invariant
def nobody_is_written_to_unasked(history: History) -> Iterator[str]:
    """No direct message goes to anybody who did not ask for it."""
    for told in history.messages.values():
        if told.guild_id is None and not told.is_private:
            yield f"message {told.message_id} in channel {told.channel_id}"


@invariant
def personal_answers_are_private(history: History) -> Iterator[str]:
    """What one person asks for themselves is answered to that person alone."""
    for press in history.presses:
        if press.name.startswith(_PERSONAL) and press.answer is not None and not press.is_private:
            yield f"{press.name} of {press.member_id}"


@invariant
def limits_are_kept(history: History) -> Iterator[str]:
    """No request is refused for coming too early."""
    if history.refused_by_limits:
        yield f"{history.refused_by_limits} requests met a 429"


def _posts(history: History) -> list[Row]:
    return [row for row in history.rows("outbox") if row["purpose"] in _POSTS]


def _name(row: Row) -> str:
    return f"{row['purpose']} {row['subject_key']} of channel {row['channel_id']}"
