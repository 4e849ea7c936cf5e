"""One issue to 500 subscribed channels while the sandbox limits as Discord does: requests made against those allowed.

Aim: ≥ 0.9 of the 50 requests a second that Discord allows, for as long as work waits, and ≥ 0.85 where each request
takes up to 200 ms to arrive (the second line; pseudo-random, and the limit counts what arrives); no 429 of our making
in either. The third line is with 5 % of the answers 503 and 5 % lost: every message once; `value` is messages per
allowed request there, `reference` what it is without trouble.
"""

import asyncio
import json
from collections import Counter
from collections.abc import Callable
from tempfile import TemporaryDirectory

from _fanout import servers, subscribe
from _processes import Limits, Sandbox, Stage, report

from sandbox import Site
from sandbox.model import Channel, Message

CHANNELS = 500
_PER_SECOND = 50
_LONGEST_SECONDS = 240.0
_JITTER_SECONDS = 0.2
_ISSUE = (
    "# One for all\n\n### In every server\n\n## Tools\n\n- A thing - for everybody. ([link](https://thing.example/))\n"
)


async def main() -> None:
    """Measure and print."""
    calm = await _run(lambda _: None)
    jittery = await _run(lambda sandbox: sandbox.faults.jitter(_JITTER_SECONDS, seed=3))
    troubled = await _run(_trouble)
    for name, seen in (("", calm), (f", each up to {_JITTER_SECONDS * 1000:.0f} ms on its way", jittery)):
        report(
            f"one issue to {CHANNELS} channels, requests/s{name}",
            value=seen["requests"] / seen["seconds"],
            reference=_PER_SECOND,
            ratio=seen["requests"] / seen["seconds"] / _PER_SECOND,
        )
    report(
        "messages per allowed request, with 5 % 503 and 5 % lost answers",
        value=CHANNELS / (troubled["seconds"] * _PER_SECOND),
        reference=CHANNELS / (calm["seconds"] * _PER_SECOND),
        ratio=calm["seconds"] / troubled["seconds"],
    )
    print(json.dumps({"calm": calm, "jittery": jittery, "troubled": troubled}))


def _trouble(sandbox: Sandbox) -> None:
    sandbox.faults.sometimes("status", "*", r"^/channels/", 0.05, seed=1)
    sandbox.faults.sometimes("lose_answer", "*", r"^/channels/", 0.05, seed=2)


async def _run(trouble: Callable[[Sandbox], None]) -> dict[str, float]:
    with TemporaryDirectory() as folder:
        async with Sandbox(limits=Limits(identify_seconds=0.0)) as sandbox, Site() as site:
            site.publish_markdown(_ISSUE)
            channels = servers(sandbox, CHANNELS)
            stage = Stage(sandbox, folder, ALLOW_PRIVATE_ADDRESSES="true")
            await subscribe(folder, channels, site.feed_url)
            trouble(sandbox)
            async with stage.ours():
                await sandbox.wait_for(
                    lambda: all(_messages(channel) and _messages(channel)[0].thread for channel in channels),
                    timeout=_LONGEST_SECONDS,
                    what="a message with its thread in every channel",
                )
            counts = Counter(len(_messages(channel)) for channel in channels)
            assert counts == {1: CHANNELS}, f"messages in a channel: {counts}"
            about_it = [seen for seen in sandbox.requests if seen.path.startswith("/channels/")]
            return {
                "requests": len(about_it),
                "seconds": about_it[-1].at - about_it[0].at,
                "429": len(sandbox.rate_limited()),
            }


def _messages(channel: Channel) -> list[Message]:
    return [message for message in channel.messages.values() if message.author.bot]


if __name__ == "__main__":
    asyncio.run(main())
