"""The clock of the event loop, that a test puts forward: what waits for a time-out meets it, and nobody has to wait."""

import asyncio

import pytest

from tests.proxy import Proxy

_MOST_STEPS = 1000


class LoopTime:
    """Time-outs are as long as in earnest, so none is met by what is merely slow on a busy machine."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        loop = asyncio.get_running_loop()
        self._ahead = 0.0
        real = loop.time
        monkeypatch.setattr(loop, "time", lambda: real() + self._ahead)

    def move(self, seconds: float) -> None:
        self._ahead += seconds

    async def pass_in_silence(self, proxy: Proxy, *tasks: asyncio.Task[object], seconds: float) -> None:
        """Until the tasks are done, let so many seconds pass each time that the proxy has swallowed something."""
        for _ in range(_MOST_STEPS):
            swallowed = asyncio.create_task(proxy.swallowed())
            await asyncio.wait({swallowed, *tasks}, return_when=asyncio.FIRST_COMPLETED)
            if all(task.done() for task in tasks):
                swallowed.cancel()
                return
            if swallowed.done():
                self.move(seconds)
            else:
                swallowed.cancel()
                tasks = tuple(task for task in tasks if not task.done())
        raise AssertionError("the silence never ended")
