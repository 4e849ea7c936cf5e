"""`/healthz`: the process is alive."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web

from bot.errors import StartError


@asynccontextmanager
async def serve_health(host: str, port: int) -> AsyncIterator[None]:
    """Listen on `host:port`. Raises StartError when somebody else does."""
    application = web.Application()
    application.router.add_get("/healthz", _healthz)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    try:
        try:
            await web.TCPSite(runner, host, port).start()
        except OSError as error:
            raise StartError(
                f"Nothing can listen on {host}:{port} (WEB_HOST, WEB_PORT): {error.strerror}. Choose another port."
            ) from error
        yield
    finally:
        await runner.cleanup()


async def _healthz(_request: web.Request) -> web.Response:
    return web.Response(text="ok\n")
