"""Python's collector of garbage looks through all objects that live, and everybody waits until it is done.

A reading may bring 90,000 links: a quarter of a second each time, and again and again while they are stored.
"""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

_holders = 0
_lock = Lock()  # readings arrive in threads, side by side


@contextmanager
def living_kept() -> Iterator[None]:
    """Leave out what lives now until this is over; what comes into being meanwhile is still looked through.

    What is let go of is free at once as ever, but for what refers to itself in a circle. Several may hold at a time;
    the last one to leave puts all of it back.
    """
    global _holders  # noqa: PLW0603 - there is one collector a process
    with _lock:
        _holders += 1
        gc.freeze()
    try:
        yield
    finally:
        with _lock:
            _holders -= 1
            if not _holders:
                gc.unfreeze()
