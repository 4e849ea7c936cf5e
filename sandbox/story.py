"""The story that `make demo ONCE=1` tells in the terminal: a newsletter, a Discord, and the real bot between them.

Everything that is told happens: the bot reads the feed over HTTP and acts over Discord's API; the people press and type
through the driver. Should one step not come true, the story says so, shows the bot's log and ends with exit code 1.
"""

import asyncio
import re
import signal
import sys
import textwrap
from datetime import UTC, datetime
from pathlib import Path

from sandbox.driver import Person, Reply
from sandbox.errors import NothingHappened, Refused
from sandbox.ghost import KEY
from sandbox.model import Message
from sandbox.permissions import Permission
from sandbox.server import Sandbox
from sandbox.site import SAMPLES, Post, Site
from sandbox.stage import NEXT, Bot, Stage, stage

_STEP_SECONDS = 30.0
_MOST_LINES = 16
_WIDTH = 96
_FOUND = "https://lanterns.example/paper"
_LANTERNS, _POSTSCRIPT, _CORRECTION, *_ = (path.read_text(encoding="utf-8") for path in NEXT)
_HEADLINE, _TYPO = "Paper lanterns", "Paper lanters"
_LINK = re.compile(r"\[((?:\\.|[^\]\\])*)\]\(<[^>]*>\)")


class StoryBroke(Exception):  # noqa: N818 - it is what happened, told to a person
    """A step of the story did not come true."""


async def tell(*, issue: Path | None, openapi: Path | None = None) -> int:
    """Tell the story in the terminal; exit code 0 when every step came true."""
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with stage(openapi=openapi) as on_stage:
        told = asyncio.create_task(_story(on_stage, issue))
        stopped = asyncio.create_task(stop.wait())
        ended = asyncio.create_task(on_stage.bot.fell.wait())
        await asyncio.wait({told, stopped, ended}, return_when=asyncio.FIRST_COMPLETED)
        for task in (told, stopped, ended):
            task.cancel()
        if stop.is_set():
            return 130
        try:
            if not told.done():
                raise StoryBroke("the bot ended")  # noqa: TRY301
            told.result()
        except (StoryBroke, NothingHappened, Refused, OSError) as error:
            _say(f"\nThe story broke: {error}\n\nThe bot's log:")
            print(textwrap.indent(on_stage.bot.last_words, "  "))
            return 1
        if on_stage.sandbox.violations:
            _say("Against Discord's specification: " + "; ".join(on_stage.sandbox.violations[:5]))
            return 1
    return 0


async def _story(on_stage: Stage, issue: Path | None) -> None:
    sandbox, site, bot = on_stage.sandbox, on_stage.site, on_stage.bot
    ada, mia, mara = (sandbox.member(name) for name in ("ada", "mia", "mara"))
    news = _publish(site, issue)
    archive = [sample for sample in site.publish_samples() if sample.title != news.title][:2]
    site.posts = {sample.slug: sample for sample in archive}

    await _arrival(sandbox, site, ada, mia, mara)

    _chapter("Ada sets the newsletter up.")
    await _typed(ada, "/setup staff channel:#review")
    await _typed(ada, f"/setup source address:{site.feed_url} channel:#news")
    first = await _announcement(sandbox, mia, 1)
    _say("The bot fills the archive and posts only the newest issue, once, with a thread:")
    _card(first)

    _chapter("The newsletter publishes a new issue.")
    site.posts[news.slug] = news
    _say(f"{site.title} publishes “{news.title}”.")
    card = await _announcement(sandbox, mia, 2)
    _say("A moment later it is in #news, in one message:")
    _card(card)

    if "All links" in card.labels:
        _chapter("Mia presses “All links”. Only she sees the answer.")
        links = await mia.click(card, "All links")
        _reply(links)
        if any(button.get("label") == "Next" and not button.get("disabled") for button in links.message.buttons):
            _say("… and “Next”, which turns the page in place:")
            _reply(await mia.click(links.message, "Next"))

    _chapter("Mia asks for an older issue and gets titles to pick from.")
    choices = await mia.autocomplete("/issue show", title="")
    _say("Offered: " + " | ".join(str(choice["name"]) for choice in choices))
    _reply(await mia.slash("/issue show", title=str(choices[-1]["value"])))
    await _typed(mia, "/issue topics")

    _chapter("Mara, a moderator, previews an issue before she posts it.")
    older = await mara.autocomplete("/desk preview", issue="")
    _say("Mara types /desk preview with the oldest issue:")
    _reply(await mara.slash("/desk preview", issue=str(older[-1]["value"])))
    _say("… and /desk post:")
    _reply(await mara.slash("/desk post", issue=str(older[-1]["value"])))
    await _announcement(sandbox, mia, 3)
    _say("By mistake she tries to post it again:")
    _reply(await mara.slash("/desk post", issue=str(older[-1]["value"])))

    await _submissions(sandbox, site, ada, mia, mara)
    await _poll(sandbox, mia, mara)
    await _trouble(sandbox, site, bot)
    await _ghost(on_stage, ada, mia)

    _chapter("Ada checks the setup.")
    await _typed(ada, "/setup status")
    sent = _announcements(mia)
    stored = len(site.posts) + len(on_stage.ghost.posts)
    _say(f"In all: {len(sent)} announcements in #news, {stored} issues in the archive, nothing posted twice.")
    if len(sent) != 7:
        raise StoryBroke(f"#news holds {len(sent)} announcements instead of 7")


