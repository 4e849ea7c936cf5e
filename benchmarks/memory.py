"""Resident megabytes once connected and idle, against a bare discord.py client (aim: ratio ≤ 2.0)."""

import asyncio
from statistics import median

from _processes import report, resident_megabytes, stage

PAIRS = 3
# Until the workers have looked once and the lazily imported have been imported.
SETTLE_SECONDS = 4.0


async def main() -> None:
    """Measure and print."""
    ours: list[float] = []
    bare: list[float] = []
    async with stage() as on_stage:
        async with on_stage.ours():
            pass
        for _ in range(PAIRS):
            async with on_stage.ours() as (process, _):
                await asyncio.sleep(SETTLE_SECONDS)
                ours.append(resident_megabytes(process))
            async with on_stage.bare() as (process, _):
                await asyncio.sleep(SETTLE_SECONDS)
                bare.append(resident_megabytes(process))
    value, reference = median(ours), median(bare)
    report("resident memory after start, MB", value=value, reference=reference, ratio=value / reference)


if __name__ == "__main__":
    asyncio.run(main())
