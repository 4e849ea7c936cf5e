"""The judge of whole histories: how long it takes for a large one, and what it costs the sandbox to write one down.

The history: 40 issues in 10 channels, each posted again in one of them, 300 presses and commands, all of it kept; its
`value` is the seconds of a processor that the judge takes, its `reference` the 2 s that it may. The recording: presses
a second of the sandbox's own processor time, without (`reference`) and with (`value`) a recorder, in interleaved
rounds; aim: ratio >= 0.95.
"""

import asyncio
import statistics
from datetime import UTC, datetime, timedelta
from random import Random
from time import process_time
from typing import Any

from _processes import Stage, report, stage

from bot.chat.marks import message_mark
from tests.history.invariants import judge
from tests.history.recording import History, Pressed, State, Told, recording

ISSUES, CHANNELS, PRESSES = 40, 10, 300
MOST_SECONDS = 2.0
ROUNDS, AT_ONCE, EACH = 9, 32, 20
_NOON = datetime(2026, 11, 9, 12, 0, tzinfo=UTC)
_LETTERS = "abcdefghijklmnopqrstuvwxyz234567"


def _key(number: int, length: int) -> str:
    return "".join(Random(number).choices(_LETTERS, k=length))


def large_history() -> History:
    """One that keeps everything, so that nothing is left out early."""
    history = History(is_settled=True, published=tuple(f"Issue {number}." for number in range(ISSUES)))
    outbox: list[dict[str, Any]] = []
    for generation in (0, 1):
        for issue in range(ISSUES):
            for channel in range(CHANNELS if generation == 0 else 1):
                number = len(outbox)
                key = _key(number + 1000, 52)
                row = {"id": number, "delivery_key": key, "purpose": "announce", "guild_id": channel}
                row |= {"channel_id": 100 + channel, "subject_key": _key(issue, 26), "generation": generation}
                row |= {"state": "done", "last_problem": None, "sent_at": _NOON + timedelta(days=issue)}
                outbox.append(row)
                ids = frozenset({*message_mark(key), *range(number * 20, number * 20 + 12)})
                text = f"## Issue {issue}.\n" + "\n".join(f"- what link {place} is about" for place in range(8))
                states = [State(float(number), text, ids, f"{text} {ids} {key}")]
                if generation == 0 and channel == 0:
                    states.append(State(number + 0.5, f"-# **Issue {issue}.** was posted again: there", ids))
                told = Told(10_000 + number, channel, 100 + channel, float(number), states=states, has_thread=True)
                history.messages[told.message_id] = told
    members = range(PRESSES // 2)
    for member in members:
        history.presses.append(Pressed(member, 0, member, "/submit link", f"Received: link {member}."))
        history.presses.append(Pressed(member, 0, member, f"vote:{'p' * 26}:0", "Your vote for **A** counts."))
    history.database = {
        "outbox": outbox,
        "guilds": [{"guild_id": channel, "discussion_threads": True} for channel in range(CHANNELS)],
        "submissions": [
            {"submission_key": _key(member, 26), "finder_id": member, "brought_by_id": None, "state": "pending"}
            | {"note": f"a good reason of member {member}", "reason": None}
            for member in members
        ],
        "polls": [{"id": 1, "poll_key": "p" * 26, "issue_key": None}],
        "poll_options": [{"poll_id": 1, "position": 0, "label": "A", "tally": len(members)}],
        "ballots": [{"poll_id": 1, "member_id": member, "position": 0} for member in members],
    }
    return history


def measure_judging() -> None:
    history = large_history()
    begun = process_time()
    broken = judge(history)
    seconds = process_time() - begun
    assert broken == [], broken[:3]
    report("judging a large history, seconds", value=seconds, reference=MOST_SECONDS, ratio=seconds / MOST_SECONDS)


async def measure_recording() -> None:
    async with stage() as on_stage, on_stage.bare("answering"):
        mia = on_stage.sandbox.member("mia")
        await on_stage.sandbox.wait_for(lambda: "/panel" in mia.commands(), what="the commands")
        await _presses(on_stage)  # warm
        rounds = []
        for _ in range(ROUNDS):
            alone = await _presses(on_stage)
            with recording(on_stage.sandbox):
                recorded = await _presses(on_stage)
            rounds.append((alone, recorded))
    alone, recorded = (statistics.median(each) for each in zip(*rounds, strict=True))
    ratio = statistics.median(recorded / alone for alone, recorded in rounds)
    report("sandbox with a recorder, presses/s", value=recorded, reference=alone, ratio=ratio)


async def _presses(on_stage: Stage) -> float:
    """How many the sandbox manages in a second of its own."""
    mia = on_stage.sandbox.member("mia")
    panel = (await mia.slash("/panel")).message

    async def act_on() -> None:
        for _ in range(EACH):
            assert not (await mia.click(panel, "Press")).failed

    begun = process_time()
    await asyncio.gather(*(act_on() for _ in range(AT_ONCE)))
    return AT_ONCE * EACH / (process_time() - begun)


if __name__ == "__main__":
    import gc

    measure_judging()
    gc.set_threshold(50_000)  # as `python -m sandbox` does
    asyncio.run(measure_recording())
