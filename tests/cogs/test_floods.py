"""The flood brake as moderators meet it."""

from dataclasses import replace

from sandbox import Sandbox
from sandbox.model import Channel, Message
from tests.cogs.conftest import Press
from tests.doubles import sample_issue


async def flooded(press: Press) -> None:
    press.shelf.lay_out(*(sample_issue(number) for number in range(1, 6)))
    await press.set_up()
    await press.person("ada").slash("/setup staff channel:#review")
    moved = (
        replace(sample_issue(number), title=f"Moved number {number}", identities=(f"guid:new-{number}",))
        for number in range(2, 6)
    )
    press.shelf.lay_out(*moved, sample_issue(1))
    await press.read_again()


async def card(sandbox: Sandbox, review: Channel) -> Message:
    def found() -> Message | None:
        return next((message for message in review.history if "look new" in message.text), None)

    message = await sandbox.wait_for(found, what="the card about the flood")
    assert message is not None
    return message


async def test_moderators_decide_on_a_card_what_a_flood_announces(
    press: Press, sandbox: Sandbox, review: Channel
) -> None:
    await flooded(press)
    held = await card(sandbox, review)
    assert "4 of 5 issues of The Sample look new" in held.text
    assert "“Moved number 5”" in held.text
    assert held.labels == ["Announce the newest", "Announce all 4", "Announce none"]
    assert "are held back" in (await press.person("ada").slash("/setup status")).text
    await press.person("mara").click(held, "Announce the newest")
    assert held.labels == []
    assert "the newest is announced" in held.text
    announced = await press.announced(2)
    assert "Moved number 5" in announced[-1].text
    await press.settled()
    assert len(await press.announced(2)) == 2
