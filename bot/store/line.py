"""A connection of its own beside the pool of PostgreSQL, for what must not wait behind anything else."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import Any, Self, TypeVar

from sqlalchemy import URL
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool

from bot.clock import Clock
from bot.store.complaints import translated_errors
from bot.store.group_commit import Transaction

T = TypeVar("T")

_CONNECT_TIMEOUT_SECONDS = 2.0
_AFTER_A_STOP_SECONDS = 0.25


class Line:
    """Asked one thing at a time. It breaks once and for all: then `lost` is set, and another one has to be opened.

    Before it ends by itself it calls `when_lost`, so that nobody else sees what goes with the session any sooner.
    `session_pid` is what the server called the session when it was opened. A pooler that shares the sessions of a
    server between its clients gives a number of its own instead.
    """

    def __init__(self, engine: AsyncEngine, connection: AsyncConnection, driver: Any, *, clock: Clock) -> None:
        self.lost = asyncio.Event()
        self.when_lost: Callable[[], None] = lambda: None
        self.session_pid: int = driver.get_server_pid()
        self._clock = clock
        self._engine = engine
        self._connection = connection
        self._driver = driver
        driver.add_termination_listener(lambda _driver: self._lose())

    @classmethod
    async def open(cls, url: URL, *, clock: Clock) -> Self:
        """Raises StoreError when the server cannot be reached."""
        engine = create_async_engine(
            url,
            poolclass=NullPool,
            connect_args={"timeout": _CONNECT_TIMEOUT_SECONDS, "command_timeout": _CONNECT_TIMEOUT_SECONDS},
        )
        async with translated_errors():
            connection = await engine.connect()
            try:
                driver = (await connection.get_raw_connection()).driver_connection
                return cls(engine, connection, driver, clock=clock)
            except BaseException:
                await connection.invalidate()
                await connection.close()
                raise

    async def ask(self, question: Callable[[Transaction], Awaitable[T]], *, timeout_seconds: float) -> T:
        """The answer, from a transaction of its own. Raises StoreError; silence breaks the line, too."""
        asking = asyncio.create_task(self._ask(question))
        asking.add_done_callback(lambda done: done.cancelled() or done.exception())
        try:
            await asyncio.wait({asking}, timeout=timeout_seconds)
            if not asking.done():  # perhaps it was we who stood still, and the answer is there already
                await asyncio.wait({asking}, timeout=_AFTER_A_STOP_SECONDS)
        finally:
            if not asking.done():
                self._lose()
                self._driver.terminate()  # the question ends with the connection, however silent the server is
                await asyncio.wait({asking})
        async with translated_errors():
            return asking.result()

    async def _ask(self, question: Callable[[Transaction], Awaitable[T]]) -> T:
        async with self._connection.begin():
            return await question(Transaction(self._connection, now=self._clock.now()))

    def _lose(self) -> None:
        if not self.lost.is_set():
            self.lost.set()
            self.when_lost()

    async def close(self) -> None:
        self._lose()
        self._driver.terminate()
        for leave in (self._connection.invalidate, self._connection.close, self._engine.dispose):
            with contextlib.suppress(Exception):  # what was broken in the middle may complain once more
                await leave()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()