async def _arrival(sandbox: Sandbox, site: Site, ada: Person, mia: Person, mara: Person) -> None:
    _chapter("A newsletter and a Discord start on this machine; the bot connects.")
    _say(f"{site.title} is at {site.url}, its feed at {site.feed_url}.")
    _say(f"The server “{ada.guild.name}” has {', '.join('#' + c.name for c in ada.guild.channels.values())}.")
    await sandbox.wait_for(
        lambda: sandbox.gateway.connected and ada.commands(), timeout=_STEP_SECONDS, what="the bot's connection"
    )
    _say(f"The bot is online. Mia, a member, can use {', '.join(mia.commands())}.")
    _say(f"Mara, a moderator, can also use {', '.join(sorted(set(mara.commands()) - set(mia.commands())))}.")
    _say(f"Ada, an administrator, can also use {', '.join(sorted(set(ada.commands()) - set(mara.commands())))}.")


async def _submissions(sandbox: Sandbox, site: Site, ada: Person, mia: Person, mara: Person) -> None:
    nils, edda = sandbox.member("nils"), sandbox.member("edda")

    _chapter("Ada opens the newsletter for submissions.")
    await _typed(ada, "/setup review channel:#review")
    await _typed(ada, "/setup roles moderators:@moderator editors:@editor")

    _chapter("Mia submits a link, and chooses her name for credits.")
    received = await _typed(mia, f"/submit link address:{_FOUND} why:They fold flat")
    await _pressed(mia, received.message, "As Mia")
    _say("Nils, another member, talks about something else.")
    await _say_message(nils, "links", "Have you seen https://noise.example/buy-now ?")
    _say("Mia opens the menu of his message: Apps → Submit to newsletter")
    _reply(await mia.menu("Submit to newsletter", _last(nils, "links")))

    _chapter("A card for each link appears in #review. Mara, a moderator, decides.")
    first = await _waiting(sandbox, mara, "lanterns")
    _card(first)
    await _pressed(mara, first, "Approve", told=False)
    _say("The card shrinks to one line:")
    _card(first)
    second = await _waiting(sandbox, mara, "noise")
    _say("Mara presses “Decline…” on the other card and writes a reason.")
    form = await mara.click(second, "Decline…")
    await mara.submit(form, {"Reason": "That is an advertisement"})
    _card(second)
    await _typed(nils, "/submit mine")

    _chapter("An approved link is in the editor's queue at once.")
    _say("Edda is the editor.")
    listed = await _typed(edda, "/queue list")
    _say("Edda chooses it and presses “Planned”.")
    await edda.select(listed.message, "Choose a link…", ["lanterns.example/paper"])
    await edda.click(listed.message, "Planned")
    _card(listed.message, private=True)
    exported = await _typed(edda, "/queue export")
    for attachment in exported.message.attachments:
        _say(f"{attachment.filename}:")
        print(textwrap.indent(attachment.data.decode().rstrip(), "    │ "), flush=True)

    _chapter("The next issue contains the link: Mia sees where, and gets her credit.")
    slug = site.publish_markdown(_LANTERNS.replace(_HEADLINE, _TYPO, 1)).slug
    card = await _announcement(sandbox, mia, 4)
    _card(card)

    _chapter("A headline has a typing error. The editor corrects it, and this changes the address too.")
    mended = site.retitle(slug, _TYPO, _HEADLINE)
    _say(f"The old address was {site.post_url(slug)}, the new one is {site.post_url(mended.slug)}.")
    await sandbox.wait_for(lambda: _HEADLINE in card.text, timeout=_STEP_SECONDS, what="the corrected headline")
    _say("The bot edits its message in #news and posts no second one:")
    _card(card)
    if len(_announcements(mia)) != 4:
        raise StoryBroke("the corrected headline was posted again")
    await _typed(mia, "/submit mine")


