"""Listeners of the bot's own, each on its address and with its settings."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import cast

from aiohttp import web
from aiohttp.typedefs import Handler

from bot.errors import StartError
from bot.texts import text

_SHUTDOWN_SECONDS = 0.5


@asynccontextmanager
async def listen(
    application: web.Application, host: str, port: int, *, settings: str, patience_seconds: float = 10.0
) -> AsyncIterator[None]:
    """Serve on `host:port`, and keep no log of who asked for what: an address may be a secret.

    patience_seconds: after which a connection is closed that sent no whole head, or not all of a body that nobody
    reads. Raises StartError when somebody else listens there; `settings` names where another address is chosen.
    """
    loop, silent = asyncio.get_running_loop(), set[web.RequestHandler]()

    @web.middleware
    async def one_call_a_connection(request: web.Request, handler: Handler) -> web.StreamResponse:
        silent.discard(request.protocol)
        try:
            response = await handler(request)
        except web.HTTPException as error:
            error.force_close()
            raise
        response.force_close()
        return response

    def connection() -> web.RequestHandler:
        handler = server()
        silent.add(handler)
        loop.call_later(patience_seconds, give_up, handler)
        return handler

    def give_up(handler: web.RequestHandler) -> None:
        if handler in silent:
            silent.discard(handler)
            handler.force_close()

    application.middlewares.append(one_call_a_connection)
    # At a stop nobody waits for what has not been sent yet.
    runner = web.AppRunner(
        application, access_log=None, lingering_time=patience_seconds, shutdown_timeout=_SHUTDOWN_SECONDS
    )
    await runner.setup()
    server = cast(web.Server, runner.server)
    listening = None
    try:
        try:
            listening = await loop.create_server(connection, host, port)
        except OSError as error:
            reason = os.strerror(error.errno or 0)
            said = text("start-no-port", address=f"{host}:{port}", settings=settings, problem=reason)
            raise StartError(said) from error
        yield
    finally:
        if listening is not None:
            listening.close()
        await runner.cleanup()


async def pieces_of(request: web.Request, *, most_bytes: int, seconds: float) -> AsyncIterator[bytes]:
    """The body as it comes, none of it kept. Ends the call with 413 for a larger one, with 408 for half of one.

    One that says itself that it is larger is not waited for.
    """
    if (declared := request.content_length or 0) > most_bytes:
        raise web.HTTPRequestEntityTooLarge(max_size=most_bytes, actual_size=declared)
    loop, left = asyncio.get_running_loop(), most_bytes
    ends_at = loop.time() + seconds
    while True:
        try:
            async with asyncio.timeout_at(ends_at):
                piece = await request.content.readany()
        except TimeoutError:
            raise web.HTTPRequestTimeout from None
        if not piece:
            return
        left -= len(piece)
        if left < 0:
            raise web.HTTPRequestEntityTooLarge(max_size=most_bytes, actual_size=most_bytes - left)
        yield piece
