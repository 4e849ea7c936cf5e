"""Seconds from the start of the process to IDENTIFY, against a bare discord.py client (aim: ratio ≤ 2.5).

The database is there and migrated, as at every start but the first. Pairs run in turn, medians are reported.
"""

import asyncio
from statistics import median

from _processes import report, stage

PAIRS = 9


async def main() -> None:
    """Measure and print."""
    ours: list[float] = []
    bare: list[float] = []
    async with stage() as on_stage:
        async with on_stage.ours():
            pass  # makes the database and registers the commands
        for _ in range(PAIRS):
            async with on_stage.ours() as (_, seconds):
                ours.append(seconds)
            async with on_stage.bare() as (_, seconds):
                bare.append(seconds)
    ratios = [mine / reference for mine, reference in zip(ours, bare, strict=True)]
    report("start to IDENTIFY, seconds", value=median(ours), reference=median(bare), ratio=median(ratios))


if __name__ == "__main__":
    asyncio.run(main())
