"""A neighbour's newsletter is added while one server asks 80 times: seconds against those alone, and the bot's memory.

The server asks at once for 80 feeds of 9 MB, on ten sites, that come slowly and break off at their end, so that none is
added. The neighbour's feeds are ordinary: one is added while nothing else happens, one is asked for at the same moment
as the 80, and one while the large body that is looked at is still on its way. Last the same by an earlier build, once,
where this is a clone that holds it.
"""

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter

import psutil
from _processes import ROOT, Limits, Sandbox, Stage, report
from _today import EARLIER, earlier_build
from aiohttp import web

import sandbox.driver
from sandbox import Site
from sandbox.driver import Person

ASKED = 80
ROUNDS = 5
_SITES = 10
_FIRST = 3  # so many newsletters are added before anything is measured: much is imported and opened with the first
_PAUSE_SECONDS = 2.2  # one host is asked once a second, when somebody adds and at the first reading
_PATIENCE_SECONDS = 600.0
_ITEM = "<item><title>Loaf {n}</title><guid isPermaLink='false'>{n}</guid><description>{text}</description></item>"
_LARGE = (
    "<rss version='2.0'><channel><title>Bread</title>"
    + "".join(_ITEM.format(n=n, text="Rye is back. " * 230) for n in range(3_000))
    + "<item>"
).encode()


@dataclass
class Seen:
    """Seconds until the neighbour's source was added, each time, and what the bot held in MB."""

    alone: list[float] = field(default_factory=list)
    at_once: list[float] = field(default_factory=list)
    beside: list[float] = field(default_factory=list)
    megabytes: list[float] = field(default_factory=list)


async def seen_of(root: Path, *, rounds: int, is_held_up: bool = False) -> Seen:
    """What one build does; `is_held_up` where the 80 are not waited for after that."""
    seen = Seen()
    with TemporaryDirectory() as folder:
        async with Sandbox(limits=Limits.off()) as box, Site() as site, bakeries() as bakery:
            box.world.seed()
            site.publish_markdown(
                "# One issue\n\n### For all\n\n## Tools\n\n- A thing. ([link](https://thing.example/))\n"
            )
            neighbour, asking = newcomer(box, "Neighbour"), newcomer(box, "Asking")
            stage = Stage(box, folder, root=root, ALLOW_PRIVATE_ADDRESSES="true")
            async with stage.ours() as (process, _):
                await box.wait_for(lambda: "/setup source" in neighbour.commands(), what="the commands")
                feeds = (f"{site.feed_url}?n={number}" for number in count())
                for _ in range(_FIRST):
                    await added(neighbour, next(feeds))
                await asyncio.sleep(_PAUSE_SECONDS)
                with watched(process.pid, seen.megabytes):
                    for _ in range(rounds):
                        seen.alone.append(await added(neighbour, next(feeds)))
                        attack = asyncio.create_task(bakery.asked_for(asking, after=_PAUSE_SECONDS))
                        seen.at_once.append(await added(neighbour, next(feeds)))
                        seen.beside.append(await added(neighbour, next(feeds)))
                        if is_held_up:
                            attack.cancel()
                            process.kill()
                        await asyncio.gather(attack, return_exceptions=True)
    return seen


def newcomer(box: Sandbox, name: str) -> Person:
    """The owner of a new server that the bot is in."""
    guild = box.world.add_guild(name, owner=name.lower())
    box.add_bot_to(guild)
    guild.add_channel("news")
    return box.member(name.lower(), guild)


async def added(person: Person, url: str) -> float:
    """Seconds until the newsletter is added, after a pause."""
    await asyncio.sleep(_PAUSE_SECONDS)
    begun = perf_counter()
    reply = await person.slash(f"/setup source address:{url} channel:#news first:none")
    assert not reply.failed, reply.text
    assert "I now read" in reply.text, reply.text
    return perf_counter() - begun


class Bakery:
    """Ten sites with nothing but large feeds."""

    def __init__(self, ports: list[int]) -> None:
        self._urls = (f"http://127.0.0.1:{ports[number % len(ports)]}/{number}" for number in count())

    async def serve(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/xml", "Content-Length": str(len(_LARGE))})
        await response.prepare(request)
        await response.write(_LARGE[: len(_LARGE) // 2])
        await asyncio.sleep(_PAUSE_SECONDS)
        with suppress(ConnectionError):
            await response.write(_LARGE[len(_LARGE) // 2 :])
        return response

    async def asked_for(self, person: Person, *, after: float) -> None:
        """Ask so often at once, until all is answered."""
        addresses = [next(self._urls) for _ in range(ASKED)]
        await asyncio.sleep(after)
        await asyncio.gather(
            *(person.slash(f"/setup source address:{address} channel:#news first:none") for address in addresses)
        )


@asynccontextmanager
async def bakeries() -> AsyncIterator[Bakery]:
    application, ports = web.Application(), list[int]()
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
    bakery = Bakery(ports)
    application.router.add_get("/{path}", bakery.serve)
    await runner.setup()
    for _ in range(_SITES):
        await web.TCPSite(runner, "127.0.0.1", 0).start()
    ports += [address[1] for address in runner.addresses]
    yield bakery
    await runner.cleanup()


@contextmanager
def watched(pid: int, samples: list[float]) -> Iterator[None]:
    """What the process holds in memory, in MB, fifty times a second."""
    process, stop = psutil.Process(pid), threading.Event()

    def watch() -> None:
        with suppress(psutil.Error):
            while not stop.wait(0.02):
                samples.append(process.memory_info().rss / 2**20)

    samples.append(process.memory_info().rss / 2**20)
    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def tell(seen: Seen, *, build: str = "") -> None:
    alone = median(seen.alone)
    for name, seconds in (("meanwhile", seen.beside), ("at the same moment", seen.at_once)):
        report(
            f"a neighbour's source added, one server asks {ASKED} times {name}, s{build}",
            value=median(seconds),
            reference=alone,
            ratio=median(seconds) / alone,
        )
    before, most = seen.megabytes[0], max(seen.megabytes)
    report(f"the bot's memory meanwhile, MB{build}", value=most, reference=before, ratio=most / before)


async def main() -> None:
    """Measure and print."""
    sandbox.driver.DEADLINE_SECONDS = _PATIENCE_SECONDS
    tell(await seen_of(ROOT, rounds=ROUNDS))
    with earlier_build() as earlier:
        if earlier is not None:
            tell(await seen_of(earlier, rounds=1, is_held_up=True), build=f", {EARLIER}")


if __name__ == "__main__":
    asyncio.run(main())
