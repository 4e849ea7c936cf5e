"""One request after the other at each host, a pause apart: many newsletters share a platform's."""

import asyncio
from urllib.parse import urlsplit


class Turns:
    """Only beginnings are kept apart, so that an answer that drips holds up nobody else."""

    def __init__(self, pause_seconds: float) -> None:
        self._pause_seconds = pause_seconds
        self._next_starts: dict[str, float] = {}  # by host, on the loop's clock

    async def wait(self, url: str) -> None:
        """Return when it is this address's turn at its host."""
        now = asyncio.get_running_loop().time()
        self._next_starts = {host: start for host, start in self._next_starts.items() if start > now}
        host = urlsplit(url).netloc.lower()
        start = self._next_starts.get(host, now)
        self._next_starts[host] = start + self._pause_seconds
        await asyncio.sleep(start - now)
