"""The editor's queue: listed, marked, exported."""

import csv
import io
import json

import pytest

from sandbox import Sandbox
from sandbox.driver import Reply
from sandbox.model import Channel, Guild
from tests.cogs.conftest import Press
from tests.cogs.test_submissions import card, open_submissions

HOSTILE = "=cmd() [x](https://evil.example) @everyone"


async def approved(press: Press, review: Channel, count: int) -> None:
    await open_submissions(press)
    people = ["mia", "nils", "mara", "edda", "ada"]
    for number in range(count):
        person = press.person(people[number % len(people)])
        reply = await person.slash("/submit link", address=f"https://queue.example/{number}", why=HOSTILE)
        assert "Received" in reply.text, reply.text
        if number == 0:
            await person.click(reply.message, f"As {person.member.display_name}")
        await press.person("mara").click(await card(press, review, number + 1), "Approve")


def attached(reply: Reply) -> str:
    [attachment] = reply.message.attachments
    return attachment.data.decode("utf-8-sig")


async def test_the_queue_is_listed_paged_and_its_items_are_marked(press: Press, review: Channel) -> None:
    await approved(press, review, 11)
    edda = press.person("edda")
    listed = await edda.slash("/queue list")
    assert listed.ephemeral
    assert "11 links in the queue" in listed.text
    assert "Page 1 of 2" in listed.text
    message = listed.message
    await edda.select(message, "Choose a link…", ["queue.example/0"])
    assert "Credit: Mia" in message.text
    assert "> =cmd\\(\\) \\[x\\]" in message.text
    await edda.click(message, "Planned")
    assert "**planned**" in message.text
    assert "Planned" not in message.labels
    assert "planned by the editor" in (await press.person("mia").slash("/submit mine")).text
    await edda.click(message, "Back to the list")
    await edda.select(message, "Choose a link…", ["queue.example/1"])
    assert "stays anonymous" in message.text
    await edda.click(message, "Not used")
    await edda.click(message, "Back to the list")
    assert "10 links in the queue" in message.text
    assert "queue.example/1>" not in message.text, "at the end, on the last page"
    await edda.click(message, "Next")
    assert "queue.example/1>) · not used" in message.text
    await edda.select(message, "Choose a link…", ["queue.example/1"])
    await edda.click(message, "Back to the queue")
    assert "approved" in message.text


async def test_the_queue_is_for_editors_at_each_press(
    press: Press, review: Channel, sandbox: Sandbox, guild: Guild
) -> None:
    await approved(press, review, 1)
    edda = press.person("edda")
    message = (await edda.slash("/queue list")).message
    sandbox.world.set_roles(guild.members[edda.id], [])
    reply = await edda.select(message, "Choose a link…", ["queue.example/0"])
    assert "editors can do that" in reply.text
    sandbox.world.set_roles(guild.members[edda.id], ["editor"])
    await edda.select(message, "Choose a link…", ["queue.example/0"])
    sandbox.world.set_roles(guild.members[edda.id], [])
    for button in ("Planned", "Back to the list"):
        assert "editors can do that" in (await edda.click(message, button)).text
    sandbox.world.set_roles(guild.members[edda.id], ["editor"])
    mark = next(button for button in message.buttons if button["label"] == "Planned")
    for forged in (f"queue-mark:{'a' * 26}:planned:0", "queue-mark:x:planned:0", "queue:99999:x", "queue-item:x"):
        mark["custom_id"] = forged
        said = (await edda.click(message, "Planned")).text
        assert "no longer in the queue" in said or "older version" in said, forged


async def test_long_addresses_do_not_break_the_lists(press: Press, review: Channel) -> None:
    await open_submissions(press)
    mia, mara = press.person("mia"), press.person("mara")
    for number in range(9):
        await mia.slash("/submit link", address=f"https://long.example/{number}/" + "x" * 1450, why="_" * 300)
        shown = await card(press, review, number + 1)
        if number % 2:
            await mara.click(shown, "Approve")
        else:
            await mara.submit(await mara.click(shown, "Decline…"), {"Reason": "*" * 300})
    assert "long.example/8" in (await mia.slash("/submit mine")).text
    listed = await press.person("edda").slash("/queue list")
    assert "4 links in the queue" in listed.text
    assert "long.example/7" in listed.text


@pytest.mark.parametrize("form", ["csv", "json", "md"])
async def test_the_queue_is_exported_with_credits_where_leave_was_given(
    press: Press,
    review: Channel,
    form: str,
) -> None:
    await approved(press, review, 2)
    reply = await press.person("edda").slash("/queue export", format=form)
    assert reply.ephemeral
    assert "2 links" in reply.text
    text = attached(reply)
    nils = press.person("nils")
    assert str(nils.id) not in text
    if form == "csv":
        first, second = csv.DictReader(io.StringIO(text, newline=""))
        assert (first["url"], first["credit"], second["credit"]) == ("https://queue.example/0", "Mia", "")
        assert first["note"] == f"'{HOSTILE}", "a spreadsheet must not run it"
    elif form == "json":
        first, second = json.loads(text)
        assert (first["note"], first["credit"], second["credit"]) == (HOSTILE, "Mia", None)
    else:
        lines = text.splitlines()
        assert lines[0].startswith("- [queue.example/0](<https://queue.example/0>) - =cmd() \\[x\\](https")
        assert lines[0].endswith("(found by Mia)")
        assert "found by" not in lines[1]


async def test_an_empty_queue_says_so(press: Press) -> None:
    assert "The queue is empty" in (await press.person("edda").slash("/queue list")).text
    reply = await press.person("edda").slash("/queue export")
    assert "The queue is empty" in reply.text
    assert reply.message.attachments == []


async def test_a_member_is_not_offered_the_queue(press: Press) -> None:
    assert not [name for name in press.person("mia").commands() if name.startswith(("/queue", "/poll", "/desk"))]
    assert "/submit link" in press.person("mia").commands() or "/submit" in press.person("mia").commands()
