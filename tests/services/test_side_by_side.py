"""Slow things side by side: what is in hand is finished, whatever goes wrong beside it."""

import asyncio
from collections.abc import Collection, Coroutine
from typing import Any

import pytest

from bot.errors import StoreBusyError
from bot.services.delivery.side_by_side import work_off


async def test_what_is_in_hand_is_finished_when_nothing_more_can_be_claimed() -> None:
    asked_again, finished = asyncio.Event(), []

    async def work() -> None:
        await asked_again.wait()
        await asyncio.sleep(0)
        finished.append("work")

    async def claim(busy: Collection[str]) -> dict[str, Coroutine[Any, Any, None]]:
        if not busy and not finished:
            return {"first": work(), "second": asyncio.sleep(0)}
        asked_again.set()
        raise StoreBusyError("The database is busy.")

    async with asyncio.timeout(60):
        with pytest.raises(StoreBusyError):
            await work_off(claim)
    assert finished == ["work"]


async def test_the_first_error_is_told_when_the_others_are_finished() -> None:
    failed, finished = asyncio.Event(), []

    async def fails() -> None:
        failed.set()
        raise StoreBusyError("The database is busy.")

    async def works() -> None:
        await failed.wait()
        finished.append("work")

    async def claim(busy: Collection[str]) -> dict[str, Coroutine[Any, Any, None]]:
        return {} if busy or finished else {"one": fails(), "other": works()}

    async with asyncio.timeout(60):
        with pytest.raises(StoreBusyError):
            await work_off(claim)
    assert finished == ["work"]
