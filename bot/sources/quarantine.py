"""Feeds that may be made to harm, and pages, are understood in a process of their own, which can be ended.

A thread cannot be: a document that takes the parsers an hour, all memory or their lives would take the bot's with it.
Ordinary feeds stay in the bot's own process, where they are small enough to be understood in a few seconds whatever
is in them; starting another takes a fifth of a second.
"""

import asyncio
import os
import pickle
import signal
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from io import BytesIO
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any, Generic, TypeVar

from bot.bites import Bites
from bot.errors import UnreadableError
from bot.garbage import MANY_LINKS, living_kept
from bot.metrics import note_understood
from bot.model.issue import Issue
from bot.sources.places import ORDINARY_BYTES

T = TypeVar("T")

SECONDS = 10.0
_BYTES_PER_SECOND = 1_000_000  # of documents that the operator allows to be larger than ten seconds' worth
_MEMORY_BYTES = 1_000_000_000
_MEMORY_PER_BYTE = 60  # measured: 50 for ordinary documents
_DECLARATIONS = (b"<!ENTITY", b"<!ELEMENT", b"<!ATTLIST")
_DISGUISES = (b"\0", b"\x1b")  # of UTF-16 and ISO-2022, in which the words above are other bytes


@dataclass(frozen=True, slots=True)
class _Understood(Generic[T]):
    given: T
    seconds: float


@dataclass(frozen=True, slots=True)
class _Refused:
    message_id: str
    params: dict[str, str | int]
    seconds: float


def is_ordinary(content: bytes) -> bool:
    """The document is small and declares nothing that multiplies it or that parsers follow without end."""
    return len(content) <= ORDINARY_BYTES and not any(mark in content for mark in _DECLARATIONS + _DISGUISES)


async def read_apart(content: bytes, read: Callable[[], T]) -> T:
    """What `read` makes of this content, in another process; a cancellation ends that process.

    Raises UnreadableError as `read` does, and for a document that takes too long or ends the process.
    """
    return await apart(
        read,
        seconds=max(SECONDS, len(content) / _BYTES_PER_SECOND),
        memory_bytes=_MEMORY_BYTES + _MEMORY_PER_BYTE * len(content),
    )


async def apart(read: Callable[[], T], *, seconds: float, memory_bytes: int) -> T:
    """What `read` gives in a process of its own, which may take that long and that much.

    How long it takes is noted for whoever measures, also when it has to be ended.
    """
    ended, end = get_context("spawn").Pipe(duplex=False)
    began = time.monotonic()
    outcome: _Understood[T] | _Refused | None = None
    try:
        outcome = await asyncio.to_thread(_watch, read, ended, seconds=seconds, memory_bytes=memory_bytes)
    finally:
        end.close()  # a thread that still waits hears of it, ends the process, and does not keep the bot from stopping
        note_understood(time.monotonic() - began if outcome is None else outcome.seconds)
    if isinstance(outcome, _Refused):
        raise UnreadableError(outcome.message_id, **outcome.params)
    return outcome.given


def _watch(
    read: Callable[[], T], ended: Connection, *, seconds: float, memory_bytes: int
) -> "_Understood[T] | _Refused":
    """Let the other process do it, until it is done, its time is over, or nobody waits for it any more."""
    # not fork: the bot has threads, and a copy would hold all that the bot knows
    context = get_context("spawn")
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=_read_into, args=(sender, read, seconds, memory_bytes), daemon=True)
    try:
        process.start()
        sender.close()
        heard = wait([receiver, ended], seconds)
        if receiver not in heard:
            raise UnreadableError("unreadable-slow", seconds=f"{seconds:.3g}")
        outcome: _Understood[T] | _Refused = _received(receiver, ended)
    except (EOFError, BrokenPipeError, ConnectionResetError):
        raise UnreadableError("unreadable-crash") from None
    finally:
        receiver.close()
        ended.close()
        if process.pid is not None:
            process.kill()
            process.join()
            process.close()
    return outcome


def _read_into(sender: Connection, read: Callable[[], T], seconds: float, memory_bytes: int) -> None:
    """The other process: read the document and send what is in it, or the refusal."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the bot's to answer
    _bound_myself(seconds, memory_bytes)
    outcome: _Understood[T] | _Refused
    began = time.process_time()
    try:
        given = read()
        outcome = _Understood(given, time.process_time() - began)
    except UnreadableError as error:
        outcome = _Refused(error.message_id, error.params, time.process_time() - began)
    except (MemoryError, RecursionError):
        outcome = _Refused("unreadable-crash", {}, time.process_time() - began)
    _send(sender, outcome)


class _Packer(pickle.Pickler):
    """Sends each issue by itself: whoever unpacks 90,000 links at once lets nobody else do anything meanwhile."""

    def __init__(self, whole: BytesIO, sender: Connection) -> None:
        super().__init__(whole)
        self._sender = sender
        self._sent = 0

    def persistent_id(self, thing: object) -> int | None:
        if not isinstance(thing, Issue):
            return None
        self._sender.send(thing)
        self._sent += 1
        return self._sent - 1


class _Unpacker(pickle.Unpickler):
    def __init__(self, whole: bytes, issues: Sequence[Issue]) -> None:
        super().__init__(BytesIO(whole))
        self._issues = issues

    def persistent_load(self, number: int) -> Issue:
        return self._issues[number]


def _send(sender: Connection, outcome: object) -> None:
    """Send the issues, and after them, behind None, what holds them together."""
    whole = BytesIO()
    _Packer(whole, sender).dump(outcome)
    sender.send(None)
    sender.send_bytes(whole.getvalue())


def _received(receiver: Connection, ended: Connection) -> "_Understood[Any] | _Refused":
    """What was sent; raises EOFError when nobody waits for it any more."""
    issues: list[Issue] = []
    links = 0
    bites = Bites()
    with ExitStack() as stack:
        while (issue := _next(receiver, ended)) is not None:
            issues.append(issue)
            if links <= MANY_LINKS < links + issue.link_count:
                stack.enter_context(living_kept())
            links += issue.link_count
            bites.rest_in_thread(lambda seconds: wait([ended], seconds))
        outcome: _Understood[Any] | _Refused = _Unpacker(receiver.recv_bytes(), issues).load()
    return outcome


def _next(receiver: Connection, ended: Connection) -> Issue | None:
    if ended in wait([receiver, ended]):
        raise EOFError
    issue: Issue | None = receiver.recv()
    return issue


def _bound_myself(seconds: float, memory_bytes: int) -> None:
    """Limits that hold even when nobody is left to end this process; as far as the system knows them."""
    with suppress(OSError):
        os.nice(5)  # the gateway's heartbeat comes first
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("900", encoding="ascii")  # short of memory, it goes first
    with suppress(ImportError, ValueError, OSError):
        import resource

        resource.setrlimit(resource.RLIMIT_CPU, (int(seconds) + 2, int(seconds) + 2))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
