"""What one member does too much of at once is refused at the door, and others are answered; with real discord.py."""

import asyncio

from bot.store import Asker, hurry
from sandbox.driver import Reply
from tests.cogs.conftest import Press, _nothing_is_promised, press, sandbox, settings
from tests.doubles import sample_issue

__all__ = ["_nothing_is_promised", "press", "sandbox", "settings"]  # the fixtures


async def test_many_searches_of_one_member_are_refused_and_others_are_answered(press: Press) -> None:
    press.shelf.lay_out(sample_issue(1, links=9))
    await press.set_up()
    mia, nils = press.person("mia"), press.person("nils")
    store, gate, begun = press.client.services.archive._store, asyncio.Event(), asyncio.Event()
    guild_id = mia.member.guild.id

    async def hold() -> None:
        """As if a search of hers took long."""
        hurry(Asker(guild_id, mia.id))
        async with store.read():
            begun.set()
            await gate.wait()

    holding = asyncio.create_task(hold())
    await begun.wait()
    pending = {asyncio.create_task(mia.slash("/links search", words="thing")) for _ in range(15)}
    typed = {asyncio.create_task(mia.autocomplete("/links search", words="thi")) for _ in range(3)}
    refused: list[Reply] = []
    while len(refused) < 5:
        done, pending = await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
        refused += [task.result() for task in done]
    assert len(refused) == 5
    assert all("a lot at once" in reply.text and reply.ephemeral for reply in refused)
    offered, typed = await asyncio.wait(typed, return_when=asyncio.FIRST_COMPLETED)
    assert [task.result() for task in offered] == [[]]
    assert "Links about" in (await nils.slash("/links search", words="thing")).text
    assert "counts" in (await nils.slash("/vote", option="Good")).text
    gate.set()
    await holding
    assert all("Links about" in reply.text for reply in await asyncio.gather(*pending))
    assert all(await asyncio.gather(*typed))
    assert "Links about" in (await mia.slash("/links search", words="thing")).text
    pace = press.client.pace
    await press.sandbox.wait_for(lambda: not pace._in_hand and not pace._counts, what="nothing in hand")
