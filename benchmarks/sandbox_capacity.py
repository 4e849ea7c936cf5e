"""Interactions a second that the sandbox alone could serve, against a bare discord.py bot on it (aim: ratio ≥ 2).

While the bare bot answers as fast as it can, the sandbox's own processor time is counted: what it needs for one
interaction (the press, the gateway event, the answer, the message) says how many it could do in a second on one core.
So the sandbox is no bottleneck of what is measured on it as long as the ratio stays well above 1.
"""

import asyncio
from time import perf_counter, process_time

from _processes import report, stage

AT_ONCE = 64
INTERACTIONS = 6000


async def main() -> None:
    """Measure and print."""
    async with stage() as on_stage, on_stage.bare("answering"):
        mia = on_stage.sandbox.member("mia")
        await on_stage.sandbox.wait_for(lambda: "/ping" in mia.commands(), what="the command")
        for _ in range(200):
            await mia.slash("/ping")

        async def press_on(count: int) -> None:
            for _ in range(count):
                reply = await mia.slash("/ping")
                assert not reply.failed

        begun, used = perf_counter(), process_time()
        await asyncio.gather(*(press_on(INTERACTIONS // AT_ONCE) for _ in range(AT_ONCE)))
        seconds, processor = perf_counter() - begun, process_time() - used
    done = INTERACTIONS // AT_ONCE * AT_ONCE
    report("sandbox alone, interactions/s", value=done / processor, reference=done / seconds, ratio=seconds / processor)


if __name__ == "__main__":
    asyncio.run(main())
