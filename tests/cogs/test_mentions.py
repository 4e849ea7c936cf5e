"""Commands in the bot's messages can be clicked, from its first start on."""

import re

from sandbox.model import Guild
from tests.cogs.conftest import Press
from tests.doubles import sample_issue

LINK = "https://tea.example/pot"


def mention(press: Press, name: str) -> str:
    """How Discord wants a command of the bot written."""
    ids = {command.name: command.id for command in press.sandbox.world.commands_of(None)}
    return f"</{name}:{ids[name.partition(' ')[0]]}>"


async def test_commands_in_answers_and_notices_can_be_clicked(press: Press) -> None:
    ada, mia = press.person("ada"), press.person("mia")
    assert mention(press, "setup source") in (await mia.slash("/issue latest")).text
    assert mention(press, "submit link") in (await ada.slash("/setup review channel:#review")).text
    sent = await mia.slash(f"/submit link address:{LINK}")
    assert mention(press, "submit mine") in sent.text
    assert mention(press, "privacy credit") in sent.text
    await mia.click(sent.message, "Undo")
    assert mention(press, "submit mine") in (await mia.slash(f"/submit link address:{LINK}")).text


async def test_commands_in_a_notice_to_the_staff_can_be_clicked(press: Press, guild: Guild) -> None:
    await press.set_up()
    await press.person("ada").slash("/setup staff channel:#review")
    press.sandbox.world.delete_channel(guild.channel("news"))
    press.shelf.lay_out(sample_issue(4))
    await press.read_again()
    review = guild.channel("review")
    notice = await press.sandbox.wait_for(lambda: list(review.messages.values()), what="the notice")
    assert mention(press, "setup channel") in notice[0].text


async def test_help_names_every_command_as_something_to_click(press: Press) -> None:
    shown = (await press.person("ada").slash("/help")).text
    assert mention(press, "setup status") in shown
    assert mention(press, "vote") in shown
    assert not re.search(r"`/[a-z ]+`", shown)
    assert len(shown) <= 4000


async def test_after_a_restart_commands_can_still_be_clicked(press: Press) -> None:
    await press.stop()
    await press.start()
    assert mention(press, "setup source") in (await press.person("mia").slash("/issue latest")).text


async def test_a_bot_that_learns_no_ids_starts_and_writes_commands_as_code(press: Press) -> None:
    await press.stop()
    press.sandbox.faults.fail("GET", r"^/applications/\d+/commands$", 403)
    await press.start()
    assert "`/setup source`" in (await press.person("mia").slash("/issue latest")).text


async def test_a_form_names_commands_plainly(press: Press) -> None:
    await press.person("ada").slash("/setup review channel:#review")
    await press.person("mia").slash(f"/submit link address:{LINK}")
    mara = press.person("mara")
    card = await press.sandbox.wait_for(
        lambda: next((each for each in mara.see("review") if "tea.example" in each.text), None), what="the card"
    )
    assert card is not None
    form = await mara.click(card, "Decline…")
    assert "reads this in /submit mine" in str(form.modal)
