"""A story's history, written down while it happens at Discord's side, with the database as it is at the end."""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from sqlalchemy import select

from bot.chat.marks import message_mark
from bot.store import Store
from bot.store.tables import metadata
from sandbox import Sandbox
from sandbox.api import Seen
from sandbox.components import buttons_of, text_of
from sandbox.events import Event
from sandbox.model import Interaction, Message

Row = Mapping[str, Any]

_HEARD, _UPDATE = 6, 7
"""Of answers to a press: it says nothing, or the message that was pressed shows something else."""
_NONCE = 25
_KEYS = re.compile(rf"[a-z2-7]{{{_NONCE},}}")


@dataclass(frozen=True, slots=True)
class State:
    """What a message showed from a moment on; `ids` are those of its components, `raw` all that they hold."""

    at: float
    text: str
    ids: frozenset[int] = frozenset()
    raw: str = ""
    labels: tuple[str, ...] = ()


@dataclass(slots=True)
class Told:
    """A message of the bot, from its first state to its last; times in seconds by Discord's clock."""

    message_id: int
    guild_id: int | None
    channel_id: int
    at: float
    is_private: bool = False
    roles_pinged: tuple[int, ...] = ()
    states: list[State] = field(default_factory=list)
    deleted_at: float | None = None
    has_thread: bool = False

    @property
    def now(self) -> State:
        return self.states[-1]


@dataclass(slots=True)
class Pressed:
    """What a person did, in their order; `answer` is what they were told, None where no answer came in time.

    name: of a command with its slash, of a component its custom id.
    """

    interaction_id: int
    guild_id: int | None
    member_id: int
    name: str
    answer: str | None = None
    is_private: bool = True


@dataclass
class History:
    """All of it. `database` holds the rows of each table; empty before the story is over.

    published: titles of the issues that were to be announced. is_settled: time passed until nothing was due any more.
    was_put_back: the bot's clock once said less than before.
    """

    messages: dict[int, Told] = field(default_factory=dict)
    presses: list[Pressed] = field(default_factory=list)
    requests: list[Seen] = field(default_factory=list)
    refused_by_limits: int = 0
    database: dict[str, Sequence[Row]] = field(default_factory=dict)
    published: tuple[str, ...] = ()
    is_settled: bool = False
    was_put_back: bool = False

    def rows(self, table: str) -> Sequence[Row]:
        return self.database.get(table, ())

    def public(self) -> Iterator[Told]:
        """What everybody in a channel sees."""
        return (told for told in self.messages.values() if not told.is_private and told.guild_id is not None)

    def made_by(self, delivery_key: str) -> list[Told]:
        """The messages that a delivery made: they carry its marks, or the beginning of its key."""
        first, second = message_mark(delivery_key)
        by_key = self._by_key
        found = {told.message_id: told for told in by_key.get(delivery_key[:_NONCE], ())}
        for told in by_key.get(first, ()):
            if any(second in state.ids for state in told.states):
                found[told.message_id] = told
        return list(found.values())

    @cached_property
    def _by_key(self) -> Mapping[str | int, list[Told]]:
        found: dict[str | int, list[Told]] = defaultdict(list)
        for told in self.messages.values():
            if told.is_private:
                continue
            keys: set[str | int] = set()
            for state in told.states:
                keys |= state.ids
                for run in _KEYS.findall(state.raw):
                    keys |= {run[start : start + _NONCE] for start in range(len(run) - _NONCE + 1)}
            for key in keys:
                found[key].append(told)
        return found


