"""The longest wait in another server while the largest reading is stored, and an earlier build's beside it.

A newsletter lists 1,000 issues of 90 links each; then all of them are edited. Both times it comes from the process that
reads what is large. Meanwhile people in another server vote twice, send in a link and approve it, again and again, by
the path that a press takes behind the door. SQLite and PostgreSQL, the latter on a server of its own; milliseconds. The
reference is the longest wait for the same while nothing is read. ISSUES=… and LINKS=… change the numbers.
"""

import asyncio
import gc
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from inspect import iscoroutinefunction
from itertools import count
from pathlib import Path
from time import perf_counter
from types import SimpleNamespace
from typing import Any

from _processes import ROOT, report
from _today import EARLIER, asked_for, done_by, earlier_build
from claiming import postgresql

ISSUES, LINKS = int(os.environ.get("ISSUES", "1000")), int(os.environ.get("LINKS", "90"))
READER, VOTER, CHANNEL = 1, 2, 3
FEED = "https://news.example/feed"
AIMS = {"sqlite": 250, "postgresql": 100}


class _Clock:
    """Stands still, but for what the benchmark lets pass."""

    def __init__(self) -> None:
        self._now = datetime(2026, 1, 1, 12, tzinfo=UTC)

    def now(self) -> datetime:
        return self._now

    def monotonic(self) -> float:
        return perf_counter()

    def pass_hours(self) -> None:
        self._now += timedelta(hours=25)  # so that the new day has room for as much again


class _Bell:
    def ring(self, worker: str) -> None:
        pass


class _Shelf:
    """A newsletter."""

    words = "A"

    async def read(self, _source: Any, **_: Any) -> Any:
        from bot.ports import Reading
        from bot.sources.quarantine import read_apart

        read = partial(read_apart, b"", partial(_feed, self.words))
        feed: Any = await (read() if iscoroutinefunction(read_apart) else asyncio.to_thread(read))
        return Reading(title="The Sample", issues=feed.issues)

    async def find_feeds(self, _url: str, **_: Any) -> list[str]:
        return []

    async def addresses_for(self, _guild_id: int) -> list[str]:
        return []


class _Nobody:
    """No Discord."""

    def staff_channel(self, _guild_id: int) -> None:
        return None


def _feed(words: str) -> Any:
    """What is read, in a process of its own."""
    from bot.newsletter import Feed

    return Feed(None, None, tuple(_issue(number, words) for number in range(ISSUES)))


def _issue(number: int, words: str) -> Any:
    from bot.model.issue import Issue, Link, Section

    links = tuple(
        Link(
            url=f"https://example.com/{number}/{place}",
            key=f"example.com/{number}/{place}",
            title=f"{words} thing number {place} that people talk about",
            text="a link in a sentence",
            excerpt=f"A sentence of some length about the thing {place}, in which a link stands.",
        )
        for place in range(LINKS)
    )
    return Issue(
        title=f"Issue {number}",
        identities=(f"guid:{number}", f"link:news.example/{number}", f"content:{number}"),
        url=f"https://news.example/{number}",
        published_at=datetime(2020, 1, 1, tzinfo=UTC) + timedelta(days=number),
        sections=(Section("Links", links),),
    )


async def child(url: str, folder: str) -> dict[str, float]:
    """The longest waits by the code in the path, in milliseconds, and the seconds of each reading."""
    from bot.model.member import Actor
    from bot.store import Store
    from bot.store.secret_box import SecretBox
    from bot.store.upgrade import upgrade

    await upgrade(url)
    gc.freeze()  # as the bot does at its start
    clock, bell, shelf, secrets = _Clock(), _Bell(), _Shelf(), SecretBox(Path(folder) / "secret.key")
    both: dict[str, Any] = {"clock": clock, "bell": bell}
    async with await Store.open(url, **asked_for(Store.open, **both)) as store:
        rules = _rules(store, clock=clock, bell=bell, reader=shelf, secrets=secrets)
        guilds, polls, sources, submissions = rules.guilds, rules.polls, rules.sources, rules.submissions
        for guild_id in (READER, VOTER):
            await guilds.remember(guild_id, name="Server")
        actor = Actor(1, manages_messages=True, manages_server=True)
        await done_by(rules.subscriptions.subscribe, actor, READER, 1)(url=FEED, channel_id=CHANNEL)
        ask = done_by(polls.open, actor, VOTER, 2)
        poll = await ask(question="Which?", options="A\nB", closes="2 days", channel_id=CHANNEL)
        await done_by(guilds.set_review_channel, actor, VOTER, 3)(CHANNEL)
        interactions = count(10)
        sees = asked_for(polls.vote, sees=lambda _: True)

        async def press() -> list[float]:
            """Each wait of one round, in milliseconds."""
            waits: list[float] = []
            for _ in range(2):
                number = next(interactions)
                vote = done_by(polls.vote, Actor(number), VOTER, number)
                with _timed(waits):
                    await vote(poll.poll_key, number % 2, **sees)
            submit = done_by(submissions.submit, actor, VOTER, next(interactions))
            with _timed(waits):
                sent = await submit(f"https://example.com/{number}")
            approve = done_by(submissions.approve, actor, VOTER, next(interactions))
            with _timed(waits):
                await approve(sent.submission.submission_key)
            return waits

        figures = {"alone": max([wait for _ in range(50) for wait in await press()])}
        for name, words in (("stored", "A"), ("edited", "Another")):
            shelf.words = words
            begun = perf_counter()
            task = asyncio.create_task(sources.read_due())
            waits = []
            while not task.done():
                waits += await press()
                await asyncio.sleep(0.005)  # the next press
            await task
            figures |= {name: max(waits), f"{name}_seconds": perf_counter() - begun, f"{name}_presses": len(waits)}
            clock.pass_hours()
        return figures


