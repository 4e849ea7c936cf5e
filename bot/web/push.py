"""`POST /hooks/…`: where platforms call, on a listener that a reverse proxy may show to the internet; hubs, too."""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web

from bot.errors import NotFoundError, RefusedError, StoreError
from bot.services.reading.push import Push
from bot.services.reading.websub import WebSub
from bot.web.listening import listen, pieces_of
from bot.web.websub import add_hub_routes

log = logging.getLogger(__name__)

MOST_BYTES = 16 * 1024 * 1024
"""Of a signed call: platforms and hubs send whole issues along, of which nothing is used but that they came."""

BODY_SECONDS = 10.0
"""A call that is only half sent is ended by then, whether its body is read or not."""


@asynccontextmanager
async def serve_push(
    host: str, port: int, *, push: Push, websub: WebSub, body_seconds: float = BODY_SECONDS
) -> AsyncIterator[None]:
    """Listen on `host:port`. Raises StartError when somebody else does.

    body_seconds: half is for reading a body, half for letting pass what is left of it.
    """

    async def called(request: web.Request) -> web.Response:
        try:
            body = pieces_of(request, most_bytes=MOST_BYTES, seconds=body_seconds / 2)
            await push.take(request.match_info["token"], request.headers, body)
        except NotFoundError:
            # Whoever still calls may forget the address: after 404, Ghost would go on for ever.
            return web.Response(status=410, text="Nobody listens here.\n")
        except RefusedError as error:
            log.warning("push refused reason=%s", error.message_id)
            return web.Response(status=403, text="That call is not signed as it must be, is too old, or came before.\n")
        except StoreError:
            log.exception("push not stored")
            return web.Response(status=503, text="Not now; please call again.\n")
        return web.Response(status=202)

    application = web.Application()
    application.router.add_post("/hooks/{token:[A-Za-z0-9_-]{43}}", called)
    add_hub_routes(application, websub, most_bytes=MOST_BYTES, body_seconds=body_seconds / 2)
    async with listen(application, host, port, settings="PUSH_HOST, PUSH_PORT", patience_seconds=body_seconds / 2):
        yield
