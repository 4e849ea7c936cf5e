"""What became of commands and presses that the database broke off: asked of it, as soon as it answers again."""

import asyncio
import logging
from collections.abc import Mapping
from datetime import timedelta

from bot.clock import Clock
from bot.errors import StoreBusyError, StoreError, StoreGoneError
from bot.store import Store, hurry
from bot.store import interactions as interaction_rows

log = logging.getLogger(__name__)

_FIRST_PAUSE, _LONGEST_PAUSE = timedelta(seconds=1), timedelta(seconds=15)
_MOST_AT_ONCE = 500


class Interactions:
    """Many are broken off at once, so they are asked for together, by one who waits for the database."""

    def __init__(self, store: Store, *, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._asked: dict[int, tuple[int | None, asyncio.Future[bool]]] = {}
        self._asking: asyncio.Task[None] | None = None

    async def has_acted(self, interaction_id: int, guild_id: int | None) -> bool:
        """Whether something is stored that this interaction brought about; waits until that is known, however long.

        Only for one that nothing is done for any more: what is False then stays so.
        """
        answer: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._asked[interaction_id] = (guild_id, answer)
        if self._asking is None or self._asking.done():
            self._asking = asyncio.create_task(self._ask(), name="interactions")
        try:
            return await answer
        finally:
            del self._asked[interaction_id]
            if not self._asked and self._asking is not None:
                self._asking.cancel()
                self._asking = None  # it may take a while to end, and answers nobody any more

    async def _ask(self) -> None:
        hurry()
        pause = _FIRST_PAUSE
        while True:
            open_ones = {key: guild_id for key, (guild_id, answer) in self._asked.items() if not answer.done()}
            asked = dict(list(open_ones.items())[:_MOST_AT_ONCE])
            if not asked:
                return
            try:
                acted = await self._acted(asked)
            except Exception as error:
                is_mistake = not isinstance(error, StoreError)
                log.info("outcomes not known yet count=%d error=%s", len(open_ones), error, exc_info=is_mistake)
                await self._clock.sleep_until(self._clock.now() + pause)
                pause = min(2 * pause, _LONGEST_PAUSE)
                continue
            for interaction_id in asked:
                _, answer = self._asked.get(interaction_id, (None, None))
                if answer is not None and not answer.done():
                    answer.set_result(interaction_id in acted)

    async def _acted(self, asked: Mapping[int, int | None]) -> set[int]:
        try:
            async with self._store.write() as transaction:
                await interaction_rows.wait_for_effects(transaction, asked)
                return await interaction_rows.acted(transaction, asked)
        except (StoreGoneError, StoreBusyError):
            raise
        except StoreError:
            # It takes no writes: nothing can be under way that would still be stored.
            async with self._store.read() as transaction:
                return await interaction_rows.acted(transaction, asked)