@contextmanager
def _timed(waits: list[float]) -> Iterator[None]:
    begun = perf_counter()
    yield
    waits.append((perf_counter() - begun) * 1000)


def _rules(store: Any, **parts: Any) -> Any:
    """The rules over this store, as the app puts them together; an earlier build does that elsewhere."""
    from bot.metrics import Metrics

    parts |= {"interval": timedelta(minutes=10), "metrics": Metrics(), "announcer": _Nobody(), **_quotas()}
    try:
        from bot.services.building import build
    except ImportError:
        from bot import services

        kinds = (services.Guilds, services.Polls, services.Sources, services.Submissions, services.Subscriptions)
        return SimpleNamespace(**{kind.__name__.lower(): kind(store, **asked_for(kind, **parts)) for kind in kinds})
    alone = {"caller": None, "incarnation": "this", "alone": store.dialect == "sqlite"}
    return build(store, **asked_for(build, **parts, **alone))


def _quotas() -> dict[str, Any]:
    """All that is listed has room, so that both builds store as much."""
    from bot.services.reading.quotas import DEFAULT_QUOTAS

    wanted = {"issues_a_day": ISSUES, "links_a_day": 2 * ISSUES * LINKS, "bytes_a_day": 10**12}
    known: dict[str, Any] = {name: most for name, most in wanted.items() if hasattr(DEFAULT_QUOTAS, name)}
    return {"quotas": replace(DEFAULT_QUOTAS, **known)}


def measured(root: Path, url: str) -> dict[str, float]:
    """The figures of the code in `root`, in a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, str(Path(__file__).resolve()), "child", url, folder]
        ran = subprocess.run(
            command, capture_output=True, check=False, env={**os.environ, "PYTHONPATH": str(root)}, text=True
        )
    if ran.returncode:
        raise SystemExit(ran.stderr)
    figures: dict[str, float] = json.loads(ran.stdout.splitlines()[-1])
    return figures


def compare(dialect: str, database: Callable[[str], str]) -> None:
    """Print the lines of one kind of database."""
    now = measured(ROOT, database("now"))
    for what in ("stored", "edited"):
        name = (
            f"longest wait for a vote, a submission or a decision while {ISSUES} issues of {LINKS} links are {what},"
            f" {dialect}, ms (aim {AIMS[dialect]}; {now[f'{what}_seconds']:.1f} s, {now[f'{what}_presses']} presses)"
        )
        report(name, value=now[what], reference=now["alone"], ratio=now[what] / now["alone"])
    with earlier_build() as root:
        if root is None:
            return
        before = measured(root, database("before"))
        for what in ("stored", "edited"):
            name = f"the same, {what}, against {EARLIER}, {dialect}, ms ({before[f'{what}_seconds']:.1f} s)"
            report(name, value=now[what], reference=before[what], ratio=now[what] / before[what])


def main() -> None:
    """Measure both databases and print."""
    if sys.argv[1:2] == ["child"]:
        print(json.dumps(asyncio.run(child(sys.argv[2], sys.argv[3]))))
        return
    with tempfile.TemporaryDirectory() as folder:
        compare("sqlite", lambda name: f"sqlite:///{folder}/{name}.db")
    with postgresql() as database:
        compare("postgresql", database)


if __name__ == "__main__":
    main()
