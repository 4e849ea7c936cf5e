"""`/issue` and the buttons of a card, as a member uses them."""

import pytest

from bot.services import Issues
from tests.cogs.conftest import Press


async def test_the_announcement_is_one_compact_message_with_a_thread(press: Press) -> None:
    await press.set_up()
    (message,) = await press.announced(1)
    assert message.text.splitlines()[:4] == [
        "## [Issue number 3](<https://news.example/3>)",
        "-# by Ada Printer · <t:1785844800:D>",
        "- Paper",
        "- Ink",
    ]
    assert [button.get("label") for button in message.buttons] == ["Read online", "All links", "Good", "Bad"]
    assert message.thread is not None
    assert message.thread.name == "Issue number 3"
    assert message.mention_roles == []


async def test_latest_shows_the_newest_issue_to_the_asker_alone(press: Press) -> None:
    await press.set_up()
    reply = await press.person("mia").slash("/issue latest")
    assert reply.ephemeral
    assert "Issue number 3" in reply.text
    assert reply.message in press.person("mia").see(reply.message.channel)
    assert reply.message not in press.person("nils").see(reply.message.channel)


async def test_an_issue_is_picked_by_part_of_its_title(press: Press) -> None:
    await press.set_up()
    mia = press.person("mia")
    choices = await mia.autocomplete("/issue show", title="NUMBER 2")
    assert [choice["name"] for choice in choices] == ["2026-08-03 · Issue number 2"]
    assert "Issue number 2" in (await mia.slash("/issue show", title=choices[0]["value"])).text
    assert "Issue number 1" in (await mia.slash("/issue show", title="number 1")).text
    assert len(await mia.autocomplete("/issue show", title="")) == 3


async def test_an_unknown_title_is_a_sentence_and_its_markup_is_harmless(press: Press) -> None:
    await press.set_up()
    reply = await press.person("mia").slash("/issue show", title="**@everyone** <@1>")
    assert reply.ephemeral
    assert "No issue is called" in reply.text
    assert "@everyone" not in reply.text
    assert "**" not in reply.text


async def test_before_any_issue_a_member_learns_what_to_do(press: Press) -> None:
    for command in ("/issue latest", "/issue topics"):
        reply = await press.person("mia").slash(command)
        assert "There is no issue here yet" in reply.text
        assert reply.ephemeral


async def test_topics_of_the_last_issues(press: Press) -> None:
    await press.set_up()
    reply = await press.person("mia").slash("/issue topics")
    assert reply.text.count("Paper · Ink") == 3


async def test_all_links_open_for_the_presser_alone_and_are_paged(press: Press) -> None:
    await press.set_up()
    (message,) = await press.announced(1)
    mia = press.person("mia")
    first = await mia.click(message, "All links")
    assert first.ephemeral
    assert first.message.id != message.id
    assert "Page 1 of 2" in first.text
    assert "[Thing number 1](<https://example.com/1>) · example.com" in first.text
    second = await mia.click(first.message, "Next")
    assert second.message.id == first.message.id
    assert "Page 2 of 2" in second.text
    assert "Thing number 60" in second.text
    assert "Page 1 of 2" in (await mia.click(first.message, "Previous")).text


async def test_a_button_pressed_after_a_restart_works(press: Press) -> None:
    await press.set_up()
    (message,) = await press.announced(1)
    page = await press.person("mia").click(message, "All links")
    syncs = len([seen for seen in press.sandbox.requests if seen.method == "PUT"])
    await press.stop()
    await press.start()
    assert "Thing number 1" in (await press.person("nils").click(message, "All links")).text
    assert "Page 2" in (await press.person("mia").click(page.message, "Next")).text
    puts = [seen for seen in press.sandbox.requests if seen.method == "PUT"]
    assert len(puts) == syncs, "commands are registered again only when they changed"


async def test_an_error_is_a_sentence_with_an_incident_that_the_log_knows(
    press: Press, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    await press.set_up()
    (message,) = await press.announced(1)

    async def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("a bug")

    monkeypatch.setattr(Issues, "by_key", broken)
    monkeypatch.setattr(Issues, "latest", broken)
    for reply in (
        await press.person("mia").click(message, "All links"),
        await press.person("mia").slash("/issue latest"),
    ):
        assert reply.ephemeral
        assert "Something went wrong" in reply.text
        assert "ZeroDivision" not in reply.text
        incident = reply.text.rpartition("**")[0].rpartition("**")[2]
        assert f"incident={incident}" in caplog.text


async def test_an_issue_that_the_server_no_longer_reads_is_gone(press: Press) -> None:
    await press.set_up()
    (message,) = await press.announced(1)
    await press.person("ada").slash("/setup remove", source="1")
    assert "no longer in this server's archive" in (await press.person("mia").click(message, "All links")).text