async def _poll(sandbox: Sandbox, mia: Person, mara: Person) -> None:
    nils = sandbox.member("nils")
    general = mia.channel("general")

    _chapter("Mara asks the server.")
    _say("Mara types /poll create and fills in the form: “More lanterns?” with Yes, No and Only paper, for 3 days.")
    form = await mara.slash("/poll create", in_channel="general")
    _reply(
        await mara.submit(form, {"Question": "More lanterns?", "Answers": "Yes\nNo\nOnly paper", "Closes": "3 days"})
    )

    def asked() -> Message | None:
        return next((each for each in general.messages.values() if "More lanterns?" in each.text), None)

    card = await sandbox.wait_for(asked, timeout=_STEP_SECONDS, what="the poll's card")
    if card is None:
        raise StoryBroke("the poll's card is missing")
    await _pressed(mia, card, "Only paper")
    await _typed(nils, "/vote option:Yes")
    _say("He changes his mind:")
    await _typed(nils, "/vote option:Only paper")
    await sandbox.wait_for(
        lambda: "Only paper: **2**" in card.text, timeout=_STEP_SECONDS, what="the tally on the card"
    )
    _say("A few seconds later the card shows it:")
    _card(card)
    await _typed(mara, "/poll close poll:More lanterns?")
    await _typed(mia, "/privacy export")


async def _trouble(sandbox: Sandbox, site: Site, bot: Bot) -> None:
    mia, mara = sandbox.member("mia"), sandbox.member("mara")
    news = next(channel for channel in mia.guild.channels.values() if channel.name == "news")

    _chapter("Discord gets a message, but its answer is lost. In that moment somebody kills the bot.")
    lost = sandbox.faults.lose_answer("POST", rf"^/channels/{news.id}/messages$")
    site.publish_markdown(_POSTSCRIPT)
    await sandbox.wait_for(lambda: lost.hits, timeout=_STEP_SECONDS, what="the lost answer")
    await bot.kill()
    _say("The bot does not know that its message is in #news. A new process starts, looks, and finds it:")
    await bot.start()
    _card(await _announcement(sandbox, mia, 5))
    _say(f"#news holds {len(_announcements(mia))} announcements: nothing was posted twice.")

    _chapter("Somebody takes away the bot's permission to write in #news.")
    assert news.guild is not None  # noqa: S101 - a channel of the server
    assert news.guild.bot is not None  # noqa: S101 - where the bot is
    sandbox.world.permit(news, news.guild.bot, deny=int(Permission.SEND_MESSAGES))
    late = site.publish_markdown(_CORRECTION)
    notice = await sandbox.wait_for(
        lambda: [message for message in mara.see("review") if "no longer send anything" in message.text],
        timeout=_STEP_SECONDS,
        what="the notice to the staff",
    )
    _say("The bot tells the staff in #review, once. Nothing is lost:")
    _card(notice[0])
    _say(f"Mara checks “{late.title}”:")
    _reply(await mara.slash("/desk why", url=site.post_url(late.slug)))
    sandbox.world.permit(news, news.guild.bot, allow=int(Permission.SEND_MESSAGES))
    _say("The permission is back, and the bot posts the waiting issue at once:")
    _card(await _announcement(sandbox, mia, 6))


async def _ghost(on_stage: Stage, ada: Person, mia: Person) -> None:
    sandbox, ghost = on_stage.sandbox, on_stage.ghost

    _chapter(
        "Ada adds a Ghost site by its Content API. The key is typed into a form, so it stays in no list of commands."
    )
    _say(
        f"{ghost.title} is at {ghost.url}. Its newest post, “{ghost.newest.title}”, is for members from its middle on."
    )
    asked = await _typed(ada, f"/setup source address:{ghost.api} channel:#news")
    _say("Ada presses “Enter key…” and types the Content API key.")
    _reply(await ada.submit(await ada.click(asked.message, "Enter key…"), {"Key": KEY}))
    card = await _announcement(sandbox, mia, 7)
    _say("The card says what the feed keeps to itself:")
    _card(card)
    if "for subscribers" not in card.text:
        raise StoryBroke("the card does not say that the post is for subscribers")
    _say("Only the public part is in the archive:")
    gated = await _typed(mia, "/links search words:moths")
    if "diary" in gated.text:
        raise StoryBroke("what is behind the paywall was kept")

    _chapter(f"The editor of {ghost.title} unpublishes the post.")
    ghost.unpublish(ghost.newest.number)
    await sandbox.wait_for(lambda: "~~" in card.text, timeout=_STEP_SECONDS, what="the struck card")
    _say("The next reading crosses it out:")
    _card(card)


def _publish(site: Site, issue: Path | None) -> Post:
    text = (issue or SAMPLES / "issue.md").read_text(encoding="utf-8")
    return site.publish_markdown(text, slug="news", published_at=datetime.now(UTC))


async def _announcement(sandbox: Sandbox, reader: Person, number: int) -> Message:
    """The number-th announcement in #news, as soon as it has its thread."""

    def found() -> Message | None:
        messages = _announcements(reader)
        return messages[number - 1] if len(messages) >= number and messages[number - 1].thread else None

    message = await sandbox.wait_for(found, timeout=_STEP_SECONDS, what=f"announcement {number} with its thread")
    if message is None:
        raise StoryBroke(f"announcement {number} is missing")
    return message


