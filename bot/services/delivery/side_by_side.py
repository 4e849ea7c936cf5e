"""Many slow things at once, so that the slowest holds up nobody."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Coroutine, Hashable, Mapping
from typing import Any, TypeVar

Lane = TypeVar("Lane", bound=Hashable)

_LOOK_AGAIN_SECONDS = 1.0  # for what becomes due while a lane is slow


async def work_off(
    claim: Callable[[Collection[Lane]], Awaitable[Mapping[Lane, Coroutine[Any, Any, None]]]],
    *,
    is_over: Callable[[], bool] = lambda: False,
) -> None:
    """Do what `claim` gives side by side, and ask it again each time that something is done, until it gives nothing.

    `claim` is told what is under way, which it must not give again, and is also asked when all of that is slow. The
    first error, of `claim` or of the work, is raised after all that is in hand is finished; nothing more is begun then.
    When `is_over` says so, what is under way is cancelled: work that may be broken off gives back what it claimed.
    """
    busy: dict[Lane, asyncio.Task[None]] = {}
    error: BaseException | None = None
    try:
        while not is_over():
            try:
                begun = await claim(busy) if error is None else {}
            except Exception as failed:  # noqa: BLE001 - it is told when the others are finished
                begun, error = {}, failed
            busy |= {lane: asyncio.create_task(work) for lane, work in begun.items()}
            if not busy:
                break
            done, _ = await asyncio.wait(
                busy.values(), timeout=_LOOK_AGAIN_SECONDS, return_when=asyncio.FIRST_COMPLETED
            )
            busy = {lane: task for lane, task in busy.items() if task not in done}
            for task in done:
                error = error or task.exception()
    finally:
        for task in busy.values():
            task.cancel()
        await asyncio.gather(*busy.values(), return_exceptions=True)
    if error is not None:
        raise error
