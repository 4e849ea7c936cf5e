"""People for tests and the demo: they see, type, press and choose what Discord's client would let them.

Every awaitable ends when the bot has answered. What the client would not allow raises `Refused`.
"""

import asyncio
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sandbox import components as parts
from sandbox import interactions, model, permissions, posting, threads
from sandbox.choosing import GROUP, SUBCOMMAND, Chooser, parse
from sandbox.errors import NothingHappened, Refused
from sandbox.files import Upload
from sandbox.replies import File, Modal, Reply
from sandbox.sight import Sight

if TYPE_CHECKING:
    from sandbox.server import Sandbox

Json = dict[str, Any]

__all__ = ["File", "Modal", "Person", "Reply"]

DEADLINE_SECONDS = 30.0
"""How long a deferred answer may take in a test before the wait ends with `NothingHappened`."""


class Person(Sight):
    """One member of a server, acting through Discord's client.

    is_patient: wait the three seconds for an answer, as people do, even where no bot is there to give one.
    """

    def __init__(self, sandbox: "Sandbox", member: model.Member, *, is_patient: bool = False) -> None:
        super().__init__(member, sandbox.world)
        self.sandbox = sandbox
        self.is_patient = is_patient

    # speaking

    async def say(
        self,
        channel: model.Channel | str,
        text: str = "",
        *,
        files: Sequence[File] = (),
        reply_to: model.Message | None = None,
    ) -> model.Message:
        """Post a message as this person."""
        where = self.channel(channel)
        body: Json = {"content": text}
        if reply_to is not None:
            body["message_reference"] = {"message_id": str(reply_to.id)}
        uploads = [Upload(str(number), file.name, file.data) for number, file in enumerate(files)]
        return posting.create(self.world, where, self.member.user, body, uploads)

    async def write_direct(self, text: str) -> model.Message:
        """Post to the direct channel with the bot."""
        return await self.say(self.world.direct(self.member.user), text)

    async def post(
        self, forum: model.Channel | str, title: str, text: str = "", *, tags: Sequence[str] = ()
    ) -> model.Channel:
        """Open a forum post as this person, with tags by their names; the post is a thread."""
        where = self.channel(forum)
        known = {tag.name: tag.id for tag in where.tags}
        if not known.keys() >= set(tags):
            raise Refused(f"#{where.name} has no tag {sorted(set(tags) - known.keys())}; it has {sorted(known)}")
        body: Json = {"name": title, "message": {"content": text}, "applied_tags": [known[tag] for tag in tags]}
        return threads.in_forum(self.world, where, self.member.user, body, [])[0]

    async def delete(self, message: model.Message) -> None:
        if message.author.id != self.id:
            granted = permissions.in_channel(self.member, message.channel)
            if not granted & permissions.MANAGE_MESSAGES:
                raise Refused(f"{self.name} may not delete messages of {message.author.name}")
        posting.delete(self.world, message)

    # commands

    async def slash(self, text: str, /, *, in_channel: model.Channel | str | None = None, **options: Any) -> Reply:
        """Use a slash command: `slash("/issue show", title="Is AI")` or `slash("/issue show title:Is AI")`.

        Without `in_channel` in the first text channel where this person may write.
        """
        where = self.here(in_channel)
        command, path, specs, rest = self.find(text, where)
        given = {**parse(rest, specs, path), **options}
        chooser = Chooser(self.world, self.guild, where)
        data = self._command_data(command, path, chooser.options(specs, given, path), chooser.found)
        return await self._act(interactions.COMMAND, where, data, name="/" + " ".join(path))

    def _command_data(self, command: model.Command, path: list[str], options: list[Json], found: list[Any]) -> Json:
        for depth in range(len(path) - 1, 0, -1):
            kind = GROUP if depth == 1 and len(path) == 3 else SUBCOMMAND
            options = [{"name": path[depth], "type": kind, "options": options}]
        data: Json = {"id": str(command.id), "name": command.name, "type": command.type, "options": options}
        if command.guild_id is not None:
            data["guild_id"] = str(command.guild_id)
        if found:
            data["resolved"] = interactions.resolved(self.world, self.guild, found)
        return data

    async def autocomplete(
        self,
        text: str,
        /,
        *,
        in_channel: model.Channel | str | None = None,
        focus_on: str | None = None,
        **options: Any,
    ) -> list[Json]:
        """The choices offered while typing; the last option given (or `focus_on`) is the one being typed."""
        where = self.here(in_channel)
        command, path, specs, rest = self.find(text, where)
        given = {**parse(rest, specs, path), **options}
        focused = focus_on or next(reversed(given), None)
        spec = next((one for one in specs if one["name"] == focused), None)
        if spec is None or not spec.get("autocomplete"):
            raise Refused(f"/{' '.join(path)} has no autocomplete for {focused!r}")
        chooser = Chooser(self.world, self.guild, where)
        data = chooser.options(specs, given, path, focused=focused)
        body = self._command_data(command, path, data, chooser.found)
        reply = await self._act(interactions.AUTOCOMPLETE, where, body, name=f"/{' '.join(path)} {focused}:")
        if reply.failed:
            raise NothingHappened(f"no choices came for {reply.interaction.name!r}; {self.sandbox.report()}")
        return reply.choices

    async def menu(self, name: str, target: "model.Message | Person") -> Reply:
        """Use a context menu on a message or on a person."""
        where = target.channel if isinstance(target, model.Message) else self.here(None)
        if isinstance(target, model.Message):
            self._must_see(target)
        kind = 3 if isinstance(target, model.Message) else 2
        command = next((one for one in self.visible(where) if one.name == name and one.type == kind), None)
        if command is None:
            raise Refused(f"{self.name} sees no menu {name!r} in #{where.name}")
        thing: Any = target if isinstance(target, model.Message) else target.member
        data = self._command_data(command, [command.name], [], [thing]) | {"target_id": str(thing.id)}
        del data["options"]
        return await self._act(interactions.COMMAND, where, data, name=name)

    # components

    async def click(self, message: model.Message, wanted: str) -> Reply:
        """Press the button with that label or custom_id."""
        self._must_see(message)
        button = parts.find(message.components, wanted, (parts.BUTTON,))
        if button is None:
            raise Refused(f"no button {wanted!r}; there are {message.labels}")
        if button.get("disabled"):
            raise Refused(f"the button {wanted!r} is disabled")
        if button.get("url"):
            raise Refused(f"the button {wanted!r} is a link to {button['url']}")
        data = {"custom_id": button["custom_id"], "component_type": parts.BUTTON, "id": button["id"]}
        return await self._act(interactions.COMPONENT, message.channel, data, message=message, name=f"[{wanted}]")

    async def select(self, message: model.Message, wanted: str, values: Sequence[Any]) -> Reply:
        """Choose in the select menu with that placeholder or custom_id; options by label or value."""
        self._must_see(message)
        menu = parts.find(message.components, wanted, parts.SELECTS)
        if menu is None:
            shown = [one.get("placeholder") or one["custom_id"] for one in message.selects]
            raise Refused(f"no menu {wanted!r}; there are {shown}")
        if menu.get("disabled"):
            raise Refused(f"the menu {wanted!r} is disabled")
        chooser = Chooser(self.world, self.guild, message.channel)
        data: Json = {
            "custom_id": menu["custom_id"],
            "component_type": menu["type"],
            "id": menu["id"],
            "values": chooser.choose(menu, values, wanted),
        }
        if menu["type"] != 3:
            data["resolved"] = interactions.resolved(self.world, self.guild, chooser.found)
        return await self._act(interactions.COMPONENT, message.channel, data, message=message, name=f"[{wanted}]")

    async def submit(self, modal: "Modal | Reply", values: Mapping[str, Any] | None = None) -> Reply:
        """Fill in a form by label or custom_id and send it; what is not named keeps its preset."""
        form = modal.modal if isinstance(modal, Reply) else modal
        given = dict(values or {})
        cause = form.interaction
        chooser = Chooser(self.world, self.guild, cause.channel)
        body = [chooser.fill(component, given) for component in form.body["components"]]
        if given:
            raise Refused(f"the form {form.title!r} has no field {sorted(given)}; it has {list(form.fields)}")
        data: Json = {"custom_id": form.custom_id, "components": body}
        if chooser.found:
            data["resolved"] = interactions.resolved(self.world, self.guild, chooser.found)
        return await self._act(
            interactions.MODAL_SUBMIT, cause.channel, data, message=cause.message, cause=cause, name=form.title
        )

    def _must_see(self, message: model.Message) -> None:
        if message.deleted:
            raise Refused("the message was deleted")
        if not self.can_see(message.channel):
            raise Refused(f"{self.name} cannot see #{message.channel.name}")
        if message.only_for not in (None, self.id):
            raise Refused(f"the message is not shown to {self.name}")

    # the wait

    async def _act(
        self,
        kind: int,
        where: model.Channel,
        data: Json,
        *,
        message: model.Message | None = None,
        cause: model.Interaction | None = None,
        name: str = "",
    ) -> Reply:
        one = interactions.start(
            self.world, kind, self.member.user, where, data, message=message, cause=cause, name=name
        )
        if not self.is_patient and not self.sandbox.gateway.is_within_reach:
            self.world.deadlines.expire(one)
        if one.settled is not None:
            await one.settled  # ends in any case, when the time for an answer is over
        if one.settled is None:
            return Reply(one)
        try:
            async with asyncio.timeout(DEADLINE_SECONDS):
                await one.settled
        except TimeoutError:
            raise NothingHappened(
                f"{name!r} was deferred and never completed within {DEADLINE_SECONDS} s; {self.sandbox.report()}"
            ) from None
        return Reply(one)
