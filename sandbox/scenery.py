"""What happened in the server before somebody looks: two issues, talk, links that wait, a poll half voted.

All of it is done by people through the driver, and answered by the real bot.
"""

import asyncio
from collections.abc import Callable
from typing import TypeVar

from sandbox.driver import Person, Reply
from sandbox.errors import NothingHappened
from sandbox.model import Message
from sandbox.seed import DAY
from sandbox.site import SAMPLES
from sandbox.stage import Stage

T = TypeVar("T")

_CROWD = ("tomas", "yuki", "ravi", "lena")
_STEP_SECONDS = 30.0
_POLL = {
    "Question": "Which topic deserves a whole issue?",
    "Answers": "Sewing patterns\nTutors\nMaps",
    "Closes": "5 days",
}


async def set_scenery(stage: Stage) -> None:
    """Let the server have a past. Raises NothingHappened or Refused where a step does not come true."""
    sandbox, site = stage.sandbox, stage.site
    guild = next(iter(sandbox.world.guilds.values()))
    now = sandbox.world.clock()
    for number, name in enumerate(_CROWD):
        guild.add_member(name, joined_at=now - (30 + 40 * number) * DAY, created_at=now - (400 + 90 * number) * DAY)
    ada, mara, mia, nils, edda = (sandbox.member(name) for name in ("ada", "mara", "mia", "nils", "edda"))
    tomas, yuki, ravi, lena = (sandbox.member(name) for name in _CROWD)
    await tomas.say("general", "Morning! Is anyone else still thinking about last week's clock?")
    await lena.say("general", "It asked me *politely* to get up. I said no. It understood.")
    await lena.say("links", "A kite for a room without wind: https://kites.example/indoor")
    sandbox.world.edit_role(guild.role("readers"), mentionable=True)
    await ravi.post("ideas", "An edition to listen to", "I read you on the bus, with my eyes closed.", tags=["idea"])
    for name in ("letters-to-a-robot.md", "a-clock-with-manners.md"):
        site.publish_file(SAMPLES / name)
    await _until(stage, lambda: sandbox.gateway.connected and ada.commands(), "the bot's connection")

    for command in (
        "/setup staff channel:#review",
        "/setup review channel:#review",
        "/setup roles moderators:@moderator editors:@editor",
        f"/setup source address:{site.feed_url} channel:#news",
    ):
        _answered(await ada.slash(command))
    [first] = await _announcements(stage, 1)
    site.publish_file(SAMPLES / "issue.md")
    await asyncio.gather(_submissions(stage, mia, nils, yuki, mara), _poll(stage, mara, (tomas, yuki, ravi)))
    await _announcements(stage, 2)

    assert first.thread is not None  # noqa: S101  (`_announcements` waits for it)
    await yuki.say(first.thread, "Forty basil plants on one board! My window sill is jealous.")
    await tomas.say(first.thread, "The diary is the best part. Plant 17 has opinions about Tuesdays.")
    await edda.say(first.thread, "Plant 17 will be asked for an interview.")
    await lena.say("general", "The new issue is out, and it has **sewing patterns**.")


async def _submissions(stage: Stage, mia: Person, nils: Person, yuki: Person, mara: Person) -> None:
    """One link is approved and stands in the queue; two wait for a moderator."""
    sent = _answered(await mia.slash("/submit link address:https://lanterns.example/paper why:They fold flat"))
    await mia.click(sent, "As Mia")
    card = await _until(stage, lambda: _find(mara, "review", "lanterns"), "the moderators' card")
    await mara.click(card, "Approve")
    post = await nils.say("links", "Somebody built a piano out of a staircase: https://stairs.example/piano")
    _answered(await yuki.menu("Submit to newsletter", post))
    _answered(
        await yuki.slash("/submit link address:https://moss.example/carpet why:A carpet of moss that cleans the air")
    )
    await _until(stage, lambda: _find(mara, "review", "moss"), "the second card")


async def _poll(stage: Stage, mara: Person, voters: tuple[Person, ...]) -> None:
    form = await mara.slash("/poll create", in_channel="general")
    _answered(await mara.submit(form, _POLL))
    card = await _until(stage, lambda: _find(mara, "general", _POLL["Question"]), "the poll")
    for voter, answer in zip(voters, ("Sewing patterns", "Maps", "Sewing patterns"), strict=True):
        await voter.click(card, answer)


async def _announcements(stage: Stage, count: int) -> list[Message]:
    mia = stage.sandbox.member("mia")

    def found() -> list[Message]:
        messages = [message for message in mia.see("news") if message.author.bot and message.thread is not None]
        return messages if len(messages) >= count else []

    return await _until(stage, found, f"announcement {count} with its thread")


def _find(person: Person, channel: str, words: str) -> Message | None:
    messages = (message for message in person.see(channel) if message.author.bot and not message.ephemeral)
    return next((message for message in messages if words in message.text), None)


def _answered(reply: Reply) -> Message:
    if reply.failed:
        raise NothingHappened(f"{reply.interaction.name} got no answer")
    return reply.message


async def _until(stage: Stage, condition: Callable[[], T | None], what: str) -> T:
    found = await stage.sandbox.wait_for(condition, timeout=_STEP_SECONDS, what=what)
    if found is None:  # wait_for ends with what is true, or raises
        raise NothingHappened(what)
    return found
