"""The whole loop with a process that is killed in each of its steps: nothing lost, nothing doubled, nothing forgotten.

A member sends a link, a moderator approves it, the editor plans it, the next issue contains it; a poll is asked, voted
and closed. In every step the process falls at one of the points that lie in it, and another one goes on. Whoever got no
answer does it once more, as people do; what was acknowledged is never asked for again.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from datetime import timedelta

import pytest

from sandbox.driver import Reply
from sandbox.model import Message
from tests.journeys.scene import Scene

pytestmark = pytest.mark.journey

_LINK = "https://tool-7.example/"
_POLL = timedelta(minutes=15)
# Later than any process before it, each of which lived in the future, meant to read the feed.
_LATER = timedelta(hours=3)
_SOON = timedelta(seconds=20)
# The points that lie in each step; a story takes one of each, and six stories take them all.
_POINTS = {
    "submit": ("commit", "show", "shown"),
    "approve": ("commit", "refresh", "refreshed"),
    "plan": ("commit",),
    "feature": ("fetch", "fetched", "commit", "send", "sent", "thread"),
    "ask": ("commit", "show", "shown"),
    "vote": ("commit", "refresh", "refreshed"),
    "close": ("commit", "refresh", "refreshed"),
}
Act = Callable[[], Awaitable[Reply | None]]


class Story:
    """Each process finishes what the one before it left, acts, and falls at a point in that act."""

    def __init__(self, scene: Scene, number: int) -> None:
        self.scene = scene
        self.number = number
        self._processes = AsyncExitStack()

    async def begin(self) -> None:
        self.bot = await self._processes.enter_async_context(self.scene.bot())
        await self.scene.online()

    async def end(self) -> None:
        assert await self.bot.stop() == 0, self.bot.log
        await self._processes.aclose()

    async def step(self, name: str, act: Act, *, moves: timedelta | None = None) -> Reply | None:
        """Act, be killed, and act again where no answer came; the answer that came.

        `moves` is the time after which what the step is about happens by itself.
        """
        points = _POINTS[name]
        point = points[self.number % len(points)]
        await self._let_settle(point)
        acting = asyncio.ensure_future(act())
        if point != "commit" or moves is not None:
            await asyncio.wait({acting}, timeout=4)
            await self.bot.move_clock(moves or _SOON)
        await self.bot.reached(point)
        await self.bot.kill()
        reply: Reply | None = await acting
        self.scene.sandbox.world.nonces.clear()  # minutes pass until somebody starts it again
        await self.begin()
        if reply is not None and reply.failed:
            reply = await act()
            assert reply is not None
            assert not reply.failed, self.bot.log
        for _ in range(3):  # the one before it lived in the future
            await self._let_pass(moves or _POLL)
        return reply

    async def until(self, is_so: Callable[[], bool], what: str) -> None:
        """Let time pass until it is so; a slow machine needs more of it than a quick one."""
        for _ in range(30):
            if is_so():
                return
            await self._let_pass(_POLL)
        raise AssertionError(f"never seen: {what}\n{self.bot.log}")

    async def _let_pass(self, moves: timedelta) -> None:
        await self.bot.move_clock(moves)
        await self.bot.next_point(patience_seconds=0.4)

    async def _let_settle(self, point: str) -> None:
        """What the background does at its start is not what the step does."""
        await self.bot.watch(point)
        while (found := await self.bot.next_point(patience_seconds=0.6)) is not None:
            await self.bot.go(found)

    def cards(self, place: str, words: str) -> list[Message]:
        return [
            message
            for message in self.scene.channel(place).messages.values()
            if message.author.bot and not message.ephemeral and not message.deleted and words in message.text
        ]


@pytest.mark.parametrize("number", range(6))
async def test_the_loop_survives_a_kill_in_each_of_its_steps(scene: Scene, number: int) -> None:
    story = Story(scene, number)
    mia, mara, edda, ada = (scene.sandbox.member(name) for name in ("mia", "mara", "edda", "ada"))
    await scene.set_up()
    await story.begin()
    assert "Members can now use" in (await ada.slash("/setup review channel:#review")).text

    sent = await story.step("submit", lambda: mia.slash(f"/submit link address:{_LINK} why:good"))
    assert sent is not None
    assert "Received" in sent.text or "You already submitted that link" in sent.text
    await story.until(lambda: len(story.cards("review", "tool-7.example")) > 0, "the moderators' card")
    [card] = story.cards("review", "tool-7.example")
    assert card.labels == ["Approve", "Decline…"]

    approved = await story.step("approve", lambda: mara.click(card, "Approve") if card.labels else nothing())
    assert approved is None or "Somebody was faster" not in approved.text
    await story.until(lambda: "approved by" in card.text and card.labels == [], "the decision on the card")

    async def plan() -> Reply:
        # A commit of the background may be the one it falls in, while the list or the choice is still under way.
        listed = await edda.slash("/queue list")
        if listed.failed:
            return listed
        chosen = await edda.select(listed.message, "Choose a link…", ["tool-7.example"])
        return chosen if chosen.failed else await edda.click(listed.message, "Planned")

    await story.step("plan", plan)
    scene.publish(7)
    await story.step("feature", nothing, moves=_LATER)
    await scene.complete(2)
    assert "**in the issue** [Issue 7]" in (await mia.slash("/submit mine")).text
    assert "One link" not in (await edda.slash("/queue list")).text, "what ran has left the queue"
    assert len(scene.announcements()) == 2

    async def ask() -> Reply:
        form = await mara.slash("/poll create channel:#general")
        return (
            form if form.failed else await mara.submit(form, {"Question": "Q?", "Answers": "A\nB", "Closes": "9 days"})
        )

    await story.step("ask", ask)
    await story.until(lambda: len(story.cards("general", "### Q?")) > 0, "the poll")
    [poll] = story.cards("general", "### Q?")
    poll_key = str(poll.buttons[0]["custom_id"]).split(":")[1]
    await story.step("vote", lambda: mia.click(poll, "A"))
    await story.step("close", lambda: mara.slash("/poll close", poll="Q?") if poll.labels else nothing())
    assert "A: **1** (100%)" in (await mia.slash("/results", poll=poll_key)).text
    await story.until(lambda: "A: **1**" in poll.text and poll.labels == [], "the tally on the closed poll")
    await story.end()
    assert scene.sandbox.violations == []


async def nothing() -> None:
    return None
