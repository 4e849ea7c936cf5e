"""One story, told with a process that is killed wherever the dice say: every message once, with its thread.

A seed decides the database, the kind of channel, what else goes wrong, how often the process is killed and after how
many pause points. The story: a first issue is announced, two more are published, and where the seed says so the staff
has one announced anew.
"""

from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Literal

from sandbox import Limits, Sandbox, Site
from sandbox.model import Channel, Message
from tests.cogs.conftest import specification
from tests.history.recording import recording
from tests.journeys.scene import Scene, environment
from tests.launch import POINTS, Launched

Place = Literal["news", "ideas"]
_POLL = timedelta(minutes=15)
_PATIENCE_SECONDS = 2.0
_ISSUES = 3


@dataclass(frozen=True, slots=True)
class Plan:
    """What a seed decides."""

    seed: int
    place: Place
    publishes: bool
    reposts: bool
    lost_answers: float
    troubles: float
    forgets_nonces: bool
    kills: tuple[int, ...]  # how many points the process passes before each

    @classmethod
    def of(cls, seed: int) -> "Plan":
        dice = Random(seed)
        place: Place = dice.choice(["news", "news", "ideas"])
        return cls(
            seed=seed,
            place=place,
            publishes=place == "news" and dice.random() < 0.4,
            reposts=dice.random() < 0.4,
            lost_answers=dice.choice([0.0, 0.0, 0.3]),
            troubles=dice.choice([0.0, 0.0, 0.3]),
            forgets_nonces=dice.random() < 0.5,
            kills=tuple(dice.randint(1, 26) for _ in range(dice.randint(1, 3))),
        )


@dataclass(slots=True)
class Outcome:
    """Where the process fell, and what was wrong in the end."""

    plan: Plan
    falls: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)


@asynccontextmanager
async def stage(folder: Path, *, database_url: str | None = None) -> AsyncIterator[Scene]:
    """A Discord, a newsletter site and a database of their own."""
    async with Sandbox(limits=Limits.off(), openapi=specification()) as sandbox, Site() as site:
        sandbox.world.seed()
        settings = environment(sandbox, folder, database_url or f"sqlite:///{folder}/pressroom.db")
        with recording(sandbox) as recorder:
            yield Scene(sandbox, site, settings, folder, recorder)


async def told(scene: Scene, plan: Plan) -> Outcome:
    """Tell the story of a plan."""
    outcome = Outcome(plan)
    await scene.set_up(channel=plan.place, publishing=plan.publishes)
    await _repost(scene, plan)
    for number in range(2, _ISSUES + 1):
        scene.publish(number)
    _trouble(scene, plan)
    for passes in plan.kills:
        async with scene.bot() as bot:
            await scene.online()
            outcome.falls.append(await _fall(bot, passes))
        if plan.forgets_nonces:
            scene.sandbox.world.nonces.clear()  # minutes pass until somebody starts it again
    scene.sandbox.faults.clear()
    async with scene.bot() as bot:
        await scene.online()
        await _to_the_end(scene, bot, plan)
        if await bot.stop() != 0:
            outcome.wrong.append("the last process did not end well")
    outcome.wrong += _wrong(scene, plan)
    outcome.wrong += await scene.judged()
    return outcome


async def _repost(scene: Scene, plan: Plan) -> None:
    """The staff asks while nothing can be sent, so that it is done by the processes that are killed."""
    if not plan.reposts:
        return
    scene.sandbox.faults.sometimes("status", "POST", r"/(messages|threads)$", 1.0, seed=plan.seed)
    async with scene.bot() as bot:
        await scene.online()
        reply = await scene.sandbox.member("mara").slash("/desk repost issue:Issue 1")
        assert "I am posting it" in reply.text, bot.log
        await bot.kill()
    scene.sandbox.faults.clear()


def _trouble(scene: Scene, plan: Plan) -> None:
    faults = scene.sandbox.faults
    if plan.lost_answers:
        faults.sometimes("lose_answer", "POST", r"/channels/", plan.lost_answers, seed=plan.seed)
    if plan.troubles:
        faults.sometimes("status", "*", r"/channels/", plan.troubles, seed=plan.seed + 1)


async def _fall(bot: Launched, passes: int) -> str:
    """Let the process pass so many points and kill it at the next one; the name of that point."""
    await bot.watch(*POINTS)
    await bot.move_clock(_POLL)
    point: str | None = None
    for number in range(passes + 1):
        point = await bot.next_point(patience_seconds=_PATIENCE_SECONDS)
        if point is None:
            await bot.move_clock(_POLL)  # it waits for its next attempt
            point = await bot.next_point(patience_seconds=_PATIENCE_SECONDS)
        if point is None or number == passes:
            break
        await bot.go(point)
    await bot.kill()
    return point or "idle"


async def _to_the_end(scene: Scene, bot: Launched, plan: Plan) -> None:
    await bot.watch()
    for _ in range(12):
        await bot.move_clock(_POLL)
        try:
            await scene.sandbox.wait_for(lambda: not _wrong(scene, plan), timeout=3)
        except TimeoutError:
            continue
        return


def _wrong(scene: Scene, plan: Plan) -> list[str]:
    """What is not as it should be, in the eyes of the server."""
    place = scene.channel(plan.place)
    posts = _posts(place)
    found = Counter(title for title, _ in posts)
    expected = {f"Issue {number}": 1 for number in range(1, _ISSUES + 1)}
    wrong = []
    if plan.reposts:
        folded = [message for _, message in posts if "was posted again" in message.text]
        if len(folded) != 1:
            wrong.append(f"{len(folded)} folded announcements instead of one")
        expected["Issue 1"] = 2
    wrong += [
        f"{title}: {found[title]} messages instead of {count}"
        for title, count in expected.items()
        if found[title] != count
    ]
    wrong += [f"unexpected: {title}" for title in found.keys() - expected.keys()]
    if plan.place == "news":
        wrong += [f"{title}: no thread" for title, message in posts if message.thread is None]
    if plan.publishes:
        wrong += [f"{title}: not published" for title, message in posts if not message.is_crossposted]
    return wrong


def _posts(place: Channel) -> list[tuple[str, Message]]:
    """Title and first message of each announcement."""
    if place.threads and place.name == "ideas":
        return [(post.name, next(iter(post.messages.values()))) for post in place.threads]
    found = []
    for message in place.messages.values():
        if message.author.bot and not message.deleted:
            texts = [message.text, *(str(embed.get("title")) for embed in message.embeds)]
            title = next(
                (f"Issue {n}" for n in range(1, _ISSUES + 1) if any(f"Issue {n}" in each for each in texts)), "?"
            )
            found.append((title, message))
    return found
