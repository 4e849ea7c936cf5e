"""Seconds from a restart after SIGKILL to the first resumed send, against a plain start to IDENTIFY.

The process is killed in the middle of announcing one issue to 40 channels; the next one begins with what was left.
"""

import asyncio
import time
from statistics import median
from tempfile import TemporaryDirectory

from _fanout import servers, subscribe
from _processes import Limits, Sandbox, Stage, report

from sandbox import Site

ROUNDS = 5
CHANNELS = 40
_KILLED_AFTER = 5
_ISSUE = (
    "# One for all\n\n### In every server\n\n## Tools\n\n- A thing - for everybody. ([link](https://thing.example/))\n"
)


async def main() -> None:
    """Measure and print."""
    plain, resumed = [], []
    for _ in range(ROUNDS):
        start, first_send = await _round()
        plain.append(start)
        resumed.append(first_send)
    value, reference = median(resumed), median(plain)
    report(
        "restart after SIGKILL to the first resumed send, s", value=value, reference=reference, ratio=value / reference
    )


async def _round() -> tuple[float, float]:
    with TemporaryDirectory() as folder:
        async with Sandbox(limits=Limits(identify_seconds=0.0)) as sandbox, Site() as site:
            site.publish_markdown(_ISSUE)
            channels = servers(sandbox, CHANNELS)
            stage = Stage(sandbox, folder, ALLOW_PRIVATE_ADDRESSES="true")
            await subscribe(folder, channels, site.feed_url)

            def sent() -> int:
                return sum(len(channel.messages) > 0 for channel in channels)

            async with stage.ours() as (process, start):
                await sandbox.wait_for(lambda: sent() >= _KILLED_AFTER, timeout=30, what="the first messages")
                process.kill()
                await process.wait()
            seen = len(sandbox.requests)
            begun = time.time()
            async with stage.ours():
                await sandbox.wait_for(lambda: sent() == CHANNELS, timeout=60, what="all messages")
            sends = [
                each.at
                for each in list(sandbox.requests)[seen:]
                if each.method == "POST" and each.path.endswith(("/messages", "/threads"))
            ]
            assert all(sum(message.author.bot for message in channel.messages.values()) == 1 for channel in channels), (
                "a message was doubled"
            )
            return start, sends[0] - begun


if __name__ == "__main__":
    asyncio.run(main())