@dataclass(slots=True)
class _Seen:
    """A message, and all that it ever showed; put into words when the story is over, which costs nothing meanwhile."""

    message: Message
    shown: list[tuple[float, str, list[Any], list[Any]]]
    deleted_at: float | None = None

    def told(self) -> Told:
        message, guild = self.message, self.message.channel.guild
        states = [
            State(
                at,
                "\n".join(text_of(content, embeds, components)),
                frozenset(_ids_of(components)),
                f"{content}{embeds}{components}",
                tuple(button.get("label", "") for button in buttons_of(components)),
            )
            for at, content, embeds, components in self.shown
        ]
        return Told(
            message.id,
            guild.id if guild else None,
            message.channel.id,
            message.created_at,
            is_private=message.ephemeral,
            roles_pinged=tuple(message.mention_roles),
            states=states,
            deleted_at=self.deleted_at,
            has_thread=message.thread is not None,
        )


class Recorder:
    """Writes down what the sandbox's world tells; `end` reads the database."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._world = sandbox.world
        self._sandbox = sandbox
        self._seen: dict[int, _Seen] = {}
        self._interactions: list[Interaction] = []
        self._changed: dict[int, str] = {}
        self.history = History()

    def heard(self, event: Event) -> None:
        name, message, world = event.name, event.message, self._world
        if name == "INTERACTION_CREATE":
            one = next(reversed(world.interactions.values()))
            self._interactions.append(one)
            if one.message is not None and one.settled is not None:
                one.settled.add_done_callback(lambda _: self._answered(one))
        elif message is None or message.author is not world.bot:
            return
        elif name.endswith("MESSAGE_DELETE"):
            if message.id in self._seen:
                self._seen[message.id].deleted_at = world.clock()
        elif name.endswith(("MESSAGE_CREATE", "MESSAGE_UPDATE")):
            state = (world.clock(), message.content, message.embeds, message.components)
            seen = self._seen.get(message.id)
            if seen is None:
                self._seen[message.id] = _Seen(message, [state])
            elif seen.shown[-1][1:] != state[1:]:
                seen.shown.append(state)

    def _answered(self, one: Interaction) -> None:
        """Write down what the message that was pressed shows in answer: later others may change it, too."""
        if one.callback_type == _UPDATE and one.response is not None:
            self._changed[one.id] = one.response.text

    def _press(self, one: Interaction) -> Pressed:
        guild = one.channel.guild
        name = str(one.data.get("custom_id") or one.name)
        press = Pressed(one.id, guild.id if guild else None, one.user.id, name)
        first = None if one.failed or one.callback_type == _HEARD else one.response
        shown = [] if first is None or first.is_loading else [first]
        if shown or one.followups:
            texts = [self._changed.get(one.id, each.text) for each in shown] + [each.text for each in one.followups]
            press.answer = "\n".join(texts)
            press.is_private = all(each.ephemeral for each in [*shown, *one.followups])
        return press

    async def end(self, database_url: str) -> History:
        """The history, with the database as it is now."""
        history, sandbox = self.history, self._sandbox
        history.messages = {message_id: seen.told() for message_id, seen in self._seen.items()}
        history.presses = [self._press(one) for one in self._interactions]
        history.requests = list(sandbox.requests)
        assert len(history.requests) < (sandbox.requests.maxlen or 0), "the sandbox forgets requests"
        history.refused_by_limits = len(sandbox.rate_limited())
        async with await Store.open(database_url) as store, store.read() as transaction:
            for name, table in metadata.tables.items():
                found = await transaction.execute(select(table))
                history.database[name] = [row._asdict() for row in found]
        return history


@contextmanager
def recording(sandbox: Sandbox) -> Iterator[Recorder]:
    """Write down what happens in this world until the block ends."""
    recorder = Recorder(sandbox)
    sandbox.world.listen(recorder.heard)
    try:
        yield recorder
    finally:
        sandbox.world.unlisten(recorder.heard)


def _ids_of(components: Sequence[Mapping[str, Any]]) -> Iterator[int]:
    for component in components:
        if isinstance(component.get("id"), int):
            yield component["id"]
        yield from _ids_of(component.get("components") or ())
        accessory = component.get("accessory")
        if accessory:
            yield from _ids_of([accessory])
