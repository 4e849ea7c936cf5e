"""The flood brake as moderators meet it."""

from dataclasses import replace
from typing import Any

import discord
from discord import ui

from bot.chat.views import View
from bot.chat.waiting import joined
from sandbox import Sandbox
from sandbox.model import Channel, Guild, Message
from tests.cogs.conftest import Press
from tests.doubles import sample_issue


async def flooded(press: Press, *, staff: bool = True) -> None:
    press.shelf.lay_out(*(sample_issue(number) for number in range(1, 6)))
    await press.set_up()
    if staff:
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
    assert held.labels == ["Post the newest", "Post all 4", "Post none"]
    assert "holding them back" in (await press.person("ada").slash("/setup status")).text
    await press.person("mara").click(held, "Post the newest")
    assert held.labels == []
    assert "only the newest" in held.text
    announced = await press.announced(2)
    assert "Moved number 5" in announced[-1].text
    await press.settled()
    assert len(await press.announced(2)) == 2


async def test_without_a_channel_for_the_staff_administrators_are_told_below_their_answers(
    press: Press, sandbox: Sandbox, review: Channel
) -> None:
    await flooded(press, staff=False)
    ada, mara, mia = (press.person(name) for name in ("ada", "mara", "mia"))
    for command in ("/setup status", "/setup threads on:True", "/desk why url:https://news.example/1", "/help"):
        told = await ada.slash(command)
        assert "4 new issues wait for your decision" in told.followups[-1].text if told.followups else told.text
    assert "wait for your decision" not in (await ada.slash("/issue latest")).text
    for person in (mara, mia):
        assert "wait for your decision" not in (await person.slash("/help")).text
    asked = await ada.click((await ada.slash("/help")).message, "Decide")
    assert "4 of 5 issues of The Sample look new" in asked.text
    await ada.click(asked.message, "Post the newest")
    assert "only the newest" in asked.message.text
    assert "Moved number 5" in (await press.announced(2))[-1].text
    assert "wait for your decision" not in (await ada.slash("/help")).text


async def test_who_only_has_manage_server_is_told_as_an_administrator_is(press: Press, guild: Guild) -> None:
    await flooded(press, staff=False)
    guild.add_role("managers", permissions=int(discord.Permissions(manage_guild=True).value))
    guild.add_member("gil", roles=["managers"])
    assert "4 new issues wait for your decision" in (await press.person("gil").slash("/help")).text


async def test_a_channel_for_the_staff_is_asked_what_nobody_was_asked(
    press: Press, sandbox: Sandbox, review: Channel
) -> None:
    await flooded(press, staff=False)
    ada = press.person("ada")
    told = await ada.slash("/setup staff channel:#review")
    assert "wait for your decision" not in told.text, "they are asked there now"
    held = await card(sandbox, review)
    assert held.labels == ["Post the newest", "Post all 4", "Post none"]


async def test_what_has_no_room_below_an_answer_follows_it() -> None:
    def filled(lines: int) -> View:
        view = View()
        for _ in range(lines):
            view.add_item(ui.TextDisplay[Any]("x" * 100))
        return view

    full, more = filled(39), filled(2)
    assert not joined(full, more)
    assert (full.total_children_count, more.total_children_count) == (39, 2)
    assert joined(filled(38), more)
    assert more.total_children_count == 0
