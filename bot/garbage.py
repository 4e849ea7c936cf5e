"""Python's collector of garbage looks through all objects that live, and everybody waits until it is done.

A reading may bring 90,000 links: a third of a second each time, and again and again while they are stored. What is new
is looked through by itself, in no time; that goes on. What the bot is made of is left out from its start on.
"""

import gc
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import wraps
from threading import Lock
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

MANY_LINKS = 5_000
"""A reading with fewer is looked through in some fifteen milliseconds, and not worth it."""

_NEVER = 1_000_000_000


class _Holders:
    """Who wants no full collection now; readings arrive in threads, side by side."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._count = 0
        self._usual = gc.get_threshold()

    def enter(self) -> None:
        with self._lock:
            if not self._count:
                self._usual = gc.get_threshold()
                gc.set_threshold(*self._usual[:2], _NEVER)
            self._count += 1

    def leave(self) -> None:
        with self._lock:
            self._count -= 1
            if not self._count:
                gc.set_threshold(*self._usual)


class _Scope:
    """Holds from the first arrival within it until it is over."""

    def __init__(self, holders: _Holders) -> None:
        self._holders = holders
        self._lock = Lock()
        self._holds = self._is_over = False

    def note_arrival(self) -> None:
        with self._lock:
            if not self._holds and not self._is_over:
                self._holds = True
                self._holders.enter()

    def end(self) -> None:
        with self._lock:
            self._is_over = True  # a thread that nobody waits for any more may still be on its way
            if self._holds:
                self._holders.leave()


_holders = _Holders()
_scope: ContextVar[_Scope | None] = ContextVar("_scope", default=None)


@contextmanager
def living_kept() -> Iterator[None]:
    """No full collection until this is over; within `keeps_what_arrives`, until that is over.

    What refers to itself in a circle, and is old, stays that long. Several may hold at a time.
    """
    if scope := _scope.get():
        scope.note_arrival()
    _holders.enter()
    try:
        yield
    finally:
        _holders.leave()


def keeps_what_arrives(work: Callable[P, Coroutine[Any, Any, T]]) -> Callable[P, Coroutine[Any, Any, T]]:
    """When `living_kept` begins in here, also in a thread, it holds until `work` is done.

    So a reading that arrived is not looked through between its arrival and its storing.
    """

    @wraps(work)
    async def keep(*args: P.args, **kwargs: P.kwargs) -> T:
        scope = _Scope(_holders)
        token = _scope.set(scope)
        try:
            return await work(*args, **kwargs)
        finally:
            scope.end()
            _scope.reset(token)

    return keep