def _announcements(reader: Person) -> list[Message]:
    return [message for message in reader.see("news") if message.author.bot and not message.ephemeral]


async def _waiting(sandbox: Sandbox, moderator: Person, words: str) -> Message:
    """The card of a submission in #review."""

    def found() -> Message | None:
        seen = (message for message in moderator.see("review") if message.author.bot and not message.ephemeral)
        return next((message for message in seen if words in message.text), None)

    message = await sandbox.wait_for(found, timeout=_STEP_SECONDS, what=f"the card about {words}")
    if message is None:
        raise StoryBroke(f"the card about {words} is missing")
    return message


async def _say_message(person: Person, channel: str, text: str) -> None:
    await person.say(channel, text)
    _say(f"{person.name.title()} writes in #{channel}: {text}")


def _last(person: Person, channel: str) -> Message:
    return [message for message in person.see(channel) if message.author.id == person.id][-1]


async def _pressed(person: Person, message: Message, label: str, *, told: bool = True) -> Reply:
    _say(f"{person.name.title()} presses “{label}”.")
    reply = await person.click(message, label)
    if reply.failed:
        raise StoryBroke(f"{label!r} got no answer")
    if told:
        _reply(reply)
    return reply


async def _typed(person: Person, command: str) -> Reply:
    _say(f"{person.name.title()} types {command}")
    reply = await person.slash(command)
    _reply(reply)
    return reply


def _reply(reply: Reply) -> None:
    if reply.failed:
        raise StoryBroke(f"{reply.interaction.name} got no answer")
    _card(reply.message, private=reply.ephemeral)


def _chapter(title: str) -> None:
    print(f"\n\033[1m{title}\033[0m" if sys.stdout.isatty() else f"\n{title}", flush=True)


def _say(line: str) -> None:
    print(f"  {line}", flush=True)


def _card(message: Message, *, private: bool = False) -> None:
    """A message as a reader would see it, framed."""
    lines = [_as_seen(line, message) for line in message.text.splitlines()]
    if len(lines) > _MOST_LINES:
        lines = [*lines[: _MOST_LINES - 1], f"… {len(lines) - _MOST_LINES + 1} more lines, left out of this story"]
    lines += [f"[picture {address.rpartition('/')[2]}]" for address in message.pictures]
    labels = [str(label) for label in message.labels if label]
    if labels:
        lines.append("  ".join(f"[ {label} ]" for label in labels))
    if message.thread is not None:
        lines.append(f"↳ thread: {message.thread.name}")
    for line in lines:
        for piece in textwrap.wrap(line, _WIDTH) or [""]:
            print(f"    │ {piece}", flush=True)
    if private:
        print("    ╵ only you can see this", flush=True)


def _relative(moment: int) -> str:
    """How Discord shows a moment that is near: by the largest unit."""
    ahead = moment - datetime.now(UTC).timestamp()
    for seconds, unit in ((86_400, "day"), (3_600, "hour"), (60, "minute")):
        if ahead > seconds * 0.95:
            count = round(ahead / seconds)
            return f"in {count} {unit}{'s' if count > 1 else ''}"
    return "just now"


def _as_seen(line: str, message: Message) -> str:
    """Discord's Markdown as its reader sees it: names for mentions, days for timestamps, no marks."""
    guild = message.channel.guild
    channels = {str(channel.id): channel.name for channel in guild.channels.values()} if guild else {}
    names = {str(member.id): member.display_name for member in guild.members.values()} if guild else {}
    roles = {str(role.id): role.name for role in guild.roles.values()} if guild else {}
    line = re.sub(r"<@(\d+)>", lambda found: f"@{names.get(found[1], 'unknown')}", line)
    line = re.sub(r"<@&(\d+)>", lambda found: f"@{roles.get(found[1], 'unknown')}", line)
    line = re.sub(r"<#(\d+)>", lambda found: f"#{channels.get(found[1], 'unknown')}", line)
    line = re.sub(r"</([^:<>]+):\d+>", r"/\1", line)
    line = re.sub(r"<t:(\d+):R>", lambda found: _relative(int(found[1])), line)
    line = re.sub(r"<t:(\d+):\w>", lambda found: f"{datetime.fromtimestamp(int(found[1]), UTC):%B %d, %Y}", line)
    line = _LINK.sub(r"\1", line)
    line = re.sub(r"(?<!\\)\*\*", "", re.sub(r"^(#{1,3}|-#) ", "", line))
    line = re.sub(r"`([^`]+)`|(?<!\\)\*([^*]+)\*", lambda found: found[1] or found[2], line)
    return re.sub(r"\\(.)", r"\1", line)
