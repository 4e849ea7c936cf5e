"""One tab: what it asks for, what it is told, and whom it acts as.

The tab sends `{"n": 7, "ask": "press", …}` and gets `{"n": 7, "answer": …}` or `{"n": 7, "error": "a sentence"}`.
Unasked it is told `{"tell": "server" | "message" | "gone" | "panel" | "notice", …}`.
"""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable
from typing import Any

import orjson
from aiohttp import WSMsgType, web

from sandbox import model, permissions
from sandbox.driver import Person, Reply
from sandbox.errors import ApiError, NothingHappened, Refused
from sandbox.events import Event
from sandbox.replies import Modal
from sandbox.server import Sandbox
from sandbox.web import views
from sandbox.web.panel import Panel
from sandbox.web.uploads import Uploads

Json = dict[str, Any]

_log = logging.getLogger(__name__)

WINDOW = 50
"""How many messages a channel opens with; older ones come by REST."""
MOST_WAITING = 2000
"""A tab that is so many messages behind is cut off; it comes back and sees everything anew."""
MOST_FORMS = 20
_PANEL_SECONDS = 0.25
_SPOKEN = ("MESSAGE_CREATE", "MESSAGE_UPDATE")
_UNHEARD = ("TYPING_START", "INTERACTION_CREATE", "INTERACTION_ANSWERED", "INTERACTION_FAILED")


