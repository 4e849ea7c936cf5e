"""`/links` as a member uses it."""

from sandbox.model import Guild
from tests.cogs.conftest import Press
from tests.doubles import sample_issue


async def filled(press: Press) -> None:
    press.shelf.lay_out(*(sample_issue(number, links=9) for number in (1, 2)))
    await press.set_up()


async def test_links_are_searched_paged_and_say_where_they_ran(press: Press) -> None:
    await filled(press)
    mia = press.person("mia")
    offered = await mia.autocomplete("/links search", words="thin")
    assert offered[0]["name"].startswith("Thing number")
    reply = await mia.slash("/links search", words="thing")
    assert reply.ephemeral
    assert "Links about “thing”" in reply.text
    assert "[Issue number 2](" in reply.text
    assert "[Issue number 1](" in reply.text
    first = reply.text
    assert reply.message.labels == ["Previous", "Next"]
    await mia.click(reply.message, "Next")
    assert reply.text != first
    await mia.click(reply.message, "Previous")
    assert reply.text == first
    assert "No link of the archive says all of “zeppelin”" in (await mia.slash("/links search", words="zeppelin")).text
    assert "The newest links" in (await mia.slash("/links latest")).text
    assert "ran in" in (await mia.slash("/links random")).text


async def test_an_administrator_opens_the_archive_to_a_role_or_closes_it(press: Press, guild: Guild) -> None:
    await filled(press)
    ada, mia = press.person("ada"), press.person("mia")
    assert "Say which role" in (await ada.slash("/setup archive", access="role")).text
    readers = guild.role("readers")
    assert f"for <@&{readers.id}>" in (await ada.slash("/setup archive", access="role", role=readers)).text
    assert f"for <@&{readers.id}> here" in (await mia.slash("/links latest")).text
    assert await mia.autocomplete("/links search", words="thin") == []
    assert "Archive of links: for" in (await ada.slash("/setup status")).text
    press.sandbox.world.set_roles(mia.member, [readers])
    assert "The newest links" in (await mia.slash("/links latest")).text
    await ada.slash("/setup archive", access="off")
    assert "is closed" in (await mia.slash("/links random")).text
    await ada.slash("/setup archive", access="everyone")
    assert "The newest links" in (await mia.slash("/links latest")).text
