"""Durable ballots by button, against a bare bot that answers the same button on the same card with a constant.

Each press changes a ballot and is answered after its commit (SQLite, `synchronous=FULL`). The bare bot stores nothing.
Turns are repeated, with 64 and with 200 members who each press again as soon as they are answered: they wait for a
commit together, so the larger the crowd, the less of the time nothing is to be done. `value` and `reference` are
presses a second, the best turn of each. With them stand the median and the 99th percentile in milliseconds of that
turn, as whoever presses would feel them in such a crowd, and what the ledger says in the end: of everybody who was
answered, the last presses.
"""

import asyncio
import json
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from time import perf_counter

from _processes import Stage, report, stage

from sandbox.driver import Person, Reply
from sandbox.model import Message

CROWDS = (64, 200)
PRESSES = 4000
TURNS = 3
_WARM = 5
_ANSWERS = ("Tea", "Coffee", "Water")


@dataclass(frozen=True)
class Turn:
    """Presses a second, and how long they took, in seconds."""

    rate: float
    took: list[float]

    def percentile(self, share: float) -> float:
        """In milliseconds."""
        return sorted(self.took)[int(share * (len(self.took) - 1))] * 1000


async def main() -> None:
    """Measure and print."""
    import gc

    gc.set_threshold(50_000)  # as `python -m sandbox` does: what the world keeps is no garbage
    async with stage() as on_stage:
        [guild] = on_stage.sandbox.world.guilds.values()
        for number in range(max(CROWDS)):
            guild.add_member(f"voter{number}")
        people = [on_stage.sandbox.member(f"voter{number}") for number in range(max(CROWDS))]
        card, pressed = None, 0
        for crowd in CROWDS:
            turns: dict[str, list[Turn]] = {"ours": [], "voting-event": [], "voting-dynamic": []}
            for _ in range(TURNS):
                for mode in ("voting-event", "voting-dynamic"):
                    async with on_stage.bare(mode):
                        turns[mode].append(await _turn(people[:crowd], await _panel(on_stage)))
                async with on_stage.ours():
                    card = card or await _poll(on_stage)
                    turns["ours"].append(await _turn(people[:crowd], card))
                    pressed += crowd * (PRESSES // crowd + _WARM)
            _report(crowd, {mode: max(found, key=lambda turn: turn.rate) for mode, found in turns.items()})
        print(json.dumps({"answered": pressed, **_ledger(on_stage)}))


def _report(crowd: int, best: dict[str, Turn]) -> None:
    for mode, name in (("voting-event", "on_interaction"), ("voting-dynamic", "DynamicItem")):
        report(
            f"durable ballots/s of {crowd} at once, against a constant through {name}",
            value=best["ours"].rate,
            reference=best[mode].rate,
            ratio=best["ours"].rate / best[mode].rate,
        )
    waits = {mode: [round(turn.percentile(share), 1) for share in (0.5, 0.99)] for mode, turn in best.items()}
    print(json.dumps({"milliseconds, median and 99th percentile": waits}))


async def _panel(on_stage: Stage) -> Message:
    mia = on_stage.sandbox.member("mia")
    await on_stage.sandbox.wait_for(lambda: "/panel" in mia.commands(), timeout=15, what="the commands")
    return (await mia.slash("/panel")).message


async def _poll(on_stage: Stage) -> Message:
    mara = on_stage.sandbox.member("mara")
    await on_stage.sandbox.wait_for(lambda: "/poll create" in mara.commands(), timeout=15, what="the commands")
    general = mara.channel("general")
    earlier = set(general.messages)  # the bare bot's cards look alike
    form = await mara.slash("/poll create channel:#general")
    await mara.submit(form, {"Question": "Tea or coffee?", "Answers": "\n".join(_ANSWERS), "Closes": "9 days"})

    def found() -> Message | None:
        alike = (each for each in general.messages.values() if each.labels == list(_ANSWERS))
        return next((each for each in alike if each.id not in earlier), None)

    card = await on_stage.sandbox.wait_for(found, timeout=15, what="the poll")
    assert card is not None
    return card


async def _turn(people: list[Person], card: Message) -> Turn:
    took: list[float] = []

    async def press(person: Person, count: int, *, warm: bool = False) -> None:
        for number in range(count):
            begun = perf_counter()
            reply: Reply = await person.click(card, _ANSWERS[number % len(_ANSWERS)])
            assert "vote" in reply.text, f"a press was not counted: {reply.text}"
            if not warm:
                took.append(perf_counter() - begun)

    each = PRESSES // len(people)
    await asyncio.gather(*(press(person, _WARM, warm=True) for person in people))
    begun = perf_counter()
    await asyncio.gather(*(press(person, each) for person in people))
    return Turn(len(people) * each / (perf_counter() - begun), took)


def _ledger(on_stage: Stage) -> dict[str, int]:
    """How many people the ledger knows, and of how many presses of one in one poll at the most."""
    of_each = "SELECT member_id, count(*) AS presses FROM ballot_ledger GROUP BY poll_id, member_id"
    with closing(sqlite3.connect(on_stage.database)) as connection:
        [people, presses] = connection.execute(
            f"SELECT count(DISTINCT member_id), max(presses) FROM ({of_each})"
        ).fetchone()
        return {"people in the ledger": people, "presses of one at most": presses}


if __name__ == "__main__":
    import uvloop

    uvloop.run(main())
