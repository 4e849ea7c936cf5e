"""`make soak`: hundreds of killed processes, with fixed seeds, two at a time; prints where they fell, and who survived.

`python -m tests.journeys.soak [SEEDS] [FIRST]`: exit code 1 when a message was lost, doubled or without its thread.
"""

import asyncio
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from tests.journeys.killing import Outcome, Plan, stage, told

_AT_ONCE = 2


async def soak(seeds: range) -> int:
    """Tell the story of each seed; 1 when one of them went wrong."""
    waiting = iter(seeds)
    outcomes: list[Outcome] = []
    begun = time.monotonic()

    async def work() -> None:
        for seed in waiting:
            plan = Plan.of(seed)
            with tempfile.TemporaryDirectory(prefix="soak-") as folder:
                async with stage(Path(folder)) as scene:
                    try:
                        outcome = await told(scene, plan)
                    except Exception as error:  # noqa: BLE001 - one story that breaks must not end the others
                        outcome = Outcome(plan, wrong=[f"the story broke: {type(error).__name__}: {error}"])
                    logs = "\n".join(path.read_text(encoding="utf-8") for path in sorted(Path(folder).glob("*.log")))
            outcomes.append(outcome)
            if outcome.wrong:
                print(f"seed {seed}: {outcome}\n{logs}", flush=True)
            if len(outcomes) % 20 == 0:
                print(f"{len(outcomes)} of {len(seeds)}, {time.monotonic() - begun:.0f} s", flush=True)

    await asyncio.gather(*(work() for _ in range(_AT_ONCE)))
    falls = Counter(fall for outcome in outcomes for fall in outcome.falls)
    failed = sum(bool(outcome.wrong) for outcome in outcomes)
    print(f"\n{len(outcomes) - failed} of {len(outcomes)} stories survived {sum(falls.values())} kills. They fell at:")
    for point, count in falls.most_common():
        print(f"  {point:10} {count:5}")
    return int(failed > 0)


def main() -> None:
    """Read the arguments and run."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    first = int(sys.argv[2]) if len(sys.argv) > 2 else 1000
    sys.exit(asyncio.run(soak(range(first, first + count))))


if __name__ == "__main__":
    main()
