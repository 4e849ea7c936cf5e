"""`/websub/…`: where hubs call, first to see that a lease was meant, then whenever there is something new."""

import logging

from aiohttp import web

from bot.errors import NotFoundError, StoreError
from bot.services.reading.websub import WebSub
from bot.web.listening import pieces_of

log = logging.getLogger(__name__)

_PATH = "/websub/{token:[A-Za-z0-9_-]{43}}"
_LONGEST_CHALLENGE = 2_000


def add_hub_routes(application: web.Application, websub: WebSub, *, most_bytes: int, body_seconds: float) -> None:
    """Let hubs call at this application."""

    async def asked(request: web.Request) -> web.Response:
        given = request.query
        challenge = given.get("hub.challenge", "")
        mode = given.get("hub.mode", "")
        if len(challenge) > _LONGEST_CHALLENGE or not (challenge or mode == "denied"):
            return web.Response(status=400, text="That is no question of a hub.\n")
        try:
            await websub.confirm(
                request.match_info["token"],
                mode=mode,
                topic=given.get("hub.topic", ""),
                lease_seconds=given.get("hub.lease_seconds", ""),
            )
        except NotFoundError:
            return web.Response(status=404, text="That was not asked for.\n")
        except StoreError:
            log.exception("hub not confirmed")
            return web.Response(status=503, text="Not now; please call again.\n")
        # As plain text of an own kind: what somebody else wrote must not become a page of this host.
        return web.Response(text=challenge, headers={"X-Content-Type-Options": "nosniff"})

    async def told(request: web.Request) -> web.Response:
        try:
            body = pieces_of(request, most_bytes=most_bytes, seconds=body_seconds)
            await websub.take(request.match_info["token"], request.headers.get("X-Hub-Signature"), body)
        except NotFoundError:
            return web.Response(status=410, text="Nobody listens here any more.\n")
        except StoreError:
            log.exception("hub call not stored")
            return web.Response(status=503, text="Not now; please call again.\n")
        return web.Response(status=202)

    application.router.add_get(_PATH, asked)
    application.router.add_post(_PATH, told)
