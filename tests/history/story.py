"""Tells the story of a plan with processes of the bot, and judges it.

The first process sets a server up; then people act while things go wrong. In the end all is mended and time passes
until nothing is due any more. What was decided by the seed is the same each time; how far a process comes meanwhile is
the machine's.
"""

import asyncio
import contextlib
import sqlite3
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from sandbox import Limits, Sandbox, Site
from sandbox.driver import Person, Reply
from sandbox.errors import NothingHappened, Refused
from sandbox.model import Message
from tests.cogs.conftest import specification
from tests.history.invariants import Violation, judge
from tests.history.plan import ANSWERS, MEMBERS, Act, Fault, Plan
from tests.history.recording import recording
from tests.journeys.scene import ISSUE, Scene, environment
from tests.launch import POINTS, Launched
from tests.proxy import Proxy

_POLL = timedelta(minutes=15)
_REST_SECONDS = 120.0
_CALM_SECONDS = 0.2
_ACT_SECONDS = 5.0
_IN_HAND_SECONDS = 10.0
_TRIED_AGAIN_SECONDS = 2.5
"""Within them what got no answer is tried once more, by the measured time that a nonce is relied on."""
_STOPPED_SECONDS = 4.0
"""Longer than a beat counts."""
_DOWN_SECONDS = 0.3
_ENDS = 3
_QUESTION = "Which?"
_IN_HAND = """
SELECT id FROM outbox WHERE state = 'claimed' UNION ALL SELECT id FROM sources WHERE lease_incarnation IS NOT NULL
"""


@dataclass(slots=True)
class Told:
    """What became of a plan: where processes fell, how often something went wrong, and what was wrong in the end."""

    plan: Plan
    falls: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    violations: list[Violation] = field(default_factory=list)
    log: str = ""

    @property
    def broken(self) -> set[str]:
        """The names of the invariants that do not hold, and what else is wrong."""
        return {line.partition(":")[0] for line in self.wrong} | {each.name for each in self.violations}

    def __str__(self) -> str:
        return "\n  ".join([str(self.plan), *self.wrong, *map(str, self.violations)])


async def tell(plan: Plan, folder: Path, *, database_url: str) -> Told:
    """The whole story, told in an empty folder and on an empty, migrated database."""
    told = Told(plan)
    async with AsyncExitStack() as stack:
        sandbox = await stack.enter_async_context(Sandbox(limits=Limits.off(), openapi=specification()))
        site = await stack.enter_async_context(Site())
        sandbox.world.seed()
        recorder = stack.enter_context(recording(sandbox))
        proxy = None
        address = database_url
        if plan.database == "postgresql" and any(fault.name.startswith("db") for fault in plan.faults):
            head, _, socket = database_url.partition("?host=")
            proxy = Proxy(f"{_unquoted(socket)}/.s.PGSQL.5432")
            await proxy.listen()
            stack.push_async_callback(proxy.close)
            address = f"{proxy.address}/{head.rpartition('/')[2]}"
        scene = Scene(sandbox, site, environment(sandbox, folder, address), folder, recorder)
        if plan.processes > 1:
            scene.environment["TEST_KNOCK_SECONDS"] = "1"  # one process does not ring the other
        story = Story(scene, plan, told, proxy, database_url)
        try:
            await story.tell()
        except Exception as error:  # noqa: BLE001 - one story that breaks must not end the others
            told.wrong.append(f"the story broke: {type(error).__name__}: {error}")
        finally:
            await story.close()
            told.log = "\n".join(path.read_text(encoding="utf-8") for path in sorted(folder.glob("*.log")))
        told.wrong += [f"the sandbox: {violation}" for violation in sandbox.violations]
        history = await recorder.end(database_url)
        told.violations = judge(history)
    return told


def _unquoted(address: str) -> str:
    from urllib.parse import unquote

    return unquote(address)


