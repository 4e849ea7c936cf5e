"""The wire of the page: who may open it, its files, people's REST requests, uploads, and one WebSocket per tab.

`/` the page, `/page/…` its files, `/page/api/v10/…` the REST routes for people, `/page/uploads` files for commands and
forms, `/page/socket` everything live (see `browser`).
"""

from collections.abc import Collection
from ipaddress import ip_address
from pathlib import Path
from typing import Self

from aiohttp import web
from yarl import URL

from sandbox import model
from sandbox.api import INVALID_JSON, Request
from sandbox.door import read_body, to_aiohttp
from sandbox.errors import ApiError, Refused
from sandbox.files import Upload
from sandbox.replies import File
from sandbox.server import Sandbox
from sandbox.web.browser import Browser
from sandbox.web.panel import Panel
from sandbox.web.uploads import Uploads

FILES = Path(__file__).parent / "page"
_REST = "/page/api/v10"
_KINDS = {".html": "text/html", ".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}


def _is_own(origin: str | None, host: str) -> bool:
    """Whether a request comes from the page itself; without the header it comes from no page at all."""
    try:
        return origin is None or URL(origin).authority == host
    except ValueError:
        return False


class Page:
    """`async with Page(sandbox) as page:` opens the door until the block ends.

    panel: what can be done behind the scenes; None hides it. hosts: names besides loopback under which it answers.
    """

    def __init__(self, sandbox: Sandbox, *, panel: Panel | None = None, hosts: Collection[str] = ()) -> None:
        self.sandbox = sandbox
        self.panel = panel
        self.uploads = Uploads(sandbox.world.limits.attachment_bytes)
        self._hosts = {host.lower() for host in hosts}
        self._browsers: set[Browser] = set()
        self._notice = "The bot is starting, and the server gets a past. Watch it happen." if panel else ""
        self._files = {path.name: (path.read_bytes(), _KINDS[path.suffix]) for path in sorted(FILES.iterdir())}

    async def __aenter__(self) -> Self:
        self.sandbox.page = self._handle
        self.sandbox.watch(self._changed)
        if self.panel is not None:
            self.panel.stage.bot.on_change = self._changed
        return self

    async def __aexit__(self, *_: object) -> None:
        self.sandbox.page = None
        self.sandbox.unwatch(self._changed)
        for browser in list(self._browsers):
            await browser.close()

    @property
    def notice(self) -> str:
        """A sentence above the chat; empty for none."""
        return self._notice

    @notice.setter
    def notice(self, sentence: str) -> None:
        self._notice = sentence
        for browser in self._browsers:
            browser.tell_notice(sentence)

    def _changed(self) -> None:
        for browser in self._browsers:
            browser.panel_changed()

    # requests

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        if not self._is_welcome(request.host):
            return web.Response(
                status=403,
                text="This page answers on this machine only (localhost, 127.0.0.1). To open it under another name, "
                "start the demo with ALLOW_HOST=name.\n",
            )
        if not _is_own(request.headers.get("Origin"), request.host):
            return web.Response(status=403, text="Only this page itself may ask for that.\n")
        path = request.path
        if path == "/page/socket":
            return await self._serve(request)
        if path.startswith(f"{_REST}/"):
            return await self._rest(request, path.removeprefix(_REST))
        if path == "/page/uploads" and request.method == "POST":
            return await self._keep(request)
        return self._file("index.html" if path == "/" else path.removeprefix("/page/"))

    def _is_welcome(self, host: str) -> bool:
        """Whether the Host header names this machine: a name from elsewhere may be another site's, bent to loopback."""
        try:
            name = (URL(f"http://{host}").host or "").lower()
        except ValueError:
            return False
        if name in self._hosts or name == "localhost":
            return True
        try:
            return ip_address(name).is_loopback
        except ValueError:
            return False

    def _file(self, name: str) -> web.Response:
        found = self._files.get(name)
        if found is None:
            return web.Response(status=404, text="There is no such file.\n")
        body, kind = found
        return web.Response(body=body, content_type=kind, charset="utf-8", headers=self._headers)

    @property
    def _headers(self) -> dict[str, str]:
        """What the browser is to hold the page to: nothing from outside, nothing inline, no frame around it."""
        site = f" {self.panel.stage.site.url}" if self.panel is not None else ""
        policy = (
            "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
            f"img-src 'self' data:{site}; form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
        )
        return {
            "Content-Security-Policy": policy,
            "Cache-Control": "no-cache",
            "Referrer-Policy": "no-referrer",
            "X-Content-Type-Options": "nosniff",
        }

    async def _rest(self, raw: web.BaseRequest, path: str) -> web.StreamResponse:
        person = self._person(raw.headers.get("Authorization", ""))
        if person is None:
            return web.json_response({"message": "401: Unauthorized", "code": 0}, status=401)
        uploads: list[Upload] = []
        request = Request(raw.method, path, None, dict(raw.query), None, uploads)
        try:
            body, media = await read_body(raw, uploads, most_bytes=self.sandbox.most_bytes)
            request = request._replace(body=body, media=media)
        except ApiError as error:
            return web.json_response(error.body(), status=error.status)
        except ValueError:
            return web.json_response(INVALID_JSON.body(), status=400)
        return to_aiohttp(self.sandbox.api.act_for(person, request))

    def _person(self, authorization: str) -> model.User | None:
        """Who is acted as: any person of the world, since the page belongs to whoever sits at this machine."""
        kind, _, person_id = authorization.partition(" ")
        if kind != "Person" or not person_id.isdigit():
            return None
        found = self.sandbox.world.users.get(int(person_id))
        return None if found is None or found.bot else found

    async def _keep(self, request: web.BaseRequest) -> web.Response:
        try:
            data = await request.content.read(self.uploads.most_bytes + 1)
            while not request.content.at_eof() and len(data) <= self.uploads.most_bytes:
                data += await request.content.read(self.uploads.most_bytes + 1 - len(data))
            token = self.uploads.keep(File(request.query.get("name") or "file", data))
        except Refused as error:
            return web.json_response({"message": str(error)}, status=413)
        return web.json_response({"upload": token})

    async def _serve(self, request: web.BaseRequest) -> web.StreamResponse:
        browser = Browser(self.sandbox, panel=self.panel, uploads=self.uploads, notice=self._notice)
        self._browsers.add(browser)
        try:
            return await browser.serve(request)
        finally:
            self._browsers.discard(browser)
