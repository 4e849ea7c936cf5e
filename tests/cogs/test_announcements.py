"""`/desk` as a moderator uses it."""

import pytest

from sandbox.errors import Refused
from tests.cogs.conftest import Press


async def test_only_moderators_are_offered_the_desk(press: Press) -> None:
    assert "/desk post" in press.person("mara").commands()
    assert "/desk post" not in press.person("mia").commands()
    with pytest.raises(Refused):
        await press.person("mia").slash("/desk post", issue="x")


async def test_preview_shows_the_card_to_the_moderator_alone(press: Press) -> None:
    await press.set_up()
    reply = await press.person("mara").slash("/desk preview", issue="number 1")
    assert reply.ephemeral
    assert "Issue number 1" in reply.text
    assert "Only you see it" in reply.text
    assert len(await press.announced(1)) == 1


async def test_an_issue_of_the_archive_is_posted_once(press: Press) -> None:
    await press.set_up()
    mara = press.person("mara")
    (choice,) = await mara.autocomplete("/desk post", issue="number 1")
    reply = await mara.slash("/desk post", issue=choice["value"])
    assert "I am posting it" in reply.text
    _, second = await press.announced(2)
    assert "Issue number 1" in second.text
    again = await mara.slash("/desk post", issue=choice["value"])
    assert f"/{second.id}" in again.text
    assert len(await press.announced(2)) == 2


async def test_an_unknown_issue_is_a_sentence(press: Press) -> None:
    await press.set_up()
    for command in ("/desk post", "/desk preview"):
        assert "No issue is called" in (await press.person("mara").slash(command, issue="nonsense")).text