class Story:
    """One server, its people, and as many processes as the plan has."""

    def __init__(self, scene: Scene, plan: Plan, told: Told, proxy: Proxy | None, database_url: str) -> None:
        self.scene = scene
        self.plan = plan
        self.told = told
        self.proxy = proxy
        self.database_url = database_url
        self.history = scene.recorder.history
        self._ahead = timedelta()
        self._bots: list[Launched | None] = [None] * plan.processes
        self._stacks = [AsyncExitStack() for _ in range(plan.processes)]
        self._acts: dict[str, Callable[[Act], Awaitable[object]]] = {
            "publish": self._publish,
            "votes": self._votes,
            "submit": self._submit,
            "decide": self._decide,
            "credit": self._credit,
            "repost": self._repost,
        }

    async def tell(self) -> None:
        await self._begin()
        for place, act in enumerate(self.plan.acts):
            faults = [fault for fault in self.plan.faults if fault.during == place]
            async with self._going_wrong(faults):
                acting = asyncio.create_task(self._do(act))
                await self._fall(faults)
                await asyncio.wait({acting}, timeout=_ACT_SECONDS)
                if not acting.done():
                    acting.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await acting
                await self._calm()
            await self._be_there()
            if any(fault.name == "lose" for fault in faults):
                await asyncio.sleep(_TRIED_AGAIN_SECONDS)
        for _ in range(_ENDS):
            await self._settle()
            await self._end()
            if not await self._left():
                return
            self.history.is_settled = False  # a press that was heard late came in between

    async def _end(self) -> None:
        for number, bot in enumerate(self._bots):
            if bot is not None and await bot.stop() != 0:
                self.told.wrong.append("a process did not end well")
            await self._stacks[number].aclose()
            self._bots[number] = None

    async def close(self) -> None:
        for stack in self._stacks:
            await stack.aclose()

    # the processes

    async def _begin(self) -> None:
        """Everything that the acts need is there."""
        sandbox, scene = self.scene.sandbox, self.scene
        await self._be_there(1)
        ada = sandbox.member("ada")
        guild = next(iter(sandbox.world.guilds.values()))
        readers = next(role for role in guild.roles.values() if role.name == "readers")
        readers.mentionable = True
        self._say(1)
        settings = ["/setup review channel:#review", "/setup staff channel:#review"]
        settings += ["/setup publish on:True"] if self.plan.publishes else []
        for words in settings:
            await ada.slash(words)
        await ada.slash("/setup ping", role=readers)
        await ada.slash(f"/setup source address:{scene.site.feed_url} channel:#news")
        form = await sandbox.member("mara").slash("/poll create channel:#general")
        answers = "\n".join(ANSWERS)
        await sandbox.member("mara").submit(form, {"Question": _QUESTION, "Answers": answers, "Closes": "9 days"})
        await sandbox.wait_for(lambda: self._cards("general", _QUESTION), what="the poll")
        await sandbox.wait_for(lambda: self._cards("news", "Issue 1"), what="the first issue")
        await self._be_there()

    async def _be_there(self, count: int | None = None) -> None:
        """Start whoever is not there, and wait until all are connected."""
        started = []
        for number in range(count or self.plan.processes):
            if self._bots[number] is None:
                self.scene.environment["TEST_AHEAD_SECONDS"] = str(self._ahead.total_seconds())
                self._stacks[number] = AsyncExitStack()
                bot = await self._stacks[number].enter_async_context(self.scene.bot())
                self._bots[number] = bot
                started.append(bot)
        await asyncio.gather(*(bot.logged("connected as=") for bot in started))
        if started:
            await self.scene.online()

    async def _kill(self, number: int, where: str) -> None:
        bot, self._bots[number] = self._bots[number], None
        if bot is None:
            return
        self.told.falls.append(where)
        await bot.kill()
        await self._stacks[number].aclose()
        if not any(self._bots):
            world = self.scene.sandbox.world
            for one in list(world.interactions.values()):
                world.deadlines.expire(one)  # nobody will answer any more
        if self.plan.forgets_nonces:
            self.scene.sandbox.world.nonces.clear()

    async def _fall(self, faults: list[Fault]) -> None:
        """Let processes pass as many points as the faults say, and kill or stop them there."""
        await asyncio.gather(*(self._meet(fault) for fault in faults if fault.name in {"kill", "stop"}))

    async def _meet(self, fault: Fault) -> None:
        bot = self._bots[fault.process]
        if bot is None:
            return
        await bot.watch(*POINTS)
        point = None
        for number in range(int(fault.size) + 1):
            point = await bot.next_point(patience_seconds=0.5)
            if point is None or number == int(fault.size):
                break
            await bot.go(point)
        if self._bots[fault.process] is not bot:
            return  # another fault was quicker
        if fault.name == "kill":
            await self._kill(fault.process, point or "idle")
            return
        bot.freeze()
        self.told.falls.append(f"stopped at {point or 'idle'}")
        await asyncio.sleep(_STOPPED_SECONDS)
        bot.thaw()
        await bot.watch()
        if point is not None:
            await bot.go(point)

    # what goes wrong

    @contextlib.asynccontextmanager
    async def _going_wrong(self, faults: list[Fault]) -> AsyncIterator[None]:
        for fault in faults:
            await self._strike(fault)
        try:
            yield
        finally:
            sandbox = self.scene.sandbox
            sandbox.faults.clear()
            sandbox.recover()
            if self.proxy is not None:
                self.proxy.delay_seconds = 0.0
                self.proxy.flow()
                await self.proxy.listen_again()

    async def _strike(self, fault: Fault) -> None:
        faults, seed, everything = (
            self.scene.sandbox.faults,
            self.plan.seed + fault.during,
            r"/(channels|interactions)/",
        )
        match fault.name:
            case "lose":
                faults.sometimes("lose_answer", "*", everything, fault.size, seed=seed)
            case "trouble":
                faults.sometimes("status", "*", everything, fault.size, seed=seed)
            case "cut":
                faults.sometimes("cut", "*", everything, fault.size, seed=seed)
            case "slow":
                faults.sometimes("delay", "*", everything, 1.0, seed=seed, seconds=fault.size)
            case "limit":
                faults.fail("POST", r"/channels/", 429, times=int(fault.size), retry_after=0.2)
            case "line":
                faults.drop_gateway()
            case "session":
                faults.invalidate()
            case "outage":
                self.scene.sandbox.outage()
            case "jump":
                await self._jump(timedelta(seconds=fault.size))
        if self.proxy is None:
            return
        match fault.name:
            case "db slow":
                self.proxy.delay_seconds = fault.size
            case "db cut":
                await self.proxy.cut()
            case "db silent":
                self.proxy.stall_at(b"COMMIT;")
            case "db lost commit":
                self.proxy.lose_answer_to(b"COMMIT;", passing=int(fault.size))
            case "db restart":
                await self._restart_database()

    async def _jump(self, by: timedelta) -> None:
        self._ahead += by
        self.history.was_put_back |= by < timedelta()
        for bot in filter(None, self._bots):
            await bot.jump_clock(by)

    async def _restart_database(self) -> None:
        """What clients see of it: all sessions end, for a while nobody is let in, then everything is as it was."""
        assert self.proxy is not None
        await self.proxy.cut()
        import asyncpg

        parts = self.database_url.partition("?")
        admin = await asyncpg.connect(f"{parts[0].rpartition('/')[0]}/postgres?{parts[2]}")
        name = parts[0].rpartition("/")[2]
        await admin.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1", name)
        await admin.close()
        await asyncio.sleep(_DOWN_SECONDS)
        await self.proxy.listen_again()

    # what people do

    async def _do(self, act: Act) -> None:
        # What a person cannot do at present, and what nobody answers, is part of the story.
        with contextlib.suppress(Refused, NothingHappened, LookupError):
            await self._acts[act.name](act)

    def _person(self, name: str) -> Person:
        return self.scene.sandbox.member(name)

    def _cards(self, place: str, words: str) -> list[Message]:
        return [
            message
            for message in self.scene.channel(place).messages.values()
            if message.author.bot and not message.ephemeral and not message.deleted and words in message.text
        ]

    def _say(self, number: int) -> None:
        title = f"Issue {number}"
        if title not in self.history.published:
            self.history.published += (title,)
        self.scene.publish(number, text=ISSUE)

    async def _publish(self, act: Act) -> None:
        self._say(int(act.what))
        await self._pass(_POLL)

    async def _votes(self, act: Act) -> None:
        poll = self._cards("general", _QUESTION)[0]
        votes = [self._person(name).click(poll, answer) for name, answer in zip(MEMBERS, act.what, strict=True)]
        await asyncio.gather(*votes, return_exceptions=True)

    async def _submit(self, act: Act) -> Reply:
        address = f"https://tool-{act.what}.example/"
        return await self._person(act.who).slash(f"/submit link address:{address} why:because_{act.what}_is_good")

    async def _decide(self, act: Act) -> None:
        card = next((card for card in self._cards("review", "tool-") if card.labels), None)
        if card is None:
            return
        if act.what == "decline":
            form = await self._person("mara").click(card, "Decline…")
            await self._person("mara").submit(form, {"Reason": "not_for_us"})
            return
        deciders = ("mara", "edda") if act.what == "both" else ("mara",)
        presses = [self._person(name).click(card, "Approve") for name in deciders]
        await asyncio.gather(*presses, return_exceptions=True)

    async def _credit(self, act: Act) -> None:
        member = self._person(act.who)
        asked = await member.slash("/privacy credit")
        if act.what == "own words":
            form = await member.click(asked.message, "credit:other")
            await member.submit(form, {"Name": f"The {act.who.title()}"})
        else:
            await member.click(asked.message, f"credit:{act.what}")

    async def _repost(self, act: Act) -> Reply:
        return await self._person(act.who).slash(f"/desk repost issue:Issue {act.what}")

    # time

    async def _pass(self, by: timedelta) -> None:
        """Let time pass, but not while something is in hand, which never takes so long; what a dead one held does."""
        await self._hands_empty()
        self._ahead += by
        for bot in filter(None, self._bots):
            await bot.move_clock(by)

    async def _hands_empty(self) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_IN_HAND_SECONDS):
                while await self._ask(_IN_HAND):
                    await self._calm()

    async def _calm(self, patience_seconds: float = 1.5) -> None:
        """Until the bot has asked nothing of Discord for a moment."""
        requests = self.scene.sandbox.requests
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(patience_seconds):
                while True:
                    before = len(requests)
                    await asyncio.sleep(_CALM_SECONDS)
                    if len(requests) == before:
                        return

    async def _settle(self) -> None:
        """Let time pass until nothing is due any more."""
        await self._be_there()
        for bot in filter(None, self._bots):
            await bot.watch()
        left: list[str] = []
        begun = time.monotonic()
        while time.monotonic() - begun < _REST_SECONDS:
            await self._pass(_POLL)
            await self._calm(5.0)
            await self._hands_empty()
            left = await self._left()
            if not left:
                self.history.is_settled = True
                return
        self.told.wrong.append(f"never at rest: {left}")

    async def _left(self) -> list[str]:
        """What is due or in hand, and which issues were not read yet."""
        open_rows = await self._ask("SELECT purpose, state, due_at, last_problem FROM outbox WHERE due_at IS NOT NULL")
        open_rows += await self._ask("SELECT kind, subject, due_at, place FROM chores")
        open_rows += await self._ask(_IN_HAND)
        titles = {row[0] for row in await self._ask("SELECT title FROM issues WHERE stage IS NULL")}
        return [str(row) for row in open_rows] + sorted(set(self.history.published) - titles)

    async def _ask(self, question: str) -> list[tuple[object, ...]]:
        if self.plan.database == "sqlite":
            with contextlib.closing(sqlite3.connect(self.database_url.removeprefix("sqlite:///"))) as connection:
                return list(connection.execute(question))
        import asyncpg

        connection = await asyncpg.connect(self.database_url)
        try:
            return [tuple(row.values()) for row in await connection.fetch(question)]
        finally:
            await connection.close()
