"""Answers that take longer than Discord waits: each kind of answer comes all the same, after a promise."""

import discord
import pytest
from discord import app_commands

from bot.chat import outcomes, replies
from bot.client import PRESSES
from sandbox import Sandbox
from sandbox.model import Channel
from tests.cogs.conftest import Press
from tests.cogs.test_polls import opened


async def test_every_kind_of_answer_comes_after_a_promise_too(
    press: Press, general: Channel, review: Channel, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada, mara, mia = press.person("ada"), press.person("mara"), press.person("mia")
    await press.set_up()
    card = await opened(press, general)
    await ada.slash("/setup review channel:#review")
    monkeypatch.setattr(replies, "_PROMISED_AFTER_SECONDS", 0.0)
    monkeypatch.setattr(replies, "_FORM_AFTER_SECONDS", 0.0)
    voted = await mia.click(card, "Tea")
    assert voted.deferred
    [said] = await sandbox.wait_for(lambda: voted.followups, what="the answer to the vote")
    assert "Your vote for **Tea** counts" in said.text
    assert said.ephemeral
    sent = await mia.slash("/submit link address:https://tea.example/")
    assert sent.deferred
    assert "tea.example" in sent.text
    await press.settled()
    [waiting] = await sandbox.wait_for(lambda: [each for each in review.messages.values() if each.labels], what="it")
    assert (await mara.click(waiting, "Approve")).deferred
    await sandbox.wait_for(lambda: not waiting.labels, what="the folded card")
    late = await mara.slash("/poll create channel:#general")
    assert "try again" in late.text
    assert "Discussion threads: on" in (await ada.slash("/setup status")).text
    assert (await mia.slash("/privacy export")).message.attachments
    assert "poll" in (await mia.slash("/results poll:nothing")).text


async def test_for_every_command_and_press_it_is_known_with_what_one_looks(press: Press) -> None:
    tree = press.client.tree
    commands = {each.qualified_name for each in tree.walk_commands() if isinstance(each, app_commands.Command)}
    menus = {menu.name for menu in tree.get_commands(type=discord.AppCommandType.message)}
    assert set(outcomes.LOOKED_UP_WITH) == commands | menus | {kind.name for kind in PRESSES}
    assert outcomes.LOOKED_UP_WITH.keys() >= outcomes.OPEN_A_FORM
    looked_with = {look for look in outcomes.LOOKED_UP_WITH.values() if look and look.startswith("/")}
    assert {look.removeprefix("/") for look in looked_with} <= commands
