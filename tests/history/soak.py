"""`make soak`: hundreds of histories with fixed seeds, two at a time, each judged as a whole.

`python -m tests.history.soak [HISTORIES] [--first SEED] [--until-broken] [--at-once N] [--on sqlite]`. Prints each seed
whose history breaks an invariant, with the fewest of its faults that still do, and in the end how many histories, kills
and faults there were. The exit code is 1 where something was broken.
"""

import argparse
import asyncio
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from tests.history.databases import Databases, databases
from tests.history.plan import KINDS, Database, Plan
from tests.history.story import Told, tell

_FIRST = 1000
_SHRUNK_AT_MOST = 12
"""So many tellings are spent on finding out which faults it takes."""


async def tell_one(plan: Plan, all_databases: Databases) -> Told:
    """Tell it in a folder and on a database of its own."""
    with tempfile.TemporaryDirectory(prefix="story-") as folder:
        async with all_databases.fresh(plan.database, Path(folder)) as database_url:
            return await tell(plan, Path(folder), database_url=database_url)


async def shrink(told: Told, all_databases: Databases) -> Told:
    """The same story with as few faults as still break one of the same invariants."""
    left = _SHRUNK_AT_MOST
    for fault in told.plan.faults:
        if not left:
            break
        left -= 1
        fewer = told.plan.only(tuple(each for each in told.plan.faults if each is not fault))
        again = await tell_one(fewer, all_databases)
        if again.broken & told.broken:
            told = again
    return told


async def soak(
    seeds: range, all_databases: Databases, *, at_once: int, until_broken: bool, kinds: tuple[Database, ...]
) -> int:
    """Tell the story of each seed; 1 when one of them went wrong."""
    await all_databases.prepare()
    waiting: Iterator[int] = iter(seeds)
    stories: list[Told] = []
    begun = time.monotonic()

    async def work() -> None:
        for seed in waiting:
            told = await tell_one(Plan.of(seed, databases=kinds), all_databases)
            stories.append(told)
            if told.broken:
                print(f"BROKEN {told}", flush=True)
            if told.broken and not until_broken:
                shrunk = await shrink(told, all_databases)
                print(f"SHRUNK {shrunk}\n{shrunk.log}", flush=True)
            if until_broken and any(each.violations for each in stories):
                return
            if len(stories) % 20 == 0:
                print(f"{len(stories)} of {len(seeds)}, {time.monotonic() - begun:.0f} s", flush=True)

    await asyncio.gather(*(work() for _ in range(at_once)))
    return _summary(stories, seeds, time.monotonic() - begun)


def _summary(stories: list[Told], seeds: range, seconds: float) -> int:
    falls = Counter(fall for told in stories for fall in told.falls)
    faults = Counter(fault.name for told in stories for fault in told.plan.faults)
    broken = Counter(name for told in stories for name in told.broken)
    kinds = Counter(f"{told.plan.database} x {told.plan.processes}" for told in stories)
    print(
        f"\nseeds {seeds.start} to {seeds.stop - 1}: {len(stories)} histories in {seconds:.0f} s, "
        f"{sum(falls.values())} falls, {sum(faults.values())} faults, {sum(broken.values())} broken"
    )
    for title, counted in (("databases", kinds), ("fell at", falls), ("faults", faults), ("broken", broken)):
        print(f"  {title}: " + ", ".join(f"{name} {count}" for name, count in counted.most_common()))
    return int(any(told.broken for told in stories))


def main() -> None:
    """Read the arguments and run."""
    parser = argparse.ArgumentParser()
    parser.add_argument("histories", type=int, nargs="?", default=200)
    parser.add_argument("--first", type=int, default=_FIRST)
    parser.add_argument("--at-once", type=int, default=2)
    parser.add_argument("--until-broken", action="store_true")
    parser.add_argument("--on", choices=KINDS, action="append")
    given = parser.parse_args()
    kinds = tuple(given.on or KINDS)
    with databases(with_postgresql="postgresql" in kinds) as all_databases:
        seeds = range(given.first, given.first + given.histories)
        work = soak(
            seeds,
            all_databases,
            at_once=given.at_once,
            until_broken=given.until_broken,
            kinds=kinds,
        )
        sys.exit(asyncio.run(work))


if __name__ == "__main__":
    main()
