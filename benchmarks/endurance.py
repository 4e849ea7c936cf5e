"""10,000 interactions and 1,000 polls: does the bot's memory level off, and the number of its open files?

`value` is the slope of the resident memory over the second half of the run, in kB for 1,000 interactions; `reference`
the slope over the first half, in which caches fill; `ratio` is what the second half added to the memory at its
beginning. The last line has the open files at the beginning, in the middle and at the end.
"""

import asyncio
import itertools
import json
from asyncio.subprocess import Process
from collections.abc import Awaitable, Callable
from tempfile import TemporaryDirectory

import psutil
from _fanout import subscribe
from _processes import Limits, Sandbox, Stage, report, resident_megabytes

from sandbox import Site
from sandbox.driver import Reply

INTERACTIONS = 10_000
POLLS = 1_000
_AT_ONCE = 8
_SOURCES = 10
_SAMPLES = 100
_ISSUE = "# Issue {n}\n\n### About it\n\n## Tools\n\n" + "".join(
    f"- A thing - number {place}. ([link](https://thing-{place}.example/))\n" for place in range(40)
)


async def main() -> None:
    """Measure and print."""
    with TemporaryDirectory() as folder:
        async with Sandbox(limits=Limits.off()) as sandbox, Site() as site:
            sandbox.world.seed()
            for number in range(5):
                site.publish_markdown(_ISSUE.format(n=number))
            [guild] = sandbox.world.guilds.values()
            news = next(channel for channel in guild.channels.values() if channel.name == "news")
            await subscribe(folder, [news], site.feed_url)
            # 0.01 minutes is the shortest interval there is.
            stage = Stage(sandbox, folder, ALLOW_PRIVATE_ADDRESSES="true", POLL_MINUTES="0.01")
            async with stage.ours() as (process, _):
                await sandbox.wait_for(lambda: "/issue latest" in sandbox.member("mia").commands(), what="the commands")
                await sandbox.wait_for(lambda: [m for m in news.messages.values() if m.thread], timeout=20)
                await _more_sources(sandbox, site)
                memory, files = await _endure(sandbox, site, process)
    half = len(memory) // 2
    first, second = _slope(memory[:half]), _slope(memory[half:])
    report(
        "memory slope in the second half, kB for 1,000 interactions",
        value=second,
        reference=first,
        ratio=(memory[-1] - memory[half]) / memory[half],
    )
    print(
        json.dumps(
            {
                "interactions": INTERACTIONS,
                "polls": _polls(site),
                "megabytes": [memory[0], memory[half], memory[-1]],
                "open files": [files[0], files[half], files[-1]],
            }
        )
    )


async def _more_sources(sandbox: Sandbox, site: Site) -> None:
    ada = sandbox.member("ada")
    for number in range(1, _SOURCES):
        reply = await ada.slash(f"/setup source address:{site.feed_url}?n={number} channel:#news first:none")
        assert not reply.failed, reply.text


async def _endure(sandbox: Sandbox, site: Site, process: Process) -> tuple[list[float], list[int]]:
    mia, ada = sandbox.member("mia"), sandbox.member("ada")
    panel = (await mia.slash("/issue latest")).message
    asking: list[Callable[[], Awaitable[Reply]]] = [
        lambda: mia.slash("/issue latest"),
        lambda: mia.click(panel, "All links"),
        lambda: mia.slash("/issue topics"),
        lambda: ada.slash("/setup threads on:True"),
        lambda: ada.slash("/setup status"),
        lambda: mia.slash("/issue show title:Issue 3"),
    ]
    bot = psutil.Process(process.pid)
    memory, files = [resident_megabytes(process)], [bot.num_fds()]
    turns, done = itertools.count(), 0
    words = itertools.cycle(["this", "that"])

    async def act() -> None:
        nonlocal done
        while (turn := next(turns)) < INTERACTIONS:
            reply = await asking[turn % len(asking)]()
            assert not reply.failed, sandbox.report()
            done += 1

    async def look() -> None:
        for sample in range(1, _SAMPLES + 1):
            enough = sample * INTERACTIONS // _SAMPLES, sample * POLLS // _SAMPLES
            while done < enough[0] or _polls(site) < enough[1]:  # noqa: ASYNC110 - the site tells nobody
                await asyncio.sleep(0.05)
            memory.append(resident_megabytes(process))
            files.append(bot.num_fds())
            # So that readings are whole ones now and then, instead of "unchanged".
            site.publish_markdown(_ISSUE.format(n=4).replace("About it", f"About {next(words)}"))

    await asyncio.gather(look(), *(act() for _ in range(_AT_ONCE)))
    return memory, files


def _polls(site: Site) -> int:
    return site.requests["/feed.xml"]


def _slope(samples: list[float]) -> float:
    """Least squares, in kB for 1,000 interactions."""
    step = INTERACTIONS / _SAMPLES / 1000
    middle = (len(samples) - 1) / 2
    mean = sum(samples) / len(samples)
    rise = sum((place - middle) * (value - mean) for place, value in enumerate(samples))
    run = sum((place - middle) ** 2 for place in range(len(samples)))
    return rise / run / step * 1024


if __name__ == "__main__":
    asyncio.run(main())
