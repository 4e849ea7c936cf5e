"""However much one member or one server asks for at once, others are answered meanwhile, and nothing of it is kept."""

import asyncio
from collections.abc import Coroutine, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from bot.chat.pace import Kind, Pace
from bot.errors import RefusedError, StoreSlowError
from bot.model.member import Actor
from bot.model.poll import Ballot, Cast, CastOutcome
from bot.services import Archive
from bot.services.members.ballot_box import BallotBox
from bot.store import Asker, Store, engine, hurry
from tests.doubles import NOON, everywhere
from tests.services.conftest import GUILD, Desk
from tests.services.test_polls import ask, vote

OTHER_GUILD, MIA, NILS, OLGA = GUILD + 1, 21, 22, 23


async def acting(asker: Asker, work: Coroutine[Any, Any, Any]) -> Any:
    """Do it as the door lets a member do it."""

    async def hurried() -> Any:
        hurry(asker)
        return await work

    return await asyncio.create_task(hurried())


async def until_they_wait(store: Store, count: int) -> None:
    """Let the tasks that were just begun come to their turns."""
    for _ in range(3):
        await asyncio.sleep(0)
    assert len(store._reading._waiting[GUILD]) == count


class Gate:
    """Reads of the database that last until the gate is opened."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._open = asyncio.Event()
        self._inside: set[asyncio.Task[Any]] = set()

    async def hold(self, asker: Asker) -> None:
        begun = asyncio.Event()

        async def read() -> None:
            async with self._store.read():
                begun.set()
                await self._open.wait()

        self._inside.add(asyncio.create_task(acting(asker, read())))
        await begun.wait()

    async def open(self) -> None:
        self._open.set()
        await asyncio.gather(*self._inside)


async def test_two_hundred_searches_of_one_member_delay_no_search_and_no_vote_of_others(desk: Desk) -> None:
    for guild_id, url in ((GUILD, "https://news.example/feed"), (OTHER_GUILD, "https://other.example/feed")):
        await desk.subscribe(guild_id, url=url)
    await desk.services.sources.read_due()
    poll = await ask(desk)
    done: list[int] = []

    async def search(guild_id: int, member_id: int) -> None:
        page = await desk.services.archive.search(guild_id, "thing", page=0, actor=Actor(member_id))
        assert page.links
        done.append(member_id)

    mia, gate = Asker(GUILD, MIA), Gate(desk.store)
    await gate.hold(mia)
    pending = [asyncio.create_task(acting(mia, search(GUILD, MIA))) for _ in range(200)]
    await until_they_wait(desk.store, 200)
    await acting(Asker(GUILD, NILS), search(GUILD, NILS))
    await acting(Asker(OTHER_GUILD, OLGA), search(OTHER_GUILD, OLGA))
    assert await acting(Asker(GUILD, NILS), vote(desk, poll, NILS, 1)) is CastOutcome.COUNTED
    assert await acting(mia, vote(desk, poll, MIA, 0)) is CastOutcome.COUNTED
    assert done == [NILS, OLGA]
    await gate.open()
    await asyncio.gather(*pending)
    assert done.count(MIA) == 200
    assert (desk.store._reading._waiting, desk.store._reading._members) == ({}, set())


async def test_a_crowd_of_one_server_leaves_room_for_another(desk: Desk) -> None:
    gate, held = Gate(desk.store), desk.store._reading._of_server
    for member_id in range(held):
        await gate.hold(Asker(GUILD, member_id))
    order: list[int] = []

    async def read(guild_id: int) -> None:
        async with desk.store.read() as transaction:
            await transaction.execute(text("SELECT 1"))
            order.append(guild_id)

    crowd = [asyncio.create_task(acting(Asker(GUILD, 100 + number), read(GUILD))) for number in range(100)]
    impatient = asyncio.create_task(acting(Asker(GUILD, 300), read(GUILD)))
    await until_they_wait(desk.store, 101)
    impatient.cancel()
    await acting(Asker(OTHER_GUILD, OLGA), read(OTHER_GUILD))
    assert order == [OTHER_GUILD]
    await gate.open()
    await asyncio.gather(*crowd)
    assert order.count(GUILD) == 100
    with pytest.raises(asyncio.CancelledError):
        await impatient


async def test_what_is_asked_within_a_turn_waits_for_none(desk: Desk) -> None:
    async def nested() -> None:
        async with desk.store.read(), desk.store.read() as transaction:
            await transaction.execute(text("SELECT 1"))

    async with asyncio.timeout(60):
        await acting(Asker(GUILD, MIA), nested())


_ENDLESS = "WITH RECURSIVE endless(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM endless) SELECT count(*) FROM endless"


async def test_what_a_member_lets_the_database_look_for_ends_in_time(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    short = replace(engine.WHILE_SOMEBODY_WAITS, statement=0.1)
    monkeypatch.setattr(engine, "WHILE_SOMEBODY_WAITS", short)
    async with await Store.open(database_url) as store:

        async def endless() -> None:
            async with store.read() as transaction:
                await transaction.execute(text(_ENDLESS))

        for _ in range(2):
            with pytest.raises(StoreSlowError):
                await acting(Asker(GUILD, MIA), endless())
        async with store.read() as transaction:
            assert (await transaction.execute(text("SELECT 1"))).scalar_one() == 1


async def test_a_search_that_was_ended_is_a_sentence() -> None:
    class Slow(Store):
        def __init__(self) -> None:
            pass

        def read(self) -> Any:
            raise StoreSlowError("interrupted")

    archive = Archive(Slow())
    with pytest.raises(RefusedError, match="archive-too-slow"):
        await archive.search(GUILD, "a*", page=0, actor=Actor(MIA))
    assert await archive.suggest(GUILD, "a", actor=Actor(MIA)) == []


async def test_a_crowd_of_voters_is_not_before_a_voter_of_another_server() -> None:
    sets: list[list[int]] = []

    async def write(ballots: Sequence[Ballot]) -> list[Cast]:
        sets.append([ballot.member_id for ballot in ballots])
        return [Cast(CastOutcome.COUNTED)] * len(ballots)

    def ballot(number: int, guild_id: int) -> Ballot:
        return Ballot(number, guild_id, f"poll of {guild_id}", number, 0, NOON + timedelta(), everywhere)

    box = BallotBox(write)
    crowd = [ballot(number, GUILD) for number in range(1_200)]
    await asyncio.gather(*(box.put(each) for each in (*crowd, ballot(5_000, OTHER_GUILD))))
    assert 5_000 in sets[0]
    of_crowd = [number for each in sets for number in each if number != 5_000]
    assert of_crowd == list(range(1_200)), "those of one server in their order"


def test_one_too_many_of_a_member_or_in_a_server_is_refused_and_nothing_is_kept() -> None:
    pace = Pace()

    def enter(number: int, *, member_id: int, guild_id: int = GUILD, kind: Kind = Kind.OTHER) -> str:
        try:
            pace.enter(number, kind, guild_id=guild_id, member_id=member_id)
        except RefusedError as error:
            return error.message_id
        return ""

    assert [enter(90, member_id=MIA) for _ in range(12)] == [""] * 12, "one that is heard again counts once"
    pace.leave(90)
    said = [enter(number, member_id=MIA, guild_id=GUILD + number) for number in range(12)]
    assert said == [""] * 10 + ["too-fast-of-you"] * 2, "in whichever servers"
    assert [enter(50 + number, member_id=MIA, kind=Kind.TYPING) for number in range(3)] == ["", "", "too-fast-of-you"]
    assert enter(60, member_id=NILS) == ""
    crowd = [enter(1_000 + number, member_id=1_000 + number) for number in range(400)]
    assert crowd.count("too-fast-of-all") == 400 - (Kind.OTHER.value - 2)
    assert enter(70, member_id=NILS, kind=Kind.VOTE) == "", "a vote is counted apart"
    assert enter(71, member_id=OLGA, guild_id=OTHER_GUILD + 100) == ""
    for number in range(2_000):
        pace.leave(number)
        pace.leave(number)
    assert (pace._in_hand, dict(pace._counts)) == ({}, {})
