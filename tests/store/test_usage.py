"""How much was read for each server."""

from datetime import date

from bot.store import Store
from bot.store import usage as usage_rows

TODAY = date(2026, 1, 1)


async def test_more_servers_are_asked_for_than_a_statement_has_places(store: Store) -> None:
    async with store.write() as transaction:
        await usage_rows.add(transaction, [1, 40_000], day=TODAY, received_bytes=7)
    async with store.read() as transaction:
        assert await usage_rows.of_day(transaction, range(1, 40_001), day=TODAY) == {1: 7, 40_000: 7}
