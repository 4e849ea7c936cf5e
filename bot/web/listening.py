"""Listeners of the bot's own, each on its address and with its settings."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web

from bot.errors import StartError


@asynccontextmanager
async def listen(application: web.Application, host: str, port: int, *, settings: str) -> AsyncIterator[None]:
    """Serve on `host:port`, and keep no log of who asked for what: an address may be a secret.

    Raises StartError when somebody else listens there; `settings` names where another address is chosen.
    """
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    try:
        try:
            await web.TCPSite(runner, host, port).start()
        except OSError as error:
            raise StartError(
                f"Nothing can listen on {host}:{port} ({settings}): {error.strerror}. Choose another port."
            ) from error
        yield
    finally:
        await runner.cleanup()
