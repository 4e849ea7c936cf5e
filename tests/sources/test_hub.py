"""How hubs are called."""

import asyncio
from collections.abc import Mapping
from itertools import pairwise

from bot.sources.hub import HttpHubCaller


class Wire:
    """Keeps when something was sent."""

    def __init__(self) -> None:
        self.sent_at: list[float] = []

    async def post(self, _url: str, _form: Mapping[str, str]) -> None:
        self.sent_at.append(asyncio.get_running_loop().time())


async def test_one_hub_is_asked_for_one_thing_after_the_other() -> None:
    wire = Wire()
    caller = HttpHubCaller(wire, pause_seconds=0.05)  # type: ignore[arg-type]
    await asyncio.gather(*(caller.ask("https://hub.example/", {}) for _ in range(3)))
    assert all(later - earlier >= 0.04 for earlier, later in pairwise(wire.sent_at))
    assert len(wire.sent_at) == 3