class Browser:
    """The server's end of one tab."""

    def __init__(self, sandbox: Sandbox, *, panel: Panel | None, uploads: Uploads, notice: str) -> None:
        self.sandbox = sandbox
        self.panel = panel
        self.uploads = uploads
        self._notice = notice
        self._person: Person | None = None
        self._forms: dict[str, Modal] = {}
        self._socket = web.WebSocketResponse(max_msg_size=1 << 20, heartbeat=20, timeout=1.0)
        self._transport: asyncio.Transport | None = None
        self._waiting: asyncio.Queue[bytes] = asyncio.Queue(MOST_WAITING)
        self._server_is_stale = self._panel_is_stale = False
        self._under_way: set[asyncio.Task[None]] = set()
        self._asks: dict[str, Callable[..., Awaitable[Any]]] = {
            "act_as": self._act_as,
            "open": self._open,
            "window": self._window,
            "commands": self._commands,
            "slash": self._slash,
            "autocomplete": self._autocomplete,
            "menu": self._menu,
            "press": self._press,
            "choose": self._choose,
            "submit": self._submit,
            "integrations": self._integrations,
            "permit": self._permit,
            "panel": self._panel,
        }

    async def serve(self, request: web.BaseRequest) -> web.StreamResponse:
        """From the tab's hello until it goes."""
        socket = self._socket
        await socket.prepare(request)
        self._transport = request.transport
        self.sandbox.world.listen(self._heard)
        writing = asyncio.create_task(self._write())
        try:
            async for message in socket:
                if message.type is WSMsgType.TEXT:
                    # Each on its own: an answer that takes three seconds must not hold up the next press.
                    task = asyncio.create_task(self._answer(message.data))
                    self._under_way.add(task)
                    task.add_done_callback(self._under_way.discard)
        finally:
            self.sandbox.world.unlisten(self._heard)
            for task in (writing, *self._under_way):
                task.cancel()
        return socket

    async def close(self) -> None:
        await self._socket.close()

    # telling

    def tell_notice(self, sentence: str) -> None:
        self._notice = sentence
        self._tell("notice", sentence=sentence)

    def panel_changed(self) -> None:
        """Tell the panel's state soon, once for all changes until then."""
        if self.panel is not None and not self._panel_is_stale:
            self._panel_is_stale = True
            asyncio.get_running_loop().call_later(_PANEL_SECONDS, self._tell_panel)

    def _tell_panel(self) -> None:
        self._panel_is_stale = False
        if self.panel is not None:
            self._tell("panel", panel=self.panel.show())

    def _heard(self, event: Event) -> None:
        person = self._person
        if person is None or event.name in _UNHEARD:
            return
        message, where = event.message, event.channel
        if message is None or where is None:
            if not self._server_is_stale:
                self._server_is_stale = True
                asyncio.get_running_loop().call_soon(self._tell_server)
        elif message.only_for in (None, person.id) and person.can_see(where):
            self._tell_of_message(person, event.name, where, message)

    def _tell_of_message(self, person: Person, name: str, where: model.Channel, message: model.Message) -> None:
        here = str(where.id)
        if name.endswith("MESSAGE_DELETE"):
            self._tell("gone", channel=here, id=str(message.id))
        elif name.endswith(_SPOKEN):
            is_new = name.endswith("MESSAGE_CREATE")
            self._tell("message", channel=here, view=views.message(person, message), new=is_new)
        starter = where.parent.messages.get(where.id) if where.thread is not None and where.parent else None
        if starter is not None and where.parent is not None:  # its line about the thread counts messages
            self._tell("message", channel=str(where.parent.id), view=views.message(person, starter), new=False)
        thread = message.thread
        first = next(iter(thread.messages.values()), None) if thread is not None else None
        if thread is not None and first is not None and views.starts_with(first, message):
            self._tell("message", channel=str(thread.id), view=views.message(person, first), new=False)

    def _tell_server(self) -> None:
        self._server_is_stale = False
        if self._person is not None:
            self._tell("server", server=self._server(self._person))

    def _server(self, person: Person) -> Json:
        site = self.panel.stage.site.url if self.panel is not None else None
        return views.server(person, origin=self.sandbox.origin, site=site)

    def _tell(self, what: str, **more: Any) -> None:
        self._send({"tell": what, **more})

    def _send(self, body: Json) -> None:
        try:
            self._waiting.put_nowait(orjson.dumps(body))
        except asyncio.QueueFull:
            if self._transport is not None:
                self._transport.abort()

    async def _write(self) -> None:
        with contextlib.suppress(ConnectionError):
            while True:
                await self._socket.send_str((await self._waiting.get()).decode())

    # answering

    async def _answer(self, text: str) -> None:
        try:
            asked = orjson.loads(text)
            number, name = asked.pop("n"), asked.pop("ask")
            act = self._asks[name]
        except (ValueError, KeyError, AttributeError, TypeError):
            self._send({"n": None, "error": "The page asked for something unknown. Reload it."})
            return
        try:
            self._send({"n": number, "answer": await act(**asked)})
        except NothingHappened:
            # Deferred and never completed: to a person the same as no answer.
            self._send({"n": number, "answer": {"failed": True}})
        except Refused as error:
            self._send({"n": number, "error": str(error)})
        except ApiError as error:
            self._send({"n": number, "error": error.sentence})
        except (LookupError, TypeError, ValueError, AttributeError):
            _log.exception("a tab asked for %s", name)
            self._send({"n": number, "error": "That no longer exists, or the page is out of date. Reload it."})

    @property
    def _me(self) -> Person:
        if self._person is None:
            raise Refused("Choose first whom you act as.")
        return self._person

    async def _act_as(self, person: str | None = None) -> Json:
        """Become that person (by id; without one, the first that is no staff), and see the server with their eyes."""
        guild = next(iter(self.sandbox.world.guilds.values()))
        member = guild.members.get(int(person)) if person else None
        if member is None or member.user.bot:
            member = next(one for one in guild.members.values() if not one.user.bot and not one.roles)
        self._person = Person(self.sandbox, member, is_patient=True)
        self._forms.clear()
        return {
            "server": self._server(self._person),
            "panel": self.panel.show() if self.panel is not None else None,
            "notice": self._notice,
        }

    def _channel(self, channel: str) -> model.Channel:
        me, where = self._me, self.sandbox.world.channel(int(channel))
        if where is None or not me.can_see(where):
            raise Refused("You cannot see that channel.")
        return where

    def _message(self, channel: str, message: str) -> model.Message:
        found = self._channel(channel).message(int(message))
        if found is None or found.only_for not in (None, self._me.id):
            raise Refused("That message no longer exists.")
        return found

    async def _open(self, channel: str) -> Json:
        seen = self._me.see(self._channel(channel))
        return self._part(seen[-WINDOW:], is_all=len(seen) <= WINDOW)

    async def _window(self, channel: str, before: str | None = None, after: str | None = None) -> Json:
        """The messages next to one that is known; `is_all` says that there are none beyond."""
        seen = self._me.see(self._channel(channel))
        if before is not None:
            older = [one for one in seen if one.id < int(before)]
            return self._part(older[-WINDOW:], is_all=len(older) <= WINDOW)
        newer = [one for one in seen if one.id > int(after or 0)]
        return self._part(newer[:WINDOW], is_all=len(newer) <= WINDOW)

    def _part(self, messages: list[model.Message], *, is_all: bool) -> Json:
        return {"messages": [views.message(self._me, one) for one in messages], "is_all": is_all}

    async def _commands(self, channel: str) -> Json:
        return views.commands(self._me, self._channel(channel))

    def _with_files(self, given: Json) -> Json:
        """The values, with each `{"uploads": [tokens]}` replaced by the files behind them."""
        filled: Json = {}
        for name, value in given.items():
            if isinstance(value, dict):
                files = [self.uploads.take(token) for token in value["uploads"]]
                filled[name] = files if value.get("several") else files[0]
            else:
                filled[name] = value
        return filled

    async def _slash(self, channel: str, path: str, options: Json) -> Json:
        me, where, given = self._me, self._channel(channel), self._with_files(options)
        return self._outcome(me, await me.slash(f"/{path}", in_channel=where, **given))

    async def _autocomplete(self, channel: str, path: str, options: Json, focus: str) -> list[Json]:
        where = self._channel(channel)
        return await self._me.autocomplete(f"/{path}", in_channel=where, focus_on=focus, **options)

    async def _menu(self, channel: str, message: str, name: str) -> Json:
        me = self._me
        return self._outcome(me, await me.menu(name, self._message(channel, message)))

    async def _press(self, channel: str, message: str, custom_id: str) -> Json:
        me = self._me
        return self._outcome(me, await me.click(self._message(channel, message), custom_id))

    async def _choose(self, channel: str, message: str, custom_id: str, values: list[str]) -> Json:
        me = self._me
        return self._outcome(me, await me.select(self._message(channel, message), custom_id, values))

    async def _submit(self, form: str, values: Json) -> Json:
        modal = self._forms.get(form)
        if modal is None:
            raise Refused("This form is closed; open it again.")
        me = self._me
        outcome = self._outcome(me, await me.submit(modal, self._with_files(values)))
        if not outcome["failed"]:
            self._forms.pop(form, None)
        return outcome

    def _outcome(self, actor: Person, reply: Reply) -> Json:
        """Whether an answer came, and the form if it was one; messages come by themselves.

        Who has become somebody else meanwhile gets no form: it was opened for another person.
        """
        outcome: Json = {"failed": reply.failed}
        if reply.type == "modal" and actor is self._person:
            form = reply.modal
            key = str(form.interaction.id)
            self._forms[key] = form
            if len(self._forms) > MOST_FORMS:
                del self._forms[next(iter(self._forms))]
            outcome["form"] = {"id": key, **form.body}
        return outcome

    def _managed(self) -> model.Guild:
        """The server, for who may manage it. Raises Refused for others."""
        if not permissions.in_guild(self._me.member) & permissions.MANAGE_GUILD:
            raise Refused("Only people who manage the server can change its integrations.")
        return self._me.guild

    async def _integrations(self) -> list[Json]:
        return views.integrations(self._managed(), self.sandbox.world)

    async def _permit(self, command: str, role: str, allowed: bool | None) -> None:  # noqa: FBT001  (a tab's own words)
        """Offer a command to a role, or not; None leaves it to the bot's default. What else was decided stays."""
        guild = self._managed()
        name = command.removeprefix("/")
        self.sandbox.world.permit_role(guild, name, guild.roles[int(role)], allowed=allowed)

    async def _panel(self, act: str, given: Json) -> Json:
        if self.panel is None:
            raise Refused("There is no panel here.")
        sentence = await self.panel.act(act, given)
        return {"sentence": sentence, "panel": self.panel.show()}
