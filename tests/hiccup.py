"""What a PostgreSQL does for a moment: every connection to it ends, right before something is made durable."""

from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit

from bot.store import Store


class Hiccup:
    """`address`: of the database; there must be one named `postgres` on the same server."""

    def __init__(self, store: Store, address: str) -> None:
        self._address = address
        self._left = 0
        self._before: Callable[[], Awaitable[None]] = store.commit_hook
        store.commit_hook = self._commit  # type: ignore[method-assign]

    def strike(self, times: int = 1) -> None:
        """End all connections before so many of the next commits."""
        self._left = times

    async def _commit(self) -> None:
        if self._left:
            self._left -= 1
            await self.end_all()
        await self._before()

    async def end_all(self) -> None:
        """Every connection to the database ends now, also in the middle of something."""
        import asyncpg

        parts = urlsplit(self._address)
        theirs = "FROM pg_stat_activity WHERE datname = $1"
        admin = await asyncpg.connect(parts._replace(path="/postgres").geturl())
        try:
            name = parts.path.strip("/")
            await admin.execute(f"SELECT pg_terminate_backend(pid) {theirs}", name)
            while await admin.fetchval(f"SELECT count(*) {theirs}", name):
                pass
        finally:
            await admin.close()
