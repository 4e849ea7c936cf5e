"""What a member gets of what is kept, and how it is let go; `/help` beside it."""

import json
from datetime import timedelta

from sandbox.model import Channel
from tests.cogs.conftest import Press
from tests.cogs.test_polls import opened
from tests.cogs.test_queue import attached
from tests.cogs.test_submissions import card, open_submissions


async def test_everything_is_exported_and_forgotten(press: Press, review: Channel, general: Channel) -> None:
    await open_submissions(press)
    mia, mara = press.person("mia"), press.person("mara")
    received = await mia.slash("/submit link address:https://mine.example/1 why:my words")
    await mia.click(received.message, "As Mia")
    await mara.click(await card(press, review), "Approve")
    await mia.slash("/submit link address:https://mine.example/2 why:other words")
    waiting = await card(press, review, 2)
    poll = await opened(press, general)
    await mia.click(poll, "Tea")
    kept = json.loads(attached(await mia.slash("/privacy export")))
    assert [row["note"] for row in kept["submissions"]] == ["my words", "other words"]
    assert kept["submissions"][0]["finder_id"] == str(mia.id)
    assert kept["submissions"][0]["decided_by_id"] is None, "whoever decided is somebody else"
    assert kept["member_credits"][0]["name"] == "Mia"
    assert len(kept["ballots"]) == len(kept["ballot_ledger"]) == 1
    warned = await mia.slash("/privacy forget")
    await mia.click(warned.message, "Delete my data")
    await press.sandbox.wait_for(lambda: "Done" in warned.message.text, what="the answer")
    assert "Nothing is stored about you" in (await mia.slash("/privacy export")).text
    press.clock.move(timedelta(minutes=1))
    await press.sandbox.wait_for(lambda: waiting.deleted, what="the card of what nobody decided about, gone")
    await press.sandbox.wait_for(lambda: "Tea: **0**" in poll.text, what="the poll without her vote")
    exported = attached(await press.person("edda").slash("/queue export", format="json"))
    assert "mine.example/1" in exported
    assert "my words" not in exported
    assert "Mia" not in exported


async def test_help_says_what_there_is_for_whoever_asks(press: Press) -> None:
    member = (await press.person("mia").slash("/help")).text
    assert "/submit link" in member
    assert "/poll create" not in member
    moderator = (await press.person("mara").slash("/help")).text
    assert "/poll create" in moderator
    assert "/queue list" in moderator, "they may read it"
    assert "/setup review" not in moderator
    editor = (await press.person("edda").slash("/help")).text
    assert "/queue export" in editor
    administrator = (await press.person("ada").slash("/help")).text
    assert "/setup review" in administrator
