"""What the sandbox alone can do, against the bare discord.py bots that run on it (aim: ratio ≥ 2 for each).

A bare bot answers a constant as fast as it can, to slash commands and to presses of a button. Both processes' own
processor time is counted, so that the figures hold on a busy machine too: `reference` is what the bot does in a second
on a core of its own, `value` what the sandbox could do on one (the person's press, the gateway event, the answer, the
message). As long as the ratio stays well above 1, the sandbox is no bottleneck of what is measured on it.
"""

import asyncio
from collections.abc import Awaitable, Callable
from time import process_time

import psutil
from _processes import Stage, report, stage

from sandbox.driver import Reply

AT_ONCE = 64
EACH = 60


async def main() -> None:
    """Measure and print, a line for each way to act."""
    import gc

    gc.set_threshold(50_000)  # as `python -m sandbox` does: what the world keeps is no garbage
    async with stage() as on_stage, on_stage.bare("answering") as (process, _):
        mia = on_stage.sandbox.member("mia")
        await on_stage.sandbox.wait_for(lambda: "/panel" in mia.commands(), what="the commands")
        panel = (await mia.slash("/panel")).message
        bot = psutil.Process(process.pid)
        await _measure("slash commands", on_stage, bot, lambda: mia.slash("/ping"))
        await _measure("presses", on_stage, bot, lambda: mia.click(panel, "Press"))


async def _measure(name: str, on_stage: Stage, bot: psutil.Process, act: Callable[[], Awaitable[Reply]]) -> None:
    async def act_on(count: int) -> None:
        for _ in range(count):
            reply = await act()
            assert not reply.failed, on_stage.sandbox.report()

    await asyncio.gather(*(act_on(5) for _ in range(AT_ONCE)))  # warm
    bots_before, own_before = sum(bot.cpu_times()[:2]), process_time()
    await asyncio.gather(*(act_on(EACH) for _ in range(AT_ONCE)))
    bots, own = sum(bot.cpu_times()[:2]) - bots_before, process_time() - own_before
    done = AT_ONCE * EACH
    report(f"sandbox alone, {name}/s", value=done / own, reference=done / bots, ratio=bots / own)


if __name__ == "__main__":
    import uvloop

    uvloop.run(main())
